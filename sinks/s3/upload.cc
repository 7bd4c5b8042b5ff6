#include "s3/upload.h"

#include <algorithm>
#include <cassert>

#include "base/line.h"
#include "http/part_pump.h"
#include "http/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr uint64_t kPartsAimed = 9000;  // below the limit, so that rounding cannot reach it
constexpr uint32_t kAbortMs = 5000;
constexpr uint32_t kAbortCancelledMs = 500;  // a cancelled call returns within a second

// Answers that leave open whether the object came to be. 503 is sent before anything is done.
bool is_undecided(const StoreAnswer& answer, const StoreError& error) {
  return (answer.status >= 500 && answer.status != 501 && answer.status != 503) || answer.status == 408 ||
         error.code == "NoSuchUpload";
}

}  // namespace

uint64_t part_size_bytes(uint64_t object_bytes, uint64_t least_bytes) {
  const uint64_t size = std::max(least_bytes, (object_bytes + kPartsAimed - 1) / kPartsAimed);
  return std::min((size + kMiB - 1) / kMiB * kMiB, kPartBytesMax);
}

Upload::Upload(S3Sink& sink, std::string_view key, const Source& source, bool if_absent, const Call& call)
    : sink_(sink),
      key_(key),
      source_(source),
      if_absent_(if_absent),
      call_(call),
      part_bytes_(part_size_bytes(source.size_bytes(), sink.config_.multipart_part_size_bytes)) {}

// A look first: an upload for nothing costs gigabytes.
Status Upload::run() {
  if (source_.size_bytes() > kObjectBytesMax) {
    return fail(TIDEMARK_E_PERMANENT, "put " + sink_.config_.name_of(key_) + ": " +
                                          std::to_string(source_.size_bytes()) +
                                          " bytes; S3 takes 5 TiB at most");
  }
  if (if_absent_) {
    TM_TRY(sink_.expect_absent(key_, call_));
  }
  TM_TRY(create());
  if (Status ok = send_parts(); !ok) {
    abort();
    return ok;
  }
  return finish();
}

Status Upload::create() {
  Request request = sink_.object_request("begin the upload of", "POST", key_, sink_.put_permissions());
  const std::string what = request.what;
  request.query = {{"uploads", ""}};
  sink_.add_object_headers(&request.headers, true);
  if (by_crc()) request.headers.push_back({"x-amz-checksum-algorithm", "CRC32C"});
  Body nothing;
  request.body = &nothing;
  TM_ASSIGN(const StoreAnswer answer, sink_.client_->send(std::move(request), call_));
  if (!answer.is_ok() || !store_error(answer).code.empty()) {
    return error_of_bucket(answer, what);
  }
  Result<std::string> id = parse_upload_id(answer.text);
  if (!id) return within(what, id.error());
  id_ = std::move(*id);
  return {};
}

Status Upload::send_parts() {
  Digests::Wanted wanted;
  wanted.sha256 = sink_.config_.sign_payload;
  wanted.crc32c = by_crc();
  wanted.md5 = !by_crc();
  PartPump pump(
      source_, sink_.buffers_,
      {"put " + sink_.config_.name_of(key_), part_bytes_, sink_.config_.multipart_parallel, wanted});
  Session session(*sink_.transport_);
  const PartSender sender = {[&](uint64_t begin, uint64_t end, Digests& digests) {
                               return start_part(begin, end, digests, session);
                             },
                             [&](HttpRequest& ended) { return settle_part(ended, session); }};
  return pump.run(session, sender, call_);
}

Status Upload::start_part(uint64_t begin, uint64_t end, Digests& digests, Session& session) {
  assert(parts_.size() < kPartsMax);  // part_size_bytes() has seen to that
  auto part = std::make_unique<Part>(parts_.size(), source_, begin, end, sink_.buffers_);
  Request& request = part->request;
  request = sink_.object_request("put", "PUT", key_, "s3:PutObject");
  request.what += ", part " + std::to_string(part->index + 1);
  request.query = {{"partNumber", std::to_string(part->index + 1)}, {"uploadId", id_}};
  request.headers.push_back({"content-type", "application/octet-stream"});
  UploadedPart uploaded;
  part->sent.size_bytes = part->body.size_bytes();
  part->sent.body = &part->body;
  if (by_crc()) {
    part->sent.crc32c = crc32c_text(digests.crc32c());
    if (needs_md5(sink_.traits_, part->body.size_bytes())) part->body.digest_as_sent();
    uploaded.crc32c = part->sent.crc32c;
    request.headers.push_back({"x-amz-checksum-crc32c", uploaded.crc32c});
  } else {
    TM_ASSIGN(part->sent.md5_base64, digests.md5_base64());
    request.headers.push_back({"content-md5", part->sent.md5_base64});
  }
  if (sink_.config_.sign_payload) {
    TM_ASSIGN(request.payload_sha256, digests.sha256_hex());
  }
  request.body = &part->body;
  parts_.push_back(std::move(uploaded));
  running_.push_back(std::move(part));
  return sink_.client_->start(session, running_.back()->request, call_);
}

Result<bool> Upload::settle_part(const HttpRequest& ended, Session& session) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& part) { return &part->request == &ended; });
  assert(at != running_.end());
  if (!sink_.client_->settle((*at)->request)) {
    TM_TRY(sink_.client_->start(session, (*at)->request, call_));
    return false;
  }
  TM_TRY(end_part(**at));
  running_.erase(at);
  return true;
}

Status Upload::end_part(Part& part) {
  TM_ASSIGN(const StoreAnswer answer, Client::answer_of(part.request));
  if (!answer.is_ok()) {
    Error error = error_of(answer, part.request.what);
    // Somebody swept it away; the next attempt begins a new one.
    if (answer.status == 404) error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  // A part cannot be looked at, so any doubt sends the object once more.
  const Result<std::optional<Doubt>> doubt = doubt_about(answer, sink_.traits_, part.sent);
  if (!doubt) return within(part.request.what, doubt.error());
  // A part with an ETag that says nothing is met again when the store completes the upload.
  const bool has_etag = !header(answer.headers, "etag").empty();
  if (*doubt && !((*doubt)->is_of_etag && has_etag)) {
    Error error = error_of(answer, part.request.what);
    if (error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
    error.message = part.request.what + ": " + (*doubt)->why;
    return error;
  }
  parts_[part.index].etag = header(answer.headers, "etag");
  return {};
}

Result<StoreAnswer> Upload::complete(bool conditional) {
  assert(running_.empty());
  const std::string text = complete_text(parts_);
  Body body(text);
  Request request = sink_.object_request("complete", "POST", key_, "s3:PutObject");
  request.query = {{"uploadId", id_}};
  request.headers.push_back({"content-type", "application/xml"});
  if (conditional) request.headers.push_back({"if-none-match", "*"});
  request.body = &body;
  request.takes_long = true;  // S3 sends blanks while it is at it
  return sink_.client_->send(std::move(request), call_);
}

Status Upload::finish() {
  const bool conditional = if_absent_ && sink_.traits_.conditional_complete;
  BusyKeys::Hold hold;
  if (if_absent_ && !conditional) {
    Status alone = hold.acquire(sink_.busy_keys_, key_, call_);
    if (alone) alone = sink_.expect_absent(key_, call_);
    if (!alone) {
      abort();
      return alone;
    }
  }
  const std::string what = "complete " + sink_.config_.name_of(key_);
  const auto begin = std::chrono::steady_clock::now();
  const Result<StoreAnswer> answer = complete(conditional);
  const auto took = std::chrono::steady_clock::now() - begin;
  if (!answer) return settle(answer.error());
  if (answer->is_ok()) {
    const std::optional<std::string> etag = parse_complete(answer->text);
    if (etag && answer->status == 200) {
      const bool is_alone = conditional || !if_absent_;
      const bool is_proven =
          !etag->empty() && (sink_.traits_.etag != Etag::kMd5 || match_parts(*etag, parts_) == Match::kSame);
      return is_alone && is_proven ? Status() : verify(*etag, took, is_alone);
    }
    // The store sends 200 first and finds out later whether that was true.
    const StoreError inside = store_error(*answer);
    if (inside.code.empty()) {
      return settle(fail(TIDEMARK_E_RETRYABLE, what + ": the answer is " + what_it_is(answer->text)));
    }
  }
  Error error = error_of_bucket(*answer, what);
  if (is_undecided(*answer, store_error(*answer))) return settle(std::move(error));
  abort();
  if (answer->status == 412) error.status = TIDEMARK_E_EXISTS;
  return error;
}

Status Upload::settle(Error error) {
  return settle_undecided(std::move(error), if_absent_ && call_.check(),
                          [this] { return sink_.expect_absent(key_, call_); });
}

// Is the object there, and ours? Of two that completed at the same time, each believing the name free, the
// later one has replaced the other.
Status Upload::verify(const std::string& etag, std::chrono::steady_clock::duration took, bool is_alone) {
  Sent sent = {source_.size_bytes()};
  const std::string why = "complete " + sink_.config_.name_of(key_) + ": the answer has the ETag " +
                          quote(bare_etag(etag)) + ", not that of the parts";
  // Every part had the MD5 of what was sent, so it is what was made of them that is in doubt: to be read.
  const bool is_other = sink_.traits_.etag == Etag::kMd5 && match_parts(etag, parts_) == Match::kOther;
  const auto to_be_read = [&] { return fail(TIDEMARK_E_EXISTS, why + "; what is there has to be read"); };
  if (!is_alone) {
    Status ours = sink_.look_back(key_, etag, took, sent, call_);
    return ours && is_other ? Status(to_be_read()) : ours;
  }
  const Result<StoreAnswer> there = sink_.head_answer(key_, call_);
  const bool is_same = there && header(there->headers, "content-length") == std::to_string(sent.size_bytes) &&
                       (etag.empty() || bare_etag(header(there->headers, "etag")) == bare_etag(etag));
  if (is_same && if_absent_ && is_other) return to_be_read();
  if (is_same) return {};
  if (there) return fail(TIDEMARK_E_RETRYABLE, why + "; what is there is another object");
  Error error = within(why, there.error());
  if (error.status < TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_CANCELLED)
    error.status = TIDEMARK_E_RETRYABLE;
  return error;
}

// Also when the call is cancelled or out of time: parts cost money until somebody takes them away.
void Upload::abort() {
  running_.clear();
  const tidemark_call raw = {sizeof raw, call_.check() ? kAbortMs : kAbortCancelledMs, nullptr, nullptr};
  const Call own(&raw, nullptr);
  Request request = sink_.object_request("abort the upload of", "DELETE", key_, "s3:AbortMultipartUpload");
  request.query = {{"uploadId", id_}};
  const std::string what = request.what;
  const Result<StoreAnswer> answer = sink_.client_->send(std::move(request), own);
  if (answer && (answer->is_ok() || store_error(*answer).code == "NoSuchUpload")) return;
  const Error error = answer ? error_of(*answer, what) : answer.error();
  sink_.log_.write(TIDEMARK_LOG_WARN, error.message + "; its parts stay until they are swept at an open");
}

}  // namespace tidemark::sinks::s3
