#include "core/throttle.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

using State = Throttle::State;
using Change = Throttle::Change;
using Use = Throttle::Use;

constexpr BackoffLimits kLimits{100, 1'000};

class ThrottleTest : public testing::Test {
 protected:
  // As if `running` jobs were running; the generation of one that starts.
  uint32_t start(uint32_t running, TimeMs now) {
    EXPECT_TRUE(throttle_.may_start(running, now));
    return throttle_.start();
  }
  void trip(TimeMs now) {
    EXPECT_EQ(throttle_.failed(start(0, now), Use::kWrites, 0, now, jitter_), Change::kOpened);
  }
  void succeed(uint32_t generation, uint32_t running, uint64_t put_us = 1, TimeMs now = 0) {
    throttle_.succeeded(generation, {put_us, 1'000}, running, now);
  }
  // One round with all of the limit in use.
  void round(uint64_t put_us, TimeMs now = 0) {
    const uint32_t limit = throttle_.limit();
    for (uint32_t i = std::max(limit, Throttle::kRoundJobs); i > 0; --i) {
      EXPECT_EQ(throttle_.limit(), limit);
      succeed(start(limit - 1, now), limit, put_us, now);
    }
  }
  void grow_to_all(uint64_t put_us = 1) {
    while (throttle_.limit() < 8) {
      const uint32_t before = throttle_.limit();
      round(put_us);
      ASSERT_EQ(throttle_.limit(), std::min(8U, before + std::max(1U, before / 2)));
    }
  }
  // Opens, waits and probes with success: closed at limit 1.
  void recover(TimeMs now) {
    trip(now);
    EXPECT_EQ(throttle_.succeeded(start(0, throttle_.open_until()), {}, 1, 0), Change::kClosed);
  }

  Throttle throttle_{8, kLimits};
  Jitter jitter_{1};
};

TEST_F(ThrottleTest, BeginsWithFewAndGrowsWhileAllAreInUse) {
  EXPECT_EQ(throttle_.limit(), 4U);
  EXPECT_TRUE(throttle_.may_start(3, 0));
  EXPECT_FALSE(throttle_.may_start(4, 0));
  for (int i = 0; i < 100; ++i) succeed(start(2, 0), 3);
  EXPECT_EQ(throttle_.limit(), 4U) << "three at once say nothing about five";
  grow_to_all();
  round(1);
  EXPECT_EQ(throttle_.limit(), 8U) << "there are no more workers";
  EXPECT_EQ(Throttle(2, kLimits).limit(), 2U);
}

// As quick as ever at 20 ms; somewhat slower at 30; slow at 60.
TEST_F(ThrottleTest, GrowsByOneWhenArchivesBecomeSlower) {
  grow_to_all(20'000);
  throttle_.throttled(start(0, 0), Use::kWrites, 0, 0, jitter_);
  throttle_.throttled(start(0, 0), Use::kWrites, 0, 0, jitter_);
  EXPECT_EQ(throttle_.limit(), 2U);
  round(30'000);
  EXPECT_EQ(throttle_.limit(), 3U);
  round(30'000);
  EXPECT_EQ(throttle_.limit(), 4U);
  EXPECT_EQ(throttle_.latency_ratio(), 1.5);
}

TEST_F(ThrottleTest, StaysWhenArchivesAreSlowAndTriesAQuarterOnceInAWhile) {
  grow_to_all(20'000);
  round(60'000);
  EXPECT_EQ(throttle_.limit(), 2U) << "the first trial";

  const uint32_t old = start(0, 0);
  grow_to_all(20'000);
  const TimeMs before = Throttle::kTrialMs - 1;
  for (int i = 0; i < 10; ++i) round(60'000, before);
  EXPECT_EQ(throttle_.limit(), 8U);
  round(60'000, before + 1);
  EXPECT_EQ(throttle_.limit(), 2U);
  for (int i = 0; i < 10; ++i) succeed(old, 8, 1, before + 1);
  EXPECT_EQ(throttle_.limit(), 2U) << "what began before the trial says nothing";
}

TEST_F(ThrottleTest, ComparesArchivesOfOneSize) {
  grow_to_all(20'000);
  for (int i = 0; i < 4; ++i) {
    throttle_.succeeded(start(7, 0), {20'000, 1'000}, 8, 0);
    throttle_.succeeded(start(7, 0), {9'000'000, 64 << 20}, 8, 0);
  }
  EXPECT_EQ(throttle_.latency_ratio(), 1);
}

TEST_F(ThrottleTest, WhatPutNothingSaysNothingOfLatency) {
  grow_to_all(20'000);
  for (int i = 0; i < 10; ++i) round(0);
  EXPECT_EQ(throttle_.latency_ratio(), 1);
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
  grow_to_all();
  recover(0);
  EXPECT_EQ(throttle_.state(), State::kClosed);
  for (uint32_t limit = 1; limit < 4; ++limit) {
    EXPECT_EQ(throttle_.limit(), limit);
    succeed(start(limit - 1, 10'000), limit);
  }
  grow_to_all();
}

TEST_F(ThrottleTest, ABadProbeOpensAgainForLonger) {
  trip(0);
  for (int i = 0; i < 10; ++i) {
    const TimeMs now = throttle_.open_until();
    EXPECT_EQ(throttle_.failed(start(0, now), Use::kWrites, 0, now, jitter_), Change::kNone);
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

// A full disk can still be listed.
TEST_F(ThrottleTest, WhatFailedToWriteIsDisprovedByWhatWrites) {
  trip(0);
  const TimeMs now = throttle_.open_until();
  for (int i = 0; i < 3; ++i) {
    const uint32_t probe = start(0, now);
    EXPECT_FALSE(throttle_.counts(Use::kReads, probe));
    EXPECT_TRUE(throttle_.counts(Use::kWrites, probe));
    EXPECT_EQ(throttle_.succeeded(probe, {0, 0, Use::kReads}, 1, now), Change::kNone);
    EXPECT_EQ(throttle_.state(), State::kProbing);
    EXPECT_TRUE(throttle_.may_start(0, now)) << "the next one probes";
  }
  EXPECT_EQ(throttle_.failed(start(0, now), Use::kReads, 0, now, jitter_), Change::kNone);
  const TimeMs later = throttle_.open_until();
  EXPECT_EQ(throttle_.level(), 2) << "what reads well is not the end of an outage";
  EXPECT_EQ(throttle_.succeeded(start(0, later), {0, 0, Use::kReads}, 1, later), Change::kNone);
  EXPECT_EQ(throttle_.succeeded(start(0, later), {1, 1, Use::kWrites}, 1, later), Change::kClosed);
  EXPECT_TRUE(throttle_.counts(Use::kReads));
}

TEST_F(ThrottleTest, WhatFailedToReadIsDisprovedByEither) {
  for (const Use use : {Use::kReads, Use::kWrites}) {
    const TimeMs before = throttle_.open_until();
    EXPECT_EQ(throttle_.failed(start(0, before), Use::kReads, 0, before, jitter_), Change::kOpened);
    const TimeMs now = throttle_.open_until();
    EXPECT_EQ(throttle_.succeeded(start(0, now), {0, 0, use}, 1, now), Change::kClosed);
  }
}

TEST_F(ThrottleTest, ResultsFromBeforeTheFailureSayNothing) {
  const uint32_t old = start(0, 0);
  trip(0);
  EXPECT_EQ(throttle_.succeeded(old, {}, 1, 0), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kOpen);
  const TimeMs until = throttle_.open_until();
  EXPECT_EQ(throttle_.failed(old, Use::kWrites, 0, until, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.throttled(old, Use::kWrites, 900, until, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.open_until(), until);
  start(0, until);
  throttle_.inconclusive(old);
  EXPECT_FALSE(throttle_.may_start(0, until)) << "the probe is still out";
}

TEST_F(ThrottleTest, ThrottlingHalvesTheLimitOncePerGeneration) {
  grow_to_all();
  const uint32_t a = start(0, 0);
  const uint32_t b = start(1, 0);
  EXPECT_EQ(throttle_.throttled(a, Use::kWrites, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.throttled(b, Use::kWrites, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.limit(), 4U);
  EXPECT_EQ(throttle_.state(), State::kClosed);
}

TEST_F(ThrottleTest, ThrottlingAtLimitOneOpens) {
  for (int i = 0; i < 2; ++i) throttle_.throttled(start(0, 0), Use::kWrites, 0, 0, jitter_);
  EXPECT_EQ(throttle_.limit(), 1U);
  EXPECT_EQ(throttle_.throttled(start(0, 0), Use::kWrites, 0, 0, jitter_), Change::kOpened);
  EXPECT_EQ(throttle_.state(), State::kOpen);
}

TEST_F(ThrottleTest, ThrottlingAProbeOpensAgain) {
  trip(0);
  const TimeMs now = throttle_.open_until();
  EXPECT_EQ(throttle_.throttled(start(0, now), Use::kWrites, 0, now, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kOpen);
}

TEST_F(ThrottleTest, HintsAreFollowedUpToTheLongestDelay) {
  EXPECT_EQ(throttle_.throttled(start(0, 0), Use::kWrites, 700, 0, jitter_), Change::kOpened);
  EXPECT_EQ(throttle_.open_until(), 700);
  throttle_.reset();
  throttle_.failed(start(0, 0), Use::kWrites, 4'000'000'000, 0, jitter_);
  EXPECT_EQ(throttle_.open_until(), 1'000);
}

TEST_F(ThrottleTest, ANewSinkIsTrusted) {
  const uint32_t old = start(0, 0);
  trip(0);
  throttle_.reset();
  EXPECT_EQ(throttle_.state(), State::kClosed);
  EXPECT_EQ(throttle_.limit(), Throttle::kFirstJobs);
  EXPECT_EQ(throttle_.level(), 0);
  EXPECT_EQ(throttle_.failed(old, Use::kWrites, 0, 0, jitter_), Change::kNone);
  EXPECT_EQ(throttle_.state(), State::kClosed);
}

TEST_F(ThrottleTest, SuccessHalvesTheNextDelay) {
  recover(0);
  EXPECT_EQ(throttle_.level(), 0);
  trip(0);
  const TimeMs now = throttle_.open_until();
  throttle_.failed(start(0, now), Use::kWrites, 0, now, jitter_);
  EXPECT_EQ(throttle_.level(), 2);
  succeed(start(0, throttle_.open_until()), 1);
  EXPECT_EQ(throttle_.level(), 1);
}

}  // namespace
}  // namespace tidemark::core
