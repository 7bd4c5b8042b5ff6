// One HTTP request, from what is asked to what was answered. It is one struct all the way, and each side
// fills in what it knows: the caller, the sink's client (where the service is, and the signature), the
// transport.
//
// A plain value, of one thread at a time. Stays where it is while it is on its way; afterwards it may be sent
// again.
#ifndef TIDEMARK_SINKS_HTTP_REQUEST_H
#define TIDEMARK_SINKS_HTTP_REQUEST_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "http/uri_encode.h"

namespace tidemark::sinks {

class Body;

inline constexpr size_t kTextMax = 1 << 20;

struct Header {
  std::string name;  // lower case
  std::string value;
};
using Headers = std::vector<Header>;

struct HttpAnswer {
  int status = 0;
  Headers headers = {};
  std::string text = {};  // of the body, where nobody took it
  std::string via = {};   // "through the proxy …"; empty: straight

  bool is_ok() const { return status / 100 == 2; }
};

struct HttpRequest {
  // Filled in by the caller.
  std::string what = {};  // begins the message of an error: "put <scheme>://bucket/key"
  std::string method = {};
  std::string path = {};  // of the url, not encoded; with host and query it is what a signature is about
  QueryPairs query = {};
  Headers headers = {};
  Body* body = nullptr;             // NULL: a request without one
  std::string payload_sha256 = {};  // what a signature says of the body, as far as it is known beforehand
  size_t text_max = kTextMax;       // a longer answer is an error
  bool use_proxy = true;            // false for metadata endpoints: never asked through a proxy
  bool takes_long = false;  // a whole object comes back, or an answer that is begun long before it is known
  // Where the bytes of a 2xx answer go instead of its text. False: enough, the rest need not come.
  std::function<Result<bool>(const HttpAnswer&, std::string_view)> on_data = {};

  // Filled in by the sink's client, for each attempt.
  std::string host = {};    // as in the Host header
  std::string url = {};     // absolute, encoded, sent as it is
  Headers proof = {};       // of who asks: sent after `headers`, once, and wiped
  uint32_t timeout_ms = 0;  // of all of it; 0: none but the call's
  // From the answer's beginning to its end, or to the first byte that on_data gets; 0: none.
  uint32_t answer_timeout_ms = 0;
  bool may_expect = true;  // ask before a large body is sent
  bool is_in_use = false;  // the sink is open: what is wrong with all of it may be repaired, so RETRYABLE
  bool redone_expect = false, redone_clock = false;  // each is a reason to send it again, once

  // Filled in by the transport.
  HttpAnswer answer = {};
  bool refused_to_expect = false;  // 417, also where libcurl has asked again since
  bool is_of_connection = false;   // outcome: libcurl's own, not that of a callback
  Status outcome = {};             // OK: the answer came, whatever it says
};

// A small exchange, from start to end; a timeout_ms of 0 becomes what is right for a small answer. Any
// thread.
using Fetch = std::function<Result<HttpAnswer>(HttpRequest&, const Call&)>;

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_REQUEST_H
