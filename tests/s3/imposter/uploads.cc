// Operations on multipart uploads.
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <algorithm>
#include <sstream>

#include "imposter/text.h"
#include "service.h"

namespace imposter {
namespace {

constexpr uint64_t kMaxParts = 10'000;
const Refusal kNoSuchUpload = {404, "NoSuchUpload", "the specified multipart upload does not exist", {}, {}};

struct NamedPart {
  uint64_t number = 0;
  std::string etag, checksum;
};

// The body of CompleteMultipartUpload; nothing if it has any other form.
std::optional<std::vector<NamedPart>> parse_parts(const std::string& text) {
  namespace pt = boost::property_tree;
  std::vector<NamedPart> parts;
  try {
    std::istringstream input(text);
    pt::ptree tree;
    pt::read_xml(input, tree, pt::xml_parser::trim_whitespace);
    if (tree.size() != 1 || tree.front().first != "CompleteMultipartUpload") return {};
    for (const auto& [name, element] : tree.front().second) {
      if (name == "<xmlattr>") continue;
      if (name != "Part") return {};
      NamedPart part;
      for (const auto& [field, value] : element) {
        std::string data = value.data();
        if (field == "PartNumber") {
          part.number = decimal(data).value_or(0);
        } else if (field == "ETag") {
          if (data.size() > 2 && data.front() == '"' && data.back() == '"')
            data = data.substr(1, data.size() - 2);
          part.etag = data;
        } else if (field == "ChecksumCRC32C") {
          part.checksum = data;
        } else {
          return {};
        }
      }
      if (part.number == 0 || part.etag.empty()) return {};
      parts.push_back(std::move(part));
    }
  } catch (const pt::ptree_error&) {
    return {};
  }
  if (parts.empty()) return {};
  return parts;
}

bool wants_checksums(const Upload& upload) {
  return std::any_of(upload.recorded.begin(), upload.recorded.end(),
                     [](const auto& header) { return header.first == "x-amz-checksum-algorithm"; });
}

// Nothing: the parts that were named make up an object.
std::optional<Refusal> check_parts(const Upload& upload, const std::vector<NamedPart>& named,
                                   uint64_t min_bytes) {
  uint64_t before = 0;
  for (size_t i = 0; i < named.size(); ++i) {
    if (named[i].number <= before) {
      return Refusal{400, "InvalidPartOrder", "the list of parts was not in ascending order"};
    }
    before = named[i].number;
    const auto part = upload.parts.find(named[i].number);
    if (part == upload.parts.end() || part->second.etag != named[i].etag ||
        (!named[i].checksum.empty() && part->second.checksum != named[i].checksum)) {
      return Refusal{400,
                     "InvalidPart",
                     "one or more of the specified parts could not be found",
                     {{"PartNumber", std::to_string(named[i].number)}}};
    }
    if (wants_checksums(upload) && named[i].checksum.empty()) {
      return Refusal{400, "InvalidRequest",
                     "the upload was created with a checksum; each part must name its own"};
    }
    if (i + 1 < named.size() && part->second.body->size() < min_bytes) {
      return Refusal{400, "EntityTooSmall", "your proposed upload is smaller than the minimum allowed size"};
    }
  }
  return {};
}

}  // namespace

Response Exchange::create_upload() {
  const std::string* algorithm = request_.header("x-amz-checksum-algorithm");
  if (algorithm != nullptr && !config_->takes_checksums) {
    return refuse(
        {501, "NotImplemented", "a header you provided implies functionality that is not implemented"});
  }
  if (algorithm != nullptr && *algorithm != "CRC32C") {
    return refuse({400, "InvalidRequest", "checksum algorithm provided is unsupported"});
  }
  Upload upload;
  upload.key = key_;
  upload.initiated = service_.now();
  upload.recorded = recorded_headers(request_);
  if (algorithm != nullptr) upload.recorded.emplace_back("x-amz-checksum-algorithm", *algorithm);
  created_upload_ = service_.store.begin_upload(std::move(upload));
  return xml("InitiateMultipartUploadResult", "<Bucket>" + bucket_ + "</Bucket><Key>" + xml_escape(key_) +
                                                  "</Key><UploadId>" + xml_escape(created_upload_) +
                                                  "</UploadId>");
}

Response Exchange::upload_part() {
  const std::optional<uint64_t> number = decimal(*request_.parameter("partNumber"));
  if (!number || *number < 1 || *number > kMaxParts) {
    return refuse({400, "InvalidArgument", "part number must be an integer between 1 and 10000, inclusive"});
  }
  const std::string& id = *request_.parameter("uploadId");
  const std::optional<Upload> upload = service_.store.find_upload(key_, id);
  if (!upload) return refuse(kNoSuchUpload);
  const bool has_checksum = request_.header("x-amz-checksum-crc32c") != nullptr;
  if (has_checksum != wants_checksums(*upload)) {
    return refuse({400, "InvalidRequest", "checksum type mismatch: the upload was created with another one"});
  }
  Part part;
  part.body = body_;
  part.etag = etag();
  if (has_checksum) part.checksum = base64(crc32c_);
  part.modified = service_.now();
  Response response;
  response.headers = {{"ETag", "\"" + part.etag + "\""}, {"x-amz-request-id", service_.new_request_id()}};
  if (has_checksum) response.headers.emplace_back("x-amz-checksum-crc32c", part.checksum);
  if (!service_.store.put_part(key_, id, *number, std::move(part))) return refuse(kNoSuchUpload);
  return response;
}

Response Exchange::complete_upload() {
  bool if_absent = false;
  if (auto refusal = check_condition(config_->complete_condition, &if_absent)) return refuse(*refusal);
  const std::string& id = *request_.parameter("uploadId");
  const std::optional<Upload> upload = service_.store.find_upload(key_, id);
  if (!upload) return refuse(kNoSuchUpload);
  std::string text;
  body_->read(0, body_->size(), &text);
  const auto named = parse_parts(text);
  if (!named)
    return refuse({400, "MalformedXML", "the XML you provided was not well-formed or did not validate"});
  if (auto refusal = check_parts(*upload, *named, config_->min_part_bytes)) return refuse(*refusal);

  Object object;
  std::string etags;
  for (const NamedPart& part : *named) {
    object.pieces.push_back(upload->parts.at(part.number).body);
    etags += unhex(part.etag);
  }
  const std::string* declared = request_.header("x-amz-mp-object-size");
  if (declared != nullptr && decimal(*declared) != object.size()) {
    return refuse({400, "InvalidRequest", "the object is not as long as x-amz-mp-object-size says"});
  }
  object.etag = hex(md5(etags)) + "-" + std::to_string(named->size());
  const std::string other_etag = hex(md5(object.etag)) + "-" + std::to_string(named->size());
  if (config_->habits.has(Habit::kKeepsOtherEtag)) object.etag = other_etag;
  object.modified = service_.now();
  object.recorded = upload->recorded;
  const std::string etag = config_->habits.has(Habit::kTellsOtherEtag) ? other_etag : object.etag;
  switch (service_.store.complete(key_, id, std::move(object), if_absent)) {
    case Store::Completed::kGone:
      return refuse(kNoSuchUpload);
    case Store::Completed::kExists:
      return refuse({412,
                     "PreconditionFailed",
                     "at least one of the preconditions did not hold",
                     {{"Condition", "If-None-Match"}}});
    case Store::Completed::kDone:
      break;
  }
  return xml("CompleteMultipartUploadResult", "<Location>imposter</Location><Bucket>" + bucket_ +
                                                  "</Bucket><Key>" + xml_escape(key_) + "</Key><ETag>&quot;" +
                                                  etag + "&quot;</ETag>");
}

Response Exchange::abort_upload() {
  if (!service_.store.end_upload(key_, *request_.parameter("uploadId"))) return refuse(kNoSuchUpload);
  Response response;
  response.status = 204;
  response.has_length = false;
  return response;
}

Response Exchange::list_uploads() {
  const auto parameter = [&](const char* name) {
    const std::string* value = request_.parameter(name);
    return value == nullptr ? std::string() : *value;
  };
  const Habits& habits = config_->habits;
  const bool encodes = request_.parameter("encoding-type") != nullptr && !habits.has(Habit::kNeverEncodes);
  const auto text = [&](const std::string& raw) { return listed_text(raw, encodes); };
  const std::string prefix = parameter("prefix"), key = parameter("key-marker"),
                    id = parameter("upload-id-marker");
  const std::string* limit = request_.parameter("max-uploads");
  const std::optional<uint64_t> wanted = limit == nullptr ? config_->max_keys : decimal(*limit);
  if (!wanted || *wanted == 0)
    return refuse({400, "InvalidArgument", "max-uploads is not a number in bounds"});
  const uint64_t most = std::min(*wanted, config_->max_keys);

  std::vector<Upload> found = service_.store.uploads();
  const bool is_exact = config_->habits.has(Habit::kExactUploadPrefix) && !prefix.empty();
  std::erase_if(found, [&](const Upload& one) {
    if (!one.key.starts_with(prefix) || (is_exact && one.key != prefix)) return true;
    if (id.empty() || key.empty()) return !key.empty() && one.key <= key;
    return one.key < key || (one.key == key && one.id <= id);
  });
  const bool is_truncated = found.size() > most;
  found.resize(std::min<size_t>(found.size(), most));
  std::string inner = "<Bucket>" + bucket_ + "</Bucket><KeyMarker>" + text(key) + "</KeyMarker><Prefix>" +
                      text(prefix) + "</Prefix><MaxUploads>" + std::to_string(*wanted) +
                      "</MaxUploads><IsTruncated>" + (is_truncated ? "true" : "false") + "</IsTruncated>";
  if (encodes && !habits.has(Habit::kUnsaidEncoding)) inner += "<EncodingType>url</EncodingType>";
  if (is_truncated) {
    inner += "<NextKeyMarker>" + text(found.back().key) + "</NextKeyMarker><NextUploadIdMarker>" +
             xml_escape(found.back().id) + "</NextUploadIdMarker>";
  }
  for (const Upload& upload : found) {
    inner += "<Upload><Key>" + text(upload.key) + "</Key><UploadId>" + xml_escape(upload.id) +
             "</UploadId><Initiated>" + iso_date(upload.initiated) +
             "</Initiated><StorageClass>STANDARD</StorageClass></Upload>";
  }
  return xml("ListMultipartUploadsResult", inner);
}

Response Exchange::list_parts() {
  const std::optional<Upload> upload = service_.store.find_upload(key_, *request_.parameter("uploadId"));
  if (!upload) return refuse(kNoSuchUpload);
  const std::string* marker = request_.parameter("part-number-marker");
  const std::string* limit = request_.parameter("max-parts");
  const std::optional<uint64_t> after = marker == nullptr ? 0 : decimal(*marker);
  const std::optional<uint64_t> wanted = limit == nullptr ? config_->max_keys : decimal(*limit);
  if (!after || !wanted)
    return refuse({400, "InvalidArgument", "max-parts or part-number-marker is no number"});
  std::string inner;
  uint64_t count = 0;
  auto part = upload->parts.upper_bound(*after);
  uint64_t last = *after;
  for (; part != upload->parts.end() && count < std::min(*wanted, config_->max_keys); ++part, ++count) {
    last = part->first;
    inner += "<Part><PartNumber>" + std::to_string(last) + "</PartNumber><LastModified>" +
             iso_date(part->second.modified) + "</LastModified><ETag>&quot;" + part->second.etag +
             "&quot;</ETag><Size>" + std::to_string(part->second.body->size()) + "</Size></Part>";
  }
  const bool is_truncated = part != upload->parts.end();
  inner += std::string("<IsTruncated>") + (is_truncated ? "true" : "false") + "</IsTruncated>";
  if (is_truncated) inner += "<NextPartNumberMarker>" + std::to_string(last) + "</NextPartNumberMarker>";
  return xml("ListPartsResult", "<Bucket>" + bucket_ + "</Bucket><Key>" + xml_escape(key_) +
                                    "</Key><UploadId>" + xml_escape(upload->id) + "</UploadId>" + inner);
}

}  // namespace imposter
