#include "keys.h"

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "imposter/text.h"

namespace imposter {
namespace {

EVP_PKEY* the_key() {
  static EVP_PKEY* const key = EVP_RSA_gen(2048);  // as long as the process
  return key;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (c == '+' || c == '/' || c == '=') return {};
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  const size_t size = plain.size() * 3 / 4;
  while (plain.size() % 4 != 0) plain += '=';
  return base64_decode(plain, size);
}

bool is_signed(std::string_view text, const std::string& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool is_right =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, the_key()) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  return is_right;
}

}  // namespace

const std::string& private_key_pem() {
  static const std::string* const pem = [] {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, the_key(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    auto* text = new std::string(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }();
  return *pem;
}

std::optional<std::string> verified_claims(std::string_view jwt) {
  const size_t first = jwt.find('.'), second = jwt.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return {};
  const auto header = from_base64url(jwt.substr(0, first));
  const auto claims = from_base64url(jwt.substr(first + 1, second - first - 1));
  const auto signature = from_base64url(jwt.substr(second + 1));
  if (!header || !claims || !signature) return {};
  const auto parsed = nlohmann::json::parse(*header, nullptr, false);
  if (!parsed.is_object() || parsed.value("alg", "") != "RS256" || parsed.value("kid", "") != kKeyId)
    return {};
  if (!is_signed(jwt.substr(0, second), *signature)) return {};
  return claims;
}

}  // namespace imposter
