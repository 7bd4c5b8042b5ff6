// Looking at objects and reading them.
#include "base/line.h"
#include "gs/gs_sink.h"
#include "http/range.h"

namespace tidemark::sinks::gs {
namespace {

constexpr std::string_view kNeedsGet =
    "storage.objects.get, and storage.objects.list to see what is not there";

}  // namespace

Result<StoredObject> GsSink::look(std::string_view key, const Call& call) {
  Request request = about("head", key, kNeedsGet, api_->describe(name_in_bucket(key)));
  TM_ASSIGN(const StoreAnswer answer, client_->send(request, call));
  if (answer.status == 404 && request.method == "HEAD") return confirm_absence(key, answer, call);
  if (!answer.is_ok()) return error_of(answer, request.what);
  std::optional<StoredObject> object = answer.status == 200 ? api_->object_of(answer) : std::nullopt;
  if (object) return *std::move(object);
  return fail(TIDEMARK_E_RETRYABLE, request.what + ": HTTP " + std::to_string(answer.status) + " with " +
                                        quote(header(answer.headers, "content-type")) +
                                        " is not about the object; is a proxy in the way?");
}

// The answer to HEAD has no body that would show that the service wrote it, and whether it is the object that
// is not there, or the bucket; that to GET has.
Error GsSink::confirm_absence(std::string_view key, const StoreAnswer& answer, const Call& call) {
  Request request = about("head", key, kNeedsGet, api_->read(name_in_bucket(key)));
  request.headers.push_back({"range", "bytes=0-0"});
  request.on_data = [](const HttpAnswer&, std::string_view) -> Result<bool> { return false; };
  const Result<StoreAnswer> got = client_->send(request, call);
  if (!got) return got.error();
  if (!got->is_ok() && got->status != 416) return error_of(*got, request.what);
  Error error = error_of(answer, request.what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message += "; but GET finds the object";
  return error;
}

// The service answers for what is durable only.
Result<ObjectInfo> GsSink::head(std::string_view key, const Call& call) {
  TM_ASSIGN(const StoredObject object, look(key, call));
  ObjectInfo info;
  info.size_bytes = object.size_bytes;
  info.modified_us = object.modified_us;
  return info;
}

Status GsSink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  Range asked = range;
  if (needs_size(range)) {
    TM_ASSIGN(const ObjectInfo info, head(key, call));
    const std::optional<Range> part = part_of(range, info.size_bytes);
    if (!part) return {};
    asked = *part;
  }
  Request request = about("get", key, kNeedsGet, api_->read(name_in_bucket(key)));
  if (const std::string text = range_header(asked); !text.empty()) request.headers.push_back({"range", text});
  RangeReceiver receiver(asked, out);
  request.takes_long = true;
  request.on_data = [&](const HttpAnswer& answer, std::string_view data) {
    return receiver.take(answer, data);
  };
  TM_ASSIGN(const StoreAnswer answer, client_->send(request, call));
  if (answer.is_ok()) {
    const Status whole = receiver.finish(answer);
    if (!whole) return within(request.what, whole.error());
    return {};
  }
  if (answer.status == 416 && is_beyond_end(answer.headers)) return {};
  const Error error = error_of(answer, request.what);
  // Of bytes the service may say in plain text that there are none, as anybody on the way does. Its
  // description of the object is JSON.
  const bool is_unproven = answer.status == 416 || (answer.status == 404 && error.code.empty());
  if (!is_unproven) return error;
  TM_ASSIGN(const ObjectInfo info, head(key, call));
  if (answer.status == 416 && !part_of(asked, info.size_bytes)) return {};
  return fail(TIDEMARK_E_RETRYABLE, error.message + "; but the object is there");
}

}  // namespace tidemark::sinks::gs
