// Signatures in headers by a key that is derived from a secret, day by day: the scheme that several clouds
// share, each with words of its own. The path is encoded once and not normalised.
//
// Any thread. A signer holds the key of the day, derived from the last secret it signed with.
#ifndef TIDEMARK_SINKS_HTTP_SIGNER_H
#define TIDEMARK_SINKS_HTTP_SIGNER_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/request.h"

namespace tidemark::sinks {

inline constexpr char kUnsignedPayload[] = "UNSIGNED-PAYLOAD";  // in place of a body's SHA-256

struct SigningKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty: none
};

// How one cloud calls things. Literals.
struct SignerWords {
  const char* algorithm;     // "<cloud>-HMAC-SHA256"
  const char* secret_begin;  // comes before the secret
  const char* scope_end;     // "<cloud>_request"
  const char* header_begin;  // "x-<cloud>-"
};

// How a signature came about; a store that refuses one shows its own view of the first two. Holds the session
// token where there is one: not for logs.
struct SignatureSteps {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;  // hex
};

class KeySigner {
 public:
  // `sends_payload`: the service wants what the signature says of the body as a header.
  KeySigner(const SignerWords& words, std::string service, bool sends_payload);
  KeySigner(const KeySigner&) = delete;
  KeySigner& operator=(const KeySigner&) = delete;

  // Of method, host, path, query, headers and payload_sha256 (hex, or kUnsignedPayload) of the request. What
  // proves it, to be sent besides its headers: the date, the session token if there is one, the payload's
  // digest where it is sent, authorization. Good for this one attempt: a store takes it for a few minutes
  // only. RETRYABLE if OpenSSL cannot compute it.
  Result<Headers> sign(const HttpRequest& request, const SigningKeys& keys, const std::string& region,
                       int64_t now_us, SignatureSteps* steps = nullptr);

 private:
  Result<Secret> day_key(const SigningKeys& keys, const std::string& day, const std::string& region)
      TM_EXCLUDES(mutex_);

  const SignerWords words_;
  const std::string service_;
  const bool sends_payload_;
  Mutex mutex_;
  Secret cached_secret_ TM_GUARDED_BY(mutex_);
  std::string cached_day_ TM_GUARDED_BY(mutex_);
  std::string cached_region_ TM_GUARDED_BY(mutex_);
  Secret cached_key_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_SIGNER_H
