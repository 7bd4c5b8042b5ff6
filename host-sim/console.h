// What the operator sees: lines on stderr, and on a terminal a bar below them that is always the last line.
// post() may be called by any thread and never blocks; everything else belongs to the main thread.
#ifndef TIDEMARK_HOST_SIM_CONSOLE_H
#define TIDEMARK_HOST_SIM_CONSOLE_H

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "base/mutex.h"

namespace tidemark::host {

struct ProgressState {
  uint64_t done = 0;
  uint64_t total = 0;
  uint64_t lag = 0;  // ready but not done
  bool show_lag = true;
};

class Console {
 public:
  Console();
  ~Console();  // prints what is queued and removes the bar

  // Queues one line. When the main thread cannot keep up, lines are dropped and counted, not kept.
  void post(std::string line) TM_EXCLUDES(mutex_);
  // Prints queued lines, then the bar (or now and then a plain line) if it is time for one.
  void refresh(const ProgressState& state) TM_EXCLUDES(mutex_);
  void print(const std::string& line);
  // How long refresh() may wait without anyone noticing.
  std::chrono::milliseconds interval() const { return std::chrono::milliseconds(terminal_ ? 100 : 1000); }

 private:
  void print_queued() TM_EXCLUDES(mutex_);
  void clear_bar();

  const bool terminal_;
  bool bar_shown_ = false;
  std::chrono::steady_clock::time_point last_shown_;
  std::chrono::steady_clock::time_point rate_since_;
  uint64_t rate_from_ = 0;
  double rate_ = -1;  // smoothed, per second; negative until known
  Mutex mutex_;
  std::deque<std::string> queue_ TM_GUARDED_BY(mutex_);
  uint64_t dropped_ TM_GUARDED_BY(mutex_) = 0;
};

// "[=====>    ]  53 %  2140/4000  1234/s  lag 12  2 s left", at most `columns` wide; without the bar proper
// if columns is 0. rate < 0: not known yet.
std::string progress_text(const ProgressState& state, double rate, unsigned columns);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_CONSOLE_H
