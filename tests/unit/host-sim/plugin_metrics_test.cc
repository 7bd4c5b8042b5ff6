// Reading the plugin's metrics, and the table made of its stages.
#include "plugin_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tidemark::host {
namespace {

constexpr char kText[] = R"(# HELP tidemark_stage_seconds Time of one stage
# TYPE tidemark_stage_seconds histogram
tidemark_stage_seconds_count{stage="put"} 100
tidemark_stage_seconds_sum{stage="put"} 3
tidemark_stage_seconds_bucket{stage="put",le="0.01"} 0
tidemark_stage_seconds_bucket{stage="put",le="0.02"} 50
tidemark_stage_seconds_bucket{stage="put",le="0.04"} 98
tidemark_stage_seconds_bucket{stage="put",le="+Inf"} 100
tidemark_stage_seconds_count{stage="acquire"} 4
tidemark_stage_seconds_sum{stage="acquire"} 0.00002
tidemark_stage_seconds_bucket{stage="acquire",le="0.00001"} 4
tidemark_stage_seconds_bucket{stage="acquire",le="+Inf"} 4
tidemark_stage_seconds_count{stage="some new one"} 1
tidemark_archives_total{result="archived"} 100
tidemark_archives_total{result="failed"} 2
tidemark_workers 8
)";

TEST(PluginMetrics, ReadsNamesLabelsAndNumbers) {
  const auto samples = parse_metrics(
      "# a comment\n\nplain 4\nnot_a_number x\ntwo{a=\"x\",b=\"q\\\"\\\\\\n,}\"} 1e3\n"
      "broken{a=\"x\nempty{} NaN\nlast{z=\"1\"} +Inf");
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(samples[0].name, "plain");
  EXPECT_EQ(samples[0].value, 4);
  EXPECT_EQ(samples[1].name, "two");
  EXPECT_EQ(samples[1].value, 1000);
  EXPECT_EQ(samples[1].label("a"), "x");
  EXPECT_EQ(samples[1].label("b"), "q\"\\\n,}");
  EXPECT_EQ(samples[1].label("c"), "");
  EXPECT_TRUE(std::isnan(samples[2].value));
  EXPECT_TRUE(std::isinf(samples[3].value));
}

TEST(PluginMetrics, FindsAValueByItsLabel) {
  const auto samples = parse_metrics(kText);
  EXPECT_EQ(metric_value(samples, "tidemark_archives_total", "result", "failed"), 2);
  EXPECT_EQ(metric_value(samples, "tidemark_workers"), 8);
  EXPECT_EQ(metric_value(samples, "tidemark_archives_total", "result", "lost"), std::nullopt);
}

TEST(PluginMetrics, StagesComeInTheOrderOfAJob) {
  const auto stages = stage_times(parse_metrics(kText));
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[0].stage, "acquire");
  EXPECT_EQ(stages[1].stage, "put");
  EXPECT_EQ(stages[2].stage, "some new one");
  EXPECT_EQ(stages[1].count, 100u);
  EXPECT_DOUBLE_EQ(stages[1].mean_s(), 0.03);
  EXPECT_EQ(stage_times(parse_metrics("tidemark_workers 8\n")).size(), 0u);
}

TEST(PluginMetrics, PercentilesAreInterpolatedAsPrometheusDoes) {
  const auto stages = stage_times(parse_metrics(kText));
  EXPECT_DOUBLE_EQ(stages[1].percentile_s(0.25), 0.015);
  EXPECT_DOUBLE_EQ(stages[1].percentile_s(0.5), 0.02);
  EXPECT_DOUBLE_EQ(stages[1].percentile_s(0.74), 0.03);
  EXPECT_DOUBLE_EQ(stages[1].percentile_s(0.99), 0.04) << "beyond the last finite bucket";
  EXPECT_EQ(stages[2].percentile_s(0.5), 0);
}

TEST(PluginMetrics, TheTableSharesOutTheTimeOfTheWorkers) {
  const std::string table = stage_table(stage_times(parse_metrics(kText)), 12);
  EXPECT_NE(table.find("put                 100      3.000 s   25.0 %     30.0 ms     20.0 ms     40.0 ms\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("75.0 %\n"), std::string::npos) << table;
  EXPECT_EQ(table.find("idle"), table.rfind("idle")) << table;
}

}  // namespace
}  // namespace tidemark::host
