// How long to wait after a failure: doubling from `min` to `max` with full jitter, halved per success.
//
// Pure: the random numbers come from a seeded generator. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_BACKOFF_H
#define TIDEMARK_CORE_BACKOFF_H

#include <cstdint>

#include "core/types.h"

namespace tidemark::core {

struct BackoffLimits {
  uint32_t min_ms = 5'000;
  uint32_t max_ms = 300'000;
};

// splitmix64: small, seeded, good enough for jitter.
class Jitter {
 public:
  explicit Jitter(uint64_t seed) : state_(seed) {}
  uint64_t between(uint64_t low, uint64_t high);  // inclusive; low <= high

 private:
  uint64_t state_;
};

// One counter of doublings; a byte, so that every partition can have its own.
class Backoff {
 public:
  // The delay before the next try; the one after will be up to twice as long. At least 1 ms.
  uint32_t fail(const BackoffLimits& limits, Jitter& jitter);
  // Straight to the longest delay: max_ms, less up to half of it so that many do not return together.
  uint32_t fail_longest(const BackoffLimits& limits, Jitter& jitter);
  void succeed() { level_ -= level_ > 0; }
  uint8_t level() const { return level_; }

 private:
  uint8_t level_ = 0;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_BACKOFF_H
