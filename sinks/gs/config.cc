#include "gs/config.h"

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "common/invalid.h"
#include "common/options.h"
#include "gs/auth/secret_url.h"
#include "http/endpoint.h"
#include "http/store_url.h"

namespace tidemark::sinks::gs {
namespace {

// The texts of options before they are looked at.
struct Raw {
  std::string endpoint, metadata = "auto", expect = "auto", hmac_secret;
};

std::vector<OptionSpec> option_table(Config* config, Raw* raw) {
  return {
      text_option("endpoint", &raw->endpoint),
      text_option("credentials_file", &config->tokens.credentials_file),
      text_option("hmac_access_id", &config->hmac_key.access_key_id),
      secret_option("hmac_secret", &raw->hmac_secret),
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
  const auto wrong = [&](const std::string& why) { return invalid(from + endpoint_text(text) + " " + why); };
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

// It stands in a header, between other words.
Status check_hmac_id(std::string_view id, const std::string& from) {
  const bool is_plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return is_plain ? Status() : invalid(from + ": " + quote(id) + " is not letters and digits alone");
}

Status check_together(const Config& config, const Url& url) {
  TM_TRY(check_proxy(url));
  if (config.resumable_piece_bytes % kPieceStepBytes != 0) {
    return invalid("option \"resumable_piece\": " + std::to_string(config.resumable_piece_bytes) +
                   " is not a multiple of 256KiB, which the service wants");
  }
  for (const auto& [name, value] :
       {std::pair("user_project", config.user_project), {"kms_key", config.kms_key}}) {
    if (std::any_of(value.begin(), value.end(), [](char c) { return c <= ' ' || c == 0x7F; })) {
      return invalid(std::string("option \"") + name + "\": " + quote(value) +
                     " has a space or a control character, or is not ASCII");
    }
  }
  if (config.tokens.anonymous && !config.tokens.credentials_file.empty()) {
    return invalid("give either option \"anonymous\" or option \"credentials_file\", not both");
  }
  if (config.has_hmac_key() == config.hmac_key.secret_access_key.empty()) {
    return invalid("options \"hmac_access_id\" and \"hmac_secret\" belong together; give both or neither");
  }
  if (config.has_hmac_key() && (config.tokens.anonymous || !config.tokens.credentials_file.empty())) {
    return invalid("give option \"hmac_access_id\", \"credentials_file\" or \"anonymous\", not two of them");
  }
  return check_hmac_id(config.hmac_key.access_key_id, "option \"hmac_access_id\"");
}

// An HMAC key of the environment, where nothing else is named.
Status find_hmac_key(const Environment& environment, Config* config) {
  const TokenOptions& tokens = config->tokens;
  if (config->has_hmac_key() || tokens.anonymous || !tokens.credentials_file.empty()) return {};
  if (!environment("GOOGLE_APPLICATION_CREDENTIALS").empty()) return {};
  std::string id = environment("GS_ACCESS_KEY_ID"), secret = environment("GS_SECRET_ACCESS_KEY");
  if (id.empty() != secret.empty()) {
    wipe(&secret);
    return invalid("GS_ACCESS_KEY_ID and GS_SECRET_ACCESS_KEY belong together; set both or neither");
  }
  TM_TRY(check_hmac_id(id, "GS_ACCESS_KEY_ID"));
  config->hmac_key = {std::move(id), Secret::take(&secret), {}};
  return {};
}

}  // namespace

Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count) {
  if (url.scheme != "gs") return invalid("url: the scheme is " + quote(url.scheme) + ", not gs");
  Config config;
  Raw raw;
  TM_TRY(parse_options(kOptions, option_table(&config, &raw), url.query, options, option_count));
  if (!is_bucket(url.authority)) {
    return invalid("url: " + quote_part(url.authority) + " is not a bucket's name; write gs://bucket/prefix");
  }
  config.bucket = url.authority;
  TM_ASSIGN(config.prefix, parse_prefix(url.path));
  if (!raw.endpoint.empty()) {
    TM_TRY(set_endpoint(raw.endpoint, "option \"endpoint\"", &config));
  }
  config.hmac_key.secret_access_key = Secret::take(&raw.hmac_secret);
  TM_TRY(check_together(config, url));
  config.expects_continue = raw.expect == "auto";
  config.tokens.asks_metadata = raw.metadata == "auto";
  return config;
}

Status apply_surroundings(const Environment& environment, Config* config) {
  std::string why;
  Result<std::optional<FoundAccount>> found = std::optional<FoundAccount>();
  TM_TRY(find_hmac_key(environment, config));
  if (!config->tokens.anonymous && !config->has_hmac_key())
    found = find_account(config->tokens, environment, &why);
  if (!found) return found.error();
  if (*found) config->remark = (*found)->remark;
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
