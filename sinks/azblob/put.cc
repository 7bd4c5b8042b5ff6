// Creating blobs with one request.
#include "azblob/azblob_sink.h"
#include "azblob/upload.h"
#include "base/line.h"
#include "http/digests.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kNameMax = 1024;  // of Azure; in bytes here, and with the prefix
constexpr std::string_view kNeedsPut =
    "the role Storage Blob Data Contributor, or in a signature c (create), and w (write) to replace";

Result<std::string> md5_of(const Source& source, BufferPool& pool) {
  Digests digests({.sha256 = false, .crc32c = false, .md5 = true});
  TM_TRY(source.for_each_piece(pool, [&](const char* data, size_t size) -> Status {
    digests.update(data, size);
    return {};
  }));
  return digests.md5_base64();
}

}  // namespace

Request AzblobSink::blob_request(std::string_view verb, std::string method, std::string_view key,
                                 std::string_view needs) const {
  Request request;
  request.needs = needs;
  request.what = std::string(verb) + " " + config_.name_of(key);
  request.method = std::move(method);
  request.path = config_.container_path() + "/" + config_.prefix + std::string(key);
  return request;
}

Request AzblobSink::container_request(std::string_view verb, std::string_view needs) const {
  Request request = blob_request(verb, "GET", "", needs);
  request.path = config_.container_path();
  request.query = {{"restype", "container"}};
  return request;
}

void AzblobSink::add_blob_headers(Headers* headers, const char* type_header) const {
  headers->push_back({type_header, "application/octet-stream"});
  if (!config_.access_tier.empty()) headers->push_back({"x-ms-access-tier", config_.access_tier});
}

Status AzblobSink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  const bool if_absent = (flags & TIDEMARK_PUT_IF_ABSENT) != 0;
  const std::string name = config_.prefix + std::string(key);
  if (const char* problem = name_problem(name)) {
    return fail(TIDEMARK_E_PERMANENT, "put " + config_.name_of(key) + ": the name " + problem +
                                          "; it has to have another one here");
  }
  if (name.size() > kNameMax) {
    return fail(TIDEMARK_E_PERMANENT, "put " + quote(key) + ": with the prefix its name has " +
                                          std::to_string(name.size()) + " bytes; Azure takes 1024");
  }
  if (source.size_bytes() > config_.block_threshold_bytes) {
    if (if_absent) {
      TM_TRY(expect_absent(key, call));  // blocks for nothing cost gigabytes
    }
    return Upload(*this, key, source, if_absent, call).run();
  }
  bool is_absent = false;
  Status done = put_single(key, source, if_absent, &is_absent, call);
  // Where blocks lie that nobody has put together, a put may be refused for ever; blocks of our own get by.
  if (!done && is_absent) return Upload(*this, key, source, if_absent, call).run();
  return done;
}

// A refusal does not say whose object is there: libcurl repeats a request whose kept connection turned out
// dead, so it may be this very one. The caller looks.
Status AzblobSink::put_single(std::string_view key, const Source& source, bool if_absent, bool* is_absent,
                              const Call& call) {
  TM_ASSIGN(const std::string md5, md5_of(source, buffers_));
  Body body(source, 0, source.size_bytes(), nullptr);
  Request request = blob_request("put", "PUT", key, kNeedsPut);
  request.headers = {{"x-ms-blob-type", "BlockBlob"}, {"content-md5", md5}};
  add_blob_headers(&request.headers, "content-type");
  if (if_absent) request.headers.push_back({"if-none-match", "*"});
  request.body = &body;
  const std::string what = request.what;
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  Error error = error_of(answer, what);
  if (answer.is_ok()) {
    // A yes without the digest of what arrived is one that anybody on the way could say.
    const bool is_proven =
        answer.status == 201 && has_request_id(answer) && header(answer.headers, "content-md5") == md5;
    if (is_proven) return {};
    const auto match = [&](const Headers& there) {
      const std::string_view kept = header(there, "content-md5");
      return kept == md5 ? Match::kSame : kept.empty() ? Match::kUnknown : Match::kOther;
    };
    return settle_doubt(key, source.size_bytes(), match, std::move(error), if_absent, call);
  }
  const Refusal refusal = if_absent ? refusal_of(answer, store_error(answer)) : Refusal::kNone;
  if (refusal != Refusal::kNone) return decide(key, refusal, std::move(error), is_absent, call);
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

Status AzblobSink::decide(std::string_view key, Refusal refusal, Error error, bool* is_absent,
                          const Call& call) {
  const Status there = expect_absent(key, call);
  if (there) {
    *is_absent = refusal == Refusal::kThere;
    if (!*is_absent) return error;
    error.status = TIDEMARK_E_RETRYABLE;
    error.message += "; but there is no blob: only blocks that somebody has left?";
    return error;
  }
  const Error& look = there.error();
  if (look.status == TIDEMARK_E_EXISTS || look.status == TIDEMARK_E_CANCELLED) return look;
  // Who may not look has to believe it.
  const bool is_denied = look.http_status == 403 && look.status == TIDEMARK_E_PERMANENT;
  if (is_denied && refusal == Refusal::kThere) {
    error.status = TIDEMARK_E_EXISTS;
    return error;
  }
  if (!is_denied) error.status = TIDEMARK_E_RETRYABLE;
  error.message += ", and a look at it failed: " + look.message;
  return error;
}

// If nothing shows whose object is there, EXISTS makes the caller look into it.
Status AzblobSink::settle_doubt(std::string_view key, uint64_t size_bytes,
                                const std::function<Match(const Headers&)>& match, Error error,
                                bool if_absent, const Call& call) {
  error.status = TIDEMARK_E_RETRYABLE;
  const Result<StoreAnswer> there = head_answer(key, call);
  if (!there && there.error().status == TIDEMARK_E_CANCELLED) return there.error();
  if (!there) {
    error.message += there.error().status == TIDEMARK_E_NOT_FOUND
                         ? "; and the blob is not there"
                         : "; and a look at the blob failed: " + there.error().message;
    return error;
  }
  const bool same_size = header(there->headers, "content-length") == std::to_string(size_bytes);
  const Match found = same_size ? match(there->headers) : Match::kOther;
  if (found == Match::kSame) return {};
  if (found == Match::kUnknown && if_absent) {
    error.status = TIDEMARK_E_EXISTS;
    error.message += "; a blob of this size is there";
  } else {
    error.message += "; what is there is not what was sent";
  }
  return error;
}

Status AzblobSink::expect_absent(std::string_view key, const Call& call) {
  const Result<StoreAnswer> there = head_answer(key, call);
  if (there) return fail(TIDEMARK_E_EXISTS, config_.name_of(key) + " is there already");
  if (there.error().status == TIDEMARK_E_NOT_FOUND) return {};
  return there.error();
}

}  // namespace tidemark::sinks::azblob
