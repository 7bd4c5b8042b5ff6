// Looking at blobs and reading them.
#include "azblob/azblob_sink.h"
#include "base/line.h"
#include "http/range.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr int kLooksMax = 16;  // at a blob that is replaced again and again
constexpr std::string_view kNeedsGet = "the role Storage Blob Data Reader, or in a signature r (read)";

// Azure makes a '/' of it, and would answer for another blob.
bool is_renamed(std::string_view key) { return key.find('\\') != std::string_view::npos; }

}  // namespace

Result<StoreAnswer> AzblobSink::head_answer(std::string_view key, const Call& call) {
  if (is_renamed(key)) {
    return fail(TIDEMARK_E_NOT_FOUND, "head " + config_.name_of(key) + ": no name in Azure has a '\\'");
  }
  Request request = blob_request("head", "HEAD", key, kNeedsGet);
  const std::string what = request.what;
  TM_ASSIGN(StoreAnswer answer, client_->send(std::move(request), call));
  if (!answer.is_ok()) return error_of(answer, what);
  if (answer.status != 200 || !has_request_id(answer)) {
    return fail(TIDEMARK_E_RETRYABLE, what + ": HTTP " + std::to_string(answer.status) + " with " +
                                          quote(header(answer.headers, "content-type")) +
                                          " is not about the blob; is a proxy in the way?");
  }
  return answer;
}

// Azure answers for what is durable only.
Result<ObjectInfo> AzblobSink::head(std::string_view key, const Call& call) {
  TM_ASSIGN(const StoreAnswer answer, head_answer(key, call));
  return object_info(answer.headers, "head " + config_.name_of(key));
}

Status AzblobSink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  for (int looks = 1;; ++looks) {
    bool was_replaced = false;
    Status read = get_once(key, range, out, &was_replaced, call);
    if (!was_replaced || looks == kLooksMax) return read;
  }
}

// There are no ranges from the end: the size is asked for first, and the blob may not change in between. If
// it does, nothing was given out.
Status AzblobSink::get_once(std::string_view key, const Range& range, const Writer& out, bool* was_replaced,
                            const Call& call) {
  Range asked = range;
  Request request = blob_request("get", "GET", key, kNeedsGet);
  if (range.offset < 0 || needs_size(range)) {
    TM_ASSIGN(const StoreAnswer there, head_answer(key, call));
    uint64_t size_bytes = 0;
    if (!parse_number(header(there.headers, "content-length"), &size_bytes)) {
      return fail(TIDEMARK_E_RETRYABLE, "get " + config_.name_of(key) + ": HEAD does not say its size");
    }
    const std::optional<Range> part = part_of(range, size_bytes);
    if (!part) return {};
    asked = *part;
    if (const std::string_view etag = header(there.headers, "etag"); !etag.empty()) {
      request.headers.push_back({"if-match", std::string(etag)});
    }
  } else if (is_renamed(key)) {
    return fail(TIDEMARK_E_NOT_FOUND, "get " + config_.name_of(key) + ": no name in Azure has a '\\'");
  }
  const std::string what = request.what, header_text = range_header(asked);
  if (!header_text.empty()) request.headers.push_back({"x-ms-range", header_text});
  RangeReceiver receiver(asked, out);
  request.takes_long = true;
  request.on_data = [&](const HttpAnswer& answer, std::string_view data) {
    return receiver.take(answer, data);
  };
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  const StoreError said = answer.is_ok() ? StoreError() : store_error(answer);
  if (answer.status == 416 && (is_beyond_end(answer.headers) || said.code == "InvalidRange")) return {};
  if (!answer.is_ok()) {
    Error error = error_of(answer, what);
    *was_replaced = answer.status == 412;
    if (*was_replaced) error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  const Status whole = receiver.finish(answer);
  if (!whole) return within(what, whole.error());
  return {};
}

}  // namespace tidemark::sinks::azblob
