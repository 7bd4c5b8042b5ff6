// For creating threads in a process that belongs to another: signals are the host's.
//
// One thread, on its stack.
#ifndef TIDEMARK_COMMON_BASE_BLOCKED_SIGNALS_H
#define TIDEMARK_COMMON_BASE_BLOCKED_SIGNALS_H

#include <signal.h>

namespace tidemark {

// While it lives, threads that are created get every signal blocked.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_BLOCKED_SIGNALS_H
