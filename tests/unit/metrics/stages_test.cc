#include "metrics/stages.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <cmath>

namespace tidemark::metrics {
namespace {

using std::chrono::milliseconds;

const prometheus::ClientMetric& metric_of(const std::vector<prometheus::MetricFamily>& families,
                                          const char* stage) {
  for (const prometheus::ClientMetric& metric : families.at(0).metric) {
    if (metric.label.at(0).value == stage) return metric;
  }
  throw std::out_of_range(stage);
}

TEST(Stages, CountsEachStageOfEachThread) {
  Stages stages(2);
  stages.shard(0).add(Stage::kPut, milliseconds(20));
  stages.shard(1).add(Stage::kPut, milliseconds(3));
  stages.shard(1).add(Stage::kPut, std::chrono::hours(1));
  stages.shard(1).add(Stage::kRead, milliseconds(1));
  stages.shard(1).add(Stage::kStat, milliseconds(-1));  // clocks; nothing is less than nothing
  const auto families = stages.Collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].metric.size(), kStages);
  const auto& put = metric_of(families, "put").histogram;
  EXPECT_EQ(put.sample_count, 3U);
  EXPECT_NEAR(put.sample_sum, 3600.023, 1e-6);
  for (const auto& bucket : put.bucket) {
    const uint64_t expected = std::isinf(bucket.upper_bound) ? 3
                              : bucket.upper_bound >= 0.02   ? 2
                              : bucket.upper_bound >= 0.003  ? 1
                                                             : 0;
    EXPECT_EQ(bucket.cumulative_count, expected) << bucket.upper_bound;
  }
  EXPECT_TRUE(std::isinf(put.bucket.back().upper_bound));
  EXPECT_EQ(metric_of(families, "read").histogram.sample_count, 1U);
  EXPECT_EQ(metric_of(families, "stat").histogram.sample_sum, 0);
  EXPECT_EQ(metric_of(families, "acquire").histogram.sample_count, 0U);
  EXPECT_EQ(metric_of(families, "acknowledge").histogram.sample_count, 0U);
}

}  // namespace
}  // namespace tidemark::metrics
