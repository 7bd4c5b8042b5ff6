#include "common/key.h"

#include <algorithm>
#include <string>

#include "base/line.h"

namespace tidemark::sinks {

bool is_key_part(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.find('\0') == std::string_view::npos;
}

Status check_key(std::string_view key) {
  const auto invalid = [&](const char* why) {
    return fail(TIDEMARK_E_INVALID, "key " + quote(key) + " " + why);
  };
  if (key.empty()) return invalid("is empty");
  if (key.size() > TIDEMARK_KEY_MAX) {
    return fail(TIDEMARK_E_INVALID, "key " + quote(key) + " has " + std::to_string(key.size()) +
                                        " bytes; the limit is " + std::to_string(TIDEMARK_KEY_MAX));
  }
  if (key.front() == '/') return invalid("is not relative; write it without the leading '/'");
  if (key.back() == '/') return invalid("ends in '/'");
  if (key.find('\0') != std::string_view::npos) return invalid("contains a NUL byte");
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.empty()) return invalid("has an empty part");
    if (part.front() == '.') return invalid("has a part that begins with '.'; such names are the sink's own");
    begin = end + 1;
  }
  return {};
}

}  // namespace tidemark::sinks
