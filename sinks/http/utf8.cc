#include "http/utf8.h"

#include <cstring>

#include "base/line.h"

namespace tidemark::sinks {
namespace {

// Is there a character that begins with `rest`? The second byte of one is at least 80 to A0, at most 8F to
// BF.
bool begins_a_character(std::string_view rest) {
  for (const char second : {'\x80', '\xA0'}) {
    char whole[4] = {'\0', second, '\x80', '\x80'};
    if (rest.size() >= sizeof whole) return false;
    std::memcpy(whole, rest.data(), rest.size());
    if (utf8_size({whole, sizeof whole}) > rest.size()) return true;
  }
  return false;
}

}  // namespace

Utf8Beginning utf8_beginning(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t size = utf8_size(text.substr(at));
    if (size == 0) return {at, begins_a_character(text.substr(at))};
    at += size;
  }
  return {at, true};
}

}  // namespace tidemark::sinks
