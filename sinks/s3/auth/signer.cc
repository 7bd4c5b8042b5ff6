#include "s3/auth/signer.h"

#include <openssl/crypto.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "http/digests.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

std::string_view bytes(const HmacDigest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// "20240229T235958Z"
std::string iso_basic(int64_t now_us) {
  const time_t seconds = now_us / 1'000'000;
  tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", utc.tm_year + 1900,
                                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<size_t>(size)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Without spaces at the ends, and with one for every run of them.
std::string fold(std::string_view value) {
  std::string out;
  bool gap = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

// By name; of several with one name the values are joined in their order.
std::map<std::string, std::string> canonical_headers(const HttpRequest& request, const Headers& added) {
  std::map<std::string, std::string> out = {{"host", fold(request.host)}};
  for (const Headers* headers : {&request.headers, &added}) {
    for (const Header& header : *headers) {
      const auto [at, is_new] = out.try_emplace(lower(header.name), fold(header.value));
      if (!is_new) at->second.append(",").append(fold(header.value));
    }
  }
  return out;
}

}  // namespace

Signer::Signer(std::string service) : service_(std::move(service)) {}

Result<Secret> Signer::day_key(const Credentials& credentials, const std::string& day,
                               const std::string& region) {
  const MutexLock lock(mutex_);
  if (cached_day_ == day && cached_region_ == region && cached_secret_ == credentials.secret_access_key) {
    return cached_key_;
  }
  std::string first = "AWS4";
  first.append(credentials.secret_access_key.reveal());
  Result<HmacDigest> key = hmac_sha256(first, day);
  wipe(&first);
  for (const std::string_view text :
       {std::string_view(region), std::string_view(service_), std::string_view("aws4_request")}) {
    if (!key) return key.error();
    key = hmac_sha256(bytes(*key), text);
  }
  if (!key) return key.error();
  cached_key_ = Secret(bytes(*key));
  OPENSSL_cleanse(key->data(), key->size());
  cached_secret_ = credentials.secret_access_key;
  cached_day_ = day;
  cached_region_ = region;
  return cached_key_;
}

Result<Headers> Signer::sign(const HttpRequest& request, const Credentials& credentials,
                             const std::string& region, int64_t now_us, SignatureSteps* steps) {
  const std::string time = iso_basic(now_us);
  const std::string day = time.substr(0, 8);
  const std::string scope = day + "/" + region + "/" + service_ + "/aws4_request";
  Headers added = {{"x-amz-date", time}};
  if (service_ == "s3") added.push_back({"x-amz-content-sha256", request.payload_sha256});
  if (!credentials.session_token.empty()) {
    added.push_back({"x-amz-security-token", std::string(credentials.session_token.reveal())});
  }

  std::string header_lines, names;
  for (const auto& [name, value] : canonical_headers(request, added)) {
    header_lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  std::string canonical;
  canonical.append(request.method).append("\n").append(encode_path(request.path)).append("\n");
  canonical.append(encode_query(request.query)).append("\n").append(header_lines).append("\n");
  canonical.append(names).append("\n").append(request.payload_sha256);
  TM_ASSIGN(const std::string digest, sha256_hex(canonical));
  const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + digest;
  TM_ASSIGN(const Secret key, day_key(credentials, day, region));
  TM_ASSIGN(const HmacDigest mac, hmac_sha256(key.reveal(), to_sign));
  const std::string signature = to_hex(mac.data(), mac.size());

  added.push_back({"authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                                        "/" + scope + ", SignedHeaders=" + names +
                                        ", Signature=" + signature});
  if (steps != nullptr) *steps = {std::move(canonical), to_sign, signature};
  return added;
}

}  // namespace tidemark::sinks::s3
