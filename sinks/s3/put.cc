// Creating objects with one request.
#include <algorithm>

#include "base/line.h"
#include "http/digests.h"
#include "http/iso_time.h"
#include "s3/s3_sink.h"
#include "s3/upload.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr int64_t kDayUs = 24 * 60 * 60 * 1'000'000ll;
constexpr size_t kNameMax = 1024;  // of S3, in bytes, and with the prefix
constexpr uint64_t kLookBackMsMax = 1000;

// One pass over the body for the digests that the caller did not give.
Status compute(const Source& source, BufferPool& pool, Digests* digests) {
  return source.for_each_piece(pool, [&](const char* data, size_t size) -> Status {
    digests->update(data, size);
    return {};
  });
}

}  // namespace

Request S3Sink::object_request(std::string_view verb, std::string method, std::string_view key,
                               std::string_view needs) const {
  Request request;
  request.needs = needs;
  request.what = std::string(verb) + " " + config_.name_of(key);
  request.method = std::move(method);
  request.path = client_->object_path(key);
  if (!config_.expected_bucket_owner.empty()) {
    request.headers.push_back({"x-amz-expected-bucket-owner", config_.expected_bucket_owner});
  }
  return request;
}

Request S3Sink::bucket_request(std::string_view verb, std::string method, std::string_view needs) const {
  Request request = object_request(verb, std::move(method), "", needs);
  request.path = client_->bucket_path();
  return request;
}

// As the options have it; what the bucket asks for besides only its owner knows.
std::string_view S3Sink::put_permissions() const {
  if (config_.sse == "aws:kms") {
    return "s3:PutObject, kms:GenerateDataKey and kms:Decrypt, and with tags or object_lock_mode "
           "s3:PutObjectTagging, s3:PutObjectRetention";
  }
  if (!config_.tags.empty() && !config_.object_lock_mode.empty()) {
    return "s3:PutObject, s3:PutObjectTagging and s3:PutObjectRetention";
  }
  if (!config_.tags.empty()) return "s3:PutObject and s3:PutObjectTagging";
  if (!config_.object_lock_mode.empty()) return "s3:PutObject and s3:PutObjectRetention";
  return "s3:PutObject";
}

void S3Sink::add_object_headers(Headers* headers, bool with_lock) const {
  headers->push_back({"content-type", "application/octet-stream"});
  if (!config_.storage_class.empty()) headers->push_back({"x-amz-storage-class", config_.storage_class});
  if (!config_.sse.empty()) headers->push_back({"x-amz-server-side-encryption", config_.sse});
  if (!config_.sse_kms_key_id.empty()) {
    headers->push_back({"x-amz-server-side-encryption-aws-kms-key-id", config_.sse_kms_key_id});
  }
  if (!config_.tags.empty()) headers->push_back({"x-amz-tagging", config_.tags});
  if (with_lock && !config_.object_lock_mode.empty()) {
    const int64_t until_us = client_->now_us() + static_cast<int64_t>(config_.object_lock_days) * kDayUs;
    headers->push_back({"x-amz-object-lock-mode", config_.object_lock_mode});
    headers->push_back({"x-amz-object-lock-retain-until-date", format_iso_time(until_us)});
  }
}

Status S3Sink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  const bool if_absent = (flags & TIDEMARK_PUT_IF_ABSENT) != 0;
  if (config_.prefix.size() + key.size() > kNameMax) {
    return fail(TIDEMARK_E_PERMANENT, "put " + quote(key) + ": with the prefix its name has " +
                                          std::to_string(config_.prefix.size() + key.size()) +
                                          " bytes; S3 takes 1024");
  }
  if (source.size_bytes() > config_.multipart_threshold_bytes && traits_.multipart) {
    return Upload(*this, key, source, if_absent, call).run();
  }
  if (source.size_bytes() > kPartBytesMax) {
    return fail(TIDEMARK_E_PERMANENT,
                "put " + config_.name_of(key) + ": " + std::to_string(source.size_bytes()) +
                    " bytes do not fit into one request, and this store has no multipart uploads");
  }
  return put_single(key, source, if_absent, call);
}

Status S3Sink::put_single(std::string_view key, const Source& source, bool if_absent, const Call& call) {
  BusyKeys::Hold hold;
  if (if_absent && !traits_.conditional_put) {
    TM_TRY(hold.acquire(busy_keys_, key, call));
    TM_TRY(expect_absent(key, call));
  }
  const bool by_crc = traits_.checksum == Checksum::kCrc32c;
  Digests::Wanted wanted;
  wanted.sha256 = config_.sign_payload && source.sha256() == nullptr;
  wanted.crc32c = by_crc && source.crc32c() == nullptr;
  wanted.md5 = !by_crc;
  Digests digests(wanted);
  if (wanted.any()) {
    TM_TRY(compute(source, buffers_, &digests));
  }
  std::string sha256;
  if (wanted.sha256) {
    TM_ASSIGN(std::string computed, digests.sha256_hex());
    sha256 = std::move(computed);
  } else if (source.sha256() != nullptr) {
    sha256 = to_hex(source.sha256(), 32);
  }
  Sent sent = {source.size_bytes()};
  if (by_crc) {
    sent.crc32c = crc32c_text(wanted.crc32c ? digests.crc32c() : *source.crc32c());
  } else {
    TM_ASSIGN(std::string md5, digests.md5_base64());
    sent.md5_base64 = std::move(md5);
  }
  const Header checksum =
      by_crc ? Header{"x-amz-checksum-crc32c", sent.crc32c} : Header{"content-md5", sent.md5_base64};
  Body body(source, 0, source.size_bytes(), nullptr);
  sent.body = &body;
  if (by_crc && needs_md5(traits_, source.size_bytes())) body.digest_as_sent();
  return send_put(key, sha256, checksum, if_absent, sent, call);
}

// 412 does not say whose object is there: libcurl repeats a request whose kept connection turned out dead,
// so it may be this very one. The caller looks.
Status S3Sink::send_put(std::string_view key, const std::string& sha256, const Header& checksum,
                        bool if_absent, Sent& sent, const Call& call) {
  const bool conditional = if_absent && traits_.conditional_put;
  Request request = object_request("put", "PUT", key, put_permissions());
  add_object_headers(&request.headers, true);
  request.headers.push_back(checksum);
  if (conditional) request.headers.push_back({"if-none-match", "*"});
  request.body = sent.body;
  request.payload_sha256 = sha256;
  const std::string what = request.what;
  const auto begin = std::chrono::steady_clock::now();
  const Result<StoreAnswer> answer = client_->send(std::move(request), call);
  const auto took = std::chrono::steady_clock::now() - begin;
  if (!answer) return answer.error();
  if (answer->is_ok()) {
    const Result<std::optional<Doubt>> doubt = doubt_about(*answer, traits_, sent);
    if (!doubt) return within(what, doubt.error());
    const std::string_view etag = header(answer->headers, "etag");
    const bool looks_back =
        if_absent && !conditional;  // where an ETag that says nothing by itself can be met again
    const bool is_open = *doubt && !((*doubt)->is_of_etag && looks_back && !etag.empty());
    if (is_open) return settle_doubt(key, **doubt, error_of(*answer, what), if_absent, sent, call);
    return looks_back ? look_back(key, etag, took, sent, call) : Status();
  }
  Error error = error_of_bucket(*answer, what);
  if (answer->status == 412) error.status = TIDEMARK_E_EXISTS;
  return error;
}

// If nothing shows whose object is there, EXISTS makes the caller look into it.
Status S3Sink::settle_doubt(std::string_view key, const Doubt& doubt, Error error, bool if_absent, Sent& sent,
                            const Call& call) {
  const bool has_own_word = error.status == TIDEMARK_E_THROTTLED || error.status == TIDEMARK_E_NO_SPACE;
  if (!has_own_word) error.status = TIDEMARK_E_RETRYABLE;
  error.message = "put " + config_.name_of(key) + ": " + doubt.why;
  const Result<StoreAnswer> there = head_answer(key, call, true);
  if (!there && there.error().status == TIDEMARK_E_CANCELLED) return there.error();
  if (!there) {
    error.message += there.error().status == TIDEMARK_E_NOT_FOUND
                         ? ", and the object is not there"
                         : ", and a look at the object failed: " + there.error().message;
    return error;
  }
  const bool same_size = header(there->headers, "content-length") == std::to_string(sent.size_bytes);
  Match found = Match::kOther;
  if (same_size) {
    const Result<Match> seen = match(*there, traits_, sent);
    if (!seen) return within(error.message, seen.error());
    found = *seen;
  }
  if (found == Match::kSame) return {};
  if (found == Match::kUnknown && doubt.is_of_etag && (traits_.conditional_put || !if_absent)) return {};
  if (found == Match::kUnknown && if_absent) {
    error.status = TIDEMARK_E_EXISTS;
    error.message += "; an object of this size is there";
  } else {
    error.message += "; what is there is not what was sent";
  }
  return error;
}

Status S3Sink::look_back(std::string_view key, std::string_view etag,
                         std::chrono::steady_clock::duration took, Sent& sent, const Call& call) {
  const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  TM_TRY(call.sleep_ms(std::min<uint64_t>(static_cast<uint64_t>(took_ms) + 1, kLookBackMsMax)));
  const Result<StoreAnswer> there = head_answer(key, call, true);
  if (!there) {
    Error error = there.error();
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  const std::string_view now = bare_etag(header(there->headers, "etag"));
  if (header(there->headers, "content-length") == std::to_string(sent.size_bytes)) {
    if (!now.empty() && now == bare_etag(etag)) return {};
    TM_ASSIGN(const Match found, match(*there, traits_, sent));
    if (found == Match::kSame) return {};
  }
  return fail(TIDEMARK_E_EXISTS,
              config_.name_of(key) + " may have been written by someone else at the same time");
}

Status S3Sink::expect_absent(std::string_view key, const Call& call) {
  const Result<StoreAnswer> there = head_answer(key, call);
  if (there) return fail(TIDEMARK_E_EXISTS, config_.name_of(key) + " is there already");
  if (there.error().status == TIDEMARK_E_NOT_FOUND) return {};
  return there.error();
}

}  // namespace tidemark::sinks::s3
