#include "codec/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cassert>
#include <climits>
#include <string>

namespace tidemark::codec {
namespace {

// Takes away what the library says of its failures while this lives.
class ErrorMark {
 public:
  ErrorMark() { ERR_set_mark(); }
  ~ErrorMark() { ERR_pop_to_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
};

bool is_want_of_memory() { return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE; }

Error failed(const char* function) {
  if (is_want_of_memory()) return out_of_memory();
  return fail(TIDEMARK_E_RETRYABLE,
              std::string("nothing could be encrypted or decrypted: ") + function + " failed in libcrypto");
}

// The library takes what it only reads as if it wrote it, and no nullptr, not even for no bytes.
OSSL_PARAM octets(const char* name, std::span<const uint8_t> bytes) {
  static uint8_t none = 0;
  return OSSL_PARAM_construct_octet_string(name, bytes.empty() ? &none : const_cast<uint8_t*>(bytes.data()),
                                           bytes.size());
}
OSSL_PARAM sha256() {
  static char name[] = "SHA256";
  return OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_DIGEST, name, 0);
}

struct MacContextFree {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

CryptoPtr<EVP_PKEY> private_key(std::span<const uint8_t, X25519::kSize> secret) {
  return CryptoPtr<EVP_PKEY>(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, secret.data(), secret.size()));
}

Result<X25519::Point> point_of(const EVP_PKEY* key) {
  X25519::Point point;
  size_t size = point.size();
  if (EVP_PKEY_get_raw_public_key(key, point.data(), &size) != 1 || size != point.size()) {
    return failed("EVP_PKEY_get_raw_public_key");
  }
  return point;
}

Result<bool> agree_with(EVP_PKEY* own, const X25519::Point& point, X25519::Shared* shared) {
  const CryptoPtr<EVP_PKEY> peer(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, point.data(), point.size()));
  if (peer == nullptr) return failed("EVP_PKEY_new_raw_public_key_ex");
  const CryptoPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  if (context == nullptr) return failed("EVP_PKEY_CTX_new_from_pkey");
  if (EVP_PKEY_derive_init(context.get()) != 1) return failed("EVP_PKEY_derive_init");
  // Any 32 bytes are a point: there is nothing to validate.
  if (EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 0) != 1)
    return failed("EVP_PKEY_derive_set_peer_ex");
  size_t size = X25519::kSize;
  // With a key and a peer it refuses only a secret of zeros. What it gives is looked at all the same.
  if (EVP_PKEY_derive(context.get(), shared->fill().data(), &size) != 1) {
    if (is_want_of_memory()) return out_of_memory();
    return false;
  }
  if (size != X25519::kSize) return failed("EVP_PKEY_derive");
  return !is_equal(shared->reveal(), X25519::Point{});
}

}  // namespace

void CryptoFree::operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
void CryptoFree::operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
void CryptoFree::operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
void CryptoFree::operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
void CryptoFree::operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
void CryptoFree::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Status fill_random(std::span<uint8_t> bytes) {
  const ErrorMark mark;
  assert(bytes.size() <= INT_MAX);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return failed("RAND_bytes");
  return {};
}

bool is_equal(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<HmacSha256::Mac> HmacSha256::compute(std::span<const uint8_t> key,
                                            std::initializer_list<std::span<const uint8_t>> pieces) {
  const ErrorMark mark;
  if (algorithm_ == nullptr) algorithm_.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (algorithm_ == nullptr) return failed("EVP_MAC_fetch of HMAC");
  // A context of its own: there is no call that takes the key out of one.
  const std::unique_ptr<EVP_MAC_CTX, MacContextFree> context(EVP_MAC_CTX_new(algorithm_.get()));
  if (context == nullptr) return failed("EVP_MAC_CTX_new");
  const OSSL_PARAM parameters[] = {sha256(), OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), key.data(), key.size(), parameters) != 1) return failed("EVP_MAC_init");
  for (const auto piece : pieces) {
    if (EVP_MAC_update(context.get(), piece.data(), piece.size()) != 1) return failed("EVP_MAC_update");
  }
  Mac mac;
  size_t size = 0;
  if (EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1 || size != mac.size()) {
    return failed("EVP_MAC_final");
  }
  return mac;
}

Status HkdfSha256::derive(std::span<const uint8_t> secret, std::span<const uint8_t> salt,
                          std::string_view info, SecretBytes<32>* key) {
  const ErrorMark mark;
  if (context_ == nullptr) {
    EVP_KDF* const algorithm = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    if (algorithm == nullptr) return failed("EVP_KDF_fetch of HKDF");
    context_.reset(EVP_KDF_CTX_new(algorithm));  // which keeps it
    EVP_KDF_free(algorithm);
    if (context_ == nullptr) return failed("EVP_KDF_CTX_new");
  }
  const OSSL_PARAM parameters[] = {sha256(), octets(OSSL_KDF_PARAM_KEY, secret),
                                   octets(OSSL_KDF_PARAM_SALT, salt),
                                   octets(OSSL_KDF_PARAM_INFO, bytes_of(info)), OSSL_PARAM_construct_end()};
  const bool is_made =
      EVP_KDF_derive(context_.get(), key->fill().data(), key->fill().size(), parameters) == 1;
  EVP_KDF_CTX_reset(context_.get());  // wipes the key in it
  if (!is_made) return failed("EVP_KDF_derive");
  return {};
}

Result<X25519::Point> X25519::public_of(std::span<const uint8_t, kSize> secret) {
  const ErrorMark mark;
  const auto key = private_key(secret);
  if (key == nullptr) return failed("EVP_PKEY_new_raw_private_key_ex");
  return point_of(key.get());
}

Result<bool> X25519::agree(std::span<const uint8_t, kSize> secret, const Point& point, Shared* shared) {
  const ErrorMark mark;
  const auto key = private_key(secret);
  if (key == nullptr) return failed("EVP_PKEY_new_raw_private_key_ex");
  return agree_with(key.get(), point, shared);
}

Result<bool> X25519::agree_with_fresh(const Point& point, Point* own, Shared* shared) {
  const ErrorMark mark;
  if (generator_ == nullptr) {
    CryptoPtr<EVP_PKEY_CTX> generator(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr));
    if (generator == nullptr) return failed("EVP_PKEY_CTX_new_from_name");
    if (EVP_PKEY_keygen_init(generator.get()) != 1) return failed("EVP_PKEY_keygen_init");
    generator_ = std::move(generator);
  }
  EVP_PKEY* generated = nullptr;
  if (EVP_PKEY_generate(generator_.get(), &generated) != 1) return failed("EVP_PKEY_generate");
  const CryptoPtr<EVP_PKEY> key(generated);
  TM_ASSIGN(*own, point_of(key.get()));
  return agree_with(key.get(), point, shared);
}

Status Aead::set_key(const Key& key, Use use) {
  const ErrorMark mark;
  if (algorithm_ == nullptr) algorithm_.reset(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
  if (algorithm_ == nullptr) return failed("EVP_CIPHER_fetch of ChaCha20-Poly1305");
  if (context_ == nullptr) context_.reset(EVP_CIPHER_CTX_new());
  if (context_ == nullptr) return failed("EVP_CIPHER_CTX_new");
  const int seals = use == Use::kSeal ? 1 : 0;
  if (EVP_CipherInit_ex2(context_.get(), algorithm_.get(), key.reveal().data(), nullptr, seals, nullptr) !=
      1) {
    return failed("EVP_CipherInit_ex2");
  }
  return {};
}

void Aead::forget_key() {
  if (context_ != nullptr) EVP_CIPHER_CTX_reset(context_.get());
}

Status Aead::seal(const Nonce& nonce, std::span<const uint8_t> plain, uint8_t* sealed) {
  const ErrorMark mark;
  assert(plain.size() <= INT_MAX - kTagSize);
  EVP_CIPHER_CTX* const context = context_.get();
  int size = 0, rest = 0;
  if (EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) != 1)
    return failed("EVP_EncryptInit_ex2");
  if (!plain.empty() &&
      EVP_EncryptUpdate(context, sealed, &size, plain.data(), static_cast<int>(plain.size())) != 1) {
    return failed("EVP_EncryptUpdate");
  }
  if (EVP_EncryptFinal_ex(context, sealed + size, &rest) != 1 ||
      size + rest != static_cast<int>(plain.size())) {
    return failed("EVP_EncryptFinal_ex");
  }
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, sealed + plain.size()) != 1) {
    return failed("EVP_CIPHER_CTX_ctrl");
  }
  return {};
}

Result<bool> Aead::open(const Nonce& nonce, std::span<const uint8_t> sealed, uint8_t* plain) {
  const ErrorMark mark;
  if (sealed.size() < kTagSize) return false;
  assert(sealed.size() <= INT_MAX);
  EVP_CIPHER_CTX* const context = context_.get();
  const size_t plain_size = sealed.size() - kTagSize;
  int size = 0, rest = 0;
  if (EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) != 1)
    return failed("EVP_DecryptInit_ex2");
  auto* const tag = const_cast<uint8_t*>(sealed.data() + plain_size);  // only read
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) != 1)
    return failed("EVP_CIPHER_CTX_ctrl");
  if (plain_size > 0 &&
      EVP_DecryptUpdate(context, plain, &size, sealed.data(), static_cast<int>(plain_size)) != 1) {
    return failed("EVP_DecryptUpdate");
  }
  uint8_t none = 0;  // there are no bytes left to write
  return EVP_DecryptFinal_ex(context, &none, &rest) == 1 && rest == 0 &&
         static_cast<size_t>(size) == plain_size;
}

}  // namespace tidemark::codec
