#include "gs/answer.h"

#include <algorithm>

#include "base/line.h"
#include "http/xml.h"

namespace tidemark::sinks::gs {
namespace {

constexpr size_t kMessageMax = 240;  // of the service's own words

constexpr std::string_view kThrottled[] = {"rateLimitExceeded", "userRateLimitExceeded"};
// Of the bucket, the account or the project, and so of every object. A permission that is missing
// ("forbidden") is not among them: a condition of a role may be about some names only.
constexpr std::string_view kOfWholeSink[] = {
    "accountDisabled", "accessNotConfigured", "userProjectMissing", "userProjectInvalid", "authError",
    "userProjectAccountProblem", "required", "insufficientPermissions", "sslRequired", "countryBlocked",
    "accountUnrecognized", "keyDisabled",
    // The XML API's words.
    "SignatureDoesNotMatch", "InvalidSecurity", "InvalidAccessKeyId", "RequestTimeTooSkewed",
    "AccountProblem", "UserProjectAccountProblem"};
// Both APIs' words for the same.
constexpr std::string_view kNotFound[] = {"notFound", "NoSuchKey"};
constexpr std::string_view kNotMet[] = {"conditionNotMet", "PreconditionFailed"};
constexpr std::string_view kForbidden[] = {"", "forbidden", "AccessDenied"};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view reason) {
  return std::find(std::begin(list), std::end(list), reason) != std::end(list);
}

bool has(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307; }

// The XML API's <Error>.
std::optional<ServiceError> parse_xml_error(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const XmlDocument document(text);
  if (!document.is("Error")) return std::nullopt;
  return ServiceError{std::string(value(document.root, "Code")),
                      std::string(value(document.root, "Message"))};
}

// "The object … exceeded the rate limit for object mutation operations": that one name is hot, and nobody
// else need become slower for it.
bool is_of_one_object(const StoreError& error) { return has(error.message, "object mutation"); }

bool is_of_bucket(const StoreError& error) {
  return error.reason == "NoSuchBucket" || has(error.message, "bucket does not exist");
}

bool is_of_whole_sink(const StoreAnswer& answer, const StoreError& error) {
  return answer.status == 401 || answer.status == 407 || is_redirect(answer.status) || is_of_bucket(error) ||
         (answer.status == 403 && contains(kOfWholeSink, error.reason));
}

tidemark_status classify_404(const StoreError& error) {
  if (!error.is_of_service) return TIDEMARK_E_RETRYABLE;
  return contains(kNotFound, error.reason) && !is_of_bucket(error) ? TIDEMARK_E_NOT_FOUND
                                                                   : TIDEMARK_E_PERMANENT;
}

tidemark_status classify_alone(const StoreAnswer& answer, const StoreError& error) {
  switch (answer.status) {
    case 400:
      return answer.has_digest ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
    case 403:
      if (contains(kThrottled, error.reason)) return TIDEMARK_E_THROTTLED;
      return error.reason == "quotaExceeded" ? TIDEMARK_E_NO_SPACE : TIDEMARK_E_PERMANENT;
    case 404:
      return classify_404(error);
    case 429:
      return is_of_one_object(error) ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_THROTTLED;
    case 503:
      return TIDEMARK_E_THROTTLED;
    case 507:
      return TIDEMARK_E_NO_SPACE;
    case 501:
      return TIDEMARK_E_UNSUPPORTED;
    case 408:
    case 409:
    case 410:  // of a session that is gone
    case 499:  // of a session that was cancelled
      return TIDEMARK_E_RETRYABLE;
    default:
      return answer.status / 100 == 5 ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
  }
}

tidemark_status classify(const StoreAnswer& answer, const StoreError& error) {
  const tidemark_status status = classify_alone(answer, error);
  const bool waits = answer.is_in_use && is_of_whole_sink(answer, error);
  return waits && status < TIDEMARK_E_RETRYABLE ? TIDEMARK_E_RETRYABLE : status;
}

// What an operator has to change, where the answer shows it.
std::string remedy(const StoreAnswer& answer, const StoreError& error) {
  if (const std::string_view location = header(answer.headers, "location");
      is_redirect(answer.status) && !location.empty()) {
    return "; it leads to " + quote(location.substr(0, location.find('?')));
  }
  if (answer.status == 413) {
    return "; if it is a proxy's limit, raise that, or lower resumable_threshold and resumable_piece";
  }
  if (error.reason == "SignatureDoesNotMatch") return "; is the secret the one of this access id?";
  if (answer.status == 401) return "; is the account of the credentials disabled, or its key deleted?";
  if (answer.status == 404 && !error.is_of_service) return "; is endpoint right, is a proxy in the way?";
  const bool is_denied = answer.status == 403 && contains(kForbidden, error.reason);
  if (is_denied && !answer.needs.empty()) return "; it needs " + std::string(answer.needs);
  return "";
}

const char* words_of(int status) {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
      return "somebody on the way leads elsewhere";
    case 308:
      return "the service has not got all of it";
    case 400:
      return "the service calls this a bad request";
    case 401:
      return "the token is refused";
    case 403:
      return "access denied";
    case 404:
      return "not found, but this is not the service's answer";
    case 407:
      return "the proxy wants a user and a password";
    case 410:
      return "the upload session is gone";
    case 412:
      return "a condition was not met";
    case 413:
      return "this is too large";
    case 417:
      return "the service or a proxy refuses the Expect header; set expect=never";
    case 429:
      return "too many requests";
    case 499:
      return "the upload session was cancelled";
    default:
      if (status / 100 == 2) return "this is not the answer that belongs to the request";
      return status / 100 == 5 ? "the service has a problem" : "the service refuses this";
  }
}

}  // namespace

StoreError store_error(const HttpAnswer& answer) {
  StoreError error;
  std::optional<ServiceError> said = parse_error(answer.text);
  if (!said) said = parse_xml_error(answer.text);
  if (!said) return error;
  static_cast<ServiceError&>(error) = std::move(*said);
  error.is_of_service = true;
  return error;
}

Error error_of(const StoreAnswer& answer, std::string_view what) {
  const StoreError said = store_error(answer);
  Error error;
  error.status = classify(answer, said);
  error.http_status = answer.status;
  error.code = said.reason;
  error.retry_after_ms = retry_after_ms(answer.headers);
  error.message.append(what).append(": ");
  error.message.append(said.message.empty() ? words_of(answer.status) : said.message.substr(0, kMessageMax));
  error.message.append(" (");
  if (!said.reason.empty()) error.message.append(said.reason.substr(0, 64)).append(", ");
  error.message.append("HTTP ").append(std::to_string(answer.status)).append(")");
  error.message.append(remedy(answer, said));
  if (!answer.via.empty() && !said.is_of_service) error.message.append(", ").append(answer.via);
  return error;
}

Error error_of_bucket(const StoreAnswer& answer, std::string_view what) {
  Error error = error_of(answer, what);
  if (error.status == TIDEMARK_E_NOT_FOUND) {
    error.status = answer.is_in_use ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
  }
  return error;
}

bool is_condition_not_met(const StoreAnswer& answer) {
  return answer.status == 412 && contains(kNotMet, store_error(answer).reason);
}

bool is_refusal_in_doubt(const StoreAnswer& answer) {
  if (answer.status == 412) return true;
  if (answer.status != 403) return false;
  const std::string reason = store_error(answer).reason;
  return !contains(kThrottled, reason) && reason != "quotaExceeded";
}

}  // namespace tidemark::sinks::gs
