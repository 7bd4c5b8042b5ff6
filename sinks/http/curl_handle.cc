#include "http/curl_handle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdio>
#include <new>

#include "base/line.h"
#include "base/secret.h"
#include "http/curl_error.h"

namespace tidemark::sinks {
namespace {

constexpr size_t kHeaderBytesMax = 64 * 1024;
constexpr uint64_t kExpectBytes = 1 << 20;  // from here on a store is asked before the body is sent
constexpr long kExpectTimeoutMs = 1000;
constexpr long kMaxAgeSeconds = 5;  // an idle connection older than that is not used again
constexpr long kBufferBytes = 64 * 1024;
constexpr long kUploadBufferBytes = 256 * 1024;
constexpr const char* kOverdue = "Operation timed out";
constexpr uint64_t kOnePacketBytes = 64 * 1024;  // libcurl sends such a body together with the headers

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int set_user_timeout(void* ctx, curl_socket_t fd, curlsocktype) {
  const auto timeout_ms = static_cast<unsigned>(static_cast<const TransportOptions*>(ctx)->stall_timeout_ms);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  return CURL_SOCKOPT_OK;
}

}  // namespace

CurlHandle::CurlHandle(const TransportOptions& options, const ProxyRules& proxies)
    : options_(options), proxies_(proxies), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  try {
    set_constant_options();
  } catch (...) {
    curl_easy_cleanup(easy_);
    throw;
  }
}

CurlHandle::~CurlHandle() { curl_easy_cleanup(easy_); }

// A text that libcurl had no memory to copy is not set at all: no request may go out without it.
template <typename T>
void CurlHandle::set(CURLoption option, T value) {
  if (curl_easy_setopt(easy_, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
}

// Expects the handle fresh. What a single transfer sets is set again for each by prepare().
void CurlHandle::set_constant_options() {
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name that is still being resolved holds up neither cancellation nor close
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // signed headers go nowhere else
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_USERAGENT, "tidemark/" TIDEMARK_VERSION);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>((options_.stall_timeout_ms + 999) / 1000));
  set(CURLOPT_NOPROXY, "");  // proxy.h has decided that
  set(CURLOPT_MAXAGE_CONN, kMaxAgeSeconds);
  set(CURLOPT_EXPECT_100_TIMEOUT_MS, kExpectTimeoutMs);
  set(CURLOPT_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_SOCKOPTFUNCTION, set_user_timeout);
  set(CURLOPT_SOCKOPTDATA, const_cast<TransportOptions*>(&options_));
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_write);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, on_read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, on_seek);
  set(CURLOPT_SEEKDATA, this);
}

void CurlHandle::prepare(HttpRequest& request) {
  assert(is_free());
  request_ = &request;
  request.answer = {};
  request.refused_to_expect = false;
  request.outcome = {};
  header_bytes_ = 0;
  answer_began_.reset();
  enough_ = false;
  failure_ = {};
  error_text_[0] = '\0';
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  const Proxy proxy = request.use_proxy ? proxies_.find(request.url) : Proxy();
  request.answer.via = proxy ? proxy.text() : "";
  set(CURLOPT_PROXY, proxy.url.c_str());  // empty: none, whatever the environment says
  set_method();
  set_headers();
}

void CurlHandle::set_method() {
  const std::string& method = request_->method;
  const Body* body = request_->body;
  const char* custom = nullptr;
  if (body != nullptr && body->size_bytes() <= kOnePacketBytes &&
      (body->text().data() != nullptr || body->size_bytes() == 0)) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size_bytes()));
    set(CURLOPT_POSTFIELDS, body->size_bytes() == 0 ? "" : body->text().data());
    custom = method.c_str();
  } else if (body != nullptr) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body->size_bytes()));
    if (method != "PUT") custom = method.c_str();
  } else if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_HTTPGET, 1L);
    if (method != "GET") custom = method.c_str();
  }
  set(CURLOPT_CUSTOMREQUEST, custom);
}

void CurlHandle::set_headers() {
  lines_.clear();
  std::vector<size_t> begins;
  begins.reserve(request_->headers.size() + request_->proof.size() + 1);
  size_t size = 16;
  for (const Headers* headers : {&request_->headers, &request_->proof}) {
    for (const Header& header : *headers) size += header.name.size() + header.value.size() + 3;
  }
  lines_.reserve(size);  // it never moves, which would leave a copy in memory
  for (const Headers* headers : {&request_->headers, &request_->proof}) {
    for (const Header& header : *headers) {
      begins.push_back(lines_.size());
      // libcurl takes "name:" for the wish to leave a header out, and "name;" for an empty one.
      lines_.append(header.name).append(header.value.empty() ? ";" : ": ").append(header.value);
      lines_.push_back('\0');
    }
  }
  if (request_->body != nullptr && (request_->body->size_bytes() < kExpectBytes || !request_->may_expect)) {
    begins.push_back(lines_.size());
    lines_.append("expect:").push_back('\0');
  }
  nodes_.resize(begins.size());
  for (size_t i = 0; i < begins.size(); ++i) {
    nodes_[i] = {lines_.data() + begins[i], i + 1 < begins.size() ? &nodes_[i + 1] : nullptr};
  }
  set(CURLOPT_HTTPHEADER, nodes_.empty() ? nullptr : nodes_.data());
}

void CurlHandle::abandon() {
  assert(!is_free());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);
  wipe(&lines_);
  if (request_->body != nullptr) request_->body->finish();
  request_ = nullptr;
}

bool CurlHandle::is_overdue() const {
  if (request_ == nullptr || request_->answer_timeout_ms == 0 || !answer_began_) return false;
  return std::chrono::steady_clock::now() - *answer_began_ >
         std::chrono::milliseconds(request_->answer_timeout_ms);
}

void CurlHandle::finish_overdue() {
  if (request_->timeout_ms == 0) request_->timeout_ms = request_->answer_timeout_ms;
  std::snprintf(error_text_, sizeof error_text_, "%s", kOverdue);
  finish(CURLE_OPERATION_TIMEDOUT);
}

void CurlHandle::finish(CURLcode code) {
  HttpRequest& request = *request_;
  request.outcome = outcome_of(code);
  request.is_of_connection = failure_.has_value();
  abandon();
}

Status CurlHandle::outcome_of(CURLcode code) const {
  if (!failure_) return failure_;
  if (code == CURLE_OK || enough_) return {};
  if (code == CURLE_OUT_OF_MEMORY) return out_of_memory();
  CurlFailure failure;
  failure.code = code;
  std::string& text = failure.text;
  text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &failure.connect_status);
  curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
  long sent_bytes = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent_bytes);
  failure.is_unsent = sent_bytes == 0;
  failure.answer_bytes = header_bytes_ + request_->answer.text.size();
  Error error = error_of(failure, *request_, options_);
  long sys_errno = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &sys_errno);
  error.sys_errno = static_cast<int>(sys_errno);
  return error;
}

template <typename F>
bool CurlHandle::guarded(F&& body) {
  try {
    failure_ = body();
  } catch (const std::bad_alloc&) {
    failure_ = out_of_memory();
  } catch (const std::exception& e) {
    failure_ = fail(TIDEMARK_E_PERMANENT, e.what());
  }
  return failure_.has_value();
}

size_t CurlHandle::on_header(char* data, size_t size, size_t count, void* self) {
  auto& handle = *static_cast<CurlHandle*>(self);
  const std::string_view line(data, size * count);
  return handle.guarded([&] { return handle.take_header(line); }) ? line.size() : 0;
}

Status CurlHandle::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) return fail(TIDEMARK_E_RETRYABLE, "the answer's headers do not end");
  if (line.starts_with("HTTP/")) {  // a final answer follows an interim one, which is forgotten
    request_->answer.headers.clear();
    const size_t space = std::min(line.find(' '), line.size() - 1);
    request_->answer.status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), request_->answer.status);
    if (request_->answer.status >= 200) answer_began_ = std::chrono::steady_clock::now();
    if (request_->answer.status == 417) request_->refused_to_expect = true;
    return {};
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  Header header{std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))};
  for (char& c : header.name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  request_->answer.headers.push_back(std::move(header));
  return {};
}

size_t CurlHandle::on_write(char* data, size_t size, size_t count, void* self) {
  auto& handle = *static_cast<CurlHandle*>(self);
  const std::string_view bytes(data, size * count);
  return handle.guarded([&] { return handle.take_data(bytes); }) && !handle.enough_ ? bytes.size() : 0;
}

Status CurlHandle::take_data(std::string_view data) {
  if (call_ != nullptr) {
    TM_TRY(call_->check());
  }
  if (request_->on_data && request_->answer.status / 100 == 2) {
    answer_began_.reset();
    TM_ASSIGN(const bool more, request_->on_data(request_->answer, data));
    enough_ = !more;
    return {};
  }
  if (request_->answer.text.size() + data.size() > request_->text_max) {
    return fail(TIDEMARK_E_RETRYABLE,
                "the answer is longer than " + std::to_string(request_->text_max) + " bytes");
  }
  request_->answer.text.append(data);
  return {};
}

size_t CurlHandle::on_read(char* buffer, size_t size, size_t count, void* self) {
  auto& handle = *static_cast<CurlHandle*>(self);
  size_t delivered = 0;
  const bool ok = handle.guarded([&]() -> Status {
    if (handle.call_ != nullptr) {
      TM_TRY(handle.call_->check());
    }
    return handle.request_->body->read(buffer, size * count, &delivered);
  });
  return ok ? delivered : CURL_READFUNC_ABORT;
}

int CurlHandle::on_seek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<CurlHandle*>(self)->request_->body->rewind(static_cast<uint64_t>(offset));
  return CURL_SEEKFUNC_OK;
}

}  // namespace tidemark::sinks
