// Credentials of a profile: keys that stand in it, a process that prints them, or a role that another
// profile, a web identity or the surroundings may assume.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "s3/credential_json.h"
#include "s3/credential_process.h"
#include "s3/credential_source.h"
#include "s3/profile_file.h"
#include "s3/sts.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint32_t kDurationMinS = 900;  // what AssumeRole takes
constexpr uint32_t kDurationMaxS = 43'200;
constexpr size_t kChainMax = 8;  // profiles that lead to one another

// Where the shared files are, what is in them, and the profile that is wanted.
class Files {
 public:
  explicit Files(const SourceContext& context) {
    const std::string home = home_directory(context.environment);
    credentials_path_ = place(context, "AWS_SHARED_CREDENTIALS_FILE", home, "credentials");
    config_path_ = place(context, "AWS_CONFIG_FILE", home, "config");
    name_ = context.options.profile;
    if (name_.empty()) name_ = context.environment("AWS_PROFILE");
    named_ = !name_.empty();
    if (!named_) name_ = "default";
  }

  // A file that is not there is an empty one.
  Status load(const SourceContext& context) {
    // The config file first: values of the credentials file win.
    if (Status ok = load_file(context, Profiles::Kind::kConfig, config_path_); !ok) return ok;
    return load_file(context, Profiles::Kind::kCredentials, credentials_path_);
  }

  const Profiles& profiles() const { return profiles_; }
  const std::string& name() const { return name_; }
  bool named() const { return named_; }  // by the options or the environment
  std::string places() const { return quote(credentials_path_) + " and " + quote(config_path_); }

 private:
  // Empty where the user has no home.
  static std::string place(const SourceContext& context, const char* variable, const std::string& home,
                           const char* name) {
    std::string path = context.environment(variable);
    if (path.rfind("~/", 0) == 0) path = home + path.substr(1);
    if (path.empty() && !home.empty()) path = home + "/.aws/" + name;
    return path;
  }

  Status load_file(const SourceContext& context, Profiles::Kind kind, const std::string& path) {
    if (path.empty()) return {};
    // Before the file is read, and once: a change in between is seen later.
    const auto is_it = [&](const FileStamp& stamp) { return stamp.path == path; };
    if (std::none_of(context.files->begin(), context.files->end(), is_it)) {
      context.files->push_back(FileStamp::of(path));
    }
    Result<std::string> text = read_small_file(path);
    if (!text) {
      if (text.error().status == TIDEMARK_E_NOT_FOUND || text.error().sys_errno == ENOTDIR) return {};
      return tl::unexpected(text.error());
    }
    Status ok = profiles_.add(kind, *text, path);
    wipe(&*text);
    return ok;
  }

  std::string credentials_path_, config_path_, name_;
  bool named_ = false;
  Profiles profiles_;
};

// One profile after the other along source_profile.
class Resolver {
 public:
  Resolver(const SourceContext& context, const Files& files) : context_(context), files_(files) {}

  SourceResult resolve(const std::string& profile) {
    if (!files_.profiles().has(profile)) {
      return fail(TIDEMARK_E_PERMANENT, "there is no profile " + quote(profile) + " in " + files_.places());
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
    if (!value(profile, "sso_session").empty() || !value(profile, "sso_start_url").empty()) {
      return fail(TIDEMARK_E_PERMANENT, quoted(profile) +
                                            " signs in with SSO, which needs a person; give it a role, or a "
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
    Credentials credentials = {value(profile, "aws_access_key_id"),
                               Secret(value(profile, "aws_secret_access_key")),
                               Secret(value(profile, "aws_session_token")), 0};
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
      return fail(TIDEMARK_E_PERMANENT,
                  quoted(profile) + " has only one of aws_access_key_id and aws_secret_access_key");
    }
    return found(std::move(credentials), quoted(profile));
  }

  SourceResult from_process(const std::string& profile) const {
    const std::string what = "credential_process of " + quoted(profile);
    Result<std::string> text = run_credential_process(value(profile, "credential_process"), context_.call);
    if (!text) return fail_within(what, text.error());
    Result<Credentials> credentials = credentials_from_json(&*text, JsonKind::kProcess);
    if (!credentials) return fail_within(what + " printed", credentials.error());
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
    if (Status ok = read_duration(profile, &role.duration_s); !ok) return tl::unexpected(ok.error());
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
      if (!base) return fail_within(quoted(profile), base.error());
      if (!base->credentials) {
        return fail(TIDEMARK_E_PERMANENT, quoted(profile) + ": nobody to assume its role: " + base->text);
      }
      credentials = assume_role(context_, role, *base->credentials);
    }
    if (!credentials) return fail_within(quoted(profile), credentials.error());
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
      return fail(TIDEMARK_E_PERMANENT, quoted(profile) + ": duration_seconds is no number from " +
                                            std::to_string(kDurationMinS) + " to " +
                                            std::to_string(kDurationMaxS));
    }
    *out_s = seconds;
    return {};
  }

  const SourceContext& context_;
  const Files& files_;
  std::vector<std::string> visited_;
};

}  // namespace

SourceResult from_profile(const SourceContext& context) {
  Files files(context);
  if (Status ok = files.load(context); !ok) return tl::unexpected(ok.error());
  if (!files.named() && !files.profiles().has(files.name())) {
    return nothing("there is no profile \"default\" in " + files.places());
  }
  SourceResult result = Resolver(context, files).resolve(files.name());
  if (result && !result->credentials && files.named()) return fail(TIDEMARK_E_PERMANENT, result->text);
  return result;
}

Result<std::string> configured_region(const SourceContext& context) {
  if (!context.options.region.empty()) return context.options.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = context.environment(name); !region.empty()) return region;
  }
  Files files(context);
  if (Status ok = files.load(context); !ok) return tl::unexpected(ok.error());
  return files.profiles().value(files.name(), "region");
}

}  // namespace tidemark::sinks::s3
