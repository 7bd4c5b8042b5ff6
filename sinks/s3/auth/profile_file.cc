#include "s3/auth/profile_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/line.h"
#include "base/secret.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr std::string_view kBlanks = " \t\f\v";
constexpr char kDefaults[] = "DEFAULT";  // its values are those of every section that has none of its own

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

// Words as a shell has them: quotes, and a backslash outside of single ones. Nothing where a quote is open.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  char quote = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && kBlanks.find(c) != std::string_view::npos) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size() &&
               (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\')) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) words.clear();
  return words;
}

// NAME of "<kind> NAME".
std::optional<std::string> name_after(std::string_view kind, const std::string& header) {
  if (!std::string_view(header).starts_with(kind)) return std::nullopt;
  std::vector<std::string> words = split_words(header);
  if (words.size() != 2 || words[0] != kind) return std::nullopt;
  return std::move(words[1]);
}

// Takes a line off the front, without its end: LF, CR LF or CR.
std::string_view next_line(std::string_view* text) {
  const size_t end = std::min(text->find_first_of("\r\n"), text->size());
  const std::string_view line = text->substr(0, end);
  const bool is_two = text->substr(end, 2) == "\r\n";
  text->remove_prefix(std::min(end + (is_two ? 2 : 1), text->size()));
  return line;
}

// Without leaving a copy of a secret in memory that was given back.
void extend(std::string* value, std::string_view more) {
  std::string longer;
  longer.reserve(value->size() + more.size());
  longer.append(*value).append(more);
  wipe(value);
  value->swap(longer);
}

// "\nname = value\nname = value"
std::string value_below(const std::string& settings, std::string_view key) {
  if (!settings.starts_with('\n')) return {};
  std::string found;
  for (std::string_view rest = settings; !rest.empty();) {
    const std::string_view line = next_line(&rest);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos && trimmed(line.substr(0, equals), kBlanks) == key) {
      found = trimmed(line.substr(equals + 1), kBlanks);
    }
  }
  return found;
}

}  // namespace

Profiles::~Profiles() {
  wipe_all(&profiles_);
  wipe_all(&services_);
}

void Profiles::wipe_all(Sections* sections) {
  for (auto& [name, values] : *sections) {
    for (auto& [key, value] : values) wipe(&value);
  }
}

void Profiles::merge(Values* from, Values* into) {
  for (auto& [key, value] : *from) {
    std::string& there = (*into)[key];
    wipe(&there);
    there = value;
    wipe(&value);
  }
}

Status Profiles::add(Kind kind, std::string_view text, const std::string& where) {
  Sections sections;
  Status ok = parse(text, where, &sections);
  if (ok) take(kind, &sections);
  wipe_all(&sections);
  return ok;
}

Status Profiles::parse(std::string_view text, const std::string& where, Sections* out) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(TIDEMARK_E_PERMANENT, quote(where) + " is UTF-16; save it as UTF-8");
  }
  Values* values = nullptr;
  std::string* open = nullptr;  // the value that a line may continue
  size_t indent = 0;            // of the last line that began something
  size_t empty_lines = 0;       // that are part of the value if it continues
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view raw = next_line(&text);
    const std::string_view line = trimmed(raw, kBlanks);
    if (line.starts_with('#') || line.starts_with(';')) continue;
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    const auto broken = [&](const char* what) {
      return fail(TIDEMARK_E_PERMANENT, quote(where) + ", line " + std::to_string(number) + ": " + what);
    };
    const size_t own_indent = raw.find_first_not_of(kBlanks);
    if (open != nullptr && own_indent > indent) {
      const bool is_group = open->empty() || open->front() == '\n';
      if (is_group && line.find('=') == std::string_view::npos) {
        return broken("is indented more than the setting above it, and is not name = value");
      }
      extend(open, std::string(empty_lines + 1, '\n').append(line));
      empty_lines = 0;
      continue;
    }
    empty_lines = 0;
    indent = own_indent;
    open = nullptr;
    if (line[0] == '[') {
      const size_t close = line.rfind(']');
      if (close == std::string_view::npos || close == 1) return broken("a section without its name and ]");
      values = &(*out)[std::string(trimmed(line.substr(1, close - 1), kBlanks))];
      continue;
    }
    const size_t delimiter = line.find_first_of("=:");
    if (delimiter == std::string_view::npos || delimiter == 0) {
      return broken("neither [section] nor name = value");
    }
    if (values == nullptr) return broken("a setting before the first [section]");
    open = &(*values)[lower(trimmed(line.substr(0, delimiter), kBlanks))];
    wipe(open);
    *open = trimmed(line.substr(delimiter + 1), kBlanks);
  }
  return {};
}

// [profile default] beats [default].
void Profiles::take(Kind kind, Sections* sections) {
  if (const auto defaults = sections->find(kDefaults); defaults != sections->end()) {
    for (auto& [header, values] : *sections) values.insert(defaults->second.begin(), defaults->second.end());
    for (auto& [key, value] : defaults->second) wipe(&value);
    sections->erase(defaults);
  }
  bool has_long_default = false;
  for (auto& [header, values] : *sections) {
    if (kind == Kind::kCredentials) {
      merge(&values, &profiles_[header]);
    } else if (const auto profile = name_after("profile", header)) {
      has_long_default = has_long_default || *profile == "default";
      merge(&values, &profiles_[*profile]);
    } else if (const auto services = name_after("services", header)) {
      merge(&values, &services_[*services]);
    }
  }
  const auto short_default = sections->find("default");
  if (kind == Kind::kConfig && !has_long_default && short_default != sections->end()) {
    merge(&short_default->second, &profiles_["default"]);
  }
}

const std::string& Profiles::value(const std::string& profile, const std::string& key) const {
  const auto values = profiles_.find(profile);
  if (values == profiles_.end()) return none_;
  const auto at = values->second.find(key);
  return at == values->second.end() ? none_ : at->second;
}

std::string Profiles::nested(const std::string& profile, const std::string& group,
                             std::string_view key) const {
  return value_below(value(profile, group), key);
}

std::string Profiles::service_value(const std::string& services, const std::string& service,
                                    std::string_view key) const {
  const auto values = services_.find(services);
  if (values == services_.end()) return {};
  const auto at = values->second.find(service);
  return at == values->second.end() ? std::string() : value_below(at->second, key);
}

}  // namespace tidemark::sinks::s3
