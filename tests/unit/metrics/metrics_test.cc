#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <map>
#include <set>
#include <sstream>

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
  metrics.archived(1, 1000, 4000, 0.002);
  metrics.archived(5, 500, 2000, 400);
  metrics.verified(2, 0.001);
  metrics.failed();
  metrics.failed();
  metrics.conflict();
  metrics.gap(7);
  metrics.acknowledged(true);
  metrics.acknowledged(true);
  metrics.acknowledged(false);
  metrics.sink_swapped();
  metrics.breaker_opened();
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
  EXPECT_EQ(now.at("tidemark_events_dropped"), 9);
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
  metrics.archived(1, 1, 1, 1);
  metrics.conflict();
  metrics.acknowledged(false);
  const auto after = values(metrics.text(core::Snapshot(), {}, 1));
  EXPECT_EQ(before.size(), after.size()) << "a series that appears later cannot be alerted on";
  for (const auto& [name, value] : before) EXPECT_EQ(after.count(name), 1U) << name;
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
