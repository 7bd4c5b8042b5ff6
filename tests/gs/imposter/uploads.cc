// Objects that are created: with one request, and in sessions.
#include <algorithm>

#include "fields.h"
#include "imposter/text.h"
#include "service.h"

namespace imposter {
namespace {

constexpr uint64_t kUndeclared = UINT64_MAX;
constexpr uint64_t kPieceStepBytes = 256 * 1024;

Refusal not_met() {
  return {412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.", {}};
}

}  // namespace

// What speaks against a creation, at its end.
std::optional<Refusal> Exchange::creation_refusal(bool if_absent) const {
  if (config_->odd.demands_condition && !if_absent) {
    return Refusal{403, "forbidden", "this test allows no creation without ifGenerationMatch", {}};
  }
  if (config_->odd.creation) return *config_->odd.creation;
  if (if_absent && service_.store.contains(name_)) return not_met();
  return {};
}

std::optional<Refusal> Exchange::digest_refusal(const std::string& crc32c) const {
  const std::string* said = request_.header("x-goog-hash");
  if (said == nullptr && config_->needs_digest) {
    return invalid("this imposter wants x-goog-hash with what finishes a creation");
  }
  if (said == nullptr || *said == "crc32c=" + crc32c) return {};
  return invalid("Provided CRC32C \"" + said->substr(7) + "\" doesn't match calculated CRC32C \"" + crc32c +
                 "\".");
}

Response Exchange::created(const Object& object, const std::string& fields) const {
  Object told = object;
  if (config_->odd.tells_no_digest) told.checksum.clear();
  if (config_->odd.tells_other_digest) told.checksum = "AAAAAA==";
  return described(told, fields);
}

Response Exchange::insert() {
  const bool if_absent = is_condition_set();
  Digests digests(false, false, true);
  digests.update(text_.data(), text_.size());
  Object object;
  object.checksum = base64(digests.crc32c());
  if (auto refusal = digest_refusal(object.checksum)) return refuse(*refusal);
  if (auto refusal = creation_refusal(if_absent)) return refuse(*refusal);
  auto body = std::make_shared<Body>(config_->discards_bodies);
  body->append(text_.data(), text_.size());
  object.pieces = {std::move(body)};
  object.modified = std::time(nullptr);
  if (!service_.store.put(name_, object, if_absent)) return refuse(not_met());
  return created(object, *request_.parameter("fields"));
}

// Conditions are taken note of here and judged at the end, as a digest given here would not be.
Response Exchange::begin_session() const {
  if (text_ != (is_xml_ ? "" : "{}"))
    return refuse(invalid("the body of a beginning is {} here, or nothing"));
  std::optional<uint64_t> size = decimal(request_.header_or("x-upload-content-length", ""));
  if (is_xml_) size = kUndeclared;
  if (!size) return refuse(invalid("x-upload-content-length is missing"));
  UploadSession session;
  session.name = name_;
  session.fields = *request_.parameter("fields");
  session.if_absent = is_condition_set();
  session.size_bytes = *size;
  const std::string id = service_.sessions.begin(std::move(session));
  const std::string origin = config_->odd.moves_sessions
                                 ? "http://localhost:" + std::to_string(service_.decoy_port())
                                 : service_.origin();
  const std::string more = is_xml_ ? "?" : "?uploadType=resumable&name=" + percent_encode(name_, false) + "&";
  Response response;
  if (is_xml_) response.status = 201;
  response.headers = {
      {"Location", origin + request_.raw_path + more + "upload_id=" + percent_encode(id, false)},
      {"X-GUploader-UploadID", id}};
  return response;
}

std::optional<Exchange::ContentRange> Exchange::content_range() const {
  std::string_view text;
  if (const std::string* value = request_.header("content-range"); value != nullptr) text = *value;
  if (!text.starts_with("bytes ")) return {};
  text.remove_prefix(6);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const std::optional<uint64_t> total = decimal(text.substr(slash + 1));
  if (!total) return {};
  if (text.substr(0, slash) == "*") return ContentRange{true, 0, 0, *total};
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash > slash) return {};
  const std::optional<uint64_t> first = decimal(text.substr(0, dash));
  const std::optional<uint64_t> last = decimal(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first > *last || *last >= *total) return {};
  return ContentRange{false, *first, *last, *total};
}

Response Exchange::progress(const UploadSession& session) {
  Response response;
  response.status = 308;
  if (session.received_bytes > 0) {
    response.headers = {{"Range", "bytes=0-" + std::to_string(session.received_bytes - 1)}};
  }
  return response;
}

Response Exchange::send_piece() {
  const std::optional<ContentRange> range = content_range();
  if (!range) return refuse(invalid("Failed to parse Content-Range header."));
  const std::string id = *request_.parameter("upload_id");
  Response response;
  bool ends = false;
  const bool is_there = service_.sessions.with(
      id, name_, [&](UploadSession& session) { response = take_piece(session, *range, &ends); });
  if (!is_there) return refuse({404, "", "Not Found", {}});
  if (ends) service_.sessions.end(id);
  return response;
}

Response Exchange::take_piece(UploadSession& session, const ContentRange& range, bool* ends) {
  if (session.size_bytes == kUndeclared) session.size_bytes = range.total;
  if (range.total != session.size_bytes) return refuse(invalid("another size than was declared"));
  if (range.is_question) {
    if (!text_.empty()) return refuse(invalid("a question has no body"));
    return session.object ? created(*session.object, session.fields) : progress(session);
  }
  if (session.object) return refuse(invalid("the upload is finished"));
  if (text_.size() != range.last - range.first + 1 || range.first != session.received_bytes) {
    return refuse(invalid("Invalid request. The piece is not the one that is wanted."));
  }
  const bool is_last = range.last + 1 == range.total;
  if (!is_last && text_.size() % kPieceStepBytes != 0) {
    return refuse(invalid("a piece that is not the last is a multiple of 256 KiB"));
  }
  if (config_->odd.session_ends != 0 && session.pieces_seen > 0) {
    *ends = true;
    return refuse({config_->odd.session_ends, "", "the session is gone", {}});
  }
  ++session.pieces_seen;
  size_t kept = text_.size();
  if (service_.pieces_forgotten < config_->odd.forgets_pieces) {
    ++service_.pieces_forgotten;
    session.received_bytes = 0;
    session.pieces.clear();
    session.digests = std::make_shared<Digests>(false, false, true);
    return progress(session);
  }
  if (config_->odd.keeps_bytes > 0 && !service_.is_kept_short.exchange(true)) {
    kept = std::min<size_t>(kept, config_->odd.keeps_bytes);
  }
  auto body = std::make_shared<Body>(config_->discards_bodies);
  body->append(text_.data(), kept);
  session.digests->update(text_.data(), kept);
  session.pieces.push_back(std::move(body));
  session.received_bytes += kept;
  if (session.received_bytes < session.size_bytes) return progress(session);
  return finish_session(session, ends);
}

Response Exchange::finish_session(UploadSession& session, bool* ends) {
  Object object;
  object.checksum = base64(session.digests->crc32c());
  object.pieces = session.pieces;
  object.modified = std::time(nullptr);
  std::optional<Refusal> refusal = digest_refusal(object.checksum);
  if (!refusal) refusal = creation_refusal(session.if_absent);
  if (!refusal && !service_.store.put(name_, object, session.if_absent)) refusal = not_met();
  if (refusal) {
    *ends = true;
    return refuse(*refusal);
  }
  session.object = object;
  return created(object, session.fields);
}

// Whole steps of it: what the service has is what it says, never what was sent.
void Exchange::keep_what_came() {
  const std::optional<ContentRange> range = content_range();
  const size_t kept = text_.size() / kPieceStepBytes * kPieceStepBytes;
  if (!range || range->is_question || kept == 0) return;
  service_.sessions.with(*request_.parameter("upload_id"), name_, [&](UploadSession& session) {
    if (session.object || range->first != session.received_bytes) return;
    if (session.received_bytes + kept >= session.size_bytes) return;
    auto body = std::make_shared<Body>(config_->discards_bodies);
    body->append(text_.data(), kept);
    session.digests->update(text_.data(), kept);
    session.pieces.push_back(std::move(body));
    session.received_bytes += kept;
  });
}

}  // namespace imposter
