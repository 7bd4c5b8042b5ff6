// Removing many objects with one request: DeleteObjects.
#include <algorithm>

#include "base/line.h"
#include "http/digests.h"
#include "http/utf8.h"
#include "http/xml.h"
#include "s3/s3_sink.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr size_t kAnswerBytesMax = 8 * kMiB;  // 1,000 of the longest keys, escaped, and a word about each
constexpr uint32_t kForeignPagesMax = 2;      // of somebody who is not the store, one after the other

// XML cannot have all characters that a key can, and says others in two ways.
bool fits_into_xml(std::string_view name) {
  const bool is_plain = std::none_of(name.begin(), name.end(), [](const char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
  });
  return is_plain && is_utf8(name) && name.find("\xEF\xBF\xBE") == std::string_view::npos &&
         name.find("\xEF\xBF\xBF") == std::string_view::npos;
}

Status add_digests(std::string_view text, Checksum checksum, Headers* headers) {
  Digests digests({.sha256 = false, .crc32c = checksum == Checksum::kCrc32c, .md5 = true});
  digests.update(text.data(), text.size());
  TM_ASSIGN(std::string md5, digests.md5_base64());
  headers->push_back({"content-md5", std::move(md5)});  // what all stores take
  if (checksum == Checksum::kCrc32c) {
    headers->push_back({"x-amz-checksum-crc32c", crc32c_text(digests.crc32c())});
  }
  return {};
}

// Not about the keys, and the same the next time: no such request here, or no permission for it.
bool is_of_request(const Error& error) {
  return error.status == TIDEMARK_E_UNSUPPORTED || error.status == TIDEMARK_E_PERMANENT;
}

}  // namespace

Result<StoreAnswer> S3Sink::send_removals(const std::vector<std::string>& names, const std::string& what,
                                          const Call& call) {
  const std::string text = delete_text(names);
  Body body(text);
  Request request = bucket_request("remove", "POST", "s3:DeleteObject");
  request.what = what;
  request.query = {{"delete", ""}};
  request.headers.push_back({"content-type", "application/xml"});
  TM_TRY(add_digests(text, traits_.checksum, &request.headers));
  request.body = &body;
  request.text_max = kAnswerBytesMax;
  request.takes_long = true;  // stores remove one after the other before they say anything
  return client_->send(std::move(request), call);
}

// The sink does without from now on.
Error S3Sink::give_up_removals(Error why) {
  if (takes_removals_.exchange(false)) {
    log_.write(TIDEMARK_LOG_INFO, "objects are removed one by one: " + why.message);
  }
  why.status = TIDEMARK_E_UNSUPPORTED;
  return why;
}

// Only what the answer names as deleted is gone; the caller asks for all else by itself.
Status S3Sink::remove_many(std::span<const std::string_view> keys, const Call& call) {
  const std::string what = "remove " + config_.name_of(keys.front()) +
                           (keys.size() > 1 ? " and " + std::to_string(keys.size() - 1) + " more" : "");
  if (!takes_removals_) {
    return fail(TIDEMARK_E_UNSUPPORTED, what + ": this store does not take that in one request");
  }
  std::vector<std::string> names;
  names.reserve(keys.size());
  for (const std::string_view key : keys) {
    names.push_back(config_.prefix + std::string(key));
    if (!fits_into_xml(names.back())) {
      return fail(TIDEMARK_E_UNSUPPORTED, what + ": " + quote(key) + " cannot be said in XML");
    }
  }
  TM_ASSIGN(const StoreAnswer answer, send_removals(names, what, call));
  const StoreError inside = store_error(answer);
  if (!answer.is_ok()) {
    Error error = error_of_bucket(answer, what);
    const bool is_page = answer.status == 404 && inside.code.empty();
    if (is_of_request(error) || (is_page && ++removal_pages_ >= kForeignPagesMax))
      return give_up_removals(error);
    return error;
  }
  const std::optional<Removals> done = parse_delete(answer.text);
  if (answer.status != 200 || !done) {
    Error error = error_of(answer, what);
    if (inside.code.empty()) error.message += ": " + what_it_is(answer.text);
    if (error.status < TIDEMARK_E_RETRYABLE) error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  removal_pages_ = 0;
  return all_removed(names, *done, what, answer);
}

Status S3Sink::all_removed(const std::vector<std::string>& names, const Removals& done,
                           const std::string& what, const StoreAnswer& answer) const {
  for (const std::string& name : names) {
    if (done.gone.contains(name)) continue;
    const std::string of_key = what + ", " + quote(name);
    const auto refused = done.refused.find(name);
    if (refused != done.refused.end()) return error_of(answer, refused->second, of_key);
    return fail(TIDEMARK_E_RETRYABLE, of_key + ": the store does not say that it is gone");
  }
  return {};
}

}  // namespace tidemark::sinks::s3
