// Work on many partitions, some at a time: one that fails does not keep the others from their turn. In the
// end all are told in the order of their keys, and there is one exit code. Main thread; the work runs on
// others.
#ifndef TIDEMARK_CLI_EACH_PARTITION_H
#define TIDEMARK_CLI_EACH_PARTITION_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive.h"
#include "irregular.h"
#include "output.h"

namespace tidemark::cli {

struct PartitionName {
  std::string storage;
  uint64_t id = 0;
  friend bool operator==(const PartitionName&, const PartitionName&) = default;
};

// What came of one.
struct PartitionOutcome {
  int code = kExitOk;
  Json summary;         // null: there is none
  std::string row;      // the same for people; empty: there is none
  std::string problem;  // why the code is not 0
};
PartitionOutcome outcome_of(const Error& error);  // that something ended with
// Prints it as the end of a run about one partition, and gives the exit code.
int tell_outcome(Output& output, const PartitionOutcome& outcome);

// Calls `work` with 0, 1, … below `count`, `at_once` at a time, and keeps what it gives. Nothing: it was not
// called, because the sink or the disk failed so often in a row that it will fail for the rest too, or
// because of an interrupt or a closed pipe. What goes wrong is said on stderr when it does.
using Outcomes = std::vector<std::optional<PartitionOutcome>>;
Outcomes side_by_side(size_t count, unsigned at_once, const std::vector<PartitionName>& names,
                      const std::function<PartitionOutcome(size_t)>& work);

// The table: a row for each partition, and the total, "restored 2 partitions of 3": `did` is the "restored",
// `where` is added. Gives the highest code of all, or that of an interrupt or a closed pipe; what is
// irregular beside them is named, and counts as wrong.
int tell_total(const std::vector<PartitionName>& names, const Irregular& irregular, const Outcomes& outcomes,
               bool json, const std::string& did, const std::string& where);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_EACH_PARTITION_H
