// AWS Signature Version 4 in headers
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), with the
// rules of S3: the path is encoded once and not normalised. How it is computed: http/signer.h.
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_AUTH_SIGNER_H
#define TIDEMARK_SINKS_S3_AUTH_SIGNER_H

#include <cstdint>
#include <string>

#include "http/signer.h"

namespace tidemark::sinks::s3 {

struct Credentials : SigningKeys {
  int64_t expires_us = 0;  // unix time; 0: never

  bool is_same(const Credentials& other) const {
    return access_key_id == other.access_key_id && session_token == other.session_token;
  }
};

inline constexpr SignerWords kAwsWords = {"AWS4-HMAC-SHA256", "AWS4", "aws4_request", "x-amz-"};

class Signer : public KeySigner {
 public:
  explicit Signer(const std::string& service) : KeySigner(kAwsWords, service, service == "s3") {}  // or "sts"
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_SIGNER_H
