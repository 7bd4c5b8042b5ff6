// What the checkpoint of verify knew to be right and is not there any more, where that shows in no name:
// after the end of a history; or an older epoch is read in its place. Pure; any thread.
#ifndef TIDEMARK_CLI_GONE_H
#define TIDEMARK_CLI_GONE_H

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint.h"
#include "format/chain.h"

namespace tidemark::cli {

// What was right by the checkpoint and lies after all that is there in a history; or in whose place an older
// epoch is read.
struct Gone {
  std::string storage;
  uint64_t partition = 0;
  std::string newest_key;
  uint64_t first = 0, through = 0;
  uint64_t read_instead = 0;  // the epoch of what is read in its place; 0: nothing is
  uint64_t history = 0;       // the epoch that the history ends with; 0: there is but one, or it is of none

  bool operator==(const Gone&) const = default;
};

// A history of a partition as it is now: each ends with an epoch that no other continues.
struct HistoryEnd {
  uint64_t epoch = 0;
  Chain chain;
  uint64_t last = 0;  // the newest LSN that anything there says something about
};

struct PartitionLosses {
  std::vector<Gone> gone;
  CheckedObjects of;  // that stay known until somebody accepts that they are lost
};

// lost, there: of the partition `name`, in the order of their keys; lost was known and is not there. What
// lies below `pruned_through`, and what is of an epoch that was dropped, is not missed.
PartitionLosses find_gone(const std::string& name, const CheckedObjects& lost, const CheckedObjects& there,
                          const std::vector<HistoryEnd>& histories, uint64_t pruned_through);
// All that was known of a partition of which nothing is listed.
Gone all_gone(const std::string& name, const Checked& newest);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_GONE_H
