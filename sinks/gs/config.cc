#include "gs/config.h"

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "common/options.h"
#include "gs/auth/secret_url.h"
#include "http/endpoint.h"
#include "http/store_url.h"

namespace tidemark::sinks::gs {
namespace {

Error invalid(std::string message) { return fail(TIDEMARK_E_INVALID, std::move(message)); }

// The texts of options before they are looked at.
struct Raw {
  std::string endpoint, metadata = "auto", expect = "auto";
};

std::vector<OptionSpec> option_table(Config* config, Raw* raw) {
  return {
      text_option("endpoint", &raw->endpoint),
      text_option("credentials_file", &config->tokens.credentials_file),
      choice_option("metadata", &raw->metadata, {"auto", "never"}),
      bool_option("anonymous", &config->tokens.anonymous),
      text_option("user_project", &config->user_project),
      text_option("kms_key", &config->kms_key),
      text_option("ca_file", &config->transport.ca_file),
      text_option("proxy", &config->transport.proxy),
      size_option("resumable_threshold", &config->resumable_threshold_bytes, kPieceStepBytes,
                  kObjectBytesMax),
      size_option("resumable_piece", &config->resumable_piece_bytes, kPieceStepBytes, 1024 * kMiB),
      choice_option("expect", &raw->expect, {"auto", "never"}),
      duration_option("connect_timeout_ms", &config->transport.connect_timeout_ms, 100, 300'000),
      duration_option("stall_timeout_ms", &config->transport.stall_timeout_ms, 1000, 3'600'000),
  };
}

// https://cloud.google.com/storage/docs/buckets#naming; one with dots may have 222 characters.
bool is_bucket(std::string_view name) {
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 222 && is_alnum(name.front()) && is_alnum(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

Status set_endpoint(std::string_view text, const std::string& from, Config* config) {
  const bool may_be_secret = text.find('@') != std::string_view::npos;
  const auto wrong = [&](const std::string& why) {
    return invalid(from + (may_be_secret ? "" : ": " + quote(text)) + " " + why);
  };
  const Result<Endpoint> endpoint = parse_endpoint(text);
  if (!endpoint) return wrong(endpoint.error().message + "; write https://host or https://host:port");
  if (endpoint->path != "/") return wrong("has a path or a query; write https://host or https://host:port");
  if (!endpoint->tls && !config->tokens.anonymous && !is_loopback(endpoint->host_name)) {
    return wrong(
        "is not https, and the token would go there for all to read; give https, or anonymous=true for an "
        "emulator");
  }
  config->origin = (endpoint->tls ? "https://" : "http://") + endpoint->host;
  config->origin_from = from;
  return {};
}

Status check_together(const Config& config, const Url& url) {
  TM_TRY(check_proxy(url));
  if (config.resumable_piece_bytes % kPieceStepBytes != 0) {
    return invalid("option \"resumable_piece\": " + std::to_string(config.resumable_piece_bytes) +
                   " is not a multiple of 256KiB, which the service wants");
  }
  if (config.tokens.anonymous && !config.tokens.credentials_file.empty()) {
    return invalid("give either option \"anonymous\" or option \"credentials_file\", not both");
  }
  return {};
}

}  // namespace

Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count) {
  if (url.scheme != "gs") return invalid("url: the scheme is " + quote(url.scheme) + ", not gs");
  Config config;
  Raw raw;
  TM_TRY(parse_options(kOptions, option_table(&config, &raw), url.query, options, option_count));
  if (!is_bucket(url.authority)) {
    return invalid("url: " + quote(url.authority) + " is not a bucket's name; write gs://bucket/prefix");
  }
  config.bucket = url.authority;
  TM_ASSIGN(config.prefix, parse_prefix(url.path));
  if (!raw.endpoint.empty()) {
    TM_TRY(set_endpoint(raw.endpoint, "option \"endpoint\"", &config));
  }
  TM_TRY(check_together(config, url));
  config.expects_continue = raw.expect == "auto";
  config.tokens.asks_metadata = raw.metadata == "auto";
  return config;
}

Status apply_surroundings(const Environment& environment, Config* config) {
  std::string why;
  Result<std::optional<FoundAccount>> found = std::optional<FoundAccount>();
  if (!config->tokens.anonymous) found = find_account(config->tokens, environment, &why);
  if (!found) return found.error();
  if (!config->origin.empty()) return {};
  if (std::string host = environment("STORAGE_EMULATOR_HOST"); !host.empty()) {
    if (host.find("://") == std::string::npos) host.insert(0, "http://");
    while (host.ends_with('/')) host.pop_back();
    return set_endpoint(host, "STORAGE_EMULATOR_HOST", config);
  }
  const std::string universe = *found ? (*found)->account.universe : kGoogleUniverse;
  return set_endpoint("https://storage." + universe, *found ? (*found)->from : "the default", config);
}

std::string Config::name_of(std::string_view key) const {
  constexpr size_t kShown = 200;
  std::string name = "gs://" + bucket + "/" + prefix + std::string(key);
  if (name.size() > kShown) name.replace(kShown / 2, name.size() - kShown, "...");
  return name;
}

}  // namespace tidemark::sinks::gs
