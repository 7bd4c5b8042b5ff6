#include "base/sha256.h"

#include <dlfcn.h>
#include <openssl/evp.h>

#include <string>

#include "base/crc32c.h"

namespace tidemark {
namespace {

// Where the function really is: a host may bring a libcrypto of its own, or parts of one.
std::string library_of_digests() {
  Dl_info info = {};
  const bool known =
      dladdr(reinterpret_cast<void*>(&EVP_DigestUpdate), &info) != 0 && info.dli_fname != nullptr;
  return known ? info.dli_fname : "libcrypto";
}

Error wrong_answer(const std::string& what) {
  Error error;
  error.message =
      what + "; does the host bring a libcrypto of its own? Load the plugin with RTLD_DEEPBIND then";
  return error;
}

// In one piece, in pieces, and from a copy made half-way.
Result<bool> is_sha256(std::string_view text, const Sha256::Digest& expected, size_t piece_bytes) {
  Sha256 hash, copy;
  hash.reset();
  for (size_t at = 0; at < text.size(); at += piece_bytes) {
    const std::string_view piece = text.substr(at, piece_bytes);
    hash.update(piece.data(), piece.size());
    if (at == 0) copy.copy_from(hash);
  }
  if (text.size() > piece_bytes) copy.update(text.data() + piece_bytes, text.size() - piece_bytes);
  TM_ASSIGN(const auto first, hash.finish());
  TM_ASSIGN(const auto second, copy.finish());
  return first == expected && second == expected;
}

}  // namespace

Sha256::Sha256() { prepare(); }

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(algorithm_);
}

void Sha256::prepare() {
  failed_ = nullptr;
  if (algorithm_ == nullptr) algorithm_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (algorithm_ == nullptr) {
    failed_ = "EVP_MD_fetch of SHA256";
    return;
  }
  if (context_ == nullptr) context_ = EVP_MD_CTX_new();
  if (context_ == nullptr) {
    failed_ = "EVP_MD_CTX_new";
  } else if (EVP_DigestInit_ex2(context_, algorithm_, nullptr) != 1) {
    failed_ = "EVP_DigestInit_ex2";
  }
}

void Sha256::reset() {
  if (algorithm_ == nullptr || context_ == nullptr || failed_ != nullptr) return prepare();
  if (EVP_DigestInit_ex2(context_, nullptr, nullptr) != 1) failed_ = "EVP_DigestInit_ex2";
}

void Sha256::update(const void* data, size_t size) {
  if (failed_ == nullptr && EVP_DigestUpdate(context_, data, size) != 1) failed_ = "EVP_DigestUpdate";
}

void Sha256::copy_from(const Sha256& other) {
  failed_ = other.failed_;
  if (failed_ != nullptr) return;
  if (context_ == nullptr) prepare();
  if (failed_ == nullptr && EVP_MD_CTX_copy_ex(context_, other.context_) != 1) failed_ = "EVP_MD_CTX_copy_ex";
}

Result<Sha256::Digest> Sha256::finish() {
  Digest digest = {};
  unsigned size = 0;
  if (failed_ == nullptr &&
      (EVP_DigestFinal_ex(context_, digest.data(), &size) != 1 || size != digest.size())) {
    failed_ = "EVP_DigestFinal_ex";
  }
  if (failed_ == nullptr) return digest;
  return fail(TIDEMARK_E_RETRYABLE,
              "no SHA-256 could be computed: " + std::string(failed_) + " failed in " + library_of_digests());
}

Result<Sha256::Digest> sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.finish();
}

Status check_digests() {
  // FIPS 180-2, B.1 and the 896-bit message of the examples of SHA-2.
  constexpr std::string_view kShort = "abc";
  constexpr Sha256::Digest kShortDigest = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                           0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                           0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
  constexpr std::string_view kLong =
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqr"
      "st"
      "nopqrstu";
  constexpr Sha256::Digest kLongDigest = {0xcf, 0x5b, 0x16, 0xa7, 0x78, 0xaf, 0x83, 0x80, 0x03, 0x6c, 0xe5,
                                          0x9e, 0x7b, 0x04, 0x92, 0x37, 0x0b, 0x24, 0x9b, 0x11, 0xe8, 0xf0,
                                          0x7a, 0x51, 0xaf, 0xac, 0x45, 0x03, 0x7a, 0xfe, 0xe9, 0xd1};
  for (const auto& [text, digest, piece_bytes] :
       {std::tuple(kShort, kShortDigest, size_t{3}), std::tuple(kLong, kLongDigest, size_t{25})}) {
    TM_ASSIGN(const auto right, is_sha256(text, digest, piece_bytes));
    if (!right) return wrong_answer("SHA-256 as computed by " + library_of_digests() + " is wrong");
  }
  constexpr std::string_view kCheck = "123456789";  // RFC 3720's polynomial has this check value
  const uint32_t half = extend_crc32c(0, kCheck.data(), 4);
  if (extend_crc32c(half, kCheck.data() + 4, kCheck.size() - 4) == 0xE3069283U) return {};
  return fail(TIDEMARK_E_PERMANENT,
              "CRC-32C as computed by libisal is wrong; archives could not be compared");
}

}  // namespace tidemark
