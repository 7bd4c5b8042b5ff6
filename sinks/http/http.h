// A small HTTP exchange with the body in memory: what signing, credentials and the short calls to a store
// share.
//
// Plain values; a Fetch may be called by any thread.
#ifndef TIDEMARK_SINKS_HTTP_HTTP_H
#define TIDEMARK_SINKS_HTTP_HTTP_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks {

struct Header {
  std::string name;  // lower case
  std::string value;
};
using Headers = std::vector<Header>;

struct HttpRequest {
  std::string method;
  std::string url;  // absolute, encoded, sent as it is
  Headers headers;
  std::string body;
  bool use_proxy = true;    // false for metadata endpoints: never asked through a proxy
  uint32_t timeout_ms = 0;  // of the whole exchange; 0: what is right for a small answer
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;  // at most 1 MiB
};

using Fetch = std::function<Result<HttpResponse>(const HttpRequest&, const Call&)>;  // [any-thread]

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_HTTP_H
