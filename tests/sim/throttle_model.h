// The breaker and the concurrency limit, modelled from outside: from the starts and the results of jobs only.
#ifndef TIDEMARK_SIM_THROTTLE_MODEL_H
#define TIDEMARK_SIM_THROTTLE_MODEL_H

#include <algorithm>
#include <cstdint>

#include "core/scheduler.h"

namespace tidemark::sim {

class ThrottleModel {
 public:
  ThrottleModel(uint32_t workers, core::BackoffLimits limits)
      : workers_(workers), limit_(std::min(workers, core::Throttle::kFirstJobs)), limits_(limits) {}

  // Throws if no job may start now. Returns the era the job belongs to.
  uint32_t start(uint32_t running, core::TimeMs now);
  // The result of a job that was meant for the sink of now. own_fault: a sink failure that is the
  // partition's. `running` jobs were, this one included.
  void result(uint32_t era, core::JobKind kind, const core::JobResult& result, bool own_fault,
              uint32_t running, core::TimeMs now);
  // What went well and wrote nothing does not show that a sink can be written to which could not.
  bool shows_nothing(core::JobKind kind) const { return failed_to_write_ && !core::writes(kind); }
  // What began before the last cut shows nothing of the sink of now.
  bool is_of_now(uint32_t era) const { return era == era_; }
  void swapped();

  // Throws if the scheduler shows another state, or would sleep too long.
  void compare(const core::Scheduler& scheduler, bool something_is_ready, core::TimeMs now);
  bool open() const { return state_ != core::Throttle::State::kClosed; }
  bool wants_look() const { return state_ == core::Throttle::State::kProbing && !failed_to_write_; }

 private:
  void require_delay_over(core::TimeMs now) const;
  void trip(core::JobKind kind, uint32_t hint_ms, core::TimeMs now);
  void follow(uint32_t limit, core::TimeMs now);

  uint32_t workers_;
  uint32_t limit_;
  core::BackoffLimits limits_;
  core::Throttle::State state_ = core::Throttle::State::kClosed;
  bool probe_out_ = false;
  bool failed_to_write_ = false;  // since it was closed
  uint32_t era_ = 0;
  core::TimeMs opened_at_ = 0;
  uint32_t hint_ms_ = 0;

  uint32_t in_use_ = 0;    // successes while all of the limit was in use, since it last changed
  bool was_slow_ = false;  // a put since the last trial that was not quick
  core::TimeMs trial_at_ = 0;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_THROTTLE_MODEL_H
