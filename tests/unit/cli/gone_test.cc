#include "gone.h"

#include <gtest/gtest.h>

#include <map>

namespace tidemark::cli {
namespace {

Checked checked(uint64_t first, uint64_t last, uint64_t epoch, uint64_t begun = kNoLsn) {
  Checked object;
  object.kind = TIDEMARK_STORED_ARCHIVE;
  object.first = first;
  object.last = last;
  object.epoch = epoch;
  object.begun = begun;
  object.checked_us = 1;
  return object;
}

// Epochs 4 and 5 both continue 1.
HistoryEnd history(uint64_t epoch, uint64_t last) {
  std::string problem;
  return {epoch, *Chain::of(epoch, {{1, 0}, {4, 1}, {5, 1}}, &problem), last};
}

// What is told of a loss: "first-through", of which history, and what is read instead.
std::vector<std::string> told(const CheckedObjects& lost, const CheckedObjects& there,
                              const std::vector<HistoryEnd>& histories, uint64_t pruned_through = 0) {
  std::vector<std::string> told;
  for (const Gone& gone : find_gone("main/1", lost, there, histories, pruned_through).gone) {
    EXPECT_EQ(gone.storage, "main");
    EXPECT_EQ(gone.partition, 1U);
    told.push_back(std::to_string(gone.first) + "-" + std::to_string(gone.through) + " of " +
                   std::to_string(gone.history) + ", instead " + std::to_string(gone.read_instead));
  }
  return told;
}

using Told = std::vector<std::string>;

TEST(GoneTest, AHistoryEndsWhereItEndsAndNotWhereAnotherDoes) {
  const CheckedObjects there = {checked(1, 60, 1), checked(61, 70, 5), checked(61, 75, 4)};
  EXPECT_EQ(told({checked(71, 80, 5)}, there, {history(5, 70), history(4, 75)}),
            Told{"71-80 of 5, instead 0"});
  EXPECT_EQ(told({checked(71, 74, 5)}, there, {history(5, 70), history(4, 75)}),
            Told{"71-74 of 5, instead 0"})
      << "also if the other goes further";
}

TEST(GoneTest, WhatIsOfAnotherHistoryIsNotReadInstead) {
  const CheckedObjects there = {checked(1, 60, 1), checked(61, 75, 4)};
  EXPECT_EQ(told({checked(61, 80, 5)}, there, {history(5, 60), history(4, 75)}),
            Told{"61-80 of 5, instead 0"});
}

TEST(GoneTest, WhatIsReadInsteadIsOnlyAsMuchAsThereIs) {
  const CheckedObjects there = {checked(1, 65, 1), checked(61, 75, 4)};
  EXPECT_EQ(told({checked(61, 80, 5)}, there, {history(5, 65), history(4, 75)}),
            (Told{"61-65 of 5, instead 1", "66-80 of 5, instead 0"}));
}

TEST(GoneTest, WhatHistoriesHaveInCommonIsToldOnce) {
  EXPECT_EQ(told({checked(51, 60, 1)}, {checked(1, 50, 1)}, {history(5, 50), history(4, 50)}),
            Told{"51-60 of 5, instead 0"});
  EXPECT_EQ(told({checked(51, 60, 1)}, {checked(1, 50, 1)}, {history(5, 50)}), Told{"51-60 of 0, instead 0"})
      << "there is but one";
}

// A history that was set back: the new epoch begins before what is lost.
TEST(GoneTest, WhatNoHistoryCountedIsMissedOnlyAfterAll) {
  const CheckedObjects there = {checked(1, 50, 1), checked(51, 55, 5)};
  EXPECT_EQ(told({checked(51, 55, 1)}, there, {history(5, 55)}), Told{});
  EXPECT_EQ(told({checked(51, 60, 1)}, there, {history(5, 55)}), Told{"56-60 of 0, instead 0"});
  EXPECT_EQ(told({checked(51, 60, 4)}, there, {history(5, 55)}), Told{}) << "its branch was dropped";
  EXPECT_EQ(told({checked(51, 60, 6)}, there, {history(5, 55)}), Told{"56-60 of 0, instead 0"})
      << "the newest cannot have been";
  EXPECT_EQ(told({checked(51, 60, 1)}, there, {history(5, 55)}, 60), Told{}) << "pruned";
}

TEST(GoneTest, WithoutAHistoryThatCanBeTold) {
  EXPECT_EQ(told({checked(51, 60, 2)}, {checked(1, 50, 2)}, {}), Told{"51-60 of 0, instead 0"});
}

TEST(GoneTest, AllThatWasKnown) {
  const Gone gone = all_gone("main/7", checked(3, 9, 2));
  EXPECT_EQ(gone.newest_key, "main/7/0000000000009-0000000000003.e2.tar");
  EXPECT_EQ(std::pair(gone.first, gone.through), std::pair(uint64_t{1}, uint64_t{9}));
}

}  // namespace
}  // namespace tidemark::cli
