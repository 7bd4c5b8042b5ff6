// AWS Signature Version 4 in headers
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), with the
// rules of S3: the path is encoded once and not normalised.
//
// Any thread. Holds the key of the day, derived from the last secret it signed with.
#ifndef TIDEMARK_SINKS_S3_AUTH_SIGNER_H
#define TIDEMARK_SINKS_S3_AUTH_SIGNER_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "http/http.h"
#include "http/secret.h"
#include "http/uri_encode.h"

namespace tidemark::sinks::s3 {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;    // empty: none
  int64_t expires_us = 0;  // unix time; 0: never
};

struct SignRequest {
  std::string_view method;
  std::string_view host;  // as in the Host header, with the port where that has one
  std::string_view path;  // unencoded, begins with '/'
  QueryPairs query;
  Headers headers;                  // all that are to be signed besides host and what sign() adds
  std::string_view payload_sha256;  // hex, or "UNSIGNED-PAYLOAD"
};

// How a signature came about; a store that refuses one shows its own view of the first two. Holds the session
// token where there is one: not for logs.
struct SignatureSteps {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;  // hex
};

class Signer {
 public:
  explicit Signer(std::string service);  // "s3", "sts"
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  // The headers to add: x-amz-date, x-amz-security-token if there is a token, authorization, and for s3
  // x-amz-content-sha256. Good for this one attempt: a store takes it for a few minutes only.
  // RETRYABLE if OpenSSL cannot compute it.
  Result<Headers> sign(const SignRequest& request, const Credentials& credentials, const std::string& region,
                       int64_t now_us, SignatureSteps* steps = nullptr);

 private:
  Result<Secret> day_key(const Credentials& credentials, const std::string& day, const std::string& region)
      TM_EXCLUDES(mutex_);

  const std::string service_;
  Mutex mutex_;
  Secret cached_secret_ TM_GUARDED_BY(mutex_);
  std::string cached_day_ TM_GUARDED_BY(mutex_);
  std::string cached_region_ TM_GUARDED_BY(mutex_);
  Secret cached_key_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_SIGNER_H
