#include "s3/upload.h"

#include <algorithm>

#include "base/line.h"

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
    Error error = error_of(answer, what);
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;  // the bucket, that is
    return error;
  }
  Result<std::string> id = parse_upload_id(answer.text);
  if (!id) return within(what, id.error());
  id_ = std::move(*id);
  return {};
}

Status Upload::send_parts() {
  Session session(*sink_.transport_);
  const Status sent = [&]() -> Status {
    begin_reading();
    while (reading_ || !running_.empty()) {
      if (is_read() && running_.size() < sink_.config_.multipart_parallel) {
        TM_TRY(start_part(session));
        begin_reading();
      }
      const bool reads = reading_ && !is_read();
      if (reads) {
        TM_TRY(read_some());
      }
      if (running_.empty()) continue;
      const Result<Transfer*> done = session.drive(call_, reads ? 0 : UINT64_MAX);
      if (!done) return within("put " + sink_.config_.name_of(key_), done.error());
      if (*done != nullptr) {
        TM_TRY(end_part(**done, session));
      }
    }
    return {};
  }();
  reading_.reset();
  buffer_.reset();
  return sent;
}

void Upload::begin_reading() {
  reading_.reset();
  const uint64_t size = source_.size_bytes();
  if (next_offset_ >= size) return;
  Digests::Wanted wanted;
  wanted.sha256 = sink_.config_.sign_payload;
  wanted.crc32c = by_crc();
  wanted.md5 = !by_crc();
  const uint64_t end = std::min(next_offset_ + part_bytes_, size);
  reading_ = Reading{next_offset_, end, next_offset_, Digests(wanted)};
  next_offset_ = end;
}

Status Upload::read_some() {
  TM_TRY(call_.check());
  Reading& reading = *reading_;
  size_t size = std::min<uint64_t>(reading.end - reading.position, BufferPool::kBufferSize);
  if (source_.data() != nullptr) {
    reading.digests.update(reinterpret_cast<const char*>(source_.data()) + reading.position, size);
  } else {
    if (!buffer_) buffer_.emplace(sink_.buffers_);
    TM_TRY(source_.read(reading.position, buffer_->data(), size, &size));
    reading.digests.update(buffer_->data(), size);
  }
  reading.position += size;
  return {};
}

Status Upload::start_part(Session& session) {
  Reading& reading = *reading_;
  auto part = std::make_unique<Part>(parts_.size(), source_, reading, sink_.buffers_);
  Request& request = part->exchange.request;
  request = sink_.object_request("put", "PUT", key_, "s3:PutObject");
  request.what += ", part " + std::to_string(part->index + 1);
  request.query = {{"partNumber", std::to_string(part->index + 1)}, {"uploadId", id_}};
  request.headers.push_back({"content-type", "application/octet-stream"});
  UploadedPart uploaded;
  part->sent.size_bytes = part->body.size_bytes();
  part->sent.body = &part->body;
  if (by_crc()) {
    part->sent.crc32c = crc32c_text(reading.digests.crc32c());
    if (needs_md5(sink_.traits_, part->body.size_bytes())) part->body.digest_as_sent();
    uploaded.crc32c = part->sent.crc32c;
    request.headers.push_back({"x-amz-checksum-crc32c", uploaded.crc32c});
  } else {
    TM_ASSIGN(std::string md5, reading.digests.md5_base64());
    part->sent.md5_base64 = std::move(md5);
    request.headers.push_back({"content-md5", part->sent.md5_base64});
  }
  if (sink_.config_.sign_payload) {
    TM_ASSIGN(const std::string sha256, reading.digests.sha256_hex());
    request.payload_sha256 = sha256;
  }
  request.body = &part->body;
  parts_.push_back(std::move(uploaded));
  running_.push_back(std::move(part));
  return sink_.client_->start(session, running_.back()->exchange, call_);
}

Status Upload::end_part(const Transfer& transfer, Session& session) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& part) { return &part->exchange.transfer == &transfer; });
  Part& part = **at;
  if (!sink_.client_->settle(part.exchange)) return sink_.client_->start(session, part.exchange, call_);
  TM_ASSIGN(const StoreAnswer answer, Client::answer_of(part.exchange));
  if (!answer.is_ok()) {
    Error error = error_of(answer, part.exchange.request.what);
    // Somebody swept it away; the next attempt begins a new one.
    if (answer.status == 404) error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  // A part cannot be looked at, so any doubt sends the object once more.
  const Result<std::optional<Doubt>> doubt = doubt_about(answer, sink_.traits_, part.sent);
  if (!doubt) return within(part.exchange.request.what, doubt.error());
  // A part with an ETag that says nothing is met again when the store completes the upload.
  const bool has_etag = !header(answer.headers, "etag").empty();
  if (*doubt && !((*doubt)->is_of_etag && has_etag)) {
    Error error = error_of(answer, part.exchange.request.what);
    if (error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
    error.message = part.exchange.request.what + ": " + (*doubt)->why;
    return error;
  }
  parts_[part.index].etag = header(answer.headers, "etag");
  running_.erase(at);
  return {};
}

Result<StoreAnswer> Upload::complete(bool conditional) {
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
  if (!answer) return settle_undecided(answer.error());
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
      return settle_undecided(
          fail(TIDEMARK_E_RETRYABLE, what + ": the answer is " + what_it_is(answer->text)));
    }
  }
  Error error = error_of(*answer, what);
  if (is_undecided(*answer, store_error(*answer))) return settle_undecided(std::move(error));
  abort();
  if (answer->status == 412) error.status = TIDEMARK_E_EXISTS;
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

// Whoever asked for creation takes EXISTS for "look whose it is", which is what is to be done here. Without
// an object the store may still be at it, so the parts stay; and the caller tries again.
Status Upload::settle_undecided(Error error) {
  if (error.status < TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_CANCELLED) {
    error.status = TIDEMARK_E_RETRYABLE;
  }
  if (if_absent_ && call_.check()) {
    const Status absent = sink_.expect_absent(key_, call_);
    if (!absent && absent.error().status == TIDEMARK_E_EXISTS) return absent;
  }
  return error;
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
