// Rebuilds the log and the journal of an engine from an archive: a pool of threads, one partition after the
// other. Each entry is brought back below DIR/<storage>/<partition>/wal, read, and its digest kept for the
// journal; what an interrupted recovery brought back already is not fetched again.
//
// start() to done() on threads of its own; the accessors any thread, the records only afterwards.
#ifndef TIDEMARK_HOST_SIM_RECOVERER_H
#define TIDEMARK_HOST_SIM_RECOVERER_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "journal.h"
#include "partition_table.h"
#include "readback.h"

namespace tidemark::host {

// first..last, both inclusive.
struct LsnRange {
  uint64_t first = 0, last = 0;
};

// What the sink holds of one partition, in any order.
struct ArchivedPartition {
  std::string storage;
  uint64_t id = 0;
  std::vector<StoredArchive> archives;  // at least one
  std::vector<LsnRange> known_holes;    // that a record in the sink explains
  uint64_t pruned_through = 0;          // on purpose; 0: nothing was
  uint64_t origin_last = 0;             // up to here nothing was ever there, a record says; 0: none does
  std::string origin_key = {};          // of that record
};

// How a partition is put together: from each archive the entries that none before it had.
struct RecoveryPlan {
  struct Piece {
    const StoredArchive* archive;  // of the ArchivedPartition
    LsnRange entries;
  };
  std::vector<Piece> pieces;          // ascending
  std::vector<LsnRange> lost;         // holes that are known, between pieces and after the last
  bool begins_late = false;           // the first piece does not begin at 1, and no record says why
  std::vector<LsnRange> unexplained;  // holes that are not
  uint64_t first_after_lost = 0;      // from here to the last entry nothing is missing
  uint64_t entries = 0;               // of all pieces
};
RecoveryPlan plan_recovery(const ArchivedPartition& partition);

class Recoverer {
 public:
  // `directory` is the engine's. `finished` is called once, by the last thread.
  Recoverer(const Readback& source, std::vector<ArchivedPartition> partitions, std::string directory,
            std::function<void()> finished);
  ~Recoverer() { stop(); }

  void start(uint32_t threads);
  void stop();  // ends after the archives at hand; joins. Idempotent
  bool done() const { return running_.load() == 0; }

  uint64_t total() const { return total_; }  // entries
  uint64_t recovered() const { return recovered_.load(); }
  uint64_t archives() const { return archives_.load(); }  // they came from
  // What the operator should see: known gaps.
  std::vector<std::string> take_notes() TM_EXCLUDES(mutex_);
  // Partitions that could not be recovered, and why.
  std::vector<std::string> errors() TM_EXCLUDES(mutex_);

  struct Recovered {
    std::string storage;
    uint64_t id = 0;
    PartitionPosition position;
    std::vector<JournalRecord> records;  // ascending
  };
  // Once all threads have ended without an error.
  std::vector<Recovered> take() TM_EXCLUDES(mutex_);

 private:
  void run();
  Result<void> recover(const ArchivedPartition& partition);
  Result<void> bring_back(const ArchivedPartition& partition, const RecoveryPlan::Piece& piece,
                          const std::string& wal, std::vector<JournalRecord>& records);

  const Readback& source_;
  const std::vector<ArchivedPartition> partitions_;
  const std::string directory_;
  const std::function<void()> finished_;
  uint64_t total_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> running_{0};
  std::atomic<size_t> next_partition_{0};
  std::atomic<uint64_t> recovered_{0}, archives_{0};
  Mutex mutex_;
  std::vector<Recovered> done_ TM_GUARDED_BY(mutex_);
  std::vector<std::string> notes_ TM_GUARDED_BY(mutex_);
  std::vector<std::string> errors_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RECOVERER_H
