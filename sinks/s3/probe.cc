#include "s3/probe.h"

#include <sys/random.h>

#include "http/digests.h"
#include "http/xml.h"
#include "s3/upload.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kText = "tidemark was here\n";
constexpr char kTextMd5[] = "767Yd0dVC1C0T1mCB/xdzg==";
constexpr uint32_t kCleanUpMs = 3000;
constexpr int kPagesForUploads = 2;  // a store that knows no uploads may have a page for that, as a proxy has

Header crc_header(bool right) {
  Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
  digests.update(kText.data(), kText.size());
  const uint32_t crc = digests.crc32c();
  return {"x-amz-checksum-crc32c", crc32c_text(right ? crc : ~crc)};
}
Header md5_header() { return {"content-md5", kTextMd5}; }

// A header is not for this store: 501, or 400 with some word of its own.
bool is_refusal(const StoreAnswer& answer) { return answer.status == 501 || answer.status == 400; }

// 412 to the first put of a name that nobody else has: the answer to an earlier attempt was lost.
bool is_written(const StoreAnswer& answer) { return answer.is_ok() || answer.status == 412; }

}  // namespace

// A part that begins with '.' is in no key of the caller's, and list() passes over it.
Probe::Probe(S3Sink& sink, Patience& patience, const Call& call)
    : sink_(sink), patience_(patience), call_(call), key_(".tidemark-probe-") {
  uint8_t random[8] = {};
  (void)!getrandom(random, sizeof random, 0);
  key_ += to_hex(random, sizeof random);
}

Status Probe::run(Traits* traits) {
  const Status ok = [&]() -> Status {
    TM_TRY(try_put(traits));
    return try_multipart(traits);
  }();
  clean_up();
  return ok;
}

Error Probe::unexpected_answer(const StoreAnswer& answer, const char* what) const {
  return error_of_bucket(answer, std::string(what) + " " + sink_.config_.name_of(key_));
}

Result<StoreAnswer> Probe::put(const Header& checksum, bool conditional) {
  Request request = sink_.object_request("write the probe", "PUT", key_, sink_.put_permissions());
  sink_.add_object_headers(&request.headers, false);  // what is locked cannot be removed
  request.headers.push_back(checksum);
  if (conditional) request.headers.push_back({"if-none-match", "*"});
  Body body(kText);
  request.body = &body;
  request.repeats_body = false;  // a checksum may be wrong on purpose
  while (true) {
    Result<StoreAnswer> answer = ask(request);
    if (!answer || !answer->is_ok() || is_body_of_success(answer->text)) return answer;
    Error error = unexpected_answer(*answer, "write the probe");
    if (error.code.empty()) error.message += ": " + what_it_is(answer->text);
    if (error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
    if (!patience_.wait(error)) return error;
  }
}

// Conditionally first, since a policy may demand it; a store that refuses the header is asked without.
Status Probe::try_put(Traits* traits) {
  std::optional<StoreAnswer> written;
  TM_TRY(write(true, traits, &written));
  traits->conditional_put = is_written(*written);
  if (!traits->conditional_put) {
    TM_TRY(write(false, traits, &written));
    if (!is_written(*written)) return unexpected_answer(*written, "write the probe");
  } else if (written->is_ok()) {
    TM_TRY(try_condition(traits));
  }
  return learn_etag(*written, traits);
}

// A checksum that is wrong is refused by those who look at it, and by those who do not know the header at
// all: these refuse the right one too. *written is what was said at last.
Status Probe::write(bool conditional, Traits* traits, std::optional<StoreAnswer>* written) {
  const Header tries[] = {crc_header(false), crc_header(true), md5_header()};
  for (const Header& checksum : tries) {
    TM_ASSIGN(StoreAnswer answer, put(checksum, conditional));
    if (!is_written(answer) && !is_refusal(answer)) {
      return unexpected_answer(answer, "write the probe");
    }
    *written = std::move(answer);
    if (!is_written(**written)) continue;
    const bool is_checked = checksum.value == tries[1].value && checksum.name == tries[1].name;
    traits->checksum = is_checked ? Checksum::kCrc32c : Checksum::kMd5;
    traits->echoes_crc32c =
        is_checked && header((*written)->headers, "x-amz-checksum-crc32c") == checksum.value;
    return {};
  }
  return {};
}

// With the object there, the condition has to fail.
Status Probe::try_condition(Traits* traits) {
  const Result<StoreAnswer> again =
      put(traits->checksum == Checksum::kCrc32c ? crc_header(true) : md5_header(), true);
  if (!again) return again.error();
  traits->conditional_put = again->status == 412;
  if (!again->is_ok() && again->status != 412 && !is_refusal(*again)) {
    return unexpected_answer(*again, "write the probe");
  }
  return {};
}

// A store that has refused to create the object once more has it. Of any other, and of one that has not shown
// an ETag, the object is looked at.
Status Probe::learn_etag(const StoreAnswer& written, Traits* traits) {
  traits->puts_have_etag = !written.is_ok() || !header(written.headers, "etag").empty();
  StoreAnswer seen = written;
  if (!traits->conditional_put || !traits->puts_have_etag || !written.is_ok()) {
    Result<StoreAnswer> there = sink_.head_answer(key_, call_);
    for (; !there && patience_.wait(there.error());) there = sink_.head_answer(key_, call_);
    if (!there) {
      Error error = within("the store said that it has the probe", there.error());
      if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
      return error;
    }
    seen = std::move(*there);
  }
  const std::string_view etag = header(seen.headers, "etag");
  const bool is_md5 = is_md5_etag(seen) && base64_of_hex(bare_etag(etag)) == md5_header().value;
  traits->etag = etag.empty() ? Etag::kNone : is_md5 ? Etag::kMd5 : Etag::kOpaque;
  return {};
}

// Some stores have no uploads, or a policy refuses them: one request for each object does too.
Status Probe::try_multipart(Traits* traits) {
  Request request = sink_.object_request("begin the probe's upload", "POST", key_, "s3:PutObject");
  request.query = {{"uploads", ""}};
  sink_.add_object_headers(&request.headers, false);
  if (traits->checksum == Checksum::kCrc32c)
    request.headers.push_back({"x-amz-checksum-algorithm", "CRC32C"});
  Body nothing;
  request.body = &nothing;
  Result<std::string> id;
  while (true) {
    TM_ASSIGN(const StoreAnswer created, sink_.client_->ask(request, patience_, call_, kPagesForUploads));
    Error refused = unexpected_answer(created, "begin an upload of the probe");
    if (!created.is_ok() && (created.status / 100 == 4 || created.status == 501)) {
      traits->multipart = false;
      no_multipart_ = refused.message;
      return {};
    }
    if (!created.is_ok()) return refused;
    id = parse_upload_id(created.text);
    if (id) break;
    if (refused.code.empty()) refused = within("begin an upload of the probe", id.error());
    if (!patience_.wait(refused)) return refused;
  }
  sweep_uploads(sink_, *id, call_);
  const Status tried = try_parts(traits, *id);
  Request abort = sink_.object_request("abort the probe's upload", "DELETE", key_, "s3:AbortMultipartUpload");
  abort.query = {{"uploadId", *id}};
  (void)sink_.client_->send(std::move(abort),
                            call_);  // 404 where it was completed; else the sweep sees to it
  return tried;
}

Status Probe::try_parts(Traits* traits, const std::string& id) {
  const bool by_crc = traits->checksum == Checksum::kCrc32c;
  Request request = sink_.object_request("write the probe's part", "PUT", key_, "s3:PutObject");
  request.query = {{"partNumber", "1"}, {"uploadId", id}};
  request.headers.push_back({"content-type", "application/octet-stream"});
  request.headers.push_back(by_crc ? crc_header(true) : md5_header());
  Body body(kText);
  request.body = &body;
  TM_ASSIGN(const StoreAnswer sent, ask(request));
  const Error refused = unexpected_answer(sent, "write a part of the probe");
  const std::string etag(header(sent.headers, "etag"));
  if (sent.is_ok() && !etag.empty()) return try_complete(traits, id, etag);
  if (!sent.is_ok() && sent.status / 100 != 4 && sent.status != 501) return refused;
  traits->multipart = false;
  no_multipart_ = sent.is_ok() ? "a part gets no ETag" : refused.message;
  return {};
}

Status Probe::try_complete(Traits* traits, const std::string& id, const std::string& etag) {
  const bool by_crc = traits->checksum == Checksum::kCrc32c;
  const std::string text = complete_text({{etag, by_crc ? crc_header(true).value : ""}});
  Body complete_body(text);
  Request complete = sink_.object_request("complete the probe", "POST", key_, "s3:PutObject");
  complete.query = {{"uploadId", id}};
  complete.headers.push_back({"content-type", "application/xml"});
  complete.headers.push_back({"if-none-match", "*"});
  complete.body = &complete_body;
  for (bool is_unknown = false;; is_unknown = true) {
    TM_ASSIGN(const StoreAnswer completed, ask(complete));
    const StoreError inside = store_error(completed);
    traits->conditional_complete = completed.status == 412 || inside.code == "PreconditionFailed";
    const bool is_done = (completed.is_ok() && parse_complete(completed.text).has_value()) ||
                         (is_unknown && inside.code == "NoSuchUpload");
    if (traits->conditional_complete || is_done || is_refusal(completed)) return {};
    Error error = unexpected_answer(completed, "complete the probe");
    if (!completed.is_ok()) return error;
    if (error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
    if (!patience_.wait(error)) return error;
  }
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
