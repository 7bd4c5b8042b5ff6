// What `bench` measured, as text for people and as JSON for programs. Pure functions; any thread.
#ifndef TIDEMARK_HOST_SIM_BENCH_FIGURES_H
#define TIDEMARK_HOST_SIM_BENCH_FIGURES_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "latency.h"
#include "plugin_metrics.h"

namespace tidemark::host {

struct BenchFigures {
  std::string outcome;   // done, interrupted, timeout or failed
  uint64_t entries = 0;  // that were acknowledged
  uint64_t bytes = 0;    // of their payload
  uint64_t partitions = 0;
  double seconds = 0;      // from the first notification to the last acknowledgement
  double cpu_seconds = 0;  // user and system, of the whole process, in that time
  uint64_t rss_before_bytes = 0;
  uint64_t peak_rss_bytes = 0;
  const LatencyHistogram* latency = nullptr;  // commit (or first notification) to acknowledgement
  std::vector<MetricSample> metrics;          // of the plugin, at the end
  std::map<std::string, uint64_t> events;     // by kind
};

// Lines of "name  value"; with `profile` the table of stages, or that the plugin has none.
std::string figures_text(const BenchFigures& figures, bool profile);
// Fields as in the JSON of `run` where they mean the same.
std::string figures_json(const BenchFigures& figures);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_BENCH_FIGURES_H
