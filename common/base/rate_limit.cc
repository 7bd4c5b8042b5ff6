#include "base/rate_limit.h"

namespace tidemark {

int64_t RateLimit::level(TimeMs now) const {
  if (now <= at_) return level_;
  const int64_t full = 1000 * rate_;
  const int64_t missing_ms = (full - level_) / rate_ + 1;
  return now - at_ >= missing_ms ? full : std::min(full, level_ + (now - at_) * rate_);
}

void RateLimit::refill(TimeMs now) {
  if (rate_ == 0) return;
  level_ = level(now);
  at_ = std::max(at_, now);
}

uint64_t RateLimit::start(TimeMs now) {
  if (rate_ == 0) return 0;
  refill(now);
  level_ -= 1000 * static_cast<int64_t>(expected_);
  return expected_;
}

void RateLimit::finished(uint64_t expected_bytes, uint64_t bytes, TimeMs now) {
  if (rate_ == 0) return;
  refill(now);
  bytes = std::min(bytes, kMostBytes);
  level_ += 1000 * (static_cast<int64_t>(expected_bytes) - static_cast<int64_t>(bytes));
  level_ = std::min(level_, 1000 * rate_);
  expected_ = expected_ - expected_ / 4 + bytes / 4;
}

}  // namespace tidemark
