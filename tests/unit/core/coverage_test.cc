#include "core/coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace tidemark::core {
namespace {

std::optional<Range> hole_of(std::initializer_list<Range> ranges, Lsn through = kEveryLsn) {
  Coverage coverage;
  for (const Range range : ranges) coverage.add(range);
  return coverage.hole_through(through);
}

TEST(Coverage, NothingIsMissedBeforeTheFirstRange) {
  EXPECT_EQ(hole_of({}), std::nullopt);
  EXPECT_EQ(hole_of({{50, 60}}), std::nullopt);
  EXPECT_EQ(hole_of({{50, 60}, {61, 61}, {62, kEveryLsn}}), std::nullopt);
}

TEST(Coverage, FindsTheFirstHole) {
  EXPECT_EQ(hole_of({{1, 4}, {6, 7}, {9, 9}}), (Range{5, 5}));
  EXPECT_EQ(hole_of({{1, 4}, {8, 9}}), (Range{5, 7}));
  EXPECT_EQ(hole_of({{1, 4}, {8, 9}}, 5), (Range{5, 7}));
  EXPECT_EQ(hole_of({{1, 4}, {8, 9}}, 4), std::nullopt);
}

TEST(Coverage, ARangeThatReachesBackFillsIt) {
  EXPECT_EQ(hole_of({{1, 4}, {8, 9}, {3, 10}}), std::nullopt);
  EXPECT_EQ(hole_of({{1, 4}, {8, 9}, {6, 10}}), (Range{5, 5}));
  EXPECT_EQ(hole_of({{2, 2}, {4, 4}, {6, 6}, {8, 8}, {3, 9}}), std::nullopt);
  EXPECT_EQ(hole_of({{1, 1}, {10, 10}, {10, 11}}), (Range{2, 9}));
}

TEST(Coverage, AgreesWithATableOfLsns) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    Coverage coverage;
    std::vector<bool> held(60, false);
    Lsn last = 0, lowest = 60;
    while (last < 50) {
      const Lsn next = last + random() % 4;
      if (next == 0) continue;
      const Range range = {next - std::min<Lsn>(next - 1, random() % 6), next};
      if (last == 0) lowest = range.first;
      coverage.add(range);
      for (Lsn lsn = range.first; lsn <= range.last; ++lsn) held[lsn] = true;
      last = next;
    }
    Lsn first = lowest;
    while (first <= last && held[first]) ++first;
    const auto hole = coverage.hole_through(kEveryLsn);
    ASSERT_EQ(hole.has_value(), first <= last);
    if (hole) {
      Lsn end = first;
      while (!held[end]) ++end;
      ASSERT_EQ(*hole, (Range{first, end - 1}));
    }
  }
}

}  // namespace
}  // namespace tidemark::core
