// Ranges of entries: which are archived, what is acknowledged, and gaps.
#include "harness.h"

namespace tidemark::integration {
namespace {

class RangesScenario : public Scenario {
 protected:
  void expect_no_event() {
    for (const SeenEvent& seen : host_.events())
      ADD_FAILURE() << "event " << seen.kind << " " << seen.message;
  }
  // Acknowledgements that grow up to `last`.
  void expect_acknowledged_up_to(const Partition& p, Lsn last) {
    const std::vector<Lsn> seen = host_.acknowledgements(p);
    ASSERT_FALSE(seen.empty());
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(seen.back(), last);
  }
};

TEST_F(RangesScenario, OneEntry) {
  host_.commit_range(p_, 1, 1);
  begin();
  notify(p_, 1, 1);
  drain();
  EXPECT_EQ(host_.acknowledgements(p_), (std::vector<Lsn>{1}));
  EXPECT_EQ(objects(), keys(p_, 1, 1));
  expect_archived(p_, 1, 1);
  expect_no_event();
}

// The archive is empty, so what came before 11 is none of its business: no gap, but a record where it begins.
TEST_F(RangesScenario, OneEntryThatIsNotTheFirst) {
  host_.commit_range(p_, 11, 11);
  begin();
  notify(p_, 11, 11);
  drain();
  EXPECT_EQ(host_.acknowledgements(p_), (std::vector<Lsn>{11}));
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key(p_, 10), archive_key(p_, 11)}));
  expect_archived(p_, 11, 11);
  expect_no_event();
}

TEST_F(RangesScenario, OneToFive) {
  host_.commit_range(p_, 1, 5);
  begin();
  notify(p_, 1, 5);
  drain();
  expect_acknowledged_up_to(p_, 5);
  EXPECT_EQ(objects(), keys(p_, 1, 5));
  expect_archived(p_, 1, 5);
  expect_no_event();
  EXPECT_EQ(host_.acquired(), 5U);
}

TEST_F(RangesScenario, OneToFiveThenSixThenSeven) {
  host_.commit_range(p_, 1, 7);
  begin();
  for (Lsn high = 5; high <= 7; ++high) {
    notify(p_, 1, high);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
  }
  drain();
  expect_acknowledged_up_to(p_, 7);
  EXPECT_EQ(objects(), keys(p_, 1, 7));
  expect_archived(p_, 1, 7);
  expect_no_event();
  EXPECT_EQ(host_.acquired(), 7U) << "an entry was read twice";
}

TEST_F(RangesScenario, OneToFiveSixSevenAtOnce) {
  host_.commit_range(p_, 1, 7);
  begin();
  for (Lsn high = 5; high <= 7; ++high) notify(p_, 1, high);
  drain();
  expect_acknowledged_up_to(p_, 7);
  EXPECT_EQ(objects(), keys(p_, 1, 7));
  expect_no_event();
}

// The host prunes what was acknowledged while the rest is under way.
TEST_F(RangesScenario, LowFollowsTheAcknowledgements) {
  host_.commit_range(p_, 1, 5);
  Gate entry_3, entry_4;
  host_.on_acquire = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    const bool passed = lsn < 3 || (lsn == 3 ? entry_3 : entry_4).pass();
    return passed ? TIDEMARK_OK : TIDEMARK_E_INVALID;
  };
  begin();
  notify(p_, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  host_.prune(p_, 1);
  notify(p_, 2, 5);
  entry_3.open();
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  host_.prune(p_, 2);
  notify(p_, 3, 5);
  entry_4.open();
  drain();
  expect_acknowledged_up_to(p_, 5);
  EXPECT_EQ(objects(), keys(p_, 1, 5));
  expect_archived(p_, 1, 5);
  expect_no_event();
}

class Workers : public RangesScenario, public ::testing::WithParamInterface<const char*> {};

TEST_P(Workers, ThreePartitions) {
  const Partition partitions[] = {{"orders", 1}, {"orders", 2}, {"stock.v2", 1}};
  for (const Partition& p : partitions) host_.commit_range(p, 1, 3);
  begin({{"workers", GetParam()}});
  for (const Partition& p : partitions) notify(p, 1, 3);
  drain();
  std::vector<std::string> expected;
  for (const Partition& p : partitions) {
    expect_acknowledged_up_to(p, 3);
    expect_archived(p, 1, 3);
    for (const std::string& key : keys(p, 1, 3)) expected.push_back(key);
  }
  EXPECT_EQ(objects(), expected);
  EXPECT_LE(host_.most_jobs_at_once(), std::stoi(GetParam()));
  EXPECT_LE(host_.threads().size(), std::stoul(GetParam()));
  expect_no_event();
}
INSTANTIATE_TEST_SUITE_P(OneAndFour, Workers, ::testing::Values("1", "4"));

TEST_F(RangesScenario, SentAgainWhenItIsDone) {
  host_.commit_range(p_, 1, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  const std::vector<std::string> before = prints(archive_);
  const size_t acknowledgements = host_.acknowledgements(p_).size();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledgements(p_).size() > acknowledgements; }));
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 3U);
  EXPECT_EQ(prints(archive_), before);
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"archived\"}"], 3);
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"verified\"}"], 0);
  EXPECT_EQ(host_.acquired(), 3U);
  expect_no_event();
}

TEST_F(RangesScenario, TheEmptyRangeIsAnswered) {
  host_.commit_range(p_, 1, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  const size_t acknowledgements = host_.acknowledgements(p_).size();
  notify(p_, 4, 3);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledgements(p_).size() > acknowledgements; }));
  EXPECT_EQ(host_.acknowledged(p_), 3U);
  expect_no_event();
}

// Nothing was ever archived, the host has nothing: it hears where the archive stands all the same, and what
// is lost after that is a gap, so the beginning is recorded.
TEST_F(RangesScenario, TheEmptyRangeOfAnUnknownPartitionIsAnswered) {
  begin();
  notify(p_, 1, 0);
  notify({"orders", 8}, 42, 41);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledgements(p_).size() == 1; }));
  ASSERT_TRUE(host_.wait_for_acknowledge({"orders", 8}, 41));
  EXPECT_EQ(host_.acknowledgements(p_), (std::vector<Lsn>{0}));
  drain();
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key({"orders", 8}, 41)}));
  expect_no_event();
}

TEST_F(RangesScenario, AGapIsReportedAndRecorded) {
  host_.commit_range(p_, 1, 3);
  host_.commit_range(p_, 11, 13);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  notify(p_, 11, 13);
  drain();
  const std::vector<SeenEvent> gaps = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].partition, p_);
  EXPECT_EQ(gaps[0].first, 4U);
  EXPECT_EQ(gaps[0].last, 10U);
  EXPECT_EQ(host_.events().size(), 1U);
  expect_acknowledged_up_to(p_, 13);
  expect_archived(p_, 1, 3);
  expect_archived(p_, 11, 13);
  std::vector<std::string> expected = keys(p_, 1, 3);
  expected.push_back(gap_key(p_, 4, 10));
  for (const std::string& key : keys(p_, 11, 13)) expected.push_back(key);
  EXPECT_EQ(objects(), expected);
  EXPECT_EQ(metrics()["tidemark_gaps_total"], 1);
  EXPECT_EQ(metrics()["tidemark_gap_entries_total"], 7);
}

// The entry in flight when the gap is found is still archived, and is no part of the gap.
TEST_F(RangesScenario, AGapFoundWhileAnEntryIsInFlight) {
  host_.commit_range(p_, 1, 1);
  host_.commit_range(p_, 5, 6);
  Gate notified;
  valve_.before = [&](std::string_view verb, std::string_view key, const tidemark_call*) -> tidemark_status {
    const bool is_first = verb == "put" && key == archive_key(p_, 1);
    return !is_first || notified.pass() ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE;
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acquired() == 1; }));
  notify(p_, 5, 6);
  notified.open();
  drain();
  expect_acknowledged_up_to(p_, 6);
  const std::vector<SeenEvent> gaps = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].first, 2U);
  EXPECT_EQ(gaps[0].last, 4U);
  EXPECT_EQ(objects(), (std::vector<std::string>{archive_key(p_, 1), gap_key(p_, 2, 4), archive_key(p_, 5),
                                                 archive_key(p_, 6)}));
  expect_archived(p_, 1, 1);
  expect_archived(p_, 5, 6);
}

// Nobody acknowledges across a gap before it is written down.
TEST_F(RangesScenario, NothingBehindAGapIsAcknowledgedBeforeItsRecord) {
  host_.commit_range(p_, 1, 1);
  host_.commit_range(p_, 5, 5);
  std::atomic<bool> record_exists{true};
  host_.on_acknowledge = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    if (lsn > 1 && !std::filesystem::exists(archive_ / gap_key(p_, 2, 4))) record_exists = false;
    return TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  notify(p_, 5, 5);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 5U);
  EXPECT_TRUE(record_exists);
}

}  // namespace
}  // namespace tidemark::integration
