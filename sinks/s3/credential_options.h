// What a sink's options say about credentials. Plain values.
#ifndef TIDEMARK_SINKS_S3_CREDENTIAL_OPTIONS_H
#define TIDEMARK_SINKS_S3_CREDENTIAL_OPTIONS_H

#include <string>

#include "s3/secret.h"

namespace tidemark::sinks::s3 {

struct CredentialOptions {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  std::string profile;       // empty: AWS_PROFILE, or "default"
  std::string region;        // where roles are assumed; empty: the environment's, the profile's, us-east-1
  std::string sts_endpoint;  // empty: AWS_ENDPOINT_URL_STS, or AWS in the region
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_CREDENTIAL_OPTIONS_H
