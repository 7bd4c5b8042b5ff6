#include "s3/answer.h"

#include <algorithm>

#include "base/line.h"
#include "http/xml.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr size_t kMessageMax = 240;  // of the store's own words

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
    "InternalError", "InternalFailure", "RequestTimeout", "ServiceUnavailable", "Busy", "OperationAborted",
    "IncompleteBody", "ConditionalRequestConflict", "ServerBusy",
    // What arrived is not what was sent: the next time it may.
    "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"};
constexpr std::string_view kNoSpace[] = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull",
                                         "EntityTooLargeForQuota"};

// Of the bucket, the account or the keys, and so of every object. What is denied (AccessDenied) is not among
// them: a policy may be about some names only.
constexpr std::string_view kOfWholeSink[] = {"NoSuchBucket",
                                             "AllAccessDisabled",
                                             "AccountProblem",
                                             "NotSignedUp",
                                             "UserSuspended",
                                             "InvalidPayer",
                                             "InvalidSecurity",
                                             "InvalidAccessKeyId",
                                             "InvalidClientTokenId",
                                             "SignatureDoesNotMatch",
                                             "InvalidToken",
                                             "ExpiredToken",
                                             "ExpiredTokenException",
                                             "TokenRefreshRequired",
                                             "RequestTimeTooSkewed",
                                             "RequestExpired",
                                             "AuthorizationHeaderMalformed",
                                             "IllegalLocationConstraintException",
                                             "KMS.DisabledException",
                                             "KMS.KMSInvalidStateException",
                                             "KMS.NotFoundException"};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view code) {
  return std::find(std::begin(list), std::end(list), code) != std::end(list);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

bool is_of_whole_sink(int status, const std::string& code) {
  return contains(kOfWholeSink, code) || is_redirect(status) || status == 401 || status == 407;
}

tidemark_status classify(int status, const std::string& code) {
  if (status == 429 || contains(kThrottled, code)) return TIDEMARK_E_THROTTLED;
  if (status == 507 || contains(kNoSpace, code)) return TIDEMARK_E_NO_SPACE;
  if (contains(kRetryable, code) || status == 408 || status == 409) return TIDEMARK_E_RETRYABLE;
  if (status == 501) return TIDEMARK_E_UNSUPPORTED;
  if (status / 100 == 5) return TIDEMARK_E_RETRYABLE;
  if (status == 404 && (code == "NoSuchKey" || code == "NotFound")) return TIDEMARK_E_NOT_FOUND;
  if (status == 404 && code.empty()) return TIDEMARK_E_RETRYABLE;  // not from the store
  return TIDEMARK_E_PERMANENT;
}

tidemark_status classify(const StoreAnswer& answer, const StoreError& store) {
  if (answer.lasts == StoreAnswer::Lasts::kLasts) return TIDEMARK_E_PERMANENT;
  if (answer.status == 404 && store.code.empty() && answer.is_to_head && has_request_id(answer)) {
    return TIDEMARK_E_NOT_FOUND;
  }
  const tidemark_status status = classify(answer.status, store.code);
  const bool may_pass = store.is_broken || answer.lasts == StoreAnswer::Lasts::kMayPass ||
                        (answer.is_in_use && is_of_whole_sink(answer.status, store.code));
  return may_pass && status < TIDEMARK_E_RETRYABLE ? TIDEMARK_E_RETRYABLE : status;
}

// What an operator has to change, where the store says it.
std::string remedy(const StoreAnswer& answer, const StoreError& store) {
  if (!store.endpoint.empty()) return "; the store names the endpoint " + quote(store.endpoint);
  if (store.code == "AuthorizationHeaderMalformed" && !store.region.empty()) {
    const std::string region = store.region.substr(0, 64);
    if (store.region != answer.asked_region) return "; set region=" + region;
    return "; but it was signed for " + region + ": is a proxy in the way that signs again?";
  }
  if (const std::string_view location = header(answer.headers, "location");
      is_redirect(answer.status) && !location.empty()) {
    return "; it leads to " + quote(location.substr(0, location.find('?')));
  }
  if (answer.status == 413 || store.code == "EntityTooLarge") {
    return "; if it is a proxy's limit, raise that (nginx: client_max_body_size), or lower "
           "multipart_threshold, multipart_part_size and the archiver's batch_bytes";
  }
  if (answer.status == 400 && store.code.empty() && answer.text.find("HTTPS") != std::string::npos) {
    return "; it wants https: is the endpoint https:// instead of http://?";
  }
  if (store.code == "SecondLevelDomainForbidden" || store.code == "PathStyleDomainForbidden" ||
      store.code == "PathStyleRequestNotAllowed") {
    return "; the store wants the bucket in the host's name, set path_style=false";
  }
  const bool is_denied =
      answer.status == 403 &&
      (store.code.empty() || store.code.starts_with("AccessDenied") || store.code == "Forbidden");
  if (is_denied && !answer.needs.empty()) return "; it needs " + std::string(answer.needs);
  return "";
}

const char* words_of(int status) {
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return "the bucket lies elsewhere; set region or endpoint";
    case 405:
      return "the store does not take this request here";
    case 409:
      return "another operation on the object is under way";
    default:
      return plain_words(status);
  }
}

}  // namespace

StoreError store_error(const HttpAnswer& answer) {
  StoreError error;
  if (std::optional<StoreError> parsed = parse_error(answer.text)) {
    error = std::move(*parsed);
  } else {
    error.is_broken = what_it_is(answer.text) == "incomplete XML";
  }
  if (error.region.empty()) error.region = header(answer.headers, "x-amz-bucket-region");
  if (error.request_id.empty()) error.request_id = header(answer.headers, "x-amz-request-id");
  return error;
}

Error error_of(const StoreAnswer& answer, std::string_view what) {
  return error_of(answer, store_error(answer), what);
}

Error error_of(const StoreAnswer& answer, const StoreError& store, std::string_view what) {
  Error error;
  error.status = classify(answer, store);
  error.http_status = answer.status;
  error.code = store.code;
  error.retry_after_ms = retry_after_ms(answer.headers);
  error.message.append(what).append(": ");
  if (error.status == TIDEMARK_E_RETRYABLE && answer.status == 404 && store.code.empty()) {
    error.message.append(
        "not found, but this is not the store's answer; is endpoint right, is a proxy in the way?");
  } else {
    error.message.append(store.message.empty() ? words_of(answer.status)
                                               : store.message.substr(0, kMessageMax));
  }
  error.message.append(" (");
  if (!store.code.empty()) error.message.append(store.code.substr(0, 64)).append(", ");
  error.message.append("HTTP ").append(std::to_string(answer.status));
  if (!store.request_id.empty()) error.message.append(", request ").append(store.request_id.substr(0, 64));
  error.message.append(")").append(remedy(answer, store));
  // Whoever shows that it is the store has been reached.
  const bool is_from_store = !store.code.empty() || (answer.is_to_head && has_request_id(answer));
  if (!answer.via.empty() && !is_from_store) error.message.append(", ").append(answer.via);
  if (answer.lasts == StoreAnswer::Lasts::kLasts) {
    error.message.append("; again and again: something on the way changes what is sent");
  }
  return error;
}

Error error_of_bucket(const StoreAnswer& answer, std::string_view what) {
  Error error = error_of(answer, what);
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

bool is_body_of_success(std::string_view text) {
  if (text.empty()) return true;
  const std::string root = root_name(text);
  if (root.empty()) return what_it_is(text) == "nothing";
  return root != "Error" && root != "html" && root != "HTML";
}

bool has_request_id(const HttpAnswer& answer) { return !header(answer.headers, "x-amz-request-id").empty(); }

}  // namespace tidemark::sinks::s3
