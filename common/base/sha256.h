// SHA-256 over OpenSSL, for one object after another without fetching the algorithm again.
//
// One thread at a time. Each call of the library is checked: the first that fails is remembered, and
// finish() then gives its error instead of a digest of something else. Nothing throws.
#ifndef TIDEMARK_COMMON_BASE_SHA256_H
#define TIDEMARK_COMMON_BASE_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace tidemark {

class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void reset();
  void update(const void* data, size_t size);
  void copy_from(const Sha256& other);  // continues from where `other` stands
  // Then reset() before the next use. RETRYABLE names the function that failed, and the library it was found
  // in.
  [[nodiscard]] Result<Digest> finish();

 private:
  void prepare();

  evp_md_st* algorithm_ = nullptr;
  evp_md_ctx_st* context_ = nullptr;
  const char* failed_ = nullptr;  // the function, since the last reset()
};

Result<Sha256::Digest> sha256_of(std::string_view bytes);

// Known answers of SHA-256 and CRC-32C. PERMANENT: this process computes wrong ones.
Status check_digests();

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_SHA256_H
