// What the plugin's metrics say: Prometheus' text exposition 0.0.4, of which this reads what a benchmark
// needs. Pure functions; any thread.
#ifndef TIDEMARK_HOST_SIM_PLUGIN_METRICS_H
#define TIDEMARK_HOST_SIM_PLUGIN_METRICS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::host {

// One line of the exposition. Labels in the order they stand there, values without their escapes.
struct MetricSample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;

  std::string_view label(std::string_view name) const;  // empty if there is none
};

// Comments and lines that are not a sample are left out.
std::vector<MetricSample> parse_metrics(std::string_view text);

// Of the sample with this name and, if given, this one label and value.
std::optional<double> metric_value(const std::vector<MetricSample>& samples, std::string_view name,
                                   std::string_view label = {}, std::string_view label_value = {});

// One stage of the archive job, from the histogram tidemark_stage_seconds.
struct StageTime {
  struct Bucket {
    double upto_s;
    uint64_t count;  // of all that took at most upto_s
  };
  std::string stage;
  uint64_t count = 0;
  double total_s = 0;
  std::vector<Bucket> buckets;  // ascending, without the infinite one

  double mean_s() const { return count == 0 ? 0 : total_s / static_cast<double>(count); }
  // Interpolated within its bucket, as Prometheus' histogram_quantile() does; beyond the last bucket, its
  // end.
  double percentile_s(double share) const;
};

// In the order in which a job goes through them, unknown ones last; empty if the plugin does not time them.
std::vector<StageTime> stage_times(const std::vector<MetricSample>& samples);

// A table for people. `worker_seconds` is what all workers together had; what no stage took is shown as idle.
std::string stage_table(const std::vector<StageTime>& stages, double worker_seconds);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_PLUGIN_METRICS_H
