#include "core/backoff.h"

#include <algorithm>

namespace tidemark::core {
namespace {

uint64_t ceiling_ms(const BackoffLimits& limits, uint8_t level) {
  const uint64_t doubled = level >= 32 ? limits.max_ms : uint64_t{limits.min_ms} << level;
  return std::max<uint64_t>(1, std::min<uint64_t>(doubled, limits.max_ms));
}

// The lowest level whose ceiling is the longest delay: failing on adds nothing to undo later.
uint8_t longest_level(const BackoffLimits& limits) {
  uint8_t level = 0;
  while (level < 32 && (uint64_t{std::max(1U, limits.min_ms)} << level) < limits.max_ms) ++level;
  return level;
}

}  // namespace

uint64_t Jitter::between(uint64_t low, uint64_t high) {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  z ^= z >> 31;
  const uint64_t span = high - low + 1;
  return span == 0 ? z : low + z % span;
}

uint32_t Backoff::fail(const BackoffLimits& limits, Jitter& jitter) {
  const uint64_t delay_ms = jitter.between(1, ceiling_ms(limits, level_));
  if (level_ < longest_level(limits)) ++level_;
  return static_cast<uint32_t>(delay_ms);
}

uint32_t Backoff::fail_longest(const BackoffLimits& limits, Jitter& jitter) {
  level_ = longest_level(limits);
  const uint64_t max_ms = std::max(1U, limits.max_ms);
  return static_cast<uint32_t>(jitter.between((max_ms + 1) / 2, max_ms));
}

}  // namespace tidemark::core
