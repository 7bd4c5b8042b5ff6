// Whether an archiver may do in the folders of partitions what it may do elsewhere in the sink: their rights
// may differ, be it a directory of another user or a policy about one prefix. Main thread; tries several at a
// time.
#ifndef TIDEMARK_CLI_CHECK_FOLDERS_H
#define TIDEMARK_CLI_CHECK_FOLDERS_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive.h"
#include "each_partition.h"
#include "irregular.h"

namespace tidemark::cli {

// The partitions of the scope that have a folder, in order, and in `irregular` what may hide others. A
// request or two for a thousand.
Result<std::vector<PartitionName>> find_folders(Archive& archive, const Scope& scope, Irregular& irregular,
                                                Stop& stop);

// Who tries, in the words of Archive::try_out().
struct Trier {
  std::function<std::string()> name;  // a new one for each folder
  std::function<bool(const std::string& name, int64_t age_us)> is_left;
};

struct FolderProblem {
  PartitionName partition;
  std::string why;  // "it cannot be written to: ..."
};

// Lists each folder, writes an object into it and removes that. Gives those where something failed, in order;
// an error: they were not all tried.
Result<std::vector<FolderProblem>> try_folders(Archive& writable, const std::vector<PartitionName>& names,
                                               const Trier& trier, Stop& stop);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CHECK_FOLDERS_H
