#include "s3/client.h"

#include <time.h>

#include <cstdlib>

#include "http/exit_gate.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kSkewUs = 4 * 60 * 1'000'000ll;  // stores accept 15 minutes, some only 5

constexpr int64_t kNewKeyUs = 60 * 1'000'000ll;  // a store may take so long to hear of a key
constexpr uint32_t kBodiesRefusedMax = 10;
constexpr uint64_t kSmallBodyBytes = 64 * 1024;

int64_t monotonic_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

int64_t system_us() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
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

Error within(std::string_view what, Error error) {
  if (!error.reported) error.message = std::string(what) + ": " + error.message;
  return error;
}

Client::Client(const Config& config, std::string region, Transport& transport,
               CredentialsProvider& credentials, HostLog log)
    : config_(config),
      address_(address_of(config, region)),
      transport_(transport),
      credentials_(credentials),
      log_(log),
      takes_expect_(config.expects_continue),
      region_(std::move(region)) {}

int64_t Client::now_us() const { return system_us() + clock_offset_us_.load(std::memory_order_relaxed); }

std::string Client::region() const {
  const MutexLock lock(mutex_);
  return region_;
}

Result<Headers> Client::sign(const Request& request, const std::string& host, const Exchange& exchange) {
  SignRequest to_sign;
  to_sign.method = request.method;
  to_sign.host = host;
  to_sign.path = request.path;
  to_sign.query = request.query;
  to_sign.headers = request.headers;
  std::string digest;
  if (request.body == nullptr || request.body->size_bytes() == 0) {
    to_sign.payload_sha256 = kSha256OfNothing;
  } else if (!config_.sign_payload) {
    to_sign.payload_sha256 = kUnsigned;
  } else if (!request.payload_sha256.empty()) {
    to_sign.payload_sha256 = request.payload_sha256;
  } else {
    TM_ASSIGN(std::string computed, sha256_hex({request.body->memory(), request.body->size_bytes()}));
    digest = std::move(computed);
    to_sign.payload_sha256 = digest;
  }
  return signer_.sign(to_sign, exchange.credentials, exchange.region, now_us());
}

Status Client::start(Session& session, Exchange& exchange, const Call& call) {
  Request& request = exchange.request;
  Result<Credentials> credentials = credentials_.get(call);
  if (!credentials) return within(request.what, credentials.error());
  exchange.credentials = std::move(*credentials);
  note_key(exchange.credentials.access_key_id);
  exchange.region = region();
  exchange.is_in_use = is_in_use_.load(std::memory_order_relaxed);
  const Address address = address_of(config_, exchange.region);
  if (request.body != nullptr) request.body->rewind(0);

  Headers signature;
  {
    const ExitGate::Pass pass;
    TM_TRY(pass.check());
    Result<Headers> made = sign(request, address.host, exchange);
    if (!made) return within(request.what, made.error());
    signature = std::move(*made);
  }

  Transfer& transfer = exchange.transfer;
  transfer.method = request.method;
  transfer.url = address.scheme + "://" + address.host + encode_path(request.path);
  if (!request.query.empty()) transfer.url.append("?").append(encode_query(request.query));
  transfer.headers = request.headers;
  for (Header& header : signature) transfer.headers.push_back(std::move(header));
  transfer.body = request.body;
  transfer.text_max = request.text_max;
  transfer.may_expect = takes_expect_.load(std::memory_order_relaxed);
  transfer.on_data = request.on_data;
  const auto small_ms = static_cast<uint32_t>(config_.transport.small_answer_ms());
  const bool is_small = request.body == nullptr || request.body->size_bytes() <= kSmallBodyBytes;
  transfer.timeout_ms = is_small && !request.takes_long ? small_ms : 0;
  transfer.answer_timeout_ms = request.takes_long && !request.on_data ? 0 : small_ms;
  const Status started = session.start(transfer);
  for (Header& header : transfer.headers) wipe(&header.value);  // libcurl has its own copy by now
  transfer.headers.clear();
  if (!started) return within(request.what, started.error());
  return {};
}

bool Client::settle(Exchange& exchange) {
  const Transfer& transfer = exchange.transfer;
  if (learn_expect(exchange)) return false;
  if (!transfer.outcome) return true;
  if (transfer.status / 100 == 2) {
    if (bodies_refused_ != 0 && exchange.request.body != nullptr) bodies_refused_ = 0;
    return true;
  }
  if (transfer.status < 300 || transfer.status > 408) return true;
  const StoreAnswer answer = {transfer.status, transfer.answer, transfer.text};
  const StoreError error = store_error(answer);
  if (learn_region(answer, error, exchange) || learn_clock(answer, error, exchange)) return false;
  // An answer to HEAD says no more than 400.
  const bool perhaps_expired = answer.status == 400 && error.code.empty() &&
                               exchange.request.method == "HEAD" &&
                               !exchange.credentials.session_token.empty();
  if (!exchange.redone_token && (is_expired(error) || perhaps_expired)) {
    exchange.redone_token = true;
    credentials_.expired(exchange.credentials);
    return false;
  }
  return !is_key_to_repeat(answer, error, exchange) && !is_body_to_repeat(error, exchange);
}

// Some proxies know no Expect, and end the connection over it.
bool Client::learn_expect(Exchange& exchange) {
  const Transfer& transfer = exchange.transfer;
  if (!transfer.refused_to_expect) return false;
  if (takes_expect_.exchange(false)) {
    log_.write(
        TIDEMARK_LOG_INFO,
        "417 to Expect: 100-continue; bodies are sent without asking from now on, as with expect=never");
  }
  if (transfer.status / 100 == 2 || exchange.redone_expect) return false;
  exchange.redone_expect = true;
  return true;
}

// A key that has just come into use may not have reached every machine of the store; and one that a store
// does not know may have been replaced at its source.
bool Client::is_key_to_repeat(const StoreAnswer& answer, const StoreError& error, Exchange& exchange) {
  if (answer.status != 403 && !is_of_key(error)) return false;
  const bool is_new = is_key_new(exchange.credentials.access_key_id);
  if (is_new) exchange.lasts = StoreAnswer::Lasts::kMayPass;
  if (exchange.redone_key || (!is_new && error.code != "InvalidAccessKeyId")) return false;
  exchange.redone_key = true;
  if (error.code == "InvalidAccessKeyId") credentials_.expired(exchange.credentials);
  return true;
}

// A flipped bit on the way, or a body that stopped there: once more, read again from its source.
bool Client::is_body_to_repeat(const StoreError& error, Exchange& exchange) {
  if (exchange.request.body == nullptr || !exchange.request.repeats_body) return false;
  const bool of_digest = is_of_digest(error);
  if (!of_digest && error.code != "IncompleteBody" && error.code != "RequestTimeout") return false;
  if (!exchange.redone_body) {
    exchange.redone_body = true;
    return true;
  }
  if (of_digest && ++bodies_refused_ >= kBodiesRefusedMax) exchange.lasts = StoreAnswer::Lasts::kLasts;
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

bool Client::learn_region(const StoreAnswer& answer, const StoreError& error, Exchange& exchange) {
  const bool elsewhere = answer.status == 301 || answer.status == 307 ||
                         error.code == "AuthorizationHeaderMalformed" ||
                         (answer.status == 400 && error.code.empty() && exchange.request.method == "HEAD");
  if (!elsewhere || exchange.redone_region) return false;
  const std::string_view said = !error.region.empty() ? error.region : expected_in(error.message);
  if (!is_region(said) || said == exchange.region) return false;
  exchange.redone_region = true;
  {
    const MutexLock lock(mutex_);
    region_ = said;
  }
  log_.write(TIDEMARK_LOG_INFO, "bucket " + config_.bucket + " is in region " + std::string(said) +
                                    ", says the store; set region to spare the first attempt");
  return true;
}

bool Client::learn_clock(const StoreAnswer& answer, const StoreError& error, Exchange& exchange) {
  if (answer.status != 403 || exchange.redone_clock) return false;
  const bool may_be = error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired" ||
                      (error.code.empty() && exchange.request.method == "HEAD");
  const std::optional<int64_t> theirs_us = date_us(answer.headers);
  if (!may_be || !theirs_us || std::llabs(*theirs_us - now_us()) < kSkewUs) return false;
  exchange.redone_clock = true;
  const int64_t offset_us = *theirs_us - system_us();
  clock_offset_us_.store(offset_us, std::memory_order_relaxed);
  log_.write(TIDEMARK_LOG_WARN, "the clock of this machine and the store's differ by " +
                                    std::to_string(offset_us / 1'000'000) +
                                    " s; requests are signed by the store's");
  return true;
}

Result<StoreAnswer> Client::answer_of(Exchange& exchange) {
  Transfer& transfer = exchange.transfer;
  if (!transfer.outcome) {
    Error error = within(exchange.request.what, transfer.outcome.error());
    if (exchange.is_in_use && transfer.is_of_connection && error.status == TIDEMARK_E_PERMANENT) {
      error.status = TIDEMARK_E_RETRYABLE;
    }
    return error;
  }
  return StoreAnswer{transfer.status,
                     std::move(transfer.answer),
                     std::move(transfer.text),
                     exchange.request.method == "HEAD",
                     exchange.request.needs,
                     exchange.lasts,
                     transfer.via,
                     exchange.region,
                     exchange.is_in_use};
}

Result<StoreAnswer> Client::send(Request request, const Call& call) {
  Exchange exchange{std::move(request)};
  Session session(transport_);
  do {
    TM_TRY(start(session, exchange, call));
    const Result<Transfer*> done = session.drive(call);
    if (!done) return within(exchange.request.what, done.error());
  } while (!settle(exchange));
  return answer_of(exchange);
}

}  // namespace tidemark::sinks::s3
