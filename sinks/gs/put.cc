// Creating objects with one request, and what the end of any put means.
#include <algorithm>

#include "base/line.h"
#include "gs/gs_sink.h"
#include "gs/upload.h"
#include "http/digests.h"
#include "http/utf8.h"

namespace tidemark::sinks::gs {
namespace {

constexpr int kTooMany = 429;
constexpr uint64_t kHotNameMs = 1100;  // the service takes one change of a name a second
constexpr std::string_view kNeedsCreate = "storage.objects.create";
constexpr std::string_view kNeedsReplace = "storage.objects.create, and storage.objects.delete to replace";

// https://cloud.google.com/storage/docs/objects#naming; what begins with '.' is in no key. Nothing is sent of
// a name that the service would refuse.
Status check_name(const std::string& name) {
  const auto refuse = [](const std::string& why) { return fail(TIDEMARK_E_PERMANENT, why); };
  if (name.size() > kNameMax) {
    return refuse("with the prefix its name has " + std::to_string(name.size()) +
                  " bytes; the service takes " + std::to_string(kNameMax));
  }
  if (name.find_first_of("\r\n") != std::string::npos) {
    return refuse("its name has a line break, which the service does not take");
  }
  if (!is_utf8(name)) {
    return refuse("its name is not UTF-8, and the service takes nothing else");
  }
  return {};
}

}  // namespace

Request GsSink::about(std::string_view verb, std::string_view key, std::string_view needs,
                      Request request) const {
  request.what = std::string(verb) + " " + config_.name_of(key);
  request.needs = needs;
  return request;
}

Request GsSink::begin_request(std::string_view verb, std::string_view key, bool if_absent,
                              uint64_t size_bytes) const {
  return about(verb, key, if_absent ? kNeedsCreate : kNeedsReplace,
               api_->begin(name_in_bucket(key), if_absent, size_bytes));
}

// A name that was changed too often in the last second: that passes with it, and is no reason for the
// archiver to doubt the whole sink, as of one of the first errors of a store.
Status GsSink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  Status done = put_once(key, source, flags, call);
  const bool is_hot =
      !done && done.error().http_status == kTooMany && done.error().status == TIDEMARK_E_RETRYABLE;
  if (!is_hot || !call.sleep_ms(kHotNameMs)) return done;
  return put_once(key, source, flags, call);
}

Status GsSink::put_once(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  const bool if_absent = (flags & TIDEMARK_PUT_IF_ABSENT) != 0;
  if (Status ok = check_name(name_in_bucket(key)); !ok) {
    return within("put " + quote(key), ok.error());
  }
  if (source.size_bytes() > config_.resumable_threshold_bytes) {
    return Upload(*this, key, source, if_absent, call).run();
  }
  return put_media(key, source, if_absent, call);
}

Result<std::string> GsSink::crc32c_of(const Source& source) {
  if (source.crc32c() != nullptr) return crc32c_text(*source.crc32c());
  Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
  TM_TRY(source.for_each_piece(buffers_, [&](const char* data, size_t size) -> Status {
    digests.update(data, size);
    return {};
  }));
  return crc32c_text(digests.crc32c());
}

Status GsSink::put_media(std::string_view key, const Source& source, bool if_absent, const Call& call) {
  Sent sent = {source.size_bytes()};
  TM_ASSIGN(sent.crc32c, crc32c_of(source));
  Request request = about("put", key, if_absent ? kNeedsCreate : kNeedsReplace,
                          api_->insert(name_in_bucket(key), if_absent));
  request.headers.push_back({"x-goog-hash", "crc32c=" + sent.crc32c});
  request.has_digest = true;
  Body body(source, 0, source.size_bytes(), nullptr);
  request.body = &body;
  TM_ASSIGN(const StoreAnswer answer, client_->send(request, call));
  return settle(key, answer, sent, if_absent, call);
}

// 412 does not say whose object is there: libcurl repeats a request whose kept connection turned out dead, so
// it may be this very one. The caller looks.
Status GsSink::settle(std::string_view key, const StoreAnswer& answer, const Sent& sent, bool if_absent,
                      const Call& call) {
  const std::string what = "put " + config_.name_of(key);
  if (!answer.is_ok()) {
    if (if_absent && is_refusal_in_doubt(answer)) return settle_refusal(key, answer, call);
    return error_of_bucket(answer, what);
  }
  const bool is_plain = answer.status == 200 || answer.status == 201;
  const std::optional<StoredObject> object = is_plain ? api_->object_of(answer) : std::nullopt;
  if (object && object->size_bytes == sent.size_bytes && object->crc32c == sent.crc32c) return {};
  Error error = error_of_bucket(answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  // Nothing of the object, or not what it is: the service always says both.
  if (!object || object->crc32c.empty()) return settle_doubt(key, std::move(error), sent, call);
  error.message = what + ": the service has stored " + std::to_string(object->size_bytes) +
                  " bytes with the CRC-32C " + quote(object->crc32c) + ", and " +
                  std::to_string(sent.size_bytes) + " with " + quote(sent.crc32c) + " were sent";
  log_.write(TIDEMARK_LOG_ERROR, error.message);
  return error;
}

// Is the object the reason, or something else?
Status GsSink::settle_refusal(std::string_view key, const StoreAnswer& answer, const Call& call) {
  Error error = error_of_bucket(answer, "put " + config_.name_of(key));
  if (is_condition_not_met(answer)) {
    error.status = TIDEMARK_E_EXISTS;
    return error;
  }
  const Status absent = expect_absent(key, call);
  if (!absent &&
      (absent.error().status == TIDEMARK_E_EXISTS || absent.error().status == TIDEMARK_E_CANCELLED)) {
    return absent;
  }
  if (!absent) error.message += "; a look at the object failed: " + absent.error().message;
  return error;
}

// A yes that does not show that it is the service's: what is there decides.
Status GsSink::settle_doubt(std::string_view key, Error error, const Sent& sent, const Call& call) {
  const Result<StoredObject> there = look(key, call);
  if (!there && there.error().status == TIDEMARK_E_CANCELLED) return there.error();
  if (there && there->size_bytes == sent.size_bytes && there->crc32c == sent.crc32c) return {};
  if (there) {
    error.message += "; what is there is not what was sent";
  } else {
    error.message += there.error().status == TIDEMARK_E_NOT_FOUND
                         ? ", and the object is not there"
                         : ", and a look at the object failed: " + there.error().message;
  }
  return error;
}

Status GsSink::expect_absent(std::string_view key, const Call& call) {
  const Result<StoredObject> there = look(key, call);
  if (there) return fail(TIDEMARK_E_EXISTS, config_.name_of(key) + " is there already");
  if (there.error().status == TIDEMARK_E_NOT_FOUND) return {};
  return there.error();
}

}  // namespace tidemark::sinks::gs
