#include "s3/digests.h"

#include <isa-l/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

#include "s3/exit_gate.h"

namespace tidemark::sinks::s3 {

std::string to_hex(const uint8_t* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) out.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
  return out;
}

std::string to_base64(const uint8_t* bytes, size_t size) {
  std::string out((size + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size))));
  return out;
}

std::string crc32c_text(uint32_t crc) {
  const uint8_t bytes[] = {static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
                           static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  return to_base64(bytes, sizeof bytes);
}

void Digests::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

// MD5 is for the store's own check of what came over the wire (Content-MD5), nobody relies on it for more.
Digests::Context Digests::make(const char* name) {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  Context context(EVP_MD_CTX_new());
  const bool ready = algorithm != nullptr && context != nullptr &&
                     EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
  EVP_MD_free(algorithm);
  if (!ready) throw std::runtime_error(std::string("OpenSSL has no ") + name + " here");
  return context;
}

Digests::Digests(Wanted wanted) : wants_crc32c_(wanted.crc32c) {
  const ExitGate::Pass pass;
  if (!pass.is_open()) return;
  if (wanted.sha256) sha256_ = make("SHA256");
  if (wanted.md5) md5_ = make("MD5");
}
Digests::~Digests() = default;
Digests::Digests(Digests&&) noexcept = default;
Digests& Digests::operator=(Digests&&) noexcept = default;

void Digests::update(const char* data, size_t size) {
  constexpr size_t kStep = 64 * 1024;
  const ExitGate::Pass pass;
  if (!pass.is_open()) return;
  for (size_t done = 0; done < size; done += kStep) {
    const size_t step = std::min(kStep, size - done);
    if (sha256_ != nullptr) EVP_DigestUpdate(sha256_.get(), data + done, step);
    if (md5_ != nullptr) EVP_DigestUpdate(md5_.get(), data + done, step);
    if (wants_crc32c_) {
      // The library's signature lacks a const.
      auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(data + done));
      crc_ = crc32_iscsi(bytes, static_cast<int>(step), crc_);
    }
  }
}

std::string Digests::sha256_hex() {
  uint8_t digest[32];
  const ExitGate::Pass pass;
  if (!pass.is_open() || sha256_ == nullptr) return {};
  EVP_DigestFinal_ex(sha256_.get(), digest, nullptr);
  return to_hex(digest, sizeof digest);
}

std::string Digests::md5_base64() {
  uint8_t digest[16];
  const ExitGate::Pass pass;
  if (!pass.is_open() || md5_ == nullptr) return {};
  EVP_DigestFinal_ex(md5_.get(), digest, nullptr);
  return to_base64(digest, sizeof digest);
}

}  // namespace tidemark::sinks::s3
