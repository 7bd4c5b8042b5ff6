#include "partition_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "format/lsn.h"

namespace tidemark::host {

namespace {

std::string wal_path(const std::string& root) { return root + "/wal"; }
std::string staged_path(const std::string& root, uint64_t lsn) { return root + "/wal/.tmp-" + lsn_text(lsn); }

}  // namespace

std::string entry_path(const std::string& root, uint64_t lsn) { return root + "/wal/" + lsn_text(lsn); }

Result<Digest> stage_entry(const std::string& root, const EntrySpec& spec, Durability durability) {
  const std::string path = staged_path(root, spec.lsn);
  auto digest = write_entry(path, spec, durability);
  if (digest || ::access(wal_path(root).c_str(), F_OK) == 0) return digest;
  TM_TRY(make_dirs(wal_path(root), durability));
  return write_entry(path, spec, durability);
}

void drop_staged(const std::string& root, uint64_t lsn) {
  // What cannot be removed now is swept by the next start.
  (void)static_cast<bool>(remove_tree(staged_path(root, lsn)));
}

Result<void> publish_entries(const std::string& root, uint64_t first, uint64_t last, Durability durability) {
  for (uint64_t lsn = first; lsn <= last; ++lsn) {
    const std::string path = entry_path(root, lsn);
    if (::rename(staged_path(root, lsn).c_str(), path.c_str()) != 0)
      return fail_errno(errno, "cannot publish " + path);
  }
  return durability == Durability::kFsync ? sync_dir(wal_path(root)) : Result<void>();
}

Result<void> prune_entry(const std::string& root, uint64_t lsn) {
  const std::string path = entry_path(root, lsn);
  const std::string manifest = path + "/" + kManifestName;
  if (::unlink(manifest.c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, "cannot remove " + manifest);
  return remove_tree(path);
}

Result<std::vector<uint64_t>> sweep_and_list(const std::string& root) {
  TM_ASSIGN(auto names, list_names(wal_path(root)));
  std::vector<uint64_t> lsns;
  for (const std::string& name : names) {
    const std::string path = wal_path(root) + "/" + name;
    const auto lsn = parse_lsn_text(name);
    if (!lsn && name.rfind(".tmp-", 0) != 0) return fail(path + " is not an entry of the log; move it away");
    if (lsn && ::access((path + "/" + kManifestName).c_str(), F_OK) == 0) {
      lsns.push_back(*lsn);
    } else
      TM_TRY(remove_tree(path));
  }
  return lsns;
}

// Entries are committed and pruned in ascending order, and their records are durable before they are pruned.
// So an LSN that is missing below another one was either pruned (it is in the journal: it and all before it
// had been acknowledged) or lost with an unfinished commit (it is not: nothing from there on was ever
// notified).
Result<RecoveredLog> recover_log(const std::vector<uint64_t>& on_disk, const PartitionPosition& recorded,
                                 uint64_t journal_last) {
  RecoveredLog log;
  uint64_t end = journal_last;  // the last LSN of the log
  for (uint64_t lsn : on_disk) {
    if (lsn == end + 1) end = lsn;
  }
  uint64_t low = end + 1;  // the lowest from which on nothing is missing up to end
  for (auto lsn = on_disk.rbegin(); lsn != on_disk.rend(); ++lsn) {
    if (*lsn == low - 1) low = *lsn;
  }
  if (recorded.acked > end || recorded.next > end + 1) {
    return fail("its position file says that LSN " +
                std::to_string(std::max(recorded.acked, recorded.next - 1)) +
                " was committed, but journal and log end at " + std::to_string(end));
  }
  log.position.acked = std::max(recorded.acked, low - 1);
  log.position.low = low;
  log.position.next = end + 1;
  for (uint64_t lsn : on_disk) {
    if (lsn < low || lsn > end) log.to_remove.push_back(lsn);
  }
  return log;
}

Result<void> write_position(const std::string& root, const PartitionPosition& position) {
  return replace_file(root + "/position",
                      "acked " + std::to_string(position.acked) + "\nlow " + std::to_string(position.low) +
                          "\nnext " + std::to_string(position.next) + "\n",
                      Durability::kUnsafe);
}

PartitionPosition read_position(const std::string& root) {
  PartitionPosition position;
  const auto text = read_file(root + "/position");
  if (!text || std::sscanf(text->c_str(), "acked %" SCNu64 "\nlow %" SCNu64 "\nnext %" SCNu64 "\n",
                           &position.acked, &position.low, &position.next) != 3) {
    return {};
  }
  if (position.low == 0 || position.next < position.low || position.acked >= position.next) return {};
  return position;
}

}  // namespace tidemark::host
