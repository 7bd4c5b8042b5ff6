// Time that passed on the monotonic clock. One thread.
#ifndef TIDEMARK_COMMON_BASE_STOPWATCH_H
#define TIDEMARK_COMMON_BASE_STOPWATCH_H

#include <chrono>

namespace tidemark {

class Stopwatch {
 public:
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - begin_; }
  double seconds() const { return std::chrono::duration<double>(elapsed()).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_STOPWATCH_H
