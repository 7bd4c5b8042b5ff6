// Operations on whole objects.
#include <algorithm>

#include "fields.h"
#include "imposter/text.h"
#include "service.h"
#include "xml_api.h"

namespace imposter {
namespace {

// [first, last] of an object of this size, from "bytes=…". Nothing: not satisfiable.
struct Span {
  uint64_t first, last;
};
bool parse_range(std::string_view text, uint64_t size, std::optional<Span>* span) {
  if (!text.starts_with("bytes=")) return false;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const std::optional<uint64_t> a = decimal(text.substr(0, dash)), b = decimal(text.substr(dash + 1));
  if ((dash > 0 && !a) || (dash + 1 < text.size() && !b) || (!a && !b) || (a && b && *a > *b)) return false;
  if (!a) {
    if (*b > 0 && size > 0) *span = Span{size - std::min(size, *b), size - 1};
  } else if (*a < size) {
    *span = Span{*a, std::min(b.value_or(UINT64_MAX), size - 1)};
  }
  return true;
}

// What comes after a page: opaque, of characters that have to be encoded, and of one listing only.
std::string token_of(const Request& request, const std::string& last) {
  std::string listing;
  for (const char* name : {"prefix", "startOffset", "delimiter"}) {
    const std::string* value = request.parameter(name);
    listing += (value == nullptr ? "" : *value) + '\0';
  }
  return "t+/=" + hex(sha256(listing)).substr(0, 8) + hex(last);
}

// Comes after all that a folder can hold.
constexpr char kAfterFolder = '\xFF';

}  // namespace

Response Exchange::run() {
  switch (shape_->operation) {
    case Operation::kList:
      return list_objects();
    case Operation::kDescribe:
      return describe();
    case Operation::kRead:
      return read();
    case Operation::kRemove:
      return remove();
    case Operation::kInsert:
      return insert();
    case Operation::kBegin:
      return begin_session();
    case Operation::kSend:
      return send_piece();
    case Operation::kCancel:
      break;
  }
  const bool was_there = service_.sessions.end(*request_.parameter("upload_id"));
  if (!was_there) return refuse({404, "", "Not Found", {}});
  Response response;
  response.status = 499;
  return response;
}

Response Exchange::list_objects() const {
  const auto text = [&](const char* name) {
    const std::string* value = request_.parameter(name);
    return value == nullptr ? std::string() : *value;
  };
  const std::string prefix = text("prefix"), start = text("startOffset"), token = text("pageToken");
  std::string after = start;
  if (!token.empty()) {
    after = token.size() > 12 ? unhex(std::string_view(token).substr(12)) : "";
    if (token != token_of(request_, after)) return refuse({400, "invalid", "Invalid page token", {}});
    if (after.ends_with('/')) after += kAfterFolder;
  }
  const uint64_t limit =
      std::min(config_->page_size, decimal(text("maxResults")).value_or(config_->page_size));
  auto found = service_.store.list(prefix, after, limit + 1, text("delimiter"));
  if (token.empty() && !is_xml_) add_start(prefix, start, text("delimiter"), &found);
  const bool has_more = found.size() > limit;
  if (has_more) found.resize(limit);
  const std::string next = has_more ? token_of(request_, found.back().first) : "";
  const bool by_folders = !text("delimiter").empty();
  if (!is_xml_) return json(list_json(found, prefix, by_folders, next, *request_.parameter("fields")));
  Response response = json(listing_xml(found, prefix, by_folders, next));
  response.headers = {{"Content-Type", "application/xml; charset=UTF-8"}};
  return response;
}

// The name itself counts: as an object, or as the folder that it lies in.
void Exchange::add_start(const std::string& prefix, const std::string& start, const std::string& delimiter,
                         std::vector<std::pair<std::string, Object>>* found) const {
  const std::optional<Object> object = service_.store.find(start);
  if (!object || !start.starts_with(prefix)) return;
  const size_t slash = delimiter.empty() ? std::string::npos : start.find(delimiter, prefix.size());
  if (slash == std::string::npos) {
    found->insert(found->begin(), {start, *object});
    return;
  }
  const std::string folder = start.substr(0, slash + 1);
  if (found->empty() || found->front().first != folder) found->insert(found->begin(), {folder, Object{}});
}

Response Exchange::describe() const {
  const std::optional<Object> object = service_.store.find(name_);
  if (!object) return refuse({404, "notFound", "No such object: " + place_.bucket + "/" + name_, {}});
  Response response = described(*object, *request_.parameter("fields"));
  if (!is_xml_) return response;
  response.is_head = true;
  response.head_size = object->size();
  response.headers.emplace_back("Content-Type", "application/octet-stream");
  response.headers.emplace_back("Last-Modified", http_date(object->modified));
  return response;
}

Response Exchange::described(const Object& object, const std::string& fields) const {
  if (!is_xml_) return json(object_json(name_, object, fields));
  Response response;
  response.headers = description_headers(object);
  return response;
}

Response Exchange::read() const {
  const std::optional<Object> object = service_.store.find(name_);
  if (!object) return refuse({404, "notFound", "No such object: " + place_.bucket + "/" + name_, {}});
  const uint64_t size = object->size();
  Span span = {0, size == 0 ? 0 : size - 1};
  Response response;
  response.headers = {{"Content-Type", "application/octet-stream"},
                      {"X-Goog-Hash", "crc32c=" + object->checksum}};
  if (const std::string* range = request_.header("range"); range != nullptr) {
    std::optional<Span> asked;
    if (!parse_range(*range, size, &asked)) return refuse({400, "invalid", "the range is malformed", {}});
    const std::string total = std::to_string(size);
    if (!asked) {
      return refuse({416,
                     "requestedRangeNotSatisfiable",
                     "Request range not satisfiable",
                     {{"Content-Range", "bytes */" + total}}});
    }
    span = *asked;
    response.status = 206;
    response.headers.emplace_back("Content-Range", "bytes " + std::to_string(span.first) + "-" +
                                                       std::to_string(span.last) + "/" + total);
  }
  const uint64_t count = size == 0 ? 0 : span.last - span.first + 1;
  if (!object->read(span.first, count, &response.body)) {
    return refuse({501, "notImplemented", "the middle of this body was not kept", {}});
  }
  return response;
}

Response Exchange::remove() const {
  if (config_->odd.removal) return refuse(*config_->odd.removal);
  if (!service_.store.contains(name_)) {
    return refuse({404, "notFound", "No such object: " + place_.bucket + "/" + name_, {}});
  }
  service_.store.remove(name_);
  Response response;
  response.status = 204;
  response.has_length = false;
  return response;
}

}  // namespace imposter
