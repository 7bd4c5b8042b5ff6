#include "s3/config.h"

#include <algorithm>
#include <memory>

#include "base/line.h"
#include "common/invalid.h"
#include "common/options.h"
#include "http/store_url.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint64_t kDaysMax = 36'500;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// The texts of options before they are looked at.
struct Raw {
  std::string endpoint, payload = "signed", expect = "auto", secret_access_key, session_token;

  ~Raw() {
    wipe(&secret_access_key);
    wipe(&session_token);
  }
};

std::vector<OptionSpec> option_table(Config* config, Raw* raw) {
  return {
      text_option("region", &config->region),
      text_option("endpoint", &raw->endpoint),
      choice_option("path_style", &config->path_style_said, {"auto", "true", "false"}),
      choice_option("use_fips_endpoint", &config->credentials.fips, {"true", "false"}),
      choice_option("use_dualstack_endpoint", &config->credentials.dual_stack, {"true", "false"}),
      text_option("profile", &config->credentials.profile),
      text_option("access_key_id", &config->credentials.access_key_id),
      secret_option("secret_access_key", &raw->secret_access_key),
      secret_option("session_token", &raw->session_token),
      text_option("sts_endpoint", &config->credentials.sts_endpoint),
      text_option("ca_file", &config->transport.ca_file),
      text_option("proxy", &config->transport.proxy),
      text_option("storage_class", &config->storage_class),
      choice_option("sse", &config->sse, {"AES256", "aws:kms"}),
      text_option("sse_kms_key_id", &config->sse_kms_key_id),
      text_option("tags", &config->tags),
      choice_option("object_lock_mode", &config->object_lock_mode, {"GOVERNANCE", "COMPLIANCE"}),
      integer_option("object_lock_days", &config->object_lock_days, 1, kDaysMax),
      text_option("expected_bucket_owner", &config->expected_bucket_owner),
      choice_option("payload", &raw->payload, {"signed", "unsigned"}),
      size_option("multipart_threshold", &config->multipart_threshold_bytes, kMiB, kPartBytesMax),
      size_option("multipart_part_size", &config->multipart_part_size_bytes, kPartBytesMin, kPartBytesMax),
      integer_option("multipart_parallel", &config->multipart_parallel, 1, 16),
      choice_option("expect", &raw->expect, {"auto", "never"}),
      duration_option("connect_timeout_ms", &config->transport.connect_timeout_ms, 100, 300'000),
      duration_option("stall_timeout_ms", &config->transport.stall_timeout_ms, 1000, 3'600'000),
  };
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; stores of one's own also have
// buckets of older rules, with upper case and '_'.
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
         });
}

Status check_together(const Config& config, const Raw& raw, const Url& url) {
  if (!config.region.empty() && !is_region(config.region)) {
    return invalid("option \"region\": " + quote(config.region) +
                   " is not a region; write one like eu-central-1");
  }
  TM_TRY(check_proxy(url));
  for (const std::string* wish : {&config.credentials.fips, &config.credentials.dual_stack}) {
    if (*wish != "true" || config.endpoint_host.empty()) continue;
    return invalid(std::string("option \"") +
                   (wish == &config.credentials.fips ? "use_fips_endpoint" : "use_dualstack_endpoint") +
                   "\" chooses one of AWS's own hosts, and option \"endpoint\" another; give one of them");
  }
  if (raw.payload == "unsigned" && !config.is_tls()) {
    return invalid("option \"payload\": unsigned bodies go over https only; the endpoint is http");
  }
  if (!config.sse_kms_key_id.empty() && config.sse != "aws:kms") {
    return invalid("option \"sse_kms_key_id\" goes with sse=aws:kms only");
  }
  if (config.object_lock_mode.empty() != (config.object_lock_days == 0)) {
    return invalid("options \"object_lock_mode\" and \"object_lock_days\" go together only");
  }
  if (config.credentials.access_key_id.empty() != raw.secret_access_key.empty()) {
    return invalid("options \"access_key_id\" and \"secret_access_key\" go together only");
  }
  if (!raw.session_token.empty() && raw.secret_access_key.empty()) {
    return invalid("option \"session_token\" goes with access_key_id and secret_access_key only");
  }
  return {};
}

// What becomes a header's value must not become a second header.
Status check_header_values(const Config& config) {
  const std::pair<const char*, const std::string*> values[] = {
      {"storage_class", &config.storage_class},
      {"sse_kms_key_id", &config.sse_kms_key_id},
      {"tags", &config.tags},
      {"expected_bucket_owner", &config.expected_bucket_owner}};
  for (const auto& [name, value] : values) {
    if (std::any_of(value->begin(), value->end(), [](char c) { return c <= ' ' || c == 0x7F; })) {
      return invalid(std::string("option \"") + name + "\": " + quote(*value) +
                     " has a space or a control character");
    }
  }
  return {};
}

}  // namespace

Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count) {
  if (url.scheme != "s3") return invalid("url: the scheme is " + quote(url.scheme) + ", not s3");
  Config config;
  Raw raw;
  TM_TRY(parse_options(kOptions, option_table(&config, &raw), url.query, options, option_count));
  if (!is_bucket(url.authority)) {
    if (url.authority.starts_with("arn:") && url.authority.find_first_of("%@") == std::string::npos) {
      return invalid("url: " + quote(url.authority) +
                     " is an ARN; access points are not supported, give the bucket's name");
    }
    return invalid("url: " + quote_part(url.authority) + " is not a bucket's name; write s3://bucket/prefix");
  }
  config.bucket = url.authority;
  TM_ASSIGN(config.prefix, parse_prefix(url.path));
  if (!raw.endpoint.empty()) {
    TM_TRY(set_endpoint(raw.endpoint, "option \"endpoint\"", &config));
  }
  TM_TRY(check_together(config, raw, url));
  TM_TRY(check_header_values(config));
  TM_TRY(settle_path_style(&config, "option \"path_style\""));
  config.sign_payload = raw.payload == "signed";
  config.expects_continue = raw.expect == "auto";
  config.credentials.region = config.region;
  config.credentials.secret_access_key = Secret::take(&raw.secret_access_key);
  config.credentials.session_token = Secret::take(&raw.session_token);
  return config;
}

std::string Config::name_of(std::string_view key) const {
  constexpr size_t kShown = 200;
  std::string name = "s3://" + bucket + "/" + prefix + std::string(key);
  if (name.size() > kShown) name.replace(kShown / 2, name.size() - kShown, "...");
  return name;
}

Address address_of(const Config& config, const std::string& region) {
  std::string host = config.endpoint_host;
  if (host.empty()) host = s3_host(region, config.host_kind);
  if (config.path_style) {
    return {config.endpoint_scheme, std::move(host), config.endpoint_path + "/" + config.bucket};
  }
  return {config.endpoint_scheme, config.bucket + "." + host, ""};
}

}  // namespace tidemark::sinks::s3
