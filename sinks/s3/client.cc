#include "s3/client.h"

#include <time.h>

#include "http/body.h"
#include "http/digests.h"
#include "http/exit_gate.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kNewKeyUs = 60 * 1'000'000ll;  // a store may take so long to hear of a key
constexpr uint32_t kBodiesRefusedMax = 10;

int64_t monotonic_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

// Swift says the region only in words: "…; expecting 'us-east-1'".
std::string_view expected_in(std::string_view message) {
  constexpr std::string_view kBefore = "expecting '";
  const size_t begin = message.find(kBefore);
  if (begin == std::string_view::npos) return {};
  message.remove_prefix(begin + kBefore.size());
  return message.substr(0, message.find('\''));
}

bool is_expired(const StoreError& error) {
  return error.code == "ExpiredToken" || error.code == "ExpiredTokenException" ||
         error.code == "TokenRefreshRequired";
}

// What a store says of a key or token that it does not know, or does not know yet.
bool is_of_key(const StoreError& error) {
  return error.code == "InvalidAccessKeyId" || error.code == "SignatureDoesNotMatch" ||
         error.code == "InvalidClientTokenId" || error.code == "InvalidToken";
}

bool is_of_digest(const StoreError& error) {
  return error.code == "BadDigest" || error.code == "XAmzContentSHA256Mismatch" ||
         error.code == "XAmzContentChecksumMismatch";
}

}  // namespace

Client::Client(const Config& config, std::string region, Transport& transport,
               CredentialsProvider& credentials, HostLog log)
    : Attempts(transport, config.expects_continue, log),
      config_(config),
      address_(address_of(config, region)),
      credentials_(credentials),
      region_(std::move(region)) {}

std::string Client::region() const {
  const MutexLock lock(mutex_);
  return region_;
}

// What the signature says of the body.
Status Client::settle_payload(Request& request) const {
  if (request.body == nullptr || request.body->size_bytes() == 0) {
    request.payload_sha256 = kSha256OfNothing;
  } else if (!config_.sign_payload) {
    request.payload_sha256 = kUnsignedPayload;
  } else if (request.payload_sha256.empty()) {
    TM_ASSIGN(request.payload_sha256, sha256_hex(request.body->text()));
  }
  return {};
}

Status Client::prove(HttpRequest& asked, const Call& call) {
  auto& request = static_cast<Request&>(asked);
  TM_ASSIGN(request.credentials, credentials_.get(call));
  note_key(request.credentials.access_key_id);
  request.region = region();
  const Address address = address_of(config_, request.region);
  request.host = address.host;
  request.url = address.scheme + "://" + address.host + encode_path(request.path);
  if (!request.query.empty()) request.url.append("?").append(encode_query(request.query));
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  TM_TRY(settle_payload(request));
  TM_ASSIGN(request.proof, signer_.sign(request, request.credentials, request.region, now_us()));
  return {};
}

bool Client::is_to_repeat(HttpRequest& asked) {
  auto& request = static_cast<Request&>(asked);
  const int status = request.answer.status;
  if (request.answer.is_ok() && bodies_refused_ != 0 && request.body != nullptr) bodies_refused_ = 0;
  if (status < 300 || status > 408) return false;
  const StoreError error = store_error(request.answer);
  const bool is_of_clock = error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired" ||
                           (error.code.empty() && request.method == "HEAD");
  return learn_region(error, request) || (status == 403 && is_of_clock && learn_clock(request)) ||
         is_token_to_repeat(error, request) || is_key_to_repeat(error, request) ||
         is_body_to_repeat(error, request);
}

bool Client::is_token_to_repeat(const StoreError& error, Request& request) {
  // An answer to HEAD says no more than 400.
  const bool perhaps_expired = request.answer.status == 400 && error.code.empty() &&
                               request.method == "HEAD" && !request.credentials.session_token.empty();
  if (request.redone_token || (!is_expired(error) && !perhaps_expired)) return false;
  request.redone_token = true;
  credentials_.expired(request.credentials);
  return true;
}

// A key that has just come into use may not have reached every machine of the store; and one that a store
// does not know may have been replaced at its source.
bool Client::is_key_to_repeat(const StoreError& error, Request& request) {
  if (request.answer.status != 403 && !is_of_key(error)) return false;
  const bool is_new = is_key_new(request.credentials.access_key_id);
  if (is_new) request.lasts = StoreAnswer::Lasts::kMayPass;
  if (request.redone_key || (!is_new && error.code != "InvalidAccessKeyId")) return false;
  request.redone_key = true;
  if (error.code == "InvalidAccessKeyId") credentials_.expired(request.credentials);
  return true;
}

// A flipped bit on the way, or a body that stopped there: once more, read again from its source.
bool Client::is_body_to_repeat(const StoreError& error, Request& request) {
  if (request.body == nullptr || !request.repeats_body) return false;
  const bool of_digest = is_of_digest(error);
  if (!of_digest && error.code != "IncompleteBody" && error.code != "RequestTimeout") return false;
  if (!request.redone_body) {
    request.redone_body = true;
    return true;
  }
  if (of_digest && ++bodies_refused_ >= kBodiesRefusedMax) request.lasts = StoreAnswer::Lasts::kLasts;
  return false;
}

bool Client::is_key_new(const std::string& access_key_id) const {
  const MutexLock lock(mutex_);
  return key_changed_us_ != 0 && key_ == access_key_id && monotonic_us() - key_changed_us_ < kNewKeyUs;
}

void Client::note_key(const std::string& access_key_id) {
  const MutexLock lock(mutex_);
  if (key_ == access_key_id) return;
  if (!key_.empty()) key_changed_us_ = monotonic_us();
  key_ = access_key_id;
}

bool Client::learn_region(const StoreError& error, Request& request) {
  const int status = request.answer.status;
  const bool elsewhere = status == 301 || status == 307 || error.code == "AuthorizationHeaderMalformed" ||
                         (status == 400 && error.code.empty() && request.method == "HEAD");
  if (!elsewhere || request.redone_region) return false;
  const std::string_view said = !error.region.empty() ? error.region : expected_in(error.message);
  if (!is_region(said) || said == request.region) return false;
  request.redone_region = true;
  {
    const MutexLock lock(mutex_);
    region_ = said;
  }
  log().write(TIDEMARK_LOG_INFO, "bucket " + config_.bucket + " is in region " + std::string(said) +
                                     ", says the store; set region to spare the first attempt");
  return true;
}

Result<StoreAnswer> Client::answer_of(Request& request) {
  TM_TRY(outcome_of(request));
  return StoreAnswer{
      std::move(request.answer), request.method == "HEAD", request.needs, request.lasts, request.region,
      request.is_in_use};
}

Result<StoreAnswer> Client::send(Request request, const Call& call) {
  TM_TRY(attempt(request, call));
  return answer_of(request);
}

Result<StoreAnswer> Client::ask(const Request& request, Patience& patience, const Call& call, int pages_max) {
  int pages = 0;
  patience.begin();
  while (true) {
    Result<StoreAnswer> answer = send(request, call);
    if (answer && (answer->is_ok() || answer->status == 400)) return answer;
    if (answer && answer->status == 404 && pages++ >= pages_max) return answer;
    const Error error = answer ? error_of(*answer, request.what) : answer.error();
    // Once the time is up, what came before says more.
    if (!answer && patience.last() && !call.check()) return *patience.last();
    if (!patience.wait(error)) return answer;
  }
}

}  // namespace tidemark::sinks::s3
