#include "bridge/bad_settings.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

#include "base/line.h"
#include "bridge/setting_limits.h"

namespace tidemark::postgres {

namespace {

constexpr std::string_view kPrefix = "tidemark.";

struct NumberSetting {
  std::string_view name;
  double least, most;
  int unit;
};
constexpr NumberSetting kNumbers[] = {
#define TMPG_ROW(name, initial, least, most, unit, about) {#name, least, most, unit},
    TMPG_NUMBER_SETTINGS(TMPG_ROW)
#undef TMPG_ROW
};
constexpr std::string_view kTexts[] = {"plugin", "sink", "sink_options_file", "metrics_file"};
constexpr std::string_view kCompress[] = {"none", "zstd", "zstd:1", "zstd:2", "zstd:3"};
constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error", "off"};

struct Unit {
  std::string_view word;
  double factor;
};
constexpr Unit kTimes[] = {{"us", 0.001}, {"ms", 1},      {"s", 1000},
                           {"min", 60e3}, {"h", 3'600e3}, {"d", 86'400e3}};
constexpr Unit kSizes[] = {
    {"B", 1.0 / 1024}, {"kB", 1}, {"MB", 1024}, {"GB", 1024 * 1024}, {"TB", 1024e0 * 1024 * 1024}};

std::span<const Unit> units_of(int unit) {
  if (unit == TMPG_UNIT_MS) return kTimes;
  if (unit == TMPG_UNIT_KB) return kSizes;
  return {};
}

// A whole number or a fraction, and maybe a unit; in the setting's own.
std::optional<double> parse_number(const std::string& value, int unit) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (end == value.c_str() || !std::isfinite(number)) return std::nullopt;
  const std::string_view word = trimmed(end, " \t\n\v\f\r");
  if (word.empty()) return std::rint(number);
  for (const Unit& one : units_of(unit)) {
    if (word == one.word) return std::rint(number * one.factor);
  }
  return std::nullopt;
}

std::string number_text(double number, int unit) {
  const std::string text = std::to_string(static_cast<int64_t>(number));
  return unit == TMPG_UNIT_MS ? text + "ms" : unit == TMPG_UNIT_KB ? text + "kB" : text;
}

std::string number_problem(const NumberSetting& setting, const std::string& value) {
  const auto number = parse_number(value, setting.unit);
  const std::string range = "must be from " + number_text(setting.least, setting.unit) + " to " +
                            number_text(setting.most, setting.unit);
  if (number && setting.least <= *number && *number <= setting.most) return {};
  return number ? range : "is no number with a unit that is known here; it " + range;
}

bool is_same(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

std::string word_problem(std::span<const std::string_view> words, const std::string& value) {
  std::string all;
  for (const std::string_view word : words) {
    if (is_same(word, value)) return {};
    all.append(all.empty() ? "" : ", ").append(word);
  }
  return "must be one of " + all;
}

// PostgreSQL takes the beginning of a word, where that is not of both.
std::string switch_problem(const std::string& value) {
  constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
  const auto begins = [&value](std::string_view word) {
    return !value.empty() && value.size() <= word.size() && is_same(word.substr(0, value.size()), value);
  };
  const bool is_one = std::any_of(std::begin(kWords), std::end(kWords), begins) && !is_same(value, "o");
  return is_one ? "" : "must be on or off";
}

std::string problem_of(std::string_view name, const std::string& value) {
  for (const NumberSetting& setting : kNumbers) {
    if (name == setting.name) return number_problem(setting, value);
  }
  if (name == "compress") return word_problem(kCompress, value);
  if (name == "log_level") return word_problem(kLevels, value);
  if (name == "lineage") return switch_problem(value);
  const bool is_text = std::find(std::begin(kTexts), std::end(kTexts), name) != std::end(kTexts);
  return is_text ? "" : "there is no such setting";
}

}  // namespace

std::vector<BadSetting> bad_settings(const ServerSettings& settings) {
  std::vector<BadSetting> bad;
  for (const auto& [name, value] : settings) {
    if (!name.starts_with(kPrefix)) continue;
    std::string reason = problem_of(std::string_view(name).substr(kPrefix.size()), value);
    if (!reason.empty()) bad.push_back({name, value, std::move(reason)});
  }
  return bad;
}

std::string text_of(const BadSetting& bad) {
  return clean_line(bad.name) + " = " + quote(bad.value) + ": " + bad.reason;
}

}  // namespace tidemark::postgres
