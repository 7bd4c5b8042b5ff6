// The command `run`: commit, archive, prune until everything committed is acknowledged.
#ifndef TIDEMARK_HOST_SIM_RUN_H
#define TIDEMARK_HOST_SIM_RUN_H

#include "options.h"
#include "signals.h"

namespace tidemark::host {

// Main thread. Returns an ExitCode; what went wrong has been printed.
int run(const RunOptions& options, Signals& signals);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RUN_H
