#include "common/url.h"

#include <algorithm>

#include "base/line.h"
#include "base/printable.h"

namespace tidemark::sinks {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<std::string> parse_scheme(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, std::min(colon, text.size()));
  const bool well_formed = colon != std::string_view::npos && !scheme.empty() && is_alpha(scheme.front()) &&
                           std::all_of(scheme.begin(), scheme.end(), [](char c) {
                             return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                           });
  if (!well_formed) {
    return fail(TIDEMARK_E_INVALID, "url has no scheme; write one like file:///var/archive");
  }
  std::string lower(scheme);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

Status parse_query(std::string_view text, Url* url) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    std::string name, value;
    if (!percent_decode(pair.substr(0, equals), &name) || name.empty()) {
      return fail(TIDEMARK_E_INVALID, "url: an option's name in the query is empty or badly percent-encoded");
    }
    if (equals == pair.size()) {
      return fail(TIDEMARK_E_INVALID, "url: option " + quote(printable_option(name)) +
                                          " in the query has no value; write name=value");
    }
    if (!percent_decode(pair.substr(equals + 1), &value)) {
      return fail(TIDEMARK_E_INVALID, "url: the value of option " + quote(printable_option(name)) +
                                          " is badly percent-encoded; '%' itself is written %25");
    }
    url->query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

std::string quote_part(std::string_view part) {
  const std::string_view first = trimmed(part, "/");
  const bool may_be_secret = part.find('@') != std::string_view::npos ||
                             first.substr(0, first.find('/')).find_first_of(":%") != std::string_view::npos;
  return may_be_secret ? std::string(kNotShown) : quote(part);
}

bool percent_decode(std::string_view text, std::string* out) {
  out->clear();
  out->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    *out += c;
  }
  return true;
}

Result<Url> parse_url(std::string_view text) {
  TM_ASSIGN(std::string scheme, parse_scheme(text));
  Url url;
  url.scheme = std::move(scheme);
  text.remove_prefix(url.scheme.size() + 1);
  if (text.find('#') != std::string_view::npos) {
    return fail(TIDEMARK_E_INVALID, "url: a sink's url has no fragment; write '#' as %23");
  }
  const size_t question = std::min(text.find('?'), text.size());
  std::string_view location = text.substr(0, question);
  if (location.substr(0, 2) == "//") {
    location.remove_prefix(2);
    url.authority = location.substr(0, location.find('/'));
    location.remove_prefix(url.authority.size());
  }
  if (url.authority.find('@') != std::string::npos) {
    return fail(TIDEMARK_E_INVALID, "url: no user or password belongs in it; pass credentials as options");
  }
  if (!percent_decode(location, &url.path)) {
    return fail(TIDEMARK_E_INVALID, "url: the path " + quote_part(location) +
                                        " is badly percent-encoded; '%' itself is written %25");
  }
  if (question < text.size()) {
    TM_TRY(parse_query(text.substr(question + 1), &url));
  }
  return url;
}

}  // namespace tidemark::sinks
