#include "http/curl_error.h"

#include "base/line.h"

namespace tidemark::sinks {
namespace {

// As OpenSSL numbers them (x509_vfy.h).
constexpr long kNotYetValid = 9, kExpired = 10;

bool has(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

// libcurl repeats the proxy's url here, and with it a password.
bool is_of_proxy_url(const CurlFailure& failure) { return has(failure.text, "Unsupported proxy"); }

// Whatever comes back the same next time. 404 may be a page of somebody who is only in the way just now.
bool is_refused_by_proxy(const CurlFailure& failure) {
  return failure.connect_status / 100 == 4 && failure.connect_status != 404 &&
         failure.connect_status != 408 && failure.connect_status != 429;
}

tidemark_status classify(const CurlFailure& failure) {
  if (is_of_proxy_url(failure) || is_refused_by_proxy(failure)) return TIDEMARK_E_PERMANENT;
  switch (failure.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
    case CURLE_LOGIN_DENIED:
      return TIDEMARK_E_PERMANENT;
    default:  // name resolution, connection, stall, a connection that broke: the same call may work later
      return TIDEMARK_E_RETRYABLE;
  }
}

std::string certificate_remedy(const CurlFailure& failure, const TransportOptions& options) {
  if (failure.verify_result == kExpired || failure.verify_result == kNotYetValid) {
    return " (or is the clock of this machine wrong?)";
  }
  if (has(failure.text, "target host name")) {
    return " (the certificate is another host's: is endpoint right?)";
  }
  if (!options.ca_file.empty()) {
    return " (what issued it is not in " + quote(options.ca_file) + ", which " + options.ca_from + " names)";
  }
  return " (if the certificate is your own CA's, give that with ca_file)";
}

std::string remedy(const CurlFailure& failure, const HttpRequest& request, const TransportOptions& options) {
  const bool is_tls = request.url.starts_with("https:");
  switch (failure.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_remedy(failure, options);
    case CURLE_SSL_CACERT_BADFILE:
      return " (is what " + options.ca_from + " names a readable PEM file?)";
    case CURLE_RECV_ERROR:
      if (!is_tls || !failure.is_unsent || failure.connect_status / 100 > 2) return "";
      [[fallthrough]];
    case CURLE_SSL_CONNECT_ERROR:
      if (has(failure.text, "alert")) return "";
      return " (TLS did not come about: is the endpoint http:// instead of https://?)";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      if (is_tls || !has(failure.text, "HTTP/0.9")) return "";
      return " (what answers does not speak HTTP: is the endpoint https:// instead of http://?)";
    case CURLE_GOT_NOTHING:
      return is_tls ? "" : " (if that is so every time: is the endpoint https:// instead of http://?)";
    default:
      return "";
  }
}

// libcurl's words, where there are none that say more.
std::string words(const CurlFailure& failure, const HttpRequest& request, const TransportOptions& options) {
  const std::string host = host_of(request.url);
  if (is_of_proxy_url(failure)) return "this is not a proxy's url; write http://host:port";
  if (failure.connect_status / 100 > 2) {
    const std::string status = std::to_string(failure.connect_status);
    if (failure.connect_status == 407) return "the proxy wants a user and a password (HTTP 407 to CONNECT)";
    return "the proxy does not connect to " + host + " (HTTP " + status + " to CONNECT)";
  }
  if (failure.code == CURLE_OPERATION_TIMEDOUT && has(failure.text, "too slow")) {
    return "no progress with " + host + " for " + std::to_string(options.stall_timeout_ms) +
           " ms (stall_timeout_ms)";
  }
  if (failure.code == CURLE_OPERATION_TIMEDOUT && has(failure.text, "Operation timed out")) {
    return "the answer of " + host + " is not whole after " + std::to_string(request.timeout_ms) + " ms, " +
           std::to_string(failure.answer_bytes) +
           " bytes of it have come; the time is for all of a small "
           "answer";
  }
  return failure.text;
}

}  // namespace

Error error_of(const CurlFailure& failure, const HttpRequest& request, const TransportOptions& options) {
  Error error;
  error.status = classify(failure);
  error.message = words(failure, request, options) + remedy(failure, request, options);
  if (!request.answer.via.empty()) error.message += ", " + request.answer.via;
  return error;
}

std::string host_of(std::string_view url) {
  const size_t begin = url.find("://");
  if (begin != std::string_view::npos) url.remove_prefix(begin + 3);
  return std::string(url.substr(0, url.find_first_of("/?")));
}

}  // namespace tidemark::sinks
