#include "base/printable.h"

#include <algorithm>

namespace tidemark {
namespace {

constexpr size_t kUrlShownMax = 300;
constexpr std::string_view kLeftOut = "...";
constexpr std::string_view kMarks = ":%@";  // of a user and a password, written or percent-encoded

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool has_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
}

// "host", "host:port", "[::1]:port"
bool is_host(std::string_view text) {
  constexpr size_t kPortDigits = 5;
  size_t end = std::min(text.find(':'), text.size());
  std::string_view name = text.substr(0, end);
  const bool is_bracketed = text.starts_with('[') && has(text, "]");
  if (is_bracketed) {
    end = text.find(']') + 1;
    name = text.substr(1, end - 2);
  }
  const bool is_plain = std::all_of(name.begin(), name.end(), [is_bracketed](char c) {
    return is_bracketed ? is_hex(c) || c == ':' || c == '.' : is_alnum(c) || c == '.' || c == '-' || c == '_';
  });
  if (name.empty() || !is_plain) return false;
  if (end == text.size()) return true;
  const std::string_view port = text.substr(end + 1);
  return text[end] == ':' && !port.empty() && port.size() <= kPortDigits &&
         std::all_of(port.begin(), port.end(), is_digit);
}

struct UrlParts {
  std::string_view scheme;   // with ':'; empty: there is none
  std::string_view slashes;  // that follow
  std::string_view rest;
};

UrlParts take_apart(std::string_view url) {
  UrlParts parts;
  const size_t colon = url.find(':');
  if (colon != std::string_view::npos && is_scheme(url.substr(0, colon))) {
    parts.scheme = url.substr(0, colon + 1);
    url.remove_prefix(parts.scheme.size());
  }
  parts.slashes = url.substr(0, std::min(url.find_first_not_of('/'), url.size()));
  parts.rest = url.substr(parts.slashes.size());
  return parts;
}

// What stands before the first ':' of what is no URL may be the secret itself.
bool may_show_scheme(const UrlParts& parts) {
  constexpr size_t kLongest = 8;
  const std::string_view scheme = parts.scheme;
  return !parts.slashes.empty() ||
         (scheme.size() <= kLongest + 1 && std::none_of(scheme.begin(), scheme.end(), is_upper));
}

// Of a URL without query and fragment; `tail` is those.
std::string place_in(std::string_view url, std::string_view tail) {
  const UrlParts parts = take_apart(url);
  const bool is_file = lower_case(parts.scheme) == "file:";
  if (parts.rest.empty() || (is_file && parts.slashes.size() >= 3)) return std::string(url);
  const std::string_view authority = parts.rest.substr(0, parts.rest.find('/'));
  std::string begin = may_show_scheme(parts) ? std::string(parts.scheme) : std::string();
  begin += parts.slashes;
  if (!has_any(authority, kMarks)) {
    // "x:secret" names no place.
    const bool is_opaque = !parts.scheme.empty() && parts.slashes.empty() && !is_file;
    const bool is_key = parts.scheme.empty() && is_key_itself(url);
    return is_opaque || is_key ? begin.append(kLeftOut) : std::string(url);
  }
  // A password may have any character, and whatever is before the last '@' may be one.
  const size_t at = parts.rest.rfind('@');
  if (at != std::string_view::npos) return begin.append(parts.rest.substr(at + 1));
  if (!parts.slashes.empty() && is_host(authority) && !has(tail, "@")) return std::string(url);
  return begin.append(kLeftOut);
}

}  // namespace

std::string printable_url(std::string_view url) {
  const size_t end = std::min(url.find_first_of("?#"), url.size());
  return place_in(url.substr(0, end), url.substr(end)).substr(0, kUrlShownMax);
}

std::string printable_endpoint(std::string_view url) {
  std::string_view scheme;
  if (const size_t end = url.find("://"); end != std::string_view::npos && is_scheme(url.substr(0, end))) {
    scheme = url.substr(0, end + 3);
    url.remove_prefix(scheme.size());
  }
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  url = url.substr(0, url.find_first_of("?#"));
  const std::string_view host = url.substr(0, url.find('/'));
  std::string_view path = url.substr(host.size());
  if (!is_host(host)) return {};
  // Without a scheme it may be any word.
  if (scheme.empty() && (!path.empty() || std::any_of(host.begin(), host.end(), is_upper))) return {};
  const bool is_plain = std::all_of(path.begin(), path.end(), [](char c) {
    return is_alnum(c) || has("/-._~", {&c, 1});
  });
  if (!is_plain) path = {};
  return std::string(scheme).append(host).append(path);
}

std::string printable_word(std::string_view word) {
  if (is_key_itself(word)) return std::string(kNotShown);
  return has(word, "://") || has_any(word, "@%?#") ? printable_url(word) : std::string(word);
}

bool is_key_itself(std::string_view text) {
  constexpr size_t kDigitsMin = 60;  // a key of tags has 64, and one may be lost in copying
  size_t digits = 0;
  for (const char c : text) {
    digits = is_hex(c) ? digits + 1 : 0;
    if (digits >= kDigitsMin) return true;
  }
  const std::string lower = lower_case(text);
  return has(lower, "age-secret-key-") || has(lower, "private key");
}

std::string printable_file(std::string_view path) {
  const bool is_content = has_any(path, "\n={") || is_key_itself(path);
  return std::string(is_content ? kNotShown : path);
}

bool is_option_name(std::string_view text) {
  constexpr size_t kLongest = 40;
  constexpr auto kDigitsMax = 4;
  return !text.empty() && text.size() <= kLongest && (is_lower(text.front()) || is_upper(text.front())) &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; }) &&
         std::count_if(text.begin(), text.end(), is_digit) <= kDigitsMax;
}

std::string printable_option(std::string_view name) {
  return std::string(is_option_name(name) ? name : kNotShown);
}

std::string pair_problem(std::string_view form, std::string_view text) {
  const size_t equals = text.find('=');
  if (equals != std::string_view::npos && equals != 0) return {};
  return "it wants " + std::string(form) +
         (equals == 0 ? ": nothing stands before its '='" : ": it has no '='");
}

bool may_hold_secret(std::string_view value) {
  return has(value, "@") || (has(value, ":/") && has_any(value, "?#")) || is_key_itself(value);
}

}  // namespace tidemark
