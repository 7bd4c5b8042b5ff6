#include "azblob/client.h"

#include "azblob/auth/account_key.h"
#include "http/body.h"
#include "http/exit_gate.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr uint32_t kBodiesRefusedMax = 10;

bool has_digest(const HttpRequest& request) { return !header(request.headers, "content-md5").empty(); }

}  // namespace

Client::Client(const Config& config, Transport& transport, CredentialsProvider& credentials, HostLog log)
    : Attempts(transport, config.expects_continue, log), config_(config), credentials_(credentials) {}

Status Client::prove(HttpRequest& asked, const Call& call) {
  auto& request = static_cast<Request&>(asked);
  TM_ASSIGN(request.credentials, credentials_.get(call));
  const bool is_token = request.credentials.kind == Credentials::Kind::kToken;
  if (is_token && !config_.is_tls()) {
    return fail(TIDEMARK_E_PERMANENT,
                "a token goes over https only, and the endpoint is http; give a key or a signature");
  }
  request.host = config_.endpoint_host;
  request.url = config_.endpoint() + encode_path(request.path);
  if (!request.query.empty()) request.url.append("?").append(encode_query(request.query));
  request.ended_us = 0;
  if (request.credentials.kind == Credentials::Kind::kSas) {
    const auto ends_us = sas_expires_us(request.credentials.secret);
    if (ends_us && *ends_us <= now_us()) request.ended_us = *ends_us;
    request.url.append(request.query.empty() ? "?" : "&").append(request.credentials.secret.reveal());
  }
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  TM_ASSIGN(request.proof, sign(request, request.credentials, now_us()));
  return {};
}

bool Client::is_to_repeat(HttpRequest& asked) {
  auto& request = static_cast<Request&>(asked);
  const int status = request.answer.status;
  if (request.answer.is_ok() && bodies_refused_ != 0 && request.body != nullptr) bodies_refused_ = 0;
  if (status != 400 && status != 401 && status != 403) return false;
  const StoreError error = store_error(request.answer);
  // An answer that says neither is about a signature that cannot be right, or about the time it was made at.
  const bool is_of_clock = status == 403 && error.code == "AuthenticationFailed" &&
                           request.credentials.kind == Credentials::Kind::kSharedKey;
  return (is_of_clock && learn_clock(request)) || is_token_to_repeat(error, request) ||
         is_body_to_repeat(error, request);
}

bool Client::is_token_to_repeat(const StoreError& error, Request& request) {
  if (request.redone_token || request.credentials.kind != Credentials::Kind::kToken) return false;
  if (request.answer.status != 401 && error.code != "AuthenticationFailed") return false;
  request.redone_token = true;
  credentials_.expired(request.credentials);
  return true;
}

// A flipped bit on the way: once more, read again from its source.
bool Client::is_body_to_repeat(const StoreError& error, Request& request) {
  if (request.body == nullptr || !has_digest(request) || request.answer.status != 400) return false;
  if (error.code != "Md5Mismatch" && error.code != "InvalidOperation") return false;
  if (!request.redone_body) {
    request.redone_body = true;
    return true;
  }
  if (++bodies_refused_ >= kBodiesRefusedMax) request.lasts = true;
  return false;
}

Result<StoreAnswer> Client::answer_of(Request& request) {
  wipe(&request.url);  // a signature may be part of it
  TM_TRY(outcome_of(request));
  return StoreAnswer{std::move(request.answer), request.needs,   has_digest(request), request.lasts,
                     request.is_in_use,         request.ended_us};
}

Result<StoreAnswer> Client::send(Request request, const Call& call) {
  TM_TRY(attempt(request, call));
  return answer_of(request);
}

Result<StoreAnswer> Client::ask(const Request& request, Patience& patience, const Call& call) {
  patience.begin();
  while (true) {
    Result<StoreAnswer> answer = send(request, call);
    if (answer && answer->is_ok()) return answer;
    const Error error = answer ? error_of(*answer, request.what) : answer.error();
    // Once the time is up, what came before says more.
    if (!answer && patience.last() && !call.check()) return *patience.last();
    if (!patience.wait(error)) return answer;
  }
}

}  // namespace tidemark::sinks::azblob
