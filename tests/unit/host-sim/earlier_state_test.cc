// Clones and hosts that are restored to an older state: what they have, and that they write a history of
// their own.
#include "earlier_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "format/lsn.h"
#include "history.h"
#include "log_store.h"
#include "partition_dir.h"
#include "test_dir.h"

namespace tidemark::host {
namespace {

class EarlierStateTest : public ::testing::Test {
 protected:
  std::unique_ptr<LogStore> open(const std::string& name, bool keep_acked = false) {
    auto store = LogStore::open({dir_ / name, "main", 2, Durability::kUnsafe, keep_acked});
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return store ? std::move(*store) : nullptr;
  }
  static void commit(LogStore& store, uint64_t partition, size_t count) {
    const auto result = store.commit(std::vector<CommitRequest>(count, {partition, {}}), {1, 100, 7});
    ASSERT_TRUE(result) << result.error().message;
  }
  // Empty, or what was wrong.
  std::string take(const std::string& name, const EarlierState& state) {
    const auto taken = take_state(dir_ / name, state, Durability::kUnsafe);
    return taken ? "" : taken.error().message;
  }
  EarlierState clone_of(const std::string& name) { return {dir_ / name, std::nullopt}; }
  std::string journal(const std::string& name) { return get_file(dir_ / (name + "/journal")); }
  std::map<std::pair<uint64_t, uint64_t>, Digest> digests(const std::string& name) {
    std::map<std::pair<uint64_t, uint64_t>, Digest> found;
    const auto scan = scan_journal(dir_ / (name + "/journal"), [&](const JournalRecord& record) {
      EXPECT_TRUE(found.emplace(std::pair(record.partition, record.lsn), record.digest).second) << record.lsn;
    });
    EXPECT_TRUE(scan && scan->whole_bytes == scan->total_bytes);
    return found;
  }
  std::string entry(const std::string& name, uint64_t lsn) {
    return dir_ / (name + "/main/0/wal/" + lsn_text(lsn));
  }
  static void expect_position(LogStore& store, uint64_t id, uint64_t low, uint64_t next, uint64_t acked) {
    const PartitionPosition position = store.table().position(id);
    EXPECT_EQ(position.low, low);
    EXPECT_EQ(position.next, next);
    EXPECT_EQ(position.acked, acked);
  }
  // Five entries in partition 0, of which two are pruned and the third is acknowledged; three in 1.
  std::unique_ptr<LogStore> filled(const std::string& name) {
    auto store = open(name);
    commit(*store, 0, 5);
    commit(*store, 1, 3);
    EXPECT_TRUE(store->table().acknowledge(0, 2));
    EXPECT_TRUE(store->tidy());
    EXPECT_TRUE(store->table().acknowledge(0, 3));
    return store;
  }

  TestDir dir_;
};

TEST_F(EarlierStateTest, ACloneHasWhatItsSourceHas) {
  auto source = filled("data");  // and it stays open: the source is at work
  put_file(dir_ / "data/lineage", "owner=1\n");
  put_file(dir_ / "data/main/0/wal/.tmp-0000000000006/half", "x");
  ASSERT_EQ(take("clone", clone_of("data")), "");
  EXPECT_EQ(journal("clone"), journal("data"));
  EXPECT_EQ(get_file(dir_ / "clone/lineage"), "owner=1\n");
  for (uint64_t lsn : {3, 4, 5})
    EXPECT_EQ(*digest_tree(entry("clone", lsn)), *digest_tree(entry("data", lsn)));
  auto clone = open("clone");
  expect_position(*clone, 0, 3, 6,
                  2);  // the third was acknowledged, but that is not on the source's disk yet
  expect_position(*clone, 1, 1, 4, 0);
}

TEST_F(EarlierStateTest, ACloneWritesAnotherHistory) {
  auto source = filled("data");
  ASSERT_EQ(take("clone", clone_of("data")), "");
  ASSERT_EQ(take("second", clone_of("data")), "");
  for (const char* name : {"clone", "second"}) commit(*open(name), 0, 1);
  commit(*source, 0, 1);
  const auto a = digests("data"), b = digests("clone"), c = digests("second");
  EXPECT_EQ(a.at({0, 5}), b.at({0, 5}));
  EXPECT_NE(a.at({0, 6}), b.at({0, 6}));
  EXPECT_NE(a.at({0, 6}), c.at({0, 6}));
  EXPECT_NE(b.at({0, 6}), c.at({0, 6}));
  EXPECT_EQ(*digest_tree(entry("clone", 6)), b.at({0, 6}));
}

TEST_F(EarlierStateTest, EqualFilesAreAnotherHistoryToo) {
  put_file(dir_ / "file", "x");
  { const auto source = filled("data"); }
  ASSERT_EQ(take("clone", clone_of("data")), "");
  for (const char* name : {"data", "clone"}) {
    ASSERT_TRUE(open(name)->commit({{0, dir_ / "file"}}, {}));
  }
  EXPECT_NE(digests("data").at({0, 6}), digests("clone").at({0, 6}));
}

TEST_F(EarlierStateTest, WhatLiesAfterAnLsnIsForgotten) {
  { const auto source = filled("data"); }
  ASSERT_EQ(take("data", {"", 4}), "");
  EXPECT_FALSE(std::filesystem::exists(entry("data", 5)));
  const auto before = digests("data");
  EXPECT_EQ(before.size(), 7u);
  {
    auto store = open("data", true);
    expect_position(*store, 0, 3, 5, 2);
    expect_position(*store, 1, 1, 4, 0);
    commit(*store, 0, 1);
  }
  const auto first = digests("data").at({0, 5});
  // To before all that is left of it: nothing of the log is there, and the next entry follows.
  ASSERT_EQ(take("data", {"", 1}), "");
  auto store = open("data");
  expect_position(*store, 0, 2, 2, 1);
  expect_position(*store, 1, 1, 2, 0);
  commit(*store, 0, 4);
  EXPECT_NE(digests("data").at({0, 5}), first);
}

TEST_F(EarlierStateTest, ACloneCanBeOfAnOlderState) {
  auto source = filled("data");
  ASSERT_EQ(take("clone", {dir_ / "data", 3}), "");
  auto clone = open("clone");
  expect_position(*clone, 0, 3, 4, 2);
  expect_position(*source, 0, 3, 6, 3);
  EXPECT_EQ(digests("clone").size(), 6u);
}

TEST_F(EarlierStateTest, WhatIsPrunedMeanwhileCountsAsAcknowledged) {
  auto source = open("data");
  commit(*source, 0, 400);
  std::atomic<bool> stop{false};
  // The owner acknowledges, prunes and commits all the while.
  const std::jthread owner([&] {
    for (uint64_t acked = 50; !stop; acked += 50) {
      EXPECT_TRUE(source->table().acknowledge(0, acked) && source->tidy());
      commit(*source, 0, 50);
    }
  });
  for (int round = 0; round < 10 && !stop; ++round) {
    const std::string name = "clone" + std::to_string(round);
    EXPECT_EQ(take(name, clone_of("data")), "");
    auto clone = open(name, true);
    if (clone == nullptr) break;
    const PartitionPosition position = clone->table().position(0);
    EXPECT_GE(position.acked + 1, position.low);
    EXPECT_GE(position.next, 401u);
    const auto known = digests(name);
    for (uint64_t lsn = position.low; lsn < position.next; ++lsn)
      EXPECT_EQ(*digest_tree(entry(name, lsn)), known.at({0, lsn})) << lsn;
  }
  stop = true;
}

TEST_F(EarlierStateTest, IsOfTheTimeOfTheLineageFile) {
  auto source = filled("data");
  put_file(dir_ / "data/lineage", "epoch=0\n");
  std::atomic<bool> done{false};
  // Fewer epochs than a clone begins again.
  const std::jthread owner([&] {
    for (uint64_t epoch = 1; epoch <= 90; ++epoch) {
      // As the archiver does: it remembers its epoch, and then something is acknowledged in it.
      EXPECT_TRUE(
          replace_file(dir_ / "data/lineage", "epoch=" + std::to_string(epoch) + "\n", Durability::kUnsafe));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      commit(*source, 1, 1);
      EXPECT_TRUE(source->table().acknowledge(1, epoch) && source->tidy());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    done = true;
  });
  for (int round = 0; !done; ++round) {
    const std::string name = "clone" + std::to_string(round);
    ASSERT_EQ(take(name, clone_of("data")), "");
    const std::string lineage = get_file(dir_ / (name + "/lineage"));
    EXPECT_GE(std::stoull(lineage.substr(6)), open(name, true)->table().position(1).acked);
  }
}

TEST_F(EarlierStateTest, WhatWasInterruptedIsDoneAgain) {
  { const auto source = filled("data"); }
  const std::string words = "--clone-of " + (dir_ / "data") + " --restore-to 4";
  put_file(dir_ / "clone/unfinished", words + "\n");
  put_file(dir_ / "clone/main/0/wal/0000000000009/MANIFEST", "half");
  auto refused = LogStore::open({dir_ / "clone", "main", 2, Durability::kUnsafe, false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "`" + words + "` did not come to its end in " + (dir_ / "clone") + "; give it again");
  EXPECT_NE(take("clone", clone_of("data")).find("`" + words + "` did not come to its end"),
            std::string::npos);
  EXPECT_NE(take("third", clone_of("clone")).find("is not whole itself"), std::string::npos);
  ASSERT_EQ(take("clone", {dir_ / "data", 4}), "");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "clone/unfinished"));
  auto clone = open("clone");
  expect_position(*clone, 0, 3, 5, 2);
}

TEST_F(EarlierStateTest, RefusesWhatCannotBeCloned) {
  { const auto source = filled("data"); }
  put_file(dir_ / "full/main/0/wal/x", "");
  EXPECT_NE(take("full", clone_of("data")).find("is not empty"), std::string::npos);
  put_file(dir_ / "none/x", "");
  EXPECT_NE(take("clone", clone_of("none")).find("has no journal"), std::string::npos);
  put_file(dir_ / "half/recovering", "");
  EXPECT_NE(take("new", clone_of("half")).find("is not recovered yet"), std::string::npos);
  EXPECT_NE(take("half", {"", 1}).find("is not recovered yet"), std::string::npos);
  EXPECT_NE(take("nothing", {"", 1}).find("has no log; is --data right?"), std::string::npos);
  put_file(entry("data", 4) + "/payload-0", "damaged");
  EXPECT_NE(take("other", clone_of("data")).find("is not what the journal says of it"), std::string::npos);
}

TEST_F(EarlierStateTest, ADamagedHistoryIsRefused) {
  { const auto source = filled("data"); }
  for (const char* text : {"", "0000000000000000\n", "1\n", "000000000000000g\n", "0123456789abcdef"}) {
    put_file(dir_ / "data/history", text);
    auto refused = LogStore::open({dir_ / "data", "main", 2, Durability::kUnsafe, false});
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find("/history is damaged"), std::string::npos);
  }
}

}  // namespace
}  // namespace tidemark::host
