// Discovery where histories are told apart: what counts in a chain, from names alone.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "instrumented.h"
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

using Archives = std::vector<core::Found>;

class DiscoverEpochsTest : public MaintenanceTest {
 protected:
  Discovery discover_ok(Lsn low, std::string_view chain, DiscoverOptions options = {}) {
    fake_.lists = 0;
    const Chain parsed = *Chain::parse(chain);
    options.chain = &parsed;
    auto discovery = discover(fake_.sink(), "db", 7, low, options, nullptr);
    EXPECT_TRUE(discovery) << discovery.error().message;
    return discovery ? *discovery : Discovery();
  }
  // Names are enough, and there are many.
  void name_of(uint64_t epoch, Range range, ObjectKind kind = ObjectKind::kArchive) {
    fake_.objects[object_key("db", 7, {range, kind, epoch})] = "";
  }
  void singles_of(uint64_t epoch, Lsn first, Lsn last) {
    for (Lsn lsn = first; lsn <= last; ++lsn) name_of(epoch, {lsn, lsn});
  }
  static core::Found whole(uint64_t epoch, Range name) { return part_of(epoch, name, name); }
  static core::Found part_of(uint64_t epoch, Range name, Range part) {
    return {name, part, epoch, Coding::kNone};
  }
  uint64_t after(Range hole, std::string_view chain) {
    const Chain parsed = *Chain::parse(chain);
    const auto epoch = epoch_after(fake_.sink(), "db", 7, hole, parsed, nullptr);
    EXPECT_TRUE(epoch) << epoch.error().message;
    return epoch ? *epoch : kEveryLsn;
  }
};

// ---- What counts --------------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, ANewerEpochCutsOffItsParents) {
  name_of(1, {1, 4});
  name_of(1, {5, 8});
  name_of(1, {9, 9});
  name_of(2, {7, 10});
  name_of(3, {11, 12});
  EXPECT_EQ(discover_ok(1, "1-3").archives,
            (Archives{whole(1, {1, 4}), part_of(1, {5, 8}, {5, 6}), whole(2, {7, 10}), whole(3, {11, 12})}));
  EXPECT_EQ(discover_ok(1, "1").archives, (Archives{whole(1, {1, 4}), whole(1, {5, 8}), whole(1, {9, 9})}));
  EXPECT_EQ(discover_ok(1, "1,3").archives,
            (Archives{whole(1, {1, 4}), whole(1, {5, 8}), whole(1, {9, 9}), whole(3, {11, 12})}));
  EXPECT_EQ(discover_ok(1, "2").archives, (Archives{whole(2, {7, 10})}));
  EXPECT_EQ(discover_ok(1, "4").archives, (Archives{}));
}

// Its chain has it, and where it would begin a newer one rules already.
TEST_F(DiscoverEpochsTest, AnEpochThatBeginsAfterANewerOneRulesNowhere) {
  singles_of(1, 1, 3);
  name_of(3, {4, 5});
  name_of(2, {5, 8});
  name_of(3, {6, 6});
  EXPECT_EQ(discover_ok(3, "1-3").archives, (Archives{whole(1, {3, 3}), whole(3, {4, 5}), whole(3, {6, 6})}));
}

TEST_F(DiscoverEpochsTest, DeadBranchesDoNotCountAndHoldNothing) {
  singles_of(1, 1, 5);
  singles_of(2, 3, 9);  // nobody continues it
  Discovery discovery = discover_ok(6, "1,3");
  EXPECT_EQ(discovery.archives, (Archives{}));
  EXPECT_EQ(discovery.gap, std::nullopt);
  discovery = discover_ok(8, "1,3");
  EXPECT_EQ(discovery.gap, (Range{6, 7}));
  ASSERT_TRUE(discovery.older);
  EXPECT_EQ(discovery.older->range, (Range{5, 5}));
  EXPECT_EQ(discovery.older->epoch, 1U);
  // Of a partition where there is nothing else it is the beginning.
  discovery = discover_ok(8, "4", {.check_empty = true});
  EXPECT_TRUE(discovery.holds_nothing);
  EXPECT_EQ(discovery.gap, std::nullopt);
}

TEST_F(DiscoverEpochsTest, AnEpochWithoutAnythingChangesNothing) {
  singles_of(1, 1, 5);
  EXPECT_EQ(discover_ok(4, "1-9").archives, (Archives{whole(1, {4, 4}), whole(1, {5, 5})}));
  EXPECT_EQ(discover_ok(4, "1-9").gap, std::nullopt);
}

TEST_F(DiscoverEpochsTest, WhatIsCodedSaysSo) {
  fake_.objects[object_key("db", 7, {{1, 3}, ObjectKind::kArchive, 2, Coding::kZstd})] = "";
  EXPECT_EQ(discover_ok(2, "1-2").archives, (Archives{{{1, 3}, {1, 3}, 2, Coding::kZstd}}));
}

// ---- Of the newest epoch ------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, SaysWhetherTheNewestHasBegun) {
  singles_of(1, 1, 9);
  EXPECT_FALSE(discover_ok(5, "1-2").has_newest_epoch);
  name_of(3, {6, 7});
  EXPECT_FALSE(discover_ok(5, "1-2").has_newest_epoch);
  EXPECT_TRUE(discover_ok(5, "1-3").has_newest_epoch);
  EXPECT_FALSE(discover_ok(5, "1-4").has_newest_epoch);
  name_of(2, {8, 8}, ObjectKind::kGap);
  EXPECT_TRUE(discover_ok(5, "1-2").has_newest_epoch) << "a gap record begins it too";
  // Right before low, and also without a look back.
  EXPECT_TRUE(discover_ok(9, "1-2").has_newest_epoch);
  EXPECT_TRUE(discover_ok(9, "1-2", {.check_older = false}).has_newest_epoch);
  fake_.objects.clear();
  for (const ObjectKind kind : {ObjectKind::kAccepted, ObjectKind::kOrigin}) name_of(2, {1, 3}, kind);
  EXPECT_FALSE(discover_ok(2, "1-2").has_newest_epoch) << "these begin nothing";
}

// ---- From low on --------------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, WhatLiesRightBeforeLowSaysWhoRulesThere) {
  singles_of(1, 1, 20);
  singles_of(2, 5, 9);
  for (const bool check_older : {true, false}) {
    const Discovery discovery = discover_ok(10, "1-2", {.check_older = check_older});
    EXPECT_EQ(discovery.archives, (Archives{})) << "1's are cut off, though 2 has ended";
    EXPECT_TRUE(discovery.has_newest_epoch);
    EXPECT_EQ(discovery.gap, std::nullopt);
    EXPECT_EQ(discover_ok(8, "1-2", {.check_older = check_older}).archives,
              (Archives{whole(2, {8, 8}), whole(2, {9, 9})}));
  }
  EXPECT_EQ(fake_.lists, 1);
}

TEST_F(DiscoverEpochsTest, ALowWithinAnArchive) {
  name_of(1, {1, 10});
  name_of(2, {5, 12});
  EXPECT_EQ(discover_ok(4, "1-2").archives, (Archives{part_of(1, {1, 10}, {1, 4}), whole(2, {5, 12})}));
  for (const Lsn low : {5, 6, 11, 12}) {
    EXPECT_EQ(discover_ok(low, "1-2").archives, (Archives{whole(2, {5, 12})})) << low;
    EXPECT_EQ(discover_ok(low, "1-2").gap, std::nullopt) << low;
  }
}

// What is cut off before low is no archive that reaches over it.
TEST_F(DiscoverEpochsTest, WhatWasCutOffBeforeLowIsNotThere) {
  name_of(1, {1, 10});
  name_of(2, {4, 4});
  name_of(2, {5, 5});
  const Discovery discovery = discover_ok(8, "1-2");
  EXPECT_EQ(discovery.archives, (Archives{}));
  EXPECT_EQ(discovery.gap, (Range{6, 7}));
}

// An archive of 4096 entries, the most, begins an epoch long before the name that tells.
TEST_F(DiscoverEpochsTest, WhereTheLargestArchiveBeginsIsSeenInTime) {
  singles_of(1, 1, 4200);
  name_of(2, {100, 100 + kArchiveEntriesMax - 1});
  const Discovery discovery = discover_ok(1, "1-2", {.max_archives = 5000});
  ASSERT_EQ(discovery.archives.size(), 100U);
  EXPECT_EQ(discovery.archives[98], whole(1, {99, 99}));
  EXPECT_EQ(discovery.archives[99], whole(2, {100, 4195}));
  EXPECT_EQ(discovery.complete_through, kEveryLsn);
}

// ---- Records ------------------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, AGapRecordBeginsAnEpochWhereItBegins) {
  singles_of(1, 1, 9);
  name_of(2, {4, 6}, ObjectKind::kGap);
  const Discovery discovery = discover_ok(7, "1-2");
  EXPECT_EQ(discovery.archives, (Archives{}));
  EXPECT_EQ(discovery.gap, std::nullopt);
  EXPECT_EQ(discovery.known_gaps, (std::vector<Range>{{4, 6}}));
  EXPECT_EQ(discover_ok(7, "1").archives.size(), 3U);
  EXPECT_EQ(discover_ok(7, "1").known_gaps, (std::vector<Range>{})) << "of another history";
}

TEST_F(DiscoverEpochsTest, AGapRecordThatIsCutOffExplainsOnlyTheRest) {
  singles_of(1, 1, 3);
  name_of(1, {4, 9}, ObjectKind::kGap);
  name_of(2, {7, 7});
  const Discovery discovery = discover_ok(9, "1-2");
  EXPECT_EQ(discovery.known_gaps, (std::vector<Range>{{4, 6}}));
  EXPECT_EQ(discovery.gap, (Range{8, 8}));
}

TEST_F(DiscoverEpochsTest, AcceptedAndOriginAreOfAHistoryAndPrunedIsOfAll) {
  name_of(2, {4, 6}, ObjectKind::kGap);
  name_of(2, {1, 3});
  name_of(2, {4, 6}, ObjectKind::kAccepted);
  EXPECT_EQ(discover_ok(7, "2").known_gaps, (std::vector<Range>{}));
  name_of(3, {1, 3});
  name_of(3, {4, 6}, ObjectKind::kGap);
  EXPECT_EQ(discover_ok(7, "3").known_gaps, (std::vector<Range>{{4, 6}})) << "what others accepted";
  name_of(2, {1, 6}, ObjectKind::kPruned);
  EXPECT_EQ(discover_ok(7, "3").known_gaps, (std::vector<Range>{{4, 6}})) << "written after it was pruned";
  name_of(3, {1, 6}, ObjectKind::kPruned);
  EXPECT_EQ(discover_ok(7, "3").known_gaps, (std::vector<Range>{}));
  EXPECT_EQ(discover_ok(7, "4").gap, std::nullopt);

  fake_.objects.clear();
  add_of(2, {1, 6}, ObjectKind::kOrigin);
  EXPECT_EQ(discover_ok(7, "1-2").gap, std::nullopt);
  EXPECT_FALSE(discover_ok(7, "1-2").holds_nothing);
  EXPECT_EQ(discover_ok(9, "1-2").gap, (Range{7, 8}));
  EXPECT_TRUE(discover_ok(7, "1").holds_nothing) << "that of another history is none";
}

// ---- Pages --------------------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, ThePagesTogetherAreWhatCounts) {
  singles_of(1, 1, 40);
  singles_of(2, 15, 30);
  singles_of(4, 12, 14);  // of another history
  name_of(3, {21, 23});
  singles_of(3, 24, 60);
  std::vector<Archives> pages;
  Lsn low = 1;
  for (;;) {
    const Discovery page = discover_ok(low, "1-3", {.check_older = low == 1, .max_archives = 7});
    ASSERT_LE(page.archives.size(), 7U);
    pages.push_back(page.archives);
    if (page.complete_through == kEveryLsn) break;
    ASSERT_EQ(page.archives.back().name.last, page.complete_through);
    low = page.complete_through + 1;
  }
  Archives all;
  for (const Archives& page : pages) all.insert(all.end(), page.begin(), page.end());
  Archives expected;
  for (Lsn lsn = 1; lsn <= 60; ++lsn) {
    if (lsn == 21) expected.push_back(whole(3, {21, 23}));
    if (lsn < 21 || lsn > 23) expected.push_back(whole(lsn < 15 ? 1 : lsn < 21 ? 2 : 3, {lsn, lsn}));
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(pages.size(), 9U);
}

TEST_F(DiscoverEpochsTest, ALongChainCostsNoFullListing) {
  singles_of(1, 1, 20'000);
  EXPECT_EQ(discover_ok(1, "1-1000").archives.size(), DiscoverOptions().max_archives);
  EXPECT_LE(fake_.names_listed, DiscoverOptions().max_archives + kOverlapNames + kArchiveEntriesMax + 2);
  EXPECT_EQ(fake_.lists, 1);
}

// ---- epoch_after --------------------------------------------------------------------------------

TEST_F(DiscoverEpochsTest, WhoRulesAfterAHole) {
  singles_of(1, 1, 3);
  EXPECT_EQ(after({4, 6}, "1-3"), 0U);
  singles_of(1, 7, 9);
  EXPECT_EQ(after({4, 6}, "1-3"), 1U);
  name_of(2, {8, 8});
  EXPECT_EQ(after({4, 6}, "1-3"), 1U);
  EXPECT_EQ(after({4, 7}, "1-3"), 2U);
  name_of(3, {7, 12});
  EXPECT_EQ(after({4, 6}, "1-3"), 3U);
  EXPECT_EQ(after({4, 6}, "1,4"), 1U);
  EXPECT_EQ(after({4, 6}, "4"), 0U);
  EXPECT_EQ(after({9, 12}, "1-3"), 0U);
  // A record alone continues nothing.
  fake_.objects.clear();
  name_of(2, {7, 9}, ObjectKind::kGap);
  name_of(1, {10, 10});
  name_of(3, {11, 11});
  EXPECT_EQ(after({4, 6}, "1-3"), 3U);
}

// The lowest after it, whatever its name ends with.
TEST_F(DiscoverEpochsTest, AfterAHoleTheLowestCounts) {
  name_of(2, {7, 4000});
  singles_of(1, 2000, 3000);
  EXPECT_EQ(after({4, 6}, "1-2"), 2U);
  name_of(3, {8, 4097});
  EXPECT_EQ(after({4, 6}, "1-3"), 2U);
}

// ---- Against the definition ---------------------------------------------------------------------

struct Name {
  uint64_t epoch;
  Range range;
};

// What a reader of the chain sees, by names only: which epoch holds each LSN. Going from the newest epoch to
// its parents, each rules from its lowest LSN on.
std::map<Lsn, uint64_t> read(const std::vector<Name>& names, const std::vector<uint64_t>& chain) {
  std::map<Lsn, uint64_t> seen;
  Lsn top = kEveryLsn;
  for (auto epoch = chain.rbegin(); epoch != chain.rend(); ++epoch) {
    Lsn low = kEveryLsn;
    for (const Name& name : names) {
      if (name.epoch == *epoch) low = std::min(low, name.range.first);
    }
    for (const Name& name : names) {
      if (name.epoch != *epoch) continue;
      for (Lsn lsn = name.range.first; lsn <= name.range.last && lsn < top; ++lsn) seen.emplace(lsn, *epoch);
    }
    top = std::min(top, low);
  }
  return seen;
}

TEST_F(DiscoverEpochsTest, AgreesWithTheModel) {
  std::mt19937_64 random(3);
  int cut = 0;
  for (int round = 0; round < test::rounds(3000); ++round) {
    fake_.objects.clear();
    std::vector<Name> names;
    const uint64_t epochs = 1 + random() % 5;
    // Each epoch is one unbroken run, of batches.
    for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
      if (random() % 4 == 0) continue;
      Lsn next = 1 + random() % 30;
      for (uint64_t count = 1 + random() % 8; count > 0; --count) {
        const Lsn last = next + (random() % 2 ? 0 : random() % 9);
        names.push_back({epoch, {next, last}});
        name_of(epoch, {next, last});
        next = last + 1;
      }
    }
    std::vector<uint64_t> epochs_of;
    Chain chain = Chain::none();
    for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
      if (random() % 3 == 0 && epoch != epochs) continue;
      epochs_of.push_back(epoch);
      ASSERT_TRUE(chain.extend(epoch));
    }
    const std::map<Lsn, uint64_t> expected = read(names, epochs_of);
    std::vector<Lsn> lows = {1};
    for (const auto& [lsn, epoch] : expected) lows.push_back(lsn + 1);
    for (const Lsn low : lows) {
      DiscoverOptions options;
      options.check_older = random() % 2 == 0;
      if (random() % 3 == 0) options.max_archives = 1 + random() % 5;
      const Discovery discovery = discover_ok(low, chain.text(), options);
      std::map<Lsn, uint64_t> seen;
      for (const core::Found& found : discovery.archives) {
        ASSERT_TRUE(found.name.contains(found.part.first) && found.name.contains(found.part.last)) << round;
        cut += found.part != found.name;
        for (Lsn lsn = std::max(low, found.part.first); lsn <= found.part.last; ++lsn)
          ASSERT_TRUE(seen.emplace(lsn, found.epoch).second) << round;
      }
      seen.erase(seen.upper_bound(discovery.complete_through), seen.end());
      std::map<Lsn, uint64_t> from_low(expected.lower_bound(low), expected.end());
      from_low.erase(from_low.upper_bound(discovery.complete_through), from_low.end());
      ASSERT_EQ(seen, from_low) << round << " chain " << chain.text() << " low " << low;
    }
  }
  EXPECT_GT(cut, test::rounds(1000));
}

}  // namespace
}  // namespace tidemark::store
