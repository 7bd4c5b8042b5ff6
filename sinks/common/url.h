// A sink's URL taken apart: scheme:[//authority]/path?name=value&...
//
// Any thread. Owns its strings. Path and query are percent-decoded; '+' is a plus, not a space. Messages
// never repeat the query or credentials.
#ifndef TIDEMARK_SINKS_COMMON_URL_H
#define TIDEMARK_SINKS_COMMON_URL_H

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark::sinks {

struct Url {
  std::string scheme;     // lower case
  std::string authority;  // host or bucket, as written
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // in order, duplicates kept
};

Result<Url> parse_url(std::string_view text);

// A part of a url that is wrong, in quotes; where it may hold a user and a password, that it is not shown.
std::string quote_part(std::string_view part);

// False if a '%' is not followed by two hex digits, or if the result has a NUL byte.
bool percent_decode(std::string_view text, std::string* out);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_URL_H
