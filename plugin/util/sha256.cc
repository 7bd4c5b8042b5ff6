#include "util/sha256.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace tidemark {

Sha256::Sha256() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  if (algorithm_ == nullptr || context_ == nullptr ||
      EVP_DigestInit_ex2(context_, algorithm_, nullptr) != 1) {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
    throw std::runtime_error("OpenSSL offers no SHA-256; check its configuration and providers");
  }
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(algorithm_);
}

void Sha256::reset() { EVP_DigestInit_ex2(context_, nullptr, nullptr); }

void Sha256::update(const void* data, size_t size) { EVP_DigestUpdate(context_, data, size); }

void Sha256::copy_from(const Sha256& other) { EVP_MD_CTX_copy_ex(context_, other.context_); }

Sha256::Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(context_, digest.data(), nullptr);
  return digest;
}

}  // namespace tidemark
