// Credentials of a profile: keys that stand in it, a process that prints them, or a role that another
// profile, a web identity or the environment may assume.
#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/line.h"
#include "s3/auth/credential_json.h"
#include "s3/auth/credential_process.h"
#include "s3/auth/credential_source.h"
#include "s3/auth/shared_files.h"
#include "s3/auth/sts.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint32_t kDurationMinS = 900;  // what AssumeRole takes
constexpr uint32_t kDurationMaxS = 43'200;
constexpr size_t kChainMax = 8;  // profiles that lead to one another

// One profile after the other along source_profile.
class Resolver {
 public:
  Resolver(const SourceContext& context, const SharedFiles& files) : context_(context), files_(files) {}

  SourceResult resolve(const std::string& profile) {
    if (!files_.profiles().has(profile)) {
      return fail(TIDEMARK_E_PERMANENT, files_.missing(profile));
    }
    // A profile may be its own source: then its keys are meant.
    const bool again = std::find(visited_.begin(), visited_.end(), profile) != visited_.end();
    if (again && value(profile, "aws_access_key_id").empty()) {
      return fail(TIDEMARK_E_PERMANENT, quoted(profile) + ": source_profile leads back to it");
    }
    visited_.push_back(profile);
    if (visited_.size() > kChainMax) {
      return fail(TIDEMARK_E_PERMANENT, quoted(profile) + ": more than " + std::to_string(kChainMax) +
                                            " profiles are each other's source_profile");
    }
    if (!again && !value(profile, "role_arn").empty()) return from_role(profile);
    if (!value(profile, "aws_access_key_id").empty() || !value(profile, "aws_secret_access_key").empty()) {
      return from_keys(profile);
    }
    if (!value(profile, "credential_process").empty()) return from_process(profile);
    for (const char* key : {"sso_session", "sso_start_url", "sso_account_id", "login_session"}) {
      if (value(profile, key).empty()) continue;
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + " signs in by " + key +
                      ", which needs a person and is not supported; give it a role, or a "
                      "credential_process that prints its credentials");
    }
    return nothing(quoted(profile) + " has neither keys nor credential_process nor role_arn");
  }

 private:
  const std::string& value(const std::string& profile, const std::string& key) const {
    return files_.profiles().value(profile, key);
  }
  static std::string quoted(const std::string& profile) { return "profile " + quote(profile); }

  SourceResult from_keys(const std::string& profile) const {
    const std::string& token = value(
        profile, value(profile, "aws_session_token").empty() ? "aws_security_token" : "aws_session_token");
    Credentials credentials = {
        {value(profile, "aws_access_key_id"), Secret(value(profile, "aws_secret_access_key")), Secret(token)},
        0};
    for (const char* key : {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}) {
      if (value(profile, key).find('\n') == std::string::npos) continue;
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + ": the line after " + key +
                      " is indented more than it is, and so continues its value; indent "
                      "both alike");
    }
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + " has only one of aws_access_key_id and aws_secret_access_key");
    }
    const std::string of = " of " + quoted(profile);
    TM_TRY(check_keys(credentials,
                      {"aws_access_key_id" + of, "aws_secret_access_key" + of, "aws_session_token" + of}));
    return found(std::move(credentials), quoted(profile));
  }

  SourceResult from_process(const std::string& profile) const {
    const std::string what = "credential_process of " + quoted(profile);
    const ProcessLimits limits;
    const auto on_wait = [&] {
      if (!context_.report) return;
      context_.report("waiting for the " + what + ", which has not ended after " +
                      std::to_string(limits.silence_ms) + " ms; it has " + std::to_string(limits.timeout_ms) +
                      " ms");
    };
    Result<std::string> text =
        run_credential_process(value(profile, "credential_process"), context_.call, limits, on_wait);
    if (!text) return within(what, text.error());
    Result<Credentials> credentials = credentials_from_json(&*text, JsonKind::kProcess);
    if (!credentials) return within(what + " printed", credentials.error());
    return found(std::move(*credentials), what);
  }

  SourceResult from_role(const std::string& profile) {
    AssumeRole role;
    role.arn = value(profile, "role_arn");
    role.session_name = value(profile, "role_session_name");
    role.external_id = value(profile, "external_id");
    if (!value(profile, "mfa_serial").empty()) {
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + " asks for a second factor (mfa_serial), which needs a person");
    }
    if (!value(profile, "source_identity").empty()) {
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + " has a source_identity, which is not supported; remove it");
    }
    TM_TRY(read_duration(profile, &role.duration_s));
    const std::string& token_file = value(profile, "web_identity_token_file");
    const std::string& source = value(profile, "source_profile");
    const std::string& surroundings = value(profile, "credential_source");
    const int ways = !token_file.empty() + !source.empty() + !surroundings.empty();
    if (ways != 1) {
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) +
                      " has a role_arn, and with it belongs exactly one of source_profile, "
                      "credential_source and web_identity_token_file");
    }
    Result<Credentials> credentials = fail(TIDEMARK_E_PERMANENT, "");
    if (!token_file.empty()) {
      credentials = assume_role_with_web_identity(context_, role, token_file);
    } else {
      const SourceResult base = source.empty() ? from_surroundings(surroundings) : resolve(source);
      if (!base) return within(quoted(profile), base.error());
      if (!base->credentials) {
        return fail(TIDEMARK_E_PERMANENT,
                    quoted(profile) + ": no credentials to assume its role with: " + base->text);
      }
      if (Status ok = check_keys(*base->credentials); !ok) return within(base->text, ok.error());
      credentials = assume_role(context_, role, *base->credentials);
    }
    if (!credentials) return within(quoted(profile), credentials.error());
    return found(std::move(*credentials), quoted(profile) + " with role " + role.arn);
  }

  SourceResult from_surroundings(const std::string& name) const {
    if (name == "Environment") return from_environment(context_);
    if (name == "EcsContainer") return from_container(context_);
    if (name == "Ec2InstanceMetadata") return from_instance(context_);
    return fail(TIDEMARK_E_PERMANENT,
                "credential_source " + quote(name) +
                    " is unknown; known: Environment, EcsContainer, Ec2InstanceMetadata");
  }

  Status read_duration(const std::string& profile, uint32_t* out_s) const {
    const std::string& text = value(profile, "duration_seconds");
    if (text.empty()) return {};
    uint32_t seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < kDurationMinS ||
        seconds > kDurationMaxS) {
      return fail(TIDEMARK_E_PERMANENT, quoted(profile) + ": duration_seconds is not a number from " +
                                            std::to_string(kDurationMinS) + " to " +
                                            std::to_string(kDurationMaxS));
    }
    *out_s = seconds;
    return {};
  }

  const SourceContext& context_;
  const SharedFiles& files_;
  std::vector<std::string> visited_;
};

}  // namespace

SourceResult from_profile(const SourceContext& context) {
  SharedFiles files(context.options.profile, context.environment);
  TM_TRY(files.load(context.files));
  if (!files.is_named() && !files.has_profile()) return nothing(files.missing(files.name()));
  return Resolver(context, files).resolve(files.name());
}

}  // namespace tidemark::sinks::s3
