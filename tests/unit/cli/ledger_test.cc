#include "ledger.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

constexpr const char* kUrl = "file:///a";

class LedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ledger-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/file";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static Stored single(uint64_t partition, uint64_t lsn, uint64_t size_bytes = 100) {
    return {TIDEMARK_STORED_ARCHIVE,
            "main",
            partition,
            lsn,
            lsn,
            size_bytes,
            7,
            object_key("main", partition, {lsn, lsn}, ObjectKind::kArchive)};
  }
  // Of partition 1.
  static Stored archive(uint64_t first, uint64_t last, uint64_t epoch) {
    Stored stored = single(1, last);
    stored.first = first;
    stored.epoch = epoch;
    stored.key = object_key("main", 1, {{first, last}, ObjectKind::kArchive, epoch});
    return stored;
  }
  // The histories that end with these epochs, of which each continues the one before it in the list.
  static HistoryEnd history(const std::vector<uint64_t>& epochs, uint64_t last) {
    std::map<uint64_t, uint64_t> parents;
    for (size_t i = 0; i < epochs.size(); ++i) parents[epochs[i]] = i == 0 ? 0 : epochs[i - 1];
    std::string problem;
    return {epochs.back(), *Chain::of(epochs.back(), parents, &problem), last};
  }
  static std::vector<HistoryEnd> one(uint64_t last) { return {history({1}, last)}; }
  Ledger load(Share share = {1, 30}, const Scope& scope = {}, int64_t now_us = 1000) {
    Ledger ledger;
    EXPECT_TRUE(ledger.load(path_, kUrl, scope, share, now_us));
    return ledger;
  }
  // A run over partitions 1..partitions with LSNs 1..last each; gives what was read.
  std::vector<std::string> run(Share share, uint64_t partitions, uint64_t last, int64_t now_us = 1000) {
    Ledger ledger = load(share, {}, now_us);
    std::vector<std::string> read;
    for (uint64_t partition = 1; partition <= partitions; ++partition) {
      ledger.begin(partition_text("main", partition));
      for (uint64_t lsn = 1; lsn <= last; ++lsn) {
        const Stored stored = single(partition, lsn);
        const bool is_skipped = ledger.may_skip(stored);
        if (!is_skipped) read.push_back(stored.key);
        ledger.right(stored, !is_skipped);
      }
      EXPECT_TRUE(ledger.end(one(last), 0).empty());
    }
    EXPECT_TRUE(ledger.save(true));
    return read;
  }

  std::string directory_, path_;
};

TEST_F(LedgerTest, EverythingIsReadOnceInSoManyRuns) {
  EXPECT_EQ(run({1, 7}, 3, 10).size(), 30u);
  std::vector<std::string> all;
  // The clock stands still, and goes back; the order of checks does not.
  for (int64_t now_us : {1000, 1000, 1000, 10, 10, 5000, 1}) {
    const auto read = run({1, 7}, 3, 10, now_us);
    EXPECT_EQ(read.size(), 5u);
    all.insert(all.end(), read.begin(), read.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), 30u);
}

TEST_F(LedgerTest, WhatIsOtherThanItWasIsRead) {
  run({0, 1}, 1, 3);
  const Ledger ledger = load({0, 1});
  EXPECT_TRUE(ledger.may_skip(single(1, 2)));
  EXPECT_FALSE(ledger.may_skip(single(1, 2, 99)));
  Stored younger = single(1, 2);
  younger.modified_us = 8;
  EXPECT_FALSE(ledger.may_skip(younger));
  Stored older = single(1, 2);
  older.modified_us = 6;
  EXPECT_FALSE(ledger.may_skip(older));
  EXPECT_FALSE(ledger.may_skip(single(1, 4)));
  EXPECT_FALSE(ledger.may_skip(single(2, 1)));
}

TEST_F(LedgerTest, WhatIsNotRightIsReadUntilItIs) {
  run({0, 1}, 1, 3);
  for (int i = 0; i < 2; ++i) {
    Ledger ledger = load({0, 1});
    EXPECT_EQ(ledger.may_skip(single(1, 2)), i == 0);
    ledger.begin("main/1");
    ledger.right(single(1, 1), false);
    ledger.not_right(single(1, 2));
    ledger.right(single(1, 3), false);
    EXPECT_TRUE(ledger.end(one(3), 0).empty());
    ASSERT_TRUE(ledger.save(true));
  }
}

TEST_F(LedgerTest, TheRestOfAPartitionThatWasNotFinishedStaysKnown) {
  run({0, 1}, 2, 3);
  Ledger ledger = load({0, 1});
  ledger.begin("main/1");
  ledger.right(single(1, 1), true);
  ledger.not_right(single(1, 2));
  ASSERT_TRUE(ledger.save(true));
  const Ledger next = load({0, 1});
  EXPECT_TRUE(next.may_skip(single(1, 1)));
  EXPECT_FALSE(next.may_skip(single(1, 2)));
  EXPECT_TRUE(next.may_skip(single(1, 3)));
  EXPECT_TRUE(next.may_skip(single(2, 3)));
}

// The only archive of an epoch was lost, and its parent has the same entries: no name shows that.
TEST_F(LedgerTest, AnArchiveInWhosePlaceAnOlderHistoryIsReadIsTold) {
  const Stored parents = archive(1, 8, 1), lost = archive(6, 7, 2), after = archive(8, 9, 3);
  const auto look = [&](const std::vector<Stored>& there, uint64_t pruned_through, bool is_recorded) {
    Ledger ledger = load();
    ledger.begin("main/1");
    for (const Stored& stored : there) ledger.right(stored, true);
    const HistoryEnd end = is_recorded ? history({1, 2, 3}, 9) : history({1, 3}, 9);
    std::vector<std::string> keys;
    for (const Gone& hidden : ledger.end({end}, pruned_through)) {
      EXPECT_EQ(hidden.read_instead, 1U);
      EXPECT_EQ(std::pair(hidden.first, hidden.through), std::pair(uint64_t{6}, uint64_t{7}));
      keys.push_back(hidden.newest_key);
    }
    EXPECT_TRUE(ledger.save(true));
    return keys;
  };
  using HiddenKeys = std::vector<std::string>;
  EXPECT_EQ(look({lost, parents, after}, 0, true), HiddenKeys{});
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(look({parents, after}, 0, true), HiddenKeys{lost.key}) << "until it is back";
  EXPECT_EQ(look({lost, parents, after}, 0, true), HiddenKeys{});
  look({lost, parents, after}, 0, true);
  EXPECT_EQ(look({after}, 0, true), HiddenKeys{}) << "nothing is read instead: a hole";
  look({lost, parents, after}, 0, true);
  EXPECT_EQ(look({parents, after}, 7, true), HiddenKeys{}) << "pruned";
  look({lost, parents, after}, 0, true);
  EXPECT_EQ(look({parents, after}, 0, false), HiddenKeys{}) << "its branch was dropped";
  look({lost, parents, after}, 0, true);
  EXPECT_EQ(look({archive(6, 6, 3), archive(7, 7, 3), parents, after}, 0, true), HiddenKeys{})
      << "it was filled";
}

TEST_F(LedgerTest, AllThatIsLostStaysKnown) {
  const auto look = [&](const std::vector<Stored>& there, uint64_t last) {
    Ledger ledger = load();
    ledger.begin("main/1");
    for (const Stored& stored : there) ledger.right(stored, true);
    const auto gone = ledger.end({history({1, 2}, last)}, 0);
    EXPECT_TRUE(ledger.save(true));
    return gone;
  };
  const Stored parents = archive(1, 6, 1), tail = archive(7, 7, 1), lost = archive(6, 8, 2);
  look({parents, tail, lost}, 8);
  const auto gone = look({parents}, 6);  // of the tail nothing counted
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(std::tuple(gone[0].first, gone[0].through, gone[0].read_instead), std::tuple(6U, 6U, 1U));
  EXPECT_EQ(std::tuple(gone[1].first, gone[1].through, gone[1].read_instead), std::tuple(7U, 8U, 0U));
  const auto known = load_checkpoint(path_, kUrl);
  ASSERT_TRUE(known);
  const CheckedObjects& objects = known->at("main/1");
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(std::pair(objects[1].last, objects[1].epoch), std::pair(uint64_t{7}, uint64_t{1}));
  EXPECT_EQ(std::pair(objects[2].last, objects[2].epoch), std::pair(uint64_t{8}, uint64_t{2}));
}

TEST_F(LedgerTest, WhatIsGoneIsToldUntilSomethingIsSaidOfIt) {
  run({0, 1}, 2, 5);
  for (int i = 0; i < 2; ++i) {
    Ledger ledger = load();
    ledger.begin("main/1");
    ledger.right(single(1, 1), true);
    const auto gone = ledger.end(one(2), 0);
    ASSERT_EQ(gone.size(), 1u);
    EXPECT_EQ(gone[0].newest_key, single(1, 5).key);
    EXPECT_EQ(std::pair(gone[0].first, gone[0].through), std::pair(uint64_t{3}, uint64_t{5}));
    ASSERT_EQ(ledger.unseen({}).size(), 1u);
    EXPECT_EQ(ledger.unseen({})[0].partition, 2u);
    EXPECT_TRUE(ledger.unseen({"main", 3}).empty());
    EXPECT_TRUE(ledger.unseen({"other", {}}).empty());
    ASSERT_TRUE(ledger.save(true));
  }
  Ledger ledger = load();
  ledger.begin("main/1");
  ledger.right(single(1, 1), true);
  EXPECT_TRUE(ledger.end(one(5), 0).empty());
  ASSERT_TRUE(ledger.save(true));
  Ledger after = load();
  after.begin("main/1");
  EXPECT_TRUE(after.end(one(1), 0).empty());
}

TEST_F(LedgerTest, ADamagedRecordAtTheEndIsNotGone) {
  Stored record = single(1, 9);
  record.kind = TIDEMARK_STORED_ACCEPTED;
  record.key = object_key("main", 1, {9, 9}, ObjectKind::kAccepted);
  for (int i = 0; i < 3; ++i) {
    Ledger ledger = load();
    ledger.begin("main/1");
    ledger.right(single(1, 1), true);
    if (i == 0) {
      ledger.right(record, true);
    } else {
      ledger.not_right(record);
    }
    EXPECT_TRUE(ledger.end(one(i == 0 ? 9 : 1), 0).empty());
    ASSERT_TRUE(ledger.save(true));
  }
}

TEST_F(LedgerTest, AgesAreTold) {
  constexpr int64_t kLaterUs = 8 * int64_t{86400} * 1'000'000;  // more than a week
  run({0, 1}, 1, 2, 1);
  Ledger ledger = load({0, 1}, {}, 1 + kLaterUs);
  ledger.begin("main/1");
  ledger.right(single(1, 1), false);
  ledger.right(single(1, 2), true);
  EXPECT_EQ(ledger.ages().archives, (std::array<uint64_t, 4>{0, 0, 1, 0}));
  EXPECT_EQ(ledger.ages().oldest_us, 1);
  EXPECT_EQ(ledger.read_again(), 1u);
}

TEST_F(LedgerTest, WithoutACheckpointNothingIsKnownOrWritten) {
  Ledger ledger;
  ASSERT_TRUE(ledger.load("", kUrl, {}, {1, 30}, 5));
  EXPECT_FALSE(ledger.may_skip(single(1, 1)));
  ledger.begin("main/1");
  ledger.right(single(1, 1), true);
  EXPECT_TRUE(ledger.end(one(1), 0).empty());
  EXPECT_TRUE(ledger.save(true));
  EXPECT_EQ(ledger.ages().sum(), 0u);
}

}  // namespace
}  // namespace tidemark::cli
