#include "imposter/digests.h"

#include <openssl/hmac.h>

#include <array>

namespace imposter {
namespace {

constexpr uint32_t kCastagnoli = 0x82F63B78u;  // RFC 3720, bits reversed

// Four bytes at a step: tables[k][b] is what byte b does from k bytes further on.
constexpr auto kTables = [] {
  std::array<std::array<uint32_t, 256>, 4> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 4; ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}();

uint32_t crc32c_update(uint32_t crc, const unsigned char* data, size_t size) {
  for (; size >= 4; data += 4, size -= 4) {
    crc = kTables[3][(crc ^ data[0]) & 255] ^ kTables[2][((crc >> 8) ^ data[1]) & 255] ^
          kTables[1][((crc >> 16) ^ data[2]) & 255] ^ kTables[0][(crc >> 24) ^ data[3]];
  }
  for (; size > 0; ++data, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *data) & 255];
  return crc;
}

std::string digest(const EVP_MD* kind, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, kind, nullptr);
  return {reinterpret_cast<char*>(out), size};
}

}  // namespace

Digests::Digests(bool sha256, bool md5, bool crc32c) : wants_crc32c_(crc32c) {
  if (sha256) {
    sha256_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(sha256_.get(), EVP_sha256(), nullptr);
  }
  if (md5) {
    md5_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(md5_.get(), EVP_md5(), nullptr);
  }
}

void Digests::update(const void* data, size_t size) {
  if (sha256_) EVP_DigestUpdate(sha256_.get(), data, size);
  if (md5_) EVP_DigestUpdate(md5_.get(), data, size);
  if (wants_crc32c_) crc32c_ = crc32c_update(crc32c_, static_cast<const unsigned char*>(data), size);
}

std::string Digests::finish(Context& context) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), out, &size);
  context.reset();
  return {reinterpret_cast<char*>(out), size};
}

std::string Digests::sha256() { return finish(sha256_); }
std::string Digests::md5() { return finish(md5_); }

std::string Digests::crc32c() const {
  const uint32_t crc = ~crc32c_;
  return {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16), static_cast<char>(crc >> 8),
          static_cast<char>(crc)};
}

std::string sha256(std::string_view text) { return digest(EVP_sha256(), text); }
std::string md5(std::string_view text) { return digest(EVP_md5(), text); }

std::string hmac_sha256(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return {reinterpret_cast<char*>(out), size};
}

}  // namespace imposter
