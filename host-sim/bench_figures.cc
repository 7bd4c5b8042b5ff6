#include "bench_figures.h"

#include <cstdarg>
#include <cstdio>

#include "base/json.h"

namespace tidemark::host {

namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof(text), pattern, arguments);
  va_end(arguments);
  return text;
}

double per(double amount, double divisor) { return divisor > 0 ? amount / divisor : 0; }

double latency_ms(const BenchFigures& figures, double share) {
  return static_cast<double>(figures.latency->percentile_us(share)) / 1000;
}

double archives(const BenchFigures& figures, const char* result) {
  return metric_value(figures.metrics, "tidemark_archives_total", "result", result).value_or(0);
}

double worker_seconds(const BenchFigures& figures) {
  return figures.seconds * metric_value(figures.metrics, "tidemark_workers").value_or(0);
}

}  // namespace

std::string figures_text(const BenchFigures& figures, bool profile) {
  const auto entries = static_cast<double>(figures.entries);
  const auto bytes = static_cast<double>(figures.bytes);
  std::string text;
  text += format("archived     %.0f entries of %llu partitions in %.0f archives, %.1f MB, in %.3f s\n",
                 entries, static_cast<unsigned long long>(figures.partitions), archives(figures, "archived"),
                 bytes / 1e6, figures.seconds);
  text += format("throughput   %.0f entries/s, %.1f MB/s\n", per(entries, figures.seconds),
                 per(bytes / 1e6, figures.seconds));
  text += format("latency      p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms (commit to acknowledge)\n",
                 latency_ms(figures, 0.5), latency_ms(figures, 0.9), latency_ms(figures, 0.99),
                 latency_ms(figures, 1));
  text += format("cpu          %.1f us/entry\n", per(figures.cpu_seconds * 1e6, entries));
  text += format("peak memory  %.1f MiB resident, %.1f MiB before the first notification\n",
                 static_cast<double>(figures.peak_rss_bytes) / 1048576,
                 static_cast<double>(figures.rss_before_bytes) / 1048576);
  if (!profile) return text;
  const auto stages = stage_times(figures.metrics);
  if (stages.empty()) {
    return text +
           "profile      this plugin does not time its stages: its metrics have no tidemark_stage_seconds\n";
  }
  text += format("profile      share of the time of %.0f workers\n\n",
                 metric_value(figures.metrics, "tidemark_workers").value_or(0));
  return text + stage_table(stages, worker_seconds(figures));
}

std::string figures_json(const BenchFigures& figures) {
  const auto entries = static_cast<double>(figures.entries);
  Json json;
  json["outcome"] = figures.outcome;
  json["entries"] = figures.entries;
  json["bytes"] = figures.bytes;
  json["partitions"] = figures.partitions;
  json["archives"] = static_cast<uint64_t>(archives(figures, "archived"));
  json["seconds"] = figures.seconds;
  json["entries_per_second"] = per(entries, figures.seconds);
  json["bytes_per_second"] = per(static_cast<double>(figures.bytes), figures.seconds);
  json["cpu_seconds"] = figures.cpu_seconds;
  json["cpu_us_per_entry"] = per(figures.cpu_seconds * 1e6, entries);
  json["rss_before_bytes"] = figures.rss_before_bytes;
  json["peak_rss_bytes"] = figures.peak_rss_bytes;
  json["events"] = figures.events;
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1.0}}) {
    json[std::string("commit_to_ack_") + name + "_ms"] = latency_ms(figures, share);
  }
  json["worker_seconds"] = worker_seconds(figures);
  json["stages"] = Json::array();  // empty: not timed by this plugin
  for (const StageTime& stage : stage_times(figures.metrics)) {
    json["stages"].push_back({{"stage", stage.stage},
                              {"count", stage.count},
                              {"total_seconds", stage.total_s},
                              {"share", per(stage.total_s, worker_seconds(figures))},
                              {"mean_seconds", stage.mean_s()},
                              {"p50_seconds", stage.percentile_s(0.5)},
                              {"p99_seconds", stage.percentile_s(0.99)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace tidemark::host
