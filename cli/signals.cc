#include "signals.h"

#include <signal.h>

#include <atomic>

namespace tidemark::cli {

namespace {

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

void on_signal(int) { g_interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed stdout is an error of the write, not our end
}

bool interrupted() { return g_interrupted.load(std::memory_order_relaxed); }

}  // namespace tidemark::cli
