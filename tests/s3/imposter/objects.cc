// Operations on whole objects.
#include <algorithm>

#include "imposter/text.h"
#include "service.h"

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

// Keys in a listing with encoding-type=url: '/' stays, but a space is '+', as AWS does it.
std::string listing_encode(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? "+" : percent_encode({&c, 1}, true);
  return out;
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

void add_object_headers(const Object& object, const Request& request, bool is_whole, Response* response) {
  response->headers.emplace_back("Last-Modified", http_date(object.modified));
  response->headers.emplace_back("ETag", in_quotes(object.etag));
  response->headers.emplace_back("Accept-Ranges", "bytes");
  for (const auto& [name, value] : object.recorded) {
    if (name != "x-amz-tagging" && (name != "x-amz-storage-class" || value != "STANDARD")) {
      response->headers.emplace_back(name, value);
    }
  }
  if (is_whole && !object.checksum.empty() && request.header_or("x-amz-checksum-mode", "") == "ENABLED") {
    response->headers.emplace_back("x-amz-checksum-crc32c", object.checksum);
  }
}

const Refusal kNoSuchKey = {404, "NoSuchKey", "the specified key does not exist", {}, {}};

// What comes after a page: opaque, and of characters that have to be encoded.
constexpr std::string_view kTokenBegin = "t+/=";

// Comes after all that a folder can hold.
constexpr char kAfterFolder = '\xFF';

}  // namespace

Response Exchange::run() {
  switch (shape_->operation) {
    case Operation::kHeadBucket: {
      Response response;
      response.is_head = true;
      response.headers = {{"x-amz-bucket-region", config_->region}};
      return response;
    }
    case Operation::kListObjects:
      return list_objects();
    case Operation::kListUploads:
      return list_uploads();
    case Operation::kPutObject:
      return put_object();
    case Operation::kUploadPart:
      return upload_part();
    case Operation::kGetObject:
      return get_object();
    case Operation::kHeadObject:
      return head_object();
    case Operation::kCreateUpload:
      return create_upload();
    case Operation::kCompleteUpload:
      return complete_upload();
    case Operation::kAbortUpload:
      return abort_upload();
    case Operation::kListParts:
      return list_parts();
    case Operation::kDeleteObjects:
      return delete_objects();
    case Operation::kDeleteObject:
      break;
  }
  service_.store.remove(key_);
  Response response;
  response.status = 204;
  response.has_length = false;
  return response;
}

Response Exchange::xml(const std::string& root, const std::string& inner) const {
  Response response;
  response.headers = {{"Content-Type", "application/xml"}, {"x-amz-request-id", service_.new_request_id()}};
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + root +
                  " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" + inner + "</" + root + ">";
  return response;
}

std::string Exchange::etag() const {
  if (!md5_.empty() && !config_->habits.has(Habit::kOpaqueEtag)) return hex(md5_);
  if (!sha256_.empty()) return hex(sha256_).substr(0, 32);
  return service_.new_request_id();
}

Response Exchange::put_object() {
  bool if_absent = false;
  if (auto refusal = check_condition(config_->put_condition, &if_absent)) return refuse(*refusal);
  Object object;
  object.pieces = {body_};
  object.etag = etag();
  const bool has_checksum = request_.header("x-amz-checksum-crc32c") != nullptr;
  if (has_checksum) object.checksum = base64(crc32c_);
  object.modified = service_.now();
  object.recorded = recorded_headers(request_);
  Response response;
  response.headers = {{"ETag", in_quotes(object.etag)}, {"x-amz-request-id", service_.new_request_id()}};
  if (has_checksum) response.headers.emplace_back("x-amz-checksum-crc32c", object.checksum);
  if (config_->habits.has(Habit::kNoEtagOnPut)) response.headers.erase(response.headers.begin());
  if (config_->habits.has(Habit::kCreated)) response.status = 201;
  if (config_->habits.has(Habit::kPutDocument)) response.body = "<?xml version=\"1.0\"?>\n<PutObjectResult/>";
  if (config_->habits.has(Habit::kStoresNothing)) return response;
  if (!service_.store.put(key_, std::move(object), if_absent)) {
    return refuse({412,
                   "PreconditionFailed",
                   "at least one of the preconditions did not hold",
                   {{"Condition", "If-None-Match"}}});
  }
  return response;
}

// Its entry in the index is there, its data is not.
bool Exchange::is_lost() const {
  return !config_->loses.empty() && key_.find(config_->loses) != std::string::npos;
}

Response Exchange::get_object() {
  const std::optional<Object> object = service_.store.find(key_);
  if (!object || is_lost()) return refuse(kNoSuchKey);
  const uint64_t size = object->size();
  std::optional<Span> span;
  const std::string* range = request_.header("range");
  if (range != nullptr) {
    if (!parse_range(*range, size, &span)) return refuse({400, "InvalidArgument", "the range is malformed"});
    if (!span) {
      return refuse({416,
                     "InvalidRange",
                     "the requested range is not satisfiable",
                     {{"ActualObjectSize", std::to_string(size)}},
                     {{"Content-Range", "bytes */" + std::to_string(size)}}});
    }
  }
  Response response;
  const uint64_t first = span ? span->first : 0;
  const uint64_t count = span ? span->last - span->first + 1 : size;
  if (!object->read(first, count, &response.body)) {
    return refuse({501, "NotImplemented", "this part of the body was not kept (bodies are discarded)"});
  }
  add_object_headers(*object, request_, !span, &response);
  if (span) {
    response.status = 206;
    response.headers.emplace_back(
        "Content-Range",
        "bytes " + std::to_string(first) + "-" + std::to_string(span->last) + "/" + std::to_string(size));
  }
  return response;
}

Response Exchange::head_object() {
  const std::optional<Object> object = service_.store.find(key_);
  if (!object || is_lost()) return refuse(kNoSuchKey);
  Response response;
  response.is_head = true;
  response.head_size = object->size();
  add_object_headers(*object, request_, true, &response);
  return response;
}

Response Exchange::list_objects() {
  const Habits& habits = config_->habits;
  if (habits.has(Habit::kNoListing)) {
    Response response;
    response.status = 204;
    response.has_length = false;
    return response;
  }
  const std::string* prefix = request_.parameter("prefix");
  const std::string* token = request_.parameter("continuation-token");
  const std::string* start = request_.parameter("start-after");
  const std::string* limit = request_.parameter("max-keys");
  const bool encodes = request_.parameter("encoding-type") != nullptr && !habits.has(Habit::kNeverEncodes);
  const auto text = [&](const std::string& raw) { return listed_text(raw, encodes); };
  const std::string* asked = request_.parameter("delimiter");
  const std::string delimiter = asked == nullptr || habits.has(Habit::kIgnoresDelimiter) ? "" : *asked;

  std::string after = start == nullptr ? "" : *start;
  if (token != nullptr && (!token->starts_with(kTokenBegin) ||
                           !percent_decode(std::string_view(*token).substr(kTokenBegin.size()), &after))) {
    return refuse({400, "InvalidArgument", "the continuation token provided is incorrect"});
  }
  const std::string below = prefix == nullptr ? "" : *prefix;
  if (habits.has(Habit::kSkipsBegunFolder) && token == nullptr && !delimiter.empty() &&
      after.starts_with(below) && after.find(delimiter, below.size()) != std::string::npos) {
    after = after.substr(0, after.find(delimiter, below.size()) + 1) + kAfterFolder;
  }
  const std::optional<uint64_t> wanted = limit == nullptr ? config_->max_keys : decimal(*limit);
  if (!wanted || *wanted > 2147483647)
    return refuse({400, "InvalidArgument", "max-keys is not a number in bounds"});
  const uint64_t most = std::min(*wanted, config_->max_keys);

  auto found = service_.store.list(below, after, most + 1, delimiter);
  const bool is_truncated = (found.size() > most && most > 0) || habits.has(Habit::kEmptyPages);
  found.resize(std::min<size_t>(found.size(), most));
  std::string next;
  if (habits.has(Habit::kEmptyPages)) {
    found.clear();
    next = std::string(kTokenBegin) + percent_encode(after + "+", false);
  } else if (is_truncated) {
    const std::string& last = found.back().first;
    const bool ends_folder = !delimiter.empty() && last.size() > below.size() && last.ends_with(delimiter);
    next = std::string(kTokenBegin) + percent_encode(ends_folder ? last + kAfterFolder : last, false);
  }
  if (is_truncated && habits.has(Habit::kSameToken)) next = std::string(kTokenBegin);
  change_order(after, &found);
  std::string inner = "<Name>" + bucket_ + "</Name><Prefix>" + text(below) + "</Prefix>";
  if (!delimiter.empty()) inner += "<Delimiter>" + text(delimiter) + "</Delimiter>";
  if (start != nullptr) inner += "<StartAfter>" + text(*start) + "</StartAfter>";
  if (token != nullptr) inner += "<ContinuationToken>" + xml_escape(*token) + "</ContinuationToken>";
  inner += "<KeyCount>" + std::to_string(found.size()) + "</KeyCount><MaxKeys>" + std::to_string(*wanted) +
           "</MaxKeys><IsTruncated>" + (is_truncated ? "true" : "false") + "</IsTruncated>";
  if (encodes && !habits.has(Habit::kUnsaidEncoding)) inner += "<EncodingType>url</EncodingType>";
  if (is_truncated && !habits.has(Habit::kNoToken)) {
    inner += "<NextContinuationToken>" + next + "</NextContinuationToken>";
  }
  return xml("ListBucketResult", inner + listed_items(found, delimiter.empty() ? 0 : below.size() + 1, text));
}

// Objects first, then the folders: names with a '/' at the end and of this size at least; 0: there are none.
std::string Exchange::listed_items(const std::vector<std::pair<std::string, Object>>& found,
                                   size_t folder_size,
                                   const std::function<std::string(const std::string&)>& text) const {
  const Habits& habits = config_->habits;
  std::string objects, folders;
  for (const auto& [key, object] : found) {
    const bool is_folder = folder_size > 0 && key.size() >= folder_size && key.ends_with('/');
    if (is_folder) folders += "<Prefix>" + text(key) + "</Prefix>";
    if (is_folder && !habits.has(Habit::kFoldersInOne)) folders += "</CommonPrefixes><CommonPrefixes>";
    if (is_folder && !habits.has(Habit::kMarksFolders)) continue;
    objects += "<Contents><Key>" + text(key) + "</Key><LastModified>" + iso_date(object.modified) +
               "</LastModified><ETag>" + xml_escape(in_quotes(object.etag)) + "</ETag><Size>" +
               std::to_string(object.size()) + "</Size><StorageClass>STANDARD</StorageClass></Contents>";
  }
  constexpr std::string_view kNone = "<CommonPrefixes></CommonPrefixes>";
  folders = "<CommonPrefixes>" + folders + "</CommonPrefixes>";
  if (folders.ends_with(kNone)) folders.resize(folders.size() - kNone.size());
  return objects + folders;
}

std::string Exchange::listed_text(const std::string& raw, bool encodes) const {
  if (!encodes || config_->habits.has(Habit::kOnlySaysEncoding)) return xml_escape(raw);
  if (!config_->habits.has(Habit::kPlusAlone)) return listing_encode(raw);
  std::string out;
  for (const char c : raw) out += c == '+' ? "+" : percent_encode({&c, 1}, true);
  return out;
}

// What is in a page, as servers of some habits have it.
void Exchange::change_order(const std::string& after,
                            std::vector<std::pair<std::string, Object>>* found) const {
  const Habits& habits = config_->habits;
  if (habits.has(Habit::kUnordered)) std::reverse(found->begin(), found->end());
  if (habits.has(Habit::kStrangers)) found->emplace_back("\x7F", Object{});
  const bool follows = request_.parameter("continuation-token") != nullptr;
  if (!habits.has(Habit::kRepeatsLastKey) || !follows) return;
  if (after.ends_with(kAfterFolder))
    found->emplace(found->begin(), after.substr(0, after.size() - 1), Object{});
  if (std::optional<Object> before = service_.store.find(after))
    found->emplace(found->begin(), after, *before);
}

}  // namespace imposter
