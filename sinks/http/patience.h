// Open tries again if a store is only busy or cannot be reached just now: everything after it is repeated by
// the archiver, open is not.
//
// Lives during one open, on its thread. Waits longer each time, within the time of the call, or within a
// limit of its own if the call has no limit. A connection that fails is mostly a mistyped endpoint: then the
// limit is shorter.
#ifndef TIDEMARK_SINKS_HTTP_PATIENCE_H
#define TIDEMARK_SINKS_HTTP_PATIENCE_H

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks {

class Patience {
 public:
  explicit Patience(const Call& call) : call_(call) {}

  // Of one question: the first wait is short again.
  void begin() { delay_ms_ = kFirstDelayMs; }
  // The last error that was worth waiting for, of any question.
  const std::optional<Error>& last() const { return last_; }

  // Whether another attempt is worth it; if so, it has waited already.
  bool wait(const Error& error) {
    if (error.status != TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_THROTTLED) return false;
    last_ = error;
    const bool has_answer = error.http_status != 0;
    const uint64_t own_ms = has_answer ? kLimitMs : kConnectionLimitMs;
    const uint64_t left_ms = call_.remaining_ms();
    const uint64_t limit_ms = has_answer && left_ms != UINT64_MAX ? left_ms + spent_ms() : own_ms;
    const uint64_t delay_ms = std::max<uint64_t>(delay_ms_, error.retry_after_ms);
    delay_ms_ = std::min(delay_ms_ * 2, kLastDelayMs);
    if (spent_ms() + delay_ms >= limit_ms || delay_ms >= left_ms) return false;
    return call_.sleep_ms(delay_ms).has_value();
  }

 private:
  static constexpr uint64_t kFirstDelayMs = 100, kLastDelayMs = 2000;
  static constexpr uint64_t kLimitMs = 10'000, kConnectionLimitMs = 5000;

  uint64_t spent_ms() const {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_)
            .count());
  }

  const Call& call_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  uint64_t delay_ms_ = kFirstDelayMs;
  std::optional<Error> last_;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_PATIENCE_H
