// Percent-encoding as the signature wants it, and therefore as it is sent: what is signed and what stands on
// the request line are the same bytes. Unreserved are A-Z a-z 0-9 - . _ ~ (RFC 3986, 2.3).
//
// Any thread.
#ifndef TIDEMARK_SINKS_HTTP_URI_ENCODE_H
#define TIDEMARK_SINKS_HTTP_URI_ENCODE_H

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::sinks {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;  // unencoded

// Everything but unreserved characters becomes %XX in upper case; '/' too.
std::string encode_component(std::string_view text);

// As encode_component, but '/' stays. Encoded once, and never normalised: "//", "." and ".." are part of a
// key.
std::string encode_path(std::string_view path);

// "name=value&…", each encoded, sorted by encoded name, then by encoded value. An empty value keeps its '='.
std::string encode_query(const QueryPairs& pairs);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_URI_ENCODE_H
