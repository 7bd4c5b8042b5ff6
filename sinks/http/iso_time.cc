#include "http/iso_time.h"

#include <time.h>

#include <array>
#include <cstdio>

#include "base/wall_clock.h"

namespace tidemark::sinks {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool digits(int count, int* out) {
    if (text_.size() < static_cast<size_t>(count)) return false;
    *out = 0;
    for (int i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      *out = *out * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view wanted, char* out = nullptr) {
    if (text_.empty() || wanted.find(text_[0]) == std::string_view::npos) return false;
    if (out != nullptr) *out = text_[0];
    text_.remove_prefix(1);
    return true;
  }
  // ".359", as microseconds; digits beyond those do not count.
  bool fraction(int64_t* out_us) {
    int digit = 0, count = 0;
    for (int64_t unit_us = kUsPerSecond / 10; digits(1, &digit); unit_us /= 10, ++count) {
      *out_us += digit * unit_us;
    }
    return count > 0;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

int days_in(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

}  // namespace

std::optional<int64_t> parse_iso_time_us(std::string_view text) {
  Reader reader(text);
  tm utc = {};
  int year = 0, month = 0;
  if (!reader.digits(4, &year) || !reader.one_of("-") || !reader.digits(2, &month) || !reader.one_of("-") ||
      !reader.digits(2, &utc.tm_mday) || !reader.one_of("Tt ") || !reader.digits(2, &utc.tm_hour) ||
      !reader.one_of(":") || !reader.digits(2, &utc.tm_min) || !reader.one_of(":") ||
      !reader.digits(2, &utc.tm_sec)) {
    return std::nullopt;
  }
  if (month < 1 || month > 12 || utc.tm_mday < 1 || utc.tm_mday > days_in(year, month) || utc.tm_hour > 23 ||
      utc.tm_min > 59 || utc.tm_sec > 60) {
    return std::nullopt;
  }
  int64_t fraction_us = 0;
  if (reader.one_of(".") && !reader.fraction(&fraction_us)) return std::nullopt;
  int64_t offset_s = 0;
  char zone = 0;
  if (!reader.one_of("Zz+-", &zone)) return std::nullopt;
  if (zone == '+' || zone == '-') {
    int hours = 0, minutes = 0;
    if (!reader.digits(2, &hours)) return std::nullopt;
    reader.one_of(":");
    if (!reader.digits(2, &minutes) || hours > 23 || minutes > 59) return std::nullopt;
    offset_s = (hours * 60 + minutes) * (zone == '+' ? 60 : -60);
  }
  if (!reader.at_end()) return std::nullopt;
  utc.tm_year = year - 1900;
  utc.tm_mon = month - 1;
  return (timegm(&utc) - offset_s) * kUsPerSecond + fraction_us;
}

std::string format_iso_time(int64_t unix_us) {
  const time_t seconds = unix_us / kUsPerSecond;
  tm utc = {};
  gmtime_r(&seconds, &utc);
  std::array<char, 80> text;
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900,
                    utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<size_t>(size)};
}

}  // namespace tidemark::sinks
