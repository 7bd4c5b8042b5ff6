// The endpoints that a container's or a machine's environment offers. Never asked through a proxy: the answer
// would be the proxy's own metadata, or the token would come into somebody else's hands.
#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/line.h"
#include "http/body.h"
#include "http/endpoint.h"
#include "s3/auth/credential_json.h"
#include "s3/auth/credential_source.h"
#include "s3/auth/settings.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr char kContainerHost[] = "http://169.254.170.2";
constexpr uint32_t kContainerTimeoutMs = 5000;  // an agent may have to ask a service of its own
constexpr char kInstanceHost[] = "http://169.254.169.254";
constexpr char kInstanceHost6[] = "http://[fd00:ec2::254]";
constexpr uint32_t kInstanceTimeoutMs = 1000;
constexpr uint32_t kInstanceTimeoutMaxS = 60;
constexpr uint32_t kInstanceAttemptsMax = 10;
constexpr char kRolePath[] = "/latest/meta-data/iam/security-credentials/";
constexpr size_t kTokenMaxBytes = 16 * 1024;

bool is_again(const Result<HttpAnswer>& response) {
  return !response || response->status >= 500 || response->status == 429;
}

struct Patience {
  uint32_t timeout_ms;
  uint32_t attempts = 2;
};

// Again when there was no answer or a bad one, unless the caller has lost patience.
Result<HttpAnswer> ask(const SourceContext& context, std::string method, std::string url, Headers headers,
                       Patience patience) {
  Body nothing;
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = std::move(headers);
  if (request.method == "PUT") request.body = &nothing;
  request.use_proxy = false;
  request.timeout_ms = patience.timeout_ms;
  Result<HttpAnswer> response = context.fetch(request, context.call);
  for (uint32_t done = 1; done < patience.attempts && is_again(response); ++done) {
    TM_TRY(context.call.check());
    response = context.fetch(request, context.call);
  }
  for (Header& header : request.headers) wipe(&header.value);
  if (!response) {
    TM_TRY(context.call.check());
  }
  return response;
}

Error fail_status(const HttpAnswer& response) {
  Error error;
  error.http_status = response.status;
  error.status =
      response.status >= 500 || response.status == 429 ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
  error.message = "answered HTTP " + std::to_string(response.status);
  if (const std::string said = error_from_json(response.text); !said.empty()) error.message += ", " + said;
  return error;
}

// A token that may stand in a header.
bool is_header_value(std::string_view text) {
  if (text.empty() || text.size() > kTokenMaxBytes) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) return false;
  }
  return true;
}

// Where plain HTTP does not leave the machine: loopback, and the addresses of the agents of ECS and EKS.
bool is_local(const std::string& host_name) {
  if (is_loopback(host_name)) return true;
  in_addr v4;
  if (inet_pton(AF_INET, host_name.c_str(), &v4) == 1) {
    const uint32_t address = ntohl(v4.s_addr);
    return address == 0xA9FEAA02 || address == 0xA9FEAA17;
  }
  constexpr std::array<unsigned char, 16> kEksAgent = {0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0,
                                                       0,    0, 0,    0,    0, 0, 0, 0x23};
  in6_addr v6;
  return inet_pton(AF_INET6, host_name.c_str(), &v6) == 1 &&
         std::memcmp(&v6, kEksAgent.data(), kEksAgent.size()) == 0;
}

struct ContainerPlace {
  std::string url;   // empty where neither variable is set
  std::string host;  // for messages: what follows it may be as good as a password
};

Result<ContainerPlace> container_place(const SourceContext& context) {
  if (const std::string path = context.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty()) {
    const std::string url = kContainerHost + path;
    const Result<Endpoint> endpoint = parse_endpoint(url);
    // "@host" or ".host" after the address would be another host.
    if (path[0] != '/' || !endpoint) {
      return fail(TIDEMARK_E_PERMANENT, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not a path");
    }
    return ContainerPlace{url, endpoint->host};
  }
  const std::string url = context.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (url.empty()) return ContainerPlace{};
  const Result<Endpoint> endpoint = parse_endpoint(url);
  if (!endpoint) return within("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.error());
  if (!endpoint->tls && !is_local(endpoint->host_name)) {
    return fail(TIDEMARK_E_PERMANENT, "AWS_CONTAINER_CREDENTIALS_FULL_URI: " + quote(endpoint->host_name) +
                                          " may only be asked over https; plain http is for loopback, "
                                          "169.254.170.2, 169.254.170.23 and [fd00:ec2::23]");
  }
  return ContainerPlace{url, endpoint->host};
}

// The value of the authorization header; empty: none.
Result<std::string> container_token(const SourceContext& context) {
  std::string token;
  if (const std::string file = context.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    Result<std::string> text = read_small_file(file);
    if (!text) return within("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", text.error());
    token = trimmed(*text);
    wipe(&*text);
    if (token.empty()) {
      return fail(TIDEMARK_E_RETRYABLE,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + quote(file) + " is empty");
    }
  } else {
    token = context.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  }
  if (!token.empty() && !is_header_value(token)) {
    wipe(&token);
    return fail(TIDEMARK_E_PERMANENT, "the container's authorization token cannot stand in a header");
  }
  return token;
}

// One walk through the instance metadata service.
class InstanceMetadata {
 public:
  InstanceMetadata(const SourceContext& context, std::string host, Patience patience)
      : context_(context), host_(std::move(host)), patience_(patience) {}

  SourceResult credentials() {
    Result<HttpAnswer> token = ask(context_, "PUT", host_ + "/latest/api/token",
                                   {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}, patience_);
    if (!token) {
      TM_TRY(context_.call.check());
      return nothing("no answer from " + host_ + " (" + token.error().message +
                     "); on an instance: in a container its hop limit has to be 2 or more");
    }
    if (token->status >= 500 || token->status == 429) return fail_at(fail_status(*token));
    if (token->status != 200) {
      return nothing(host_ + " answered HTTP " + std::to_string(token->status) +
                     " to the request for a token");
    }
    std::string text(trimmed(token->text));
    wipe(&token->text);
    if (!is_header_value(text)) {
      wipe(&text);
      return nothing(host_ + " did not answer with a token");
    }
    token_ = Secret::take(&text);
    return with_token();
  }

 private:
  SourceResult with_token() {
    Result<HttpAnswer> roles = get(kRolePath);
    if (!roles) return fail_at(roles.error());
    if (roles->status == 404) return nothing("the instance has no role");
    if (roles->status != 200) return fail_at(fail_status(*roles));
    const std::string role(trimmed(std::string_view(roles->text).substr(0, roles->text.find('\n'))));
    if (role.empty()) return nothing("the instance has no role");
    Result<HttpAnswer> response = get(kRolePath + encode_component(role));
    if (!response) return fail_at(response.error());
    if (response->status != 200) return fail_at(fail_status(*response));
    Result<Credentials> credentials = credentials_from_json(&response->text, JsonKind::kMetadata);
    if (!credentials) return fail_at(credentials.error());
    return found_at_service(std::move(*credentials), "the instance's role " + quote(role));
  }

  Result<HttpAnswer> get(const std::string& path) {
    return ask(context_, "GET", host_ + path, {{"x-aws-ec2-metadata-token", std::string(token_.reveal())}},
               patience_);
  }

  Error fail_at(const Error& error) const { return within(host_, error); }

  const SourceContext& context_;
  const std::string host_;
  const Patience patience_;
  Secret token_;
};

// Keeps *out where nobody says anything.
Status read_number(const Setting& setting, uint32_t max, uint32_t* out) {
  if (!setting) return {};
  const std::string& text = setting.value;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (failed == std::errc() && end == text.data() + text.size() && *out >= 1 && *out <= max) return {};
  return fail(TIDEMARK_E_PERMANENT,
              setting.from + ": " + quote(text) + " is not a number from 1 to " + std::to_string(max));
}

}  // namespace

SourceResult from_container(const SourceContext& context) {
  TM_ASSIGN(const ContainerPlace place, container_place(context));
  if (place.url.empty()) {
    return nothing("neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set");
  }
  TM_ASSIGN(std::string token, container_token(context));
  const std::string what = "the container's endpoint at " + place.host;
  Headers headers = {{"accept", "application/json"}};
  if (!token.empty()) headers.push_back({"authorization", token});
  wipe(&token);
  Result<HttpAnswer> response = ask(context, "GET", place.url, std::move(headers), {kContainerTimeoutMs});
  if (!response) return within(what, response.error());
  if (response->status != 200) return within(what, fail_status(*response));
  Result<Credentials> credentials = credentials_from_json(&response->text, JsonKind::kMetadata);
  if (!credentials) return within(what, credentials.error());
  return found_at_service(std::move(*credentials), what);
}

SourceResult from_instance(const SourceContext& context) {
  std::string disabled = context.environment("AWS_EC2_METADATA_DISABLED");
  for (char& c : disabled) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (disabled == "true") return nothing("AWS_EC2_METADATA_DISABLED is true");
  const MetadataSettings settings = find_metadata_settings(context.options, context.environment);
  Setting host = settings.endpoint;
  if (!host) {
    std::string mode = settings.endpoint_mode.value;
    for (char& c : mode) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (!mode.empty() && mode != "ipv4" && mode != "ipv6") {
      return fail(TIDEMARK_E_PERMANENT, settings.endpoint_mode.from + ": " +
                                            quote(settings.endpoint_mode.value) +
                                            " is unknown; known: IPv4, IPv6");
    }
    host.value = mode == "ipv6" ? kInstanceHost6 : kInstanceHost;
  }
  const Result<Endpoint> endpoint = parse_endpoint(host.value);
  if (!endpoint) return within(host.from, endpoint.error());
  while (host.value.back() == '/') host.value.pop_back();
  Patience patience = {kInstanceTimeoutMs};
  TM_TRY(read_number(settings.attempts, kInstanceAttemptsMax, &patience.attempts));
  uint32_t timeout_s = kInstanceTimeoutMs / 1000;
  TM_TRY(read_number(settings.timeout_s, kInstanceTimeoutMaxS, &timeout_s));
  patience.timeout_ms = timeout_s * 1000;
  return InstanceMetadata(context, host.value, patience).credentials();
}

}  // namespace tidemark::sinks::s3
