// The identity that a machine or an app has, from the endpoint in its surroundings. Never asked through a
// proxy: the answer would be the proxy's own identity, or the token would come into somebody else's hands.
#include "azblob/auth/metadata.h"

#include "azblob/auth/entra.h"
#include "base/line.h"
#include "http/answer.h"
#include "http/endpoint.h"
#include "http/small_file.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr const char* kMachineHost = "http://169.254.169.254";
constexpr const char* kMachinePath = "/metadata/identity/oauth2/token";
constexpr const char* kResource = "https://storage.azure.com/";
constexpr uint32_t kMetadataTimeoutMs = 3000;
constexpr int kAttempts = 2;
constexpr const char* kSwitch = "TIDEMARK_AZURE_METADATA_DISABLED";

bool is_again(const Result<HttpAnswer>& answer) {
  return !answer || answer->status >= 500 || answer->status == 429 || answer->status == 410;
}

// Again when there was no answer or a bad one, unless the caller has lost patience.
Result<HttpAnswer> ask(const SourceContext& context, const std::string& url, Headers headers) {
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  request.headers = std::move(headers);
  request.use_proxy = false;
  request.timeout_ms = kMetadataTimeoutMs;
  Result<HttpAnswer> answer = context.fetch(request, context.call);
  for (int done = 1; done < kAttempts && is_again(answer); ++done) {
    TM_TRY(context.call.check());
    answer = context.fetch(request, context.call);
  }
  for (Header& header : request.headers) wipe(&header.value);
  TM_TRY(context.call.check());
  return answer;
}

QueryPairs query_of(const SourceContext& context, const char* api_version) {
  QueryPairs query = {{"api-version", api_version}, {"resource", kResource}};
  const std::string client_id = context.setting(context.options.client_id, "AZURE_CLIENT_ID");
  if (!client_id.empty()) query.emplace_back("client_id", client_id);
  return query;
}

SourceResult taken(Result<HttpAnswer> answer, const std::string& from, const SourceContext& context) {
  Result<Credentials> credentials = read_token(std::move(answer), context);
  if (!credentials) return within(from, credentials.error());
  return Answer{std::move(*credentials), from, true};
}

SourceResult from_app(const SourceContext& context, const std::string& url) {
  std::string header = context.environment("IDENTITY_HEADER");
  const Result<Endpoint> endpoint = parse_endpoint(url);
  if (!endpoint) return within("IDENTITY_ENDPOINT", endpoint.error());
  if (header.empty() && !context.environment("IMDS_ENDPOINT").empty()) return from_arc(context, url);
  if (header.empty()) {
    return fail(
        TIDEMARK_E_PERMANENT,
        "IDENTITY_ENDPOINT is set, and neither IDENTITY_HEADER nor IMDS_ENDPOINT is: the first of App "
        "Service, the other of Azure Arc; unset it, or give a client secret or a key");
  }
  const std::string full = url + "?" + encode_query(query_of(context, "2019-08-01"));
  Headers headers = {{"x-identity-header", header}};
  wipe(&header);
  return taken(ask(context, full, std::move(headers)), "the app's identity at " + endpoint->host, context);
}

SourceResult from_machine(const SourceContext& context) {
  std::string host = context.environment("AZURE_POD_IDENTITY_AUTHORITY_HOST");
  if (host.empty()) host = kMachineHost;
  while (host.ends_with('/')) host.pop_back();
  const Result<Endpoint> endpoint = parse_endpoint(host);
  if (!endpoint) return within("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoint.error());
  const std::string url = host + kMachinePath + "?" + encode_query(query_of(context, "2018-02-01"));
  Result<HttpAnswer> answer = ask(context, url, {{"metadata", "true"}});
  if (!answer) {
    TM_TRY(context.call.check());
    return nothing("no answer from " + endpoint->host + " (" + answer.error().message + ")");
  }
  // 400 is what a machine without an identity says, and somebody else's machine says what it likes.
  if (answer->status == 400 || answer->status == 403 || answer->status == 404) {
    const Result<Credentials> said = read_token(std::move(answer), context);
    return nothing(endpoint->host + " " + said.error().message);
  }
  return taken(std::move(answer), "the machine's identity at " + endpoint->host, context);
}

// "Basic realm=/var/opt/azcmagent/tokens/<name>.key"; empty: it is no such file.
std::string file_in_challenge(std::string_view challenge, const std::string& folder) {
  constexpr std::string_view kBegin = "Basic realm=", kEnd = ".key";
  if (!challenge.starts_with(kBegin)) return "";
  challenge.remove_prefix(kBegin.size());
  std::string_view name = challenge;
  if (!name.starts_with(folder) || !name.ends_with(kEnd)) return "";
  name.remove_prefix(folder.size());
  const bool is_plain = name.size() > kEnd.size() && name.find('/') == std::string_view::npos &&
                        name.find('\0') == std::string_view::npos;
  return is_plain ? std::string(challenge) : "";
}

}  // namespace

SourceResult from_arc(const SourceContext& context, const std::string& url, const std::string& folder) {
  constexpr size_t kKeyBytesMax = 4096;
  const Result<Endpoint> endpoint = parse_endpoint(url);
  if (!endpoint) return within("IDENTITY_ENDPOINT", endpoint.error());
  if (!endpoint->tls && !is_loopback(endpoint->host_name)) {
    return fail(TIDEMARK_E_PERMANENT,
                "IDENTITY_ENDPOINT is not on this machine, where Azure Arc has its agent");
  }
  const std::string from = "Azure Arc's identity at " + endpoint->host;
  if (!context.setting(context.options.client_id, "AZURE_CLIENT_ID").empty()) {
    return fail(TIDEMARK_E_PERMANENT,
                from + ": it knows no identity but the machine's own; do not give client_id");
  }
  const std::string full = url + "?" + encode_query(query_of(context, "2020-06-01"));
  Result<HttpAnswer> challenge = ask(context, full, {{"metadata", "true"}});
  if (!challenge) return within(from, challenge.error());
  if (challenge->status != 401) return taken(std::move(challenge), from, context);
  const std::string file = file_in_challenge(header(challenge->headers, "www-authenticate"), folder);
  if (file.empty()) {
    return fail(TIDEMARK_E_PERMANENT,
                from + ": it wants to be shown something else than a file in " + folder);
  }
  Result<std::string> key = read_small_file(file);
  if (!key) return within(from + " (is the user in the group himds?)", key.error());
  while (!key->empty() && static_cast<unsigned char>(key->back()) <= ' ') key->pop_back();
  const bool is_key = !key->empty() && key->size() <= kKeyBytesMax &&
                      key->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
  Headers headers = {{"metadata", "true"}};
  if (is_key) headers.push_back({"authorization", "Basic " + *key});
  wipe(&*key);
  if (!is_key) return fail(TIDEMARK_E_PERMANENT, from + ": " + quote(file) + " is no key");
  return taken(ask(context, full, std::move(headers)), from, context);
}

SourceResult from_managed_identity(const SourceContext& context) {
  if (!context.options.use_managed_identity) return nothing("managed_identity is never");
  std::string disabled = context.environment(kSwitch);
  for (char& c : disabled) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (disabled == "true" || disabled == "1") return nothing(std::string(kSwitch) + " is " + disabled);
  const std::string url = context.environment("IDENTITY_ENDPOINT");
  return url.empty() ? from_machine(context) : from_app(context, url);
}

}  // namespace tidemark::sinks::azblob
