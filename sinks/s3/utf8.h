// How far a text is UTF-8 (RFC 3629). The names of S3 are, and stores answer an error to anything else.
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_UTF8_H
#define TIDEMARK_SINKS_S3_UTF8_H

#include <cstddef>
#include <string_view>

namespace tidemark::sinks::s3 {

struct Utf8Beginning {
  size_t size_bytes;  // of the longest beginning that is whole characters
  bool may_go_on;     // what follows is nothing, or the beginning of a character
};
Utf8Beginning utf8_beginning(std::string_view text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_UTF8_H
