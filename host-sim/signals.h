// Ctrl-C and SIGTERM as something to poll for. Made by the main thread before any other thread starts, so
// that every thread inherits the blocked signals.
#ifndef TIDEMARK_HOST_SIM_SIGNALS_H
#define TIDEMARK_HOST_SIM_SIGNALS_H

#include "base/fd.h"

namespace tidemark::host {

class Signals {
 public:
  Signals();
  int fd() const { return fd_.get(); }  // readable once a signal came
  // Takes the signal if one came. From then on the next one ends the process at once with exit code 130.
  bool take();

 private:
  UniqueFd fd_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_SIGNALS_H
