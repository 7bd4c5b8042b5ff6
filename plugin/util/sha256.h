// SHA-256 over OpenSSL, for one object after another without fetching the algorithm anew.
//
// One thread at a time. Construction may throw std::bad_alloc or std::runtime_error (no SHA-256 in this
// OpenSSL); nothing else throws.
#ifndef TIDEMARK_UTIL_SHA256_H
#define TIDEMARK_UTIL_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>

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
  Digest finish();                      // then reset() before the next use
  void copy_from(const Sha256& other);  // goes on from where `other` stands

 private:
  evp_md_st* algorithm_;
  evp_md_ctx_st* context_;
};

}  // namespace tidemark

#endif  // TIDEMARK_UTIL_SHA256_H
