#include "xml_api.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "imposter/signature.h"
#include "imposter/text.h"
#include "keys.h"

namespace imposter {
namespace {

constexpr int64_t kMaxSkewS = 15 * 60;
constexpr char kFields[] = "kind,nextPageToken,prefixes,items,name,size,crc32c,updated";

// Of a signed request. A session's has nothing of it.
std::vector<std::string_view> with_proof(std::vector<std::string_view> more) {
  more.insert(more.end(), {"x-goog-date", "x-goog-content-sha256", "x-goog-user-project"});
  return more;
}

const std::vector<Shape>& xml_shapes() {
  static const auto* const all = new std::vector<Shape>{
      {Operation::kList,
       "list",
       "GET",
       {"list-type", "encoding-type"},
       {"max-keys", "prefix", "start-after", "continuation-token", "delimiter"},
       with_proof({})},
      {Operation::kDescribe, "describe", "HEAD", {}, {}, with_proof({})},
      {Operation::kRead, "read", "GET", {}, {}, with_proof({"range"})},
      {Operation::kRemove, "remove", "DELETE", {}, {}, with_proof({})},
      {Operation::kInsert,
       "insert",
       "PUT",
       {},
       {},
       with_proof({"x-goog-hash", "x-goog-if-generation-match", "x-goog-encryption-kms-key-name"})},
      {Operation::kBegin,
       "begin",
       "POST",
       {},
       {},
       with_proof({"x-goog-resumable", "x-goog-if-generation-match", "x-goog-encryption-kms-key-name"})},
      {Operation::kSend, "send", "PUT", {"upload_id"}, {}, {"content-range", "x-goog-hash"}},
      {Operation::kCancel, "cancel", "DELETE", {"upload_id"}, {}, {}},
  };
  return *all;
}

// The JSON API's reasons in the other's words.
std::string code_of(const Refusal& refusal) {
  static const auto* const codes =
      new std::map<std::string, std::string>{{"conditionNotMet", "PreconditionFailed"},
                                             {"forbidden", "AccessDenied"},
                                             {"rateLimitExceeded", "SlowDown"},
                                             {"invalid", "InvalidArgument"},
                                             {"invalidParameter", "InvalidArgument"},
                                             {"methodNotAllowed", "MethodNotAllowed"},
                                             {"requestedRangeNotSatisfiable", "InvalidRange"},
                                             {"required", "UserProjectMissing"}};
  if (refusal.reason == "notFound") {
    return refusal.message.find("bucket") != std::string::npos ? "NoSuchBucket" : "NoSuchKey";
  }
  if (refusal.reason == "backendError") return refusal.status == 503 ? "ServiceUnavailable" : "InternalError";
  const auto found = codes->find(refusal.reason);
  return found == codes->end() ? refusal.reason : found->second;
}

std::string element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + xml_escape(text) + "</" + name + ">";
}

}  // namespace

bool is_of_xml(const Request& request) {
  return !request.raw_path.starts_with("/storage/v1/") && !request.raw_path.starts_with("/upload/") &&
         request.raw_path.size() > 1;
}

Place xml_place_of(const Request& request) {
  Place place;
  const std::string_view path = std::string_view(request.path).substr(1);
  const size_t end = path.find('/');
  place.bucket = path.substr(0, end);
  const bool is_object = end != std::string_view::npos && end + 1 < path.size();
  place.kind = is_object ? Place::Kind::kObject : Place::Kind::kBucket;
  if (is_object) place.object = path.substr(end + 1);
  return place;
}

const Shape* xml_shape_of(const Request& request, const Place& place) {
  const bool is_of_session = request.parameter("upload_id") != nullptr;
  for (const Shape& shape : xml_shapes()) {
    const bool wants_session = shape.operation == Operation::kSend || shape.operation == Operation::kCancel;
    const bool wants_bucket = shape.operation == Operation::kList;
    if (request.method == shape.method && is_of_session == wants_session &&
        wants_bucket == (place.kind == Place::Kind::kBucket)) {
      return &shape;
    }
  }
  return nullptr;
}

std::optional<Refusal> signature_refusal(const Request& request, std::time_t now) {
  const std::string* header = request.header("authorization");
  if (header == nullptr) return Refusal{403, "AccessDenied", "Anonymous caller does not have access.", {}};
  const auto authorization = parse_authorization(kGoogle, *header);
  if (!authorization) return Refusal{400, "InvalidArgument", "Invalid authorization header", {}};
  if (authorization->access_key != kHmacId) {
    return Refusal{403, "InvalidAccessKeyId", "The access key does not exist in our records.", {}};
  }
  const std::string date = request.header_or("x-goog-date", "");
  const std::optional<std::time_t> signed_at = parse_signature_date(date);
  if (!signed_at) return Refusal{403, "AccessDenied", "a valid x-goog-date is required", {}};
  if (std::abs(static_cast<int64_t>(*signed_at) - static_cast<int64_t>(now)) > kMaxSkewS) {
    return Refusal{403,
                   "RequestTimeTooSkewed",
                   "The difference between the request time and the server's time is too large.",
                   {}};
  }
  if (authorization->region != "auto" || authorization->service != "storage" ||
      date.compare(0, 8, authorization->date) != 0) {
    return Refusal{400, "AuthenticationRequired", "the scope is not <date>/auto/storage/goog4_request", {}};
  }
  const std::string payload = request.header_or("x-goog-content-sha256", "");
  if (payload != "UNSIGNED-PAYLOAD") {
    return Refusal{400, "InvalidArgument", "this imposter knows no payload but UNSIGNED-PAYLOAD", {}};
  }
  if (const std::string problem = signed_headers_problem(kGoogle, request, *authorization);
      !problem.empty()) {
    return Refusal{403, "AccessDenied", problem, {}};
  }
  // Changed on the way by Google's front end: signed it would be refused there.
  const auto& names = authorization->signed_headers;
  if (std::find(names.begin(), names.end(), "accept-encoding") != names.end()) {
    return Refusal{403, "SignatureDoesNotMatch", "accept-encoding is signed", {}};
  }
  if (expected_signature(kGoogle, request, *authorization, kHmacSecret, date, payload) !=
      authorization->signature) {
    return Refusal{
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your "
        "Google secret key and signing method.",
        {}};
  }
  return {};
}

std::optional<Pairs> in_words_of_json(const Request& request, const Shape& shape, const std::string& name) {
  static const auto* const words = new std::map<std::string, std::string>{
      {"prefix", "prefix"},       {"start-after", "startOffset"}, {"continuation-token", "pageToken"},
      {"delimiter", "delimiter"}, {"max-keys", "maxResults"},     {"upload_id", "upload_id"}};
  if (shape.operation == Operation::kBegin && request.header_or("x-goog-resumable", "") != "start") return {};
  Pairs query = {{"fields", kFields}};
  if (!name.empty()) query.emplace_back("name", name);
  for (const auto& [key, value] : request.query) {
    if (const auto found = words->find(key); found != words->end()) {
      query.emplace_back(found->second, value);
    } else if ((key == "list-type" && value != "2") || (key == "encoding-type" && value != "url")) {
      return {};
    }
  }
  if (const std::string* value = request.header("x-goog-if-generation-match"); value != nullptr) {
    query.emplace_back("ifGenerationMatch", *value);
  }
  if (const std::string* value = request.header("x-goog-user-project"); value != nullptr) {
    query.emplace_back("userProject", *value);
  }
  return query;
}

Pairs description_headers(const Object& object) {
  return {{"x-goog-hash", "crc32c=" + object.checksum},
          {"x-goog-hash", "md5=1B2M2Y8AsgTpgAmY7PhCfg=="},  // of nothing: nobody may look at it
          {"x-goog-stored-content-length", std::to_string(object.size())},
          {"x-goog-generation", "1234567890123456"}};
}

// As an S3 has it, in the names and the encoding too: '+' is a space.
std::string listing_xml(const std::vector<std::pair<std::string, Object>>& found, const std::string& prefix,
                        bool by_folders, const std::string& next_token) {
  std::string inner;
  for (const auto& [name, object] : found) {
    std::string encoded = percent_encode(name, true);
    for (size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos;) encoded.replace(at, 3, "+");
    if (by_folders && name.size() > prefix.size() && name.ends_with('/') && object.pieces.empty()) {
      inner += "<CommonPrefixes>" + element("Prefix", encoded) + "</CommonPrefixes>";
    } else {
      inner += "<Contents>" + element("Key", encoded) + element("LastModified", iso_date(object.modified)) +
               element("Size", std::to_string(object.size())) + "</Contents>";
    }
  }
  if (!next_token.empty()) inner += element("NextContinuationToken", next_token);
  return "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult "
         "xmlns='http://doc.s3.amazonaws.com/2006-03-01'>" +
         element("EncodingType", "url") + element("IsTruncated", next_token.empty() ? "false" : "true") +
         inner + "</ListBucketResult>";
}

std::string error_xml(const Refusal& refusal) {
  return "<?xml version='1.0' encoding='UTF-8'?><Error>" + element("Code", code_of(refusal)) +
         element("Message", refusal.message) + "</Error>";
}

}  // namespace imposter
