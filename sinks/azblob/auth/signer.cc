#include "azblob/auth/signer.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "http/answer.h"
#include "http/body.h"
#include "http/digests.h"

namespace tidemark::sinks::azblob {
namespace {

// In the order in which they are signed; Content-Length comes among them, and Range is never sent.
constexpr const char* kBeforeLength[] = {"content-encoding", "content-language"};
constexpr const char* kAfterLength[] = {"content-md5",         "content-type", "date",
                                        "if-modified-since",   "if-match",     "if-none-match",
                                        "if-unmodified-since", "range"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// By name. Names and values are ours: without blanks at their ends and line breaks.
std::map<std::string, std::string> store_headers(const HttpRequest& request, const Headers& added) {
  std::map<std::string, std::string> found;
  for (const Headers* headers : {&request.headers, &added}) {
    for (const Header& one : *headers) {
      if (one.name.starts_with("x-ms-")) found.emplace(one.name, one.value);
    }
  }
  return found;
}

}  // namespace

std::string http_date(int64_t unix_us) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = unix_us / 1'000'000;
  tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                    kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<size_t>(size)};
}

std::string string_to_sign(const HttpRequest& request, const Headers& added, const std::string& account) {
  std::string text = request.method + "\n";
  for (const char* name : kBeforeLength) text.append(header(request.headers, name)).append("\n");
  const uint64_t size_bytes = request.body == nullptr ? 0 : request.body->size_bytes();
  text.append(size_bytes == 0 ? "" : std::to_string(size_bytes)).append("\n");
  for (const char* name : kAfterLength) text.append(header(request.headers, name)).append("\n");
  for (const auto& [name, value] : store_headers(request, added)) {
    text.append(name).append(":").append(value).append("\n");
  }
  // The path as it is sent: where it begins with the account, that comes twice.
  text.append("/").append(account).append(encode_path(request.path));
  std::map<std::string, std::string> query;
  for (const auto& [name, value] : request.query) query.emplace(lower(name), value);
  for (const auto& [name, value] : query) text.append("\n").append(name).append(":").append(value);
  return text;
}

Result<Headers> sign(const HttpRequest& request, const Credentials& credentials, int64_t now_us) {
  Headers added;
  if (header(request.headers, "x-ms-version").empty()) added.push_back({"x-ms-version", kVersion});
  if (credentials.kind == Credentials::Kind::kSas) return added;
  added.push_back({"x-ms-date", http_date(now_us)});
  if (credentials.kind == Credentials::Kind::kToken) {
    added.push_back({"authorization", "Bearer " + std::string(credentials.secret.reveal())});
    return added;
  }
  TM_ASSIGN(const HmacDigest mac,
            hmac_sha256(credentials.secret.reveal(), string_to_sign(request, added, credentials.account)));
  added.push_back(
      {"authorization", "SharedKey " + credentials.account + ":" + to_base64(mac.data(), mac.size())});
  return added;
}

}  // namespace tidemark::sinks::azblob
