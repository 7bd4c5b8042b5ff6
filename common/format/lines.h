// What the texts of records are made of: lines "<key>=<value>". Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_LINES_H
#define TIDEMARK_COMMON_FORMAT_LINES_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/line.h"
#include "format/lsn.h"

namespace tidemark {

// What begins the lines that records of more than one kind have.
inline constexpr std::string_view kMadeKey = "made_us=";
inline constexpr std::string_view kReasonKey = "reason=";

// Takes "<key><value>\n" off the front and gives the value; `key` ends in '='.
inline std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return std::nullopt;
  const std::string_view value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return value;
}

// Microseconds since 1970, after that moment.
inline std::optional<int64_t> parse_time_us(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number || *number == 0 || *number > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(*number);
}

enum class LineFault : uint8_t { kNone, kEmpty, kTooLong, kNotUtf8, kControl };

// What keeps a text from being one line that a person wrote.
inline LineFault line_fault(std::string_view text, size_t size_max) {
  if (text.empty()) return LineFault::kEmpty;
  if (text.size() > size_max) return LineFault::kTooLong;
  while (!text.empty()) {
    const size_t size = utf8_size(text);
    if (size == 0) return LineFault::kNotUtf8;
    if (is_control(text.substr(0, size))) return LineFault::kControl;
    text.remove_prefix(size);
  }
  return LineFault::kNone;
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_LINES_H
