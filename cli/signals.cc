#include "signals.h"

#include <signal.h>
#include <time.h>

#include <atomic>
#include <cstdint>

namespace tidemark::cli {

namespace {

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

std::atomic<int64_t> g_first_ms{0};
static_assert(std::atomic<int64_t>::is_always_lock_free, "a signal handler writes it");

constexpr int64_t kSameMs = 1000;  // a service manager sends it to the process and to its group

void on_signal(int number) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t now_ms = int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  int64_t first_ms = 0;
  g_interrupted.store(true, std::memory_order_relaxed);
  if (g_first_ms.compare_exchange_strong(first_ms, now_ms) || now_ms - first_ms < kSameMs) return;
  ::signal(number, SIG_DFL);
  ::raise(number);  // ends the program as soon as this returns
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // nohup has it ignored.
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    ::sigaction(SIGHUP, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed stdout is an error of the write, not our end
}

bool interrupted() { return g_interrupted.load(std::memory_order_relaxed); }

}  // namespace tidemark::cli
