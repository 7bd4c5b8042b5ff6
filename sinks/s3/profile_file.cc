#include "s3/profile_file.h"

#include <algorithm>

#include "s3/secret.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr char kSpace[] = " \t\r";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

// A name may stand in quotes.
std::string unquote(std::string_view name) {
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front()) {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

}  // namespace

Profiles::~Profiles() {
  for (auto& [profile, values] : profiles_) {
    for (auto& [key, value] : values) wipe(&value);
  }
}

Profiles::Values* Profiles::section(Kind kind, std::string_view header) {
  if (kind == Kind::kCredentials) return &profiles_[unquote(header)];
  if (header == "default") return has_long_default_ ? nullptr : &profiles_["default"];
  constexpr std::string_view kPrefix = "profile";
  if (header.substr(0, kPrefix.size()) != kPrefix) return nullptr;
  header.remove_prefix(kPrefix.size());
  if (header.empty() || (header[0] != ' ' && header[0] != '\t')) return nullptr;
  const std::string name = unquote(trim(header));
  if (name == "default" && !has_long_default_) {
    has_long_default_ = true;
    profiles_.erase(name);
  }
  return &profiles_[name];
}

Status Profiles::add(Kind kind, std::string_view text, const std::string& where) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  Values* values = nullptr;
  bool in_section = false, in_property = false;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    const auto broken = [&](const char* what) {
      return fail(TIDEMARK_E_PERMANENT, quote(where) + ", line " + std::to_string(number) + ": " + what);
    };
    if (raw[0] == ' ' || raw[0] == '\t') {
      // Goes on with the property above: settings of one service, none of ours.
      if (in_property) continue;
      return broken("is indented, and no setting is above it");
    }
    if (line[0] == '[') {
      const size_t close = line.find(']');
      if (close == std::string_view::npos) return broken("a section without its ]");
      values = section(kind, trim(line.substr(1, close - 1)));
      in_section = true;
      in_property = false;
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return broken("neither [section] nor name = value");
    if (!in_section) return broken("a setting before the first [section]");
    in_property = true;
    if (values == nullptr) continue;
    std::string& value = (*values)[lower(trim(line.substr(0, equals)))];
    wipe(&value);
    value = trim(line.substr(equals + 1));
  }
  return {};
}

const std::string& Profiles::value(const std::string& profile, const std::string& key) const {
  const auto values = profiles_.find(profile);
  if (values == profiles_.end()) return none_;
  const auto at = values->second.find(key);
  return at == values->second.end() ? none_ : at->second;
}

}  // namespace tidemark::sinks::s3
