#include "history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "archive_list.h"
#include "format/object_name.h"
#include "history_surveys.h"
#include "restore_plan.h"

namespace tidemark::cli {
namespace {

int32_t kind_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kGap:
      return TIDEMARK_STORED_GAP;
    case ObjectKind::kAccepted:
      return TIDEMARK_STORED_ACCEPTED;
    case ObjectKind::kPruned:
      return TIDEMARK_STORED_PRUNED;
    case ObjectKind::kOrigin:
      return TIDEMARK_STORED_ORIGIN;
    default:
      return TIDEMARK_STORED_ARCHIVE;
  }
}

Stored object(Range range, uint64_t epoch = 1, ObjectKind kind = ObjectKind::kArchive) {
  Stored stored{kind_of(kind), "main", 7, range.first,
                range.last,    100,    5, object_key("main", 7, {range, kind, epoch})};
  stored.epoch = epoch;
  return stored;
}

Stored foreign(const std::string& name) {
  Stored stored;
  stored.storage = "main";
  stored.partition = 7;
  stored.key = "main/7/" + name;
  return stored;
}

Epoch epoch_of(uint64_t number, uint64_t parent, uint8_t owner = 1) {
  Epoch epoch{number, parent, parent == 0 ? TIDEMARK_CLAIM_FIRST : TIDEMARK_CLAIM_RESTART, 5, {owner},
              "node", {}};
  return epoch;
}

Lineage lineage_of(const std::map<uint64_t, uint64_t>& parents) {
  Lineage lineage("main");
  for (const auto& [number, parent] : parents) lineage.add(epoch_of(number, parent));
  return lineage;
}

std::string text_of(const Result<Chain>& chain) { return chain ? chain->text() : chain.error().message; }

TEST(Lineage, TellsHistoriesByParents) {
  const Lineage none("main");
  EXPECT_EQ(none.newest(), 1u);
  EXPECT_EQ(text_of(none.chain_of(1)), "1");
  EXPECT_EQ(none.leaves(), (std::vector<uint64_t>{1}));
  const Lineage some = lineage_of({{1, 0}, {2, 1}, {3, 2}, {4, 2}, {6, 4}});
  EXPECT_EQ(some.newest(), 6u);
  EXPECT_EQ(some.leaves(), (std::vector<uint64_t>{6, 3}));
  EXPECT_EQ(text_of(some.chain_of(6)), "1-2,4,6");
  EXPECT_EQ(some.history_of(6), (std::vector<uint64_t>{1, 2, 4, 6}));
  EXPECT_EQ(some.own_epochs(6), (std::vector<uint64_t>{4, 6}));
  EXPECT_EQ(some.own_epochs(3), (std::vector<uint64_t>{3}));
  EXPECT_EQ(some.chain_of(5).error().exit_code, kExitUsage);
  EXPECT_EQ(text_of(some.chain_of(5)), "there is no epoch 5 of main (tidemark ls shows their records)");
  EXPECT_EQ(lineage_of({{2, 1}, {3, 1}}).leaves(), (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(lineage_of({{2, 0}}).leaves(), (std::vector<uint64_t>{2, 1})) << "what was there before it";
}

TEST(Lineage, ARecordThatIsNotRightBreaksItsHistoryAlone) {
  Lineage lineage = lineage_of({{1, 0}, {2, 1}, {5, 4}, {6, 5}});
  lineage.add_damaged(3, "main/epoch/0000000000003.epoch: cut");
  lineage.add(epoch_of(7, 3));
  lineage.add(epoch_of(8, 2, 9));
  EXPECT_EQ(lineage.leaves(), (std::vector<uint64_t>{2})) << "whoever says that he continues it";
  EXPECT_EQ(text_of(lineage.chain_of(2)), "1-2");
  EXPECT_NE(text_of(lineage.chain_of(6))
                .find("main/epoch/0000000000005.epoch: continues epoch 4, whose record "
                      "main/epoch/0000000000004.epoch is not there"),
            std::string::npos);
  EXPECT_NE(text_of(lineage.chain_of(7)).find("main/epoch/0000000000003.epoch: cut; bring it from a copy"),
            std::string::npos);
  EXPECT_NE(text_of(lineage.chain_of(8)).find("continues epoch 2, which is of another owner"),
            std::string::npos);
  for (const uint64_t broken : {6, 7, 8}) EXPECT_EQ(lineage.chain_of(broken).error().exit_code, kExitData);
  EXPECT_TRUE(lineage.is_recorded(3));
  EXPECT_FALSE(lineage.is_recorded(4));
}

// What an item counts, as the test writes it: "1-4" of key.
std::vector<std::string> cut(const std::vector<const char*>& chains, const std::vector<Stored>& objects) {
  std::vector<Chain> parsed;
  for (const char* text : chains) parsed.push_back(*Chain::parse(text));
  EpochCut cut(parsed);
  std::vector<std::string> given;
  const auto visit = [&](const Stored& stored, const Proof&, const EpochCut::Parts& parts) {
    std::string text = stored.key.substr(7);
    for (const auto& part : parts) {
      text += part ? " " + std::to_string(part->first) + "-" + std::to_string(part->last) : " none";
    }
    given.push_back(text);
    return true;
  };
  for (const Stored& one : objects) EXPECT_TRUE(cut.add(one, {}, visit));
  EXPECT_TRUE(cut.finish(visit));
  return given;
}

TEST(EpochCut, GivesAllInTheirOrderWithWhatCountsInEachHistory) {
  EXPECT_EQ(cut({"1-2", "1"}, {object({5, 5}, 2), foreign("note"), object({1, 10}), object({12, 12}, 3)}),
            (std::vector<std::string>{"0000000000005.e2.tar 5-5 none", "note none none",
                                      "000000000000a-0000000000001.tar 1-4 1-10",
                                      "000000000000c.e3.tar none none"}));
}

TEST(EpochCut, HoldsNothingBackWhereThereWasOneEpoch) {
  EpochCut cut({Chain()});
  int given = 0;
  const auto visit = [&](const Stored&, const Proof&, const EpochCut::Parts&) { return ++given > 0; };
  cut.add(object({1, 1}), {}, visit);
  EXPECT_EQ(given, 1);
}

TEST(EpochCut, AVisitMayStopIt) {
  EpochCut cut({*Chain::parse("1-2")});
  const auto visit = [&](const Stored&, const Proof&, const EpochCut::Parts&) { return false; };
  EXPECT_TRUE(cut.add(object({1, 1}), {}, visit));
  EXPECT_FALSE(cut.add(object({5000, 5000}), {}, visit));
  EXPECT_TRUE(cut.finish(visit)) << "the rest is dropped";
}

// Histories of some epochs: a host after another, each from somewhere in what the other left.
struct Partition {
  std::map<uint64_t, uint64_t> parents;
  std::vector<Stored> objects;  // in the order of keys
};
Partition some_partition(std::mt19937_64& random) {
  Partition made;
  const uint64_t epochs = 1 + random() % 5;
  for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
    made.parents[epoch] = epoch == 1 ? 0 : 1 + random() % (epoch - 1);
    uint64_t next = 1 + random() % 30;
    for (uint64_t left = random() % 10; left > 0; --left) {
      const uint64_t last = next + random() % 6;
      const auto roll = random() % 10;
      if (roll < 7) made.objects.push_back(object({next, last}, epoch));
      if (roll == 7) made.objects.push_back(object({next, last}, epoch, ObjectKind::kGap));
      if (roll == 8) made.objects.push_back(object({next, last}, epoch, ObjectKind::kAccepted));
      next = last + 1;
    }
  }
  std::sort(made.objects.begin(), made.objects.end(),
            [](const Stored& a, const Stored& b) { return a.key < b.key; });
  return made;
}

// Which LSNs a history has, by the rule: an epoch rules from its lowest LSN on.
struct Known {
  std::set<uint64_t> present, accepted, gaps;
  uint64_t end = 0;
};
Known known_of(const std::vector<Stored>& objects, const std::vector<uint64_t>& history) {
  Known known;
  uint64_t top = UINT64_MAX;
  for (auto epoch = history.rbegin(); epoch != history.rend(); ++epoch) {
    uint64_t low = top;
    for (const Stored& one : objects) {
      if (one.epoch != *epoch) continue;
      if (one.kind != TIDEMARK_STORED_ACCEPTED) low = std::min(low, one.first);
      for (uint64_t lsn = one.first; lsn <= one.last && lsn < top; ++lsn) {
        (one.kind == TIDEMARK_STORED_ARCHIVE    ? known.present
         : one.kind == TIDEMARK_STORED_ACCEPTED ? known.accepted
                                                : known.gaps)
            .insert(lsn);
        known.end = std::max(known.end, lsn);
      }
    }
    top = low;
  }
  return known;
}

std::set<uint64_t> missing_of(Coverage& coverage) {
  std::set<uint64_t> lsns;
  for (const Missing& piece : coverage.finish()) {
    for (uint64_t lsn = piece.range.first; lsn <= piece.range.last; ++lsn) lsns.insert(lsn);
  }
  return lsns;
}

TEST(HistorySurveys, EachHistoryLacksWhatItLacks) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const Partition made = some_partition(random);
    const Lineage lineage = lineage_of(made.parents);
    const Leaves leaves = leaves_of(lineage);
    HistorySurveys surveys("main", 7, leaves);
    HistoryOverlaps overlaps(leaves.epochs.size());
    EpochCut cut(leaves.chains);
    const auto visit = [&](const Stored& stored, const Proof&, const EpochCut::Parts& parts) {
      surveys.add(stored, parts);
      if (stored.kind == TIDEMARK_STORED_ARCHIVE) {
        EXPECT_TRUE(overlaps.add(stored, parts, true).empty()) << "seed " << seed << ": " << stored.key;
      }
      return true;
    };
    for (const Stored& one : made.objects) cut.add(one, {}, visit);
    cut.finish(visit);
    size_t at = 0;
    for (HistorySurveys::Of& of : surveys.each()) {
      const Known known = known_of(made.objects, lineage.history_of(leaves.epochs[at++]));
      std::set<uint64_t> expected;
      for (uint64_t lsn = 1; lsn <= known.end; ++lsn) {
        if (known.present.count(lsn) + known.accepted.count(lsn) == 0) expected.insert(lsn);
      }
      ASSERT_EQ(missing_of(of.survey.coverage), expected) << "seed " << seed << ", epoch " << of.epoch;
    }
  }
}

// What one history has must be chosen whole, whatever the order is in which it is listed.
TEST(RestorePlan, TakesOneHistoryAndNothingElse) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const Partition made = some_partition(random);
    const Lineage lineage = lineage_of(made.parents);
    const uint64_t leaf = lineage.leaves().back();
    std::multimap<uint64_t, Stored> sorted;  // as Histories gives them
    EpochCut cut({*lineage.chain_of(leaf)});
    const auto visit = [&](const Stored& stored, const Proof&, const EpochCut::Parts& parts) {
      if (parts[0]) sorted.emplace(parts[0]->last, counted(stored, *parts[0]));
      return true;
    };
    for (const Stored& one : made.objects) cut.add(one, {}, visit);
    cut.finish(visit);
    RestorePlan plan({});
    ListingRoom room{1000};
    ArchiveList list({"main", 7}, room);
    for (const auto& [last, stored] : sorted) {
      plan.add(stored);
      if (stored.kind == TIDEMARK_STORED_ARCHIVE) list.add(stored);
    }
    plan.finish();
    const Known known = known_of(made.objects, lineage.history_of(leaf));
    std::set<uint64_t> lacks;
    for (const Range& hole : plan.missing())
      for (uint64_t lsn = hole.first; lsn <= hole.last; ++lsn) lacks.insert(lsn);
    for (uint64_t lsn = 1; lsn <= known.end; ++lsn)
      ASSERT_EQ(lacks.count(lsn) == 0, known.present.count(lsn) > 0) << "seed " << seed << ", LSN " << lsn;
    if (!lacks.empty() || plan.is_empty()) continue;
    EXPECT_TRUE(plan.shared().empty()) << seed;
    PieceChooser chooser(plan.range(), {}, {});
    uint64_t next = 1;
    const auto take = [&](const std::vector<Piece>& pieces) {
      for (const Piece& piece : pieces) {
        ASSERT_EQ(piece.range.first, next) << "seed " << seed;
        next = piece.range.last + 1;
      }
    };
    list.each(0, [&](const Stored& stored) {
      take(chooser.add(stored));
      const auto key = parse_object_key(stored.key);
      EXPECT_TRUE(key && key->name.epoch == stored.epoch && key->name.range.last == whole_last(stored));
      return true;
    });
    take(chooser.finish());
    ASSERT_EQ(next, known.end + 1) << "seed " << seed;
    ASSERT_TRUE(chooser.is_done());
  }
}

// What a newer epoch has cut comes after others that end later.
TEST(Coverage, TakesWhatWasCutWhereverItLies) {
  Coverage coverage;
  coverage.add_present({10, 10});
  coverage.add_present({3, 4});
  coverage.add_gap({6, 7});
  coverage.add_accepted({7, 8});
  EXPECT_EQ(coverage.last(), 10u);
  EXPECT_EQ(coverage.finish(), (std::vector<Missing>{{{1, 2}, Cause::kUnknown},
                                                     {{5, 5}, Cause::kUnknown},
                                                     {{6, 6}, Cause::kGap},
                                                     {{9, 9}, Cause::kUnknown}}));
}

TEST(Overlaps, FindsWhatWasCutWhereverItLies) {
  Overlaps overlaps;
  for (const auto& [range, name] :
       std::vector<std::pair<Range, std::string>>{{{5, 5}, "a"}, {{6, 6}, "b"}, {{1, 4}, "c"}})
    EXPECT_TRUE(overlaps.add(range, name).empty()) << name;
  const auto found = overlaps.add({3, 5}, "d");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].earlier, "a");
  EXPECT_EQ(found[1].earlier, "c");
  EXPECT_EQ(found[1].shared, (Range{3, 4}));
}

TEST(Survey, WhatWasCutOverrulesNothingOfANewerEpoch) {
  Survey survey("main", 7);
  survey.add(object({6, 8}, 2, ObjectKind::kGap));
  survey.add(counted(object({1, 9}), {1, 5}));
  EXPECT_TRUE(survey.take_overruled().empty());
  survey.add(counted(object({2, 9}, 1, ObjectKind::kAccepted), {2, 5}));
  EXPECT_TRUE(survey.take_overruled().empty()) << "that cannot be told";
  survey.add(object({8, 10}, 2));
  EXPECT_EQ(survey.take_overruled(), (std::vector<std::string>{object({6, 8}, 2, ObjectKind::kGap).key}));
  survey.add(object({1, 3}, 2, ObjectKind::kPruned));
  EXPECT_FALSE(survey.has_remnants()) << "of the one that was cut more lies above";
}

TEST(ArchiveList, RemembersEpochsAndWhatWasCut) {
  ListingRoom room{10};
  ArchiveList list({"main", 7}, room);
  list.add(object({1, 3}));
  list.add(counted(object({4, 9}), {4, 6}));
  list.add(object({7, 8}, 3));
  list.add(object({9, 9}, 12));
  std::vector<std::string> found;
  list.each(6, [&](const Stored& stored) {
    found.push_back(stored.key + " " + std::to_string(stored.first) + "-" + std::to_string(stored.last) +
                    " of " + std::to_string(whole_last(stored)));
    return true;
  });
  EXPECT_EQ(found, (std::vector<std::string>{"main/7/0000000000009-0000000000004.tar 4-6 of 9",
                                             "main/7/0000000000008-0000000000007.e3.tar 7-8 of 8",
                                             "main/7/0000000000009.e12.tar 9-9 of 9"}));
}

}  // namespace
}  // namespace tidemark::cli
