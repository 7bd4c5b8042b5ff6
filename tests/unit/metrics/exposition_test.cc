#include "metrics/exposition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace tidemark::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily counter(double value) {
  ClientMetric metric;
  metric.counter.value = value;
  return {"a_total", "All \"of\" it\nand more", MetricType::Counter, {metric}};
}

MetricFamily gauge(double value, const std::string& label) {
  ClientMetric metric;
  metric.gauge.value = value;
  metric.label = {{"one", label}, {"two", "2"}};
  return {"g", "G", MetricType::Gauge, {metric}};
}

MetricFamily histogram() {
  ClientMetric metric;
  metric.histogram.sample_count = 3;
  metric.histogram.sample_sum = 7.25;
  metric.histogram.bucket = {{1, 0.5}, {2, 1}, {3, std::numeric_limits<double>::infinity()}};
  return {"h_seconds", "H", MetricType::Histogram, {metric}};
}

TEST(Exposition, OpenMetrics) {
  EXPECT_EQ(expose({counter(12), gauge(-0.125, "a\"b\\c\nd"), histogram()}, Format::kOpenMetrics),
            "# HELP a All \\\"of\\\" it\\nand more\n"
            "# TYPE a counter\n"
            "a_total 12.0\n"
            "# HELP g G\n"
            "# TYPE g gauge\n"
            "g{one=\"a\\\"b\\\\c\\nd\",two=\"2\"} -0.125\n"
            "# HELP h_seconds H\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{le=\"0.5\"} 1.0\n"
            "h_seconds_bucket{le=\"1.0\"} 2.0\n"
            "h_seconds_bucket{le=\"+Inf\"} 3.0\n"
            "h_seconds_count 3.0\n"
            "h_seconds_sum 7.25\n"
            "# EOF\n");
  EXPECT_EQ(expose({}, Format::kOpenMetrics), "# EOF\n");
}

TEST(Exposition, NumbersAreTheSameWhenTheyAreReadBack) {
  for (const double value : {0.1, 1e300, 5e-324, 1795976681.959181, 9007199254740993.0, -0.0}) {
    const std::string text = expose({gauge(value, "")}, Format::kOpenMetrics);
    const size_t at = text.rfind("} ") + 2;
    EXPECT_EQ(std::strtod(text.c_str() + at, nullptr), value) << text;
  }
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NE(expose({gauge(-infinite, "")}, Format::kOpenMetrics).find("} -Inf\n"), std::string::npos);
  EXPECT_NE(expose({gauge(std::nan(""), "")}, Format::kOpenMetrics).find("} NaN\n"), std::string::npos);
}

TEST(Exposition, TextIsPrometheus) {
  const std::string text = expose({counter(12)}, Format::kText);
  EXPECT_NE(text.find("# TYPE a_total counter\na_total 12\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("EOF"), std::string::npos);
}

TEST(Negotiate, OpenMetricsOnlyForWhoAsksForIt) {
  for (const char* accept :
       {"", "*/*", "text/plain", "text/html, */*;q=0.1", "application/openmetrics-text;q=0",
        "application/openmetrics-text; version=0.0.1", "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=0.4,text/plain;q=0.5", "application/openmetrics-text;q=x",
        ";;,,=", "application/openmetrics-textual"}) {
    EXPECT_EQ(negotiate(accept), Format::kText) << accept;
  }
  // The second is what Prometheus 2.42 says.
  for (const char* accept :
       {"application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "text/plain;q=0.5 , application/openmetrics-text ; version=\"1.0.0\" ; charset=utf-8"}) {
    EXPECT_EQ(negotiate(accept), Format::kOpenMetrics) << accept;
  }
}

}  // namespace
}  // namespace tidemark::metrics
