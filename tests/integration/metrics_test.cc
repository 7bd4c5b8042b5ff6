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
  // The storage has a row of its own, partitions have none.
  const std::string text = metrics_text();
  size_t rows = 0;
  for (size_t at = 0; (at = text.find("{storage=\"orders\"}", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(metrics().size(), before + rows);
  EXPECT_EQ(rows, 7U);
}

// Their names are the host's: no more than 64 get rows.
TEST_F(MetricsScenario, StoragesAreBounded) {
  begin();
  for (int i = 0; i < 100; ++i) {
    const Partition one = {"storage-" + std::to_string(i), 1};
    host_.commit_range(one, 1, 1);
    notify(one, 1, 1);
    ASSERT_TRUE(host_.wait_for_acknowledge(one, 1));
  }
  Metrics now = metrics();
  EXPECT_EQ(now.at("tidemark_storage_entries_archived_total{storage=\"storage-0\"}"), 1);
  EXPECT_EQ(now.at("tidemark_storage_entries_archived_total{storage=\"(other)\"}"), 36);
  EXPECT_EQ(now.count("tidemark_storage_entries_archived_total{storage=\"storage-99\"}"), 0U);
}

TEST_F(MetricsScenario, TheSinkIsNamedWithoutItsSecrets) {
  begin();
  const auto series = [this] {
    return "tidemark_sink_info{scheme=\"file\",url=\"file://" + archive_.path().string() + "\"}";
  };
  EXPECT_EQ(metrics().at(series()), 1);
  ASSERT_EQ(set_sink("faulty:///?of=" + percent_encoded(file_url(archive_)) + "&seed=1"), TIDEMARK_OK);
  EXPECT_EQ(metrics().count(series()), 0U);
  EXPECT_EQ(metrics().at("tidemark_sink_info{scheme=\"faulty\",url=\"faulty:///\"}"), 1);
}

// The same text as the ABI's, without a call.
TEST_F(MetricsScenario, TheFileShowsTheWholeRun) {
  const test::TempDir dir;
  host_.commit_range(p_, 1, 5);
  begin({{"metrics_file", dir / "metrics.prom"}, {"metrics_interval_ms", "100"}});
  notify(p_, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  stop();
  EXPECT_EQ(test::read_file(dir / "metrics.prom"), metrics_text());
  EXPECT_NE(metrics_text().find("\ntidemark_running 0\n"), std::string::npos);
  EXPECT_NE(metrics_text().find("\ntidemark_entries_archived_total 5\n"), std::string::npos);
}

// File, listener and write_metrics give the same series, each with the label; Prometheus' tool takes it.
TEST_F(MetricsScenario, TheEngineIsALabelWhereverMetricsGo) {
  const test::TempDir dir;
  host_.commit_range(p_, 1, 5);
  begin({{"metrics_engine", "15/main \"A\""},
         {"metrics_file", dir / "metrics.prom"},
         {"metrics_listen", "unix:" + (dir / "socket")}});
  notify(p_, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  const std::string label = "engine=\"15/main \\\"A\\\"\"";
  const std::string curl = "curl --silent --fail --unix-socket '" + dir / "socket" +
                           "' http://x/metrics -o '" + dir / "scraped" + "' --header 'Accept: ";
  for (const std::string accept : {"text/plain", "application/openmetrics-text"}) {
    ASSERT_EQ(std::system((curl + accept + "'").c_str()), 0) << accept;
    std::istringstream lines(test::read_file(dir / "scraped"));
    size_t series = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      EXPECT_NE(line.find(label), std::string::npos) << accept << ": " << line;
      ++series;
    }
    EXPECT_EQ(series, metrics().size()) << accept;
  }
  stop();
  EXPECT_EQ(test::read_file(dir / "metrics.prom"), metrics_text());
  EXPECT_EQ(metrics().at("tidemark_entries_archived_total{" + label + "}"), 5);
  if (has_promtool()) expect_promtool_is_content();
}

TEST_F(MetricsScenario, NoPlaceForMetricsKeepsNothingFromBeingArchived) {
  const test::TempDir dir;
  host_.commit_range(p_, 1, 5);
  begin({{"metrics_file", dir / "none/metrics.prom"}, {"metrics_listen", "unix:" + (dir / "none/socket")}});
  notify(p_, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  stop();
}

TEST_F(MetricsScenario, BadPlacesAreRefusedByCreate) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"metrics_file", "metrics.prom"},
                                                        {"metrics_interval_ms", "0"},
                                                        {"metrics_engine", ""},
                                                        {"metrics_listen", "0.0.0.0:9187"},
                                                        {"metrics_listen", "localhost:9187"},
                                                        {"metrics_listen_any", "1"}}) {
    const tidemark_host table = host_.table();
    const tidemark_option option = {str(key), str(value), 0, 0};
    tidemark_archiver* made = nullptr;
    ErrorOut error;
    EXPECT_EQ(api_->create(&table, &option, 1, &made, &error), TIDEMARK_E_INVALID) << key;
    EXPECT_NE(std::string(error.message).find("option " + key + " is '" + value), std::string::npos)
        << error.message;
  }
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
