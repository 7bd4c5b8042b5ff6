// What the operations do; each request was found right.
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <algorithm>
#include <sstream>

#include "imposter/text.h"
#include "service.h"

namespace imposter::azblob {
namespace {

constexpr std::string_view kMarkerBegin = "2!+/=";  // of characters that have to be encoded
constexpr size_t kIdBytesMax = 64;

const Refusal kBlobNotFound = {404, "BlobNotFound", "The specified blob does not exist."};
const Refusal kNotMet = {412, "ConditionNotMet",
                         "The condition specified using HTTP conditional header(s) is not met."};
const Refusal kImmutable = {409, "BlobImmutableDueToPolicy",
                            "This operation is not permitted as the blob is immutable due to a policy."};
const Refusal kLeaseMissing = {
    412, "LeaseIdMissing",
    "There is currently a lease on the blob and no lease ID was specified in the request."};

// The body of Put Block List; nothing if it has any other form. A list that takes what somebody else has put
// together ("Latest", "Committed") is an accident here.
std::optional<std::vector<std::string>> parse_ids(const std::string& text) {
  namespace pt = boost::property_tree;
  std::vector<std::string> ids;
  try {
    std::istringstream input(text);
    pt::ptree tree;
    pt::read_xml(input, tree, pt::xml_parser::trim_whitespace);
    if (tree.size() != 1 || tree.front().first != "BlockList") return {};
    for (const auto& [name, element] : tree.front().second) {
      if (name != "Uncommitted" || element.data().empty()) return {};
      ids.push_back(element.data());
    }
  } catch (const pt::ptree_error&) {
    return {};
  }
  return ids;
}

// "bytes=5-9", "bytes=5-"; there are no others in Azure.
bool parse_range(std::string_view text, uint64_t* first, uint64_t* last) {
  if (!text.starts_with("bytes=")) return false;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  const std::optional<uint64_t> a = decimal(text.substr(0, dash)), b = decimal(text.substr(dash + 1));
  if (!a || (dash + 1 < text.size() && (!b || *b < *a))) return false;
  *first = *a;
  *last = b.value_or(UINT64_MAX);
  return true;
}

// A name that XML cannot hold is percent-encoded.
std::string name_element(const std::string& name) {
  const bool is_odd =
      name.find("\xEF\xBF\xBE") != std::string::npos || name.find("\xEF\xBF\xBF") != std::string::npos;
  if (is_odd) return "<Name Encoded=\"true\">" + percent_encode(name, false) + "</Name>";
  return "<Name>" + xml_escape(name) + "</Name>";
}

std::string blob_element(const std::string& name, const Object& object) {
  return "<Blob>" + name_element(name) + "<Properties><Creation-Time>" + http_date(object.modified) +
         "</Creation-Time><Last-Modified>" + http_date(object.modified) + "</Last-Modified><Etag>" +
         object.etag + "</Etag><Content-Length>" + std::to_string(object.size()) +
         "</Content-Length><Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</"
         "BlobType>"
         "</Properties><OrMetadata/></Blob>";
}

std::string directory_element(const std::string& name, bool by_metadata) {
  const std::string type = by_metadata ? "" : "<ResourceType>directory</ResourceType>";
  const std::string metadata = by_metadata ? "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>" : "";
  return "<Blob>" + name_element(name) +
         "<Properties><Last-Modified>Thu, 01 Jan 2026 00:00:00 "
         "GMT</Last-Modified><Content-Length>0</Content-Length>" +
         type + "</Properties>" + metadata + "</Blob>";
}

}  // namespace

Response Exchange::run() {
  std::string text;
  switch (operation_) {
    case Operation::kEntra:
      body_->read(0, std::min<uint64_t>(body_->size(), 65536), &text);
      return service_.access.entra(request_, text, *config_, service_.now());
    case Operation::kMachine:
      return service_.access.machine(request_, *config_, service_.now());
    case Operation::kAccount: {
      Response response;
      response.headers = {{"x-ms-sku-name", "Standard_LRS"},
                          {"x-ms-account-kind", "StorageV2"},
                          {"x-ms-is-hns-enabled", config_->is_hierarchical ? "true" : "false"}};
      return response;
    }
    case Operation::kList:
      return list();
    case Operation::kPutBlob:
      return put_blob();
    case Operation::kPutBlock:
      return put_block();
    case Operation::kPutBlockList:
      return put_block_list();
    case Operation::kDelete:
      return remove();
    default:
      return get_or_head();
  }
}

Response Exchange::refuse_existing() const {
  switch (config_->exists) {
    case Word::kNotMet:
      return refuse(kNotMet);
    case Word::kOverwrite:
      return refuse(
          {403, "UnauthorizedBlobOverwrite", "This request is not authorized to perform blob overwrites."});
    case Word::kImmutable:
      return refuse(kImmutable);
    case Word::kLeased:
      return refuse(kLeaseMissing);
    case Word::kAlreadyExists:
      break;
  }
  return refuse({409, "BlobAlreadyExists", "The specified blob already exists."});
}

// The answer to what makes a blob, and the blob's own properties.
Response Exchange::written(Object* object, int status) const {
  object->etag = "\"0x8D" + hex(service_.new_request_id()).substr(18) + "\"";
  object->modified = service_.now();
  for (const auto& [name, value] : request_.headers) {
    if (name == "x-ms-access-tier") object->recorded.emplace_back(name, value);
  }
  Response response;
  response.status = status;
  response.headers = {{"ETag", object->etag}, {"Last-Modified", http_date(object->modified)}};
  return response;
}

Response Exchange::put_blob() {
  const bool if_absent = request_.header("if-none-match") != nullptr;
  if (!if_absent && service_.store.contains(name_)) {
    if (config_->is_immutable) return refuse(kImmutable);
    if (service_.store.is_leased(name_)) return refuse(kLeaseMissing);
  }
  Object object;
  object.pieces = {body_};
  object.checksum = base64(md5_);
  Response response = written(&object, 201);
  if (!config_->md5_unsaid) response.headers.emplace_back("Content-MD5", object.checksum);
  const auto done =
      service_.store.put_blob(name_, std::move(object), if_absent, config_->blocks_count_as_there);
  if (done == BlobStore::Done::kOnlyBlocks) {
    return refuse({409, "BlobAlreadyExists", "The specified blob already exists."});
  }
  return done == BlobStore::Done::kExists ? refuse_existing() : response;
}

Response Exchange::put_block() {
  if (config_->refuses_probes && name_.find(".tidemark-probe-") != std::string::npos) {
    return refuse({400, "InvalidInput", "no such thing here"});
  }
  const std::string* id = request_.parameter("blockid");
  const size_t most = id == nullptr ? 0 : id->size() / 4 * 3;
  bool is_base64 = false;
  for (size_t size = most < 2 ? 0 : most - 2; size <= most && id != nullptr; ++size) {
    is_base64 = is_base64 || base64_decode(*id, size).has_value();
  }
  if (!is_base64 || most > kIdBytesMax + 2) {
    return refuse({400, "InvalidQueryParameterValue", "blockid is not base64 of at most 64 bytes"});
  }
  switch (service_.store.put_block(name_, *id, body_, config_->blocks_max)) {
    case BlobStore::Done::kOtherLength:
      return refuse({400, "InvalidBlobOrBlock", "The specified blob or block content is invalid."});
    case BlobStore::Done::kTooMany:
      return refuse({409, "BlockCountExceedsLimit",
                     "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks."});
    default:
      break;
  }
  Response response;
  response.status = 201;
  if (!config_->md5_unsaid) response.headers = {{"Content-MD5", base64(md5_)}};
  return response;
}

Response Exchange::put_block_list() {
  std::string text;
  body_->read(0, body_->size(), &text);
  const std::optional<std::vector<std::string>> ids = parse_ids(text);
  if (!ids) return refuse({400, "InvalidXmlDocument", "The specified XML is not syntactically valid."});
  const bool if_absent = request_.header("if-none-match") != nullptr;
  if (!if_absent && config_->is_immutable && service_.store.contains(name_)) return refuse(kImmutable);
  Object object;
  Response response = written(&object, 201);
  if (!config_->md5_unsaid) response.headers.emplace_back("Content-MD5", base64(md5_));  // of the list
  switch (service_.store.commit(name_, *ids, std::move(object), if_absent)) {
    case BlobStore::Done::kExists:
      return refuse_existing();
    case BlobStore::Done::kNoSuchBlock:
      return refuse({400, "InvalidBlockList", "The specified block list is invalid."});
    default:
      return response;
  }
}

Response Exchange::get_or_head() {
  const std::optional<Object> object = service_.store.find(name_);
  if (!object) return refuse(kBlobNotFound);
  const std::string* match = request_.header("if-match");
  if (match != nullptr && *match != object->etag) return refuse(kNotMet);
  const uint64_t size = object->size();
  Response response;
  response.is_head = operation_ == Operation::kHead;
  response.head_size = size;
  uint64_t first = 0, last = UINT64_MAX;
  const std::string* range = request_.header("x-ms-range");
  if (range != nullptr) {
    if (!parse_range(*range, &first, &last))
      return refuse({400, "InvalidHeaderValue", "the range is malformed"});
    const bool is_nothing = config_->nothing_is_206 && first == size;
    if (first >= size && !is_nothing) {
      return refuse({416,
                     "InvalidRange",
                     "The range specified is invalid for the current size of the resource.",
                     {{"Content-Range", "bytes */" + std::to_string(size)}}});
    }
    last = is_nothing ? first - 1 : std::min(last, size - 1);
    response.status = 206;
    const std::string end = size == 0 ? "-1" : std::to_string(last);
    response.headers = {
        {"Content-Range", "bytes " + std::to_string(first) + "-" + end + "/" + std::to_string(size)}};
  }
  const uint64_t count = response.status == 206 ? last + 1 - first : size;
  if (!response.is_head && !object->read(first, count, &response.body)) {
    return refuse({501, "FeatureNotSupported", "this part of the body was not kept (bodies are discarded)"});
  }
  response.headers.emplace_back("ETag", object->etag);
  response.headers.emplace_back("Last-Modified", http_date(object->modified));
  response.headers.emplace_back("Content-Type", "application/octet-stream");
  if (response.status == 200 && !object->checksum.empty()) {
    response.headers.emplace_back("Content-MD5", object->checksum);
  }
  for (const auto& header : object->recorded) response.headers.push_back(header);
  return response;
}

Response Exchange::remove() {
  if (!service_.store.contains(name_)) return refuse(kBlobNotFound);
  if (config_->is_immutable) return refuse(kImmutable);
  if (service_.store.is_leased(name_)) return refuse(kLeaseMissing);
  if (service_.store.has_snapshot(name_) && request_.header_or("x-ms-delete-snapshots", "") != "include") {
    return refuse({409, "SnapshotsPresent", "This operation is not permitted while the blob has snapshots."});
  }
  service_.store.remove(name_);
  Response response;
  response.status = 202;
  return response;
}

Response Exchange::list() {
  const auto parameter = [&](const char* name) {
    const std::string* value = request_.parameter(name);
    return value == nullptr ? std::string() : *value;
  };
  const std::string prefix = parameter("prefix"), delimiter = parameter("delimiter");
  std::string marker = parameter("marker"), after;
  if (!marker.empty() && (!marker.starts_with(kMarkerBegin) ||
                          !percent_decode(std::string_view(marker).substr(kMarkerBegin.size()), &after))) {
    return refuse({400, "InvalidQueryParameterValue", "marker is not one of ours"});
  }
  const bool is_after_empty = after.starts_with('!');  // an empty page came before this one
  if (is_after_empty) after.erase(0, 1);
  const std::optional<uint64_t> asked = decimal(parameter("maxresults"));
  const uint64_t most = std::min(asked.value_or(5000), config_->page_size);
  if (most == 0) return refuse({400, "OutOfRangeQueryParameterValue", "maxresults is 0"});

  // Inclusive, and of the version that has it alone.
  std::string from = parameter("startFrom");
  if (!from.empty() && request_.header_or("x-ms-version", "") == "2023-11-03") {
    return refuse({400, "InvalidQueryParameterValue", "startFrom is of a later version"});
  }
  if (config_->start_from == StartFrom::kIgnored) from.clear();

  std::string inner, last, folder, next;
  uint64_t count = 0;
  bool is_past = after.empty();
  if (config_->empty_pages && !is_after_empty) {
    next = "!" + after;
  } else {
    for (const auto& [name, object] : service_.store.list_all(prefix)) {
      const size_t end = delimiter.empty() ? std::string::npos : name.find(delimiter, prefix.size());
      const std::string shown = end == std::string::npos ? name : name.substr(0, end + 1);
      if (shown == last) continue;  // of a folder that is there already
      if (shown < from && !from.starts_with(shown)) continue;
      if (!is_past) {
        is_past = shown == after;
        if (is_past) last = shown;
        if (shown <= after) continue;
        is_past = true;
      }
      if (count == most) {
        next = last;
        break;
      }
      // Directories stand before what lies in them.
      const std::string parent = name.substr(0, name.rfind('/') == std::string::npos ? 0 : name.rfind('/'));
      if (config_->is_hierarchical && delimiter.empty() && parent != folder &&
          parent.size() > prefix.size()) {
        folder = parent;
        const bool by_metadata = parameter("include") == "metadata" && count % 2 == 0;
        inner += directory_element(folder, by_metadata);
      }
      inner += end == std::string::npos ? blob_element(name, object)
                                        : "<BlobPrefix>" + name_element(shown) + "</BlobPrefix>";
      last = shown;
      ++count;
    }
  }
  if (!next.empty()) next = std::string(kMarkerBegin) + percent_encode(next, false);
  if (config_->same_marker) next = std::string(kMarkerBegin);
  const std::string end = config_->ends_unsaid ? "" : "<NextMarker>" + xml_escape(next) + "</NextMarker>";
  Response response;
  response.headers = {{"Content-Type", "application/xml"}};
  response.body =
      document("<EnumerationResults ServiceEndpoint=\"http://imposter/\" ContainerName=\"" + container_ +
               "\"><Prefix>" + xml_escape(prefix) + "</Prefix><MaxResults>" + std::to_string(most) +
               "</MaxResults><Blobs>" + inner + "</Blobs>" + end + "</EnumerationResults>");
  return response;
}

}  // namespace imposter::azblob
