// Which histories the storages of an archive have, and what only one of them has: for info.
//
// Any thread adds, one tells. Memory grows with partitions in which histories differ, up to a limit.
#ifndef TIDEMARK_CLI_BRANCHES_H
#define TIDEMARK_CLI_BRANCHES_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "archive.h"
#include "base/mutex.h"
#include "history.h"
#include "output.h"

namespace tidemark::cli {

class Branches {
 public:
  // As HistoryCut gives it.
  void add(const Stored& stored, const std::vector<uint64_t>& ends, const EpochCut::Parts& parts)
      TM_EXCLUDES(mutex_);
  // Of a storage with records of epochs: a line if its history is one, else what only each of them has. An
  // epoch that was taken over is told if its host has archived more after that.
  void tell(const std::string& storage, const Lineage& lineage, Output& output) const TM_EXCLUDES(mutex_);

 private:
  // What only one history has of a partition.
  struct Only {
    uint64_t begins = UINT64_MAX;  // the lowest LSN of it
    uint64_t archives = 0, size_bytes = 0;
  };
  struct Branch {
    uint64_t archives = 0, size_bytes = 0, partitions_left_out = 0;
    std::map<uint64_t, Only> partitions;
  };
  static constexpr size_t kMostPartitions = 10'000;  // of a branch

  void tell_branch(const std::string& storage, const Lineage& lineage, uint64_t end, const Branch& branch,
                   bool is_alone, Output& output) const;

  mutable Mutex mutex_;
  std::map<std::string, std::map<uint64_t, Branch>> branches_ TM_GUARDED_BY(mutex_);  // by end
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_BRANCHES_H
