#include "http/store_url.h"

#include <algorithm>

#include "common/invalid.h"
#include "common/key.h"
#include "http/utf8.h"

namespace tidemark::sinks {
namespace {

constexpr size_t kPrefixMax = 900;  // bytes

}  // namespace

Result<std::string> parse_prefix(std::string_view path) {
  if (path.empty() || path == "/") return std::string();
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (Status ok = check_key(path); !ok) {
    return invalid("url: the path is not a prefix of keys: " + ok.error().message);
  }
  if (path.size() > kPrefixMax) {
    return invalid("url: the path has " + std::to_string(path.size()) + " bytes; at most " +
                   std::to_string(kPrefixMax) + " leave room for keys in the 1024 of a name");
  }
  const bool is_text =
      std::none_of(path.begin(), path.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
  if (!is_text || !is_utf8(path)) {
    return invalid("url: the path " + quote_part(path) +
                   " has a control character, or is not UTF-8; stores do not keep such names");
  }
  return std::string(path) + "/";
}

Status check_proxy(const Url& url) {
  for (const auto& [name, value] : url.query) {
    if (name == "proxy" && value.find('@') != std::string::npos) {
      return invalid(
          "option \"proxy\": one with a password does not belong in a url; pass it in the option list");
    }
  }
  return {};
}

}  // namespace tidemark::sinks
