#include "azblob/auth/entra.h"

#include <algorithm>

#include "azblob/auth/token_json.h"
#include "base/line.h"
#include "http/body.h"
#include "http/endpoint.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr uint32_t kEntraTimeoutMs = 20'000;
constexpr const char* kScope = "https://storage.azure.com/.default";
constexpr const char* kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

bool is_id(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

// An assertion that has expired is soon replaced by the one who wrote it.
tidemark_status classify(int http_status, const TokenError& error) {
  if (http_status == 429) return TIDEMARK_E_THROTTLED;
  const bool passes = error.code == "temporarily_unavailable" || error.code == "server_error" ||
                      error.message.find("AADSTS700024") != std::string::npos;
  return http_status >= 500 || http_status == 408 || passes ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
}

struct Tenant {
  std::string url;
  std::string host;
  std::string client_id;
};

Result<Tenant> find_tenant(const SourceContext& context) {
  const CredentialOptions& options = context.options;
  const std::string tenant_id = context.setting(options.tenant_id, "AZURE_TENANT_ID");
  Tenant tenant;
  tenant.client_id = context.setting(options.client_id, "AZURE_CLIENT_ID");
  if (!is_id(tenant_id)) {
    return fail(TIDEMARK_E_INVALID, tenant_id.empty()
                                        ? "which tenant is not said: set tenant_id, or AZURE_TENANT_ID"
                                        : "tenant " + quote(tenant_id) + " is neither an id nor a domain");
  }
  if (!is_id(tenant.client_id)) {
    return fail(TIDEMARK_E_INVALID, tenant.client_id.empty()
                                        ? "which client is not said: set client_id, or AZURE_CLIENT_ID"
                                        : "client " + quote(tenant.client_id) + " is not an id");
  }
  std::string authority = context.setting(options.authority_host, "AZURE_AUTHORITY_HOST");
  if (authority.empty()) authority = options.default_authority;
  if (authority.find("://") == std::string::npos) authority.insert(0, "https://");
  while (authority.ends_with('/')) authority.pop_back();
  const Result<Endpoint> endpoint = parse_endpoint(authority);
  if (!endpoint) return within("the authority's host", endpoint.error());
  if (endpoint->path != "/" || (!endpoint->tls && !is_loopback(endpoint->host_name))) {
    return fail(TIDEMARK_E_INVALID, "the authority's host " + quote(endpoint->host_name) +
                                        " has to be asked over https, and without a path");
  }
  tenant.host = endpoint->host;
  tenant.url = authority + "/" + tenant_id + "/oauth2/v2.0/token";
  return tenant;
}

// Posts the form; wipes it: there are secrets in it.
Result<Credentials> exchange(const SourceContext& context, const Tenant& tenant, QueryPairs form) {
  form.emplace_back("client_id", tenant.client_id);
  form.emplace_back("grant_type", "client_credentials");
  form.emplace_back("scope", kScope);
  std::string text = encode_query(form);
  for (auto& [name, value] : form) wipe(&value);
  Body body(text);
  HttpRequest request;
  request.method = "POST";
  request.url = tenant.url;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
  request.timeout_ms = kEntraTimeoutMs;
  request.body = &body;
  Result<HttpAnswer> answer = context.fetch(request, context.call);
  wipe(&text);
  Result<Credentials> credentials = read_token(std::move(answer), context);
  if (!credentials) return within(quote(tenant.host) + ", client " + tenant.client_id, credentials.error());
  return credentials;
}

}  // namespace

Result<Credentials> read_token(Result<HttpAnswer> answer, const SourceContext& context) {
  if (!answer) return answer.error();
  if (answer->status == 200) return token_from_json(&answer->text, context.now_us());
  const TokenError said = error_from_json(answer->text);
  Error error;
  error.http_status = answer->status;
  error.code = said.code;
  error.retry_after_ms = retry_after_ms(answer->headers);
  error.status = classify(answer->status, said);
  error.message = "answered HTTP " + std::to_string(answer->status);
  if (!said.code.empty()) error.message += ", " + said.code;
  if (!said.message.empty()) error.message += ": " + said.message;
  return error;
}

SourceResult from_client_secret(const SourceContext& context) {
  const CredentialOptions& options = context.options;
  std::string secret = options.client_secret.empty() ? context.environment("AZURE_CLIENT_SECRET")
                                                     : std::string(options.client_secret.reveal());
  if (secret.empty()) return nothing("AZURE_CLIENT_SECRET is not set");
  const Result<Tenant> tenant = find_tenant(context);
  if (!tenant) {
    wipe(&secret);
    return tenant.error();
  }
  QueryPairs form;
  form.emplace_back("client_secret", secret);
  wipe(&secret);
  TM_ASSIGN(Credentials credentials, exchange(context, *tenant, std::move(form)));
  return found(std::move(credentials), "Entra at " + tenant->host + " for client " + tenant->client_id);
}

SourceResult from_workload_identity(const SourceContext& context) {
  const std::string file =
      context.setting(context.options.federated_token_file, "AZURE_FEDERATED_TOKEN_FILE");
  if (file.empty()) return nothing("AZURE_FEDERATED_TOKEN_FILE is not set");
  TM_ASSIGN(const Tenant tenant, find_tenant(context));
  Result<std::string> token = read_small_file(file);
  if (!token) return within("the federated token", token.error());
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = token->find_first_not_of(kSpace);
  if (begin == std::string::npos) {
    return fail(TIDEMARK_E_RETRYABLE, "the federated token: " + quote(file) + " is empty");
  }
  QueryPairs form = {{"client_assertion_type", kAssertionType}};
  form.emplace_back("client_assertion", token->substr(begin, token->find_last_not_of(kSpace) + 1 - begin));
  wipe(&*token);
  TM_ASSIGN(Credentials credentials, exchange(context, tenant, std::move(form)));
  return found(std::move(credentials), "Entra at " + tenant.host + " for client " + tenant.client_id +
                                           ", by the token in " + quote(file));
}

}  // namespace tidemark::sinks::azblob
