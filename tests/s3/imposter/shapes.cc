#include "shapes.h"

#include <algorithm>

#include "imposter/text.h"

namespace imposter {
namespace {

using Names = std::vector<std::string_view>;

bool holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Names joined(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Names& common_headers() {
  static const Names names = {"host",
                              "authorization",
                              "x-amz-date",
                              "x-amz-content-sha256",
                              "x-amz-security-token",
                              "x-amz-expected-bucket-owner",
                              "content-length",
                              "connection",
                              "user-agent",
                              "accept",
                              "accept-encoding",
                              "amz-sdk-invocation-id",
                              "amz-sdk-request"};
  return names;
}

const Names& keeping_headers() {
  static const Names names = {"content-type",
                              "x-amz-acl",
                              "x-amz-storage-class",
                              "x-amz-server-side-encryption",
                              "x-amz-server-side-encryption-aws-kms-key-id",
                              "x-amz-tagging",
                              "x-amz-object-lock-mode",
                              "x-amz-object-lock-retain-until-date"};
  return names;
}

const Names& digest_headers() {
  static const Names names = {"content-md5", "x-amz-checksum-crc32c", "x-amz-sdk-checksum-algorithm",
                              "expect"};
  return names;
}

const Names& page_parameters() {
  static const Names names = {"prefix", "encoding-type"};
  return names;
}

std::vector<Shape> upload_shapes() {
  return {
      {Operation::kListUploads,
       "ListMultipartUploads",
       "GET",
       false,
       false,
       {"uploads"},
       joined(page_parameters(), {"key-marker", "upload-id-marker", "max-uploads"}),
       {}},
      {Operation::kUploadPart,
       "UploadPart",
       "PUT",
       true,
       true,
       {"partNumber", "uploadId"},
       {},
       joined(digest_headers(), {"content-type"})},
      {Operation::kListParts,
       "ListParts",
       "GET",
       true,
       false,
       {"uploadId"},
       {"max-parts", "part-number-marker", "encoding-type"},
       {}},
      {Operation::kAbortUpload, "AbortMultipartUpload", "DELETE", true, false, {"uploadId"}, {}, {}},
      {Operation::kCreateUpload,
       "CreateMultipartUpload",
       "POST",
       true,
       true,
       {"uploads"},
       {},
       joined(keeping_headers(), {"x-amz-checksum-algorithm", "x-amz-checksum-type"})},
      {Operation::kCompleteUpload,
       "CompleteMultipartUpload",
       "POST",
       true,
       true,
       {"uploadId"},
       {},
       {"content-type", "content-md5", "if-none-match", "x-amz-checksum-crc32c", "x-amz-checksum-type",
        "x-amz-mp-object-size"}},
  };
}

std::vector<Shape> object_shapes() {
  return {
      {Operation::kHeadBucket, "HeadBucket", "HEAD", false, false, {}, {}, {}},
      {Operation::kListObjects,
       "ListObjectsV2",
       "GET",
       false,
       false,
       {"list-type"},
       joined(page_parameters(), {"start-after", "continuation-token", "max-keys", "delimiter"}),
       {}},
      {Operation::kPutObject,
       "PutObject",
       "PUT",
       true,
       true,
       {},
       {},
       joined(joined(keeping_headers(), digest_headers()), {"if-none-match"})},
      {Operation::kGetObject, "GetObject", "GET", true, false, {}, {}, {"range", "x-amz-checksum-mode"}},
      {Operation::kHeadObject, "HeadObject", "HEAD", true, false, {}, {}, {"x-amz-checksum-mode"}},
      {Operation::kDeleteObject, "DeleteObject", "DELETE", true, false, {}, {}, {}},
      {Operation::kDeleteObjects,
       "DeleteObjects",
       "POST",
       false,
       true,
       {"delete"},
       {},
       joined(digest_headers(), {"content-type"})},
  };
}

// Those of uploads first: they are told apart by what they must have.
const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = [] {
    std::vector<Shape> found = upload_shapes();
    for (const Shape& shape : object_shapes()) found.push_back(shape);
    return found;
  }();
  return all;
}

}  // namespace

const Shape* shape_of(const Request& request, bool has_key) {
  for (const Shape& shape : shapes()) {
    if (request.method != shape.method || has_key != shape.has_key) continue;
    const bool fits = std::all_of(shape.must.begin(), shape.must.end(),
                                  [&](std::string_view name) { return request.parameter(name) != nullptr; });
    if (fits) return &shape;
  }
  return nullptr;
}

std::string shape_problem(const Shape& shape, const Request& request) {
  Names seen;
  for (const auto& [name, value] : request.query) {
    if (!holds(shape.must, name) && !holds(shape.may, name)) {
      return std::string(shape.name) + " has no parameter '" + name + "'";
    }
    if (holds(seen, name)) return "the parameter '" + name + "' is given twice";
    if ((name == "uploads" || name == "delete") && !value.empty()) {
      return "the parameter '" + name + "' has a value";
    }
    if (name == "encoding-type" && value != "url") return "encoding-type is not 'url'";
    if (name == "list-type" && value != "2") return "list-type is not '2'";
    if (name == "delimiter" && value != "/") return "the delimiter is not '/'";
    seen.push_back(name);
  }
  for (const auto& [name, value] : request.headers) {
    const bool is_meta = name.starts_with("x-amz-meta-") && holds(shape.headers, "x-amz-storage-class");
    if (!holds(common_headers(), name) && !holds(shape.headers, name) && !is_meta) {
      return std::string(shape.name) + " has no header '" + name + "'";
    }
    if (value.empty() && name != "accept" && name != "accept-encoding")
      return "the header '" + name + "' is empty";
  }
  if (request.header_or("if-none-match", "*") != "*") return "If-None-Match takes only '*'";
  if (lower(request.header_or("expect", "100-continue")) != "100-continue")
    return "Expect takes only 100-continue";
  if (request.header_or("x-amz-sdk-checksum-algorithm", "CRC32C") != "CRC32C")
    return "not a checksum known here";
  return {};
}

std::optional<HeadProblem> head_problem(const Request& request) {
  Names seen;
  for (const auto& [name, value] : request.headers) {
    if (holds(seen, name))
      return HeadProblem{400, "InvalidRequest", "the header '" + name + "' is there twice"};
    seen.push_back(name);
    if (name == "transfer-encoding") return HeadProblem{501, "NotImplemented", "no transfer coding is taken"};
    if (name == "trailer" || name == "x-amz-trailer" || name == "te") {
      return HeadProblem{501, "NotImplemented", "no trailers are taken"};
    }
  }
  return {};
}

Pairs recorded_headers(const Request& request) {
  Pairs found;
  for (const auto& header : request.headers) {
    if (holds(keeping_headers(), header.first) || header.first.starts_with("x-amz-meta-"))
      found.push_back(header);
  }
  return found;
}

std::string recorded_problem(const Request& request) {
  static const Names classes = {"STANDARD",     "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                "ONEZONE_IA",   "INTELLIGENT_TIERING", "GLACIER",
                                "DEEP_ARCHIVE", "GLACIER_IR"};
  if (!holds(classes, request.header_or("x-amz-storage-class", "STANDARD"))) return "no such storage class";
  if (request.header_or("x-amz-acl", "private") != "private") return "the bucket's owner owns its objects";
  const std::string sse = request.header_or("x-amz-server-side-encryption", "AES256");
  if (sse != "AES256" && sse != "aws:kms") return "no such server-side encryption";
  if (request.header("x-amz-server-side-encryption-aws-kms-key-id") != nullptr && sse != "aws:kms") {
    return "a KMS key without aws:kms";
  }
  const std::string* mode = request.header("x-amz-object-lock-mode");
  const std::string* until = request.header("x-amz-object-lock-retain-until-date");
  if ((mode == nullptr) != (until == nullptr)) return "object lock needs both a mode and a date";
  if (mode == nullptr) return {};
  if (*mode != "GOVERNANCE" && *mode != "COMPLIANCE") return "no such object lock mode";
  const std::string now = iso_date(std::time(nullptr));
  if (until->size() < 20 || until->back() != 'Z' || (*until)[10] != 'T' || *until <= now) {
    return "the retain-until date is not a time to come in ISO 8601";
  }
  // S3 wants to be sure of what it will not be able to delete.
  if (request.method == "PUT" && request.header("content-md5") == nullptr &&
      request.header("x-amz-checksum-crc32c") == nullptr) {
    return "Content-MD5 or x-amz-checksum- is required for a put with object lock";
  }
  return {};
}

}  // namespace imposter
