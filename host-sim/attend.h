// Waits for the threads of a command and shows how far they are. Main thread only.
#ifndef TIDEMARK_HOST_SIM_ATTEND_H
#define TIDEMARK_HOST_SIM_ATTEND_H

#include <functional>

#include "console.h"
#include "signals.h"

namespace tidemark::host {

// Until done() is true, or a signal came: then calls stop(), which ends and joins the threads, and returns
// false. `wake` is an eventfd that the last thread writes to when it ends. progress() is called at least once
// after the work has ended.
bool attend(Console& console, Signals& signals, int wake, const std::function<bool()>& done,
            const std::function<ProgressState()>& progress, const std::function<void()>& stop);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_ATTEND_H
