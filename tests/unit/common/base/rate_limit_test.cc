#include "base/rate_limit.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

using TimeMs = RateLimit::TimeMs;
constexpr TimeMs kNever = RateLimit::kNever;

// A job that begins now and moves that much at once.
void move(RateLimit& rate, uint64_t bytes, TimeMs now) { rate.finished(rate.start(now), bytes, now); }

TEST(RateLimit, ZeroIsNoLimit) {
  RateLimit rate(0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(rate.may_start(0));
    EXPECT_EQ(rate.start(0), 0U);
    rate.finished(0, RateLimit::kMostBytes, 0);
  }
  EXPECT_EQ(rate.ready_at(), kNever);
  EXPECT_EQ(rate.debt_bytes(0), 0U);
}

TEST(RateLimit, ASecondsWorthMayGoAtOnce) {
  RateLimit rate(1'000);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(rate.may_start(0)) << i;
    move(rate, 100, 0);
  }
  EXPECT_FALSE(rate.may_start(0));
  EXPECT_EQ(rate.ready_at(), 1);
  EXPECT_TRUE(rate.may_start(1));
}

TEST(RateLimit, ALargeJobLeavesADebtThatAllWaitFor) {
  RateLimit rate(1'000);
  move(rate, 5'000, 0);
  EXPECT_EQ(rate.debt_bytes(0), 4'000U);
  EXPECT_EQ(rate.debt_bytes(1'500), 2'500U);
  EXPECT_FALSE(rate.may_start(4'000));
  EXPECT_TRUE(rate.may_start(4'001));
  EXPECT_EQ(rate.ready_at(), 4'001);
  rate.tick(4'001);
  EXPECT_EQ(rate.ready_at(), kNever);
}

TEST(RateLimit, IdleTimeIsSavedUpToASecondOnly) {
  RateLimit rate(1'000);
  move(rate, 1'000, 0);
  rate.tick(1'000'000);
  move(rate, 1'000, 1'000'000);
  EXPECT_FALSE(rate.may_start(1'000'000));
}

TEST(RateLimit, TheFirstJobTakesAllUntilItsSizeIsKnown) {
  RateLimit rate(1'000);
  const uint64_t expected = rate.start(0);
  EXPECT_EQ(expected, 1'000U);
  EXPECT_FALSE(rate.may_start(0));
  rate.finished(expected, 10, 0);
  EXPECT_TRUE(rate.may_start(0));
}

TEST(RateLimit, WhatJobsTakeIsLearned) {
  RateLimit rate(100'000);
  TimeMs now = 0;
  for (int i = 0; i < 60; ++i) move(rate, 400, now += 100);
  const uint64_t expected = rate.start(now);
  EXPECT_GE(expected, 300U);
  EXPECT_LE(expected, 410U);
  // So many may begin together as the bucket holds.
  int begun = 1;
  for (; rate.may_start(now); ++begun) rate.start(now);
  EXPECT_GE(begun, 240);
  EXPECT_LE(begun, 340);
}

TEST(RateLimit, InTheLongRunItIsKept) {
  RateLimit rate(1'000);
  TimeMs now = 0;
  uint64_t moved = 0;
  for (const uint64_t bytes : {1U, 30'000U, 0U, 777U, 2U, 5'000U, 999U, 40'000U}) {
    if (!rate.may_start(now)) now = rate.ready_at();
    rate.tick(now);
    ASSERT_TRUE(rate.may_start(now));
    move(rate, bytes, now);
    moved += bytes;
  }
  now = rate.ready_at();
  EXPECT_LE(moved, 1'000U + static_cast<uint64_t>(now));
  EXPECT_GE(moved + 1, static_cast<uint64_t>(now));
}

TEST(RateLimit, AClockThatStandsStillOrLagsRefillsNothing) {
  RateLimit rate(1'000);
  move(rate, 2'000, 5'000);
  EXPECT_FALSE(rate.may_start(4'000));
  rate.tick(0);
  EXPECT_EQ(rate.ready_at(), 6'001);
}

TEST(RateLimit, TheLargestNumbersDoNotOverflow) {
  RateLimit rate(RateLimit::kMostBytes);
  uint64_t expected = 0;
  for (int i = 0; i < 256; ++i) expected = rate.start(0);
  for (int i = 0; i < 256; ++i) rate.finished(expected, ~uint64_t{0}, 0);
  EXPECT_FALSE(rate.may_start(0));
  EXPECT_EQ(rate.debt_bytes(0), 255 * RateLimit::kMostBytes);
  EXPECT_EQ(rate.ready_at(), 255'001);
  EXPECT_TRUE(rate.may_start(kNever - 1));
  rate.tick(kNever - 1);
  EXPECT_TRUE(rate.may_start(kNever - 1));
}

}  // namespace
}  // namespace tidemark
