#include "gs/auth/account.h"

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "common/invalid.h"
#include "gs/auth/jwt.h"
#include "gs/auth/secret_url.h"
#include "gs/auth/token_place_json.h"
#include "http/answer.h"
#include "http/json.h"

namespace tidemark::sinks::gs {
namespace {

using rapidjson::Value;

constexpr char kTokenUrl[] = "https://oauth2.googleapis.com/token";
constexpr uint64_t kLifetimeMinS = 600, kLifetimeMaxS = 43'200;

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

// A text that has to be there.
Result<std::string_view> need(const Value& file, const char* name) {
  const std::string_view text = text_of(file, name);
  if (text.empty()) return invalid(std::string("no text \"") + name + "\"");
  return text;
}

Result<std::string> need_line(const Value& file, const char* name) {
  TM_ASSIGN(const std::string_view text, need(file, name));
  if (!is_plain(text)) return invalid(std::string("\"") + name + "\" has a control character");
  return std::string(text);
}

Status set_url(const Value& file, const char* name, std::string otherwise, std::string* url) {
  const std::string_view said = text_of(file, name);
  *url = said.empty() ? std::move(otherwise) : std::string(said);
  if (url->empty()) return invalid(std::string("no text \"") + name + "\"");
  if (Result<Endpoint> endpoint = parse_secret_url(*url); !endpoint) {
    return invalid(std::string("\"") + name + "\" " + endpoint.error().message);
  }
  return {};
}

Status read_service_account(const Value& file, Account* account) {
  account->kind = Account::Kind::kServiceAccount;
  TM_ASSIGN(account->email, need_line(file, "client_email"));
  account->key_id = text_of(file, "private_key_id");
  TM_ASSIGN(const std::string_view key, need(file, "private_key"));
  if (Status ok = check_private_key(key); !ok) {
    ok.error().message = "\"private_key\" " + ok.error().message;
    return ok;
  }
  account->private_key = Secret(key);
  return set_url(file, "token_uri", kTokenUrl, &account->token_url);
}

Status read_authorized_user(const Value& file, Account* account) {
  account->kind = Account::Kind::kAuthorizedUser;
  TM_ASSIGN(account->client_id, need_line(file, "client_id"));
  TM_ASSIGN(const std::string_view secret, need(file, "client_secret"));
  account->client_secret = Secret(secret);
  TM_ASSIGN(const std::string_view refresh, need(file, "refresh_token"));
  account->refresh_token = Secret(refresh);
  return set_url(file, "token_uri", kTokenUrl, &account->token_url);
}

Status read_external_account(const Value& file, Account* account) {
  account->kind = Account::Kind::kExternalAccount;
  TM_ASSIGN(account->audience, need_line(file, "audience"));
  TM_ASSIGN(account->token_type, need_line(file, "subject_token_type"));
  TM_TRY(set_url(file, "token_url", "", &account->token_url));
  const Value* source = member(file, "credential_source");
  if (source == nullptr || !source->IsObject()) return invalid("no object \"credential_source\"");
  Result<TokenPlace> place = read_token_place(*source);
  if (!place) return within("\"credential_source\"", place.error());
  account->place = std::move(*place);
  if (!text_of(file, "service_account_impersonation_url").empty()) {
    TM_TRY(set_url(file, "service_account_impersonation_url", "", &account->impersonation_url));
  }
  if (const Value* wish = member(file, "service_account_impersonation"); wish != nullptr) {
    account->lifetime_s = number_of(*wish, "token_lifetime_seconds").value_or(account->lifetime_s);
    if (account->lifetime_s < kLifetimeMinS || account->lifetime_s > kLifetimeMaxS) {
      return invalid("\"token_lifetime_seconds\" is not a number from 600 to 43200");
    }
  }
  return {};
}

Status read_universe(const Value& file, Account* account) {
  const std::string_view universe = text_of(file, "universe_domain");
  if (universe.empty()) return {};
  const bool is_name = std::all_of(universe.begin(), universe.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  if (!is_name) return invalid("\"universe_domain\" is not a domain's name");
  account->universe = universe;
  return {};
}

Result<Account> read(const Value& file) {
  Account account;
  TM_TRY(read_universe(file, &account));
  const std::string_view type = text_of(file, "type");
  if (type == "service_account") {
    TM_TRY(read_service_account(file, &account));
  } else if (type == "authorized_user") {
    TM_TRY(read_authorized_user(file, &account));
  } else if (type == "external_account") {
    TM_TRY(read_external_account(file, &account));
  } else {
    return invalid("\"type\" is " + quote(type) +
                   "; supported: service_account, authorized_user, external_account");
  }
  return account;
}

}  // namespace

std::string Account::text() const {
  switch (kind) {
    case Kind::kServiceAccount:
      return "service account " + email;
    case Kind::kAuthorizedUser:
      return "a user";
    case Kind::kExternalAccount:
      break;
  }
  return place.text();
}

Result<Account> parse_account(std::string* text) {
  rapidjson::Document document;
  Result<Account> account = invalid("not a JSON object");
  if (read_object(text, &document)) account = read(document);
  wipe(text);
  return account;
}

}  // namespace tidemark::sinks::gs
