// The command `bench`: archive made-up entries, and say how fast and where the time went.
#ifndef TIDEMARK_HOST_SIM_BENCH_H
#define TIDEMARK_HOST_SIM_BENCH_H

#include "options.h"
#include "signals.h"

namespace tidemark::host {

// Main thread. Returns an ExitCode; the figures are on stdout, what went wrong on stderr.
int bench(const BenchOptions& options, Signals& signals);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_BENCH_H
