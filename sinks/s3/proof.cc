#include "s3/proof.h"

#include "base/line.h"
#include "http/xml.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr size_t kMd5Bytes = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The 16 bytes; empty unless the text is 32 hex digits.
std::string bytes_of_hex(std::string_view hex) {
  if (hex.size() != 2 * kMd5Bytes) return {};
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

bool is_echoed(const StoreAnswer& answer, const Sent& sent) {
  return !sent.crc32c.empty() && header(answer.headers, "x-amz-checksum-crc32c") == sent.crc32c;
}

}  // namespace

Result<std::string> Sent::md5() {
  if (md5_base64.empty() && body != nullptr) {
    Result<std::string> computed = body->md5_base64();
    if (!computed) return computed;
    md5_base64 = std::move(*computed);
  }
  return md5_base64;
}

bool needs_md5(const Traits& traits, uint64_t size_bytes) {
  return traits.etag == Etag::kMd5 && (size_bytes <= kMd5AlwaysBytes || !traits.echoes_crc32c);
}

std::string_view bare_etag(std::string_view etag) {
  const bool is_quoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
  return is_quoted ? etag.substr(1, etag.size() - 2) : etag;
}

std::string base64_of_hex(std::string_view hex) {
  const std::string bytes = bytes_of_hex(hex);
  return bytes.empty() ? bytes : to_base64(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

// With a key of KMS the ETag looks like an MD5 and is none.
bool is_md5_etag(const StoreAnswer& answer) {
  return !bytes_of_hex(bare_etag(header(answer.headers, "etag"))).empty() &&
         !header(answer.headers, "x-amz-server-side-encryption").starts_with("aws:kms") &&
         header(answer.headers, "x-amz-server-side-encryption-customer-algorithm").empty();
}

Result<Match> match(const StoreAnswer& answer, const Traits& traits, Sent& sent) {
  const bool is_same = is_echoed(answer, sent);
  if (traits.etag != Etag::kMd5 || !is_md5_etag(answer)) return is_same ? Match::kSame : Match::kUnknown;
  if (is_same && !needs_md5(traits, sent.size_bytes) && sent.md5_base64.empty()) return Match::kSame;
  TM_ASSIGN(const std::string md5, sent.md5());
  return base64_of_hex(bare_etag(header(answer.headers, "etag"))) == md5 ? Match::kSame : Match::kOther;
}

Result<std::optional<Doubt>> doubt_about(const StoreAnswer& answer, const Traits& traits, Sent& sent) {
  if (answer.status != 200 && answer.status != 201 && answer.status != 204) {
    return Doubt{"HTTP " + std::to_string(answer.status) + " does not say that the object is stored"};
  }
  if (!is_body_of_success(answer.text)) {
    const StoreError inside = store_error(answer);
    return Doubt{
        "the answer of HTTP " + std::to_string(answer.status) + " has " + what_it_is(answer.text) +
        (inside.code.empty() ? "" : " " + quote(inside.code) + ", " + inside.message.substr(0, 120))};
  }
  TM_ASSIGN(const Match found, match(answer, traits, sent));
  if (found == Match::kSame) return std::nullopt;
  if (found == Match::kOther) return Doubt{"the ETag in the answer is not the MD5 of what was sent"};
  if (header(answer.headers, "etag").empty()) {
    return Doubt{"the answer has no ETag", !traits.puts_have_etag};
  }
  if (traits.etag == Etag::kMd5 && header(answer.headers, "x-amz-server-side-encryption").empty()) {
    return Doubt{"the ETag in the answer is not an MD5, as this store's were"};
  }
  if (traits.echoes_crc32c && !sent.crc32c.empty()) {
    return Doubt{"the answer does not repeat the checksum, as this store's did", true};
  }
  // Any ETag could be that of nothing.
  return Doubt{"nothing in the answer shows what was stored", true};
}

Match match_parts(std::string_view etag, const std::vector<UploadedPart>& parts) {
  const std::string_view bare = bare_etag(etag);
  const size_t dash = bare.find('-');
  const std::string whole = base64_of_hex(bare.substr(0, dash));
  if (dash == std::string_view::npos || whole.empty()) return Match::kUnknown;
  Digests digests({.sha256 = false, .crc32c = false, .md5 = true});
  for (const UploadedPart& part : parts) {
    const std::string bytes = bytes_of_hex(bare_etag(part.etag));
    if (bytes.empty()) return Match::kUnknown;
    digests.update(bytes.data(), bytes.size());
  }
  const Result<std::string> md5 = digests.md5_base64();
  if (!md5) return Match::kUnknown;
  const bool is_same = whole == *md5 && bare.substr(dash + 1) == std::to_string(parts.size());
  return is_same ? Match::kSame : Match::kOther;
}

}  // namespace tidemark::sinks::s3
