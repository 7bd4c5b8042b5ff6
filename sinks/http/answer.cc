#include "http/answer.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace tidemark::sinks {
namespace {

constexpr uint32_t kRetryAfterMaxSeconds = 24 * 60 * 60;

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const Header& one : headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

std::optional<int64_t> parse_http_date_us(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const time_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds <= 0) return std::nullopt;
  return static_cast<int64_t>(seconds) * 1'000'000;
}

std::optional<int64_t> date_us(const Headers& headers, std::string_view name) {
  return parse_http_date_us(header(headers, name));
}

uint32_t retry_after_ms(const Headers& headers) {
  const std::string_view text = header(headers, "retry-after");
  if (text.empty()) return 0;
  uint32_t seconds = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem == std::errc() && rest == text.data() + text.size()) {
    return std::min(seconds, kRetryAfterMaxSeconds) * 1000;
  }
  const std::optional<int64_t> until_us = parse_http_date_us(text);
  const std::optional<int64_t> now_us = date_us(headers);
  if (!until_us || !now_us || *until_us <= *now_us) return 0;
  return static_cast<uint32_t>(
      std::min<int64_t>((*until_us - *now_us) / 1000, kRetryAfterMaxSeconds * 1000ll));
}

bool is_object_type(std::string_view content_type) {
  std::string type;
  for (const char c : content_type.substr(0, content_type.find_first_of("; "))) {
    type += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return type != "text/html" && type != "application/xhtml+xml" && type != "application/xml" &&
         type != "text/xml";
}

bool parse_number(std::string_view text, uint64_t* out) {
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return problem == std::errc() && rest == text.data() + text.size();
}

Error within(std::string_view what, Error error) {
  if (!error.reported) error.message = std::string(what) + ": " + error.message;
  return error;
}

}  // namespace tidemark::sinks
