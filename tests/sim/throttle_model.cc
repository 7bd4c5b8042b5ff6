#include "throttle_model.h"

#include <algorithm>

#include "violation.h"

namespace tidemark::sim {

using core::Outcome;
using core::TimeMs;
using State = core::Throttle::State;

uint32_t ThrottleModel::start(uint32_t running, TimeMs now) {
  require(running < workers_, "never more jobs than workers");
  switch (state_) {
    case State::kClosed:
      require(running < limit_, "never more jobs than the sink is trusted with");
      break;
    case State::kOpen:
      require_delay_over(now);
      state_ = State::kProbing;
      probe_out_ = true;
      break;
    case State::kProbing:
      require(!probe_out_, "one probe at a time");
      probe_out_ = true;
      break;
  }
  return era_;
}

// The scheduler draws the delay; the shortest it can be is known.
void ThrottleModel::require_delay_over(TimeMs now) const {
  const TimeMs shortest_ms = std::max(1U, std::min(hint_ms_, limits_.max_ms));
  require(now >= opened_at_ + shortest_ms, "nothing starts while the breaker is open");
}

void ThrottleModel::result(uint32_t era, core::JobKind kind, const core::JobResult& result, bool own_fault,
                           uint32_t running, TimeMs now) {
  if (era != era_) return;
  const bool probing = state_ == State::kProbing;
  switch (result.outcome) {
    case Outcome::kDone:
    case Outcome::kObjectFailed:
      if (shows_nothing(kind)) {
        probe_out_ = false;
        break;
      }
      failed_to_write_ = false;
      if (probing) {
        limit_ = 1;
      } else {
        was_slow_ |= result.put_us > core::LatencyTrend::kQuickUs;
        if (running >= limit_) ++in_use_;
      }
      state_ = State::kClosed;
      probe_out_ = false;
      break;
    case Outcome::kMissing:
    case Outcome::kEntryFailed:
    case Outcome::kDeferred:
    case Outcome::kCancelled:
      probe_out_ = false;
      break;
    case Outcome::kSinkThrottled:
      if (own_fault) {
        probe_out_ = false;
        break;
      }
      if (probing || limit_ == 1) {
        trip(kind, result.retry_after_ms, now);
        break;
      }
      limit_ /= 2;
      in_use_ = 0;
      ++era_;
      if (result.retry_after_ms > 0) trip(kind, result.retry_after_ms, now);
      break;
    case Outcome::kSinkFailed:
      if (own_fault) {
        probe_out_ = false;
      } else {
        trip(kind, result.retry_after_ms, now);
      }
      break;
  }
}

void ThrottleModel::swapped() {
  ++era_;
  state_ = State::kClosed;
  probe_out_ = false;
  failed_to_write_ = false;
  limit_ = std::min(workers_, core::Throttle::kFirstJobs);
  was_slow_ = false;
  in_use_ = 0;
  trial_at_ = 0;
}

void ThrottleModel::trip(core::JobKind kind, uint32_t hint_ms, TimeMs now) {
  ++era_;
  failed_to_write_ |= core::writes(kind);
  state_ = State::kOpen;
  probe_out_ = false;
  in_use_ = 0;
  opened_at_ = now;
  hint_ms_ = hint_ms;
}

// How slow is too slow is the scheduler's own affair. Quick puts always let it grow, and only slow ones may
// make it stay, or try a quarter now and then.
void ThrottleModel::follow(uint32_t limit, TimeMs now) {
  if (limit == limit_) {
    require(limit == workers_ || was_slow_ || in_use_ < std::max(limit, core::Throttle::kRoundJobs),
            "the limit grows while the sink is quick");
    return;
  }
  require(in_use_ > 0, "the limit changes when all of it is in use");
  if (limit > limit_) {
    require(limit <= limit_ + std::max(1U, limit_ / 2), "the limit grows in steps");
  } else {
    require(was_slow_ && limit == std::max(1U, limit_ / 4) && now >= trial_at_,
            "a trial is made once in a while, when the sink is slow");
    ++era_;
    trial_at_ = now + core::Throttle::kTrialMs;
    was_slow_ = false;
  }
  limit_ = limit;
  in_use_ = 0;
}

void ThrottleModel::compare(const core::Scheduler& scheduler, bool something_is_ready, TimeMs now) {
  if (state_ == State::kOpen && scheduler.breaker() == State::kProbing) {
    require_delay_over(now);
    state_ = State::kProbing;
  }
  require(scheduler.breaker() == state_, "the breaker is what the results made it");
  if (state_ == State::kClosed) follow(scheduler.snapshot(now).concurrency_limit, now);
  const uint32_t limit = state_ == State::kClosed ? limit_ : 1;
  require(scheduler.snapshot(now).concurrency_limit == limit, "the limit is what the results made it");
  if (state_ == State::kOpen && something_is_ready) {
    const TimeMs latest = opened_at_ + TimeMs{std::max(1U, limits_.max_ms)};
    require(scheduler.wake_at() <= latest, "an open breaker is probed after the longest delay at last");
  }
}

}  // namespace tidemark::sim
