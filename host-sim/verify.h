// The command `verify`: read every entry of the journal back through the plugin and compare digests.
#ifndef TIDEMARK_HOST_SIM_VERIFY_H
#define TIDEMARK_HOST_SIM_VERIFY_H

#include "options.h"
#include "signals.h"

namespace tidemark::host {

// Main thread. Returns an ExitCode; what was found has been printed.
int verify(const VerifyOptions& options, Signals& signals);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_VERIFY_H
