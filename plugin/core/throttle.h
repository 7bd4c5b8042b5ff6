// How many jobs the sink is trusted with right now: a circuit breaker and a concurrency limit in one.
//
//   closed --sink failed--> open --delay over--> probing (one job) --success--> closed, limit 1, +1 a success
//                            ^                      |
//                            +------- failed -------+
//
// Closed, the limit follows what the sink can take (concurrency.h). Throttling alone halves it; only when the
// limit is 1 already, or the sink said how long to wait, does it open the breaker. Jobs carry the generation
// they were started in: the results of jobs that were in flight when the limit last changed say nothing new
// and neither open nor close anything.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_THROTTLE_H
#define TIDEMARK_CORE_THROTTLE_H

#include <cstdint>

#include "core/backoff.h"
#include "core/concurrency.h"
#include "core/types.h"

namespace tidemark::core {

class Throttle {
 public:
  enum class State : uint8_t { kClosed, kOpen, kProbing };
  enum class Change : uint8_t { kNone, kOpened, kClosed };

  Throttle(uint32_t max_jobs, BackoffLimits limits) : limits_(limits), concurrency_(max_jobs) {}

  bool may_start(uint32_t running, TimeMs now) const;
  // An open breaker whose delay is over starts probing.
  void tick(TimeMs now) {
    if (state_ == State::kOpen && now >= open_until_) state_ = State::kProbing;
  }
  // A job starts: the generation it belongs to.
  uint32_t start();

  // What the job of that generation says about the sink.
  // `running` jobs ran when it ended, itself included.
  Change succeeded(uint32_t generation, const SinkSample& sample, uint32_t running, TimeMs now);
  Change failed(uint32_t generation, uint32_t retry_after_ms, TimeMs now, Jitter& jitter);
  Change throttled(uint32_t generation, uint32_t retry_after_ms, TimeMs now, Jitter& jitter);
  // The job ended without asking the sink, or was cancelled: a probe must be sent again.
  void inconclusive(uint32_t generation);

  void reset();  // a new sink, which has just been probed

  State state() const { return state_; }
  uint32_t limit() const { return state_ == State::kClosed ? concurrency_.limit() : 1; }
  const Concurrency& concurrency() const { return concurrency_; }
  TimeMs open_until() const { return open_until_; }  // while open
  uint8_t level() const { return backoff_.level(); }

 private:
  Change open(uint32_t delay_ms, TimeMs now);

  BackoffLimits limits_;
  Concurrency concurrency_;
  uint32_t generation_ = 0;
  State state_ = State::kClosed;
  bool probe_running_ = false;
  Backoff backoff_;
  TimeMs open_until_ = 0;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_THROTTLE_H
