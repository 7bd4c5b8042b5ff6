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
#include "base/secret.h"
#include "http/request.h"

namespace tidemark::sinks::s3 {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;    // empty: none
  int64_t expires_us = 0;  // unix time; 0: never

  bool is_same(const Credentials& other) const {
    return access_key_id == other.access_key_id && session_token == other.session_token;
  }
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

  // Of method, host, path, query, headers and payload_sha256 (hex, or "UNSIGNED-PAYLOAD") of the request.
  // What proves it, to be sent besides its headers: x-amz-date, x-amz-security-token if there is a token,
  // authorization, and for s3 x-amz-content-sha256. Good for this one attempt: a store takes it for a few
  // minutes only. RETRYABLE if OpenSSL cannot compute it.
  Result<Headers> sign(const HttpRequest& request, const Credentials& credentials, const std::string& region,
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
