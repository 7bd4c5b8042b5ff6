#include "core/range_set.h"

#include <gtest/gtest.h>

#include "core/print_range.h"

namespace tidemark::core {
namespace {

std::vector<Range> all(const RangeSet& set) { return {set.ranges().begin(), set.ranges().end()}; }
using Ranges = std::vector<Range>;

TEST(RangeSetTest, RangesThatTouchBecomeOne) {
  RangeSet set;
  set.insert({5, 6});
  set.insert({1, 2});
  EXPECT_EQ(all(set), (Ranges{{1, 2}, {5, 6}}));
  set.insert({3, 3});
  EXPECT_EQ(all(set), (Ranges{{1, 3}, {5, 6}}));
  set.insert({4, 4});
  EXPECT_EQ(all(set), (Ranges{{1, 6}}));
  set.insert({2, 9});
  EXPECT_EQ(all(set), (Ranges{{1, 9}}));
  set.insert({kEveryLsn - 1, kEveryLsn});
  set.insert({11, kEveryLsn - 2});
  EXPECT_EQ(all(set), (Ranges{{1, 9}, {11, kEveryLsn}}));
}

TEST(RangeSetTest, ErasingSplits) {
  RangeSet set;
  set.insert({1, 9});
  set.insert({20, 29});
  set.erase({4, 5});
  EXPECT_EQ(all(set), (Ranges{{1, 3}, {6, 9}, {20, 29}}));
  set.erase({10, 19});
  set.erase({8, 21});
  EXPECT_EQ(all(set), (Ranges{{1, 3}, {6, 7}, {22, 29}}));
  set.erase({1, kEveryLsn});
  EXPECT_TRUE(set.empty());
}

TEST(RangeSetTest, OfTooManyTheNearestBecomeOne) {
  RangeSet set;
  for (Lsn i = 0; i < RangeSet::kMostRanges; ++i) set.insert({100 * i + 1, 100 * i + 1});
  EXPECT_EQ(set.ranges().size(), RangeSet::kMostRanges);
  set.insert({211, 211});
  EXPECT_EQ(set.ranges().size(), RangeSet::kMostRanges);
  EXPECT_EQ(set.ranges()[2], (Range{201, 211}));
  set.insert({5'000'000, 5'000'001});
  EXPECT_EQ(set.ranges().size(), RangeSet::kMostRanges);
  EXPECT_EQ(set.ranges().back(), (Range{5'000'000, 5'000'001}));
}

}  // namespace
}  // namespace tidemark::core
