// One HTTP request and its answer as plain values: what the transport (server.cc) hands to the rest and gets
// back.
//
// Values; any thread. Nothing here knows Beast, so that only server.cc pays for compiling it.
#ifndef TIDEMARK_TESTS_IMPOSTER_REQUEST_H
#define TIDEMARK_TESTS_IMPOSTER_REQUEST_H

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imposter {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;  // as it came
  Pairs headers;       // in their order, repeated ones kept; names in lower case
  bool is_tls = false;

  // Filled in by split_target().
  std::string raw_path, path;  // as it came; decoded
  Pairs query;                 // decoded, in order

  // NULL if there is none; the first of several.
  const std::string* header(std::string_view name) const;
  const std::string* parameter(std::string_view name) const;
  std::string header_or(std::string_view name, std::string otherwise) const;
};

// False if the target is not a path with a query that was encoded as it should be.
bool split_target(Request* request);

struct Response {
  int status = 200;
  Pairs headers;
  std::string body;
  bool has_length = true;  // 204 has none
  uint64_t head_size = 0;  // of an answer to HEAD: the Content-Length, while the body stays empty
  bool is_head = false;
  bool close = false;  // the connection ends after this answer
};

// What goes over the wire, up to and with the empty line.
std::string response_head(const Response& response);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_REQUEST_H
