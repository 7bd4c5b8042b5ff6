// A sink that fails: for all, for one partition, for one key; and comes back.
#include <algorithm>
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

class SinkDownScenario : public Scenario {
 protected:
  std::string faulty_url(const std::string& query, bool wraps_file = true) {
    std::string url = "faulty:///?" + query;
    if (wraps_file) url += "&of=" + percent_encoded(file_url(archive_));
    return url;
  }
  void begin_with(const std::string& url, const Options& options = {}) {
    create(options);
    ErrorOut error;
    ASSERT_EQ(set_sink(url, {}, &error), TIDEMARK_OK) << error.message;
    host_.safe_in(archive_.path().string());
    start();
  }
};

TEST_F(SinkDownScenario, ASinkThatGoesDownAndComesBack) {
  constexpr int kPartitions = 8;
  std::atomic<bool> down{false}, is_counted{false};
  std::atomic<int> calls_counted{0};
  std::atomic<int> at_once{0}, most_at_once{0};
  valve_.before = [&](std::string_view, std::string_view, const tidemark_call*) -> tidemark_status {
    if (!down) return TIDEMARK_OK;
    if (!is_counted) return TIDEMARK_E_RETRYABLE;
    ++calls_counted;
    most_at_once = std::max(most_at_once.load(), ++at_once);
    std::this_thread::yield();
    --at_once;
    return TIDEMARK_E_RETRYABLE;
  };
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, 4);
  begin_with_valve();
  for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, 2);
  for (uint64_t id = 1; id <= kPartitions; ++id) ASSERT_TRUE(host_.wait_for_acknowledge({"orders", id}, 2));
  down = true;
  for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, 4);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  const SeenEvent event = host_.events(TIDEMARK_EVENT_SINK_DOWN).front();
  EXPECT_EQ(event.status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(event.partition, (Partition{"", 0}));
  EXPECT_NE(event.message.find("the valve is shut"), std::string::npos) << event.message;
  // The jobs that ran when it went down end by themselves, and the first probe may begin before the last of
  // them has; once there was a moment without any, there is one probe at a time.
  ASSERT_TRUE(host_.wait_until([&] { return metrics().at("tidemark_active_jobs") == 0; }));
  is_counted = true;
  ASSERT_TRUE(host_.wait_until([&] { return calls_counted >= 8; }));
  const Metrics now = metrics();
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"closed\"}"), 0);
  EXPECT_EQ(now.at("tidemark_sink_breaker_opened_total"), 1);
  EXPECT_GT(now.at("tidemark_entries_waiting"), 0);
  EXPECT_LE(now.at("tidemark_active_jobs"), 1);
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_SINK_UP).empty());
  down = false;
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_UP));
  drain();
  EXPECT_LE(most_at_once, 1) << "more than one probe of a sink that is down";
  for (uint64_t id = 1; id <= kPartitions; ++id) expect_archived({"orders", id}, 1, 4);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_DOWN).size(), 1U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_UP).size(), 1U);
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_FAILING).empty()) << "no partition is to blame";
}

// While the breaker is open nothing is asked of the host or of the sink.
TEST_F(SinkDownScenario, NothingStartsWhileTheSinkIsDown) {
  for (uint64_t id = 1; id <= 4; ++id) host_.commit_range({"orders", id}, 1, 3);
  std::atomic<int> calls{0};
  valve_.before = [&](std::string_view, std::string_view, const tidemark_call*) -> tidemark_status {
    ++calls;
    return TIDEMARK_E_RETRYABLE;
  };
  begin_with_valve({{"retry_min_ms", "3600000"}, {"retry_max_ms", "3600000"}, {"workers", "1"}});
  notify({"orders", 1}, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  const int calls_before = calls;
  for (uint64_t id = 1; id <= 4; ++id) notify({"orders", id}, 1, 3);
  // A full drain has nothing to wait for but the deadline.
  stop(100);
  EXPECT_EQ(calls, calls_before);
  EXPECT_EQ(host_.acquired(), 0U);
  EXPECT_TRUE(objects().empty());
}

TEST_F(SinkDownScenario, ThrottlingIsWaitedOut) {
  std::atomic<int> throttled{0};
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    return verb == "put" && ++throttled <= 10 ? TIDEMARK_E_THROTTLED : TIDEMARK_OK;
  };
  for (uint64_t id = 1; id <= 6; ++id) host_.commit_range({"orders", id}, 1, 3);
  begin_with_valve();
  for (uint64_t id = 1; id <= 6; ++id) notify({"orders", id}, 1, 3);
  drain();
  for (uint64_t id = 1; id <= 6; ++id) EXPECT_EQ(host_.acknowledged({"orders", id}), 3U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_DOWN).size(), host_.events(TIDEMARK_EVENT_SINK_UP).size());
}

TEST_F(SinkDownScenario, NoSpaceSaysSo) {
  std::atomic<bool> full{true};
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    return verb == "put" && full ? TIDEMARK_E_NO_SPACE : TIDEMARK_OK;
  };
  host_.commit_range(p_, 1, 2);
  begin_with_valve();
  notify(p_, 1, 2);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_DOWN)[0].status, TIDEMARK_E_NO_SPACE);
  EXPECT_TRUE(objects().empty());
  full = false;
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
}

// Errors, throttling, lost answers and broken reads by the dozen: in the end everything is there, once.
TEST_F(SinkDownScenario, ASinkThatFailsEveryOtherTime) {
  constexpr uint64_t kPartitions = 6;
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, 6);
  begin_with(faulty_url("seed=42&error_rate=0.2&throttle_rate=0.1&lose_answer_rate=0.3&short_read_rate=0.2"),
             {{"retry_min_ms", "1"}, {"retry_max_ms", "4"}});
  for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, 6);
  drain();
  // What is read back comes from a sink that works.
  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  for (uint64_t id = 1; id <= kPartitions; ++id) {
    EXPECT_EQ(host_.acknowledged({"orders", id}), 6U);
    expect_archived({"orders", id}, 1, 6);
  }
  EXPECT_EQ(objects().size(), kPartitions * 6);
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_CONFLICT).empty());
  EXPECT_GT(metrics()["tidemark_archives_total{result=\"verified\"}"], 0) << "no answer was lost";
}

// Down for good, then another sink: it is up at once.
TEST_F(SinkDownScenario, AnotherSinkEndsTheWaiting) {
  host_.commit_range(p_, 1, 3);
  begin_with(faulty_url("error_rate=1"), {{"retry_min_ms", "3600000"}, {"retry_max_ms", "3600000"}});
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_UP));
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  expect_archived(p_, 1, 3);
}

TEST_F(SinkDownScenario, OnePartitionWhoseEntriesAlwaysFailBeside63HealthyOnes) {
  constexpr uint64_t kPartitions = 64, kBad = 17, kEntries = 3;
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, kEntries);
  host_.on_acquire = [&](const Partition& p, Lsn, tidemark_error*) -> tidemark_status {
    return p.id == kBad ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  begin({{"workers", "2"}, {"retry_min_ms", "1"}, {"retry_max_ms", "1"}});
  for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, kEntries);
  for (uint64_t id = 1; id <= kPartitions; ++id) {
    if (id == kBad) continue;
    ASSERT_TRUE(host_.wait_for_acknowledge({"orders", id}, kEntries)) << id;
  }
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  stop(0);
  const std::vector<SeenEvent> events = host_.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].partition, (Partition{"orders", kBad}));
  EXPECT_EQ(host_.acknowledged({"orders", kBad}), 0U);
  EXPECT_EQ(objects().size(), (kPartitions - 1) * kEntries);
}

// The same with a sink that refuses one partition's keys for good.
TEST_F(SinkDownScenario, AKeyThatTheSinkRefuses) {
  for (uint64_t id = 1; id <= 8; ++id) host_.commit_range({"orders", id}, 1, 3);
  begin_with(faulty_url("fail_puts_of=orders%2F5%2F"));
  for (uint64_t id = 1; id <= 8; ++id) notify({"orders", id}, 1, 3);
  for (uint64_t id = 1; id <= 8; ++id) {
    ASSERT_TRUE(id == 5 || host_.wait_for_acknowledge({"orders", id}, 3)) << id;
  }
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  stop(0);
  ASSERT_EQ(host_.events().size(), 1U);
  EXPECT_EQ(host_.events()[0].partition, (Partition{"orders", 5}));
  EXPECT_EQ(host_.events()[0].status, TIDEMARK_E_PERMANENT);
}

// A file stands where the partition's directory should be.
TEST_F(SinkDownScenario, APartitionWhoseDirectoryInTheSinkIsUnusable) {
  fs::create_directories(archive_ / "orders");
  test::write_file(archive_ / "orders/5", "in the way");
  for (uint64_t id = 1; id <= 8; ++id) host_.commit_range({"orders", id}, 1, 3);
  begin({{"workers", "2"}});
  for (uint64_t id = 1; id <= 8; ++id) notify({"orders", id}, 1, 3);
  for (uint64_t id = 1; id <= 8; ++id) {
    ASSERT_TRUE(id == 5 || host_.wait_for_acknowledge({"orders", id}, 3)) << id;
  }
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  for (const SeenEvent& seen : host_.events()) {
    EXPECT_EQ(seen.partition, (Partition{"orders", 5})) << seen.kind << " " << seen.message;
  }
  const SeenEvent failing = host_.events(TIDEMARK_EVENT_FAILING)[0];
  EXPECT_NE(failing.message.find(archive_ / "orders/5"), std::string::npos) << failing.message;
  EXPECT_EQ(host_.acknowledged({"orders", 5}), 0U);
  fs::remove(archive_ / "orders/5");
  ASSERT_TRUE(host_.wait_for_acknowledge({"orders", 5}, 3));
}

// A sink that fails for one partition only must not stop the others for long.
TEST_F(SinkDownScenario, ASinkThatFailsForOnePartitionOnly) {
  for (uint64_t id = 1; id <= 8; ++id) host_.commit_range({"orders", id}, 1, 5);
  valve_.before = [](std::string_view, std::string_view key, const tidemark_call*) -> tidemark_status {
    return key.starts_with("orders/3/") ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  begin_with_valve();
  for (uint64_t id = 1; id <= 8; ++id) notify({"orders", id}, 1, 5);
  for (uint64_t id = 1; id <= 8; ++id) {
    ASSERT_TRUE(id == 3 || host_.wait_for_acknowledge({"orders", id}, 5)) << id;
  }
}

// A host that cannot take the acknowledgement hears it again until it can.
TEST_F(SinkDownScenario, AFailedAcknowledgeIsRepeated) {
  host_.commit_range(p_, 1, 3);
  std::atomic<int> refusals{0};
  host_.on_acknowledge = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    return lsn == 3 && ++refusals <= 3 ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  drain();
  EXPECT_EQ(refusals, 4);
  EXPECT_EQ(metrics()["tidemark_acknowledgements_total{result=\"failed\"}"], 3);
  EXPECT_EQ(host_.acquired(), 3U) << "only the acknowledgement is repeated";
}

}  // namespace
}  // namespace tidemark::integration
