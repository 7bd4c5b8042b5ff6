// Batches and several archives of one partition at once, through the real ABI.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "harness.h"

namespace tidemark::integration {
namespace {

class BatchScenario : public Scenario {
 protected:
  BatchScenario() { host_.allow_leases(1000); }

  double archived() { return metrics()["tidemark_archives_total{result=\"archived\"}"]; }
  double verified() { return metrics()["tidemark_archives_total{result=\"verified\"}"]; }
  double entries() { return metrics()["tidemark_entries_archived_total"]; }
  std::string batch_key(Lsn first, Lsn last) const {
    return p_.storage + "/" + std::to_string(p_.id) + "/" + lsn_text(last) + "-" + lsn_text(first) + ".tar";
  }
  // What waits when the first job starts travels together: so notify first, then let it look.
  void archive_in_batches(Lsn low, Lsn high, const Options& options) {
    begin(options);
    notify(p_, low, high);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
  }
};

TEST_F(BatchScenario, AThousandEntriesInSixteenArchives) {
  host_.commit_range(p_, 1, 1000);
  archive_in_batches(1, 1000, {{"batch_entries", "64"}});
  const std::vector<ListedArchive> archives = list(p_);
  ASSERT_EQ(archives.size(), 16U);
  EXPECT_EQ(archives.front().key, batch_key(1, 64));
  EXPECT_EQ(archives.back().key, batch_key(961, 1000));
  EXPECT_EQ(list(p_, 100).size(), 15U);  // those that reach it
  for (const auto& [low, high] : {std::pair<Lsn, Lsn>{1, 3}, {63, 66}, {999, 1000}})
    expect_archived(p_, low, high);

  // Plain tar restores each batch as its entries.
  const test::TempDir restored;
  const std::string archive = archive_.path().string() + "/";
  for (const ListedArchive& batch : archives) {
    std::string bytes;
    ErrorOut error;
    ASSERT_EQ(fetch(batch.key, &bytes, &error), TIDEMARK_OK) << error.message;
    ASSERT_EQ(std::system(("tar -xf " + archive + batch.key + " -C " + restored.path().string()).c_str()), 0);
  }
  for (Lsn lsn = 1; lsn <= 1000; ++lsn) {
    ASSERT_EQ(test::describe_tree(restored / lsn_text(lsn)), test::describe_tree(host_.path(p_, lsn))) << lsn;
  }
  drain();
  EXPECT_EQ(archived(), 16);
  EXPECT_EQ(entries(), 1000);
}

TEST_F(BatchScenario, AnotherBatchSizeUploadsNothingTwice) {
  host_.commit_range(p_, 1, 100);
  archive_in_batches(1, 100, {{"batch_entries", "64"}});
  const std::vector<std::string> before = prints(archive_);
  for (const char* size : {"1", "10", "4096"}) {
    begin_again({{"batch_entries", size}, {"partition_inflight", "4"}});
    notify(p_, 1, 100);
    drain();
    EXPECT_EQ(host_.acknowledged(p_), 100U);
    EXPECT_EQ(verified(), 2);
    EXPECT_EQ(archived(), 0);
    EXPECT_EQ(prints(archive_), before);
  }
}

TEST_F(BatchScenario, TheByteLimitMakesSmallerBatches) {
  for (Lsn lsn = 1; lsn <= 10; ++lsn) host_.commit(p_, lsn, std::string(10'000, 'x'));
  archive_in_batches(1, 10, {{"batch_entries", "100"}, {"batch_bytes", "45000"}});
  EXPECT_EQ(objects(), (std::vector<std::string>{batch_key(1, 4), batch_key(5, 8), batch_key(9, 10)}));
  expect_archived(p_, 1, 10);
}

// Four of five fit. The first batches learn it, each leaving one behind that is archived alone; the others
// know.
TEST_F(BatchScenario, EntriesThatDoNotFillABatchEvenlyAreNotLeftBehind) {
  for (Lsn lsn = 1; lsn <= 400; ++lsn) host_.commit(p_, lsn, std::string(10'000, 'x'));
  archive_in_batches(1, 400, {{"batch_entries", "5"}, {"batch_bytes", "45000"}, {"partition_inflight", "4"}});
  EXPECT_LE(objects().size(), 110U) << "as few as 100 hold them";
  expect_archived(p_, 1, 400);
}

TEST_F(BatchScenario, AnEntryLargerThanABatchGoesAlone) {
  host_.commit(p_, 1, std::string(3'000'000, 'x'));
  host_.commit_range(p_, 2, 3);
  archive_in_batches(1, 3, {{"batch_entries", "100"}, {"batch_bytes", "20000"}});
  EXPECT_EQ(objects(), (std::vector<std::string>{archive_key(p_, 1), batch_key(2, 3)}));
  expect_archived(p_, 1, 3);
}

// More than the buffer holds: the batch is laid out and streamed.
TEST_F(BatchScenario, ALargeBatchIsStreamed) {
  for (Lsn lsn = 1; lsn <= 8; ++lsn)
    host_.commit(p_, lsn, std::string(700'000, static_cast<char>('a' + lsn)));
  archive_in_batches(1, 8, {{"batch_entries", "100"}});
  EXPECT_EQ(objects(), std::vector<std::string>{batch_key(1, 8)});
  expect_archived(p_, 1, 8);
}

TEST_F(BatchScenario, AMissingEntryHoldsUpOnlyItself) {
  host_.commit_range(p_, 1, 5);
  host_.commit_range(p_, 7, 9);
  begin({{"batch_entries", "64"}, {"partition_inflight", "4"}});
  notify(p_, 1, 9);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  host_.commit_range(p_, 6, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 9));
  expect_archived(p_, 1, 9);
}

TEST_F(BatchScenario, APrunedFirstHalfIsComparedByWhatIsLeft) {
  host_.commit_range(p_, 1, 20);
  archive_in_batches(1, 20, {{"batch_entries", "64"}});
  const std::vector<std::string> before = prints(archive_);
  for (Lsn lsn = 1; lsn <= 10; ++lsn) host_.prune(p_, lsn);
  begin_again({{"batch_entries", "64"}});
  notify(p_, 11, 20);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 20U);
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(prints(archive_), before);
  // The host forgot to raise low: what is missing counts as archived, what is left is still compared.
  begin_again({{"batch_entries", "64"}});
  host_.commit(p_, 15, "other content");
  notify(p_, 1, 20);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 14));
  stop(0);
  EXPECT_EQ(prints(archive_), before);
}

TEST_F(BatchScenario, AConflictInsideABatchHoldsUpWhatFollows) {
  host_.commit_range(p_, 1, 8);
  archive_in_batches(1, 8, {{"batch_entries", "64"}});
  const std::vector<std::string> before = prints(archive_);
  stop();
  host_.commit(p_, 5, "other content");
  start();
  notify(p_, 1, 8);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  stop(0);
  EXPECT_EQ(host_.acknowledged(p_), 4U);
  EXPECT_EQ(prints(archive_), before);
  const std::vector<SeenEvent> conflicts = host_.events(TIDEMARK_EVENT_CONFLICT);
  ASSERT_FALSE(conflicts.empty());
  EXPECT_NE(conflicts.back().message.find("entry 5"), std::string::npos) << conflicts.back().message;
}

// The host went back to 5 and on from there with other content: no batch may slip past the old one.
TEST_F(BatchScenario, AHostThatWentBackInTimeConflictsInsideABatch) {
  host_.commit_range(p_, 1, 8);
  archive_in_batches(1, 8, {{"batch_entries", "64"}});
  const std::vector<std::string> before = prints(archive_);
  begin_again({{"batch_entries", "64"}});
  notify(p_, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  for (Lsn lsn = 6; lsn <= 12; ++lsn) host_.commit(p_, lsn, "written again");
  notify(p_, 1, 12);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  stop(0);
  EXPECT_EQ(host_.acknowledged(p_), 5U);
  EXPECT_EQ(prints(archive_), before);
}

TEST_F(BatchScenario, ALostAnswerIsTriedAgainUnderTheSameName) {
  host_.commit_range(p_, 1, 4);
  std::atomic<int> puts{0};
  valve_.read = nullptr;
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    if (verb == "put" && ++puts == 1) host_.commit_range(p_, 5, 9);
    return puts == 1 ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  begin_with_valve({{"batch_entries", "64"}});
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  notify(p_, 1, 9);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 9));
  EXPECT_EQ(objects(), (std::vector<std::string>{batch_key(1, 4), batch_key(5, 9)}));
}

TEST_F(BatchScenario, SeveralArchivesOfOnePartitionAtOnce) {
  host_.commit_range(p_, 1, 40);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  Gate all_there;
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call* call) -> tidemark_status {
    if (verb != "put") return TIDEMARK_OK;
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    if (now == 4) all_there.open();
    const bool passed = all_there.pass(call);
    --running;
    return passed ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE;
  };
  begin_with_valve({{"workers", "8"}, {"partition_inflight", "4"}});
  notify(p_, 1, 40);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 40));
  EXPECT_EQ(most, 4);
  EXPECT_EQ(objects(), keys(p_, 1, 40));
}

// The first is held back: what is finished behind it is not acknowledged before it is, and then all at once.
TEST_F(BatchScenario, WhatIsFinishedOutOfOrderIsAcknowledgedInOrder) {
  host_.commit_range(p_, 1, 4);
  Gate first;
  std::atomic<int> others{0};
  valve_.before = [&](std::string_view verb, std::string_view key,
                      const tidemark_call* call) -> tidemark_status {
    if (verb != "put") return TIDEMARK_OK;
    if (key == archive_key(p_, 1)) return first.pass(call) ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE;
    ++others;
    return TIDEMARK_OK;
  };
  begin_with_valve({{"workers", "8"}, {"partition_inflight", "4"}});
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_until([&] { return metrics()["tidemark_entries_waiting"] == 1; }));
  EXPECT_EQ(others, 3);
  EXPECT_EQ(host_.acknowledged(p_), 0U);
  first.open();
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
}

TEST_F(BatchScenario, TheRateLimitIsKept) {
  for (Lsn lsn = 1; lsn <= 6; ++lsn) host_.commit(p_, lsn, std::string(100'000, 'x'));
  const auto begin_at = std::chrono::steady_clock::now();
  archive_in_batches(1, 6, {{"max_bytes_per_second", "200000"}});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_at;
  // 600 kB, of which a second's worth may go at once and the last may leave a debt.
  EXPECT_GE(took.count(), (600'000 - 200'000 - 110'000) / 200'000.0);
  EXPECT_LE(took.count(), 20);
  expect_archived(p_, 1, 6);
}

}  // namespace
}  // namespace tidemark::integration
