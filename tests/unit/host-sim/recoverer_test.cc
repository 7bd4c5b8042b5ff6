// How a partition is put together again from whatever archives there are.
#include "recoverer.h"

#include <gtest/gtest.h>

namespace tidemark::host {
namespace {

using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;

ArchivedPartition partition(const Ranges& archives, const Ranges& known = {}) {
  ArchivedPartition made{"main", 3, {}, {}};
  for (const auto& [first, last] : archives) made.archives.push_back({"key", first, last});
  for (const auto& [first, last] : known) made.known_holes.push_back({first, last});
  return made;
}

Ranges pairs(const std::vector<LsnRange>& ranges) {
  Ranges out;
  for (const LsnRange& range : ranges) out.emplace_back(range.first, range.last);
  return out;
}

// From which archive which entries come: "first-last: first..last".
std::string pieces(const RecoveryPlan& plan) {
  std::string text;
  for (const auto& piece : plan.pieces) {
    text += (text.empty() ? "" : ", ") + std::to_string(piece.archive->first) + "-" +
            std::to_string(piece.archive->last) + ": " + std::to_string(piece.entries.first) + ".." +
            std::to_string(piece.entries.last);
  }
  return text;
}

TEST(RecoveryPlan, ArchivesFollowEachOther) {
  const ArchivedPartition made = partition({{3, 3}, {4, 9}, {1, 2}});
  const RecoveryPlan plan = plan_recovery(made);
  EXPECT_EQ(pieces(plan), "1-2: 1..2, 3-3: 3..3, 4-9: 4..9");
  EXPECT_EQ(plan.entries, 9u);
  EXPECT_EQ(plan.first_after_lost, 1u);
  EXPECT_FALSE(plan.begins_late);
  EXPECT_TRUE(plan.lost.empty());
  EXPECT_TRUE(plan.unexplained.empty());
}

TEST(RecoveryPlan, OfArchivesThatOverlapNoEntryComesTwice) {
  const ArchivedPartition made = partition({{1, 4}, {1, 1}, {2, 2}, {3, 8}, {6, 7}, {9, 9}});
  EXPECT_EQ(pieces(plan_recovery(made)), "1-4: 1..4, 3-8: 5..8, 9-9: 9..9");
}

TEST(RecoveryPlan, AHoleIsUnexplainedUnlessARecordCoversIt) {
  const Ranges archives = {{1, 2}, {10, 12}};
  EXPECT_EQ(pairs(plan_recovery(partition(archives)).unexplained), (Ranges{{3, 9}}));
  const RecoveryPlan whole = plan_recovery(partition(archives, {{3, 9}}));
  EXPECT_TRUE(whole.unexplained.empty());
  EXPECT_EQ(pairs(whole.lost), (Ranges{{3, 9}}));
  EXPECT_EQ(whole.first_after_lost, 10u);
  const RecoveryPlan parts = plan_recovery(partition(archives, {{6, 7}, {1, 3}, {9, 20}}));
  EXPECT_EQ(pairs(parts.unexplained), (Ranges{{4, 5}, {8, 8}}));
  EXPECT_EQ(pairs(parts.lost), (Ranges{{3, 3}, {6, 7}, {9, 9}, {13, 20}}));
  const RecoveryPlan overlapping = plan_recovery(partition(archives, {{3, 6}, {5, 9}}));
  EXPECT_TRUE(overlapping.unexplained.empty());
}

TEST(RecoveryPlan, WhatWasLostBehindTheLastIsTold) {
  EXPECT_EQ(pairs(plan_recovery(partition({{1, 2}}, {{3, 5}})).lost), (Ranges{{3, 5}}));
  // Between two records: only an archive could tell that there was anything.
  EXPECT_EQ(pairs(plan_recovery(partition({{1, 2}}, {{4, 5}})).unexplained), (Ranges{{3, 3}}));
}

TEST(RecoveryPlan, ALateBeginningIsToldUnlessARecordSaysWhy) {
  EXPECT_TRUE(plan_recovery(partition({{5, 6}})).begins_late);
  EXPECT_FALSE(plan_recovery(partition({{5, 6}}, {{1, 4}})).begins_late);
  ArchivedPartition pruned = partition({{5, 6}});
  pruned.pruned_through = 4;
  EXPECT_FALSE(plan_recovery(pruned).begins_late);
  EXPECT_TRUE(plan_recovery(pruned).lost.empty());
  // A pruning that was killed left more than it had to.
  pruned.pruned_through = 5;
  EXPECT_EQ(plan_recovery(pruned).entries, 2u);
  pruned.pruned_through = 3;
  EXPECT_TRUE(plan_recovery(pruned).begins_late);
}

TEST(RecoveryPlan, AnArchiveThatIsKnownToBeginLaterIsWell) {
  ArchivedPartition made = partition({{13, 13}, {14, 20}});
  made.origin_last = 12;
  const RecoveryPlan plan = plan_recovery(made);
  EXPECT_FALSE(plan.begins_late);
  EXPECT_TRUE(plan.unexplained.empty());
  EXPECT_TRUE(plan.lost.empty());
  EXPECT_EQ(pieces(plan), "13-13: 13..13, 14-20: 14..20");
  // A hole is a hole then, also before the first archive.
  made.origin_last = 10;
  EXPECT_EQ(pairs(plan_recovery(made).unexplained), (Ranges{{11, 12}}));
  made.known_holes = {{11, 11}};
  EXPECT_EQ(pairs(plan_recovery(made).unexplained), (Ranges{{12, 12}}));
  EXPECT_EQ(pairs(plan_recovery(made).lost), (Ranges{{11, 11}}));
  // What was pruned since goes before it, and so does what is there.
  made = partition({{30, 31}});
  made.origin_last = 12;
  made.pruned_through = 29;
  EXPECT_TRUE(plan_recovery(made).unexplained.empty());
  EXPECT_FALSE(plan_recovery(made).begins_late);
  made = partition({{3, 3}, {13, 13}});
  made.origin_last = 12;
  EXPECT_EQ(pairs(plan_recovery(made).unexplained), (Ranges{{4, 12}}));
}

}  // namespace
}  // namespace tidemark::host
