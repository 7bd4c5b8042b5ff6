// How many jobs at once serve the sink best.
//
// The rule. Time goes in rounds of four results for each job allowed, at least 16, all of them while the
// limit was in use. A round in which the latency of puts is flat (below 5 ms, or within one and a half times
// the lowest seen) raises the limit by one: the sink keeps up. When latency has risen, jobs may only be
// queueing: a trial compares the throughput of this round with that of one a quarter higher or lower, and of
// the two limits the lower wins unless the higher brought at least half of what its jobs should, in
// proportion. Down goes on while it costs nothing; then 16 rounds are left in peace before the next trial.
//   So a sink that serves C at once is given little more than C, whatever its latency; one whose latency
// grows and whose throughput grows too (shared commits of a file system) keeps all; and one that is fast, as
// a local directory, is never tried, so noise of the scheduler of the machine cannot slow it down. Throughput
// counts a put as one unit of work and one more for each 256 KiB, so that sizes may be mixed.
//   Throttling halves the limit, which then grows by rounds; behind the breaker it starts from 1 and grows by
// one with each success up to where it was.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_CONCURRENCY_H
#define TIDEMARK_CORE_CONCURRENCY_H

#include <cstdint>
#include <optional>

#include "core/types.h"

namespace tidemark::core {

// What a job tells of the sink. latency_us 0: it put nothing.
struct SinkSample {
  uint64_t latency_us = 0;
  uint64_t bytes = 0;
};

class Concurrency {
 public:
  explicit Concurrency(uint32_t most) : most_(most), limit_(most), proven_(most), skip_(most) {}

  uint32_t limit() const { return limit_; }
  // A job ended well; `running` of them ran until then, this one included.
  void succeeded(const SinkSample& sample, uint32_t running, TimeMs now);
  void throttled() { set(limit_ / 2, true); }
  void restart() { set(1, false); }
  void reset() { *this = Concurrency(most_); }

  uint64_t latency_us() const { return latency_us_; }        // mean of the last round; 0: none yet
  uint64_t lowest_latency_us() const { return lowest_us_; }  // 0: none yet

 private:
  struct Level {
    uint32_t limit;
    double rate;  // work per millisecond
  };
  void set(uint32_t limit, bool proven);
  void begin_round();
  void end_round(TimeMs now);
  void compare(const Level& now);
  uint32_t step() const { return limit_ / 4 > 0 ? limit_ / 4 : 1; }

  uint32_t most_;
  uint32_t limit_;
  uint32_t proven_;  // up to here each success raises the limit

  // The round at hand.
  uint32_t skip_;  // results still to come from jobs that began under another limit
  uint32_t results_ = 0;
  TimeMs began_ = 0;
  double work_ = 0;
  uint64_t samples_ = 0;
  uint64_t total_us_ = 0;

  uint64_t latency_us_ = 0;
  uint64_t lowest_us_ = 0;
  std::optional<Level> other_;  // a trial: what the limit before brought
  uint32_t peace_ = 0;          // rounds until the next trial
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_CONCURRENCY_H
