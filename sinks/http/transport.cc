#include "http/transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <cassert>
#include <new>

#include "base/secret.h"
#include "http/answer.h"
#include "http/curl_error.h"
#include "http/curl_handle.h"
#include "http/exit_gate.h"

namespace tidemark::sinks {
namespace {

constexpr uint64_t kLookMs = 100;  // between two looks at the call

struct Wiped {
  Headers& headers;
  ~Wiped() {
    for (Header& header : headers) wipe(&header.value);
    headers.clear();
  }
};

}  // namespace

struct Transport::Handles {
  Handles(const TransportOptions& transport_options, const ProxyRules& proxy_rules)
      : options(transport_options), proxies(proxy_rules), multi(curl_multi_init()) {
    if (multi == nullptr) throw std::bad_alloc();
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    for (const auto& handle : all) curl_multi_remove_handle(multi, handle->easy());
    all.clear();
    curl_multi_cleanup(multi);
  }

  CurlHandle& free_handle() {
    for (const auto& handle : all) {
      if (handle->is_free()) return *handle;
    }
    all.push_back(std::make_unique<CurlHandle>(options, proxies));
    return *all.back();
  }

  const TransportOptions& options;
  const ProxyRules& proxies;
  CURLM* multi;
  std::vector<std::unique_ptr<CurlHandle>> all;
};

Result<std::unique_ptr<Transport>> Transport::make(TransportOptions options) {
  TM_TRY(ExitGate::install());
  return std::unique_ptr<Transport>(new Transport(std::move(options)));
}

Transport::Transport(TransportOptions options)
    : options_(std::move(options)), proxies_(options_.proxy, process_environment()) {
  const MutexLock lock(mutex_);
  idle_.reserve(kIdleMax);  // to give back is to need no memory
}

Transport::~Transport() {
  const MutexLock lock(mutex_);
  const ExitGate::Pass pass;
  if (pass.is_open()) {
    idle_.clear();
  } else {
    for (auto& handles : idle_) (void)handles.release();  // left alone: see exit_gate.h
  }
}

std::unique_ptr<Transport::Handles> Transport::take() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Handles> handles = std::move(idle_.back());
      idle_.pop_back();
      return handles;
    }
  }
  return std::make_unique<Handles>(options_, proxies_);
}

void Transport::give_back(std::unique_ptr<Handles> handles) {
  const MutexLock lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(handles));
}

Result<HttpAnswer> Transport::fetch(HttpRequest& request, const Call& call) {
  if (request.timeout_ms == 0) request.timeout_ms = static_cast<uint32_t>(options_.small_answer_ms());
  Session session(*this);
  Status ok = session.run(request, call);
  if (ok) ok = request.outcome;
  if (ok && request.answer.status == 407 && !request.answer.via.empty()) {
    ok =
        fail(TIDEMARK_E_PERMANENT, "the proxy wants a user and a password (HTTP 407), " + request.answer.via);
  }
  if (!ok) return within(request.method + " " + host_of(request.url), ok.error());
  return std::move(request.answer);
}

Session::Session(Transport& transport) : transport_(transport) {
  const ExitGate::Pass pass;
  if (pass.is_open()) handles_ = transport.take();
}

Session::~Session() {
  if (handles_ == nullptr) return;
  const ExitGate::Pass pass;
  if (!pass.is_open()) {
    (void)handles_.release();
    return;
  }
  for (const auto& handle : handles_->all) {
    if (handle->is_free()) continue;
    curl_multi_remove_handle(handles_->multi, handle->easy());
    handle->abandon();
  }
  transport_.give_back(std::move(handles_));
}

Status Session::start(HttpRequest& request) {
  const Wiped wiped{request.proof};  // libcurl is given a copy of ours, which is wiped in its time
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  assert(handles_ != nullptr);  // the gate never opens again: a session has them, or no pass
  CurlHandle& handle = handles_->free_handle();
  handle.prepare(request);
  const CURLMcode code = curl_multi_add_handle(handles_->multi, handle.easy());
  if (code == CURLM_OK) return {};
  handle.abandon();
  if (code == CURLM_OUT_OF_MEMORY) return out_of_memory();
  return fail(TIDEMARK_E_RETRYABLE, std::string("libcurl: ") + curl_multi_strerror(code));
}

Result<HttpRequest*> Session::drive(const Call& call, uint64_t wait_ms) {
  for (uint64_t waited_ms = 0;;) {
    {
      const ExitGate::Pass pass;
      TM_TRY(pass.check());
      for (const auto& handle : handles_->all) handle->set_call(&call);
      int running = 0;
      const CURLMcode code = curl_multi_perform(handles_->multi, &running);
      if (code == CURLM_OUT_OF_MEMORY) return out_of_memory();
      if (code != CURLM_OK) {
        return fail(TIDEMARK_E_RETRYABLE, std::string("libcurl: ") + curl_multi_strerror(code));
      }
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(handles_->multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode result = message->data.result;
        CurlHandle* handle = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
        HttpRequest* request = handle->request();
        curl_multi_remove_handle(handles_->multi, handle->easy());
        handle->finish(result);
        return request;
      }
      for (const auto& handle : handles_->all) {
        if (!handle->is_overdue()) continue;
        HttpRequest* request = handle->request();
        curl_multi_remove_handle(handles_->multi, handle->easy());
        handle->finish_overdue();
        return request;
      }
    }
    if (Status ok = call.check(); !ok) return out_of_time(std::move(ok.error()));
    if (waited_ms >= wait_ms) return nullptr;
    const uint64_t step_ms =
        std::min({kLookMs, wait_ms - waited_ms, std::max<uint64_t>(call.remaining_ms(), 1)});
    curl_multi_poll(handles_->multi, nullptr, 0, static_cast<int>(step_ms), nullptr);
    waited_ms += step_ms;
  }
}

// Who is waited for is the cause, as far as anybody here knows it.
Error Session::out_of_time(Error error) const {
  if (error.status != TIDEMARK_E_RETRYABLE) return error;
  for (const auto& handle : handles_->all) {
    if (handle->is_free()) continue;
    const HttpRequest& waiting = *handle->request();
    error.message = "no answer from " + host_of(waiting.url) +
                    (waiting.answer.via.empty() ? "" : ", " + waiting.answer.via) + ": " + error.message;
    break;
  }
  return error;
}

Status Session::run(HttpRequest& request, const Call& call) {
  TM_TRY(start(request));
  TM_TRY(drive(call));
  return {};
}

}  // namespace tidemark::sinks
