// Prints what the S3 sink makes of the environment and the shared files, one "name=value" a line, for a
// comparison with AWS's own reader (settings_oracle.py). Asks nobody: every exchange fails.
//
//   settings_program [--profile NAME] [--region NAME]
#include <cstdio>
#include <cstring>
#include <string>

#include "s3/auth/credential_chain.h"
#include "s3/auth/settings.h"
#include "s3/config.h"

using namespace tidemark;
using namespace tidemark::sinks;
using namespace tidemark::sinks::s3;

namespace {

void print(const char* name, std::string value) {
  for (size_t at = 0; (at = value.find('\n', at)) != std::string::npos; at += 2) value.replace(at, 1, "\\n");
  std::printf("%s=%s\n", name, value.c_str());
}

void print(const char* name, const Result<Setting>& setting) {
  print(name, setting ? setting->value : "error: " + setting.error().message);
}

void print_hosts(const Settings& settings, Config config) {
  Settings own = settings;
  if (const Status ok = apply_settings(&own, &config); !ok) {
    print("s3_url", "error: " + ok.error().message);
  } else {
    const Address address = address_of(config, config.region);
    print("s3_url", address.scheme + "://" + address.host + address.object_path("key"));
  }
  if (!settings.region || !settings.sts_endpoint_url) {
    print("sts_url", settings.sts_endpoint_url);
    return;
  }
  const HostKind kind = {.fips = static_cast<bool>(settings.fips),
                         .dual_stack = static_cast<bool>(settings.sts_dual_stack)};
  const std::string& sts = settings.sts_endpoint_url->value;
  print("sts_url", sts.empty() ? "https://" + sts_host(settings.region->value, kind) : sts);
}

void print_credentials(const CredentialOptions& options) {
  const Fetch nobody = [](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    return fail(TIDEMARK_E_RETRYABLE, "nobody is asked");
  };
  const Result<CredentialChain::Found> found =
      CredentialChain(options, nobody, {}).load(Call(nullptr, nullptr));
  print("error", found ? "" : found.error().message);
  if (!found) return;
  print("access_key", found->credentials.access_key_id);
  print("secret_key", std::string(found->credentials.secret_access_key.reveal()));
  print("token", std::string(found->credentials.session_token.reveal()));
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Url> url = parse_url("s3://bucket");
  Result<Config> config = parse_config(*url, nullptr, 0);
  if (!config) return 2;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--profile") == 0) config->credentials.profile = argv[i + 1];
    if (std::strcmp(argv[i], "--region") == 0) config->credentials.region = argv[i + 1];
  }
  const Settings settings = find_settings(config->credentials, process_environment());
  print("region", settings.region);
  print("endpoint_url", settings.endpoint_url);
  print("sts_endpoint_url", settings.sts_endpoint_url);
  print("ca_bundle", settings.ca_bundle);
  print("fips", settings.fips ? std::string("true") : "");
  print("sts_dual_stack", settings.sts_dual_stack ? std::string("true") : "");
  print("addressing_style", settings.addressing_style);
  print_hosts(settings, *config);
  print_credentials(config->credentials);
  return 0;
}
