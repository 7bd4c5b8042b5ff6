#include "core/throttle.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

using State = Throttle::State;
using Change = Throttle::Change;

constexpr BackoffLimits kLimits{100, 1'000};

class ThrottleTest : public testing::Test {
 protected:
  // As if `running` jobs were running; the generation of one that starts.
  uint32_t start(uint32_t running, TimeMs now) {
    EXPECT_TRUE(throttle_.may_start(running, now));
    return throttle_.start();
  }
  // It put nothing, and ran alone.
  Change succeed(uint32_t generation) { return throttle_.succeeded(generation, {}, 1, 10'000); }
  void trip(TimeMs now) { EXPECT_EQ(throttle_.failed(start(0, now), 0, now, jitter_), Change::kOpened); }
  // Opens, waits and probes with success: closed at limit 1.
  void recover(TimeMs now) {
    trip(now);
    EXPECT_EQ(succeed(start(0, throttle_.open_until())), Change::kClosed);
  }

  Throttle throttle_{8, kLimits};
  Jitter jitter_{1};
};

TEST_F(ThrottleTest, StartsAsManyAsAllowed) {
  EXPECT_EQ(throttle_.limit(), 8U);
  EXPECT_TRUE(throttle_.may_start(7, 0));
  EXPECT_FALSE(throttle_.may_start(8, 0));
}

TEST_F(ThrottleTest, AFailureOpensForADelay) {
  trip(5'000);
  EXPECT_EQ(throttle_.state(), State::kOpen);
  EXPECT_GT(throttle_.open_until(), 5'000);
  EXPECT_LE(throttle_.open_until(), 5'100);
  EXPECT_FALSE(throttle_.may_start(0, throttle_.open_until() - 1));
  EXPECT_TRUE(throttle_.may_start(0, throttle_.open_until()));
}

TEST_F(ThrottleTest, ProbesWithOneJob) {
  trip(0);
  start(0, throttle_.open_until());
  EXPECT_EQ(throttle_.state(), State::kProbing);
  EXPECT_FALSE(throttle_.may_start(0, kNever - 1));
}

TEST_F(ThrottleTest, TickEndsTheDelay) {
  trip(0);
  throttle_.tick(throttle_.open_until() - 1);
  EXPECT_EQ(throttle_.state(), State::kOpen);
  throttle_.tick(throttle_.open_until());
  EXPECT_EQ(throttle_.state(), State::kProbing);
  EXPECT_TRUE(throttle_.may_start(0, throttle_.open_until()));
}

TEST_F(ThrottleTest, AGoodProbeReopensStepByStep) {
  recover(0);
  EXPECT_EQ(throttle_.state(), State::kClosed);
  for (uint32_t limit = 1; limit < 8; ++limit) {
    EXPECT_EQ(throttle_.limit(), limit);
    succeed(start(0, 10'000));
  }
  succeed(start(0, 10'000));
  EXPECT_EQ(throttle_.limit(), 8U);
}

TEST_F(ThrottleTest, ABadProbeOpensAgainForLonger) {
  trip(0);
  for (int i = 0; i < 10; ++i) {
    const TimeMs now = throttle_.open_until();
    EXPECT_EQ(throttle_.failed(start(0, now), 0, now, jitter_), Change::kNone);
    EXPECT_EQ(throttle_.state(), State::kOpen);
    EXPECT_LE(throttle_.open_until(), now + 1'000);
  }
  EXPECT_EQ(throttle_.level(), 4);
}

TEST_F(ThrottleTest, AProbeThatTellsNothingIsSentAgain) {
  trip(0);
  const TimeMs now = throttle_.open_until();
  throttle_.inconclusive(start(0, now));
  EXPECT_EQ(throttle_.state(), State::kProbing);
  EXPECT_TRUE(throttle_.may_start(0, now));
}

TEST_F(ThrottleTest, ResultsFromBeforeTheFailureSayNothing) {
  const uint32_t old = start(0, 0);
  trip(0);
  EXPECT_EQ(succeed(old), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kOpen);
  const TimeMs until = throttle_.open_until();
  EXPECT_EQ(throttle_.failed(old, 0, until, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.throttled(old, 900, until, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.open_until(), until);
  start(0, until);
  throttle_.inconclusive(old);
  EXPECT_FALSE(throttle_.may_start(0, until)) << "the probe is still out";
}

TEST_F(ThrottleTest, ThrottlingHalvesTheLimitOncePerGeneration) {
  const uint32_t a = start(0, 0);
  const uint32_t b = start(1, 0);
  EXPECT_EQ(throttle_.throttled(a, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.throttled(b, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.limit(), 4U);
  EXPECT_EQ(throttle_.state(), State::kClosed);
}

TEST_F(ThrottleTest, ThrottlingAtLimitOneOpens) {
  for (int i = 0; i < 3; ++i) throttle_.throttled(start(0, 0), 0, 0, jitter_);
  EXPECT_EQ(throttle_.limit(), 1U);
  EXPECT_EQ(throttle_.throttled(start(0, 0), 0, 0, jitter_), Change::kOpened);
  EXPECT_EQ(throttle_.state(), State::kOpen);
}

TEST_F(ThrottleTest, ThrottlingAProbeOpensAgain) {
  trip(0);
  const TimeMs now = throttle_.open_until();
  EXPECT_EQ(throttle_.throttled(start(0, now), 0, now, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kOpen);
}

TEST_F(ThrottleTest, HintsAreFollowedUpToTheLongestDelay) {
  EXPECT_EQ(throttle_.throttled(start(0, 0), 700, 0, jitter_), Change::kOpened);
  EXPECT_EQ(throttle_.open_until(), 700);
  throttle_.reset();
  throttle_.failed(start(0, 0), 4'000'000'000, 0, jitter_);
  EXPECT_EQ(throttle_.open_until(), 1'000);
}

TEST_F(ThrottleTest, ANewSinkIsTrusted) {
  const uint32_t old = start(0, 0);
  trip(0);
  throttle_.reset();
  EXPECT_EQ(throttle_.state(), State::kClosed);
  EXPECT_EQ(throttle_.limit(), 8U);
  EXPECT_EQ(throttle_.level(), 0);
  EXPECT_EQ(throttle_.failed(old, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kClosed);
}

TEST_F(ThrottleTest, SuccessHalvesTheNextDelay) {
  recover(0);
  EXPECT_EQ(throttle_.level(), 0);
  trip(0);
  const TimeMs now = throttle_.open_until();
  throttle_.failed(start(0, now), 0, now, jitter_);
  EXPECT_EQ(throttle_.level(), 2);
  succeed(start(0, throttle_.open_until()));
  EXPECT_EQ(throttle_.level(), 1);
}

}  // namespace
}  // namespace tidemark::core
