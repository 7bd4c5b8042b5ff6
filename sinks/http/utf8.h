// How far a text is UTF-8 (RFC 3629). Names in stores have to be; stores answer anything else with an error.
//
// Any thread.
#ifndef TIDEMARK_SINKS_HTTP_UTF8_H
#define TIDEMARK_SINKS_HTTP_UTF8_H

#include <cstddef>
#include <string_view>

namespace tidemark::sinks {

struct Utf8Beginning {
  size_t size_bytes;  // of the longest beginning that is whole characters
  bool may_go_on;     // what follows is nothing, or the beginning of a character
};
Utf8Beginning utf8_beginning(std::string_view text);
inline bool is_utf8(std::string_view text) { return utf8_beginning(text).size_bytes == text.size(); }

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_UTF8_H
