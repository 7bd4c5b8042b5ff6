#include "core/concurrency.h"

#include <algorithm>

namespace tidemark::core {
namespace {

constexpr uint64_t kFast_us = 5'000;
constexpr uint64_t kWorkBytes = 256 << 10;
constexpr uint32_t kLeastResults = 16;
constexpr uint32_t kPeaceRounds = 16;

}  // namespace

void Concurrency::succeeded(const SinkSample& sample, uint32_t running, TimeMs now) {
  if (limit_ < proven_) {
    set(limit_ + 1, false);
    return;
  }
  if (sample.latency_us > 0 && (lowest_us_ == 0 || sample.latency_us < lowest_us_)) {
    lowest_us_ = sample.latency_us;
  }
  if (running < limit_) return begin_round();  // the limit limits nothing: there is nothing to learn
  if (skip_ > 0) {
    --skip_;
    began_ = now;
    return;
  }
  work_ += 1 + static_cast<double>(sample.bytes) / kWorkBytes;
  if (sample.latency_us > 0) {
    ++samples_;
    total_us_ += sample.latency_us;
  }
  if (++results_ >= std::max(kLeastResults, 4 * limit_)) end_round(now);
}

void Concurrency::set(uint32_t limit, bool proven) {
  limit_ = std::clamp(limit, 1U, most_);
  if (proven) proven_ = limit_;
  other_.reset();
  peace_ = 0;
  begin_round();
}

void Concurrency::begin_round() {
  skip_ = limit_;
  results_ = 0;
  work_ = 0;
  samples_ = 0;
  total_us_ = 0;
}

void Concurrency::end_round(TimeMs now) {
  const Level level{limit_, work_ / static_cast<double>(std::max<TimeMs>(1, now - began_))};
  latency_us_ = samples_ == 0 ? 0 : total_us_ / samples_;
  const bool flat = latency_us_ < kFast_us || latency_us_ <= lowest_us_ + lowest_us_ / 2;
  lowest_us_ += lowest_us_ / 64;  // a sink that became slower for good is taken as it is, in time
  if (flat) {
    set(limit_ + 1, true);
    return;
  }
  if (peace_ > 0) {
    --peace_;
  } else {
    compare(level);
  }
  proven_ = limit_;
  begin_round();
}

// The end of a round whose latency is not flat: what the step before brought, and the next step.
void Concurrency::compare(const Level& level) {
  if (!other_) {
    other_ = level;
    limit_ = limit_ < most_ ? std::min(most_, limit_ + step()) : std::max(1U, limit_ - step());
    return;
  }
  const Level& lower = other_->limit < level.limit ? *other_ : level;
  const Level& higher = other_->limit < level.limit ? level : *other_;
  const double brought = higher.rate / lower.rate - 1;
  const double should = static_cast<double>(higher.limit) / lower.limit - 1;
  const bool pays = brought >= should / 2;
  const bool went_up = level.limit == higher.limit;
  const bool at_end = went_up ? limit_ == most_ : limit_ == 1;
  if (pays != went_up || at_end) {
    // Went down and lost by it, or up in vain: back. Nothing lies beyond the ends.
    if (pays != went_up) limit_ = other_->limit;
    const bool try_lower = went_up && !pays;
    other_ = try_lower ? std::optional<Level>(level) : std::nullopt;
    peace_ = try_lower ? 0 : kPeaceRounds;
    return;
  }
  other_ = level;
  limit_ = went_up ? std::min(most_, limit_ + step()) : std::max(1U, limit_ - step());
}

}  // namespace tidemark::core
