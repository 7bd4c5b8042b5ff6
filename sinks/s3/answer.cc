#include "s3/answer.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr size_t kMessageMax = 240;  // of the store's own words
constexpr uint32_t kRetryAfterMaxSeconds = 24 * 60 * 60;

constexpr std::string_view kThrottled[] = {"SlowDown",
                                           "SlowDownRead",
                                           "SlowDownWrite",
                                           "Throttling",
                                           "ThrottlingException",
                                           "ThrottledException",
                                           "RequestLimitExceeded",
                                           "TooManyRequests",
                                           "TooManyRequestsException",
                                           "BandwidthLimitExceeded",
                                           "RequestThrottled"};
constexpr std::string_view kRetryable[] = {
    "InternalError", "InternalFailure",  "RequestTimeout", "ServiceUnavailable",
    "Busy",          "OperationAborted", "IncompleteBody", "ConditionalRequestConflict",
    "ServerBusy"};
constexpr std::string_view kNoSpace[] = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull",
                                         "EntityTooLargeForQuota"};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view code) {
  return std::find(std::begin(list), std::end(list), code) != std::end(list);
}

tidemark_status classify(int status, const std::string& code) {
  if (status == 429 || contains(kThrottled, code)) return TIDEMARK_E_THROTTLED;
  if (status == 507 || contains(kNoSpace, code)) return TIDEMARK_E_NO_SPACE;
  if (contains(kRetryable, code) || status == 408 || status == 409) return TIDEMARK_E_RETRYABLE;
  if (status == 501) return TIDEMARK_E_UNSUPPORTED;
  if (status / 100 == 5) return TIDEMARK_E_RETRYABLE;
  if (status == 404 && (code.empty() || code == "NoSuchKey" || code == "NotFound"))
    return TIDEMARK_E_NOT_FOUND;
  return TIDEMARK_E_PERMANENT;
}

// Seconds, or a date (RFC 9110, 10.2.3).
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

const char* plain_words(int status) {
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return "the bucket lies elsewhere; set region or endpoint";
    case 400:
      return "the store takes this for a bad request";
    case 401:
    case 403:
      return "access denied";
    case 404:
      return "not found";
    case 409:
      return "another operation on the object is under way";
    case 412:
      return "a condition was not met";
    case 429:
      return "too many requests";
    case 501:
      return "the store does not implement this";
    default:
      return status / 100 == 5 ? "the store has a problem" : "the store refuses this";
  }
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const Header& one : headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

StoreError store_error(const StoreAnswer& answer) {
  StoreError error;
  if (std::optional<StoreError> parsed = parse_error(answer.text)) {
    error = std::move(*parsed);
  } else {
    error.is_broken = answer.text.starts_with("<?xml") || answer.text.starts_with("<Error");
  }
  if (error.region.empty()) error.region = header(answer.headers, "x-amz-bucket-region");
  if (error.request_id.empty()) error.request_id = header(answer.headers, "x-amz-request-id");
  return error;
}

Error error_of(const StoreAnswer& answer, std::string_view what) {
  const StoreError store = store_error(answer);
  Error error;
  error.status = classify(answer.status, store.code);
  // Whatever the rest would have said.
  if (store.is_broken && error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
  error.http_status = answer.status;
  error.code = store.code;
  error.retry_after_ms = retry_after_ms(answer.headers);
  error.message.append(what).append(": ");
  error.message.append(store.message.empty() ? plain_words(answer.status)
                                             : store.message.substr(0, kMessageMax));
  error.message.append(" (");
  if (!store.code.empty()) error.message.append(store.code.substr(0, 64)).append(", ");
  error.message.append("HTTP ").append(std::to_string(answer.status));
  if (!store.request_id.empty()) error.message.append(", request ").append(store.request_id.substr(0, 64));
  error.message.append(")");
  return error;
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

}  // namespace tidemark::sinks::s3
