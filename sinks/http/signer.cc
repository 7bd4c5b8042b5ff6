#include "http/signer.h"

#include <openssl/crypto.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "http/digests.h"
#include "http/exit_gate.h"

namespace tidemark::sinks {
namespace {

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

KeySigner::KeySigner(const SignerWords& words, std::string service, bool sends_payload)
    : words_(words), service_(std::move(service)), sends_payload_(sends_payload) {}

Result<Secret> KeySigner::day_key(const SigningKeys& keys, const std::string& day,
                                  const std::string& region) {
  const MutexLock lock(mutex_);
  if (cached_day_ == day && cached_region_ == region && cached_secret_ == keys.secret_access_key) {
    return cached_key_;
  }
  std::string first = words_.secret_begin;
  first.append(keys.secret_access_key.reveal());
  Result<HmacDigest> key = hmac_sha256(first, day);
  wipe(&first);
  for (const std::string_view text :
       {std::string_view(region), std::string_view(service_), std::string_view(words_.scope_end)}) {
    if (!key) return key.error();
    key = hmac_sha256(bytes(*key), text);
  }
  if (!key) return key.error();
  cached_key_ = Secret(bytes(*key));
  OPENSSL_cleanse(key->data(), key->size());
  cached_secret_ = keys.secret_access_key;
  cached_day_ = day;
  cached_region_ = region;
  return cached_key_;
}

Result<Headers> KeySigner::sign(const HttpRequest& request, const SigningKeys& keys,
                                const std::string& region, int64_t now_us, SignatureSteps* steps) {
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  const std::string time = iso_basic(now_us);
  const std::string day = time.substr(0, 8);
  const std::string scope = day + "/" + region + "/" + service_ + "/" + words_.scope_end;
  const std::string x = words_.header_begin;
  Headers added = {{x + "date", time}};
  if (sends_payload_) added.push_back({x + "content-sha256", request.payload_sha256});
  if (!keys.session_token.empty()) {
    added.push_back({x + "security-token", std::string(keys.session_token.reveal())});
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
  const std::string to_sign = std::string(words_.algorithm) + "\n" + time + "\n" + scope + "\n" + digest;
  TM_ASSIGN(const Secret key, day_key(keys, day, region));
  TM_ASSIGN(const HmacDigest mac, hmac_sha256(key.reveal(), to_sign));
  const std::string signature = to_hex(mac.data(), mac.size());

  added.push_back({"authorization", std::string(words_.algorithm) + " Credential=" + keys.access_key_id +
                                        "/" + scope + ", SignedHeaders=" + names +
                                        ", Signature=" + signature});
  if (steps != nullptr) *steps = {std::move(canonical), to_sign, signature};
  return added;
}

}  // namespace tidemark::sinks
