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

RestorePlan planned(const RestorePlan::Wish& wish, const std::vector<Stored>& objects) {
  RestorePlan plan(wish);
  for (const Stored& object : objects) plan.add(object);
  plan.finish();
  return plan;
}

TEST(RestorePlan, AllThatWasNotPruned) {
  const auto plan =
      planned({}, {stored(3, 3), stored(1, 3, 0, TIDEMARK_STORED_PRUNED), stored(4, 6), stored(7, 7)});
  EXPECT_EQ(plan.range(), (Range{4, 7}));
  EXPECT_TRUE(plan.missing().empty());
  EXPECT_TRUE(planned({}, {}).is_empty());
  EXPECT_TRUE(planned({9, {}, {}}, {stored(1, 8)}).is_empty());
}

TEST(RestorePlan, SaysWhatIsMissingAndWhatIsKnown) {
  const std::vector<Stored> objects = {stored(1, 2), stored(3, 5, 0, TIDEMARK_STORED_GAP), stored(6, 6),
                                       stored(8, 8, 0, TIDEMARK_STORED_ACCEPTED), stored(9, 9)};
  const auto plan = planned({}, objects);
  EXPECT_EQ(plan.missing(), (std::vector<Range>{{3, 5}, {7, 8}}));
  ASSERT_EQ(plan.records().size(), 2u);
  const auto part = planned({4, 8, {}}, objects);
  EXPECT_EQ(part.missing(), (std::vector<Range>{{4, 5}, {7, 8}}));
  EXPECT_EQ(planned({9, 12, {}}, objects).missing(), (std::vector<Range>{{10, 12}}));
  EXPECT_TRUE(planned({6, 6, {}}, objects).missing().empty());
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
  const auto asked = planned({5, {}, {}}, {origin, stored(13, 13)});
  EXPECT_EQ(asked.missing(), (std::vector<Range>{{5, 12}}));
  ASSERT_EQ(asked.records().size(), 1u);
  EXPECT_EQ(asked.records()[0].kind, TIDEMARK_STORED_ORIGIN);

  RestorePlan damaged({});
  damaged.add(origin);
  damaged.add(stored(13, 13));
  ASSERT_TRUE(damaged.origin());
  damaged.disbelieve_origin();
  damaged.finish();
  EXPECT_EQ(damaged.missing(), (std::vector<Range>{{1, 12}}));
  EXPECT_TRUE(damaged.records().empty());
}

TEST(RestorePlan, ToATimeStopsBeforeTheFirstThatIsYounger) {
  EXPECT_EQ(
      planned({{}, {}, 20}, {stored(1, 2, 10), stored(3, 3, 20), stored(4, 4, 30), stored(5, 5, 15)}).range(),
      (Range{1, 3}));
  // One that reaches back from behind a younger one has the same entries, in time.
  EXPECT_EQ(planned({{}, {}, 20}, {stored(1, 1, 10), stored(2, 2, 30), stored(1, 3, 20)}).range(),
            (Range{1, 3}));
  EXPECT_TRUE(planned({{}, {}, 5}, {stored(1, 1, 10)}).is_empty());
  const auto holed = planned({{}, {}, 20}, {stored(1, 1, 10), stored(3, 3, 10), stored(4, 4, 30)});
  EXPECT_EQ(holed.range(), (Range{1, 3}));
  EXPECT_EQ(holed.missing(), (std::vector<Range>{{2, 2}}));
}

TEST(Chain, EachLsnOnce) {
  Chain chain({2, 9});
  EXPECT_FALSE(chain.add(stored(1, 1)));
  auto piece = chain.add(stored(1, 3));
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->range, (Range{2, 3}));
  EXPECT_FALSE(chain.add(stored(5, 5)));  // what comes later reaches back over it
  EXPECT_FALSE(chain.add(stored(4, 6, 0, TIDEMARK_STORED_GAP)));
  piece = chain.add(stored(4, 7));
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->range, (Range{4, 7}));
  EXPECT_EQ(chain.next(), 8u);
  EXPECT_FALSE(chain.is_done());
  piece = chain.add(stored(8, 12));
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->range, (Range{8, 9}));
  EXPECT_TRUE(chain.is_done());
  EXPECT_FALSE(chain.add(stored(10, 13)));
}

}  // namespace
}  // namespace tidemark::cli
