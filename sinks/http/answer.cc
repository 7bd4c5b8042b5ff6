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

const char* plain_words(int status) {
  switch (status) {
    case 400:
      return "the store calls this a bad request";
    case 401:
    case 403:
      return "access denied";
    case 404:
      return "not found";
    case 407:
      return "the proxy wants a user and a password";
    case 412:
      return "a condition was not met";
    case 413:
      return "this is too large";
    case 417:
      return "the store or a proxy refuses the Expect header; set expect=never";
    case 429:
      return "too many requests";
    case 501:
      return "the store does not implement this";
    default:
      if (status / 100 == 2) return "this is not the answer that belongs to the request";
      return status / 100 == 5 ? "the store has a problem" : "the store refuses this";
  }
}

Status settle_undecided(Error error, bool expects_absence, const std::function<Status()>& expect_absent) {
  if (error.status < TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_CANCELLED)
    error.status = TIDEMARK_E_RETRYABLE;
  if (!expects_absence) return error;
  Status absent = expect_absent();
  if (!absent && absent.error().status == TIDEMARK_E_EXISTS) return absent;
  return error;
}

}  // namespace tidemark::sinks
