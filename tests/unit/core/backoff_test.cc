#include "core/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace tidemark::core {
namespace {

constexpr uint32_t kMax32 = std::numeric_limits<uint32_t>::max();

struct Span {
  uint32_t least = kMax32;
  uint32_t most = 0;
};

// The delays that many partitions draw after failing `failures` times in a row before.
Span delays_after(uint32_t failures, const BackoffLimits& limits) {
  Jitter jitter(7);
  Span span;
  for (int i = 0; i < 20'000; ++i) {
    Backoff backoff;
    for (uint32_t k = 0; k < failures; ++k) backoff.fail(limits, jitter);
    const uint32_t delay_ms = backoff.fail(limits, jitter);
    span = {std::min(span.least, delay_ms), std::max(span.most, delay_ms)};
  }
  return span;
}

TEST(Jitter, StaysWithinItsBoundsAndReachesThem) {
  Jitter jitter(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t value = jitter.between(3, 6);
    ASSERT_GE(value, 3U);
    ASSERT_LE(value, 6U);
    low |= value == 3;
    high |= value == 6;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(jitter.between(9, 9), 9U);
}

TEST(Jitter, TakesTheWholeRange) {
  Jitter jitter(1);
  EXPECT_NE(jitter.between(0, std::numeric_limits<uint64_t>::max()),
            jitter.between(0, std::numeric_limits<uint64_t>::max()));
}

TEST(Jitter, IsTheSameForTheSameSeed) {
  Jitter a(42), b(42), c(43);
  const uint64_t first = a.between(0, 1'000'000'000);
  EXPECT_EQ(first, b.between(0, 1'000'000'000));
  EXPECT_NE(first, c.between(0, 1'000'000'000));
}

TEST(Backoff, UsesFullJitter) {
  const Span first = delays_after(0, {1'000, 60'000});
  EXPECT_GE(first.least, 1U);
  EXPECT_LT(first.least, 50U);
  EXPECT_GT(first.most, 950U);
  EXPECT_LE(first.most, 1'000U);
}

TEST(Backoff, DoublesUpToTheLongestDelay) {
  const BackoffLimits limits{1'000, 5'000};
  for (const auto& [failures, ceiling_ms] :
       {std::pair{1U, 2'000U}, {2U, 4'000U}, {3U, 5'000U}, {50U, 5'000U}}) {
    const Span span = delays_after(failures, limits);
    EXPECT_LE(span.most, ceiling_ms) << failures;
    EXPECT_GT(span.most, ceiling_ms - ceiling_ms / 20) << failures;
    EXPECT_LT(span.least, ceiling_ms / 20) << failures;
  }
}

TEST(Backoff, SuccessHalvesAndNeverGoesBelowTheShortest) {
  Jitter jitter(1);
  Backoff backoff;
  const BackoffLimits limits{1'000, 300'000};
  for (int i = 0; i < 3; ++i) backoff.fail(limits, jitter);
  EXPECT_EQ(backoff.level(), 3);
  backoff.succeed();
  EXPECT_EQ(backoff.level(), 2);
  for (int i = 0; i < 5; ++i) backoff.succeed();
  EXPECT_EQ(backoff.level(), 0);
}

TEST(Backoff, FailingOnAtTheLongestDelayAddsNothingToUndo) {
  Jitter jitter(1);
  Backoff backoff;
  const BackoffLimits limits{5'000, 300'000};
  for (int i = 0; i < 1'000; ++i) backoff.fail(limits, jitter);
  EXPECT_EQ(backoff.level(), 6);  // 5 s << 6 = 320 s
}

TEST(Backoff, LongestIsWithinTheUpperHalf) {
  Jitter jitter(1);
  Span span;
  for (int i = 0; i < 20'000; ++i) {
    Backoff backoff;
    const uint32_t delay_ms = backoff.fail_longest({1'000, 60'001}, jitter);
    span = {std::min(span.least, delay_ms), std::max(span.most, delay_ms)};
    ASSERT_EQ(backoff.level(), 6);
  }
  EXPECT_GE(span.least, 30'001U);
  EXPECT_LT(span.least, 30'500U);
  EXPECT_LE(span.most, 60'001U);
  EXPECT_GT(span.most, 59'500U);
}

TEST(Backoff, NeverReturnsZero) {
  Jitter jitter(1);
  Backoff backoff;
  EXPECT_EQ(backoff.fail({0, 0}, jitter), 1U);
  EXPECT_EQ(backoff.fail_longest({0, 0}, jitter), 1U);
  EXPECT_EQ(backoff.fail({1, 1}, jitter), 1U);
}

TEST(Backoff, TheWidestLimitsDoNotOverflow) {
  Jitter jitter(1);
  Backoff backoff;
  for (int i = 0; i < 300; ++i) ASSERT_GE(backoff.fail({1, kMax32}, jitter), 1U);
  EXPECT_EQ(backoff.level(), 32);
  ASSERT_GE(backoff.fail_longest({kMax32, kMax32}, jitter), kMax32 / 2);
}

}  // namespace
}  // namespace tidemark::core
