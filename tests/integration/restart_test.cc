// Stopped and started, by the same process or another; restored hosts; partitions that were forgotten.
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

class RestartScenario : public Scenario {
 protected:
  void archive_range(Lsn low, Lsn high) {
    notify(p_, low, high);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
  }
  double archived() { return metrics()["tidemark_archives_total{result=\"archived\"}"]; }
  double verified() { return metrics()["tidemark_archives_total{result=\"verified\"}"]; }
};

TEST_F(RestartScenario, StopAndStartUploadNothingTwice) {
  host_.commit_range(p_, 1, 5);
  begin();
  archive_range(1, 5);
  const std::vector<std::string> before = prints(archive_);
  stop();
  start();
  host_.commit_range(p_, 6, 6);
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledged(p_) == 6; }));
  drain();
  EXPECT_EQ(archived(), 6);
  EXPECT_EQ(verified(), 5);
  std::vector<std::string> after = prints(archive_);
  ASSERT_EQ(after.size(), 6U);
  after.pop_back();
  EXPECT_EQ(after, before);
  EXPECT_TRUE(host_.events().empty());
}

TEST_F(RestartScenario, ANewProcessUploadsNothingTwice) {
  host_.commit_range(p_, 1, 5);
  begin();
  archive_range(1, 5);
  const std::vector<std::string> before = prints(archive_);
  begin_again();
  notify(p_, 1, 5);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 5U);
  EXPECT_EQ(archived(), 0);
  EXPECT_EQ(verified(), 5);
  EXPECT_EQ(prints(archive_), before);
  EXPECT_TRUE(host_.events().empty());
}

// What is archived and gone at the host cannot be compared any more; it counts as archived.
TEST_F(RestartScenario, AnArchivedEntryThatIsGoneAtTheHost) {
  host_.commit_range(p_, 1, 3);
  begin();
  archive_range(1, 3);
  host_.prune(p_, 2);
  begin_again();
  notify(p_, 1, 3);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 3U);
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(verified(), 2);
}

TEST_F(RestartScenario, HolesInTheArchiveAreFilled) {
  host_.commit_range(p_, 1, 6);
  begin();
  archive_range(1, 6);
  stop();
  std::filesystem::remove(archive_ / archive_key(p_, 2));
  std::filesystem::remove(archive_ / archive_key(p_, 5));
  start();
  notify(p_, 1, 6);
  drain();
  EXPECT_EQ(objects(), keys(p_, 1, 6));
  EXPECT_EQ(archived(), 8);
  EXPECT_EQ(verified(), 4);
  EXPECT_TRUE(host_.events().empty());
  expect_archived(p_, 1, 6);
}

// The host was put back to an older state and went on from there with other content.
TEST_F(RestartScenario, AHostThatWasRestoredToAnOlderState) {
  host_.commit_range(p_, 1, 5);
  begin();
  archive_range(1, 5);
  const std::vector<std::string> before = prints(archive_);
  destroy();
  host_.commit(p_, 4, "another history");
  host_.prune(p_, 5);
  begin();
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_CONFLICT)[0].first, 4U);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  stop(0);
  EXPECT_EQ(host_.acknowledged(p_), 3U);
  EXPECT_EQ(prints(archive_), before);
}

// The same, one entry behind the high of the first notification: what was there before proves nothing.
TEST_F(RestartScenario, AnOlderStateThatDivergesAfterTheFirstNotification) {
  host_.commit_range(p_, 1, 5);
  begin();
  archive_range(1, 5);
  destroy();
  host_.prune(p_, 4);
  host_.prune(p_, 5);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledged(p_) == 3; }));
  host_.commit(p_, 4, "another history");
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_CONFLICT)[0].first, 4U);
  EXPECT_EQ(host_.acknowledged(p_), 3U);
}

TEST_F(RestartScenario, AGapThatHappenedWhileNobodyWasRunning) {
  host_.commit_range(p_, 1, 3);
  begin();
  archive_range(1, 3);
  destroy();
  host_.commit_range(p_, 8, 9);
  begin();
  notify(p_, 8, 9);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 9));
  drain();
  const std::vector<SeenEvent> gaps = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].first, 4U);
  EXPECT_EQ(gaps[0].last, 7U);
  EXPECT_TRUE(std::filesystem::exists(archive_ / gap_key(p_, 4, 7)));
  // It is known now, and reported once in each run until somebody accepts it.
  begin_again();
  notify(p_, 8, 9);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 9U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP).size(), 2U);
  begin_again();
  notify(p_, 9, 9);
  drain();
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP).size(), 3U);
}

// What stop cancelled half-way is done by the next run.
TEST_F(RestartScenario, WhatWasCancelledIsFoundAgain) {
  host_.commit_range(p_, 1, 20);
  std::atomic<bool> blocks{true};
  Gate never;
  valve_.before = [&](std::string_view verb, std::string_view key,
                      const tidemark_call* call) -> tidemark_status {
    const bool held = blocks && verb == "put" && key == archive_key(p_, 10);
    return !held || never.pass(call) ? TIDEMARK_OK : TIDEMARK_E_CANCELLED;
  };
  begin_with_valve();
  notify(p_, 1, 20);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 9));
  stop(0);
  EXPECT_EQ(objects(), keys(p_, 1, 9));
  blocks = false;
  start();
  notify(p_, 1, 20);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 20U);
  EXPECT_EQ(objects(), keys(p_, 1, 20));
  EXPECT_EQ(archived(), 20);
  EXPECT_EQ(verified(), 9);
  EXPECT_TRUE(host_.events().empty());
}

TEST_F(RestartScenario, APartitionIsForgottenWhenIdleAndFoundAgain) {
  host_.commit_range(p_, 1, 3);
  begin({{"partition_idle_ms", "1"}});
  archive_range(1, 3);
  ASSERT_TRUE(host_.wait_until([&] {
    const Metrics now = metrics();
    return now.at("tidemark_partitions{state=\"dormant\"}") +
               now.at("tidemark_partitions{state=\"active\"}") ==
           0;
  }));
  host_.forget_position(p_);
  host_.prune(p_, 1);
  host_.commit_range(p_, 4, 4);
  notify(p_, 2, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  EXPECT_EQ(verified(), 2);
  EXPECT_EQ(archived(), 4);
  EXPECT_TRUE(host_.events().empty());
}

// A gap is a gap also for a partition that was forgotten meanwhile.
TEST_F(RestartScenario, AGapBehindAForgottenPartition) {
  host_.commit_range(p_, 1, 3);
  host_.commit_range(p_, 6, 6);
  begin({{"partition_idle_ms", "1"}});
  archive_range(1, 3);
  ASSERT_TRUE(host_.wait_until([&] { return metrics().at("tidemark_partitions{state=\"dormant\"}") == 0; }));
  host_.forget_position(p_);
  notify(p_, 6, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_GAP));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP)[0].first, 4U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP)[0].last, 5U);
}

TEST_F(RestartScenario, ManyStartsAndStopsInARow) {
  host_.commit_range(p_, 1, 2);
  begin();
  for (int round = 0; round < 20; ++round) {
    notify(p_, 1, 2);
    stop(round % 2 == 0 ? 60'000 : 0);
    start();
  }
  notify(p_, 1, 2);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 2U);
  EXPECT_EQ(objects(), keys(p_, 1, 2));
  EXPECT_EQ(archived(), 2);
}

}  // namespace
}  // namespace tidemark::integration
