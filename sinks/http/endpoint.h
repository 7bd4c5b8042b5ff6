// The URL of an HTTP service taken apart, strictly: what is checked here and what libcurl makes of the same
// text must be the same host.
//
// Any thread.
#ifndef TIDEMARK_SINKS_HTTP_ENDPOINT_H
#define TIDEMARK_SINKS_HTTP_ENDPOINT_H

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sinks {

struct Endpoint {
  bool tls = false;
  std::string host;       // as in the Host header: with the port, where it is not the scheme's own
  std::string host_name;  // without the port, and without the brackets of an IPv6 address
  std::string path;       // "/" at least; with the query, as it is in the URL
};

// INVALID for anything else than http or https with a plain host: no user, no fragment, no odd characters.
// The message does not show the text.
Result<Endpoint> parse_endpoint(std::string_view url);

// ": " and the text in quotes, for a message about an endpoint that is wrong; empty where it may hold a
// secret.
std::string endpoint_text(std::string_view text);

// "localhost", 127.0.0.0/8 or ::1: where plain HTTP does not leave the machine. Of a host_name, as above.
bool is_loopback(const std::string& host_name);

// Of names of A-Z a-z 0-9 - . _ ~ between single slashes: what is signed and sent as it is means the same in
// every spelling then. "" is one.
bool is_plain_path(std::string_view path);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ENDPOINT_H
