#include "metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <charconv>
#include <cmath>
#include <locale>
#include <optional>
#include <sstream>

#include "base/line.h"

namespace tidemark::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

// The shortest text that is the same number; what is whole has a point, as le="1.0" has to have.
void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
    return;
  }
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, number);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

void append_sample(std::string& out, const std::string& name, const ClientMetric& metric, double value,
                   std::optional<double> bound = std::nullopt) {
  out += name;
  const char* before = "{";
  for (const ClientMetric::Label& label : metric.label) {
    out += before;
    out += label.name;
    out += "=\"";
    append_escaped(out, label.value);
    out += '"';
    before = ",";
  }
  if (bound) {
    out += before;
    out += "le=\"";
    append_number(out, *bound);
    out += '"';
  }
  if (bound || !metric.label.empty()) out += '}';
  out += ' ';
  append_number(out, value);
  out += '\n';
}

const char* type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "unknown";
  }
}

void append_family(std::string& out, const MetricFamily& family) {
  std::string name = family.name;
  if (family.type == MetricType::Counter && name.ends_with(kTotal)) name.resize(name.size() - kTotal.size());
  out += "# HELP " + name + ' ';
  append_escaped(out, family.help);
  out += "\n# TYPE " + name + ' ' + type_name(family.type) + '\n';
  for (const ClientMetric& metric : family.metric) {
    switch (family.type) {
      case MetricType::Counter:
        append_sample(out, name + "_total", metric, metric.counter.value);
        break;
      case MetricType::Histogram:
        for (const auto& bucket : metric.histogram.bucket) {
          append_sample(out, name + "_bucket", metric, static_cast<double>(bucket.cumulative_count),
                        bucket.upper_bound);
        }
        append_sample(out, name + "_count", metric, static_cast<double>(metric.histogram.sample_count));
        append_sample(out, name + "_sum", metric, metric.histogram.sample_sum);
        break;
      default:
        append_sample(out, name, metric, metric.gauge.value);
        break;
    }
  }
}

// The front up to `separator`, which goes too.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view front = trimmed(text.substr(0, end), " \t");
  text.remove_prefix(std::min(end + 1, text.size()));
  return front;
}

}  // namespace

std::string expose(const std::vector<MetricFamily>& families, Format format) {
  if (format == Format::kText) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    prometheus::TextSerializer().Serialize(out, families);
    return std::move(out).str();
  }
  std::string out;
  for (const MetricFamily& family : families) append_family(out, family);
  return out += "# EOF\n";
}

const char* content_type(Format format) {
  return format == Format::kText ? "text/plain; version=0.0.4; charset=utf-8"
                                 : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

Format negotiate(std::string_view accept) {
  double open_metrics = 0;
  double text = 0;
  while (!accept.empty()) {
    std::string_view range = take(accept, ',');
    const std::string_view type = take(range, ';');
    double quality = 1;
    bool is_known_version = true;
    while (!range.empty()) {
      std::string_view value = take(range, ';');
      const std::string_view name = take(value, '=');
      if (name == "q" &&
          std::from_chars(value.data(), value.data() + value.size(), quality).ec != std::errc())
        quality = 0;
      if (name == "version" && value != "1.0.0" && value != "\"1.0.0\"") is_known_version = false;
    }
    if (type == "application/openmetrics-text" && is_known_version)
      open_metrics = std::max(open_metrics, quality);
    if (type == "text/plain") text = std::max(text, quality);
  }
  return open_metrics > 0 && open_metrics >= text ? Format::kOpenMetrics : Format::kText;
}

}  // namespace tidemark::metrics
