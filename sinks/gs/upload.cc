#include "gs/upload.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/line.h"
#include "http/endpoint.h"

namespace tidemark::sinks::gs {
namespace {

constexpr int kStuckMax = 1;  // once more from where it stands, then the archiver's turn
constexpr uint32_t kCancelMs = 5000;
constexpr uint32_t kCancelCancelledMs = 500;  // a cancelled call returns within a second
constexpr size_t kSessionBytesMax = 8 * 1024;
constexpr int kResumeIncomplete = 308;
constexpr int kClientClosed = 499;

bool is_session_gone(int status) { return status == 404 || status == 410 || status == kClientClosed; }

// The service may have the bytes, or all of them: it can be asked.
bool is_undecided(const StoreAnswer& answer) { return answer.status / 100 == 5 || answer.status == 408; }

// Also where libcurl has sent the piece once more, because a kept connection turned out dead: then a service
// that had it already may call that a bad request.
bool is_trouble(const StoreAnswer& answer) { return is_undecided(answer) || answer.status == 400; }

}  // namespace

// Only path and query count: whatever host the answer names, the endpoint that the user named is asked.
Result<Secret> session_of(StoreAnswer* answer, const std::string& what) {
  if (!answer->is_ok()) return error_of_bucket(*answer, what);
  for (Header& one : answer->headers) {
    if (one.name != "location") continue;
    Result<Endpoint> place = parse_endpoint(one.value);
    wipe(&one.value);
    if (!place || place->path.size() > kSessionBytesMax || place->path == "/") break;
    return Secret::take(&place->path);
  }
  Error error = error_of_bucket(*answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message = what + ": HTTP " + std::to_string(answer->status) +
                  " without the address of an upload session; is a proxy in the way?";
  return error;
}

Status cancel_session(Client& client, const Secret& session, const std::string& what, const Call& call) {
  const tidemark_call raw = {sizeof raw, call.check() ? kCancelMs : kCancelCancelledMs, nullptr, nullptr};
  Request request;
  request.what = what;
  request.method = "DELETE";
  request.session = session;
  request.headers.push_back({"content-type", "application/octet-stream"});
  Body nothing;  // with a Content-Length
  request.body = &nothing;
  TM_ASSIGN(const StoreAnswer answer, client.send(request, Call(&raw, nullptr)));
  if (answer.status == kClientClosed || answer.status == 204) return {};
  if (is_session_gone(answer.status)) return fail(TIDEMARK_E_NOT_FOUND, what + ": it was gone already");
  return error_of(answer, what);
}

std::optional<uint64_t> kept_bytes(const HttpAnswer& answer) {
  std::string_view text = header(answer.headers, "range");
  if (text.empty()) return 0;
  uint64_t last = 0;
  constexpr std::string_view kBegin = "bytes=0-";
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  if (!parse_number(text, &last) || last == UINT64_MAX) return std::nullopt;
  return last + 1;
}

// A look first: an upload for nothing costs gigabytes.
Status Upload::run() {
  if (source_.size_bytes() > kObjectBytesMax) {
    return fail(TIDEMARK_E_PERMANENT, "put " + sink_.config_.name_of(key_) + ": " +
                                          std::to_string(source_.size_bytes()) +
                                          " bytes; the service takes 5 TiB at most");
  }
  if (if_absent_) {
    TM_TRY(sink_.expect_absent(key_, call_));
  }
  sent_.size_bytes = source_.size_bytes();
  TM_ASSIGN(sent_.crc32c, sink_.crc32c_of(source_));
  TM_TRY(begin());
  Status done = send_pieces();
  if (done) return done;
  return give_up(std::move(done));
}

Status Upload::begin() {
  Request request = sink_.begin_request("begin the upload of", key_, if_absent_, source_.size_bytes());
  Body body(sink_.api_->begin_body());
  request.body = &body;
  const std::string what = request.what;
  TM_ASSIGN(StoreAnswer answer, sink_.client_->send(request, call_));
  if (if_absent_ && is_refusal_in_doubt(answer)) return sink_.settle_refusal(key_, answer, call_);
  TM_ASSIGN(session_, session_of(&answer, what));
  return {};
}

Request Upload::session_request(std::string_view verb, std::string content_range) const {
  Request request;
  request.what = std::string(verb) + " " + sink_.config_.name_of(key_);
  request.needs = "storage.objects.create";
  request.method = "PUT";
  request.session = session_;
  request.headers.push_back({"content-type", "application/octet-stream"});
  request.headers.push_back({"content-range", std::move(content_range)});
  return request;
}

Status Upload::send_pieces() {
  const uint64_t size = source_.size_bytes();
  while (true) {
    assert(offset_ < size);
    const uint64_t piece_end = std::min(offset_ + sink_.config_.resumable_piece_bytes, size);
    bool may_ask = false;
    Result<StoreAnswer> answer = send_piece(piece_end, &may_ask);
    if (!answer && !may_ask) return answer.error();
    std::optional<Error> trouble;
    if (!answer || is_trouble(*answer)) {
      trouble = answer ? error_of(*answer, "put " + sink_.config_.name_of(key_)) : answer.error();
      answer = ask_state();
      if (!answer || (!answer->is_ok() && answer->status != kResumeIncomplete)) return *trouble;
    }
    if (answer->status != kResumeIncomplete) return end(*answer);
    const Status moved = advance(*answer);
    if (!moved && trouble) return *trouble;
    TM_TRY(moved);
  }
}

// Where somebody has ended the session the next attempt begins a new one.
Status Upload::end(const StoreAnswer& answer) {
  const bool is_gone = is_session_gone(answer.status);
  is_session_open_ = !answer.is_ok() && !is_gone;
  Status settled = sink_.settle(key_, answer, sent_, if_absent_, call_);
  if (is_gone && settled.error().status < TIDEMARK_E_RETRYABLE) settled.error().status = TIDEMARK_E_RETRYABLE;
  return settled;
}

Result<StoreAnswer> Upload::send_piece(uint64_t end, bool* may_ask) {
  const uint64_t size = source_.size_bytes();
  Request request = session_request(
      "put", "bytes " + std::to_string(offset_) + "-" + std::to_string(end - 1) + "/" + std::to_string(size));
  if (end == size) {
    request.headers.push_back({"x-goog-hash", "crc32c=" + sent_.crc32c});
    request.has_digest = true;
    is_end_sent_ = true;
  }
  Body body(source_, offset_, end - offset_, nullptr);
  request.body = &body;
  Result<StoreAnswer> answer = sink_.client_->send(request, call_);
  *may_ask = !answer && request.is_of_connection && answer.error().status >= TIDEMARK_E_RETRYABLE;
  request.body = nullptr;
  return answer;
}

Result<StoreAnswer> Upload::ask_state() {
  Request request = session_request("ask how far is", "bytes */" + std::to_string(source_.size_bytes()));
  Body nothing;
  request.body = &nothing;
  return sink_.client_->send(request, call_);
}

Status Upload::advance(const StoreAnswer& answer) {
  const std::optional<uint64_t> kept = kept_bytes(answer);
  const std::string what = "put " + sink_.config_.name_of(key_) + ": the service ";
  if (!kept || *kept >= source_.size_bytes()) {
    return fail(TIDEMARK_E_RETRYABLE, what + "does not say how much it has");
  }
  offset_ = *kept;
  if (offset_ > reached_) {
    reached_ = offset_;
    stuck_ = 0;
    return {};
  }
  if (stuck_++ < kStuckMax) return {};
  return fail(TIDEMARK_E_RETRYABLE, what + "keeps no more than " + std::to_string(offset_) + " bytes of it");
}

// Without its cancellation the session might still become an object, if the request that finishes it is on
// its way; then whoever asked for creation looks.
Status Upload::give_up(Status why) {
  if (!is_session_open_) return why;
  const std::string what = "cancel the upload of " + sink_.config_.name_of(key_);
  const Status cancelled = cancel_session(*sink_.client_, session_, what, call_);
  if (cancelled) return why;
  if (cancelled.error().status != TIDEMARK_E_NOT_FOUND) {
    sink_.log_.write(TIDEMARK_LOG_INFO,
                     cancelled.error().message + "; the session ends by itself within a week");
  }
  const bool may_be_there = is_end_sent_ && if_absent_ && is_retryable(why.error().status);
  if (may_be_there && call_.check()) {
    const Status absent = sink_.expect_absent(key_, call_);
    if (!absent && absent.error().status == TIDEMARK_E_EXISTS) return absent;
  }
  return why;
}

}  // namespace tidemark::sinks::gs
