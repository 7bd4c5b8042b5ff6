// restore --follow: a warm copy. After everything was brought it stays, looks now and then for what is new,
// and brings that, until it is told to stop. Main thread.
#ifndef TIDEMARK_CLI_RESTORE_FOLLOW_H
#define TIDEMARK_CLI_RESTORE_FOLLOW_H

#include "each_partition.h"
#include "options.h"
#include "restore_partition.h"

namespace tidemark::cli {

// Which partitions there are now, in order; asked in each round. An error of the sink is not the end.
using FindPartitions = std::function<Result<std::vector<PartitionName>>()>;
using OptionsFor = std::function<RestoreOptions(const PartitionName&)>;

// Looks at each partition from after the last entry that it has brought. Of a partition only what follows
// without a hole is brought: what is missing may still come, or be accepted as lost, and is said once. Data
// that is wrong stops its partition; a sink or a disk that fails is tried again, and said once. The exit code
// is 0 if nothing stands in the way of any when it is stopped.
int follow(const RestoreOptions& options, RestoreRun& run, const FindPartitions& find,
           const OptionsFor& options_for);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_FOLLOW_H
