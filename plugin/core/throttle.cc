#include "core/throttle.h"

#include <algorithm>
#include <cassert>

namespace tidemark::core {

bool Throttle::may_start(uint32_t running, TimeMs now) const {
  switch (state_) {
    case State::kClosed:
      return running < limit_;
    case State::kOpen:
      return now >= open_until_;
    case State::kProbing:
      return !probe_running_;
  }
  return false;
}

uint32_t Throttle::start() {
  if (state_ == State::kOpen) state_ = State::kProbing;
  if (state_ == State::kProbing) {
    assert(!probe_running_);
    probe_running_ = true;
  }
  return generation_;
}

Throttle::Change Throttle::succeeded(uint32_t generation, const Sample& sample, uint32_t running,
                                     TimeMs now) {
  if (!counts(sample.use, generation)) {
    inconclusive(generation);
    return Change::kNone;
  }
  backoff_.succeed();
  if (state_ == State::kProbing) {
    state_ = State::kClosed;
    must_write_ = false;
    probe_running_ = false;
    limit_ = 1;
    return Change::kClosed;
  }
  follow(sample, running, now);
  return Change::kNone;
}

void Throttle::follow(const Sample& sample, uint32_t running, TimeMs now) {
  trend_.add(sample.put_us, sample.size_bytes);
  if (running < limit_) return;
  if (limit_ < proven_) {
    ++limit_;
    return;
  }
  if (++round_ < std::max(limit_, kRoundJobs)) return;
  round_ = 0;
  trend_.end_round();
  const double ratio = trend_.ratio();
  const bool is_quick = ratio <= kQuickRatio;
  if (is_quick) quick_jobs_ = limit_;
  // Twice the jobs that each take less than twice as long are still a gain.
  if (ratio <= kSlowRatio || ratio * quick_jobs_ <= kGainingShare * limit_) {
    limit_ = std::min(limit_ + (is_quick ? std::max(1U, limit_ / 2) : 1), max_jobs_);
  } else if (now >= trial_at_ && limit_ > 1) {
    ++generation_;
    limit_ = std::max(1U, limit_ / 4);
    trial_at_ = now + kTrialMs;
    trend_.forget();
  }
}

Throttle::Change Throttle::failed(uint32_t generation, Use use, uint32_t retry_after_ms, TimeMs now,
                                  Jitter& jitter) {
  if (generation != generation_) return Change::kNone;
  return open(use, std::max(backoff_.fail(limits_, jitter), retry_after_ms), now);
}

Throttle::Change Throttle::throttled(uint32_t generation, Use use, uint32_t retry_after_ms, TimeMs now,
                                     Jitter& jitter) {
  if (generation != generation_) return Change::kNone;
  if (state_ == State::kProbing || limit_ == 1) return failed(generation, use, retry_after_ms, now, jitter);
  limit_ /= 2;
  proven_ = round_ = 0;
  if (retry_after_ms > 0) return open(use, retry_after_ms, now);
  ++generation_;
  return Change::kNone;
}

void Throttle::inconclusive(uint32_t generation) {
  if (generation == generation_ && state_ == State::kProbing) probe_running_ = false;
}

void Throttle::reset() {
  ++generation_;
  state_ = State::kClosed;
  must_write_ = false;
  probe_running_ = false;
  limit_ = std::min(max_jobs_, kFirstJobs);
  backoff_ = Backoff();
  trend_.forget();
  trial_at_ = 0;
  proven_ = round_ = 0;
}

// A hint of the sink is believed up to the longest delay of our own: beyond that it is a mistake or worse.
Throttle::Change Throttle::open(Use use, uint32_t delay_ms, TimeMs now) {
  if (use == Use::kWrites) must_write_ = true;
  const bool was_closed = state_ == State::kClosed;
  if (was_closed) proven_ = limit_ / 2;
  round_ = 0;
  ++generation_;
  state_ = State::kOpen;
  probe_running_ = false;
  open_until_ = now + std::min<TimeMs>(delay_ms, std::max(1U, limits_.max_ms));
  return was_closed ? Change::kOpened : Change::kNone;
}

}  // namespace tidemark::core
