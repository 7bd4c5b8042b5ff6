#include "azblob/answer.h"

#include <algorithm>

#include "base/line.h"
#include "http/iso_time.h"
#include "http/xml.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kMessageMax = 240;  // of the store's own words

// Load, whatever the status: 500 OperationTimedOut too.
constexpr std::string_view kThrottled[] = {"ServerBusy", "OperationTimedOut", "TooManyRequests",
                                           "IngressLimitExceeded", "EgressLimitExceeded"};
// What the same request may bring another time.
constexpr std::string_view kRetryable[] = {
    "InternalError", "ContainerBeingDeleted", "AccountBeingCreated", "PendingCopyOperation",
    "BlobBeingRehydrated",
    // What arrived is not what was sent.
    "Md5Mismatch",
    // Blocks that another writer has left, or has put together or thrown away.
    "InvalidBlobOrBlock", "InvalidBlockList"};

// Of the container, the account or the credentials, and so of every object. What a permission is missing for
// is not among them: it may be about some names only.
constexpr std::string_view kOfWholeSink[] = {"ContainerNotFound",
                                             "ContainerDisabled",
                                             "AccountIsDisabled",
                                             "AuthenticationFailed",
                                             "AuthorizationFailure",
                                             "AuthorizationProtocolMismatch",
                                             "AuthorizationServiceMismatch",
                                             "AuthorizationResourceTypeMismatch",
                                             "AuthorizationSourceIPMismatch",
                                             "InsufficientAccountPermissions",
                                             "InvalidAuthenticationInfo",
                                             "KeyVaultEncryptionKeyNotFound",
                                             "KeyVaultAccessTokenCannotBeAcquired",
                                             "NoAuthenticationInformation",
                                             "PublicAccessNotPermitted"};

constexpr std::string_view kLocked[] = {"BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold",
                                        "LegalHoldExists", "LeaseIdMissing", "BlobOverwriteNotAllowed"};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view code) {
  return std::find(std::begin(list), std::end(list), code) != std::end(list);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

// One emulator has another word for it.
bool is_of_digest(const StoreAnswer& answer, std::string_view code) {
  return code == "Md5Mismatch" || (answer.is_put && answer.status == 400 && code == "InvalidOperation");
}

tidemark_status classify(const StoreAnswer& answer, const std::string& code) {
  const int status = answer.status;
  if (status == 429 || contains(kThrottled, code)) return TIDEMARK_E_THROTTLED;
  if (status == 507) return TIDEMARK_E_NO_SPACE;
  if (answer.lasts) return TIDEMARK_E_PERMANENT;
  if (contains(kRetryable, code) || is_of_digest(answer, code) || status == 408) return TIDEMARK_E_RETRYABLE;
  if (status == 501) return TIDEMARK_E_UNSUPPORTED;
  if (status / 100 == 5) return TIDEMARK_E_RETRYABLE;
  if (status == 404 && (code == "BlobNotFound" || code == "PathNotFound")) return TIDEMARK_E_NOT_FOUND;
  if (status == 404 && code.empty()) return TIDEMARK_E_RETRYABLE;  // not from the store
  const bool is_of_whole_sink =
      contains(kOfWholeSink, code) || is_redirect(status) || status == 401 || status == 407;
  return answer.is_in_use && is_of_whole_sink ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
}

// What an operator has to change, where more is known than the store's own words.
const char* remedy_of(std::string_view code) {
  struct Remedy {
    std::string_view code;
    const char* text;
  };
  constexpr Remedy kRemedies[] = {
      {"InvalidBlobOrBlock",
       "; another writer has left blocks under this name, of ids of another length: they are gone within a "
       "week, or when somebody puts a blob there"},
      {"BlockCountExceedsLimit",
       "; puts that failed have left 100,000 blocks under this name: they are gone within a week, or when "
       "somebody puts a blob there"},
      {"RequestBodyTooLarge",
       "; lower block_threshold and block_size (4000 MiB are the most of a block, less for old accounts)"},
      {"BlockListTooLong", "; raise block_size: 50,000 blocks are the most of a blob"},
      {"BlobArchived", "; it lies in the archive tier: rehydrate it (az storage blob set-tier)"},
      {"LeaseIdMissing", "; somebody holds a lease on it: break that (az storage blob lease break)"},
      {"SnapshotsPresent", "; it has snapshots: remove these first"},
      {"BlobImmutableDueToPolicy", "; a retention policy of the container keeps it"},
      {"AuthenticationFailed",
       "; are account and key right, has the signature or the token expired, is the clock right?"},
      {"AuthorizationFailure",
       "; are account and key right, does the account's firewall let this machine in?"},
      {"AuthorizationProtocolMismatch", "; the signature is good over https only"},
      {"AuthorizationSourceIPMismatch", "; the signature is good from other addresses only"},
      {"PublicAccessNotPermitted", "; give account_key, sas_token or a client of Entra"},
      {"InvalidUri", "; is endpoint right?"},
  };
  for (const Remedy& one : kRemedies) {
    if (one.code == code) return one.text;
  }
  return "";
}

std::string remedy(const StoreAnswer& answer, const StoreError& store) {
  if (answer.ended_us != 0 && (answer.status == 401 || answer.status == 403)) {
    return "; the signature (SAS) expired at " + format_iso_time(answer.ended_us) +
           ", by this machine's clock: give another one";
  }
  if (const char* known = remedy_of(store.code); *known != '\0') return known;
  if (const std::string_view location = header(answer.headers, "location");
      is_redirect(answer.status) && !location.empty()) {
    return "; it leads to " + quote(location.substr(0, location.find('?')));
  }
  if (answer.status == 413) {
    return "; if it is a proxy's limit, raise that (nginx: client_max_body_size), or lower block_threshold, "
           "block_size and the archiver's batch_bytes";
  }
  const bool is_denied = answer.status == 403;
  if (is_denied && !answer.needs.empty()) return "; it needs " + std::string(answer.needs);
  return "";
}

const char* words_of(int status) {
  return status == 409 ? "this does not go with what is there" : plain_words(status);
}

}  // namespace

StoreError store_error(const HttpAnswer& answer) {
  StoreError error;
  error.code = header(answer.headers, "x-ms-error-code");
  error.request_id = header(answer.headers, "x-ms-request-id");
  if (answer.text.empty()) return error;
  const XmlDocument document(answer.text);
  if (document.is("Error")) {
    if (error.code.empty()) error.code = value(document.root, "Code");
    error.message = value(document.root, "Message");
    // Azure repeats the request's id and time in it, in lines of their own.
    error.message = error.message.substr(0, error.message.find_first_of("\r\n"));
  } else {
    error.is_broken = what_it_is(answer.text) == "incomplete XML";
  }
  return error;
}

Error error_of(const StoreAnswer& answer, std::string_view what) {
  const StoreError store = store_error(answer);
  Error error;
  error.status = classify(answer, store.code);
  if (store.is_broken && store.code.empty() && error.status < TIDEMARK_E_RETRYABLE) {
    error.status = TIDEMARK_E_RETRYABLE;
  }
  error.http_status = answer.status;
  error.code = store.code.substr(0, 64);
  error.retry_after_ms = retry_after_ms(answer.headers);
  error.message.append(what).append(": ");
  if (answer.status == 404 && store.code.empty()) {
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
  if (!answer.via.empty() && store.code.empty()) error.message.append(", ").append(answer.via);
  if (answer.lasts) error.message.append("; again and again: something on the way changes what is sent");
  return error;
}

Refusal refusal_of(const StoreAnswer& answer, const StoreError& error) {
  if (error.code == "BlobAlreadyExists" || error.code == "ConditionNotMet" ||
      error.code == "TargetConditionNotMet" || (answer.status == 412 && error.code.empty())) {
    return Refusal::kThere;
  }
  if (answer.status == 403 &&
      (error.code == "AuthorizationPermissionMismatch" || error.code == "UnauthorizedBlobOverwrite")) {
    return Refusal::kPerhaps;  // a signature that may create, and not replace
  }
  if (contains(kLocked, error.code) || error.code == "InvalidBlockList") return Refusal::kPerhaps;
  return Refusal::kNone;
}

bool has_request_id(const HttpAnswer& answer) { return !header(answer.headers, "x-ms-request-id").empty(); }

}  // namespace tidemark::sinks::azblob
