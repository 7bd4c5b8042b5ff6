// The Security Token Service: temporary credentials for a role
// (https://docs.aws.amazon.com/STS/latest/APIReference/).
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_AUTH_STS_H
#define TIDEMARK_SINKS_S3_AUTH_STS_H

#include <cstdint>
#include <string>

#include "s3/auth/credential_source.h"

namespace tidemark::sinks::s3 {

struct AssumeRole {
  std::string arn;
  std::string session_name = {};  // empty: one of our own
  std::string external_id = {};
  uint32_t duration_s = 0;  // 0: the role's default
};

// One attempt each. THROTTLED, RETRYABLE or PERMANENT, with the service's own code and message.
Result<Credentials> assume_role(const SourceContext& context, const AssumeRole& role,
                                const Credentials& source);
// Reads the file each time: its owner replaces it long before it expires.
Result<Credentials> assume_role_with_web_identity(const SourceContext& context, const AssumeRole& role,
                                                  const std::string& token_file);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_STS_H
