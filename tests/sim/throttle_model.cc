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

void ThrottleModel::result(uint32_t era, const core::JobResult& result, bool own_fault, uint32_t running,
                           TimeMs now) {
  if (era != era_) return;
  const bool probing = state_ == State::kProbing;
  switch (result.outcome) {
    case Outcome::kDone:
    case Outcome::kObjectFailed:
      if (probing) {
        allow(1);
      } else {
        succeeded(running);
      }
      state_ = State::kClosed;
      probe_out_ = false;
      break;
    case Outcome::kMissing:
    case Outcome::kEntryFailed:
    case Outcome::kCancelled:
      probe_out_ = false;
      break;
    case Outcome::kSinkThrottled:
      if (probing || limit_ == 1) {
        trip(result.retry_after_ms, now);
        break;
      }
      allow(limit_ / 2);
      proven_ = limit_;
      ++era_;
      if (result.retry_after_ms > 0) trip(result.retry_after_ms, now);
      break;
    case Outcome::kSinkFailed:
      if (own_fault) {
        probe_out_ = false;
      } else {
        trip(result.retry_after_ms, now);
      }
      break;
  }
}

void ThrottleModel::swapped() {
  ++era_;
  state_ = State::kClosed;
  probe_out_ = false;
  allow(workers_);
  proven_ = workers_;
}

// As long as latencies are low: +1 a success up to where it was, then +1 for each round of results.
void ThrottleModel::succeeded(uint32_t running) {
  if (limit_ < proven_) {
    allow(limit_ + 1);
  } else if (running < limit_) {
    allow(limit_);
  } else if (skip_ > 0) {
    --skip_;
  } else if (++results_ == std::max(16U, 4 * limit_)) {
    allow(std::min(workers_, limit_ + 1));
    proven_ = limit_;
  }
}

void ThrottleModel::allow(uint32_t limit) {
  limit_ = limit;
  skip_ = limit;
  results_ = 0;
}

void ThrottleModel::trip(uint32_t hint_ms, TimeMs now) {
  ++era_;
  state_ = State::kOpen;
  probe_out_ = false;
  opened_at_ = now;
  hint_ms_ = hint_ms;
}

void ThrottleModel::compare(const core::Scheduler& scheduler, bool something_is_ready, TimeMs now) {
  if (state_ == State::kOpen && scheduler.breaker() == State::kProbing) {
    require_delay_over(now);
    state_ = State::kProbing;
  }
  require(scheduler.breaker() == state_, "the breaker is what the results made it");
  if (!exact_ && state_ == State::kClosed) {
    limit_ = scheduler.snapshot(now).concurrency_limit;
    require(limit_ >= 1 && limit_ <= workers_, "the limit has its bounds");
  }
  const uint32_t limit = state_ == State::kClosed ? limit_ : 1;
  require(scheduler.snapshot(now).concurrency_limit == limit, "the limit is what the results made it");
  if (state_ == State::kOpen && something_is_ready) {
    const TimeMs latest = opened_at_ + TimeMs{std::max(1U, limits_.max_ms)};
    require(scheduler.wake_at() <= latest, "an open breaker is probed after the longest delay at last");
  }
}

}  // namespace tidemark::sim
