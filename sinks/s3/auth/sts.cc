#include "s3/auth/sts.h"

#include <pugixml.hpp>

#include <utility>

#include "base/line.h"
#include "base/wall_clock.h"
#include "http/body.h"
#include "http/digests.h"
#include "http/endpoint.h"
#include "http/iso_time.h"
#include "s3/auth/aws_host.h"
#include "s3/auth/settings.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint32_t kTimeoutMs = 20'000;
constexpr char kFallbackRegion[] = "us-east-1";

struct Service {
  std::string url;
  Endpoint endpoint;
  std::string region;
};

Result<Service> find_service(const SourceContext& context) {
  const Settings settings = find_settings(context.options, context.environment);
  if (!settings.region) return settings.region.error();
  if (!settings.sts_endpoint_url) return settings.sts_endpoint_url.error();
  Service service;
  service.region = *settings.region ? settings.region->value : kFallbackRegion;
  service.url = settings.sts_endpoint_url->value;
  if (service.url.empty()) {
    // The region becomes part of a host's name.
    if (service.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
      return fail(TIDEMARK_E_INVALID,
                  "region " + quote(service.region) + " is not one of AWS; set AWS_ENDPOINT_URL_STS");
    }
    service.url =
        "https://" + sts_host(service.region, {.fips = static_cast<bool>(settings.fips),
                                               .dual_stack = static_cast<bool>(settings.sts_dual_stack)});
  }
  Result<Endpoint> endpoint = parse_endpoint(service.url);
  if (!endpoint) {
    const std::string& from = settings.sts_endpoint_url->from;
    return within("the endpoint of STS" + (from.empty() ? from : ", " + from), endpoint.error());
  }
  if (endpoint->path.find('?') != std::string::npos || endpoint->path.find('%') != std::string::npos) {
    return fail(TIDEMARK_E_INVALID, "the endpoint of STS, " + settings.sts_endpoint_url->from +
                                        ": has a query or a percent sign");
  }
  service.endpoint = std::move(*endpoint);
  return service;
}

std::string session_name(const SourceContext& context, const AssumeRole& role) {
  return role.session_name.empty() ? "tidemark-" + std::to_string(context.now_us() / kUsPerSecond)
                                   : role.session_name;
}

// The form of both actions, but for what is the action's own.
QueryPairs form_of(const SourceContext& context, const AssumeRole& role, const char* action) {
  QueryPairs form = {{"Action", action},
                     {"Version", "2011-06-15"},
                     {"RoleArn", role.arn},
                     {"RoleSessionName", session_name(context, role)}};
  if (role.duration_s != 0) form.emplace_back("DurationSeconds", std::to_string(role.duration_s));
  return form;
}

// What to do about an error of the service. A token that has expired is soon replaced by the one who wrote
// it.
tidemark_status classify(int http_status, std::string_view code) {
  if (http_status == 429 || code == "Throttling" || code == "ThrottlingException" || code == "SlowDown") {
    return TIDEMARK_E_THROTTLED;
  }
  const bool passes = code == "IDPCommunicationError" || code == "ExpiredTokenException" ||
                      code == "RequestTimeout" || code == "InternalFailure" || code == "ServiceUnavailable";
  return http_status >= 500 || http_status == 408 || passes ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
}

Error fail_answer(int http_status, const pugi::xml_document& document) {
  pugi::xml_node root = document.child("ErrorResponse");
  if (!root) root = document;  // some services have <Error> outermost
  const pugi::xml_node node = root.child("Error");
  Error error;
  error.http_status = http_status;
  error.code = node.child_value("Code");
  error.status = classify(http_status, error.code);
  error.message = error.code.empty() ? "answered HTTP " + std::to_string(http_status)
                                     : error.code + ": " + node.child_value("Message");
  std::string id = root.child_value("RequestId");
  if (id.empty()) id = node.child_value("RequestId");
  if (!id.empty()) error.message += " (request id " + id + ")";
  return error;
}

Result<Credentials> read_credentials(const pugi::xml_document& document, bool whole,
                                     const std::string& action) {
  const pugi::xml_node node =
      document.child((action + "Response").c_str()).child((action + "Result").c_str()).child("Credentials");
  Credentials credentials;
  credentials.access_key_id = node.child_value("AccessKeyId");
  credentials.secret_access_key = Secret(node.child_value("SecretAccessKey"));
  credentials.session_token = Secret(node.child_value("SessionToken"));
  const auto expires_us = parse_iso_time_us(node.child_value("Expiration"));
  if (!whole || credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      credentials.session_token.empty() || !expires_us) {
    return fail(TIDEMARK_E_RETRYABLE, "the answer is cut short or has no complete credentials in it");
  }
  credentials.expires_us = *expires_us;
  return credentials;
}

HttpRequest post(const Service& service) {
  HttpRequest request;
  request.method = "POST";
  request.host = service.endpoint.host;
  request.path = service.endpoint.path;
  request.url = service.url;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.timeout_ms = kTimeoutMs;
  return request;
}

// Posts the form and reads the answer. Wipes the form and the answer: there are tokens and keys in them.
Result<Credentials> exchange(const SourceContext& context, HttpRequest& request, std::string* form,
                             const std::string& action) {
  Body body(*form);
  request.body = &body;
  Result<HttpAnswer> response = context.fetch(request, context.call);
  wipe(form);
  if (!response) return response.error();
  pugi::xml_document document;  // its texts lie in the body
  const bool whole = document.load_buffer_inplace(response->text.data(), response->text.size());
  Result<Credentials> credentials = response->status == 200
                                        ? read_credentials(document, whole, action)
                                        : Result<Credentials>(fail_answer(response->status, document));
  wipe(&response->text);
  return credentials;
}

std::string what(const char* action, const Service& service, const AssumeRole& role) {
  return "STS at " + quote(service.endpoint.host) + ", " + action + " of " + quote(role.arn);
}

}  // namespace

Result<Credentials> assume_role(const SourceContext& context, const AssumeRole& role,
                                const Credentials& source) {
  TM_ASSIGN(Service service, find_service(context));
  QueryPairs form = form_of(context, role, "AssumeRole");
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  std::string text = encode_query(form);
  HttpRequest request = post(service);
  TM_ASSIGN(request.payload_sha256, sha256_hex(text));
  Signer signer("sts");
  TM_ASSIGN(request.proof, signer.sign(request, source, service.region, context.now_us()));
  Result<Credentials> credentials = exchange(context, request, &text, "AssumeRole");
  if (!credentials) return within(what("AssumeRole", service, role), credentials.error());
  return credentials;
}

Result<Credentials> assume_role_with_web_identity(const SourceContext& context, const AssumeRole& role,
                                                  const std::string& token_file) {
  TM_ASSIGN(Service service, find_service(context));
  Result<std::string> token = read_small_file(token_file);
  if (!token) return within("the web identity token", token.error());
  const std::string_view said = trimmed(*token);
  if (said.empty()) {
    return fail(TIDEMARK_E_RETRYABLE, "the web identity token: " + quote(token_file) + " is empty");
  }
  QueryPairs form = form_of(context, role, "AssumeRoleWithWebIdentity");
  form.emplace_back("WebIdentityToken", said);
  wipe(&*token);
  std::string text = encode_query(form);  // not signed: the token is what proves who asks
  wipe(&form.back().second);
  HttpRequest request = post(service);
  Result<Credentials> credentials = exchange(context, request, &text, "AssumeRoleWithWebIdentity");
  if (!credentials) return within(what("AssumeRoleWithWebIdentity", service, role), credentials.error());
  return credentials;
}

}  // namespace tidemark::sinks::s3
