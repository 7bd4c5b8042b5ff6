// How many jobs the sink is trusted with right now: a circuit breaker and a concurrency limit in one.
//
//   closed --sink failed--> open --delay over--> probing (one job) --success--> closed, limit 1
//                            ^                      |
//                            +------- failed -------+
//
// The limit begins at kFirstJobs. It may change once in a round; a round ends when as many jobs went well as
// the limit allows while all of it was in use. As long as the sink takes archives as quickly as before (see
// latency_trend.h) the limit grows by half; if they are somewhat slower, or slower by less than their number
// has grown, by one; if they are slow it stays, because more at once would only queue. It halves when the
// sink throttles. To find out whether their number makes archives slow, or the sink itself, it goes back to a
// quarter once in kTrialMs and grows again; so a sink that serves n at once is given some 2n, also when n
// changes. After an outage it grows by one for each success, up to half of what it was.
//
// What failed to write is disproved by what writes: a full disk can still be listed. So a breaker that a
// writing job opened is closed by one only; what reads well meanwhile says nothing, and the next job probes.
//
// Only when the limit is 1 already, or the sink said how long to wait, does throttling open the breaker.
// Jobs carry the generation they were started in: the results of jobs that were in flight when the limit
// was last cut say nothing new: they neither open nor close anything, nor count against whoever fails next.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_THROTTLE_H
#define TIDEMARK_CORE_THROTTLE_H

#include <algorithm>
#include <cstdint>

#include "core/backoff.h"
#include "core/latency_trend.h"
#include "core/types.h"

namespace tidemark::core {

class Throttle {
 public:
  enum class State : uint8_t { kClosed, kOpen, kProbing };
  enum class Change : uint8_t { kNone, kOpened, kClosed };

  static constexpr uint32_t kFirstJobs = 4;
  static constexpr uint32_t kRoundJobs = 8;  // at least
  static constexpr double kQuickRatio = 1.25;
  static constexpr double kSlowRatio = 2;
  static constexpr double kGainingShare = 0.75;
  static constexpr TimeMs kTrialMs = 30'000;

  enum class Use : uint8_t { kReads, kWrites };  // what a job does with the sink
  // What a job that went well shows of the sink. put_us 0: how long is not known.
  struct Sample {
    uint64_t put_us = 0;
    uint64_t size_bytes = 0;
    Use use = Use::kWrites;
  };

  Throttle(uint32_t max_jobs, BackoffLimits limits)
      : limits_(limits), max_jobs_(max_jobs), limit_(std::min(max_jobs, kFirstJobs)) {}

  bool may_start(uint32_t running, TimeMs now) const;
  // An open breaker whose delay is over starts probing.
  void tick(TimeMs now) {
    if (state_ == State::kOpen && now >= open_until_) state_ = State::kProbing;
  }
  // A job starts: the generation it belongs to.
  uint32_t start();

  // What the job of that generation says about the sink; `running` jobs were, this one included.
  Change succeeded(uint32_t generation, const Sample& sample, uint32_t running, TimeMs now);
  Change failed(uint32_t generation, Use use, uint32_t retry_after_ms, TimeMs now, Jitter& jitter);
  Change throttled(uint32_t generation, Use use, uint32_t retry_after_ms, TimeMs now, Jitter& jitter);
  // The job ended without asking the sink, or was cancelled: a probe must be sent again.
  void inconclusive(uint32_t generation);

  void reset();  // a new sink, which has just been probed

  State state() const { return state_; }
  // Whether a success of that use is one: see above.
  bool counts(Use use) const { return use == Use::kWrites || !must_write_; }
  // And whether it shows that the sink works now.
  bool counts(Use use, uint32_t generation) const { return generation == generation_ && counts(use); }
  // A probe that told nothing is best followed by a look, which no entry can make fail.
  bool wants_look() const { return state_ == State::kProbing && counts(Use::kReads); }
  uint32_t limit() const { return state_ == State::kClosed ? limit_ : 1; }
  double latency_ratio() const { return trend_.ratio(); }
  TimeMs open_until() const { return open_until_; }  // while open
  uint8_t level() const { return backoff_.level(); }

 private:
  Change open(Use use, uint32_t delay_ms, TimeMs now);
  void follow(const Sample& sample, uint32_t running, TimeMs now);

  BackoffLimits limits_;
  uint32_t max_jobs_;
  uint32_t limit_;
  uint32_t generation_ = 0;
  State state_ = State::kClosed;
  bool probe_running_ = false;
  bool must_write_ = false;  // what closes the breaker
  Backoff backoff_;
  TimeMs open_until_ = 0;
  LatencyTrend trend_;
  uint32_t round_ = 0;       // successes that count in this round
  uint32_t quick_jobs_ = 0;  // the limit when archives were last taken quickly
  uint32_t proven_ = 0;      // what the sink is trusted with again after an outage
  TimeMs trial_at_ = 0;      // not before
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_THROTTLE_H
