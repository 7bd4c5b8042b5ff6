// A token bucket of bytes: how fast jobs may start, or a reader may continue, when a link is shared.
//
// The bucket holds what a second allows. A job starts while it is not empty, takes what the last jobs took on
// average, and settles the difference when it ends; so a job larger than the bucket leaves a debt that all
// wait for, and in the long run the rate is kept whatever the sizes are.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_COMMON_BASE_RATE_LIMIT_H
#define TIDEMARK_COMMON_BASE_RATE_LIMIT_H

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tidemark {

class RateLimit {
 public:
  using TimeMs = int64_t;  // a monotonic clock; only differences mean anything
  static constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();
  static constexpr uint64_t kMostBytes = uint64_t{1} << 40;  // per second; and of one job, what is counted

  // 0: no limit.
  explicit RateLimit(uint64_t bytes_per_second)
      : rate_(static_cast<int64_t>(bytes_per_second)), level_(1000 * rate_), expected_(bytes_per_second) {}

  bool may_start(TimeMs now) const { return rate_ == 0 || level(now) > 0; }
  // A job starts: the bytes it is expected to move, to be given to finished().
  uint64_t start(TimeMs now);
  void finished(uint64_t expected_bytes, uint64_t bytes, TimeMs now);

  // The bucket refills; call when ready_at() has come.
  void tick(TimeMs now) { refill(now); }
  // If the bucket is empty: when it will no longer be. Else kNever.
  TimeMs ready_at() const {
    return rate_ == 0 || level_ > 0 ? kNever : at_ + static_cast<TimeMs>(-level_ / rate_ + 1);
  }
  // What has to be waited for before the next job, in bytes.
  uint64_t debt_bytes(TimeMs now) const {
    return rate_ == 0 ? 0 : static_cast<uint64_t>(std::max<int64_t>(0, -level(now)) / 1000);
  }

 private:
  int64_t level(TimeMs now) const;
  void refill(TimeMs now);

  int64_t rate_;       // bytes a second, or thousandths of a byte a millisecond
  int64_t level_;      // thousandths of a byte in the bucket at at_; negative: a debt
  uint64_t expected_;  // bytes of a job, an average of the last ones; a whole bucket until one is known
  TimeMs at_ = 0;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_RATE_LIMIT_H
