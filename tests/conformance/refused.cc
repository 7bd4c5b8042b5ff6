#include "refused.h"

#include <algorithm>

#include "harness.h"

namespace conformance {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool has_backslash(std::string_view key) { return key.find('\\') != std::string_view::npos; }
bool has_control(std::string_view key) { return std::any_of(key.begin(), key.end(), is_control); }
bool has_line_break(std::string_view key) { return key.find_first_of("\r\n") != std::string_view::npos; }
bool has_dot_at_end(std::string_view key) {
  return key.ends_with('.') || key.find("./") != std::string_view::npos;
}
// Beyond U+FFFF: four bytes, of which the first is F0 to F4.
bool has_wide(std::string_view key) {
  return std::any_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
}
bool has_noncharacter(std::string_view key) {
  return key.find("\xEF\xBF\xBE") != std::string_view::npos ||
         key.find("\xEF\xBF\xBF") != std::string_view::npos;
}
bool has_many_parts(std::string_view key) { return std::count(key.begin(), key.end(), '/') >= 254; }

std::string parts(int count) {
  std::string key;
  for (int i = 0; i < count; ++i) key += "p/";
  return key + "p";
}

}  // namespace

const std::vector<RefusedKind>& refused_kinds() {
  static const std::vector<RefusedKind> kinds = {
      {"backslash", "'\\'", has_backslash, {"a\\b", "\\", "a/b\\"}},
      {"control_character", "control character", has_control, {"a\x01", "a\x1F/b", "a\x7F", "a\tb", "a\nb"}},
      {"line_break", "line break", has_line_break, {"a\nb", "a\r", "a/\nb"}},
      {"dot_at_end", "ends in '.'", has_dot_at_end, {"a.", "a./b", "a/b..", "a.../b/c"}},
      {"wide_character", "U+FFFF", has_wide, {"\xF0\x9F\x8C\x8A", "a/\xF4\x8F\xBF\xBD/b"}},
      {"noncharacter", "U+FFFE", has_noncharacter, {"a\xEF\xBF\xBE", "a/\xEF\xBF\xBF/b"}},
      {"many_parts", "parts", has_many_parts, {parts(300)}},
  };
  return kinds;
}

bool set_refused(std::string_view list) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const auto& kinds = refused_kinds();
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.name == name; });
    if (found == kinds.end()) return false;
    config().refuses.push_back(&*found);
  }
  return true;
}

const RefusedKind* refused_as(std::string_view key) {
  const auto& refuses = config().refuses;
  const auto found = std::find_if(refuses.begin(), refuses.end(), [&](const auto* k) { return k->has(key); });
  return found == refuses.end() ? nullptr : *found;
}

}  // namespace conformance
