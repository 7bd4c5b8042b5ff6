#include "gs/auth/jwt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <climits>
#include <memory>

#include "base/json.h"
#include "http/digests.h"
#include "http/exit_gate.h"

namespace tidemark::sinks::gs {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

// Without it OpenSSL asks whoever sits at the terminal.
int no_password(char*, int, int, void*) { return -1; }

Result<Key> read_key(std::string_view pem) {
  if (pem.size() > INT_MAX) return fail(TIDEMARK_E_INVALID, "is too long");
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return crypto_failure("BIO_new_mem_buf");
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (key == nullptr) return fail(TIDEMARK_E_INVALID, "is not a private key in PEM without a password");
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) return fail(TIDEMARK_E_INVALID, "is not an RSA key");
  return key;
}

Result<std::string> sign(std::string_view text, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  if (context == nullptr) return crypto_failure("EVP_MD_CTX_new");
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1) {
    return crypto_failure("EVP_DigestSignInit");
  }
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
    return crypto_failure("EVP_DigestSign");
  }
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), out, &size, data, text.size()) != 1) {
    return crypto_failure("EVP_DigestSign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text = to_base64(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

Status check_private_key(std::string_view pem) {
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  TM_TRY(read_key(pem));
  return {};
}

Result<std::string> sign_jwt(std::string_view claims, std::string_view key_id, std::string_view pem) {
  const ExitGate::Pass pass;
  TM_TRY(pass.check());
  TM_ASSIGN(const Key key, read_key(pem));
  Json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  std::string text = base64url(header.dump()) + "." + base64url(claims);
  TM_ASSIGN(const std::string signature, sign(text, key.get()));
  return text.append(".").append(base64url(signature));
}

}  // namespace tidemark::sinks::gs
