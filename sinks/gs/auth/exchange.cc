#include "gs/auth/exchange.h"

#include <utility>

#include "base/json.h"
#include "base/wall_clock.h"
#include "gs/auth/jwt.h"
#include "gs/auth/subject.h"
#include "http/answer.h"
#include "http/body.h"
#include "http/curl_error.h"

namespace tidemark::sinks::gs {
namespace {

constexpr uint32_t kExchangeTimeoutMs = 20'000;
constexpr int64_t kJwtLifeS = 3600;  // the most that Google takes
constexpr int64_t kSkewS = 10;       // a clock that is a little fast signs no token of the future
constexpr char kScope[] = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr char kCloudScope[] = "https://www.googleapis.com/auth/cloud-platform";  // to impersonate
constexpr char kJwtGrant[] = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr char kExchangeGrant[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr char kAccessToken[] = "urn:ietf:params:oauth:token-type:access_token";

// Posts `text` and wipes it. A secret comes into a form last: a list of values would leave copies behind.
Result<Token> post(const Exchange& exchange, const std::string& url, const char* type, std::string* text,
                   const Token* by) {
  Body body(*text);
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"content-type", type}};
  request.body = &body;
  request.timeout_ms = kExchangeTimeoutMs;
  if (by != nullptr) {
    request.proof.push_back({"authorization", "Bearer "});
    request.proof.back().value.append(by->bearer.reveal());
  }
  Result<HttpAnswer> answer = exchange.fetch(request, exchange.call);
  wipe(text);
  if (!answer) return answer.error();
  Result<Token> token = token_from(&*answer, exchange.now_us());
  if (!token) return within(host_of(url), token.error());
  return token;
}

// Wipes the form, too.
Result<Token> post_form(const Exchange& exchange, const std::string& url, QueryPairs* form) {
  std::string text = encode_query(*form);
  for (auto& [name, value] : *form) wipe(&value);
  return post(exchange, url, "application/x-www-form-urlencoded", &text, nullptr);
}

Result<std::string> own_jwt(const Account& account, int64_t now_us, Json claims) {
  const int64_t now_s = now_us / kUsPerSecond;
  claims["iss"] = account.email;
  claims["scope"] = kScope;
  claims["iat"] = now_s - kSkewS;
  claims["exp"] = now_s - kSkewS + kJwtLifeS;
  Result<std::string> jwt = sign_jwt(claims.dump(), account.key_id, account.private_key.reveal());
  if (!jwt) return within("\"private_key\"", jwt.error());
  return jwt;
}

// In other universes than Google's own there is no exchange: what the account has signed is the token.
Result<Token> of_service_account(const Account& account, const Exchange& exchange) {
  const int64_t now_us = exchange.now_us();
  if (account.universe != kGoogleUniverse) {
    TM_ASSIGN(std::string jwt, own_jwt(account, now_us, {{"sub", account.email}}));
    return Token{Secret::take(&jwt), now_us + (kJwtLifeS - kSkewS) * kUsPerSecond};
  }
  TM_ASSIGN(std::string jwt, own_jwt(account, now_us, {{"aud", account.token_url}}));
  QueryPairs form = {{"grant_type", kJwtGrant}};
  form.emplace_back("assertion", std::move(jwt));
  return post_form(exchange, account.token_url, &form);
}

Result<Token> of_user(const Account& account, const Exchange& exchange) {
  QueryPairs form = {{"grant_type", "refresh_token"}, {"client_id", account.client_id}};
  form.emplace_back("client_secret", account.client_secret.reveal());
  form.emplace_back("refresh_token", account.refresh_token.reveal());
  return post_form(exchange, account.token_url, &form);
}

Result<Token> of_other(const Account& account, const Exchange& exchange) {
  TM_ASSIGN(const Secret subject, subject_token(account, exchange));
  const bool impersonates = !account.impersonation_url.empty();
  QueryPairs form = {{"grant_type", kExchangeGrant},
                     {"audience", account.audience},
                     {"scope", impersonates ? kCloudScope : kScope},
                     {"requested_token_type", kAccessToken},
                     {"subject_token_type", account.token_type}};
  form.emplace_back("subject_token", subject.reveal());
  TM_ASSIGN(Token token, post_form(exchange, account.token_url, &form));
  if (!impersonates) return token;
  Json wish;
  wish["scope"].push_back(kScope);
  wish["lifetime"] = std::to_string(account.lifetime_s) + "s";
  std::string text = wish.dump();
  return post(exchange, account.impersonation_url, "application/json", &text, &token);
}

}  // namespace

Result<Token> token_of(const Account& account, const Exchange& exchange) {
  switch (account.kind) {
    case Account::Kind::kServiceAccount:
      return of_service_account(account, exchange);
    case Account::Kind::kAuthorizedUser:
      return of_user(account, exchange);
    case Account::Kind::kExternalAccount:
      break;
  }
  return of_other(account, exchange);
}

}  // namespace tidemark::sinks::gs
