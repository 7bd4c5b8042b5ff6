// The metrics tell what happened, in a form that Prometheus' own tool has nothing to say against.
#include <sys/wait.h>

#include <cstdlib>
#include <sstream>

#include "harness.h"

namespace tidemark::integration {
namespace {

class MetricsScenario : public Scenario {
 protected:
  void expect_promtool_is_content() {
    const test::TempDir dir;
    test::write_file(dir / "metrics", metrics_text());
    const std::string command =
        "promtool check metrics < '" + dir / "metrics" + "' > '" + dir / "said" + "' 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(test::read_file(dir / "said"), "");
  }
  static bool has_promtool() { return std::system("command -v promtool > /dev/null") == 0; }
};

// A bit of everything: archived, verified, failed, conflict, a gap, a swap.
TEST_F(MetricsScenario, TheyAddUp) {
  const Partition other = {"stock", 1}, missing = {"stock", 2}, conflicting = {"stock", 3};
  host_.commit_range(p_, 1, 4);
  host_.commit_range(p_, 8, 8);
  host_.commit_range(other, 1, 3);
  begin();
  notify(other, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(other, 3));
  begin_again();
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  notify(p_, 8, 8);
  notify(other, 1, 3);
  std::filesystem::create_directories(archive_ / "stock/3");
  test::write_file(archive_ / archive_key(conflicting, 1), "strange");
  host_.commit_range(conflicting, 1, 1);
  notify(conflicting, 1, 1);
  notify(missing, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 8));
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledged(other) == 3; }));
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));

  Metrics now = metrics();
  EXPECT_EQ(now.at("tidemark_partitions{state=\"dormant\"}"), 2);
  EXPECT_EQ(
      now.at("tidemark_partitions{state=\"active\"}") + now.at("tidemark_partitions{state=\"backing_off\"}"),
      2);
  EXPECT_EQ(now.at("tidemark_entries_waiting"), 2);
  EXPECT_GE(now.at("tidemark_oldest_waiting_entry_age_seconds"), 0);
  EXPECT_LT(now.at("tidemark_oldest_waiting_entry_age_seconds"), 60);
  EXPECT_EQ(now.at("tidemark_workers"), 8);
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"closed\"}"), 1);

  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  stop(0);
  now = metrics();
  uint64_t bytes = 0;
  for (Lsn lsn : {1, 2, 3, 4, 8}) bytes += std::filesystem::file_size(archive_ / archive_key(p_, lsn));
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"archived\"}"), 5);
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"verified\"}"), 3);
  EXPECT_GE(now.at("tidemark_archives_total{result=\"failed\"}"), 1);
  EXPECT_GE(now.at("tidemark_archives_total{result=\"conflict\"}"), 1);
  EXPECT_EQ(now.at("tidemark_entries_archived_total"), 8);
  EXPECT_EQ(now.at("tidemark_archived_bytes_total"), static_cast<double>(bytes));
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_count"), 8);
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_bucket{le=\"+Inf\"}"), 8);
  EXPECT_GT(now.at("tidemark_archive_duration_seconds_sum"), 0);
  EXPECT_EQ(now.at("tidemark_gaps_total"), 1);
  EXPECT_EQ(now.at("tidemark_gap_entries_total"), 3);
  EXPECT_EQ(now.at("tidemark_sink_swaps_total"), 1);
  EXPECT_EQ(now.at("tidemark_acknowledgements_total{result=\"failed\"}"), 0);
  // What is only of the moment is over.
  EXPECT_EQ(now.at("tidemark_active_jobs"), 0);
  EXPECT_EQ(now.at("tidemark_entries_waiting"), 0);
  EXPECT_EQ(now.at("tidemark_partitions{state=\"dormant\"}"), 0);
}

TEST_F(MetricsScenario, PromtoolIsContent) {
  if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
  host_.commit_range(p_, 1, 2);
  create();
  expect_promtool_is_content();
  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  start();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  expect_promtool_is_content();
  stop(0);
  expect_promtool_is_content();
}

// Their number must not grow with the host's data.
TEST_F(MetricsScenario, NoLabelPerPartition) {
  begin();
  const size_t before = metrics().size();
  for (uint64_t id = 1; id <= 50; ++id) {
    host_.commit_range({"orders", id}, 1, 1);
    notify({"orders", id}, 1, 1);
  }
  drain();
  EXPECT_EQ(metrics().size(), before);
  EXPECT_EQ(metrics_text().find("orders"), std::string::npos);
}

TEST_F(MetricsScenario, TheWriterCanRefuse) {
  create();
  const tidemark_writer full = {
      nullptr, [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_E_NO_SPACE; }};
  ErrorOut error;
  EXPECT_EQ(api_->write_metrics(archiver_, &full, &error), TIDEMARK_E_NO_SPACE);
  EXPECT_NE(std::string(error.message), "");
}

// Read by many while everything moves.
TEST_F(MetricsScenario, ReadFromManyThreadsWhileEntriesFlow) {
  for (uint64_t id = 1; id <= 6; ++id) host_.commit_range({"orders", id}, 1, 5);
  begin();
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      double last = 0;
      while (!done) {
        const double archived = metrics().at("tidemark_archives_total{result=\"archived\"}");
        EXPECT_GE(archived, last);
        last = archived;
      }
    });
  }
  for (uint64_t id = 1; id <= 6; ++id) notify({"orders", id}, 1, 5);
  drain();
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(metrics().at("tidemark_archives_total{result=\"archived\"}"), 30);
}

}  // namespace
}  // namespace tidemark::integration
