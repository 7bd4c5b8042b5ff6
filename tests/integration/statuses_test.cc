// Whatever status a callback returns: the partition waits, the host is told, and nobody else notices.
#include "harness.h"

namespace tidemark::integration {
namespace {

class Statuses : public Scenario, public ::testing::WithParamInterface<tidemark_status> {
 protected:
  // Everything of another partition is archived meanwhile: time enough for one that does not wait.
  void archive_another() {
    const Partition other{"orders", 99};
    host_.commit_range(other, 1, 50);
    notify(other, 1, 50);
    ASSERT_TRUE(host_.wait_for_acknowledge(other, 50));
  }
  // Who fails is tried again in an hour, or some minutes before.
  const Options patient_ = {{"retry_min_ms", "3600000"}, {"retry_max_ms", "3600000"}};
};

TEST_P(Statuses, OfAcquireEntry) {
  host_.commit_range(p_, 1, 1);
  std::atomic<int> calls{0};
  host_.on_acquire = [&](const Partition& p, Lsn, tidemark_error*) -> tidemark_status {
    if (p != p_) return TIDEMARK_OK;
    ++calls;
    return GetParam();
  };
  begin(patient_);
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  archive_another();
  EXPECT_EQ(calls, 1);
  const SeenEvent seen = host_.events(TIDEMARK_EVENT_FAILING)[0];
  EXPECT_EQ(seen.partition, p_);
  EXPECT_EQ(seen.status, GetParam());
  EXPECT_EQ(seen.first, 1U);
  EXPECT_NE(seen.message, "");
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"failed\"}"], 1);
  EXPECT_EQ(metrics()["tidemark_partitions{state=\"backing_off\"}"], 1);
  EXPECT_EQ(metrics()["tidemark_sink_breaker_state{state=\"closed\"}"], 1);
}

// The third of four: the two before it are archived, and it fails alone.
TEST_P(Statuses, OfAcquireEntryInABatch) {
  host_.allow_leases(4);
  host_.commit_range(p_, 1, 4);
  std::atomic<bool> fails{true};
  host_.on_acquire = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    return lsn == 3 && fails ? GetParam() : TIDEMARK_OK;
  };
  begin({{"batch_entries", "4"}});
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  EXPECT_EQ(host_.acknowledged(p_), 2U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_FAILING)[0].first, 3U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_FAILING)[0].status, GetParam());
  fails = false;
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  drain();
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_FAILING).size(), 1U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_RECOVERED).size(), 1U);
}

TEST_P(Statuses, OfAcknowledge) {
  host_.commit_range(p_, 1, 1);
  std::atomic<int> calls{0};
  host_.on_acknowledge = [&](const Partition& p, Lsn, tidemark_error*) -> tidemark_status {
    if (p != p_) return TIDEMARK_OK;
    ++calls;
    return GetParam();
  };
  begin(patient_);
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until(
      [&] { return metrics().at("tidemark_acknowledgements_total{result=\"failed\"}") == 1; }));
  archive_another();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(metrics()["tidemark_acknowledgements_total{result=\"failed\"}"], 1);
  const std::vector<std::string> lines = host_.log_lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("acknowledge of orders/7") != std::string::npos;
  }));
}

TEST_P(Statuses, OfAcknowledgeForATime) {
  host_.commit_range(p_, 1, 1);
  std::atomic<int> calls{0};
  host_.on_acknowledge = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    return ++calls <= 3 ? GetParam() : TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  EXPECT_EQ(calls, 4);
}

INSTANTIATE_TEST_SUITE_P(Every, Statuses,
                         ::testing::Values(TIDEMARK_E_INVALID, TIDEMARK_E_UNSUPPORTED, TIDEMARK_E_NOT_FOUND,
                                           TIDEMARK_E_EXISTS, TIDEMARK_E_PERMANENT, TIDEMARK_E_CORRUPT,
                                           TIDEMARK_E_CANCELLED, TIDEMARK_E_RETRYABLE, TIDEMARK_E_THROTTLED,
                                           TIDEMARK_E_NO_SPACE, -1, INT32_MIN, 99, 12345),
                         [](const ::testing::TestParamInfo<tidemark_status>& test) {
                           const int64_t status = test.param;
                           return status < 0 ? "minus" + std::to_string(-status) : std::to_string(status);
                         });

}  // namespace
}  // namespace tidemark::integration
