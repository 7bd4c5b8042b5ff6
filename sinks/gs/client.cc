#include "gs/client.h"

#include <algorithm>
#include <utility>

namespace tidemark::sinks::gs {

Status Client::prove(HttpRequest& asked, const Call& call) {
  auto& request = static_cast<Request&>(asked);
  request.url = config_.origin;
  if (!request.session.empty()) {
    request.url.append(request.session.reveal());
    return {};
  }
  request.url.append(config_.has_hmac_key() ? encode_path(request.path) : request.path);
  if (!request.query.empty()) request.url.append("?").append(encode_query(request.query));
  if (config_.has_hmac_key()) return sign(request);
  TM_ASSIGN(request.token, tokens_.get(call));
  if (!request.token.bearer.empty()) {
    request.proof.push_back({"authorization", "Bearer "});
    request.proof.back().value.append(request.token.bearer.reveal());
  }
  return {};
}

// Of the body the signature says nothing: its digest goes along, and no second pass is made for another. What
// others on the way change (Accept-Encoding) is not signed, because only the headers of the request are.
Status Client::sign(Request& request) {
  request.host = config_.origin.substr(config_.origin.find("//") + 2);
  request.payload_sha256 = kUnsignedPayload;
  TM_ASSIGN(request.proof, signer_.sign(request, config_.hmac_key, "auto", now_us()));
  return {};
}

bool Client::is_to_repeat(HttpRequest& asked) {
  auto& request = static_cast<Request&>(asked);
  if (config_.has_hmac_key()) {
    const bool may_be_clock =
        request.answer.status == 403 &&
        (request.method == "HEAD" || store_error(request.answer).reason == "RequestTimeTooSkewed");
    return may_be_clock && learn_clock(request);
  }
  if (request.answer.status != 401 || request.redone_token || request.token.bearer.empty()) return false;
  request.redone_token = true;
  tokens_.expired(request.token);
  return true;
}

Result<StoreAnswer> Client::send(Request& request, const Call& call) {
  const Status attempted = attempt(request, call);
  if (!request.session.empty()) wipe(&request.url);
  TM_TRY(attempted);
  TM_TRY(outcome_of(request));
  return StoreAnswer{std::move(request.answer), request.needs, request.has_digest, request.is_in_use};
}

Result<StoreAnswer> Client::ask(const Request& request, Patience& patience, const Call& call) {
  patience.begin();
  while (true) {
    Result<StoreAnswer> answer = send(Request(request), call);
    if (answer && (answer->is_ok() || answer->status == 400)) return answer;
    const Error error = answer ? error_of(*answer, request.what) : answer.error();
    // Once the time is up, what came before says more.
    if (!answer && patience.last() && !call.check()) return *patience.last();
    if (!patience.wait(error)) return answer;
  }
}

}  // namespace tidemark::sinks::gs
