// One easy handle of libcurl with what its callbacks need.
//
// One thread at a time. Stays where it is: libcurl holds its address.
#ifndef TIDEMARK_SINKS_HTTP_CURL_HANDLE_H
#define TIDEMARK_SINKS_HTTP_CURL_HANDLE_H

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/transport.h"

namespace tidemark::sinks {

class CurlHandle {
 public:
  CurlHandle(const TransportOptions& options,
             const ProxyRules& proxies);  // bad_alloc if libcurl has none to give
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  CURL* easy() const { return easy_; }
  bool is_free() const { return request_ == nullptr; }
  HttpRequest* request() const { return request_; }

  void prepare(HttpRequest& request);
  // `code` is what became of it. Forgets the transfer and wipes what was signed.
  void finish(CURLcode code);
  // Has the answer begun so long ago that it may not take longer?
  bool is_overdue() const;
  void finish_overdue();
  void abandon();
  void set_call(const Call* call) { call_ = call; }

 private:
  template <typename T>
  void set(CURLoption option, T value);
  void set_constant_options();
  void set_headers();
  void set_method();
  Status outcome_of(CURLcode code) const;
  template <typename F>
  bool guarded(F&& body);  // keeps the error, also of an exception

  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_write(char* data, size_t size, size_t count, void* self);
  static size_t on_read(char* buffer, size_t size, size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  Status take_header(std::string_view line);
  Status take_data(std::string_view data);

  const TransportOptions& options_;
  const ProxyRules& proxies_;
  CURL* easy_;
  HttpRequest* request_ = nullptr;
  const Call* call_ = nullptr;
  std::string lines_;              // the headers, each with a NUL after it
  std::vector<curl_slist> nodes_;  // a list of libcurl's kind in our memory, which we can wipe
  size_t header_bytes_ = 0;
  std::optional<std::chrono::steady_clock::time_point> answer_began_;  // while its time runs
  bool enough_ = false;
  Status failure_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_CURL_HANDLE_H
