#include "s3/credential_source.h"

#include "base/line.h"
#include "s3/sts.h"

namespace tidemark::sinks::s3 {

Error fail_within(std::string_view what, Error error) {
  error.message = std::string(what) + ": " + error.message;
  return error;
}

SourceResult from_options(const SourceContext& context) {
  const CredentialOptions& options = context.options;
  if (options.access_key_id.empty()) return nothing("access_key_id is not given");
  return found({options.access_key_id, options.secret_access_key, options.session_token, 0}, "the options");
}

SourceResult from_environment(const SourceContext& context) {
  const std::string id = context.environment("AWS_ACCESS_KEY_ID");
  std::string secret = context.environment("AWS_SECRET_ACCESS_KEY");
  std::string token = context.environment("AWS_SESSION_TOKEN");
  if (token.empty()) token = context.environment("AWS_SECURITY_TOKEN");  // its old name
  Credentials credentials = {id, Secret::take(&secret), Secret::take(&token), 0};
  if (id.empty() && credentials.secret_access_key.empty()) return nothing("AWS_ACCESS_KEY_ID is not set");
  if (id.empty() || credentials.secret_access_key.empty()) {
    return fail(TIDEMARK_E_PERMANENT,
                std::string("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set; set ") +
                    (id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") + " too, or neither");
  }
  return found(std::move(credentials), "the environment");
}

SourceResult from_web_identity(const SourceContext& context) {
  const std::string file = context.environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (file.empty()) return nothing("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  AssumeRole role;
  role.arn = context.environment("AWS_ROLE_ARN");
  role.session_name = context.environment("AWS_ROLE_SESSION_NAME");
  if (role.arn.empty()) {
    return fail(TIDEMARK_E_PERMANENT, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
  }
  Result<Credentials> credentials = assume_role_with_web_identity(context, role, file);
  if (!credentials) return credentials.error();
  return found(std::move(*credentials), "the web identity token " + quote(file) + " for role " + role.arn);
}

}  // namespace tidemark::sinks::s3
