#include "text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>
#include <numeric>
#include <utility>

#include "base/line.h"
#include "base/wall_clock.h"
#include "format/lsn.h"

namespace tidemark::cli {

namespace {

// Takes exactly `digits` digits off the front.
bool take_number(std::string_view& text, size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".25" -> 250000; digits after the sixth are cut.
bool take_fraction(std::string_view& text, int64_t& fraction_us) {
  fraction_us = 0;
  if (!take(text, ".")) return true;
  int64_t scale = kUsPerSecond / 10;
  size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits, scale /= 10)
    fraction_us += (text[0] - '0') * scale;
  return digits > 0;
}

// "Z", "+01:00" or "-0130"; nothing: false in `given`.
bool take_zone(std::string_view& text, bool& given, int64_t& offset_s) {
  given = !text.empty();
  offset_s = 0;
  if (!given || take(text, "Z")) return true;
  const int sign = text[0] == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!take(text, "+-") || !take_number(text, 2, hours)) return false;
  take(text, ":");
  if (!take_number(text, 2, minutes) || hours > 14 || minutes > 59) return false;
  offset_s = sign * (hours * 3600 + minutes * 60);
  return true;
}

std::optional<int64_t> parse_epoch(std::string_view text) {
  int64_t seconds = 0, fraction_us = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || seconds < 0 || text[0] == '-') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!take_fraction(text, fraction_us) || !text.empty() || seconds > INT64_MAX / kUsPerSecond - 1)
    return std::nullopt;
  return seconds * kUsPerSecond + fraction_us;
}

std::string format(const char* form, const std::tm& time) {
  char text[64];
  return {text, std::strftime(text, sizeof text, form, &time)};
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? std::optional<int>(lower - 'a' + 10) : std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_time(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] == '@') return parse_epoch(text.substr(1));
  std::tm time{};
  int64_t fraction_us = 0, offset_s = 0;
  bool zoned = false;
  if (!take_number(text, 4, time.tm_year) || !take(text, "-") || !take_number(text, 2, time.tm_mon) ||
      !take(text, "-") || !take_number(text, 2, time.tm_mday)) {
    return std::nullopt;
  }
  if (take(text, "T ")) {
    if (!take_number(text, 2, time.tm_hour) || !take(text, ":") || !take_number(text, 2, time.tm_min))
      return std::nullopt;
    if (take(text, ":") && (!take_number(text, 2, time.tm_sec) || !take_fraction(text, fraction_us)))
      return std::nullopt;
    if (!take_zone(text, zoned, offset_s)) return std::nullopt;
  }
  if (!text.empty() || time.tm_hour > 23 || time.tm_min > 59 || time.tm_sec > 60) return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  time.tm_isdst = -1;
  const std::tm asked = time;
  const std::time_t seconds = zoned ? ::timegm(&time) : std::mktime(&time);
  // The 31st of June would have become the 1st of July.
  if (seconds < 0 || time.tm_mon != asked.tm_mon || time.tm_mday != asked.tm_mday) return std::nullopt;
  return (static_cast<int64_t>(seconds) - offset_s) * kUsPerSecond + fraction_us;
}

std::optional<int64_t> parse_span(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  int64_t unit_s = 0;
  switch (text.back()) {
    case 's':
      unit_s = 1;
      break;
    case 'm':
      unit_s = 60;
      break;
    case 'h':
      unit_s = 3600;
      break;
    case 'd':
      unit_s = 86400;
      break;
    case 'w':
      unit_s = 7 * 86400;
      break;
    default:
      return std::nullopt;
  }
  text.remove_suffix(1);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  constexpr int64_t kLongest_s = int64_t{1000} * 366 * 86400;
  if (error != std::errc() || end != text.data() + text.size() || count <= 0 || count > kLongest_s / unit_s)
    return std::nullopt;
  return count * unit_s * kUsPerSecond;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  const size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (unit != std::string_view::npos) text.remove_suffix(1);
  const int shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<int>(unit) + 1);
  const auto count = parse_decimal(text);
  if (!count || *count == 0 || *count > std::numeric_limits<uint64_t>::max() >> shift) return std::nullopt;
  return *count << shift;
}

std::string utc_text(int64_t time_us) {
  const auto seconds = static_cast<std::time_t>(time_us / kUsPerSecond);
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(time_us % kUsPerSecond));
  return format("%Y-%m-%dT%H:%M:%S", time) + fraction;
}

std::string local_text(int64_t time_us) {
  const auto seconds = static_cast<std::time_t>(time_us / kUsPerSecond);
  std::tm time{};
  ::localtime_r(&seconds, &time);
  return format("%Y-%m-%d %H:%M:%S", time);
}

std::string bytes_text(uint64_t size_bytes) {
  if (size_bytes < 1024) return std::to_string(size_bytes) + " B";
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(size_bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string seconds_text(double seconds) {
  if (seconds < 100) return std::to_string(std::lround(std::ceil(seconds))) + " s";
  if (seconds < 6000) return std::to_string(std::lround(seconds / 60)) + " min";
  return std::to_string(std::lround(seconds / 3600)) + " h";
}

std::string count_text(uint64_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string both(uint64_t lsn) { return std::to_string(lsn) + " @" + lsn_text(lsn); }

std::string range_text(uint64_t first, uint64_t last) {
  return "LSN " + both(first) + (last == first ? std::string() : " to " + both(last));
}

std::optional<uint64_t> parse_lsn(std::string_view text) {
  if (!text.empty() && text[0] == '@') return parse_lsn_text(text.substr(1));
  const auto value = parse_decimal(text);
  return value && *value > 0 ? value : std::nullopt;
}

std::string most_like(std::string_view word, const std::vector<std::string>& words) {
  constexpr size_t kLongest = 32;
  std::string best;
  size_t fewest = 1 + std::min<size_t>(3, (word.size() + 1) / 2);  // more changes make it another word
  for (const std::string& other : words) {
    if (word.size() > kLongest) break;
    // Levenshtein's distance, by rows.
    std::vector<size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < word.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i + 1);
      for (size_t j = 0; j < other.size(); ++j) {
        const size_t changed = diagonal + (word[i] == other[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
      }
    }
    if (row.back() < fewest) {
      fewest = row.back();
      best = other;
    }
  }
  return best;
}

std::string named(const std::string& name, const std::string& message) {
  if (name.empty()) return message;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t at = message.find(name); at != std::string::npos; at = message.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end == message.size() || !is_digit(message[end])) return message;  // not main/7 of main/71
  }
  return name + ": " + message;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    decoded += low ? static_cast<char>(*high * 16 + *low) : text[i];
    if (low) i += 2;
  }
  return decoded;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const LinePiece piece = first_line_piece(text);
    const std::string_view taken = text.substr(0, piece.taken);
    text.remove_prefix(piece.taken);
    if (taken == std::string_view(piece.text, piece.size)) {
      out += taken;
      continue;
    }
    for (const char byte : taken) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(byte));
      out += escaped;
    }
  }
  return out;
}

}  // namespace tidemark::cli
