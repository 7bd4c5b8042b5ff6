#include "core/throttle.h"

#include <algorithm>
#include <cassert>

namespace tidemark::core {

bool Throttle::may_start(uint32_t running, TimeMs now) const {
  switch (state_) {
    case State::kClosed:
      return running < concurrency_.limit();
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

Throttle::Change Throttle::succeeded(uint32_t generation, const SinkSample& sample, uint32_t running,
                                     TimeMs now) {
  if (generation != generation_) return Change::kNone;
  backoff_.succeed();
  if (state_ == State::kProbing) {
    state_ = State::kClosed;
    probe_running_ = false;
    concurrency_.restart();
    return Change::kClosed;
  }
  concurrency_.succeeded(sample, running, now);
  return Change::kNone;
}

Throttle::Change Throttle::failed(uint32_t generation, uint32_t retry_after_ms, TimeMs now, Jitter& jitter) {
  if (generation != generation_) return Change::kNone;
  return open(std::max(backoff_.fail(limits_, jitter), retry_after_ms), now);
}

Throttle::Change Throttle::throttled(uint32_t generation, uint32_t retry_after_ms, TimeMs now,
                                     Jitter& jitter) {
  if (generation != generation_) return Change::kNone;
  if (state_ == State::kProbing || concurrency_.limit() == 1) {
    return failed(generation, retry_after_ms, now, jitter);
  }
  concurrency_.throttled();
  if (retry_after_ms > 0) return open(retry_after_ms, now);
  ++generation_;
  return Change::kNone;
}

void Throttle::inconclusive(uint32_t generation) {
  if (generation == generation_ && state_ == State::kProbing) probe_running_ = false;
}

void Throttle::reset() {
  ++generation_;
  state_ = State::kClosed;
  probe_running_ = false;
  concurrency_.reset();
  backoff_ = Backoff();
}

// A hint of the sink is believed up to the longest delay of our own: beyond that it is a mistake or worse.
Throttle::Change Throttle::open(uint32_t delay_ms, TimeMs now) {
  const bool was_closed = state_ == State::kClosed;
  ++generation_;
  state_ = State::kOpen;
  probe_running_ = false;
  open_until_ = now + std::min<TimeMs>(delay_ms, std::max(1U, limits_.max_ms));
  return was_closed ? Change::kOpened : Change::kNone;
}

}  // namespace tidemark::core
