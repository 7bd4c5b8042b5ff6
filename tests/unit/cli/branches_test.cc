#include "branches.h"

#include <gtest/gtest.h>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

constexpr LineageEnd kLeaf4{4, true}, kLeaf3{3, true}, kTaken2{2, false}, kTaken1{1, false};
const std::vector<LineageEnd> kEnds = {kLeaf4, kLeaf3, kTaken2, kTaken1};

class BranchesTest : public testing::Test {
 protected:
  BranchesTest() {
    for (const uint64_t number : {1, 2, 3, 4}) {
      Epoch epoch;
      epoch.number = number;
      epoch.parent = number == 1 ? 0 : 1;
      epoch.how = number == 1 ? TIDEMARK_CLAIM_FIRST : TIDEMARK_CLAIM_TAKEOVER;
      lineage_.add(epoch);
    }
  }
  // An archive of 1..9, and what each of the ends counts of it up to; 0: nothing.
  void add(std::vector<uint64_t> lasts, int32_t kind = TIDEMARK_STORED_ARCHIVE) {
    Stored stored;
    stored.kind = kind;
    stored.storage = "main";
    stored.partition = 7;
    stored.first = 1;
    stored.last = 9;
    stored.size_bytes = 100;
    EpochCut::Parts parts;
    for (const uint64_t last : lasts)
      parts.push_back(last == 0 ? std::nullopt : std::optional<Range>(Range{1, last}));
    branches_.add(stored, kEnds, parts);
  }
  // "epoch: begins, archives, size_bytes, shared" of each history that has something alone.
  std::vector<std::string> told() const {
    std::vector<std::string> told;
    for (const History& history : branches_.histories("main", lineage_)) {
      for (const auto& [partition, only] : history.partitions) {
        EXPECT_EQ(partition, 7U);
        EXPECT_EQ(std::pair(history.archives, history.size_bytes), std::pair(only.archives, only.size_bytes));
        told.push_back(std::to_string(history.epoch) + ": " + std::to_string(only.begins) + ", " +
                       std::to_string(only.archives) + ", " + std::to_string(only.size_bytes) + ", " +
                       std::to_string(only.shared));
      }
    }
    return told;
  }

  Lineage lineage_{"main"};
  Branches branches_;
};
using Told = std::vector<std::string>;

TEST_F(BranchesTest, WhatOneHasAlone) {
  add({9, 0, 0, 0});
  add({0, 0, 0, 9});
  add({0, 9, 0, 0}, TIDEMARK_STORED_GAP);
  add({9, 0, 0, 0}, TIDEMARK_STORED_ACCEPTED);
  EXPECT_EQ(told(), (Told{"4: 1, 1, 100, 0", "3: 1, 0, 0, 0", "1: 1, 1, 100, 0"}));
}

TEST_F(BranchesTest, WhatSeveralHave) {
  add({9, 9, 0, 0});
  add({9, 9, 9, 9});
  add({5, 9, 9, 0});
  EXPECT_EQ(told(), Told{"3: 6, 0, 0, 1"}) << "the end of the third";
}

TEST_F(BranchesTest, OneThatWasTakenOverIsAPartOfThoseThatContinueIt) {
  add({9, 0, 0, 9});
  EXPECT_EQ(told(), Told{"4: 1, 1, 100, 0"});
  add({4, 3, 0, 9});
  EXPECT_EQ(told(), (Told{"4: 1, 1, 100, 0", "1: 5, 0, 0, 1"})) << "after it was taken over";
}

TEST_F(BranchesTest, WhatTwoThatWereTakenOverHaveIsOfTheOlder) {
  add({0, 0, 9, 9});
  EXPECT_EQ(told(), Told{"1: 1, 1, 100, 0"});
}

}  // namespace
}  // namespace tidemark::cli
