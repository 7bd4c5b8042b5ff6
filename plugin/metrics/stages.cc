#include "metrics/stages.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <limits>

namespace tidemark::metrics {
namespace {

constexpr std::array<const char*, kStages> kNames = {"acquire", "stat", "read",
                                                     "encode",  "put",  "acknowledge"};

// From a callback that only counts to a large archive over a slow line.
constexpr std::array<uint64_t, Stages::kBounds> kBounds_ns = {
    1'000,       2'500,       5'000,       10'000,        25'000,        50'000,         100'000,
    250'000,     500'000,     1'000'000,   2'500'000,     5'000'000,     10'000'000,     25'000'000,
    100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 5'000'000'000, 60'000'000'000,
};

// Only the shard's own thread writes, so that a plain addition will do.
void increase(std::atomic<uint64_t>& value, uint64_t by) {
  value.store(value.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

void Stages::Shard::add(Stage stage, Duration duration) {
  const uint64_t ns = duration.count() > 0 ? static_cast<uint64_t>(duration.count()) : 0;
  Times& times = times_[static_cast<size_t>(stage)];
  const size_t bucket =
      static_cast<size_t>(std::lower_bound(kBounds_ns.begin(), kBounds_ns.end(), ns) - kBounds_ns.begin());
  increase(times.buckets[bucket], 1);
  increase(times.sum_ns, ns);
}

std::vector<prometheus::MetricFamily> Stages::Collect() const {
  prometheus::MetricFamily family;
  family.name = "tidemark_stage_seconds";
  family.help = "Time that archiving took, by stage";
  family.type = prometheus::MetricType::Histogram;
  for (size_t stage = 0; stage < kStages; ++stage) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"stage", kNames[stage]});
    uint64_t count = 0, sum_ns = 0;
    for (size_t bucket = 0; bucket <= kBounds; ++bucket) {
      for (const Shard& shard : shards_) {
        count += shard.times_[stage].buckets[bucket].load(std::memory_order_relaxed);
      }
      const double bound = bucket < kBounds ? static_cast<double>(kBounds_ns[bucket]) / 1e9
                                            : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({count, bound});
    }
    for (const Shard& shard : shards_) sum_ns += shard.times_[stage].sum_ns.load(std::memory_order_relaxed);
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(sum_ns) / 1e9;
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace tidemark::metrics
