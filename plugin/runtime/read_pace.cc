#include "runtime/read_pace.h"

#include <algorithm>

namespace tidemark::runtime {

uint32_t ReadPace::ask(core::TimeMs now) {
  if (bytes_per_second_ == 0) return 0;
  const MutexLock lock(mutex_);
  if (rate_.may_start(now)) return 0;
  // Each gets the turn that those before it leave: all at once would find the bucket empty again.
  const int64_t latest_us = (now + kLongestMs) * 1000;
  const int64_t turn_us = std::min(std::max(next_turn_us_, rate_.ready_at() * 1000), latest_us);
  const uint64_t takes_us = std::min(average_bytes_, RateLimit::kMostBytes) * 1'000'000 / bytes_per_second_;
  next_turn_us_ = std::min(turn_us + static_cast<int64_t>(takes_us), latest_us);
  return static_cast<uint32_t>(std::max<int64_t>(1, turn_us / 1000 - now));
}

void ReadPace::pay(uint64_t bytes, core::TimeMs now) {
  if (bytes_per_second_ == 0 || bytes == 0) return;
  const MutexLock lock(mutex_);
  rate_.finished(0, bytes, now);
  average_bytes_ = average_bytes_ == 0 ? bytes : average_bytes_ - average_bytes_ / 4 + bytes / 4;
}

}  // namespace tidemark::runtime
