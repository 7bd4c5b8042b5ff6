#include "log_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <tidemark/base.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "format/lsn.h"
#include "history.h"
#include "partition_dir.h"

namespace tidemark::host {

std::string storage_problem(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (name.empty() || name.size() > TIDEMARK_NAME_MAX || name[0] == '.' ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return "'" + name + "' is not a storage name: 1 to " + std::to_string(TIDEMARK_NAME_MAX) +
           " of A-Z a-z 0-9 . _ -, not starting with '.'";
  }
  static constexpr std::string_view kOwn[] = {kLockName,       kJournalName, kRecoveringName,
                                              kUnfinishedName, kLineageName, kHistoryName};
  if (std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn))
    return "'" + name + "' is the name of a file of the engine itself";
  return {};
}

Result<UniqueFd> lock_data(const std::string& directory) {
  const std::string path = directory + "/" + kLockName;
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) return fail_errno(errno, "cannot open " + path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(directory + " is in use by another host-sim; wait until it is done");
  return fail_errno(errno, "cannot lock " + path);
}

std::string LogStore::partition_root(uint64_t id) const {
  return options_.directory + "/" + options_.storage + "/" + std::to_string(id);
}

std::string LogStore::entry_path(uint64_t partition, uint64_t lsn) const {
  return host::entry_path(partition_root(partition), lsn);
}

Result<std::unique_ptr<LogStore>> LogStore::open(const LogOptions& options) {
  TM_TRY(make_dirs(options.directory, options.durability));
  std::unique_ptr<LogStore> store(new LogStore(options));
  TM_ASSIGN(auto lock, lock_data(options.directory));
  store->lock_ = std::move(lock);
  if (::access((options.directory + "/" + kRecoveringName).c_str(), F_OK) == 0) {
    return fail(options.directory +
                " is not recovered yet; run `host-sim recover` again, it continues from where it was");
  }
  const std::string unfinished = options.directory + "/" + kUnfinishedName;
  if (::access(unfinished.c_str(), F_OK) == 0) {
    TM_ASSIGN(auto words, read_file(unfinished));
    words.erase(std::min(words.find('\n'), words.size()));
    return fail("`" + words + "` did not come to its end in " + options.directory + "; give it again");
  }
  TM_ASSIGN(store->history_, read_history(options.directory));
  TM_TRY(store->recover());
  return store;
}

Result<std::vector<uint64_t>> LogStore::existing_partitions() const {
  TM_ASSIGN(auto names, list_names(options_.directory + "/" + options_.storage));
  std::vector<uint64_t> ids;
  for (const std::string& name : names) {
    uint64_t id = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (code != std::errc() || end != name.data() + name.size() || id >= kMaxPartitions) {
      return fail(options_.directory + "/" + options_.storage + "/" + name +
                  " is not a partition; move it away");
    }
    ids.push_back(id);
  }
  return ids;
}

Result<void> LogStore::recover() {
  TM_ASSIGN(auto existing, existing_partitions());
  std::vector<uint64_t> journal_last(options_.partitions, 0);
  bool bad_partition = false;
  const std::string path = options_.directory + "/" + kJournalName;
  TM_ASSIGN(auto scan, scan_journal(path, [&](JournalRecord record) {
              if (record.storage != options_.storage) return;
              if (record.partition >= kMaxPartitions) {
                bad_partition = true;
                return;
              }
              if (record.partition >= journal_last.size()) journal_last.resize(record.partition + 1, 0);
              journal_last[record.partition] = std::max(journal_last[record.partition], record.lsn);
              if (!record.origin.empty()) known_origins_.insert(std::move(record.origin));
            }));
  if (bad_partition) return fail("the journal " + path + " names a partition above the limit; it is damaged");
  for (uint64_t id : existing) journal_last.resize(std::max<uint64_t>(journal_last.size(), id + 1), 0);

  std::vector<PartitionPosition> positions(journal_last.size());
  for (uint64_t id = 0; id < positions.size(); ++id) {
    positions[id] = {journal_last[id] + 1, journal_last[id] + 1, journal_last[id]};
  }
  std::vector<JournalRecord> missing;
  for (uint64_t id : existing) {
    auto recovered = recover_partition(id, journal_last[id], positions[id], missing);
    if (!recovered) {
      return fail("cannot open partition " + partition_root(id) + " (" + std::to_string(scan.whole_bytes) +
                  " of " + std::to_string(scan.total_bytes) +
                  " bytes of the journal are whole): " + recovered.error().message);
    }
  }
  TM_ASSIGN(auto journal, Journal::open(path, scan.whole_bytes));
  journal_ = std::move(journal);
  TM_TRY(journal_->append(missing));
  if (options_.durability == Durability::kFsync) {
    TM_TRY(journal_->sync());
    TM_TRY(sync_dir(options_.directory));
  }
  TM_TRY(prune_earlier_life(positions));
  table_ = std::make_unique<PartitionTable>(positions);
  return {};
}

Result<void> LogStore::recover_partition(uint64_t id, uint64_t journal_last, PartitionPosition& out,
                                         std::vector<JournalRecord>& missing) {
  const std::string root = partition_root(id);
  TM_ASSIGN(auto on_disk, sweep_and_list(root));
  TM_ASSIGN(auto log, recover_log(on_disk, read_position(root), journal_last));
  for (uint64_t lsn : log.to_remove) {
    TM_TRY(prune_entry(root, lsn));
  }
  out = log.position;
  for (uint64_t lsn = std::max(journal_last + 1, out.low); lsn < out.next; ++lsn) {
    const std::string path = host::entry_path(root, lsn);
    TM_ASSIGN(auto digest, digest_tree(path));
    TM_ASSIGN(auto manifest, read_file(path + "/" + kManifestName));
    auto origin = manifest_origin(manifest);
    if (!origin) return fail("in " + path + "/" + kManifestName + ": " + origin.error().message);
    if (!origin->empty()) known_origins_.insert(*origin);
    missing.push_back({options_.storage, id, lsn, digest, std::move(*origin)});
  }
  return {};
}

// Before anything is notified: what an earlier run acknowledged needs no second look.
Result<void> LogStore::prune_earlier_life(std::vector<PartitionPosition>& positions) {
  for (uint64_t id = 0; id < positions.size(); ++id) {
    PartitionPosition& position = positions[id];
    for (; !options_.keep_acked && position.low <= position.acked; ++position.low) {
      TM_TRY(prune_entry(partition_root(id), position.low));
    }
    unpruned_ += position.next - position.low;
  }
  return {};
}

Result<CommitResult> LogStore::commit(const std::vector<CommitRequest>& requests, const PayloadShape& shape) {
  struct Range {
    uint64_t partition, first, next;
  };
  std::vector<Range> ranges;
  std::vector<JournalRecord> records;
  CommitResult result;
  const auto abandon = [&](Error error) {
    for (const JournalRecord& record : records) drop_staged(partition_root(record.partition), record.lsn);
    return error;
  };
  for (const CommitRequest& request : requests) {
    auto range = std::find_if(ranges.begin(), ranges.end(),
                              [&](const Range& one) { return one.partition == request.partition; });
    if (range == ranges.end()) {
      const uint64_t next = table_->position(request.partition).next;
      range = ranges.insert(ranges.end(), {request.partition, next, next});
    }
    const std::string root = partition_root(request.partition);
    const EntrySpec spec{options_.storage, request.partition, range->next, request.origin, shape, history_};
    auto digest = stage_entry(root, spec, options_.durability);
    if (!digest) {
      drop_staged(root, spec.lsn);
      const bool gone = !request.origin.empty() && digest.error().sys_errno == ENOENT &&
                        digest.error().message.find(request.origin) != std::string::npos;
      if (!gone) return abandon(digest.error());
      result.vanished.push_back(request.origin);
      continue;
    }
    records.push_back({options_.storage, request.partition, range->next, *digest, request.origin});
    ++range->next;
  }
  for (const Range& range : ranges) {
    if (range.next == range.first) continue;
    const std::string root = partition_root(range.partition);
    auto published = publish_entries(root, range.first, range.next - 1, options_.durability);
    if (!published) return abandon(published.error());
    result.partitions.push_back(range.partition);
  }
  TM_TRY(journal_->append(records));
  unpruned_ += records.size();
  for (const Range& range : ranges) {
    if (range.next > range.first) table_->publish(range.partition, range.next - 1);
  }
  return result;
}

Result<uint64_t> LogStore::tidy() {
  struct Retired {
    uint64_t id, first, end;
  };
  std::vector<Retired> retired;
  for (uint64_t id : table_->take_changed()) {
    const uint64_t low = table_->position(id).low;
    const PartitionPosition position =
        options_.keep_acked ? table_->position(id) : table_->retire_acknowledged(id);
    TM_TRY(write_position(partition_root(id), position));
    if (position.low > low) retired.push_back({id, low, position.low});
    if (!options_.keep_acked && position.low <= position.acked) table_->mark_changed(id);  // one is on loan
  }
  if (retired.empty()) return uint64_t{0};
  // Once for all: every entry that was retired above had been journalled before it was even notified.
  if (options_.durability == Durability::kFsync) {
    TM_TRY(journal_->sync());
  }
  uint64_t pruned = 0;
  for (const Retired& range : retired) {
    for (uint64_t lsn = range.first; lsn < range.end; ++lsn, ++pruned, --unpruned_) {
      TM_TRY(prune_entry(partition_root(range.id), lsn));
    }
  }
  return pruned;
}

uint64_t LogStore::backlog() const {
  return options_.keep_acked ? table_->unconfirmed() : unpruned_.load(std::memory_order_relaxed);
}

}  // namespace tidemark::host
