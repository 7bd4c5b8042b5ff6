#include "core/found_archives.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidemark::core {
namespace {

TEST(FoundArchives, NothingFoundHoldsNothing) {
  const FoundArchives found({}, 1, 9, 9);
  EXPECT_FALSE(found.holding(5));
  EXPECT_EQ(found.next_held_after(0), kNoLsn);
  EXPECT_EQ(found.through(), 9U);
  EXPECT_EQ(found.until(), 9U);
}

TEST(FoundArchives, GivesSinglesOneByOne) {
  const std::vector<Found> archives{{3, 3}, {4, 4}, {5, 5}, {8, 8}};
  const FoundArchives found(archives, 1, 10, 10);
  EXPECT_FALSE(found.holding(2));
  for (const Lsn lsn : {3, 4, 5, 8}) EXPECT_EQ(found.holding(lsn), (Range{lsn, lsn}));
  EXPECT_FALSE(found.holding(6));
  EXPECT_FALSE(found.holding(9));
}

TEST(FoundArchives, KnowsWithWhatAnEpochBegan) {
  const std::vector<Found> archives = {{{5, 5}, {5, 5}, 2, Coding::kNone, 4},
                                       {{6, 6}, {6, 6}, 2, Coding::kNone, 4},
                                       {{7, 7}, {7, 7}, 2, Coding::kNone, 3}};
  const FoundArchives found(archives, 5, kEveryLsn, 9);
  for (const Found& one : archives) EXPECT_EQ(found.holding(one.name.first), one);
}

TEST(FoundArchives, GivesABatchAsAWhole) {
  const std::vector<Found> archives{{1, 1}, {2, 6}, {7, 7}};
  const FoundArchives found(archives, 1, 10, 10);
  EXPECT_EQ(found.holding(1), (Range{1, 1}));
  for (Lsn lsn = 2; lsn <= 6; ++lsn) EXPECT_EQ(found.holding(lsn), (Range{2, 6}));
  EXPECT_EQ(found.holding(7), (Range{7, 7}));
}

TEST(FoundArchives, PrefersTheOneThatReachesFurthest) {
  const std::vector<Found> archives{{4, 4}, {3, 6}, {4, 9}};
  const FoundArchives found(archives, 1, 10, 10);
  EXPECT_EQ(found.holding(3), (Range{3, 6}));
  EXPECT_EQ(found.holding(4), (Range{4, 9}));
  EXPECT_EQ(found.holding(7), (Range{4, 9}));
}

// The host may not have all of one that begins before.
TEST(FoundArchives, OfThoseThatReachAsFarPrefersTheOneThatBeginsLast) {
  const std::vector<Found> both = {{2, 6}, {3, 6}};
  const std::vector<Found> reversed = {{3, 6}, {2, 6}};
  for (const auto& there : {both, reversed}) {
    const FoundArchives found(there, 3, kEveryLsn, 9);
    EXPECT_EQ(found.holding(3)->name, (Range{3, 6}));
    EXPECT_EQ(found.from(), 3U);
  }
}

TEST(FoundArchives, FindsTheNextHeld) {
  const std::vector<Found> archives{{3, 3}, {4, 4}, {8, 12}};
  const FoundArchives found(archives, 1, 20, 20);
  EXPECT_EQ(found.next_held_after(0), 3U);
  EXPECT_EQ(found.next_held_after(3), 4U);
  EXPECT_EQ(found.next_held_after(4), 8U);
  EXPECT_EQ(found.next_held_after(9), 10U);
  EXPECT_EQ(found.next_held_after(12), kNoLsn);
}

TEST(FoundArchives, FindsTheNextHeldBelowAnOverlap) {
  const std::vector<Found> archives{{6, 6}, {2, 9}};
  EXPECT_EQ(FoundArchives(archives, 1, 20, 20).next_held_after(0), 2U);
}

TEST(FoundArchives, LongRunsOfSinglesCostOneRun) {
  std::vector<Found> archives;
  for (Lsn lsn = 1; lsn <= 100'000; ++lsn) archives.push_back({lsn, lsn});
  const FoundArchives found(archives, 1, 100'000, 100'000);
  EXPECT_EQ(found.through(), 100'000U);
  EXPECT_EQ(found.holding(77'777), (Range{77'777, 77'777}));
}

TEST(FoundArchives, WhatDoesNotFitIsNotKnown) {
  std::vector<Found> archives;
  for (Lsn lsn = 2; lsn <= 400; lsn += 2) archives.push_back({lsn, lsn});
  const FoundArchives found(archives, 1, 400, 400);
  constexpr Lsn kLast = 2 * FoundArchives::kMaxSpans;
  EXPECT_EQ(found.through(), kLast);  // what comes after the hole is not known
  EXPECT_EQ(found.until(), 400U);
  EXPECT_TRUE(found.holding(kLast));
  EXPECT_FALSE(found.holding(kLast + 2));
  EXPECT_EQ(found.next_held_after(kLast), kNoLsn);
}

TEST(FoundArchives, AsManyRunsAsFitAreAllKnown) {
  std::vector<Found> archives;
  for (Lsn lsn = 2; lsn <= 2 * FoundArchives::kMaxSpans; lsn += 2) archives.push_back({lsn, lsn});
  EXPECT_EQ(FoundArchives(archives, 1, 400, 400).through(), 400U);
}

TEST(FoundArchives, TheLastRunMayStillGrowWhenTheOthersAreFull) {
  std::vector<Found> archives;
  for (Lsn lsn = 2; lsn <= 2 * FoundArchives::kMaxSpans; lsn += 2) archives.push_back({lsn, lsn});
  archives.emplace_back(archives.back().name.last + 1, archives.back().name.last + 1);
  const FoundArchives found(archives, 1, 400, 400);
  EXPECT_EQ(found.through(), 400U);
  EXPECT_TRUE(found.holding(archives.back().name.last));
}

TEST(FoundArchives, ACutAnswerStaysCut) {
  const std::vector<Found> archives{{3, 3}, {5, 5}};
  const FoundArchives found(archives, 1, 5, 40);
  EXPECT_EQ(found.through(), 5U);
  EXPECT_EQ(found.until(), 40U);
}

}  // namespace
}  // namespace tidemark::core
