// Restoring: one partition into DIR, or many, each into a directory of its own below DIR. Main thread.
#ifndef TIDEMARK_CLI_RESTORE_ALL_H
#define TIDEMARK_CLI_RESTORE_ALL_H

#include "archive.h"
#include "options.h"

namespace tidemark::cli {

// The scope names a partition. Prints what came of it and gives the exit code.
int restore_partition(const RestoreOptions& options, Archive& archive);

// The partitions of a storage into DIR/PARTITION, or those of all storages into DIR/STORAGE/PARTITION, one
// after the other. One that fails does not keep the others from being restored; the exit code is the highest
// of all.
int restore_all(const RestoreOptions& options, Archive& archive);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_ALL_H
