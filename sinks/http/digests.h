// What a request says about its body: the SHA-256 it is signed with, and the digest by which the far side
// checks the bytes.
//
// One thread at a time.
#ifndef TIDEMARK_SINKS_HTTP_DIGESTS_H
#define TIDEMARK_SINKS_HTTP_DIGESTS_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace tidemark::sinks {

std::string to_hex(const uint8_t* bytes, size_t size);
std::string to_base64(const uint8_t* bytes, size_t size);
// Base64 of the four bytes, the highest first: as stores write it in headers.
std::string crc32c_text(uint32_t crc);

Result<std::string> sha256_hex(std::string_view data);

using HmacDigest = std::array<unsigned char, 32>;
Result<HmacDigest> hmac_sha256(std::string_view key, std::string_view text);

// RETRYABLE: the function of OpenSSL that failed, and the file it was found in.
Error crypto_failure(const char* function);

// One pass over a body that computes what is wanted, in one go while the bytes are in the cache. No call of
// OpenSSL is taken for done: the first that fails is remembered, and there is an error then instead of a
// digest. Also once exit() has begun (CANCELLED): nothing can be sent any more.
class Digests {
 public:
  struct Wanted {
    bool sha256 = false;
    bool crc32c = false;
    bool md5 = false;
    bool any() const { return sha256 || crc32c || md5; }
  };
  explicit Digests(Wanted wanted);
  ~Digests();
  Digests(Digests&&) noexcept;
  Digests& operator=(Digests&&) noexcept;

  void update(const char* data, size_t size);
  // Once each, of what was wanted. RETRYABLE names the function that failed.
  [[nodiscard]] Result<std::string> sha256_hex();
  [[nodiscard]] Result<std::string> md5_base64();
  uint32_t crc32c() const { return crc_; }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, Free>;
  Context make(const char* name);
  Result<std::string> finish(evp_md_ctx_st* context, bool as_hex);

  bool wants_crc32c_;
  const char* failed_ = nullptr;  // the first function that did
  uint32_t crc_ = 0;
  Context sha256_;
  Context md5_;
};

// Known answers of all that a request relies on, the signature's HMAC included. PERMANENT: this process
// computes wrong ones.
Status check_digests();

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_DIGESTS_H
