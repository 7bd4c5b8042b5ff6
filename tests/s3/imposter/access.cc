#include "access.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "imposter/signature.h"
#include "imposter/text.h"

namespace imposter {
namespace {

constexpr int64_t kMaxSkewS = 15 * 60;

std::optional<Refusal> check_scope(const Authorization& authorization, const Config& config,
                                   const std::string& region, const std::string& amz_date) {
  if (authorization.service != "s3") {
    return Refusal{400, "AuthorizationHeaderMalformed", "the service in the credential's scope is not s3"};
  }
  if (amz_date.compare(0, 8, authorization.date) != 0) {
    return Refusal{400, "AuthorizationHeaderMalformed",
                   "the date in the credential's scope is not x-amz-date's"};
  }
  if (authorization.region == region) return {};
  if (!config.names_region) {
    return Refusal{400, "AuthorizationHeaderMalformed", "the region '" + authorization.region + "' is wrong"};
  }
  if (config.redirects_region) {
    return Refusal{
        301,
        "PermanentRedirect",
        "the bucket must be addressed in its own region",
        {{"Bucket", config.bucket}, {"Endpoint", config.bucket + ".s3." + region + ".amazonaws.com"}},
        {{"x-amz-bucket-region", region}}};
  }
  return Refusal{400,
                 "AuthorizationHeaderMalformed",
                 "the region '" + authorization.region + "' is wrong; expecting '" + region + "'",
                 {{"Region", region}},
                 {{"x-amz-bucket-region", region}}};
}

}  // namespace

std::optional<Refusal> Access::check_identity(const Request& request, const Config& config,
                                              const std::string& access_key, std::string* secret_key) const {
  const std::string* token = request.header("x-amz-security-token");
  const std::lock_guard lock(mutex_);
  if (config.is_token_expired) return Refusal{400, "ExpiredToken", "the provided token has expired"};
  if (token != nullptr && old_tokens_.count(*token) > 0) {
    return Refusal{400, "ExpiredToken", "the provided token has expired"};
  }
  if (access_key != keys_.access_key || (token == nullptr && !keys_.session_token.empty())) {
    return Refusal{403,
                   "InvalidAccessKeyId",
                   "the access key does not exist in our records",
                   {{"AWSAccessKeyId", access_key}}};
  }
  if (token != nullptr && *token != keys_.session_token) {
    return Refusal{400, "InvalidToken", "the provided token is malformed or otherwise invalid"};
  }
  *secret_key = keys_.secret_key;
  return {};
}

std::optional<Refusal> Access::check(const Request& request, const Config& config, const std::string& region,
                                     std::time_t now) const {
  const std::string* header = request.header("authorization");
  if (header == nullptr) return Refusal{403, "AccessDenied", "the request is not signed"};
  const std::optional<Authorization> authorization = parse_authorization(kAws, *header);
  if (!authorization)
    return Refusal{400, "AuthorizationHeaderMalformed", "the authorization header is malformed"};
  std::string secret_key;
  if (auto refusal = check_identity(request, config, authorization->access_key, &secret_key)) return refusal;

  const std::string amz_date = request.header_or("x-amz-date", "");
  const std::optional<std::time_t> signed_at = parse_signature_date(amz_date);
  if (!signed_at) return Refusal{403, "AccessDenied", "a valid x-amz-date is required"};
  if (std::abs(static_cast<int64_t>(*signed_at) - static_cast<int64_t>(now)) > kMaxSkewS) {
    return Refusal{403,
                   "RequestTimeTooSkewed",
                   "the difference between the request time and the current time is too large",
                   {{"RequestTime", amz_date},
                    {"ServerTime", iso_date(now)},
                    {"MaxAllowedSkewMilliseconds", std::to_string(kMaxSkewS * 1000)}}};
  }
  if (auto refusal = check_scope(*authorization, config, region, amz_date)) return refusal;

  const std::string payload = request.header_or("x-amz-content-sha256", "");
  const bool is_hex =
      payload.size() == 64 && payload.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (payload == "UNSIGNED-PAYLOAD") {
    if (!request.is_tls && !config.takes_unsigned) {
      return Refusal{400, "InvalidRequest", "an unsigned payload is taken over TLS only"};
    }
  } else if (payload.starts_with("STREAMING-")) {
    return Refusal{501, "NotImplemented", "streamed payloads are not taken"};
  } else if (!is_hex) {
    return Refusal{400, "InvalidArgument",
                   "x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a SHA-256 in hex"};
  }
  if (const std::string problem = signed_headers_problem(kAws, request, *authorization); !problem.empty()) {
    return Refusal{403, "AccessDenied", "there were headers present which were not signed: " + problem};
  }
  if (expected_signature(kAws, request, *authorization, secret_key, amz_date, payload) !=
      authorization->signature) {
    return Refusal{403,
                   "SignatureDoesNotMatch",
                   "the request signature we calculated does not match the one you provided",
                   {{"AWSAccessKeyId", authorization->access_key}}};
  }
  return {};
}

void Access::accept(Keys keys) {
  const std::lock_guard lock(mutex_);
  if (!keys_.session_token.empty()) old_tokens_.insert(keys_.session_token);
  keys_ = std::move(keys);
}

void Access::rotate(const std::string& credentials_file) {
  const std::lock_guard lock(mutex_);
  const std::string number = std::to_string(++rotations_);
  Keys keys = {"ROTATED" + number, "rotated-secret-" + number,
               keys_.session_token.empty() ? "" : "token+/=" + number};
  if (!credentials_file.empty()) {
    const std::string draft = credentials_file + ".new";
    std::ofstream file(draft, std::ios::trunc);
    file << "[default]\naws_access_key_id = " << keys.access_key
         << "\naws_secret_access_key = " << keys.secret_key << "\n";
    if (!keys.session_token.empty()) file << "aws_session_token = " << keys.session_token << "\n";
    file.close();
    if (!file || std::rename(draft.c_str(), credentials_file.c_str()) != 0)
      return;  // nobody could learn them
  }
  if (!keys_.session_token.empty()) old_tokens_.insert(keys_.session_token);
  keys_ = std::move(keys);
}

Keys Access::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

}  // namespace imposter
