#include "runtime/read_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tidemark::runtime {
namespace {

constexpr uint64_t kRate = 1'000'000;

TEST(ReadPace, WithoutALimitNobodyWaits) {
  ReadPace pace(0);
  for (core::TimeMs now = 0; now < 10; ++now) {
    EXPECT_EQ(pace.ask(now), 0U);
    pace.pay(UINT64_MAX, now);
  }
}

TEST(ReadPace, ASecondsWorthIsReadAtOnce) {
  ReadPace pace(kRate);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(pace.ask(1000), 0U);
    pace.pay(kRate / 10, 1000);
  }
  EXPECT_GT(pace.ask(1000), 0U);
}

TEST(ReadPace, ALargeArchiveIsPaidForAfterwards) {
  ReadPace pace(kRate);
  ASSERT_EQ(pace.ask(1000), 0U);
  pace.pay(11 * kRate, 1000);
  EXPECT_NEAR(pace.ask(1000), 10'000, 2);
  EXPECT_GT(pace.ask(10'999), 0U);
  EXPECT_EQ(pace.ask(11'002), 0U);
}

// A thousand partitions are sent away at once: each gets a turn of its own, and all are read at the rate.
TEST(ReadPace, TurnsAreTakenOneAfterTheOther) {
  constexpr uint64_t kArchive = kRate / 20;
  ReadPace pace(kRate);
  core::TimeMs now = 1000;
  while (pace.ask(now) == 0) pace.pay(kArchive, now);
  std::multiset<core::TimeMs> due;
  for (int i = 0; i < 1000; ++i) due.insert(now + pace.ask(now));
  int asked = 0;
  for (int reads = 0; reads < 1000; ++asked) {
    now = *due.begin();
    due.erase(due.begin());
    if (const uint32_t wait_ms = pace.ask(now); wait_ms > 0) {
      due.insert(now + wait_ms);
    } else {
      pace.pay(kArchive, now);
      ++reads;
    }
  }
  EXPECT_LT(asked, 2500) << "they keep asking";
  EXPECT_GE(now - 1000, 1000 * 1000 / 20 - 1000);
  EXPECT_LE(now - 1000, 2 * 1000 * 1000 / 20) << "the rate is not used";
}

TEST(ReadPace, NobodyIsSentAwayForLongerThanTheLongest) {
  ReadPace pace(1);
  ASSERT_EQ(pace.ask(0), 0U);
  pace.pay(uint64_t{1} << 40, 0);
  for (int i = 0; i < 100; ++i) EXPECT_LE(pace.ask(0), ReadPace::kLongestMs);
  EXPECT_GT(pace.ask(0), 0U);
}

}  // namespace
}  // namespace tidemark::runtime
