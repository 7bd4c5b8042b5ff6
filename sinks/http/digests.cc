#include "http/digests.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string_view>

#include "base/crc32c.h"
#include "http/exit_gate.h"

namespace tidemark::sinks {

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

Error crypto_failure(const char* function) {
  Dl_info info = {};
  const bool known =
      dladdr(reinterpret_cast<void*>(&EVP_DigestUpdate), &info) != 0 && info.dli_fname != nullptr;
  return fail(TIDEMARK_E_RETRYABLE, std::string("no digest could be computed: ") + function + " failed in " +
                                        (known ? info.dli_fname : "libcrypto"));
}

Result<HmacDigest> hmac_sha256(std::string_view key, std::string_view text) {
  HmacDigest out = {};
  unsigned size = 0;
  const bool made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size) != nullptr;
  if (!made || size != out.size()) return crypto_failure("HMAC");
  return out;
}

Result<std::string> sha256_hex(std::string_view data) {
  HmacDigest out = {};
  unsigned size = 0;
  const bool made = EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha256(), nullptr) == 1;
  if (!made || size != out.size()) return crypto_failure("EVP_Digest");
  return to_hex(out.data(), out.size());
}

void Digests::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

// MD5 is for the store's own check of what came over the wire (Content-MD5), nobody relies on it for more.
Digests::Context Digests::make(const char* name) {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  Context context(EVP_MD_CTX_new());
  if (algorithm == nullptr) {
    failed_ = "EVP_MD_fetch";
  } else if (context == nullptr) {
    failed_ = "EVP_MD_CTX_new";
  } else if (EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1) {
    failed_ = "EVP_DigestInit_ex2";
  }
  EVP_MD_free(algorithm);
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
    for (const Context* context : {&sha256_, &md5_}) {
      if (*context == nullptr || failed_ != nullptr) continue;
      if (EVP_DigestUpdate(context->get(), data + done, step) != 1) failed_ = "EVP_DigestUpdate";
    }
    if (wants_crc32c_) {
      crc_ = extend_crc32c(crc_, data + done, step);
    }
  }
}

Result<std::string> Digests::sha256_hex() { return finish(sha256_.get(), true); }

Result<std::string> Digests::md5_base64() { return finish(md5_.get(), false); }

Result<std::string> Digests::finish(evp_md_ctx_st* context, bool as_hex) {
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const unsigned expected = as_hex ? 32 : 16;
  if (failed_ == nullptr &&
      (context == nullptr || EVP_DigestFinal_ex(context, digest, &size) != 1 || size != expected)) {
    failed_ = "EVP_DigestFinal_ex";
  }
  if (failed_ != nullptr) return crypto_failure(failed_);
  return as_hex ? to_hex(digest, size) : to_base64(digest, size);
}

Status check_digests() {
  Digests digests({.sha256 = true, .crc32c = true, .md5 = true});
  digests.update("1234", 4);
  digests.update("56789", 5);
  TM_ASSIGN(const auto sha256, digests.sha256_hex());
  TM_ASSIGN(const auto md5, digests.md5_base64());
  TM_ASSIGN(const auto once, tidemark::sinks::sha256_hex("123456789"));
  const auto mac = hmac_sha256("Jefe", "what do ya want for nothing?");  // RFC 4231, 4.3
  if (!mac) return mac.error();
  constexpr std::string_view kSha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
  constexpr std::string_view kMac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  const char* wrong = nullptr;
  if (sha256 != kSha256 || once != kSha256) wrong = "SHA-256";
  if (md5 != "JfnnlDI7RTiF9RgfG2JNCw==") wrong = "MD5";
  if (to_hex(mac->data(), mac->size()) != kMac) wrong = "HMAC";
  if (digests.crc32c() != 0xE3069283U) wrong = "CRC-32C";
  if (wrong == nullptr) return {};
  return fail(TIDEMARK_E_PERMANENT,
              std::string(wrong) +
                  " as computed in this process is wrong; does the host bring a libcrypto or libisal of "
                  "its own? Load the plugin with RTLD_DEEPBIND then");
}

}  // namespace tidemark::sinks
