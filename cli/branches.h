// Which histories the storages of an archive have, and what only one of them has: for info.
//
// Any thread adds, one asks and tells. Memory grows with partitions in which histories differ, up to a limit.
#ifndef TIDEMARK_CLI_BRANCHES_H
#define TIDEMARK_CLI_BRANCHES_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive.h"
#include "base/mutex.h"
#include "history.h"
#include "output.h"

namespace tidemark::cli {

// A history of a storage, by the epoch that it ends with: of a leaf, or of one that was taken over and whose
// host has archived more after that. And what only it has.
struct History {
  // What it has of a partition.
  struct Only {
    uint64_t begins = UINT64_MAX;  // the lowest LSN of it
    uint64_t archives = 0, size_bytes = 0;
    uint64_t shared = 0;  // archives of which it alone counts the last LSNs; not among those
  };
  std::string storage;
  uint64_t epoch = 0, parent = 0;  // parent: which it branches from; 0: it does from none
  bool is_newest = false, is_alone = false;
  bool is_taken_over = false;  // others continue it; what is here came after that
  uint64_t runs = 0;
  std::optional<Epoch> record;  // of the epoch; nothing: there is none that is right
  uint64_t archives = 0, size_bytes = 0;
  std::map<uint64_t, Only> partitions;
  uint64_t partitions_left_out = 0;
};
const char* how_text(const History& history);  // why its epoch was begun

class Branches {
 public:
  // As HistoryCut gives it.
  void add(const Stored& stored, const std::vector<LineageEnd>& ends, const EpochCut::Parts& parts)
      TM_EXCLUDES(mutex_);
  // Of a storage with records of epochs, the newest first; else none.
  std::vector<History> histories(const std::string& storage, const Lineage& lineage) const
      TM_EXCLUDES(mutex_);

 private:
  struct Branch {
    uint64_t archives = 0, size_bytes = 0, partitions_left_out = 0;
    std::map<uint64_t, History::Only> partitions;
  };
  static constexpr size_t kMostPartitions = 10'000;  // of a branch

  mutable Mutex mutex_;
  std::map<std::string, std::map<uint64_t, Branch>> branches_ TM_GUARDED_BY(mutex_);  // by end
};

// A line if it is the only one of its storage, else what only it has.
void tell(const History& history, Output& output);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_BRANCHES_H
