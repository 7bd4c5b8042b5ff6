#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "store/fake_sink.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

using core::Lsn;
using core::ObjectKind;
using core::Range;
using test::FakeSink;

class DiscoverTest : public testing::Test {
 protected:
  void add(Range range, ObjectKind kind = ObjectKind::kArchive) {
    fake_.objects[core::object_key("db", 7, range, kind)] = "";
    known_.push_back({range, kind});
  }
  void add_singles(Lsn first, Lsn last) {
    for (Lsn lsn = first; lsn <= last; ++lsn) add({lsn, lsn});
  }
  Discovery discover_ok(Lsn low, const DiscoverOptions& options = {}) {
    fake_.lists = 0;
    auto discovery = discover(fake_.sink(), "db", 7, low, options, nullptr);
    EXPECT_TRUE(discovery) << discovery.error().message;
    return *discovery;
  }
  std::optional<Range> gap_before(Lsn low) {
    fake_.lists = 0;
    const auto gap = find_gap_before(fake_.sink(), "db", 7, low, nullptr);
    EXPECT_TRUE(gap) << gap.error().message;
    return *gap;
  }

  struct Known {
    Range range;
    ObjectKind kind;
  };
  FakeSink fake_;
  std::vector<Known> known_;
};

using Ranges = std::vector<Range>;

TEST_F(DiscoverTest, AnEmptyArchiveHoldsNothingAndLacksNothing) {
  for (const Lsn low : {Lsn{1}, Lsn{2}, Lsn{1000}, UINT64_MAX}) {
    const Discovery discovery = discover_ok(low);
    EXPECT_TRUE(discovery.archives.empty());
    EXPECT_EQ(discovery.complete_through, core::kEveryLsn);
    EXPECT_FALSE(discovery.gap);
    EXPECT_LE(fake_.lists, 2);
  }
}

TEST_F(DiscoverTest, GivesWhatReachesLowAndWhatLiesBehind) {
  add_singles(1, 3);
  add({4, 10});
  add({11, 11});
  add({14, 20});
  EXPECT_EQ(discover_ok(3).archives, (Ranges{{3, 3}, {4, 10}, {11, 11}, {14, 20}}));
  EXPECT_EQ(discover_ok(10).archives, (Ranges{{4, 10}, {11, 11}, {14, 20}}));
  EXPECT_EQ(discover_ok(12).archives, (Ranges{{14, 20}}));
  EXPECT_EQ(discover_ok(21).archives, (Ranges{}));
  EXPECT_EQ(discover_ok(5).complete_through, core::kEveryLsn);
}

TEST_F(DiscoverTest, TheLimitCutsAndSaysHowFarItIsComplete) {
  add_singles(1, 50);
  DiscoverOptions options;
  options.max_archives = 10;
  Discovery discovery = discover_ok(5, options);
  EXPECT_EQ(discovery.archives.size(), 10u);
  EXPECT_EQ(discovery.complete_through, 14u);
  // Exactly as many as fit: nothing is cut.
  discovery = discover_ok(41, options);
  EXPECT_EQ(discovery.archives.size(), 10u);
  EXPECT_EQ(discovery.complete_through, core::kEveryLsn);
  options.max_archives = 0;
  EXPECT_FALSE(discover(fake_.sink(), "db", 7, 1, options, nullptr));
}

TEST_F(DiscoverTest, ABatchThatReachesBackOverTheCutBelongsToWhatIsBeforeIt) {
  add_singles(1, 9);
  add({10, 19});
  add({4, 30});
  add({31, 40});
  DiscoverOptions options;
  options.max_archives = 5;
  const Discovery discovery = discover_ok(1, options);
  EXPECT_EQ(discovery.archives, (Ranges{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {4, 30}}));
  EXPECT_EQ(discovery.complete_through, 5u);
}

TEST_F(DiscoverTest, ALongArchiveCostsNoFullListing) {
  add_singles(1, 5000);
  EXPECT_EQ(discover_ok(1).archives.size(), DiscoverOptions().max_archives);
  EXPECT_LE(fake_.names_listed, DiscoverOptions().max_archives + kOverlapNames + 1);
  EXPECT_EQ(fake_.lists, 1);
}

TEST_F(DiscoverTest, FindsTheGapBeforeLow) {
  add_singles(1, 9);
  EXPECT_EQ(gap_before(10), std::nullopt);
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_EQ(gap_before(11), (Range{10, 10}));
  EXPECT_EQ(gap_before(1000), (Range{10, 999}));
  EXPECT_EQ(gap_before(UINT64_MAX), (Range{10, UINT64_MAX - 1}));
  EXPECT_LE(fake_.lists, 70);
  EXPECT_EQ(discover_ok(1000).gap, (Range{10, 999}));
  DiscoverOptions options;
  options.check_older = false;
  EXPECT_EQ(discover_ok(1000, options).gap, std::nullopt);
  EXPECT_EQ(fake_.lists, 1);
}

TEST_F(DiscoverTest, NothingOlderIsNoGap) {
  add_singles(500, 600);
  EXPECT_EQ(gap_before(1), std::nullopt);
  EXPECT_EQ(gap_before(400), std::nullopt);
  EXPECT_EQ(gap_before(500), std::nullopt);
  EXPECT_EQ(discover_ok(400).gap, std::nullopt);
}

TEST_F(DiscoverTest, AGapRecordCoversAndCounts) {
  add_singles(1, 5);
  add({6, 20}, ObjectKind::kGap);
  EXPECT_EQ(gap_before(21), std::nullopt);
  EXPECT_EQ(gap_before(15), std::nullopt);
  EXPECT_EQ(gap_before(25), (Range{21, 24}));
  EXPECT_EQ(discover_ok(6).archives, (Ranges{}));
}

TEST_F(DiscoverTest, AnArchiveThatStraddlesLowCovers) {
  add({1, 1});
  add({10, 40});
  EXPECT_EQ(gap_before(20), std::nullopt);
  EXPECT_EQ(gap_before(41), std::nullopt);
  EXPECT_EQ(gap_before(10), (Range{2, 9}));
  EXPECT_EQ(discover_ok(10).gap, (Range{2, 9}));
}

TEST_F(DiscoverTest, AHugeArchiveIsSearchedInFewRequests) {
  add_singles(1, 20'000);
  fake_.names_listed = 0;
  EXPECT_EQ(gap_before(30'000), (Range{20'001, 29'999}));
  EXPECT_LE(fake_.lists, 40);
  EXPECT_LE(fake_.names_listed, 20'000u);
}

TEST_F(DiscoverTest, RefusesNoRange) {
  const auto discovery = discover(fake_.sink(), "db", 7, core::kNoLsn, {}, nullptr);
  ASSERT_FALSE(discovery);
  EXPECT_EQ(discovery.error().status, TIDEMARK_E_INVALID);
  EXPECT_FALSE(find_gap_before(fake_.sink(), "db", 7, 0, nullptr));
}

// Against the plain definition, on random archives without overlaps.
TEST_F(DiscoverTest, AgreesWithTheDefinition) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 400; ++round) {
    fake_.objects.clear();
    known_.clear();
    const Lsn spread = round % 2 ? 3 : 4000;
    Lsn next = 1 + random() % spread;
    for (int i = static_cast<int>(random() % 30); i > 0; --i) {
      const Lsn last = next + (random() % 3 ? 0 : random() % 20);
      add({next, last}, random() % 6 ? ObjectKind::kArchive : ObjectKind::kGap);
      next = last + 1 + (random() % 3 ? 0 : random() % spread);
    }
    const Lsn low = 1 + random() % (next + 50);
    const Discovery discovery = discover_ok(low);
    Ranges expected;
    bool covered = low == 1;
    Lsn newest = 0;
    for (const Known& known : known_) {
      covered |= known.range.contains(low - 1);
      if (known.range.last < low) newest = std::max(newest, known.range.last);
      if (known.kind == ObjectKind::kArchive && known.range.last >= low) expected.push_back(known.range);
    }
    ASSERT_EQ(discovery.archives, expected) << round;
    const auto gap = covered || newest == 0 ? std::nullopt : std::optional<Range>({newest + 1, low - 1});
    ASSERT_EQ(discovery.gap, gap) << round;
    ASSERT_EQ(gap_before(low), gap) << round;
    ASSERT_EQ(discovery.complete_through, core::kEveryLsn);
  }
}

}  // namespace
}  // namespace tidemark::store
