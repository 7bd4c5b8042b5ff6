// Looking at objects and reading them.
#include "base/line.h"
#include "http/range.h"
#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kNeedsGet = "s3:GetObject, and s3:ListBucket to see what is not there";

}  // namespace

Result<StoreAnswer> S3Sink::head_answer(std::string_view key, const Call& call, bool with_checksum) {
  Request request = object_request("head", "HEAD", key, kNeedsGet);
  if (with_checksum && traits_.checksum == Checksum::kCrc32c) {
    request.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  }
  const std::string what = request.what;
  Result<StoreAnswer> answer = client_->send(std::move(request), call);
  if (!answer) return answer;
  if (answer->status == 404 && !has_request_id(*answer)) {
    return confirm_absence(key, *answer, call);
  }
  if (!answer->is_ok()) return error_of(*answer, what);
  if (answer->status != 200 || !is_object_type(header(answer->headers, "content-type"))) {
    return fail(TIDEMARK_E_RETRYABLE, what + ": HTTP " + std::to_string(answer->status) + " with " +
                                          quote(header(answer->headers, "content-type")) +
                                          " is not about the object; is a proxy in the way?");
  }
  return answer;
}

// The answer to HEAD has no body that would show that the store wrote it; that to GET has.
Error S3Sink::confirm_absence(std::string_view key, const StoreAnswer& answer, const Call& call) {
  Request request = object_request("head", "GET", key, kNeedsGet);
  const std::string what = request.what;
  request.headers.push_back({"range", "bytes=0-0"});
  request.text_max = kTextMax;
  request.on_data = [](const HttpAnswer&, std::string_view) -> Result<bool> { return false; };
  const Result<StoreAnswer> got = client_->send(std::move(request), call);
  if (!got) return got.error();
  if (got->status / 100 != 2 && got->status != 416) return error_of(*got, what);
  Error error = error_of(answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message += "; but GET finds the object";
  return error;
}

// Stores answer for what is durable only.
Result<ObjectInfo> S3Sink::head(std::string_view key, const Call& call) {
  TM_ASSIGN(const StoreAnswer answer, head_answer(key, call));
  return object_info(answer.headers, "head " + config_.name_of(key));
}

Status S3Sink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  Range asked = range;
  if (needs_size(range)) {
    TM_ASSIGN(const ObjectInfo info, head(key, call));
    const std::optional<Range> part = part_of(range, info.size_bytes);
    if (!part) return {};
    asked = *part;
  }
  Request request = object_request("get", "GET", key, kNeedsGet);
  const std::string what = request.what, header_text = range_header(asked);
  if (!header_text.empty()) request.headers.push_back({"range", header_text});
  RangeReceiver receiver(asked, out);
  request.takes_long = true;
  request.on_data = [&](const HttpAnswer& answer, std::string_view data) {
    return receiver.take(answer, data);
  };
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  if (answer.status == 416 && (is_beyond_end(answer.headers) || store_error(answer).code == "InvalidRange")) {
    return {};  // says the store itself
  }
  if (!answer.is_ok()) return error_of(answer, what);
  const Status whole = receiver.finish(answer);
  if (!whole) return within(what, whole.error());
  return {};
}

}  // namespace tidemark::sinks::s3
