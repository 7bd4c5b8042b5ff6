// The primitives of OpenSSL that age and tags are made of, each algorithm fetched once in the life of an
// object.
//
// One thread at a time. Each call of the library is checked; no key stays in an object longer than its
// comment says. RETRYABLE: a function of the library failed (want of memory, mostly). The thread's queue of
// OpenSSL's errors is left as it was, for a host may share it.
#ifndef TIDEMARK_CODEC_CRYPTO_H
#define TIDEMARK_CODEC_CRYPTO_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct evp_kdf_ctx_st;
struct evp_mac_st;
struct evp_pkey_ctx_st;
struct evp_pkey_st;

namespace tidemark::codec {

struct CryptoFree {
  void operator()(evp_cipher_ctx_st* context) const;
  void operator()(evp_cipher_st* cipher) const;
  void operator()(evp_kdf_ctx_st* context) const;
  void operator()(evp_mac_st* mac) const;
  void operator()(evp_pkey_ctx_st* context) const;
  void operator()(evp_pkey_st* key) const;
};
template <typename T>
using CryptoPtr = std::unique_ptr<T, CryptoFree>;

Status fill_random(std::span<uint8_t> bytes);
// In a time that does not depend on the bytes.
bool is_equal(std::span<const uint8_t> a, std::span<const uint8_t> b);
inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class HmacSha256 {
 public:
  using Mac = std::array<uint8_t, 32>;

  // Of the pieces, one after the other. Keeps no key.
  Result<Mac> compute(std::span<const uint8_t> key, std::initializer_list<std::span<const uint8_t>> pieces);

 private:
  CryptoPtr<evp_mac_st> algorithm_;
};

class HkdfSha256 {
 public:
  // Keeps no key.
  Status derive(std::span<const uint8_t> secret, std::span<const uint8_t> salt, std::string_view info,
                SecretBytes<32>* key);

 private:
  CryptoPtr<evp_kdf_ctx_st> context_;
};

class X25519 {
 public:
  static constexpr size_t kSize = 32;
  using Point = std::array<uint8_t, kSize>;
  using Shared = SecretBytes<kSize>;

  Result<Point> public_of(std::span<const uint8_t, kSize> secret);
  // What a secret and a point share; false: that is all zeros, because of a point that no honest key has.
  Result<bool> agree(std::span<const uint8_t, kSize> secret, const Point& point, Shared* shared);
  // The same with a fresh secret, which only the library sees; `own` is its point.
  Result<bool> agree_with_fresh(const Point& point, Point* own, Shared* shared);

 private:
  CryptoPtr<evp_pkey_ctx_st> generator_;
};

// ChaCha20-Poly1305 under one key after another, without additional data.
class Aead {
 public:
  static constexpr size_t kTagSize = 16;
  using Key = SecretBytes<32>;
  using Nonce = std::array<uint8_t, 12>;
  enum class Use : uint8_t { kSeal, kOpen };

  // Kept until forget_key() or the next key.
  Status set_key(const Key& key, Use use);
  void forget_key();

  // `sealed` has kTagSize bytes more than `plain`.
  Status seal(const Nonce& nonce, std::span<const uint8_t> plain, uint8_t* sealed);
  // `plain` has room for kTagSize bytes fewer. False: these bytes were not sealed so, and what `plain` holds
  // then is to be given to nobody.
  Result<bool> open(const Nonce& nonce, std::span<const uint8_t> sealed, uint8_t* plain);

 private:
  CryptoPtr<evp_cipher_st> algorithm_;
  CryptoPtr<evp_cipher_ctx_st> context_;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_CRYPTO_H
