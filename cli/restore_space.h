// Whether what a restore brings will fit. Any thread.
#ifndef TIDEMARK_CLI_RESTORE_SPACE_H
#define TIDEMARK_CLI_RESTORE_SPACE_H

#include "options.h"
#include "restore_counts.h"

namespace tidemark::cli {

// Before anything is begun: an error if the file system of DIR has less room than the chosen archives have
// bytes (unless --ignore-free-space). Otherwise says how much there is to do.
Result<void> check_space(const RestoreOptions& options, const RestoreCounts& all);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_SPACE_H
