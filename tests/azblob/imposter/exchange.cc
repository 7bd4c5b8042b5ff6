// A request's way through: address, proof, shape, faults; what it does is in blobs.cc.
#include <algorithm>
#include <set>

#include "imposter/text.h"
#include "service.h"

namespace imposter::azblob {
namespace {

constexpr size_t kMaxNameBytes = 2048;  // 1024 characters of which most take two
constexpr const char* kMark = "\xEF\xBB\xBF";
constexpr const char* kXmlHead = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

// The parameters of a signature, which go with every operation.
const std::set<std::string> kOfSignature = {"sv", "sr", "sig", "se", "st", "sp", "spr", "sip", "si"};

struct Shape {
  Operation operation;
  const char* name;
  const char* method;
  bool has_name, has_body;
  std::set<std::string> query, headers;  // allowed, besides those of every request
};

const Shape kShapes[] = {
    {Operation::kList,
     "ListBlobs",
     "GET",
     false,
     false,
     {"restype", "comp", "prefix", "marker", "maxresults", "delimiter", "include", "startFrom"},
     {}},
    {Operation::kAccount, "GetAccountInformation", "GET", false, false, {"restype", "comp"}, {}},
    {Operation::kPutBlob,
     "PutBlob",
     "PUT",
     true,
     true,
     {},
     {"x-ms-blob-type", "content-md5", "content-type", "if-none-match", "x-ms-access-tier"}},
    {Operation::kPutBlock,
     "PutBlock",
     "PUT",
     true,
     true,
     {"comp", "blockid"},
     {"content-md5", "content-type"}},
    {Operation::kPutBlockList,
     "PutBlockList",
     "PUT",
     true,
     true,
     {"comp"},
     {"content-md5", "content-type", "if-none-match", "x-ms-blob-content-type", "x-ms-access-tier"}},
    {Operation::kGet, "GetBlob", "GET", true, false, {}, {"x-ms-range", "if-match"}},
    {Operation::kHead, "GetBlobProperties", "HEAD", true, false, {}, {}},
    {Operation::kDelete, "DeleteBlob", "DELETE", true, false, {}, {"x-ms-delete-snapshots"}},
};

const std::set<std::string> kOfEveryRequest = {"host",           "accept",    "accept-encoding", "user-agent",
                                               "authorization",  "x-ms-date", "x-ms-version",    "expect",
                                               "content-length", "connection"};

const Shape* shape_of(Operation operation) {
  const auto found = std::find_if(std::begin(kShapes), std::end(kShapes),
                                  [&](const Shape& one) { return one.operation == operation; });
  return found == std::end(kShapes) ? nullptr : found;
}

Operation operation_of(const Request& request, bool has_name) {
  const std::string* comp = request.parameter("comp");
  const std::string* restype = request.parameter("restype");
  if (restype != nullptr && *restype == "account") return Operation::kAccount;
  if (!has_name && restype != nullptr && comp != nullptr && *restype == "container" && *comp == "list") {
    return Operation::kList;
  }
  if (request.method == "PUT" && comp != nullptr) {
    return *comp == "block"       ? Operation::kPutBlock
           : *comp == "blocklist" ? Operation::kPutBlockList
                                  : Operation::kNone;
  }
  if (comp != nullptr || restype != nullptr || !has_name) return Operation::kNone;
  if (request.method == "PUT") return Operation::kPutBlob;
  if (request.method == "GET") return Operation::kGet;
  if (request.method == "HEAD") return Operation::kHead;
  return request.method == "DELETE" ? Operation::kDelete : Operation::kNone;
}

}  // namespace

const char* name_of(Operation operation) {
  if (operation == Operation::kEntra) return "EntraToken";
  if (operation == Operation::kMachine) return "MachineToken";
  const Shape* shape = shape_of(operation);
  return shape == nullptr ? "" : shape->name;
}

Exchange::Exchange(Service& service, Request request, std::shared_ptr<const Config> config)
    : service_(service), request_(std::move(request)), config_(std::move(config)) {
  refusal_ = check_head();
  if (refusal_) return;
  digests_.emplace(false, true, false);
  body_ = std::make_shared<Body>(config_->discards_bodies && is_body_upload());
  roll_fault();
}

Exchange::~Exchange() {
  if (is_booked_) return;
  service_.log({name_of(operation_), request_.method, request_.target, request_.headers, 0, fault_});
}

bool Exchange::expects_continue() const { return request_.header("expect") != nullptr; }

std::optional<Response> Exchange::early() {
  if (!expects_continue()) return {};
  std::optional<Response> response;
  if (refusal_) {
    response = refuse(*refusal_);
  } else if ((response = fault_answer())) {
  } else if (request_.header("if-none-match") != nullptr && service_.store.contains(name_)) {
    response = refuse_existing();
  }
  if (response) {
    response->close = true;
    dress(&*response);
    book(*response);
  }
  return response;
}

bool Exchange::is_body_upload() const {
  return operation_ == Operation::kPutBlob || operation_ == Operation::kPutBlock;
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
  if (refusal_) return refuse(*refusal_);
  md5_ = digests_->md5();
  const std::string* declared = request_.header("content-md5");
  if (declared != nullptr && *declared != base64(md5_)) {
    return refuse(
        {400, "Md5Mismatch",
         "The MD5 value specified in the request did not match with the MD5 value calculated by the "
         "server."});
  }
  if (std::optional<Response> response = fault_answer()) return *std::move(response);
  Response response = run();
  if (fault_ == Fault::kTruncatedXml) response.body.resize(response.body.size() / 2);
  return response;
}

std::string Exchange::document(const std::string& inner) const {
  return (config_->has_mark ? kMark : "") + std::string(kXmlHead) + inner;
}

Response Exchange::refuse(const Refusal& refusal) const {
  Response response;
  response.status = refusal.status;
  response.headers = refusal.headers;
  response.headers.emplace_back("x-ms-error-code", refusal.code);
  response.is_head = request_.method == "HEAD";
  if (response.is_head) return response;
  response.headers.emplace_back("Content-Type", "application/xml");
  response.body = document("<Error><Code>" + refusal.code + "</Code><Message>" + xml_escape(refusal.message) +
                           "\nRequestId:imposter\nTime:2026-11-29T12:00:00.0000000Z</Message></Error>");
  return response;
}

std::optional<Refusal> Exchange::check_head() {
  std::set<std::string> seen;
  for (const auto& [name, value] : request_.headers) {
    if (!seen.insert(name).second) return Refusal{400, "InvalidHeaderValue", name + " is given twice"};
  }
  if (!split_target(&request_))
    return Refusal{400, "InvalidUri", "The requested URI does not represent any resource on the server."};
  if (request_.path == "/" + config_->tenant + "/oauth2/v2.0/token") operation_ = Operation::kEntra;
  if (request_.path == "/metadata/identity/oauth2/token") operation_ = Operation::kMachine;
  if (operation_ != Operation::kNone) return {};
  if (auto refusal = check_address()) return refusal;
  if (auto refusal = service_.access.check(request_, *config_, service_.now(), &grant_)) return refusal;
  const std::string version = request_.header_or("x-ms-version", "");
  const bool is_new = version == "2026-02-06" && config_->start_from != StartFrom::kRefused;
  if (version != "2023-11-03" && !is_new) {
    return Refusal{400, "InvalidHeaderValue", "x-ms-version is not one that is served here"};
  }
  operation_ = operation_of(request_, !name_.empty());
  if (operation_ == Operation::kNone)
    return Refusal{405, "UnsupportedHttpVerb", "there is no such operation"};
  if (container_ != config_->container) {
    return Refusal{404, "ContainerNotFound", "The specified container does not exist."};
  }
  if (auto refusal = check_shape()) return refusal;
  if (auto refusal = check_permission()) return refusal;
  return check_body_headers();
}

// <account>.blob.localhost, or the account first in the path.
std::optional<Refusal> Exchange::check_address() {
  const std::string host = request_.header_or("host", "");
  const std::string port = ":" + std::to_string(config_->server.port);
  if (!host.ends_with(port))
    return Refusal{400, "InvalidHeaderValue", "the Host header is not of this server"};
  const std::string name = host.substr(0, host.size() - port.size());
  std::string path = request_.path;
  if (name == "127.0.0.1" || name == "localhost") {
    const std::string begin = "/" + config_->account;
    if (path != begin && !path.starts_with(begin + "/")) {
      return Refusal{404, "ResourceNotFound", "no such account"};
    }
    path.erase(0, begin.size());
  } else if (name != config_->account + ".blob.localhost") {
    return Refusal{400, "InvalidHeaderValue", "the Host header is not of this server"};
  }
  if (path.empty()) path = "/";
  // Azure takes one for the other.
  std::replace(path.begin(), path.end(), '\\', '/');
  const size_t slash = path.find('/', 1);
  container_ = path.substr(1, slash == std::string::npos ? slash : slash - 1);
  if (slash != std::string::npos) name_ = path.substr(slash + 1);
  if (name_.size() > kMaxNameBytes) return Refusal{400, "InvalidResourceName", "the name is too long"};
  if (std::any_of(name_.begin(), name_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    return Refusal{400, "InvalidUri", "the name has a control character"};
  }
  return {};
}

std::optional<Refusal> Exchange::check_shape() {
  const Shape& shape = *shape_of(operation_);
  if (request_.method != shape.method)
    return Refusal{405, "UnsupportedHttpVerb", "another method belongs to it"};
  for (const auto& [name, value] : request_.query) {
    if (!shape.query.contains(name) && !kOfSignature.contains(name)) {
      return Refusal{400, "InvalidQueryParameterValue", "nothing is known of the parameter " + name};
    }
  }
  for (const auto& [name, value] : request_.headers) {
    if (!shape.headers.contains(name) && !kOfEveryRequest.contains(name)) {
      return Refusal{400, "UnsupportedHeader", "nothing is known of the header " + name};
    }
  }
  if (operation_ == Operation::kPutBlob && request_.header_or("x-ms-blob-type", "") != "BlockBlob") {
    return Refusal{400, "MissingRequiredHeader", "x-ms-blob-type is missing"};
  }
  if (request_.header_or("if-none-match", "*") != "*") {
    return Refusal{400, "InvalidHeaderValue", "If-None-Match takes * only here"};
  }
  return {};
}

std::optional<Refusal> Exchange::check_permission() const {
  const Refusal denied = {403, "AuthorizationPermissionMismatch",
                          "This request is not authorized to perform this operation using this permission."};
  const bool is_write = is_body_upload() || operation_ == Operation::kPutBlockList;
  if (is_write && config_->denies) return denied;
  if (is_write && !grant_.has('w') && !grant_.has('c')) return denied;
  // Who may create may not replace.
  const bool replaces = operation_ != Operation::kPutBlock && service_.store.contains(name_);
  if (is_write && !grant_.has('w') && replaces) return denied;
  if (operation_ == Operation::kList && !grant_.has('l')) return denied;
  if ((operation_ == Operation::kGet || operation_ == Operation::kHead) && !grant_.has('r')) return denied;
  if (operation_ == Operation::kDelete && !grant_.has('d')) return denied;
  return {};
}

std::optional<Refusal> Exchange::check_body_headers() {
  const Shape& shape = *shape_of(operation_);
  const std::string* length = request_.header("content-length");
  if (length == nullptr && shape.has_body) {
    return Refusal{411, "MissingContentLengthHeader", "The Content-Length header was not specified."};
  }
  const std::optional<uint64_t> size = length == nullptr ? 0 : decimal(*length);
  if (!size) return Refusal{400, "InvalidHeaderValue", "Content-Length is not a number"};
  if (*size > 0 && !shape.has_body) return Refusal{400, "InvalidInput", "this has no body"};
  if (operation_ == Operation::kPutBlock && (*size == 0 || *size > config_->block_bytes_max)) {
    return Refusal{413, "RequestBodyTooLarge",
                   "The request body is too large and exceeds the maximum permissible limit."};
  }
  // Each body has to be protected: what is not is an accident that nobody would see.
  const std::string* declared = request_.header("content-md5");
  if (is_body_upload() && declared == nullptr) {
    return Refusal{400, "MissingRequiredHeader", "Content-MD5 is missing"};
  }
  if (declared != nullptr && !base64_decode(*declared, 16)) {
    return Refusal{400, "InvalidMd5", "The MD5 value specified in the request is invalid."};
  }
  return {};
}

void Exchange::roll_fault() {
  const std::string* prefix = request_.parameter("prefix");
  fault_name_ = name_.empty() && prefix != nullptr ? *prefix : name_;
  if (operation_ == Operation::kEntra || operation_ == Operation::kMachine ||
      operation_ == Operation::kAccount)
    return;
  if (!fault_name_.starts_with(config_->faults.only_below)) return;
  std::vector<Fault> possible = {Fault::kSlowDown,    Fault::kInternal,    Fault::kTooMany,
                                 Fault::kResetBefore, Fault::kResetMiddle, Fault::kResetAfter,
                                 Fault::kLostAnswer,  Fault::kStall,       Fault::kRedirect,
                                 Fault::kOkPage,      Fault::kNotFoundPage};
  if (operation_ == Operation::kList) possible.push_back(Fault::kTruncatedXml);
  if (is_body_upload() || operation_ == Operation::kPutBlockList) {
    possible.push_back(Fault::kAccepted);
    possible.push_back(Fault::kOkLost);
  }
  if (is_body_upload() && request_.header_or("content-length", "0") != "0")
    possible.push_back(Fault::kFlippedBit);
  if (request_.header("if-none-match") != nullptr) possible.push_back(Fault::kConflict);
  fault_ = service_.dice.roll(config_->faults, possible, fault_name_);
}

// Of faults that are an answer in place of doing anything.
std::optional<Response> Exchange::fault_answer() {
  Response response;
  switch (fault_) {
    case Fault::kSlowDown:
      return refuse({503,
                     "ServerBusy",
                     "The server is currently unable to receive requests. Please retry your request.",
                     {{"Retry-After", std::to_string(config_->faults.retry_after_s)}}});
    case Fault::kInternal:
      return refuse(
          {500, "InternalError", "The server encountered an internal error. Please retry the request."});
    case Fault::kTooMany:
      return refuse(
          {500, "OperationTimedOut", "Operation could not be completed within the specified time."});
    case Fault::kConflict:
      return refuse(
          {412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."});
    case Fault::kRedirect:
      response.status = 307;
      response.headers = {
          {"Location", "http://127.0.0.1:" + std::to_string(service_.decoy_port) + request_.target}};
      return response;
    case Fault::kOkPage:
    case Fault::kNotFoundPage:
      response.status = fault_ == Fault::kOkPage ? 200 : 404;
      response.headers = {{"Content-Type", fault_ == Fault::kOkPage ? "text/html" : "text/plain"}};
      response.is_head = request_.method == "HEAD";
      if (!response.is_head)
        response.body = fault_ == Fault::kOkPage ? "<html><body>sign in</body></html>" : "404 page not found";
      return response;
    case Fault::kAccepted:
      response.status = 202;
      return response;
    case Fault::kOkLost:  // the digest of something else
      response.status = operation_ == Operation::kPutBlockList && !config_->md5_unsaid ? 200 : 201;
      if (!config_->md5_unsaid) response.headers = {{"Content-MD5", base64(md5("something else"))}};
      return response;
    default:
      return {};
  }
}

void Exchange::dress(Response* response) const {
  if (fault_ == Fault::kOkPage || fault_ == Fault::kNotFoundPage) return;
  if (operation_ == Operation::kEntra || operation_ == Operation::kMachine) return;
  response->headers.emplace_back("x-ms-request-id", service_.new_request_id());
  response->headers.emplace_back("x-ms-version", "2023-11-03");
  response->headers.emplace_back("Date", http_date(service_.now()));
}

void Exchange::book(const Response& response) {
  is_booked_ = true;
  // Blocks do not end the row: it gets somewhere when the blob is there.
  if (fault_ == Fault::kNone && operation_ != Operation::kPutBlock) service_.dice.got_through(fault_name_);
  service_.log(
      {name_of(operation_), request_.method, request_.target, request_.headers, response.status, fault_});
}

}  // namespace imposter::azblob
