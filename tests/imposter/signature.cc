#include "imposter/signature.h"

#include <algorithm>

#include "imposter/digests.h"
#include "imposter/text.h"

namespace imposter {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Takes "<name>=<value>" with the comma after it, if `last` is false, off the front.
bool take(std::string_view* text, std::string_view name, bool last, std::string* value) {
  if (text->substr(0, name.size()) != name || text->substr(name.size(), 1) != "=") return false;
  text->remove_prefix(name.size() + 1);
  const size_t end = last ? text->size() : text->find(',');
  if (end == std::string_view::npos) return false;
  *value = text->substr(0, end);
  text->remove_prefix(std::min(text->size(), end + 1));
  while (!text->empty() && text->front() == ' ') text->remove_prefix(1);
  return true;
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encode(name, false), percent_encode(value, false));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// Outer spaces gone, runs of inner ones made one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if ((c == ' ' || c == '\t') && (out.empty() || out.back() == ' ')) continue;
    out += c == '\t' ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string canonical_request(const Request& request, const Authorization& authorization,
                              std::string_view payload) {
  std::string text = request.method + "\n" + percent_encode(request.path, true) + "\n" +
                     canonical_query(request.query) + "\n";
  std::string names;
  for (const std::string& name : authorization.signed_headers) {
    text += name + ":" + canonical_value(request.header_or(name, "")) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  text += "\n" + names + "\n";
  return text.append(payload);
}

bool must_be_signed(const SignatureWords& words, const std::string& name) {
  return name == "host" || name.starts_with(words.header_begin) || name == "content-type" ||
         name == "content-md5" || name == "range" || name == "if-none-match";
}

}  // namespace

std::optional<std::time_t> parse_signature_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return {};
  std::tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  if (end == nullptr || *end != '\0') return {};
  return timegm(&parts);
}

std::optional<Authorization> parse_authorization(const SignatureWords& words, std::string_view text) {
  const std::string begin = std::string(words.algorithm) + " ";
  if (!text.starts_with(begin)) return {};
  text.remove_prefix(begin.size());
  std::string credential, names;
  Authorization out;
  if (!take(&text, "Credential", false, &credential) || !take(&text, "SignedHeaders", false, &names) ||
      !take(&text, "Signature", true, &out.signature)) {
    return {};
  }
  std::vector<std::string> scope = split(credential, '/');
  if (scope.size() != 5 || scope[4] != words.scope_end || scope[1].size() != 8) return {};
  out.access_key = scope[0];
  out.date = scope[1];
  out.region = scope[2];
  out.service = scope[3];
  out.signed_headers = split(names, ';');
  const bool is_hex =
      out.signature.size() == 64 && out.signature.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (out.access_key.empty() || out.region.empty() || !is_hex) return {};
  return out;
}

std::string expected_signature(const SignatureWords& words, const Request& request,
                               const Authorization& authorization, std::string_view secret_key,
                               std::string_view date, std::string_view payload) {
  const std::string scope =
      authorization.date + "/" + authorization.region + "/" + authorization.service + "/" + words.scope_end;
  const std::string to_sign = std::string(words.algorithm) + "\n" + std::string(date) + "\n" + scope + "\n" +
                              hex(sha256(canonical_request(request, authorization, payload)));
  std::string key = hmac_sha256(words.secret_begin + std::string(secret_key), authorization.date);
  for (const std::string& step :
       {authorization.region, authorization.service, std::string(words.scope_end)}) {
    key = hmac_sha256(key, step);
  }
  return hex(hmac_sha256(key, to_sign));
}

std::string signed_headers_problem(const SignatureWords& words, const Request& request,
                                   const Authorization& authorization) {
  const std::vector<std::string>& names = authorization.signed_headers;
  if (!std::is_sorted(names.begin(), names.end())) return "SignedHeaders are not in order";
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return "SignedHeaders names one twice";
  for (const std::string& name : names) {
    if (lower(name) != name) return "SignedHeaders are not in lower case";
    if (request.header(name) == nullptr) return "the signed header '" + name + "' is not there";
  }
  for (const auto& [name, value] : request.headers) {
    if (must_be_signed(words, name) && !std::binary_search(names.begin(), names.end(), name)) {
      return "the header '" + name + "' is not signed";
    }
  }
  return {};
}

}  // namespace imposter
