#include <algorithm>

#include "imposter/text.h"
#include "service.h"

namespace imposter {
namespace {

constexpr size_t kMaxKeyBytes = 1024;

bool has_xml_answer(Operation operation) {
  return operation == Operation::kListObjects || operation == Operation::kListUploads ||
         operation == Operation::kListParts || operation == Operation::kCreateUpload ||
         operation == Operation::kCompleteUpload || operation == Operation::kDeleteObjects;
}

std::string error_element(const Refusal& refusal, const std::string& resource,
                          const std::string& request_id) {
  std::string text = "<Error><Code>" + xml_escape(refusal.code) + "</Code><Message>" +
                     xml_escape(refusal.message) + "</Message><Resource>" + xml_escape(resource) +
                     "</Resource>";
  for (const auto& [name, value] : refusal.details)
    text += "<" + name + ">" + xml_escape(value) + "</" + name + ">";
  return text + "<RequestId>" + request_id + "</RequestId><HostId>imposter</HostId></Error>";
}

constexpr const char* kXmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

}  // namespace

Exchange::Exchange(Service& service, Request request, std::shared_ptr<const Config> config)
    : service_(service), request_(std::move(request)), config_(std::move(config)) {
  refusal_ = check_head();
  if (!refusal_) refusal_ = habit_refusal();
  if (refusal_) return;
  digests_.emplace(request_.header_or("x-amz-content-sha256", "") != "UNSIGNED-PAYLOAD",
                   request_.header("content-md5") != nullptr || !config_->discards_bodies,
                   request_.header("x-amz-checksum-crc32c") != nullptr);
  body_ = std::make_shared<Body>(config_->discards_bodies && shape_->method == std::string_view("PUT"));
  roll_fault();
}

Exchange::~Exchange() {
  if (is_booked_) return;
  if (!created_upload_.empty()) service_.store.mark_untold(created_upload_);
  service_.log(
      {shape_ == nullptr ? "" : shape_->name, request_.method, request_.target, request_.headers, 0, fault_});
}

bool Exchange::expects_continue() const { return request_.header("expect") != nullptr; }

std::optional<Response> Exchange::early() {
  const bool has_no_end = request_.header("transfer-encoding") != nullptr;
  if (!expects_continue() && !has_no_end) return {};
  std::optional<Response> response;
  bool if_absent = false;
  if (refusal_) {
    response = refuse(*refusal_);
  } else if ((response = fault_answer())) {
  } else if (auto refusal = check_condition(config_->put_condition, &if_absent)) {
    response = refuse(*refusal);
  } else if (if_absent && service_.store.contains(key_)) {
    response = refuse({412,
                       "PreconditionFailed",
                       "at least one of the preconditions did not hold",
                       {{"Condition", "If-None-Match"}}});
  }
  if (response) {
    response->close = true;
    dress(&*response);
    book(*response);
  }
  return response;
}

uint32_t Exchange::put_delay_ms() const {
  return shape_ != nullptr && shape_->operation == Operation::kPutObject ? config_->put_delay_ms : 0;
}

bool Exchange::is_body_upload() const {
  return shape_->operation == Operation::kPutObject || shape_->operation == Operation::kUploadPart;
}

void Exchange::dress(Response* response) const {
  if (fault_ == Fault::kOkPage || fault_ == Fault::kNotFoundPage) return;
  const auto has = [&](const char* name) {
    return std::any_of(response->headers.begin(), response->headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  if (!has("x-amz-request-id")) response->headers.emplace_back("x-amz-request-id", service_.new_request_id());
  apply(config_->habits, response);
}

void Exchange::body(const char* data, size_t size) {
  if (refusal_) return;
  std::string flipped;
  if (fault_ == Fault::kFlippedBit && size > 0 && body_->size() == 0) {
    flipped.assign(data, size);
    flipped[size / 2] ^= 1;
    data = flipped.data();
  }
  digests_->update(data, size);
  body_->append(data, size);
}

Response Exchange::finish() {
  Response response = answer();
  dress(&response);
  book(response);
  return response;
}

Response Exchange::answer() {
  if (!refusal_) refusal_ = check_digests();
  if (refusal_) return refuse(*refusal_);
  if (std::optional<Response> response = fault_answer()) return *std::move(response);
  if (config_->habits.has(Habit::kListsBuckets) && shape_->operation == Operation::kListObjects) {
    return xml("ListAllMyBucketsResult", "<Buckets/>");
  }
  Response response = run();
  if (fault_ == Fault::kRotate) service_.access.rotate(config_->credentials_file);
  if (fault_ == Fault::kTruncatedXml) response.body.resize(response.body.size() / 2);
  if ((fault_ == Fault::kErrorInOkAfter || fault_ == Fault::kPutErrorAfter) && response.status == 200) {
    response.body = kXmlHead + error_element({200, "InternalError", "we encountered an internal error"},
                                             request_.raw_path, service_.new_request_id());
  }
  return response;
}

Response Exchange::refuse(const Refusal& refusal) const {
  Response response;
  response.status = refusal.status;
  response.headers = refusal.headers;
  const std::string id = service_.new_request_id();
  response.headers.emplace_back("x-amz-request-id", id);
  response.headers.emplace_back("Date", http_date(service_.now()));
  response.is_head = request_.method == "HEAD";
  if (response.is_head) return response;
  if (refusal.code.empty()) {
    response.headers.emplace_back("Content-Type", "text/plain");
    response.body = "404 page not found";
    return response;
  }
  response.headers.emplace_back("Content-Type", "application/xml");
  response.body = kXmlHead + error_element(refusal, request_.raw_path, id);
  if (refusal.status == 417) response.close = true;
  return response;
}

std::optional<Refusal> Exchange::check_head() {
  if (auto problem = head_problem(request_)) return Refusal{problem->status, problem->code, problem->message};
  if (!split_target(&request_)) return Refusal{400, "InvalidURI", "could not parse the specified URI"};
  if (auto refusal = check_address()) return refusal;
  if (auto refusal = service_.access.check(request_, *config_, config_->region, service_.now()))
    return refusal;
  if (bucket_ != config_->bucket) {
    return Refusal{404, "NoSuchBucket", "the specified bucket does not exist", {{"BucketName", bucket_}}};
  }
  if (request_.header_or("x-amz-expected-bucket-owner", config_->owner) != config_->owner) {
    return Refusal{403, "AccessDenied", "the bucket is not owned by the expected owner"};
  }
  shape_ = shape_of(request_, !key_.empty());
  if (shape_ == nullptr) return Refusal{405, "MethodNotAllowed", "there is no such operation"};
  if (std::string problem = shape_problem(*shape_, request_); !problem.empty()) {
    return Refusal{400, "InvalidArgument", problem};
  }
  if (std::string problem = recorded_problem(request_); !problem.empty()) {
    return Refusal{400, "InvalidRequest", problem};
  }
  return check_body_headers();
}

// <bucket>.<domain>, or the bucket first in the path, after the server's own.
std::optional<Refusal> Exchange::check_address() {
  const std::string host = request_.header_or("host", "");
  const std::string port = ":" + std::to_string(config_->server.port);
  if (!host.ends_with(port)) return Refusal{400, "InvalidRequest", "the Host header is not of this server"};
  const std::string name = host.substr(0, host.size() - port.size());
  if (name.ends_with("." + config_->domain) && config_->path.empty()) {
    bucket_ = name.substr(0, name.size() - config_->domain.size() - 1);
    key_ = request_.path.substr(1);
  } else if (name == "127.0.0.1" || name == "localhost" || name == config_->domain) {
    if (!request_.path.starts_with(config_->path + "/")) {
      return Refusal{404, "NoSuchRoute", "nothing is served at this path"};
    }
    const std::string path = request_.path.substr(config_->path.size());
    const size_t slash = path.find('/', 1);
    bucket_ = path.substr(1, slash == std::string::npos ? slash : slash - 1);
    if (slash != std::string::npos) key_ = path.substr(slash + 1);
  } else {
    return Refusal{400, "InvalidRequest", "the Host header is not of this server"};
  }
  if (key_.size() > kMaxKeyBytes) return Refusal{400, "KeyTooLongError", "your key is too long"};
  return {};
}

// What servers of some habits never take, however right it is.
std::optional<Refusal> Exchange::habit_refusal() const {
  const Habits& habits = config_->habits;
  const bool is_create = shape_->operation == Operation::kCreateUpload;
  if (habits.has(Habit::kRefusesExpect) && expects_continue()) {
    return Refusal{417, "ExpectationFailed", "no Expect is taken here"};
  }
  const bool makes_object =
      shape_->operation == Operation::kPutObject || shape_->operation == Operation::kCompleteUpload;
  if (habits.has(Habit::kDemandsCondition) && makes_object && request_.header("if-none-match") == nullptr) {
    return Refusal{403, "AccessDenied", "access denied"};
  }
  if (habits.has(Habit::kRefusesDelimiter) && request_.parameter("delimiter") != nullptr)
    return Refusal{501, "NotImplemented", "no delimiter is taken here"};
  if (shape_->operation == Operation::kDeleteObjects) {
    if (habits.has(Habit::kNoRemovals)) return Refusal{501, "NotImplemented", "not implemented here"};
    if (habits.has(Habit::kUnknownRemovals)) return Refusal{404, "", ""};
    if (habits.has(Habit::kMalformedRemovals)) return Refusal{400, "MalformedXML", "no such document"};
    if (habits.has(Habit::kDeniesRemovals)) return Refusal{403, "AccessDenied", "access denied"};
  }
  if (habits.has(Habit::kNoUploads) && is_create) return Refusal{400, "InvalidArgument", "no uploads here"};
  if (habits.has(Habit::kUnknownUploads) && is_create) return Refusal{404, "", ""};
  if (habits.has(Habit::kNamesEndpoint)) {
    return Refusal{301,
                   "PermanentRedirect",
                   "the bucket must be addressed using the specified endpoint",
                   {{"Endpoint", "s3.elsewhere.example"}, {"Bucket", bucket_}}};
  }
  if (habits.has(Habit::kForbidsPathStyle)) {
    return Refusal{403, "SecondLevelDomainForbidden",
                   "the bucket you are attempting to access must be addressed using a third level domain"};
  }
  if (habits.has(Habit::kOtherBucketName)) {
    return Refusal{404, "NoSuchBucket", "the specified bucket does not exist", {{"BucketName", "127"}}};
  }
  return {};
}

std::optional<Refusal> Exchange::check_body_headers() {
  const std::string* length = request_.header("content-length");
  if (length == nullptr && shape_->has_body) {
    return Refusal{411, "MissingContentLength", "you must provide the Content-Length header"};
  }
  const std::optional<uint64_t> size = length == nullptr ? 0 : decimal(*length);
  if (!size) return Refusal{400, "InvalidRequest", "Content-Length is not a number"};
  if (*size > 0 && (!shape_->has_body || shape_->operation == Operation::kCreateUpload)) {
    return Refusal{400, "InvalidRequest", std::string(shape_->name) + " has no body"};
  }
  if (*size > config_->max_body_bytes) {
    return Refusal{400, "EntityTooLarge", "your proposed upload exceeds the maximum allowed size"};
  }
  const std::string* declared = request_.header("content-md5");
  if (declared != nullptr && !base64_decode(*declared, 16)) {
    return Refusal{400, "InvalidDigest", "the Content-MD5 you specified is not valid"};
  }
  declared = request_.header("x-amz-checksum-crc32c");
  if (declared != nullptr && !config_->takes_checksums) {
    return Refusal{501, "NotImplemented",
                   "a header you provided implies functionality that is not implemented"};
  }
  if (declared != nullptr && !base64_decode(*declared, 4)) {
    return Refusal{400, "InvalidRequest", "value for x-amz-checksum-crc32c header is invalid"};
  }
  return {};
}

std::optional<Refusal> Exchange::check_digests() {
  const std::string payload = request_.header_or("x-amz-content-sha256", "");
  if (payload != "UNSIGNED-PAYLOAD") {
    sha256_ = digests_->sha256();
    if (hex(sha256_) != payload) {
      return Refusal{400, "XAmzContentSHA256Mismatch",
                     "the provided x-amz-content-sha256 header does not match what was computed"};
    }
  }
  if (request_.header("content-md5") != nullptr || !config_->discards_bodies) md5_ = digests_->md5();
  crc32c_ = digests_->crc32c();
  const std::string* declared = request_.header("content-md5");
  if (declared != nullptr && base64(md5_) != *declared) {
    return Refusal{400, "BadDigest", "the Content-MD5 you specified did not match what we received"};
  }
  declared = request_.header("x-amz-checksum-crc32c");
  if (declared != nullptr && base64(crc32c_) != *declared) {
    return Refusal{400, "BadDigest", "the CRC32C you specified did not match the calculated checksum"};
  }
  return {};
}

std::optional<Refusal> Exchange::check_condition(Condition condition, bool* if_absent) const {
  *if_absent = false;
  if (request_.header("if-none-match") == nullptr || condition == Condition::kIgnored) return {};
  if (condition == Condition::kNotImplemented) {
    return Refusal{501, "NotImplemented",
                   "a header you provided implies functionality that is not implemented"};
  }
  *if_absent = true;
  return {};
}

void Exchange::roll_fault() {
  const std::string* prefix = request_.parameter("prefix");
  fault_name_ = key_.empty() && prefix != nullptr ? *prefix : key_;
  // Its keys are in the body, which has not come yet: taken for what faults are for.
  if (shape_->operation == Operation::kDeleteObjects) fault_name_ = config_->faults.only_below + "?delete";
  if (!fault_name_.starts_with(config_->faults.only_below)) return;
  std::vector<Fault> possible = {
      Fault::kSlowDown,   Fault::kInternal,   Fault::kTooMany, Fault::kResetBefore, Fault::kResetMiddle,
      Fault::kResetAfter, Fault::kLostAnswer, Fault::kStall,   Fault::kRotate,      Fault::kRedirect};
  possible.push_back(Fault::kOkPage);
  possible.push_back(Fault::kNotFoundPage);
  if (has_xml_answer(shape_->operation)) possible.push_back(Fault::kTruncatedXml);
  if (shape_->operation == Operation::kCompleteUpload) {
    possible.push_back(Fault::kErrorInOkBefore);
    possible.push_back(Fault::kErrorInOkAfter);
  }
  if (is_body_upload()) {
    possible.push_back(Fault::kAccepted);
    possible.push_back(Fault::kPutErrorBefore);
    possible.push_back(Fault::kPutErrorAfter);
    possible.push_back(Fault::kOkLost);
    if (request_.header_or("content-length", "0") != "0") possible.push_back(Fault::kFlippedBit);
  }
  if (request_.header("if-none-match") != nullptr) possible.push_back(Fault::kConflict);
  fault_ = service_.dice.roll(config_->faults, possible, fault_name_);
}

// Of faults that are an answer in place of doing anything.
std::optional<Response> Exchange::fault_answer() {
  switch (fault_) {
    case Fault::kSlowDown:
      return refuse({503, "SlowDown", "please reduce your request rate"});
    case Fault::kInternal:
      return refuse({500, "InternalError", "we encountered an internal error"});
    case Fault::kTooMany:
      return refuse({429,
                     "TooManyRequests",
                     "please reduce your request rate",
                     {},
                     {{"Retry-After", std::to_string(config_->faults.retry_after_s)}}});
    case Fault::kConflict:
      return refuse(
          {409, "ConditionalRequestConflict", "a conflicting operation occurred during the request"});
    case Fault::kRedirect:
      return refuse({307,
                     "TemporaryRedirect",
                     "please re-send this request to the specified temporary endpoint",
                     {},
                     {{"Location", (request_.is_tls ? "https" : "http") + std::string("://localhost:") +
                                       std::to_string(service_.decoy_port) + request_.target},
                      {"x-amz-bucket-region", config_->region}}});
    case Fault::kOkPage:
    case Fault::kNotFoundPage:
      return page_answer();
    case Fault::kAccepted: {
      Response response;
      response.status = 202;
      return response;
    }
    case Fault::kOkLost: {
      Response response;
      response.headers = {{"ETag", "\"" + hex(std::string(16, '\x5A')) + "\""}};
      return response;
    }
    case Fault::kErrorInOkBefore:
    case Fault::kPutErrorBefore:
      return refuse({200, "InternalError", "we encountered an internal error; please try again"});
    default:
      return {};
  }
}

std::optional<Response> Exchange::page_answer() const {
  Response response;
  response.is_head = request_.method == "HEAD";
  const bool is_ok = fault_ == Fault::kOkPage;
  response.status = is_ok ? 200 : 404;
  response.headers = {{"Content-Type", is_ok ? "text/html; charset=utf-8" : "text/plain"},
                      {"Last-Modified", http_date(service_.now())}};
  const std::string body =
      is_ok ? "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><p>Hello<br></body></html>\n"
            : "default backend - 404";
  response.head_size = body.size();
  if (!response.is_head) response.body = body;
  return response;
}

void Exchange::book(const Response& response) {
  is_booked_ = true;
  const bool is_lost = fault_ == Fault::kLostAnswer || fault_ == Fault::kResetMiddle ||
                       fault_ == Fault::kTruncatedXml || fault_ == Fault::kStall;
  if (is_lost && !created_upload_.empty()) service_.store.mark_untold(created_upload_);
  // The steps of a multipart upload do not end the row: it gets somewhere when the object is there.
  const bool is_step = shape_ != nullptr && (shape_->operation == Operation::kCreateUpload ||
                                             shape_->operation == Operation::kUploadPart);
  if (fault_ == Fault::kNone && !is_step) service_.dice.got_through(fault_name_);
  service_.log({shape_ == nullptr ? "" : shape_->name, request_.method, request_.target, request_.headers,
                response.status, fault_});
}

}  // namespace imposter
