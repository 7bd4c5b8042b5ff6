// Ctrl-C and SIGTERM as something to poll for. A second one, a second later or more, ends the program at
// once; that is safe too, because nothing half-done is ever visible.
#ifndef TIDEMARK_CLI_SIGNALS_H
#define TIDEMARK_CLI_SIGNALS_H

namespace tidemark::cli {

void catch_signals();  // main thread, before any other starts
bool interrupted();    // any thread

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SIGNALS_H
