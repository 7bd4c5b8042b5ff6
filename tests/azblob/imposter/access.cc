#include "access.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

#include "imposter/digests.h"
#include "imposter/text.h"

namespace imposter::azblob {
namespace {

constexpr int64_t kMaxSkewS = 15 * 60;
constexpr const char* kSasVersion = "2022-11-02";

const Refusal kNotAuthenticated = {403, "AuthenticationFailed",
                                   "Server failed to authenticate the request. Make sure the value of "
                                   "Authorization header is formed correctly including the signature.\n"
                                   "RequestId:0\nTime:0"};

std::string decoded_key(const Config& config) { return base64_decode(config.key, 64).value_or(""); }

std::string value_of(const Request& request, const std::string& name) {
  const std::string* value = request.parameter(name);
  return value == nullptr ? "" : *value;
}

std::optional<std::time_t> parse_date(const std::string& text, const char* format) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), format, &parts);
  if (end == nullptr || *end != '\0') return {};
  return timegm(&parts);
}

// https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key
std::string string_to_sign(const Request& request, const Config& config) {
  std::string text = request.method + "\n";
  for (const char* name :
       {"content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
        "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"}) {
    std::string value = request.header_or(name, "");
    if (std::string_view(name) == "content-length" && value == "0") value.clear();
    if (std::string_view(name) == "date" && request.header("x-ms-date") != nullptr) value.clear();
    text += value + "\n";
  }
  std::map<std::string, std::string> own, query;
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-ms-")) own[name] = value;
  }
  for (const auto& [name, value] : own) text.append(name).append(":").append(value).append("\n");
  text += "/" + config.account + request.raw_path;
  for (const auto& [name, value] : request.query) {
    std::string& all = query[lower(name)];
    all += (all.empty() ? "" : ",") + value;
  }
  for (const auto& [name, value] : query) text.append("\n").append(name).append(":").append(value);
  return text;
}

// https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas, of version 2020-12-06 on.
std::string sas_to_sign(const std::map<std::string, std::string>& said, const Config& config) {
  const auto value = [&](const char* name) {
    const auto at = said.find(name);
    return at == said.end() ? std::string() : at->second;
  };
  std::string text = value("sp") + "\n" + value("st") + "\n" + value("se") + "\n/blob/" + config.account +
                     "/" + config.container + "\n";
  for (const char* name :
       {"si", "sip", "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl"}) {
    text += value(name) + "\n";
  }
  return text + value("rsct");
}

std::optional<Refusal> check_sas(const Request& request, const Config& config, std::time_t now,
                                 Grant* grant) {
  std::map<std::string, std::string> said;
  for (const auto& [name, value] : request.query) said[name] = value;
  if (said["sr"] != "c") return kNotAuthenticated;
  if (base64(hmac_sha256(decoded_key(config), sas_to_sign(said, config))) != said["sig"]) {
    return kNotAuthenticated;
  }
  const std::optional<std::time_t> expires = parse_date(said["se"], "%Y-%m-%dT%H:%M:%SZ");
  if (!expires || *expires <= now) {
    return Refusal{403, "AuthenticationFailed", "Signature not valid in the specified time frame"};
  }
  if (said["spr"] == "https" && !request.is_tls) {
    return Refusal{403, "AuthorizationProtocolMismatch",
                   "This request is not authorized to perform this operation using this protocol."};
  }
  grant->permissions = said["sp"];
  return {};
}

std::string url_base64(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Response json(int status, const nlohmann::json& value) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  response.body = value.dump();
  return response;
}

Response page() {
  Response response;
  response.headers = {{"Content-Type", "text/html"}};
  response.status = 502;
  response.body = "<html><body>a gateway's page</body></html>";
  return response;
}

}  // namespace

std::optional<Refusal> Access::check(const Request& request, const Config& config, std::time_t now,
                                     Grant* grant) {
  grant->permissions = "rcwdl";
  const std::string* header = request.header("authorization");
  if (header == nullptr && request.parameter("sig") != nullptr) return check_sas(request, config, now, grant);
  if (header == nullptr) {
    return Refusal{401, "NoAuthenticationInformation",
                   "Server failed to authenticate the request. Please refer to the information in the "
                   "www-authenticate header."};
  }
  if (request.parameter("sig") != nullptr) return kNotAuthenticated;
  if (header->starts_with("Bearer ")) return check_token(request, header->substr(7), now);
  return check_key(request, *header, config, now);
}

std::optional<Refusal> Access::check_key(const Request& request, const std::string& header,
                                         const Config& config, std::time_t now) const {
  const std::optional<std::time_t> signed_at =
      parse_date(request.header_or("x-ms-date", request.header_or("date", "")), "%a, %d %b %Y %H:%M:%S GMT");
  if (!signed_at || std::abs(static_cast<int64_t>(*signed_at) - static_cast<int64_t>(now)) > kMaxSkewS) {
    return kNotAuthenticated;
  }
  const std::string signature = base64(hmac_sha256(decoded_key(config), string_to_sign(request, config)));
  if (header != "SharedKey " + config.account + ":" + signature) return kNotAuthenticated;
  return {};
}

std::optional<Refusal> Access::check_token(const Request& request, const std::string& token,
                                           std::time_t now) const {
  const Refusal refused = {
      401,
      "InvalidAuthenticationInfo",
      "Server failed to authenticate the request. Please refer to the information in the "
      "www-authenticate header.",
      {{"WWW-Authenticate", "Bearer authorization_uri=https://login.example/x"}}};
  if (!request.is_tls) return refused;
  const std::lock_guard lock(mutex_);
  const auto at = tokens_.find(token);
  if (at == tokens_.end() || at->second <= now) return refused;
  return {};
}

std::string Access::issue(const Config& config, std::time_t now, std::time_t expires) {
  const std::lock_guard lock(mutex_);
  std::string token = "imposter.token." + std::to_string(++issued_);
  if (config.tokens_are_jwts) {
    const nlohmann::json claims = {{"aud", "https://storage.azure.com"},
                                   {"iss", "https://sts.windows.net/" + config.tenant + "/"},
                                   {"iat", now - 60},
                                   {"nbf", now - 60},
                                   {"exp", expires},
                                   {"jti", token}};
    token = url_base64(R"({"alg":"RS256","typ":"JWT"})") + "." + url_base64(claims.dump()) + ".c2ln";
  }
  tokens_[token] = expires;
  return token;
}

Response Access::entra(const Request& request, const std::string& form, const Config& config,
                       std::time_t now) {
  if (config.tokens_are_pages) return page();
  Request parsed;
  parsed.target = "/?" + form;
  const bool is_form = request.method == "POST" &&
                       request.header_or("content-type", "") == "application/x-www-form-urlencoded" &&
                       split_target(&parsed);
  if (!is_form || value_of(parsed, "grant_type") != "client_credentials" ||
      value_of(parsed, "scope") != "https://storage.azure.com/.default") {
    return json(400,
                {{"error", "invalid_request"}, {"error_description", "AADSTS900144: the body is wrong"}});
  }
  const bool by_secret = parsed.parameter("client_secret") != nullptr &&
                         *parsed.parameter("client_secret") == config.client_secret;
  const bool by_token =
      value_of(parsed, "client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
      value_of(parsed, "client_assertion") == config.federated_token;
  if (value_of(parsed, "client_id") != config.client_id || (!by_secret && !by_token)) {
    return json(401, {{"error", "invalid_client"},
                      {"error_description",
                       "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1\r\nTimestamp: 2"},
                      {"error_codes", {7000215}}});
  }
  return json(200, {{"token_type", "Bearer"},
                    {"expires_in", config.token_life_s},
                    {"access_token", issue(config, now, now + config.token_life_s)}});
}

Response Access::machine(const Request& request, const Config& config, std::time_t now) {
  if (config.tokens_are_pages) return page();
  if (request.header_or("metadata", "") != "true") {
    return json(
        400, {{"error", "invalid_request"}, {"error_description", "Required metadata header not specified"}});
  }
  if (value_of(request, "api-version") != "2018-02-01" ||
      value_of(request, "resource") != "https://storage.azure.com/") {
    return json(400, {{"error", "invalid_request"}, {"error_description", "the query is wrong"}});
  }
  if (!config.has_identity) {
    return json(400, {{"error", "invalid_request"}, {"error_description", "Identity not found"}});
  }
  const std::time_t expires = now + config.token_life_s;
  return json(200, {{"access_token", issue(config, now, expires)},
                    {"expires_in", std::to_string(config.token_life_s)},
                    {"expires_on", std::to_string(expires)},
                    {"resource", "https://storage.azure.com/"},
                    {"token_type", "Bearer"}});
}

void Access::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

uint64_t Access::exchanges() const {
  const std::lock_guard lock(mutex_);
  return issued_;
}

std::string container_sas(const Config& config, const std::string& permissions, const std::string& expires,
                          const std::string& protocol) {
  std::map<std::string, std::string> said = {
      {"sp", permissions}, {"se", expires}, {"spr", protocol}, {"sv", kSasVersion}, {"sr", "c"}};
  said["sig"] = base64(hmac_sha256(decoded_key(config), sas_to_sign(said, config)));
  std::string query;
  for (const auto& [name, value] : said) {
    query += (query.empty() ? "" : "&") + name + "=" + percent_encode(value, false);
  }
  return query;
}

}  // namespace imposter::azblob
