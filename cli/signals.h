// Ctrl-C and SIGTERM as something to ask for. The second one ends the program at once; nothing half-done is
// ever visible, so that is safe too.
#ifndef TIDEMARK_CLI_SIGNALS_H
#define TIDEMARK_CLI_SIGNALS_H

namespace tidemark::cli {

void catch_signals();  // main thread, before any other starts
bool interrupted();    // any thread

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SIGNALS_H
