// Work on many partitions, one after the other: one that fails does not keep the others from their turn.
// Main thread.
#ifndef TIDEMARK_CLI_EACH_PARTITION_H
#define TIDEMARK_CLI_EACH_PARTITION_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive.h"

namespace tidemark::cli {

struct PartitionName {
  std::string storage;
  uint64_t id = 0;
  friend bool operator==(const PartitionName&, const PartitionName&) = default;
};

// Those of the scope that have an archive or a record, in the order of their keys.
Result<std::vector<PartitionName>> find_partitions(Archive& archive, const Scope& scope, Stop& stop);

// Calls `work`, which prints and gives an exit code, for each. Then prints the total, "restored 2 partitions
// of 3": `did` is the "restored", `where` is added. Gives the highest code of all; at once the one of an
// interrupt, or of a closed pipe.
int each_partition(const std::vector<PartitionName>& partitions, bool json, const std::string& did,
                   const std::string& where, const std::function<int(const PartitionName&)>& work);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_EACH_PARTITION_H
