// The two forms in which metrics are given away: Prometheus' text 0.0.4 and OpenMetrics 1.0, and which of
// them a scraper wants.
//
// Pure; any thread.
#ifndef TIDEMARK_METRICS_EXPOSITION_H
#define TIDEMARK_METRICS_EXPOSITION_H

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::metrics {

enum class Format : uint8_t { kText, kOpenMetrics };

std::string expose(const std::vector<prometheus::MetricFamily>& families, Format format);
const char* content_type(Format format);
// By the value of the Accept header; empty: there is none. OpenMetrics only where it is asked for.
Format negotiate(std::string_view accept);

}  // namespace tidemark::metrics

#endif  // TIDEMARK_METRICS_EXPOSITION_H
