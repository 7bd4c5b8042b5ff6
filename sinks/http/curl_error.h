// Why a transfer brought no answer, as an error that names the culprit and what to change.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_CURL_ERROR_H
#define TIDEMARK_SINKS_HTTP_CURL_ERROR_H

#include <curl/curl.h>

#include <string>

#include "http/transport.h"

namespace tidemark::sinks {

struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string text;           // libcurl's own words
  long connect_status = 0;    // what a proxy answered to CONNECT; 0: nothing, or it was not asked
  long verify_result = 0;     // OpenSSL's, of a certificate that was refused
  bool is_unsent = false;     // the request
  uint64_t answer_bytes = 0;  // that had come
};

Error error_of(const CurlFailure& failure, const HttpRequest& request, const TransportOptions& options);

// "host:port" of a url: of a metadata service's nobody needs more, and nobody may see more.
std::string host_of(std::string_view url);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_CURL_ERROR_H
