#include "restore_plan.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

Stored stored(uint64_t first, uint64_t last, int64_t modified_us = 0,
              int32_t kind = TIDEMARK_STORED_ARCHIVE) {
  Stored one;
  one.kind = kind;
  one.storage = "main";
  one.first = first;
  one.last = last;
  one.modified_us = modified_us;
  one.key = std::to_string(last) + "-" + std::to_string(first);
  return one;
}

// Every record is right.
RestorePlan planned(const RestorePlan::Wish& wish, const std::vector<Stored>& objects) {
  RestorePlan plan(wish);
  for (const Stored& object : objects) plan.add(object);
  if (!plan.pruned().empty()) plan.believe_pruned(plan.pruned().back().last);
  if (plan.origin()) plan.believe_origin();
  plan.finish();
  return plan;
}

TEST(RestorePlan, AllThatWasNotPruned) {
  const auto plan =
      planned({}, {stored(3, 3), stored(1, 3, 0, TIDEMARK_STORED_PRUNED), stored(4, 6), stored(7, 7)});
  EXPECT_EQ(plan.range(), (Range{4, 7}));
  EXPECT_TRUE(plan.missing().empty());
  EXPECT_TRUE(planned({}, {}).is_empty());
  EXPECT_TRUE(planned({9, {}, {}, {}}, {stored(1, 8)}).is_empty());
}

TEST(RestorePlan, SaysWhatIsMissingAndWhatIsKnown) {
  const std::vector<Stored> objects = {stored(1, 2), stored(3, 5, 0, TIDEMARK_STORED_GAP), stored(6, 6),
                                       stored(8, 8, 0, TIDEMARK_STORED_ACCEPTED), stored(9, 9)};
  const auto plan = planned({}, objects);
  EXPECT_EQ(plan.missing(), (std::vector<Range>{{3, 5}, {7, 8}}));
  ASSERT_EQ(plan.records().size(), 2u);
  const auto part = planned({4, 8, {}, {}}, objects);
  EXPECT_EQ(part.missing(), (std::vector<Range>{{4, 5}, {7, 8}}));
  EXPECT_EQ(planned({9, 12, {}, {}}, objects).missing(), (std::vector<Range>{{10, 12}}));
  EXPECT_TRUE(planned({6, 6, {}, {}}, objects).missing().empty());
}

TEST(RestorePlan, BeginsWhereTheArchiveBegan) {
  const Stored origin = stored(1, 12, 0, TIDEMARK_STORED_ORIGIN);
  const auto plan = planned({}, {origin, stored(13, 14), stored(15, 15)});
  EXPECT_EQ(plan.range(), (Range{13, 15}));
  EXPECT_TRUE(plan.missing().empty());
  EXPECT_EQ(plan.origin_through(), 12u);
  EXPECT_EQ(planned({}, {origin, stored(14, 14)}).missing(), (std::vector<Range>{{13, 13}}));
  EXPECT_TRUE(planned({}, {origin}).is_empty());
  // Older entries that came after all.
  EXPECT_EQ(planned({}, {origin, stored(10, 20)}).range(), (Range{10, 20}));
  EXPECT_EQ(planned({}, {stored(3, 3), origin, stored(13, 13)}).missing(), (std::vector<Range>{{4, 12}}));
  EXPECT_EQ(planned({}, {stored(1, 4, 0, TIDEMARK_STORED_PRUNED), origin, stored(13, 13)}).missing(),
            (std::vector<Range>{{5, 12}}));
  const auto asked = planned({5, {}, {}, {}}, {origin, stored(13, 13)});
  EXPECT_EQ(asked.missing(), (std::vector<Range>{{5, 12}}));
  ASSERT_EQ(asked.records().size(), 1u);
  EXPECT_EQ(asked.records()[0].kind, TIDEMARK_STORED_ORIGIN);

  RestorePlan damaged({});
  damaged.add(origin);
  damaged.add(stored(13, 13));
  ASSERT_TRUE(damaged.origin());
  damaged.finish();
  EXPECT_EQ(damaged.missing(), (std::vector<Range>{{1, 12}}));
  EXPECT_TRUE(damaged.records().empty());
}

TEST(RestorePlan, APrunedRecordThatIsNotRightLeavesNothingOut) {
  RestorePlan plan({});
  for (const uint64_t lsn : {1, 2, 3, 4}) plan.add(stored(lsn, lsn));
  plan.add(stored(1, 2, 0, TIDEMARK_STORED_PRUNED));
  plan.add(stored(1, 4, 0, TIDEMARK_STORED_PRUNED));
  ASSERT_EQ(plan.pruned().size(), 2u);
  plan.believe_pruned(2);  // the other is damaged
  plan.finish();
  EXPECT_EQ(plan.range(), (Range{3, 4}));
  EXPECT_EQ(plan.pruned_through(), 2u);
}

TEST(RestorePlan, PassesOverWhatWasAccepted) {
  auto plan = planned({}, {stored(1, 2), stored(3, 5, 0, TIDEMARK_STORED_GAP), stored(9, 9)});
  EXPECT_EQ(plan.missing(), (std::vector<Range>{{3, 8}}));
  plan.pass({4, 4});
  EXPECT_EQ(plan.missing(), (std::vector<Range>{{3, 3}, {5, 8}}));
  plan.pass({1, 3});
  EXPECT_EQ(plan.missing(), (std::vector<Range>{{5, 8}}));
  plan.pass({4, 20});
  EXPECT_TRUE(plan.missing().empty());
  EXPECT_EQ(plan.passed(), (std::vector<Range>{{3, 3}, {4, 4}, {5, 8}})) << "only what is missing";
}

// What was lost last is lost too, although no archive comes after it.
TEST(RestorePlan, ReachesAsFarAsRecordsDo) {
  EXPECT_EQ(planned({}, {stored(1, 2), stored(3, 5, 0, TIDEMARK_STORED_GAP)}).missing(),
            (std::vector<Range>{{3, 5}}));
  EXPECT_EQ(planned({}, {stored(1, 2), stored(3, 3, 0, TIDEMARK_STORED_ACCEPTED)}).range(), (Range{1, 3}));
  EXPECT_TRUE(
      planned({{}, 2, {}, {}}, {stored(1, 2), stored(3, 5, 0, TIDEMARK_STORED_GAP)}).missing().empty());
}

TEST(RestorePlan, KnowsWhatSeveralArchivesHold) {
  EXPECT_TRUE(planned({}, {stored(1, 3), stored(4, 4), stored(5, 9)}).shared().empty());
  const std::vector<Stored> objects = {stored(1, 3),   stored(4, 4),   stored(5, 9),  stored(8, 12),
                                       stored(13, 13), stored(20, 20), stored(20, 22)};
  EXPECT_EQ(planned({}, objects).shared(), (std::vector<Range>{{8, 9}, {20, 20}}));
  EXPECT_EQ(planned({9, 13, {}, {}}, objects).shared(), (std::vector<Range>{{9, 9}}));
  EXPECT_EQ(planned({}, {stored(1, 1), stored(2, 2), stored(3, 3), stored(2, 4)}).shared(),
            (std::vector<Range>{{2, 3}}));
  const auto decided = planned({{}, {}, {}, {"12-8"}}, objects);
  EXPECT_EQ(decided.shared(), (std::vector<Range>{{20, 20}}));
  ASSERT_EQ(decided.preferred().size(), 1u);
  EXPECT_EQ(decided.preferred()[0].key, "12-8");
  // What is too young is not restored, so it decides nothing.
  EXPECT_TRUE(planned({{}, {}, 20, {}}, {stored(1, 2, 10), stored(2, 2, 30)}).shared().empty());
}

TEST(RestorePlan, ToATimeStopsBeforeTheFirstThatIsYounger) {
  EXPECT_EQ(
      planned({{}, {}, 20, {}}, {stored(1, 2, 10), stored(3, 3, 20), stored(4, 4, 30), stored(5, 5, 15)})
          .range(),
      (Range{1, 3}));
  // One that reaches back from behind a younger one has the same entries, in time.
  EXPECT_EQ(planned({{}, {}, 20, {}}, {stored(1, 1, 10), stored(2, 2, 30), stored(1, 3, 20)}).range(),
            (Range{1, 3}));
  EXPECT_TRUE(planned({{}, {}, 5, {}}, {stored(1, 1, 10)}).is_empty());
  const auto holed = planned({{}, {}, 20, {}}, {stored(1, 1, 10), stored(3, 3, 10), stored(4, 4, 30)});
  EXPECT_EQ(holed.range(), (Range{1, 3}));
  EXPECT_EQ(holed.missing(), (std::vector<Range>{{2, 2}}));
}

using Pieces = std::vector<Piece>;

TEST(PieceChooser, EachLsnOnce) {
  PieceChooser chain({2, 9}, {}, {});
  EXPECT_TRUE(chain.add(stored(1, 1)).empty());
  EXPECT_EQ(chain.add(stored(1, 3)), (Pieces{{"3-1", {2, 3}, 0, false}}));
  EXPECT_TRUE(chain.add(stored(5, 5)).empty());  // what comes later reaches back over it
  EXPECT_TRUE(chain.add(stored(4, 6, 0, TIDEMARK_STORED_GAP)).empty());
  EXPECT_EQ(chain.add(stored(4, 7)), (Pieces{{"7-4", {4, 7}, 0, false}}));
  EXPECT_EQ(chain.next(), 8u);
  EXPECT_FALSE(chain.is_done());
  EXPECT_EQ(chain.add(stored(8, 12)), (Pieces{{"12-8", {8, 9}, 0, false}}));
  EXPECT_TRUE(chain.is_done());
  EXPECT_TRUE(chain.add(stored(10, 13)).empty());
  EXPECT_TRUE(chain.finish().empty());
}

TEST(PieceChooser, PassesOverWhatIsLost) {
  PieceChooser chain({1, 9}, {{1, 2}, {4, 5}, {8, 8}, {9, 9}}, {});
  EXPECT_EQ(chain.add(stored(3, 3)), (Pieces{{"3-3", {3, 3}, 0, false}}));
  EXPECT_EQ(chain.add(stored(6, 7)), (Pieces{{"7-6", {6, 7}, 0, false}}));
  EXPECT_TRUE(chain.finish().empty());
  EXPECT_TRUE(chain.is_done());
  PieceChooser nothing({1, 2}, {{1, 2}}, {});
  EXPECT_TRUE(nothing.finish().empty());
  EXPECT_TRUE(nothing.is_done());
}

TEST(PieceChooser, TakesFromThePreferredWhatItHolds) {
  const Stored better = stored(3, 6);
  PieceChooser chain({1, 9}, {}, {better});
  EXPECT_EQ(chain.add(stored(1, 4)), (Pieces{{"4-1", {1, 2}, 0, false}, {"6-3", {3, 6}, 0, true}}));
  EXPECT_TRUE(chain.add(stored(5, 5)).empty());
  EXPECT_TRUE(chain.add(better).empty());
  EXPECT_EQ(chain.add(stored(5, 9)), (Pieces{{"9-5", {7, 9}, 0, false}}));
  EXPECT_TRUE(chain.is_done());
  PieceChooser alone({4, 5}, {}, {better});
  EXPECT_EQ(alone.finish(), (Pieces{{"6-3", {4, 5}, 0, true}}));
}

TEST(RestorePlan, EndsBeforeTheFirstHole) {
  RestorePlan whole = planned({}, {stored(1, 3), stored(4, 5)});
  EXPECT_FALSE(whole.end_at_hole());
  EXPECT_EQ(whole.range(), (Range{1, 5}));
  RestorePlan plan = planned({}, {stored(1, 3), stored(6, 7), stored(9, 9)});
  plan.pass({4, 5});
  EXPECT_EQ(plan.end_at_hole(), (Range{8, 8}));
  EXPECT_EQ(plan.range(), (Range{1, 7}));
  EXPECT_TRUE(plan.missing().empty());
  EXPECT_EQ(plan.passed(), (std::vector<Range>{{4, 5}}));
  RestorePlan::Wish later;
  later.from = 4;
  RestorePlan none = planned(later, {stored(6, 7)});
  EXPECT_EQ(none.end_at_hole(), (Range{4, 5}));
  EXPECT_TRUE(none.is_empty());
}

TEST(RestorePlan, APartWeighsWhatItsShareIs) {
  EXPECT_EQ(part_of(1000, {3, 4}, {1, 10}), 200u);
  EXPECT_EQ(part_of(1000, {1, 10}, {1, 10}), 1000u);
  EXPECT_EQ(part_of(1000, {1, UINT64_MAX}, {1, UINT64_MAX}), 1000u);
}

}  // namespace
}  // namespace tidemark::cli
