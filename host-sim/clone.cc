#include "clone.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>

#include "base/fd.h"
#include "format/lsn.h"
#include "log_store.h"
#include "partition_dir.h"

namespace tidemark::host {

namespace {

constexpr int kMostAttempts = 100;

using PartitionName = std::pair<std::string, uint64_t>;

std::string root_of(const std::string& directory, const PartitionName& partition) {
  return directory + "/" + partition.first + "/" + std::to_string(partition.second);
}

Result<std::string> read_if_there(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().sys_errno == ENOENT) return std::string();
  return text;
}

Result<void> copy_file(const std::string& from, const std::string& to, Durability durability) {
  std::error_code code;
  std::filesystem::copy_file(from, to, code);
  if (code) return fail_errno(code.value(), "cannot copy " + from + " to " + to);
  if (durability == Durability::kUnsafe) return {};
  const UniqueFd file(::open(to.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return fail_errno(errno, "cannot fsync " + to);
  return {};
}

Result<void> copy_files(const std::string& from, const std::string& to, Durability durability) {
  struct stat status {};
  if (::stat(from.c_str(), &status) != 0) return fail_errno(errno, "cannot stat " + from);
  if (::mkdir(to.c_str(), 0700) != 0) return fail_errno(errno, "cannot create the directory " + to);
  TM_ASSIGN(auto names, list_names(from));
  for (const std::string& name : names) {
    TM_TRY(copy_file(from + "/" + name, to + "/" + name, durability));
  }
  if (::chmod(to.c_str(), status.st_mode & 0777u) != 0)
    return fail_errno(errno, "cannot set the mode of " + to);
  return durability == Durability::kFsync ? sync_dir(to) : Result<void>();
}

// False: it was pruned before all of it was copied, and nothing of it is left here. `expected` may be NULL:
// it is not in the journal, or was not when that was read.
Result<bool> copy_entry(const std::string& from, const std::string& to, const Digest* expected,
                        Durability durability) {
  const auto copied = copy_files(from, to, durability);
  // Pruning begins with the manifest: if it is there, all was.
  if (::access((from + "/" + kManifestName).c_str(), F_OK) != 0 && errno == ENOENT) {
    TM_TRY(remove_tree(to));
    return false;
  }
  TM_TRY(copied);
  if (expected == nullptr) return true;
  TM_ASSIGN(const auto digest, digest_tree(to));
  if (digest == *expected) return true;
  return fail(from + " is not what the journal says of it: the log is damaged");
}

struct Source {
  std::vector<PartitionName> partitions;
  std::map<PartitionName, PartitionPosition> positions;
  std::vector<JournalRecord> journal;
  std::map<PartitionName, std::map<uint64_t, Digest>> digests;
};

// In this order: what a position says was committed is in the journal that is read after it.
Result<Source> read_source(const std::string& directory) {
  Source source;
  TM_ASSIGN(source.partitions, partitions_of(directory));
  for (const PartitionName& partition : source.partitions)
    source.positions[partition] = read_position(root_of(directory, partition));
  TM_ASSIGN(const auto scan, scan_journal(directory + "/" + kJournalName, [&](JournalRecord record) {
              source.digests[{record.storage, record.partition}][record.lsn] = record.digest;
              source.journal.push_back(std::move(record));
            }));
  if (scan.total_bytes == 0) return fail(directory + " has no journal, or an empty one: it is no host-sim's");
  return source;
}

Result<void> copy_partition(const std::string& from, const std::string& to, const PartitionPosition& position,
                            const std::map<uint64_t, Digest>& digests, Durability durability) {
  TM_TRY(make_dirs(to + "/wal", durability));
  TM_ASSIGN(auto names, list_names(from + "/wal"));
  for (const std::string& name : names) {
    const auto lsn = parse_lsn_text(name);
    if (!lsn) continue;  // one that is being written
    const auto digest = digests.find(*lsn);
    const Digest* const expected = digest == digests.end() ? nullptr : &digest->second;
    TM_TRY(copy_entry(entry_path(from, *lsn), entry_path(to, *lsn), expected, durability));
  }
  TM_TRY(write_position(to, position));
  return durability == Durability::kFsync ? sync_dir(to + "/wal") : Result<void>();
}

Result<void> copy_once(const std::string& from, const std::string& to, Durability durability) {
  TM_ASSIGN(auto source, read_source(from));
  for (const PartitionName& partition : source.partitions) {
    TM_TRY(copy_partition(root_of(from, partition), root_of(to, partition), source.positions[partition],
                          source.digests[partition], durability));
  }
  TM_ASSIGN(auto journal, Journal::open(to + "/" + kJournalName, 0));
  TM_TRY(journal->append(source.journal));
  return durability == Durability::kFsync ? journal->sync() : Result<void>();
}

}  // namespace

Result<std::vector<PartitionName>> partitions_of(const std::string& directory) {
  std::vector<PartitionName> partitions;
  TM_ASSIGN(auto storages, list_names(directory));
  for (const std::string& storage : storages) {
    const std::string path = directory + "/" + storage;
    if (!storage_problem(storage).empty() || !std::filesystem::is_directory(path)) continue;
    TM_ASSIGN(auto names, list_names(path));
    for (const std::string& name : names) {
      uint64_t id = 0;
      const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), id);
      if (code == std::errc() && end == name.data() + name.size() && id < kMaxPartitions)
        partitions.emplace_back(storage, id);
    }
  }
  return partitions;
}

Result<void> copy_data(const std::string& source, const std::string& target, Durability durability) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    TM_ASSIGN(const auto lineage, read_if_there(source + "/" + kLineageName));
    TM_TRY(copy_once(source, target, durability));
    TM_ASSIGN(const auto later, read_if_there(source + "/" + kLineageName));
    if (later == lineage)
      return lineage.empty() ? Result<void>()
                             : replace_file(target + "/" + kLineageName, lineage, durability);
    // An epoch has begun meanwhile. Of what was copied some may have been acknowledged in it.
    TM_ASSIGN(auto partitions, partitions_of(target));
    for (const PartitionName& partition : partitions) {
      TM_TRY(remove_tree(root_of(target, partition)));
    }
  }
  return fail(source + " begins one epoch after the other; clone it when it runs in peace");
}

}  // namespace tidemark::host
