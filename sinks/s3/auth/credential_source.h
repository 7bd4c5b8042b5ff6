// The sources of credentials, each a function that is called again at every refresh: it looks at its settings
// and gives credentials, or nothing and why it does not apply, or an Error if it applies but fails. Who set
// up a source wants to know that it is broken, and not to be signed in as somebody else.
//
// Any thread. A context lives as long as one walk along the chain.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_SOURCE_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_SOURCE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/credential_walk.h"
#include "http/small_file.h"
#include "s3/auth/credential_options.h"
#include "s3/auth/signer.h"

namespace tidemark::sinks::s3 {

struct SourceContext {
  const CredentialOptions& options;
  const Environment& environment;
  const Fetch& fetch;
  const std::function<int64_t()>& now_us;
  const Call& call;
  std::vector<FileStamp>* files;  // what was read and is worth a look before the credentials expire
  std::function<void(const std::string&)> report = {};  // a line for the log: what is waited for
};

using Answer = SourceAnswer<Credentials>;
using SourceResult = Result<Answer>;

inline Answer nothing(std::string why) { return {std::nullopt, std::move(why), false}; }
inline Answer found(Credentials credentials, std::string from) {
  return {std::move(credentials), std::move(from), false};
}
inline Answer found_at_service(Credentials credentials, std::string from) {
  return {std::move(credentials), std::move(from), true};
}
// What the three are called where they come from, for a message.
struct KeyNames {
  std::string access_key_id = "the access key id";
  std::string secret_access_key = "the secret access key";
  std::string session_token = "the session token";
};
// What goes into headers and signatures as it is: PERMANENT, with the name and never the value, for a control
// character or a blank at an end, as a file read by a shell leaves them.
Status check_keys(const Credentials& credentials, const KeyNames& names = {});

SourceResult from_options(const SourceContext& context);
SourceResult from_environment(const SourceContext& context);  // AWS_ACCESS_KEY_ID …
// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME.
SourceResult from_web_identity(const SourceContext& context);
// The shared config and credentials files (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).
SourceResult from_profile(const SourceContext& context);
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, as ECS and EKS set them.
SourceResult from_container(const SourceContext& context);
// The instance metadata service, version 2.
SourceResult from_instance(const SourceContext& context);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_SOURCE_H
