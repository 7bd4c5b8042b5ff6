#include "desk.h"

#include <nlohmann/json.hpp>

#include "imposter/text.h"
#include "keys.h"

namespace imposter {
namespace {

using nlohmann::json;

constexpr char kJwtGrant[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr char kExchangeGrant[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr char kScope[] = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr char kCloudScope[] = "https://www.googleapis.com/auth/cloud-platform";

Response json_answer(int status, const json& body) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json; charset=UTF-8"}};
  response.body = body.dump();
  return response;
}

// RFC 6749, 5.2.
Response refuse(int status, const char* error, const std::string& description) {
  return json_answer(status, {{"error", error}, {"error_description", description}});
}

std::optional<Pairs> form_of(const std::string& body) {
  Request parser;
  parser.target = "/?" + body;
  if (!split_target(&parser)) return {};
  return parser.query;
}

std::string value(const Pairs& form, const std::string& name) {
  std::string found;
  for (const auto& [key, text] : form) {
    if (key != name) continue;
    if (!found.empty()) return {};  // twice
    found = text;
  }
  return found;
}

}  // namespace

bool Desk::knows(const Request& request) {
  return request.path == kTokenPath || request.path == kExchangePath || request.path == kImpersonatePath ||
         request.path == kMachinePath;
}

Response Desk::answer(const Request& request, const std::string& body, const Config& config,
                      const std::string& origin) {
  if (request.path == kMachinePath) return of_machine(request, config);
  if (!config.token_page.empty()) {
    Response page;
    page.status = 502;
    page.headers = {{"Content-Type", "text/html"}};
    page.body = config.token_page;
    return page;
  }
  if (config.token_refusal) {
    const Refusal& refusal = *config.token_refusal;
    return json_answer(
        refusal.status,
        {{"error", {{"code", refusal.status}, {"message", refusal.message}, {"status", refusal.reason}}}});
  }
  if (request.method != "POST") return refuse(405, "invalid_request", "POST is wanted");
  if (request.path == kImpersonatePath) return impersonate(request, body);
  if (request.header_or("content-type", "") != "application/x-www-form-urlencoded") {
    return refuse(400, "invalid_request", "not a form");
  }
  const std::optional<Pairs> form = form_of(body);
  if (!form) return refuse(400, "invalid_request", "the form is not encoded as it should be");
  return request.path == kTokenPath ? of_form(*form, config, origin) : of_exchange(*form, config);
}

Response Desk::of_form(const Pairs& form, const Config& config, const std::string& origin) {
  const std::string grant = value(form, "grant_type");
  if (grant == kJwtGrant) return of_jwt(value(form, "assertion"), config, origin);
  if (grant != "refresh_token") return refuse(400, "unsupported_grant_type", "Invalid grant_type: " + grant);
  if (value(form, "client_id") != kClientId || value(form, "client_secret") != kClientSecret) {
    return refuse(401, "invalid_client", "The OAuth client was not found.");
  }
  if (value(form, "refresh_token") != kRefreshToken) return refuse(400, "invalid_grant", "Bad Request");
  return give(config.token_life_s, false);
}

Response Desk::of_jwt(const std::string& jwt, const Config& config, const std::string& origin) {
  const std::optional<std::string> text = verified_claims(jwt);
  if (!text) return refuse(400, "invalid_grant", "Invalid JWT Signature.");
  const json claims = json::parse(*text, nullptr, false);
  if (!claims.is_object()) return refuse(400, "invalid_grant", "Invalid JWT");
  const std::time_t now = std::time(nullptr);
  const int64_t iat = claims.value("iat", int64_t{0}), exp = claims.value("exp", int64_t{0});
  if (iat > now + 60 || iat < now - 600 || exp <= now || exp - iat > 3600) {
    return refuse(400, "invalid_grant",
                  "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                  "timeframe. Check your iat and exp values in the JWT claim.");
  }
  if (claims.value("iss", "") != kServiceEmail) return refuse(400, "invalid_grant", "Not a valid email.");
  if (claims.value("aud", "") != origin + kTokenPath) {
    return refuse(400, "invalid_grant", "Invalid JWT: Failed audience check.");
  }
  if (claims.value("scope", "") != kScope) return refuse(400, "invalid_scope", "Invalid OAuth scope.");
  {
    const std::lock_guard lock(mutex_);
    last_claims_ = *text;
  }
  return give(config.token_life_s, false);
}

Response Desk::of_exchange(const Pairs& form, const Config& config) {
  const std::string scope = value(form, "scope");
  const bool is_right =
      value(form, "grant_type") == kExchangeGrant && value(form, "audience") == kAudience &&
      value(form, "requested_token_type") == "urn:ietf:params:oauth:token-type:access_token" &&
      value(form, "subject_token_type") == "urn:ietf:params:oauth:token-type:jwt" &&
      (scope == kScope || scope == kCloudScope);
  if (!is_right) return refuse(400, "invalid_request", "Invalid value for a parameter of the exchange");
  if (!value(form, "subject_token").starts_with(kSubjectToken)) {
    return refuse(400, "invalid_grant", "The subject token is not one that is trusted here");
  }
  return give(config.token_life_s, false);
}

Response Desk::impersonate(const Request& request, const std::string& body) {
  const std::string bearer = request.header_or("authorization", "");
  if (!bearer.starts_with("Bearer ") || !is_good(bearer.substr(7))) {
    return refuse(401, "unauthenticated", "Request had invalid authentication credentials.");
  }
  const json wish = json::parse(body, nullptr, false);
  if (!wish.is_object() || wish.value("scope", json::array()) != json::array({kScope}) ||
      wish.value("lifetime", "").empty()) {
    return refuse(400, "invalid_argument", "scope and lifetime are wanted");
  }
  return give(std::atoll(wish.value("lifetime", "").c_str()), true);
}

Response Desk::of_machine(const Request& request, const Config& config) {
  Response response;
  if (request.header_or("metadata-flavor", "") != "Google") {
    response.status = 403;  // a forgery of a request by a page or a proxy has no such header
    response.body = "Missing required header \"Metadata-Flavor\": \"Google\"";
  } else if (config.metadata_status != 200) {
    response.status = config.metadata_status;
    response.headers = {{"Content-Type", "text/html"}};
    response.body = "<html>not now</html>";
  } else {
    response = give(config.token_life_s, false);
  }
  if (config.has_metadata_flavor) response.headers.emplace_back("Metadata-Flavor", "Google");
  return response;
}

Response Desk::give(int64_t life_s, bool impersonated) {
  const std::string token = "ya29.imposter~" + std::to_string(++given_) + "/+=";
  const std::time_t end = std::time(nullptr) + life_s;
  {
    const std::lock_guard lock(mutex_);
    tokens_[token] = end;
  }
  if (impersonated) return json_answer(200, {{"accessToken", token}, {"expireTime", iso_date(end)}});
  return json_answer(200, {{"access_token", token}, {"expires_in", life_s}, {"token_type", "Bearer"}});
}

bool Desk::is_good(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  return found != tokens_.end() && std::time(nullptr) < found->second;
}

void Desk::revoke_all() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::string Desk::last_claims() const {
  const std::lock_guard lock(mutex_);
  return last_claims_;
}

}  // namespace imposter
