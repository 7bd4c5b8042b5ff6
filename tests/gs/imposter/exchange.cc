// A request's way through: what is wrong with it, what goes wrong with it, and its answer.
#include <algorithm>

#include "fields.h"
#include "imposter/text.h"
#include "service.h"
#include "xml_api.h"

namespace imposter {
namespace {

constexpr size_t kNameMax = 1024;

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t more = first < 0x80   ? 0
                        : first < 0xC2 ? 9
                        : first < 0xE0 ? 1
                        : first < 0xF0 ? 2
                        : first < 0xF5 ? 3
                                       : 9;
    if (i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    const auto second = static_cast<unsigned char>(more > 0 ? text[i + 1] : 0);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return false;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return false;
    i += more + 1;
  }
  return true;
}

bool has_json_answer(Operation operation) {
  return operation == Operation::kList || operation == Operation::kDescribe ||
         operation == Operation::kInsert || operation == Operation::kSend;
}

}  // namespace

Exchange::Exchange(Service& service, Request request, std::shared_ptr<const Config> config)
    : service_(service), request_(std::move(request)), config_(std::move(config)) {
  const bool is_whole = split_target(&request_);
  is_of_desk_ = is_whole && Desk::knows(request_);
  if (is_of_desk_) {
    if (request_.path == kMachinePath) service_.desk.enter();
    return;
  }
  is_xml_ = is_whole && is_of_xml(request_);
  refusal_ = is_whole ? (is_xml_ ? check_xml_head() : check_head())
                      : invalid("the address is not encoded as it should be");
  if (!refusal_) roll_fault();
}

Exchange::~Exchange() {
  if (is_of_desk_ && request_.path == kMachinePath) service_.desk.leave();
  if (is_booked_) return;
  if (fault_ == Fault::kResetMiddle && is_piece()) keep_what_came();
  service_.log(
      {shape_ == nullptr ? "" : shape_->name, request_.method, request_.target, request_.headers, 0, fault_});
}

uint32_t Exchange::delay_ms() const {
  return is_of_desk_ && request_.path == kMachinePath ? config_->token_delay_ms : config_->delay_ms;
}

std::optional<Refusal> Exchange::check_head() {
  place_ = place_of(request_);
  if (place_.kind == Place::Kind::kNone) return Refusal{404, "", "Not Found", {}};
  shape_ = shape_of(request_, place_);
  if (shape_ == nullptr) return Refusal{405, "methodNotAllowed", "no such operation", {}};
  const std::string* name = request_.parameter("name");
  name_ = name != nullptr ? *name : place_.object;
  if (auto refusal = check_token()) return refusal;
  if (const std::string problem = shape_problem(*shape_, request_); !problem.empty()) {
    return Refusal{400, "invalidParameter", problem, {}};
  }
  if (auto refusal = check_bucket()) return refusal;
  return check_values();
}

// What is in other words than the JSON API's is put into these, so that one set of operations is for both.
std::optional<Refusal> Exchange::check_xml_head() {
  place_ = xml_place_of(request_);
  shape_ = xml_shape_of(request_, place_);
  if (shape_ == nullptr) return Refusal{405, "methodNotAllowed", "no such operation", {}};
  name_ = place_.object;
  const bool is_of_session = is_piece() || shape_->operation == Operation::kCancel;
  if (!is_of_session) {
    if (auto refusal = signature_refusal(request_, std::time(nullptr) + config_->clock_offset_s))
      return refusal;
  }
  if (const std::string problem = shape_problem(*shape_, request_); !problem.empty()) {
    return Refusal{400, "invalidParameter", problem, {}};
  }
  std::optional<Pairs> query = in_words_of_json(request_, *shape_, name_);
  if (!query) return Refusal{400, "invalidParameter", "a value that is not known here", {}};
  request_.query = *std::move(query);
  if (auto refusal = check_bucket()) return refusal;
  return check_values();
}

std::optional<Refusal> Exchange::check_bucket() const {
  if (place_.bucket != config_->bucket) {
    return Refusal{404, "notFound", "The specified bucket does not exist.", {}};
  }
  const std::string* project = request_.parameter("userProject");
  const std::string said = project == nullptr ? "" : *project;
  const bool is_of_session = is_piece() || shape_->operation == Operation::kCancel;
  if (said != config_->project_billed && !is_of_session) {
    return Refusal{400, "required", "Bucket is requester pays bucket but no user project provided.", {}};
  }
  return {};
}

// A session's address is proof enough; a token that is shown has to be good all the same.
std::optional<Refusal> Exchange::check_token() const {
  const std::string* shown = request_.header("authorization");
  const bool is_of_session = is_piece() || shape_->operation == Operation::kCancel;
  if (shown == nullptr && is_of_session) return {};
  if (shown == nullptr) return Refusal{401, "required", "Anonymous caller does not have access.", {}};
  if (shown->starts_with("Bearer ") && service_.desk.is_good(shown->substr(7))) return {};
  return Refusal{401, "authError", "Invalid Credentials", {{"WWW-Authenticate", "Bearer"}}};
}

std::optional<Refusal> Exchange::check_name() const {
  if (name_.empty() || name_.size() > kNameMax) return invalid("The name has no bytes, or more than 1024");
  if (!is_utf8(name_)) return invalid("The name is not UTF-8");
  if (name_.find_first_of("\r\n") != std::string::npos) return invalid("The name has a line break");
  return {};
}

std::optional<Refusal> Exchange::check_values() const {
  if (place_.kind == Place::Kind::kObject || request_.parameter("name") != nullptr) {
    if (auto refusal = check_name()) return refusal;
  }
  if (const std::string* fields = request_.parameter("fields"); fields != nullptr) {
    if (const std::string problem = fields_problem(*fields); !problem.empty()) return invalid(problem);
  }
  if (const std::string* value = request_.parameter("alt"); value != nullptr && *value != "media") {
    return invalid("alt is media");
  }
  for (const char* text : {"prefix", "startOffset"}) {
    const std::string* value = request_.parameter(text);
    if (value != nullptr && !is_utf8(*value)) return invalid(std::string(text) + " is not UTF-8");
  }
  if (const std::string* value = request_.parameter("maxResults"); value != nullptr) {
    const std::optional<uint64_t> number = decimal(*value);
    if (!number || *number < 1 || *number > 1000) return invalid("maxResults is 1 to 1000");
  }
  if (const std::string* value = request_.parameter("ifGenerationMatch"); value != nullptr && *value != "0") {
    return invalid("this imposter knows no generation but 0");
  }
  const std::string* hash = request_.header("x-goog-hash");
  if (hash != nullptr && (!hash->starts_with("crc32c=") || !base64_decode(hash->substr(7), 4))) {
    return invalid("x-goog-hash is crc32c= and the base64 of four bytes");
  }
  return {};
}

void Exchange::roll_fault() {
  const std::string* prefix = request_.parameter("prefix");
  fault_name_ = name_.empty() && prefix != nullptr ? *prefix : name_;
  if (!fault_name_.starts_with(config_->faults.only_below)) return;
  std::vector<Fault> possible = {Fault::kSlowDown,    Fault::kInternal,    Fault::kTooMany,
                                 Fault::kResetBefore, Fault::kResetMiddle, Fault::kResetAfter,
                                 Fault::kLostAnswer,  Fault::kStall,       Fault::kRotate,
                                 Fault::kRedirect,    Fault::kOkPage,      Fault::kNotFoundPage};
  if (is_xml_ ? shape_->operation == Operation::kList : has_json_answer(shape_->operation))
    possible.push_back(Fault::kTruncatedXml);
  if (has_body()) {
    possible.insert(possible.end(), {Fault::kAccepted, Fault::kOkLost});
    if (request_.header_or("content-length", "0") != "0") possible.push_back(Fault::kFlippedBit);
  }
  if (is_condition_set()) possible.push_back(Fault::kConflict);
  fault_ = service_.dice.roll(config_->faults, possible, fault_name_);
}

// Of faults that are an answer in place of doing anything.
std::optional<Response> Exchange::fault_answer() const {
  Response response;
  const bool is_redirect = fault_ == Fault::kRedirect;
  switch (fault_) {
    case Fault::kSlowDown:
      return refuse({503, "backendError", "We encountered an internal error. Please try again.", {}});
    case Fault::kInternal:
      return refuse({500, "backendError", "Backend Error", {}});
    case Fault::kTooMany:
      return refuse({429,
                     "rateLimitExceeded",
                     "The rate of requests is too high.",
                     {{"Retry-After", std::to_string(config_->faults.retry_after_s)}}});
    case Fault::kConflict:
      return refuse({409, "conflict", "Another operation on the object is under way.", {}});
    case Fault::kRedirect:
    case Fault::kOkPage:
    case Fault::kNotFoundPage:
      response.status = is_redirect ? 307 : fault_ == Fault::kOkPage ? 200 : 404;
      response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
      if (is_redirect) {
        response.headers.emplace_back(
            "Location", "http://localhost:" + std::to_string(service_.decoy_port()) + request_.target);
      }
      response.body = "<!DOCTYPE html>\n<html><body><p>Hello<br></body></html>\n";
      return response;
    case Fault::kAccepted:
      response.status = 202;
      return response;
    case Fault::kOkLost: {
      Object other;
      other.checksum = "AAAAAA==";
      other.pieces = {std::make_shared<Body>(false)};
      return described(other, request_.parameter("fields") == nullptr ? "kind,size,crc32c,updated"
                                                                      : *request_.parameter("fields"));
    }
    default:
      return {};
  }
}

std::optional<Response> Exchange::early() {
  if (is_of_desk_ || !expects_continue()) return {};
  std::optional<Response> response;
  if (refusal_) {
    response = refuse(*refusal_);
  } else if ((response = fault_answer())) {
  } else if (shape_->operation == Operation::kInsert) {
    if (auto refusal = creation_refusal(is_condition_set())) response = refuse(*refusal);
  }
  if (!response) return {};
  response->close = true;
  dress(&*response);
  book(*response);
  return response;
}

void Exchange::body(const char* data, size_t size) {
  const bool flips = fault_ == Fault::kFlippedBit && text_.empty() && size > 0;
  text_.append(data, size);
  if (flips) text_[size / 2] ^= 1;
}

Response Exchange::finish() {
  Response response = answer();
  if (request_.method == "HEAD") {
    if (!response.is_head) response.head_size = response.body.size();
    response.is_head = true;
    response.body.clear();
  }
  dress(&response);
  book(response);
  return response;
}

Response Exchange::answer() {
  if (is_of_desk_) return service_.desk.answer(request_, text_, *config_, service_.origin());
  if (refusal_) return refuse(*refusal_);
  if (std::optional<Response> response = fault_answer()) return *std::move(response);
  Response response = run();
  if (fault_ == Fault::kRotate) service_.desk.revoke_all();
  if (fault_ == Fault::kTruncatedXml) response.body.resize(response.body.size() / 2);
  return response;
}

Response Exchange::json(std::string text) const {
  Response response;
  response.headers = {{"Content-Type", "application/json; charset=UTF-8"}};
  response.body = std::move(text);
  return response;
}

// Of bytes the service says in plain text what is wrong.
Response Exchange::refuse(const Refusal& refusal) const {
  const bool is_plain =
      refusal.reason.empty() || (!is_xml_ && shape_ != nullptr && shape_->operation == Operation::kRead);
  Response response = is_plain ? Response{} : json(is_xml_ ? error_xml(refusal) : error_json(refusal));
  if (is_xml_) response.headers = {{"Content-Type", "application/xml; charset=UTF-8"}};
  if (is_plain) {
    response.headers = {{"Content-Type", "text/html; charset=UTF-8"}};
    response.body = refusal.message;
  }
  response.status = refusal.status;
  response.headers.insert(response.headers.end(), refusal.headers.begin(), refusal.headers.end());
  return response;
}

// The id is that of the session, where there is one: as good as its address.
void Exchange::dress(Response* response) const {
  if (is_of_desk_) return;
  response->headers.emplace_back("Date", http_date(std::time(nullptr) + config_->clock_offset_s));
  if (fault_ == Fault::kOkPage || fault_ == Fault::kNotFoundPage || fault_ == Fault::kRedirect) return;
  const std::string* id = request_.parameter("upload_id");
  const bool has_id = std::any_of(response->headers.begin(), response->headers.end(),
                                  [](const auto& one) { return one.first == "X-GUploader-UploadID"; });
  if (!has_id) response->headers.emplace_back("X-GUploader-UploadID", id != nullptr ? *id : "imposter");
  response->headers.emplace_back("Server", "UploadServer");
}

void Exchange::book(const Response& response) {
  is_booked_ = true;
  // The steps of a session do not end the row: it gets somewhere when the object is there.
  const bool is_step =
      shape_ != nullptr && (shape_->operation == Operation::kBegin || (is_piece() && response.status == 308));
  const bool is_far = !is_step && response.status != 400;
  if (fault_ == Fault::kNone && is_far && !is_of_desk_) service_.dice.got_through(fault_name_);
  const char* operation = is_of_desk_ ? "token" : shape_ == nullptr ? "" : shape_->name;
  service_.log({operation, request_.method, request_.target, request_.headers, response.status, fault_});
}

}  // namespace imposter
