// The log on disk: what is there after every point at which a process or a machine may stop.
#include "log_store.h"

#include <gtest/gtest.h>

#include <map>

#include "format/lsn.h"
#include "partition_dir.h"
#include "test_dir.h"

namespace tidemark::host {
namespace {

class LogStoreTest : public ::testing::Test {
 protected:
  LogOptions options(bool keep_acked = false) const {
    return {dir_ / "data", "main", 2, Durability::kFsync, keep_acked};
  }
  std::unique_ptr<LogStore> open(bool keep_acked = false) {
    auto store = LogStore::open(options(keep_acked));
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return store ? std::move(*store) : nullptr;
  }
  std::string open_error() {
    auto store = LogStore::open(options());
    return store ? "" : store.error().message;
  }
  void commit(LogStore& store, uint64_t partition, int count) {
    const std::vector<CommitRequest> batch(static_cast<size_t>(count), CommitRequest{partition, {}});
    auto result = store.commit(batch, {1, 100, 7});
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->partitions, std::vector<uint64_t>{partition});
  }
  std::string entry(uint64_t partition, uint64_t lsn) const {
    return dir_ / ("data/main/" + std::to_string(partition) + "/wal/" + lsn_text(lsn));
  }
  std::string journal() const { return dir_ / "data/journal"; }
  std::string position_file(uint64_t partition) const {
    return dir_ / ("data/main/" + std::to_string(partition) + "/position");
  }
  static void expect_position(LogStore& store, uint64_t id, uint64_t low, uint64_t next, uint64_t acked) {
    const PartitionPosition position = store.table().position(id);
    EXPECT_EQ(position.low, low);
    EXPECT_EQ(position.next, next);
    EXPECT_EQ(position.acked, acked);
  }

  TestDir dir_;
};

TEST_F(LogStoreTest, CommitsAcknowledgesPrunesAndComesBack) {
  auto store = open();
  commit(*store, 0, 5);
  commit(*store, 1, 2);
  expect_position(*store, 0, 1, 6, 0);
  EXPECT_EQ(*store->table().acknowledge(0, 3), 3u);
  EXPECT_EQ(store->backlog(), 7u);
  EXPECT_EQ(*store->tidy(), 3u);
  EXPECT_EQ(store->backlog(), 4u);
  EXPECT_FALSE(std::filesystem::exists(entry(0, 3)));
  EXPECT_TRUE(std::filesystem::exists(entry(0, 4) + "/MANIFEST"));
  EXPECT_EQ(get_file(position_file(0)), "acked 3\nlow 4\nnext 6\n");
  store.reset();
  store = open();
  expect_position(*store, 0, 4, 6, 3);
  expect_position(*store, 1, 1, 3, 0);
  EXPECT_EQ(store->table().unconfirmed(), 4u);
  EXPECT_EQ(store->table().acknowledged(), 3u);
  commit(*store, 0, 1);
  expect_position(*store, 0, 4, 7, 3);
}

TEST_F(LogStoreTest, IsOpenOnce) {
  auto store = open();
  EXPECT_NE(open_error().find("in use by another host-sim"), std::string::npos);
}

TEST_F(LogStoreTest, AnEntryOnLoanIsNotPruned) {
  auto store = open();
  commit(*store, 0, 4);
  ASSERT_TRUE(store->table().lend(0, 2));
  EXPECT_EQ(*store->table().acknowledge(0, 4), 4u);
  EXPECT_EQ(*store->tidy(), 1u);
  EXPECT_TRUE(std::filesystem::exists(entry(0, 2) + "/MANIFEST"));
  EXPECT_EQ(*store->tidy(), 0u);
  store->table().end_loan(0, 2);
  EXPECT_EQ(*store->tidy(), 3u);
  EXPECT_FALSE(store->table().lend(0, 2));
  EXPECT_FALSE(std::filesystem::exists(entry(0, 4)));
}

TEST_F(LogStoreTest, KeepsAcknowledgedEntriesOnRequestAndShowsThemAgain) {
  auto store = open(true);
  commit(*store, 0, 3);
  EXPECT_EQ(*store->table().acknowledge(0, 3), 3u);
  EXPECT_EQ(*store->tidy(), 0u);
  store.reset();
  store = open(true);
  expect_position(*store, 0, 1, 4, 3);
  EXPECT_EQ(store->table().unconfirmed(), 3u);
  store.reset();
  store = open(false);
  expect_position(*store, 0, 4, 4, 3);
  EXPECT_FALSE(std::filesystem::exists(entry(0, 1)));
}

TEST_F(LogStoreTest, SweepsUnfinishedCommits) {
  open();
  auto store = open();
  commit(*store, 0, 2);
  store.reset();
  const std::string unfinished = dir_ / ("data/main/0/wal/.tmp-" + lsn_text(3));
  put_file(unfinished + "/payload-0", "half");
  store = open();
  EXPECT_FALSE(std::filesystem::exists(unfinished));
  commit(*store, 0, 1);
  expect_position(*store, 0, 1, 4, 0);
}

TEST_F(LogStoreTest, FinishesAnInterruptedPruning) {
  auto store = open();
  commit(*store, 0, 3);
  store.reset();
  std::filesystem::remove(entry(0, 1) + "/MANIFEST");  // what pruning does first
  store = open();
  EXPECT_FALSE(std::filesystem::exists(entry(0, 1)));
  expect_position(*store, 0, 2, 4, 1);
}

TEST_F(LogStoreTest, WritesLostJournalRecordsAgain) {
  auto store = open();
  commit(*store, 0, 3);
  commit(*store, 1, 1);
  store.reset();
  const std::string whole = get_file(journal());
  for (size_t keep : {size_t{0}, size_t{1}, whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
    put_file(journal(), whole.substr(0, keep));
    store = open();
    ASSERT_TRUE(store);
    store.reset();
    std::map<std::pair<uint64_t, uint64_t>, Digest> before, after;
    put_file(dir_ / "whole", whole);
    ASSERT_TRUE(scan_journal(dir_ / "whole", [&](JournalRecord r) {
      before[{r.partition, r.lsn}] = r.digest;
    }));
    const auto scan = scan_journal(journal(), [&](JournalRecord r) {
      after[{r.partition, r.lsn}] = r.digest;
    });
    EXPECT_EQ(scan->whole_bytes, scan->total_bytes);
    EXPECT_EQ(before, after) << "kept " << keep << " bytes";
  }
}

TEST_F(LogStoreTest, ZeroesAtTheEndOfTheJournalAreATear) {
  auto store = open();
  commit(*store, 0, 2);
  store.reset();
  const std::string whole = get_file(journal());
  put_file(journal(), whole.substr(0, whole.size() / 2) + std::string(4096, '\0') + "\n" + whole);
  store = open();
  ASSERT_TRUE(store);
  store.reset();
  EXPECT_EQ(get_file(journal()), whole);
}

TEST_F(LogStoreTest, RemembersRealFilesWhetherPrunedOrNot) {
  put_file(dir_ / "files/a", "1");
  put_file(dir_ / "files/b", "2");
  auto store = open();
  auto result = store->commit({{0, dir_ / "files/a"}, {0, dir_ / "files/gone"}, {1, dir_ / "files/b"}}, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->vanished, std::vector<std::string>{dir_ / "files/gone"});
  expect_position(*store, 0, 1, 2, 0);
  EXPECT_EQ(*store->table().acknowledge(0, 1), 1u);
  EXPECT_EQ(*store->tidy(), 1u);
  store.reset();
  const std::string whole = get_file(journal());
  put_file(journal(), whole.substr(0, whole.find('\n') + 1));  // b's record is lost, its entry is there
  store = open();
  EXPECT_EQ(store->known_origins(), (std::unordered_set<std::string>{dir_ / "files/a", dir_ / "files/b"}));
}

TEST_F(LogStoreTest, APositionBehindTheTruthIsHarmless) {
  auto store = open();
  commit(*store, 0, 4);
  EXPECT_EQ(*store->table().acknowledge(0, 4), 4u);
  EXPECT_EQ(*store->tidy(), 4u);
  store.reset();
  for (const std::string& old :
       {std::string("acked 1\nlow 2\nnext 3\n"), std::string(), std::string("nonsense"),
        std::string("acked 9\nlow 2\nnext 3\n"), std::string("acked 0\nlow 0\nnext 0\n")}) {
    put_file(position_file(0), old);
    store = open();
    ASSERT_TRUE(store);
    expect_position(*store, 0, 5, 5, 4);  // the next LSN is never used twice
    store.reset();
  }
  std::filesystem::remove(position_file(0));
  expect_position(*open(), 0, 5, 5, 4);
}

TEST_F(LogStoreTest, RefusesAPositionAheadOfTheTruth) {
  auto store = open();
  commit(*store, 0, 2);
  store.reset();
  put_file(position_file(0), "acked 7\nlow 8\nnext 9\n");
  const std::string error = open_error();
  EXPECT_NE(error.find("says that LSN 8 was committed"), std::string::npos) << error;
  EXPECT_NE(error.find("main/0"), std::string::npos) << error;
}

TEST_F(LogStoreTest, RefusesWhatIsNotItsOwn) {
  open();
  put_file(dir_ / "data/main/0/wal/notes.txt", "mine");
  EXPECT_NE(open_error().find("notes.txt is not an entry"), std::string::npos);
  std::filesystem::remove(dir_ / "data/main/0/wal/notes.txt");
  put_file(dir_ / "data/main/photos/x", "mine");
  EXPECT_NE(open_error().find("photos is not a partition"), std::string::npos);
}

TEST_F(LogStoreTest, SaysWhichDirectoryItCannotMake) {
  put_file(dir_ / "data", "a file");
  EXPECT_NE(open_error().find(dir_ / "data"), std::string::npos);
}

RecoveredLog recovered(const std::vector<uint64_t>& on_disk, PartitionPosition recorded,
                       uint64_t journal_last) {
  auto log = recover_log(on_disk, recorded, journal_last);
  EXPECT_TRUE(log);
  return log ? *log : RecoveredLog{};
}

TEST(RecoverLog, AHoleInTheJournalledPartWasPruned) {
  const auto log = recovered({1, 3, 4}, {}, 4);
  EXPECT_EQ(log.position.low, 3u);
  EXPECT_EQ(log.position.acked, 2u);
  EXPECT_EQ(log.position.next, 5u);
  EXPECT_EQ(log.to_remove, std::vector<uint64_t>{1});
}

TEST(RecoverLog, AHoleBeyondTheJournalIsAnUnfinishedCommit) {
  const auto log = recovered({1, 2, 4}, {}, 2);
  EXPECT_EQ(log.position.low, 1u);
  EXPECT_EQ(log.position.next, 3u);
  EXPECT_EQ(log.to_remove, std::vector<uint64_t>{4});
}

TEST(RecoverLog, EntriesBeyondTheJournalThatFollowOnAreKept) {
  const auto log = recovered({3, 4, 5}, {1, 1, 0}, 2);
  EXPECT_EQ(log.position.low, 3u);
  EXPECT_EQ(log.position.next, 6u);
  EXPECT_TRUE(log.to_remove.empty());
}

TEST(RecoverLog, AnEmptyLogGoesOnAfterItsJournal) {
  const auto log = recovered({}, {}, 9);
  EXPECT_EQ(log.position.low, 10u);
  EXPECT_EQ(log.position.next, 10u);
  EXPECT_EQ(log.position.acked, 9u);
}

TEST(PartitionTable, RefusesBrokenPromises) {
  PartitionTable table({{1, 5, 0}, {1, 1, 0}});
  EXPECT_FALSE(table.acknowledge(0, 5));
  EXPECT_FALSE(table.acknowledge(2, 1));
  EXPECT_EQ(*table.acknowledge(0, 3), 3u);
  EXPECT_EQ(*table.acknowledge(0, 3), 0u);
  EXPECT_FALSE(table.acknowledge(0, 2));
  EXPECT_EQ(table.unconfirmed(), 1u);
  const auto waiting = table.waiting(10);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].first, 4u);
  EXPECT_EQ(waiting[0].last, 4u);
}

TEST(PartitionTable, MeasuresEveryEntryOnce) {
  PartitionTable table({{1, 1, 0}});
  for (uint64_t high = 1; high <= 500; ++high) table.publish(0, high);
  for (uint64_t lsn = 5; lsn <= 500; lsn += 5) ASSERT_TRUE(table.acknowledge(0, lsn));
  EXPECT_EQ(table.confirmed(), 500u);
  EXPECT_EQ(table.unconfirmed(), 0u);
  EXPECT_LT(table.latency().percentile_us(1.0), 10'000'000u);
}

}  // namespace
}  // namespace tidemark::host
