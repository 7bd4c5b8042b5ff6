#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "instrumented.h"
#include "store/fake_sink.h"
#include "store/maintenance.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

using test::FakeSink;

class DiscoverTest : public testing::Test {
 protected:
  void add(Range range, ObjectKind kind = ObjectKind::kArchive) {
    // Only an origin's content is ever asked for.
    fake_.objects[object_key("db", 7, range, kind)] =
        kind == ObjectKind::kOrigin ? *format_record({kind, 5, {}}, "db", 7, range) : "";
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
using Archives = std::vector<core::Found>;

TEST_F(DiscoverTest, AnEmptyArchiveHoldsNothingAndLacksNothing) {
  for (const Lsn low : {Lsn{1}, Lsn{2}, Lsn{1000}, UINT64_MAX}) {
    const Discovery discovery = discover_ok(low);
    EXPECT_TRUE(discovery.archives.empty());
    EXPECT_EQ(discovery.complete_through, kEveryLsn);
    EXPECT_FALSE(discovery.gap);
    EXPECT_LE(fake_.lists, 2);
  }
}

TEST_F(DiscoverTest, GivesWhatReachesLowAndWhatLiesBehind) {
  add_singles(1, 3);
  add({4, 10});
  add({11, 11});
  add({14, 20});
  EXPECT_EQ(discover_ok(3).archives, (Archives{{3, 3}, {4, 10}, {11, 11}, {14, 20}}));
  EXPECT_EQ(discover_ok(10).archives, (Archives{{4, 10}, {11, 11}, {14, 20}}));
  EXPECT_EQ(discover_ok(12).archives, (Archives{{14, 20}}));
  EXPECT_EQ(discover_ok(21).archives, (Archives{}));
  EXPECT_EQ(discover_ok(5).complete_through, kEveryLsn);
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
  EXPECT_EQ(discovery.complete_through, kEveryLsn);
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
  EXPECT_EQ(discovery.archives, (Archives{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {4, 30}}));
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

// What a store leaves out of one listing is not lost; what it leaves out of each is, as far as anybody knows.
TEST_F(DiscoverTest, WhatOneListingLeavesOutIsNoGap) {
  for (Lsn first = 1; first <= 28; first += 3) add({first, first + 2});
  for (const Lsn lost : {Lsn{3}, Lsn{15}, Lsn{30}}) {
    const std::string key = object_key("db", 7, {lost - 2, lost}, ObjectKind::kArchive);
    fake_.leaves_out = [&](int listing, std::string_view name) { return listing == 1 && name == key; };
    fake_.lists = 0;
    const auto refused = discover(fake_.sink(), "db", 7, 31, {}, nullptr);
    ASSERT_FALSE(refused) << lost;
    EXPECT_EQ(refused.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(refused.error().message.find(key + " is listed now, and was left out"), 0U)
        << refused.error().message;
    fake_.leaves_out = [&](int, std::string_view name) { return name == key; };
    EXPECT_EQ(discover_ok(31).gap, (Range{lost - 2, lost}));
    fake_.leaves_out = {};
    EXPECT_EQ(discover_ok(31).gap, std::nullopt);
  }
}

TEST_F(DiscoverTest, NothingOlderThanTheBeginningIsNoGap) {
  add_singles(500, 600);
  EXPECT_EQ(gap_before(400), (Range{1, 399})) << "without a record of it that is entry 1";
  add({1, 499}, ObjectKind::kOrigin);
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
  EXPECT_EQ(discover_ok(6).archives, (Archives{}));
}

TEST_F(DiscoverTest, AnArchiveThatStraddlesLowCovers) {
  add({1, 1});
  add({10, 40});
  EXPECT_EQ(gap_before(20), (Range{2, 9}));
  EXPECT_EQ(gap_before(41), (Range{2, 9}));
  EXPECT_EQ(gap_before(10), (Range{2, 9}));
  add({2, 9}, ObjectKind::kGap);
  EXPECT_EQ(gap_before(20), std::nullopt);
  EXPECT_EQ(gap_before(41), std::nullopt);
  EXPECT_EQ(discover_ok(10).gap, std::nullopt);
}

TEST_F(DiscoverTest, AHugeArchiveIsSearchedInFewRequests) {
  add_singles(1, 20'000);
  fake_.names_listed = 0;
  EXPECT_EQ(gap_before(30'000), (Range{20'001, 29'999}));
  EXPECT_LE(fake_.lists, 40);
  EXPECT_LE(fake_.names_listed, 20'000u);
}

TEST_F(DiscoverTest, RefusesNoRange) {
  const auto discovery = discover(fake_.sink(), "db", 7, kNoLsn, {}, nullptr);
  ASSERT_FALSE(discovery);
  EXPECT_EQ(discovery.error().status, TIDEMARK_E_INVALID);
  EXPECT_FALSE(find_gap_before(fake_.sink(), "db", 7, 0, nullptr));
}

// ---- Where an archive begins

class OriginTest : public DiscoverTest {
 protected:
  void add_origin(Lsn last) { add({1, last}, ObjectKind::kOrigin); }
  void expect_refused(Lsn low, const std::string& key) {
    const auto discovery = discover(fake_.sink(), "db", 7, low, {}, nullptr);
    ASSERT_FALSE(discovery);
    EXPECT_EQ(discovery.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_NE(discovery.error().message.find(key), std::string::npos) << discovery.error().message;
  }
  std::string origin_key(Lsn last) { return object_key("db", 7, {1, last}, ObjectKind::kOrigin); }
};

TEST_F(OriginTest, OnlyAPartitionWithNothingInTheSinkHoldsNothing) {
  EXPECT_TRUE(discover_ok(13).holds_nothing);
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_TRUE(discover_ok(1'000'000).holds_nothing);
  EXPECT_EQ(fake_.lists, 2);
  EXPECT_FALSE(discover_ok(1).holds_nothing) << "there is nothing before 1";
  EXPECT_EQ(fake_.lists, 1);
  fake_.objects["db/7/README"] = "foreign";
  fake_.objects["db/70/0000000000001.tar"] = "another partition's";
  EXPECT_TRUE(discover_ok(13).holds_nothing);
  // A first look at another sink, with entries archived already.
  EXPECT_TRUE(discover_ok(13, {.check_older = false, .check_empty = true}).holds_nothing);
  EXPECT_FALSE(discover_ok(13, {.check_older = false}).holds_nothing);
  EXPECT_EQ(fake_.lists, 1);

  const struct {
    Range range;
    ObjectKind kind;
  } anything[] = {
      {{3, 3}, ObjectKind::kArchive},   {{12, 12}, ObjectKind::kArchive}, {{13, 13}, ObjectKind::kArchive},
      {{40, 50}, ObjectKind::kArchive}, {{3, 4}, ObjectKind::kGap},       {{40, 50}, ObjectKind::kGap},
      {{3, 4}, ObjectKind::kAccepted},  {{1, 4}, ObjectKind::kPruned},    {{1, 4}, ObjectKind::kOrigin}};
  for (const auto& [range, kind] : anything) {
    fake_.objects.clear();
    add(range, kind);
    EXPECT_FALSE(discover_ok(13).holds_nothing) << range.first;
    EXPECT_FALSE(discover_ok(13, {.check_older = false, .check_empty = true}).holds_nothing) << range.first;
  }
}

TEST_F(OriginTest, IsTheLowerEnd) {
  add_origin(12);
  EXPECT_EQ(gap_before(13), std::nullopt);
  EXPECT_EQ(gap_before(15), (Range{13, 14})) << "lost before anything was archived";
  EXPECT_EQ(gap_before(1'000'000), (Range{13, 999'999}));
  EXPECT_EQ(gap_before(8), std::nullopt) << "the host has older ones now";
  EXPECT_FALSE(discover_ok(8).holds_nothing);
  add({14, 20});
  EXPECT_EQ(gap_before(14), (Range{13, 13}));
  EXPECT_EQ(gap_before(21), (Range{13, 13}));
  EXPECT_EQ(gap_before(13), std::nullopt);
  EXPECT_EQ(discover_ok(13).archives, (Archives{{14, 20}}));
  EXPECT_EQ(fake_.lists, 1) << "no more than for any other partition";
  EXPECT_EQ(fake_.gets, 1) << "it is read only where nothing else is there";
}

// Older entries came after all: what lies between them and the rest is a hole, whatever the origin says.
TEST_F(OriginTest, SaysNothingOfWhatLiesAfterTheFirst) {
  add_origin(12);
  add({3, 3});
  add({13, 13});
  EXPECT_EQ(gap_before(3), std::nullopt);
  EXPECT_EQ(gap_before(8), (Range{4, 7}));
  fake_.objects.erase(object_key("db", 7, {13, 13}, ObjectKind::kArchive));
  EXPECT_EQ(gap_before(14), (Range{4, 13}));
}

TEST_F(OriginTest, OfTwoTheLowerCounts) {
  add_origin(4);
  add_origin(12);
  EXPECT_EQ(gap_before(5), std::nullopt);
  EXPECT_EQ(gap_before(8), (Range{5, 7}));
  EXPECT_EQ(gap_before(15), (Range{5, 14}));
}

TEST_F(OriginTest, AloneItIsReadBeforeItIsBelieved) {
  add_origin(12);
  const std::string good = fake_.objects[origin_key(12)];
  for (const std::string& bad : {std::string(), good.substr(1), good + "x", std::string(5000, 'x')}) {
    fake_.objects[origin_key(12)] = bad;
    expect_refused(13, origin_key(12));
    EXPECT_EQ(gap_before(14), (Range{13, 13})) << "what it cannot explain is a gap as ever";
  }
  const Range other = {1, 11};
  fake_.objects[origin_key(12)] = *format_record({ObjectKind::kOrigin, 5, {}}, "db", 7, other);
  expect_refused(13, origin_key(12));
  fake_.objects[origin_key(12)] = good;
  EXPECT_EQ(gap_before(13), std::nullopt);
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  EXPECT_EQ(discover(fake_.sink(), "db", 7, 13, {}, nullptr).error().status, TIDEMARK_E_RETRYABLE);
}

TEST_F(OriginTest, IsWrittenOnce) {
  const auto write = [&](int64_t now_us) {
    return write_origin(fake_.sink(), "db", 7, 13, kFirstEpoch, now_us, nullptr);
  };
  ASSERT_EQ(write(1'700'000'000'000'000), true);
  EXPECT_EQ(fake_.objects.count("db/7/000000000000c-0000000000001.origin"), 1u);
  const std::string first = fake_.objects[origin_key(12)];
  EXPECT_TRUE(first.starts_with("made_us=1700000000000000\nTIDEMARK1-ORIGIN sha256=")) << first;
  EXPECT_EQ(write(1'800'000'000'000'000), false) << "another attempt of ours";
  EXPECT_EQ(fake_.objects[origin_key(12)], first);
  EXPECT_EQ(read_record(fake_.sink(), origin_key(12), nullptr)->made_us, 1'700'000'000'000'000);
  EXPECT_FALSE(discover_ok(13).holds_nothing);

  for (const std::string& bad : {std::string(), first.substr(0, 100),
                                 *format_record({ObjectKind::kOrigin, 5, {}}, "db", 7, {1, 13})}) {
    fake_.objects[origin_key(12)] = bad;
    const auto refused = write(5);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_NE(refused.error().message.find(origin_key(12)), std::string::npos) << refused.error().message;
    EXPECT_EQ(fake_.objects[origin_key(12)], bad) << "nothing is overwritten";
  }
  fake_.objects.clear();
  fake_.fail_changes_after = 0;
  EXPECT_EQ(write(5).error().status, TIDEMARK_E_CANCELLED);
  EXPECT_TRUE(fake_.objects.empty());
  EXPECT_EQ(write_origin(fake_.sink(), "a/b", 7, 13, kFirstEpoch, 5, nullptr).error().status,
            TIDEMARK_E_INVALID);
}

// ---- Losses that are reported again

class KnownGapsTest : public DiscoverTest {
 protected:
  Ranges known(Lsn low) { return discover_ok(low).known_gaps; }
};

TEST_F(KnownGapsTest, TheRecordRightBeforeLow) {
  add_singles(1, 3);
  add({4, 7}, ObjectKind::kGap);
  add({8, 8});
  EXPECT_EQ(known(8), (Ranges{{4, 7}}));
  EXPECT_LE(fake_.lists, 3);
  EXPECT_EQ(known(9), (Ranges{{4, 7}})) << "also when an archive lies between";
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_EQ(known(6), (Ranges{{4, 5}})) << "from low on they are there";
  EXPECT_EQ(known(4), (Ranges{}));
  EXPECT_EQ(discover_ok(8, {.check_older = false}).known_gaps, (Ranges{}));
  EXPECT_EQ(fake_.lists, 1);
}

TEST_F(KnownGapsTest, AllThatFollowEachOther) {
  add({1, 1}, ObjectKind::kGap);
  add({2, 2});
  add({3, 5}, ObjectKind::kGap);
  add({6, 6}, ObjectKind::kGap);
  add({7, 12}, ObjectKind::kGap);
  EXPECT_EQ(known(13), (Ranges{{1, 1}, {3, 5}, {6, 6}, {7, 12}}));
  // Lost further since: what was recorded lies before the new gap.
  EXPECT_EQ(discover_ok(20).gap, (Range{13, 19}));
  EXPECT_EQ(known(20), (Ranges{{1, 1}, {3, 5}, {6, 6}, {7, 12}}));
  EXPECT_EQ(known(2), (Ranges{{1, 1}})) << "from the first LSN on";
}

TEST_F(KnownGapsTest, NotWhatWasAccepted) {
  add_singles(1, 3);
  add({4, 9}, ObjectKind::kGap);
  add({5, 6}, ObjectKind::kAccepted);
  EXPECT_EQ(known(10), (Ranges{{4, 4}, {7, 9}}));
  add({8, 9}, ObjectKind::kAccepted);
  EXPECT_EQ(known(10), (Ranges{{4, 4}, {7, 7}}));
  add({4, 9}, ObjectKind::kAccepted);
  EXPECT_EQ(known(10), (Ranges{}));
  fake_.objects.erase(object_key("db", 7, {4, 9}, ObjectKind::kAccepted));
  add({2, 30}, ObjectKind::kAccepted);
  EXPECT_EQ(known(10), (Ranges{})) << "more than was recorded";
}

TEST_F(KnownGapsTest, ThroughWhatWasAcceptedWithoutARecord) {
  add({1, 1});
  add({2, 3}, ObjectKind::kGap);
  add({4, 6}, ObjectKind::kAccepted);
  EXPECT_EQ(known(7), (Ranges{{2, 3}}));
}

TEST_F(KnownGapsTest, NotWhatWasPrunedOrArchivedAfterAll) {
  add({4, 9}, ObjectKind::kGap);
  add({6, 7});
  EXPECT_EQ(known(10), (Ranges{{4, 5}, {8, 9}}));
  add({1, 5}, ObjectKind::kPruned);
  EXPECT_EQ(known(10), (Ranges{{8, 9}}));
  add({9, 9});
  EXPECT_EQ(known(10), (Ranges{{8, 8}})) << "9 is there";
  fake_.objects.clear();
  add({4, 9}, ObjectKind::kGap);
  add({1, 9}, ObjectKind::kPruned);
  EXPECT_EQ(known(10), (Ranges{}));
  add({1, 12}, ObjectKind::kOrigin);
  EXPECT_EQ(known(10), (Ranges{}));
  fake_.objects.erase(object_key("db", 7, {1, 9}, ObjectKind::kPruned));
  EXPECT_EQ(known(10), (Ranges{{4, 9}})) << "an origin is no archive";
}

TEST_F(KnownGapsTest, AreBounded) {
  add({1, 1});
  for (Lsn lsn = 2; lsn <= 100; ++lsn) add({lsn, lsn}, ObjectKind::kGap);
  const Ranges newest = known(101);
  ASSERT_EQ(newest.size(), kKnownGapsMax);
  EXPECT_EQ(newest.back(), (Range{100, 100}));
  EXPECT_EQ(newest.front(), (Range{101 - kKnownGapsMax, 101 - kKnownGapsMax}));
  EXPECT_LE(fake_.lists, static_cast<int>(kKnownGapsMax) + 2);
  // One record with a hole after each of its entries.
  fake_.objects.clear();
  add({1, 1});
  add({2, 101}, ObjectKind::kGap);
  for (Lsn lsn = 3; lsn <= 99; lsn += 2) add({lsn, lsn});
  EXPECT_EQ(known(102).size(), kKnownGapsMax);
  EXPECT_EQ(known(102).back(), (Range{100, 101}));
}

// Against counting one by one.
TEST_F(KnownGapsTest, AgreeWithTheDefinition) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < test::rounds(2000); ++round) {
    fake_.objects.clear();
    known_.clear();
    for (int i = static_cast<int>(random() % 8); i > 0; --i) {
      constexpr ObjectKind kKinds[] = {ObjectKind::kArchive, ObjectKind::kGap, ObjectKind::kGap,
                                       ObjectKind::kAccepted};
      const Lsn first = 1 + random() % 20;
      add({first, first + random() % 6}, kKinds[random() % 4]);
    }
    const Lsn low = 2 + random() % 25;
    const Discovery discovery = discover_ok(low);
    const auto is = [&](Lsn lsn, ObjectKind kind) {
      return std::any_of(known_.begin(), known_.end(),
                         [&](const Known& one) { return one.kind == kind && one.range.contains(lsn); });
    };
    std::vector<Lsn> expected, told;
    for (Lsn lsn = 1; lsn < low; ++lsn) {
      if (is(lsn, ObjectKind::kGap) && !is(lsn, ObjectKind::kAccepted) && !is(lsn, ObjectKind::kArchive))
        expected.push_back(lsn);
    }
    for (const Range& range : discovery.known_gaps) {
      for (Lsn lsn = range.first; lsn <= range.last; ++lsn) told.push_back(lsn);
    }
    ASSERT_EQ(told, expected) << round;
  }
}

// A run that is killed in the callback of a GAP has archived what follows, as far as it came.
TEST_F(KnownGapsTest, AsFarAsHolesAreLookedFor) {
  add({1, 2});
  add({3, 4}, ObjectKind::kGap);
  add_singles(5, 4 + kLookBackArchives);
  EXPECT_EQ(known(5 + kLookBackArchives), (Ranges{{3, 4}}));
  fake_.objects.clear();
  add({1, 2'000'000});
  add({2'000'001, 2'000'001}, ObjectKind::kGap);
  add({2'000'002, 3'000'000});
  EXPECT_EQ(known(3'000'001), (Ranges{{2'000'001, 2'000'001}})) << "however wide these are";
  add({2'000'001, 2'000'001}, ObjectKind::kAccepted);
  EXPECT_EQ(known(3'000'001), (Ranges{}));
}

// ---- Holes that a killed run left

TEST_F(DiscoverTest, AHoleBehindArchivesIsAGap) {
  add_singles(1, 5);
  add({9, 9});
  const Discovery discovery = discover_ok(10);
  EXPECT_EQ(discovery.gap, (Range{6, 8}));
  EXPECT_EQ(discovery.known_gaps, Ranges());
  EXPECT_EQ(discover_ok(9).gap, (Range{6, 8})) << "as ever";
  EXPECT_EQ(discover_ok(8).gap, (Range{6, 7}));
  EXPECT_EQ(discover_ok(6).gap, std::nullopt) << "the host still has them";
  EXPECT_EQ(discover_ok(10, {.check_older = false}).gap, std::nullopt);
  // More was lost than was archived: two holes, the lower one first.
  EXPECT_EQ(discover_ok(12).gap, (Range{6, 8}));
  EXPECT_EQ(discover_ok(1'000'000'000).gap, (Range{6, 8}));
  add({6, 8}, ObjectKind::kGap);
  EXPECT_EQ(discover_ok(10).gap, std::nullopt);
  EXPECT_EQ(discover_ok(10).known_gaps, (Ranges{{6, 8}}));
  EXPECT_EQ(discover_ok(12).gap, (Range{10, 11}));
  EXPECT_EQ(discover_ok(1'000'000'000).gap, (Range{10, 999'999'999}));
}

TEST_F(DiscoverTest, EveryRecordExplainsAHole) {
  for (const auto& [range, kind] :
       {Known{{6, 8}, ObjectKind::kGap}, {{6, 8}, ObjectKind::kAccepted}, {{1, 8}, ObjectKind::kPruned}}) {
    fake_.objects.clear();
    add_singles(1, 5);
    add({9, 9});
    EXPECT_EQ(gap_before(10), (Range{6, 8}));
    add(range, kind);
    EXPECT_EQ(gap_before(10), std::nullopt);
    EXPECT_EQ(fake_.lists, 1);
  }
  // One of several, and a part.
  fake_.objects.clear();
  add_singles(1, 5);
  add({9, 9});
  add({12, 12});
  add({6, 7}, ObjectKind::kGap);
  EXPECT_EQ(gap_before(13), (Range{8, 8}));
  add({8, 8}, ObjectKind::kAccepted);
  EXPECT_EQ(gap_before(13), (Range{10, 11}));
}

TEST_F(KnownGapsTest, BesideAHoleThatLiesFurtherBack) {
  add_singles(1, 5);
  add({9, 9});
  add({10, 12}, ObjectKind::kGap);
  const Discovery discovery = discover_ok(13);
  EXPECT_EQ(discovery.gap, (Range{6, 8}));
  EXPECT_EQ(discovery.known_gaps, (Ranges{{10, 12}})) << "right before low, as ever";
  EXPECT_EQ(discover_ok(15).gap, (Range{6, 8}));
  EXPECT_EQ(discover_ok(15).known_gaps, (Ranges{{10, 12}}));
}

// A beginning above 1 has a record. Without one the first entries were lost while later ones were on their
// way.
TEST_F(DiscoverTest, WithoutARecordAPartitionBeginsWithEntry1) {
  add_singles(2, 6);
  EXPECT_EQ(gap_before(1), std::nullopt);
  EXPECT_EQ(gap_before(2), (Range{1, 1})) << "nothing older is there";
  EXPECT_EQ(discover_ok(2).archives.size(), 5u);
  EXPECT_EQ(gap_before(3), (Range{1, 1}));
  EXPECT_EQ(gap_before(7), (Range{1, 1}));
  EXPECT_EQ(gap_before(1'000'000), (Range{1, 1}));
  EXPECT_LE(fake_.lists, 20);
  add({1, 1}, ObjectKind::kGap);
  EXPECT_EQ(gap_before(7), std::nullopt);
  fake_.objects.clear();
  add({1'000'001, 1'000'001});
  add({3'000'001, 3'000'001});
  EXPECT_EQ(gap_before(3'000'002), std::nullopt) << "further back than is looked";
  fake_.objects.clear();
  add({2'000'001, 3'000'001});
  EXPECT_EQ(gap_before(3'000'002), (Range{1, 2'000'000}));
  add({1, 3'500'000}, ObjectKind::kOrigin);
  EXPECT_EQ(gap_before(3'000'002), std::nullopt) << "these came later than what began there";
  fake_.objects.clear();
  add({7, 8}, ObjectKind::kGap);
  EXPECT_EQ(gap_before(9), (Range{1, 6}));
  fake_.objects.clear();
  add_singles(10, 10 + kLookBackArchives);
  EXPECT_EQ(gap_before(11 + kLookBackArchives), std::nullopt) << "too far back";
}

// A killed run leaves at most twice the largest partition_inflight archives after the hole.
TEST_F(DiscoverTest, SingleEntriesAreLookedBackOnForNothing) {
  add_singles(1, 4999);
  add_singles(5003, 10'000);
  for (const Lsn behind : {Lsn{1}, Lsn{64}, Lsn{128}, Lsn{kLookBackArchives}}) {
    EXPECT_EQ(discover_ok(5003 + behind).gap, (Range{5000, 5002})) << behind;
    EXPECT_EQ(fake_.lists, 2) << "one to confirm it";
  }
  fake_.names_listed = 0;
  EXPECT_EQ(discover_ok(10'001).gap, std::nullopt);
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_LE(fake_.names_listed, 2 * kLookBackArchives);
  // As many archives of a partition that is young, from wherever it begins.
  fake_.objects.clear();
  const Lsn base = Lsn{1} << 40;
  add({1, base}, ObjectKind::kOrigin);
  add_singles(base + 1, base + 20);
  EXPECT_EQ(discover_ok(base + 21).gap, std::nullopt);
  EXPECT_EQ(fake_.lists, 1);
  add_singles(base + 23, base + 30);
  EXPECT_EQ(discover_ok(base + 31).gap, (Range{base + 21, base + 22}));
  EXPECT_EQ(fake_.lists, 2);
  fake_.objects.erase(object_key("db", 7, {base + 1, base + 1}, ObjectKind::kArchive));
  EXPECT_EQ(discover_ok(base + 31).gap, (Range{base + 1, base + 1}));
}

TEST_F(DiscoverTest, BatchesAreLookedBackOnInFewRequests) {
  for (const Lsn size : {Lsn{2}, Lsn{10}, Lsn{100}, Lsn{4096}}) {
    fake_.objects.clear();
    const auto add_batches = [&](Lsn from, Lsn to) {
      for (Lsn i = from; i <= to; ++i) add({i * size + 1, (i + 1) * size});
    };
    add_batches(0, 2499);
    add_batches(2502, 2650);
    const Range hole = {2500 * size + 1, 2502 * size};
    fake_.names_listed = 0;
    EXPECT_EQ(gap_before(2651 * size + 1), hole) << size;
    EXPECT_LE(fake_.lists, 3);
    EXPECT_LE(fake_.names_listed, 1000u);
    EXPECT_EQ(gap_before(2600 * size), hole) << "within one";
    EXPECT_EQ(gap_before(2510 * size + 1), hole);
    EXPECT_EQ(gap_before(4000 * size + 1), hole) << "after another";
    EXPECT_LE(fake_.lists, 20);
  }
}

// Large batches after many archives of single entries: no listing takes more than a page of these.
TEST_F(DiscoverTest, ALookBackIsBoundedWhateverLiesThere) {
  add_singles(1, 200'000);
  for (Lsn i = 0; i < 5; ++i) add({300'001 + i * 4096, 300'000 + (i + 1) * 4096});
  fake_.objects.erase(object_key("db", 7, {199'990, 199'990}, ObjectKind::kArchive));
  fake_.names_listed = 0;
  EXPECT_EQ(gap_before(300'001 + Lsn{5} * 4096), (Range{199'990, 199'990}));
  EXPECT_LE(fake_.lists, 16);
  EXPECT_LE(fake_.names_listed, 16'000u);
}

// Against the plain definition, with overlaps and every kind of record.
TEST_F(DiscoverTest, TheLowestHoleAgreesWithTheDefinition) {
  std::mt19937_64 random(19);
  for (int round = 0; round < test::rounds(3000); ++round) {
    fake_.objects.clear();
    known_.clear();
    const Lsn base = round % 3 == 0 ? 0 : round % 3 == 1 ? 1000 : Lsn{1} << 40;
    const Lsn spread = round % 2 == 0 ? 40 : 20'000;
    const Lsn length = random() % 4 == 0 ? 3 : 1 + random() % (spread / 4);
    for (int i = static_cast<int>(random() % 12); i > 0; --i) {
      constexpr ObjectKind kKinds[] = {ObjectKind::kArchive, ObjectKind::kArchive, ObjectKind::kGap,
                                       ObjectKind::kAccepted};
      const Lsn first = base + 1 + random() % spread;
      add({first, first + random() % length}, kKinds[random() % 4]);
    }
    if (random() % 8 == 0) add({1, base + 1 + random() % spread}, ObjectKind::kPruned);
    const Lsn low = base + 2 + random() % (spread + 20);
    // Where the look ends: at the lowest name, and an origin comes before that.
    Lsn lowest = kEveryLsn;
    for (const Known& known : known_) lowest = std::min(lowest, known.range.first);
    if (base > 0 && random() % 2 == 0) {
      const Lsn last = random() % 2 == 0 ? base : base + random() % spread;
      const Record record = {ObjectKind::kOrigin, 5, {}};
      fake_.objects[object_key("db", 7, {1, last}, record.kind)] = *format_record(record, "db", 7, {1, last});
      lowest = std::min(lowest, last + 1);
    }
    // What stands for all that lies before low is one of the objects there.
    const auto found = discover(fake_.sink(), "db", 7, low, {}, nullptr);
    ASSERT_TRUE(found) << round;
    ASSERT_EQ(found->older.has_value(),
              std::any_of(known_.begin(), known_.end(),
                          [&](const Known& known) { return known.range.first < low; }))
        << round;
    if (found->older) {
      ASSERT_LT(found->older->range.first, low) << round;
      ASSERT_TRUE(fake_.objects.contains(object_key("db", 7, found->older->range, found->older->kind)))
          << round;
    }
    fake_.lists = 0;
    std::optional<Range> expected;
    // Without an origin it begins with entry 1.
    const bool has_origin = std::any_of(fake_.objects.begin(), fake_.objects.end(),
                                        [](const auto& object) { return object.first.ends_with(".origin"); });
    if (!has_origin && lowest > 1 && lowest != kEveryLsn) {
      ASSERT_EQ(gap_before(low), (Range{1, std::min(lowest, low) - 1})) << round;
      continue;
    }
    for (Lsn lsn = lowest == kEveryLsn ? low : std::max(base, lowest); lsn < low; ++lsn) {
      const bool is_known = std::any_of(known_.begin(), known_.end(),
                                        [&](const Known& known) { return known.range.contains(lsn); });
      if (!is_known && !expected) expected = Range{lsn, lsn};
      if (is_known && expected) break;
      if (!is_known) expected->last = lsn;
    }
    ASSERT_EQ(gap_before(low), expected) << round;
    ASSERT_LE(fake_.lists, 40) << round;
  }
}

// Against the plain definition, on random archives without overlaps, and origins anywhere.
TEST_F(DiscoverTest, AgreesWithTheDefinition) {
  std::mt19937_64 random(17);
  for (int round = 0; round < test::rounds(1000); ++round) {
    fake_.objects.clear();
    known_.clear();
    const Lsn spread = round % 2 ? 3 : 4000;
    Lsn next = 1 + random() % spread;
    for (int i = static_cast<int>(random() % 30); i > 0; --i) {
      const Lsn last = next + (random() % 3 ? 0 : random() % 20);
      add({next, last}, random() % 6 ? ObjectKind::kArchive : ObjectKind::kGap);
      next = last + 1 + (random() % 3 ? 0 : random() % spread);
    }
    for (int i = static_cast<int>(random() % 6) - 3; i > 0; --i)
      add({1, 1 + random() % next}, ObjectKind::kOrigin);
    const Lsn low = 1 + random() % (next + 50);
    const Discovery discovery = discover_ok(low);
    Archives expected;
    Lsn begin = kEveryLsn;
    const bool begins_with_1 =
        !known_.empty() && std::none_of(known_.begin(), known_.end(),
                                        [](const Known& known) { return known.kind == ObjectKind::kOrigin; });
    if (begins_with_1) begin = 1;
    for (const Known& known : known_) {
      const bool is_origin = known.kind == ObjectKind::kOrigin;
      begin = std::min(begin, is_origin ? known.range.last + 1 : known.range.first);
    }
    std::optional<Range> gap;
    Lsn at = begin == kEveryLsn ? low : begin;
    for (const Known& known : known_) {
      if (known.kind == ObjectKind::kOrigin) continue;
      if (!gap && known.range.first > at && at < low) gap = {at, std::min(known.range.first, low) - 1};
      at = known.range.last + 1;
      if (known.kind == ObjectKind::kArchive && known.range.last >= low) expected.push_back(known.range);
    }
    if (!gap && at < low) gap = {at, low - 1};
    ASSERT_EQ(discovery.archives, expected) << round;
    ASSERT_EQ(discovery.gap, gap) << round;
    ASSERT_EQ(gap_before(low), gap) << round;
    ASSERT_EQ(discovery.complete_through, kEveryLsn);
  }
}

}  // namespace
}  // namespace tidemark::store
