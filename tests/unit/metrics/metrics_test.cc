#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <locale>
#include <map>
#include <set>
#include <sstream>

#include "base/wall_clock.h"

namespace tidemark::metrics {
namespace {

std::map<std::string, double> values(const std::string& text) {
  std::map<std::string, double> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t space = line.rfind(' ');
    EXPECT_TRUE(result.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second)
        << "twice: " << line;
  }
  return result;
}

TEST(Metrics, CountersCount) {
  Metrics metrics(3);
  Storages::Row& main = metrics.storage("main");
  metrics.archived(main, 1, 1000, 4000, 0.002);
  metrics.archived(main, 5, 500, 2000, 400);
  metrics.verified(main, 2, 0.001);
  metrics.failed(main);
  metrics.failed(main);
  metrics.conflict(main);
  metrics.gap(main, 7);
  metrics.known_gap(main);
  metrics.acknowledged(main, true);
  metrics.acknowledged(main, true);
  metrics.acknowledged(main, false);
  metrics.sink_swapped();
  metrics.event(core::EventKind::kSinkDown);
  const auto now = values(metrics.text(std::nullopt, {}, 9));
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"archived\"}"), 2);
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"verified\"}"), 1);
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"failed\"}"), 2);
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"conflict\"}"), 1);
  EXPECT_EQ(now.at("tidemark_entries_archived_total"), 8);
  EXPECT_EQ(now.at("tidemark_archived_bytes_total"), 1500);
  EXPECT_EQ(now.at("tidemark_archived_plain_bytes_total"), 6000);
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_count"), 3);
  EXPECT_DOUBLE_EQ(now.at("tidemark_archive_duration_seconds_sum"), 400.003);
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_bucket{le=\"0.001\"}"), 1);
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_bucket{le=\"300\"}"), 2);
  EXPECT_EQ(now.at("tidemark_archive_duration_seconds_bucket{le=\"+Inf\"}"), 3);
  EXPECT_EQ(now.at("tidemark_gaps_total"), 1);
  EXPECT_EQ(now.at("tidemark_gap_entries_total"), 7);
  EXPECT_EQ(now.at("tidemark_acknowledgements_total{result=\"ok\"}"), 2);
  EXPECT_EQ(now.at("tidemark_acknowledgements_total{result=\"failed\"}"), 1);
  EXPECT_EQ(now.at("tidemark_sink_swaps_total"), 1);
  EXPECT_EQ(now.at("tidemark_sink_breaker_opened_total"), 1);
  EXPECT_EQ(now.at("tidemark_events_dropped_total"), 9);
  EXPECT_EQ(now.at("tidemark_storage_entries_archived_total{storage=\"main\"}"), 8);
  EXPECT_EQ(now.at("tidemark_storage_archived_bytes_total{storage=\"main\"}"), 1500);
  EXPECT_EQ(now.at("tidemark_storage_failures_total{storage=\"main\"}"), 2);
  EXPECT_EQ(now.at("tidemark_storage_conflicts_total{storage=\"main\"}"), 1);
  EXPECT_EQ(now.at("tidemark_storage_gaps_total{storage=\"main\"}"), 2);
  EXPECT_EQ(now.at("tidemark_workers"), 3);
}

TEST(Metrics, GaugesShowTheSnapshot) {
  Metrics metrics(4);
  core::Snapshot s;
  s.partitions_dormant = 10;
  s.partitions_active = 20;
  s.partitions_backing_off = 30;
  s.queue_depth = 40;
  s.jobs_running = 3;
  s.entries_waiting = 50;
  s.oldest_waiting_ms = 1'500;
  s.concurrency_limit = 2;
  s.latency_ratio = 1.25;
  s.breaker = core::Throttle::State::kProbing;
  s.breaker_level = 6;
  auto now = values(metrics.text(s, {64, 32, 5, 6}, 0));
  EXPECT_EQ(now.at("tidemark_memory_budget_bytes"), 64);
  EXPECT_EQ(now.at("tidemark_memory_leased_bytes"), 32);
  EXPECT_EQ(now.at("tidemark_memory_waiting{kind=\"job\"}"), 5);
  EXPECT_EQ(now.at("tidemark_memory_waiting{kind=\"restore\"}"), 6);
  EXPECT_EQ(now.at("tidemark_partitions{state=\"dormant\"}"), 10);
  EXPECT_EQ(now.at("tidemark_partitions{state=\"active\"}"), 20);
  EXPECT_EQ(now.at("tidemark_partitions{state=\"backing_off\"}"), 30);
  EXPECT_EQ(now.at("tidemark_queued_partitions"), 40);
  EXPECT_EQ(now.at("tidemark_active_jobs"), 3);
  EXPECT_EQ(now.at("tidemark_entries_waiting"), 50);
  EXPECT_EQ(now.at("tidemark_oldest_waiting_entry_age_seconds"), 1.5);
  EXPECT_EQ(now.at("tidemark_concurrency_limit_jobs"), 2);
  EXPECT_EQ(now.at("tidemark_sink_latency_ratio"), 1.25);
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"closed\"}"), 0);
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"open\"}"), 0);
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"probing\"}"), 1);
  EXPECT_EQ(now.at("tidemark_sink_backoff_level"), 6);
  // Not started: nothing of the moment is left.
  now = values(metrics.text(std::nullopt, {}, 0));
  EXPECT_EQ(now.at("tidemark_partitions{state=\"active\"}"), 0);
  EXPECT_EQ(now.at("tidemark_entries_waiting"), 0);
  EXPECT_EQ(now.at("tidemark_sink_breaker_state{state=\"closed\"}"), 1);
}

TEST(Metrics, EverythingIsThereFromTheBeginning) {
  Metrics metrics(1);
  const auto before = values(metrics.text(std::nullopt, {}, 0));
  metrics.archived(metrics.storage("main"), 1, 1, 1, 1);
  metrics.conflict(metrics.storage("main"));
  metrics.acknowledged(metrics.storage("main"), false);
  const auto after = values(metrics.text(core::Snapshot(), {}, 1));
  const auto is_of_storage = [](const auto& series) { return series.first.starts_with("tidemark_storage_"); };
  EXPECT_EQ(before.size(),
            after.size() - static_cast<size_t>(std::count_if(after.begin(), after.end(), is_of_storage)) / 2)
      << "a series that appears later cannot be alerted on";
  for (const auto& [name, value] : before) EXPECT_EQ(after.count(name), 1U) << name;
}

TEST(Metrics, WhenThingsLastHappened) {
  Metrics metrics(1);
  const auto before = static_cast<double>(wall_clock_us() / 1'000'000);
  metrics.acknowledged(metrics.storage("a"), false);
  metrics.event(core::EventKind::kGap);
  metrics.verified(metrics.storage("b"), 1, 0);
  auto now = values(metrics.text(std::nullopt, {}, 0));
  EXPECT_EQ(now.at("tidemark_last_acknowledged_timestamp_seconds"), 0) << "the host did not take it";
  EXPECT_GE(now.at("tidemark_last_archived_timestamp_seconds"), before);
  EXPECT_GE(now.at("tidemark_storage_last_archived_timestamp_seconds{storage=\"b\"}"), before);
  EXPECT_EQ(now.at("tidemark_storage_last_archived_timestamp_seconds{storage=\"a\"}"), 0);
  EXPECT_GE(now.at("tidemark_last_event_timestamp_seconds{kind=\"gap\"}"), before);
  EXPECT_EQ(now.at("tidemark_last_event_timestamp_seconds{kind=\"conflict\"}"), 0);
  metrics.acknowledged(metrics.storage("a"), true);
  metrics.archived(metrics.storage("a"), 1, 1, 1, 0);
  now = values(metrics.text(std::nullopt, {}, 0));
  EXPECT_GE(now.at("tidemark_last_acknowledged_timestamp_seconds"), before);
  EXPECT_GE(now.at("tidemark_storage_last_acknowledged_timestamp_seconds{storage=\"a\"}"), before);
  EXPECT_GE(now.at("tidemark_storage_last_archived_timestamp_seconds{storage=\"a\"}"), before);
  EXPECT_LE(now.at("tidemark_last_archived_timestamp_seconds"), before + 3600);
}

TEST(Metrics, EachKindOfEventHasItsTime) {
  Metrics metrics(1);
  for (size_t kind = 0; kind <= static_cast<size_t>(core::EventKind::kSuperseded); ++kind)
    metrics.event(static_cast<core::EventKind>(kind));
  for (const auto& [name, value] : values(metrics.text(std::nullopt, {}, 0)))
    EXPECT_TRUE(!name.starts_with("tidemark_last_event_timestamp_seconds") || value > 0) << name;
}

TEST(Metrics, OneSinkIsWrittenTo) {
  Metrics metrics(1);
  metrics.sink_is("file", "file:///a \"b\"");
  metrics.sink_is("file", "file:///a \"b\"");
  EXPECT_EQ(values(metrics.text(std::nullopt, {}, 0))
                .at("tidemark_sink_info{scheme=\"file\",url=\"file:///a \\\"b\\\"\"}"),
            1);
  metrics.sink_is("s3", "s3://bucket/prefix");
  const std::string text = metrics.text(std::nullopt, {}, 0);
  EXPECT_EQ(text.find("file:"), std::string::npos);
  EXPECT_EQ(values(text).at("tidemark_sink_info{scheme=\"s3\",url=\"s3://bucket/prefix\"}"), 1);
}

// Two archivers of one machine whose files one exporter reads.
TEST(Metrics, TheEngineIsALabelOfEachSeriesAndNothingElseChanges) {
  Metrics plain(2);
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    // In text and OpenMetrics alike: a backslash, a quote, what is not ASCII.
    Metrics named(2, "ship \"A\" \\ größer");
    const std::string label = "engine=\"ship \\\"A\\\" \\\\ größer\"";
    for (Metrics* metrics : {&plain, &named}) {
      metrics->sink_is("file", "file:///a");
      (void)metrics->storage("main");
    }
    std::string text = named.text(std::nullopt, {}, 7, format);
    std::istringstream lines(text);
    size_t series = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      ++series;
      const size_t at = line.find(label);
      EXPECT_TRUE(at != std::string::npos && line.find("engine=", at + 1) == std::string::npos) << line;
    }
    EXPECT_GT(series, 100U);
    const auto erase_all = [&text](const std::string& part, const std::string& to) {
      for (size_t at = 0; (at = text.find(part, at)) != std::string::npos;) text.replace(at, part.size(), to);
    };
    erase_all("," + label, "");
    erase_all("{" + label + "}", "");
    erase_all(label + ",", "");
    EXPECT_EQ(text, plain.text(std::nullopt, {}, 7, format));
  }
}

TEST(Metrics, BytesThatWaitAreEstimated) {
  Metrics metrics(1);
  core::Snapshot s;
  s.entries_waiting = 10;
  EXPECT_EQ(values(metrics.text(s, {}, 0)).at("tidemark_entries_waiting_estimated_bytes"), 0)
      << "not known yet";
  metrics.verified(metrics.storage("a"), 1000, 0);
  metrics.archived(metrics.storage("a"), 4, 100, 2000, 0);
  EXPECT_EQ(values(metrics.text(s, {}, 0)).at("tidemark_entries_waiting_estimated_bytes"), 5000);
}

// Prometheus' conventions, as far as promtool does not look.
TEST(Metrics, NamesFollowTheConventions) {
  Metrics metrics(1);
  std::istringstream lines(metrics.text(std::nullopt, {}, 0));
  std::set<std::string> helped;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, rest;
    words >> hash >> kind >> name >> rest;
    if (hash != "#") continue;
    EXPECT_EQ(name.find("tidemark_"), 0U) << name;
    if (kind == "HELP") helped.insert(name);
    if (kind != "TYPE") continue;
    EXPECT_EQ(helped.count(name), 1U) << name << " has no help";
    EXPECT_EQ(rest == "counter", name.ends_with("_total")) << name << " is a " << rest;
  }
  EXPECT_GE(helped.size(), 20U);
}

}  // namespace
}  // namespace tidemark::metrics
