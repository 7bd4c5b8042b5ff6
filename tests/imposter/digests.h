// The digests of a body as it arrives: SHA-256, MD5 and CRC-32C, each only where somebody asks for it.
//
// One thread at a time.
#ifndef TIDEMARK_TESTS_IMPOSTER_DIGESTS_H
#define TIDEMARK_TESTS_IMPOSTER_DIGESTS_H

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace imposter {

class Digests {
 public:
  Digests(bool sha256, bool md5, bool crc32c);
  void update(const void* data, size_t size);
  // Raw bytes; once each, and only what was asked for. CRC-32C is big endian, as stores write it.
  std::string sha256();
  std::string md5();
  std::string crc32c() const;

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  using Context = std::unique_ptr<EVP_MD_CTX, Free>;
  static std::string finish(Context& context);

  Context sha256_, md5_;
  bool wants_crc32c_;
  uint32_t crc32c_ = 0xFFFFFFFFu;
};

std::string sha256(std::string_view text);
std::string md5(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_DIGESTS_H
