// What a sink's options say about credentials, and about the services of AWS that may be asked for them.
// Plain values.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_OPTIONS_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_OPTIONS_H

#include <string>

#include "base/secret.h"

namespace tidemark::sinks::s3 {

struct CredentialOptions {
  std::string access_key_id = {};
  Secret secret_access_key = {};
  Secret session_token = {};
  std::string profile = {};       // empty: AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default"
  std::string region = {};        // where roles are assumed; empty: as settings.h finds it, us-east-1
  std::string sts_endpoint = {};  // empty: as settings.h finds it, or AWS in the region
  std::string fips = {};          // "", "true", "false": of AWS's endpoints
  std::string dual_stack = {};
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_OPTIONS_H
