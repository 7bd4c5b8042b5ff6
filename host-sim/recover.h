// The command `recover`: a lost engine's directory from its archive.
#ifndef TIDEMARK_HOST_SIM_RECOVER_H
#define TIDEMARK_HOST_SIM_RECOVER_H

#include "options.h"
#include "signals.h"

namespace tidemark::host {

int recover(const RecoverOptions& options, Signals& signals);  // an ExitCode

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RECOVER_H
