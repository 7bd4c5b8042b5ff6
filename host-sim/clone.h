// Copies a data directory as a snapshot would, while its owner works in it, has stopped or is stopped. Any
// thread; nobody else uses the target.
#ifndef TIDEMARK_HOST_SIM_CLONE_H
#define TIDEMARK_HOST_SIM_CLONE_H

#include <string>
#include <utility>
#include <vector>

#include "fs.h"

namespace tidemark::host {

// The partitions that have a directory: storage and number.
Result<std::vector<std::pair<std::string, uint64_t>>> partitions_of(const std::string& directory);

// Entries, journal, positions and the lineage file. The target exists and has none of them. What it then has
// was the state of the source once, up to entries at the end of a partition that came later, and entries at
// the front that were pruned meanwhile, and so had been acknowledged. The lineage file is of that time: all
// that is acknowledged in the copy was, when the source remembered what the copy does.
Result<void> copy_data(const std::string& source, const std::string& target, Durability durability);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_CLONE_H
