#include "plugin_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tidemark::host {

namespace {

constexpr std::string_view kStages = "tidemark_stage_seconds";
constexpr std::array<std::string_view, 5> kStageOrder = {"acquire", "stat", "read", "put", "acknowledge"};

// Takes `name="value"` from the front of `text`; false at anything else.
bool take_label(std::string_view& text, std::pair<std::string, std::string>& out) {
  const size_t equals = text.find("=\"");
  if (equals == std::string_view::npos) return false;
  out.first = text.substr(0, equals);
  out.second.clear();
  for (size_t i = equals + 2; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out.second += text[i] == 'n' ? '\n' : text[i];
    } else {
      out.second += text[i];
    }
  }
  return false;
}

std::optional<MetricSample> parse_sample(std::string_view line) {
  const size_t name_end = line.find_first_of("{ ");
  if (line.empty() || line[0] == '#' || name_end == std::string_view::npos) return std::nullopt;
  MetricSample sample;
  sample.name = line.substr(0, name_end);
  line.remove_prefix(name_end);
  if (line[0] == '{') {
    line.remove_prefix(1);
    while (!line.empty() && line[0] != '}') {
      if (!take_label(line, sample.labels.emplace_back())) return std::nullopt;
      if (!line.empty() && line[0] == ',') line.remove_prefix(1);
    }
    if (line.empty()) return std::nullopt;
    line.remove_prefix(1);
  }
  const std::string number(line);
  char* end = nullptr;
  sample.value = std::strtod(number.c_str(), &end);  // takes +Inf and NaN too
  if (end == number.c_str()) return std::nullopt;
  return sample;
}

StageTime& stage_named(std::vector<StageTime>& stages, std::string_view name) {
  for (StageTime& one : stages) {
    if (one.stage == name) return one;
  }
  stages.emplace_back().stage = name;
  return stages.back();
}

// "12.3 us": three digits, in the unit that suits.
std::string duration_text(double seconds) {
  const char* unit = seconds < 1e-3 ? "us" : seconds < 1 ? "ms" : "s ";
  const double value = seconds < 1e-3 ? seconds * 1e6 : seconds < 1 ? seconds * 1e3 : seconds;
  char text[48];
  std::snprintf(text, sizeof(text), "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
  return text;
}

}  // namespace

std::string_view MetricSample::label(std::string_view wanted) const {
  for (const auto& [key, text] : labels) {
    if (key == wanted) return text;
  }
  return {};
}

std::vector<MetricSample> parse_metrics(std::string_view text) {
  std::vector<MetricSample> samples;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (auto sample = parse_sample(text.substr(0, end))) samples.push_back(std::move(*sample));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return samples;
}

std::optional<double> metric_value(const std::vector<MetricSample>& samples, std::string_view name,
                                   std::string_view label, std::string_view label_value) {
  for (const MetricSample& sample : samples) {
    if (sample.name == name && (label.empty() || sample.label(label) == label_value)) return sample.value;
  }
  return std::nullopt;
}

double StageTime::percentile_s(double share) const {
  const double rank = share * static_cast<double>(count);
  double from_s = 0;
  uint64_t before = 0;
  for (const Bucket& bucket : buckets) {
    if (bucket.count > before && static_cast<double>(bucket.count) >= rank) {
      const double inside = (rank - static_cast<double>(before)) / static_cast<double>(bucket.count - before);
      return from_s + (bucket.upto_s - from_s) * inside;
    }
    from_s = bucket.upto_s;
    before = bucket.count;
  }
  return from_s;
}

std::vector<StageTime> stage_times(const std::vector<MetricSample>& samples) {
  std::vector<StageTime> stages;
  for (const MetricSample& sample : samples) {
    if (sample.name.compare(0, kStages.size(), kStages) != 0) continue;
    const std::string_view what = std::string_view(sample.name).substr(kStages.size());
    StageTime& stage = stage_named(stages, sample.label("stage"));
    if (what == "_count") stage.count = static_cast<uint64_t>(sample.value);
    if (what == "_sum") stage.total_s = sample.value;
    const double upto_s =
        what == "_bucket" ? std::strtod(std::string(sample.label("le")).c_str(), nullptr) : 0;
    if (upto_s > 0 && std::isfinite(upto_s)) {
      stage.buckets.push_back({upto_s, static_cast<uint64_t>(sample.value)});
    }
  }
  const auto place = [](const StageTime& stage) {
    return std::find(kStageOrder.begin(), kStageOrder.end(), stage.stage) - kStageOrder.begin();
  };
  std::stable_sort(stages.begin(), stages.end(),
                   [&](const StageTime& a, const StageTime& b) { return place(a) < place(b); });
  for (StageTime& stage : stages) {
    std::sort(stage.buckets.begin(), stage.buckets.end(),
              [](const auto& a, const auto& b) { return a.upto_s < b.upto_s; });
  }
  return stages;
}

std::string stage_table(const std::vector<StageTime>& stages, double worker_seconds) {
  char line[256];
  std::snprintf(line, sizeof(line), "%-12s %10s %12s %8s %11s %11s %11s\n", "stage", "count", "total",
                "share", "mean", "p50", "p99");
  std::string table = line;
  const auto share = [&](double seconds) { return worker_seconds > 0 ? 100 * seconds / worker_seconds : 0; };
  double left_s = worker_seconds;
  for (const StageTime& stage : stages) {
    std::snprintf(line, sizeof(line), "%-12s %10llu %10.3f s %6.1f %% %11s %11s %11s\n", stage.stage.c_str(),
                  static_cast<unsigned long long>(stage.count), stage.total_s, share(stage.total_s),
                  duration_text(stage.mean_s()).c_str(), duration_text(stage.percentile_s(0.5)).c_str(),
                  duration_text(stage.percentile_s(0.99)).c_str());
    table += line;
    left_s -= stage.total_s;
  }
  // Stages may overlap the measured time by a little at both ends.
  left_s = std::max(left_s, 0.0);
  std::snprintf(line, sizeof(line), "%-12s %10s %10.3f s %6.1f %%\n", "idle", "", left_s, share(left_s));
  return table + line;
}

}  // namespace tidemark::host
