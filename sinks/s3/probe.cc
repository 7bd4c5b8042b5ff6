#include "s3/probe.h"

#include <sys/random.h>

#include "s3/digests.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kText = "tidemark was here\n";
constexpr char kTextMd5[] = "767Yd0dVC1C0T1mCB/xdzg==";
constexpr uint32_t kCleanUpMs = 3000;

Header crc_header(bool right) {
  Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
  digests.update(kText.data(), kText.size());
  const uint32_t crc = digests.crc32c();
  return {"x-amz-checksum-crc32c", crc32c_text(right ? crc : ~crc)};
}
Header md5_header() { return {"content-md5", kTextMd5}; }

// The header is not for this store: 501, or 400 with some word of its own.
bool is_refusal(const StoreAnswer& answer) { return answer.status == 501 || answer.status == 400; }

}  // namespace

// A part that begins with '.' is in no key of the caller's, and list() passes over it.
Probe::Probe(S3Sink& sink, const Call& call) : sink_(sink), call_(call), key_(".tidemark-probe-") {
  uint8_t random[8] = {};
  (void)!getrandom(random, sizeof random, 0);
  key_ += to_hex(random, sizeof random);
}

Status Probe::run(Traits* traits) {
  const Status ok = [&]() -> Status {
    if (Status put = try_put(traits); !put) return put;
    return try_multipart(traits);
  }();
  clean_up();
  return ok;
}

Error Probe::unexpected_answer(const StoreAnswer& answer, const char* what) const {
  Error error = error_of(answer, std::string(what) + " " + sink_.config_.name_of(key_));
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

Result<StoreAnswer> Probe::ask(Request request) { return sink_.client_->send(std::move(request), call_); }

Result<StoreAnswer> Probe::put(const Header& checksum, bool conditional) {
  Request request = sink_.object_request("write the probe", "PUT", key_);
  sink_.add_object_headers(&request.headers, false);  // what is locked cannot be removed
  request.headers.push_back(checksum);
  if (conditional) request.headers.push_back({"if-none-match", "*"});
  Body body(kText);
  request.body = &body;
  return ask(std::move(request));
}

Status Probe::try_put(Traits* traits) {
  bool written = false;
  if (Status ok = try_checksum(traits, &written); !ok) return ok;
  return try_condition(traits, written);
}

// A checksum that is wrong is refused by those who look at it, and by those who do not know the header at
// all: these refuse the right one too.
Status Probe::try_checksum(Traits* traits, bool* written) {
  const Result<StoreAnswer> wrong = put(crc_header(false), false);
  if (!wrong) return tl::unexpected(wrong.error());
  if (!wrong->is_ok() && !is_refusal(*wrong))
    return tl::unexpected(unexpected_answer(*wrong, "write the probe"));
  *written = wrong->is_ok();
  traits->checksum = Checksum::kMd5;
  if (*written || wrong->status != 400) return {};
  const Result<StoreAnswer> right = put(crc_header(true), false);
  if (!right) return tl::unexpected(right.error());
  if (right->is_ok()) {
    traits->checksum = Checksum::kCrc32c;
    *written = true;
  } else if (!is_refusal(*right)) {
    return tl::unexpected(unexpected_answer(*right, "write the probe"));
  }
  return {};
}

// With the object there, the condition has to fail.
Status Probe::try_condition(Traits* traits, bool written) {
  const Header checksum = traits->checksum == Checksum::kCrc32c ? crc_header(true) : md5_header();
  if (!written) {
    const Result<StoreAnswer> plain = put(checksum, false);
    if (!plain) return tl::unexpected(plain.error());
    if (!plain->is_ok()) return tl::unexpected(unexpected_answer(*plain, "write the probe"));
  }
  const Result<StoreAnswer> again = put(checksum, true);
  if (!again) return tl::unexpected(again.error());
  traits->conditional_put = again->status == 412;
  if (!again->is_ok() && again->status != 412 && !is_refusal(*again)) {
    return tl::unexpected(unexpected_answer(*again, "write the probe"));
  }
  return {};
}

Status Probe::try_multipart(Traits* traits) {
  Request request = sink_.object_request("begin the probe's upload", "POST", key_);
  request.query = {{"uploads", ""}};
  sink_.add_object_headers(&request.headers, false);
  if (traits->checksum == Checksum::kCrc32c)
    request.headers.push_back({"x-amz-checksum-algorithm", "CRC32C"});
  Body nothing;
  request.body = &nothing;
  const Result<StoreAnswer> created = ask(std::move(request));
  if (!created) return tl::unexpected(created.error());
  traits->multipart = created->status != 501 && created->status != 405;
  if (!traits->multipart) return {};
  if (!created->is_ok()) return tl::unexpected(unexpected_answer(*created, "begin an upload of the probe"));
  const Result<std::string> id = parse_upload_id(created->text);
  if (!id) return tl::unexpected(within("begin an upload of the probe", id.error()));
  const Status tried = try_complete(traits, *id);
  Request abort = sink_.object_request("abort the probe's upload", "DELETE", key_);
  abort.query = {{"uploadId", *id}};
  (void)ask(std::move(abort));  // 404 where it was completed; else the sweep sees to it
  return tried;
}

Status Probe::try_complete(Traits* traits, const std::string& id) {
  const bool by_crc = traits->checksum == Checksum::kCrc32c;
  Request request = sink_.object_request("write the probe's part", "PUT", key_);
  request.query = {{"partNumber", "1"}, {"uploadId", id}};
  request.headers = {{"content-type", "application/octet-stream"}, by_crc ? crc_header(true) : md5_header()};
  Body body(kText);
  request.body = &body;
  const Result<StoreAnswer> sent = ask(std::move(request));
  if (!sent) return tl::unexpected(sent.error());
  if (!sent->is_ok()) return tl::unexpected(unexpected_answer(*sent, "write a part of the probe"));

  UploadedPart part{std::string(header(sent->headers, "etag")), by_crc ? crc_header(true).value : ""};
  const std::string text = complete_text({part});
  Body complete_body(text);
  Request complete = sink_.object_request("complete the probe", "POST", key_);
  complete.query = {{"uploadId", id}};
  complete.headers.push_back({"content-type", "application/xml"});
  complete.headers.push_back({"if-none-match", "*"});
  complete.body = &complete_body;
  const Result<StoreAnswer> completed = ask(std::move(complete));
  if (!completed) return tl::unexpected(completed.error());
  const StoreError inside = store_error(*completed);
  traits->conditional_complete = completed->status == 412 || inside.code == "PreconditionFailed";
  if (traits->conditional_complete || (completed->is_ok() && inside.code.empty()) || is_refusal(*completed))
    return {};
  return tl::unexpected(unexpected_answer(*completed, "complete the probe"));
}

// Also when the call has ended meanwhile.
void Probe::clean_up() {
  const tidemark_call raw = {sizeof raw, call_.check() ? kCleanUpMs : 500, nullptr, nullptr};
  const Status removed = sink_.remove(key_, Call(&raw, nullptr));
  if (!removed) {
    sink_.log_.write(TIDEMARK_LOG_WARN, "the probe stays: " + removed.error().message);
  }
}

}  // namespace tidemark::sinks::s3
