#include "gs/auth/jwt.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {

namespace {

std::string pem_of(EVP_PKEY* key, const char* password = nullptr) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, password != nullptr ? EVP_aes_256_cbc() : nullptr, password,
                                password != nullptr ? static_cast<int>(strlen(password)) : 0, nullptr,
                                nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

EVP_PKEY* rsa_key() {
  static EVP_PKEY* const key = EVP_RSA_gen(2048);
  return key;
}

std::string decoded(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const size_t size = text.size() * 3 / 4;
  while (text.size() % 4 != 0) text += '=';
  std::string out(text.size(), '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size);
  return out;
}

TEST(GsJwt, Base64UrlOfEveryRest) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("fo"), "Zm8");
  EXPECT_EQ(base64url("foo"), "Zm9v");
  EXPECT_EQ(base64url("\xFB\xFF\xFE"), "-__-");
}

TEST(GsJwt, IsVerifiedByThePublicKey) {
  const Result<std::string> jwt = sign_jwt(R"({"iss":"x"})", "k1", test_key());
  ASSERT_TRUE(jwt) << jwt.error().message;
  const size_t first = jwt->find('.'), second = jwt->rfind('.');
  EXPECT_EQ(decoded(jwt->substr(0, first)), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  EXPECT_EQ(decoded(jwt->substr(first + 1, second - first - 1)), R"({"iss":"x"})");
  const std::string signature = decoded(jwt->substr(second + 1)), text = jwt->substr(0, second);
  const auto verify = [&](const std::string& of) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, rsa_key());
    const int right =
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(of.data()), of.size());
    EVP_MD_CTX_free(context);
    return right == 1;
  };
  EXPECT_TRUE(verify(text));
  EXPECT_FALSE(verify(text + "x"));
}

TEST(GsJwt, WithoutAKeyIdNoneIsNamed) {
  const Result<std::string> jwt = sign_jwt("{}", "", test_key());
  ASSERT_TRUE(jwt);
  EXPECT_EQ(decoded(jwt->substr(0, jwt->find('.'))), R"({"alg":"RS256","typ":"JWT"})");
}

TEST(GsJwt, KeysThatAreNone) {
  EXPECT_TRUE(check_private_key(test_key()));
  EVP_PKEY* curve = EVP_EC_gen("P-256");
  const std::pair<std::string, const char*> wrong[] = {
      {"", "not a private key"},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key"},
      {test_key().substr(0, test_key().size() / 2), "not a private key"},
      {pem_of(rsa_key(), "password"), "without a password"},
      {pem_of(curve), "not an RSA key"}};
  EVP_PKEY_free(curve);
  for (const auto& [pem, words] : wrong) {
    const Status ok = check_private_key(pem);
    EXPECT_EQ(status_of(ok), TIDEMARK_E_INVALID);
    EXPECT_NE(ok.error().message.find(words), std::string::npos) << ok.error().message;
    EXPECT_EQ(status_of(sign_jwt("{}", "", pem)), TIDEMARK_E_INVALID);
  }
}

}  // namespace

const std::string& test_key() {
  static const auto* const pem = new std::string(pem_of(rsa_key()));
  return *pem;
}

}  // namespace tidemark::sinks::gs
