// The engine's log: all partitions of one storage below DIR, their journal, and what may be pruned.
//
//   DIR/lock  DIR/journal  DIR/history  DIR/<storage>/<partition>/...   (see history.h, partition_dir.h)
//
// open() repairs what a crash left. Afterwards any thread may call any member; commit() of one partition is
// called by one thread at a time, and so is tidy().
#ifndef TIDEMARK_HOST_SIM_LOG_STORE_H
#define TIDEMARK_HOST_SIM_LOG_STORE_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "entry_writer.h"
#include "journal.h"
#include "partition_table.h"

namespace tidemark::host {

inline constexpr uint64_t kMaxPartitions = 1'000'000;
inline constexpr char kJournalName[] = "journal";
inline constexpr char kLockName[] = "lock";
// There while a recovery is not finished: what it brought back is not an engine's log yet.
inline constexpr char kRecoveringName[] = "recovering";
// The same while a clone or a restore is made; says how.
inline constexpr char kUnfinishedName[] = "unfinished";
// The archiver's: which history this directory belongs to.
inline constexpr char kLineageName[] = "lineage";

// What is wrong with the name of a storage; empty if nothing is.
std::string storage_problem(const std::string& name);

// Held until it is closed: no two processes work in one directory. It exists.
Result<UniqueFd> lock_data(const std::string& directory);

struct LogOptions {
  std::string directory;
  std::string storage = "main";
  uint64_t partitions = 1;  // at least; more if the directory holds more
  Durability durability = Durability::kFsync;
  bool keep_acked = false;
};

// One entry to commit. `origin` as in EntrySpec.
struct CommitRequest {
  uint64_t partition = 0;
  std::string origin;
};

struct CommitResult {
  std::vector<uint64_t> partitions;   // that have new entries to notify
  std::vector<std::string> vanished;  // origins that are gone; nothing was committed for them
};

class LogStore {
 public:
  // An error names the path and says what to do. Takes the lock of the directory until it is destroyed.
  static Result<std::unique_ptr<LogStore>> open(const LogOptions& options);

  PartitionTable& table() { return *table_; }
  const LogOptions& options() const { return options_; }
  std::string entry_path(uint64_t partition, uint64_t lsn) const;
  // Real files that were committed by this or an earlier run. Not changed after open().
  const std::unordered_set<std::string>& known_origins() const { return known_origins_; }

  // Makes the entries durable, then journalled, then visible in the table, in this order.
  Result<CommitResult> commit(const std::vector<CommitRequest>& requests, const PayloadShape& shape);

  // Housekeeping: records positions that changed, then prunes what is acknowledged and not on loan (unless
  // all is to be kept). Returns the number of entries pruned.
  Result<uint64_t> tidy();

  // Entries on disk that are still to be pruned or, if all is kept, still to be acknowledged.
  uint64_t backlog() const;

 private:
  explicit LogStore(LogOptions options) : options_(std::move(options)) {}

  Result<void> recover();
  Result<std::vector<uint64_t>> existing_partitions() const;
  Result<void> recover_partition(uint64_t id, uint64_t journal_last, PartitionPosition& out,
                                 std::vector<JournalRecord>& missing);
  Result<void> prune_earlier_life(std::vector<PartitionPosition>& positions);
  std::string partition_root(uint64_t id) const;

  const LogOptions options_;
  UniqueFd lock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<PartitionTable> table_;
  std::unordered_set<std::string> known_origins_;
  uint64_t history_ = 0;
  std::atomic<uint64_t> unpruned_{0};
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_LOG_STORE_H
