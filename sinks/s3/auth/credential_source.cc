#include "s3/auth/credential_source.h"

#include <algorithm>

#include "base/line.h"
#include "s3/auth/sts.h"

namespace tidemark::sinks::s3 {
namespace {

bool is_odd(std::string_view text) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; };
  return std::any_of(text.begin(), text.end(), is_control) || text.starts_with(' ') || text.ends_with(' ');
}

}  // namespace

Status check_keys(const Credentials& credentials, const KeyNames& names) {
  const std::string* odd = nullptr;
  if (is_odd(credentials.session_token.reveal())) odd = &names.session_token;
  if (is_odd(credentials.secret_access_key.reveal())) odd = &names.secret_access_key;
  if (is_odd(credentials.access_key_id)) odd = &names.access_key_id;
  if (odd == nullptr) return {};
  return fail(TIDEMARK_E_PERMANENT,
              *odd +
                  " has a line break or another control character, or a blank at an end; look at its "
                  "beginning and its end");
}

SourceResult from_options(const SourceContext& context) {
  const CredentialOptions& options = context.options;
  if (options.access_key_id.empty()) return nothing("access_key_id is not given");
  Credentials credentials = {{options.access_key_id, options.secret_access_key, options.session_token}, 0};
  TM_TRY(check_keys(
      credentials, {"option \"access_key_id\"", "option \"secret_access_key\"", "option \"session_token\""}));
  return found(std::move(credentials), "the options");
}

SourceResult from_environment(const SourceContext& context) {
  const std::string id = context.environment("AWS_ACCESS_KEY_ID");
  std::string secret = context.environment("AWS_SECRET_ACCESS_KEY");
  std::string token = context.environment("AWS_SESSION_TOKEN");
  const char* token_name = token.empty() ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN";  // the former is older
  if (token.empty()) token = context.environment(token_name);
  Credentials credentials = {{id, Secret::take(&secret), Secret::take(&token)}, 0};
  if (id.empty() && credentials.secret_access_key.empty()) return nothing("AWS_ACCESS_KEY_ID is not set");
  if (id.empty() || credentials.secret_access_key.empty()) {
    return fail(TIDEMARK_E_PERMANENT,
                std::string("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set; set ") +
                    (id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") + " too, or neither");
  }
  TM_TRY(check_keys(credentials, {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", token_name}));
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
  TM_ASSIGN(Credentials credentials, assume_role_with_web_identity(context, role, file));
  return found(std::move(credentials), "the web identity token " + quote(file) + " for role " + role.arn);
}

}  // namespace tidemark::sinks::s3
