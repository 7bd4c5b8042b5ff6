// The words of a cloud are all that differs; the rest is tested with the vectors of one, in
// s3/auth/signer_test.cc.
#include "http/signer.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

constexpr SignerWords kWords = {"GOOG4-HMAC-SHA256", "GOOG4", "goog4_request", "x-goog-"};
constexpr int64_t kNowUs = 1'709'251'198'000'000;  // 2024-02-29T23:59:58Z

// The signature is what Python's hmac makes of the same texts.
TEST(KeySigner, SpeaksTheWordsOfItsCloud) {
  KeySigner signer(kWords, "storage", true);
  HttpRequest request = {.method = "PUT", .path = "/bucket/a b/c+", .payload_sha256 = kUnsignedPayload};
  request.host = "storage.googleapis.com";
  request.headers = {{"content-type", "application/octet-stream"}, {"x-goog-if-generation-match", "0"}};
  SignatureSteps steps;
  const Result<Headers> added =
      signer.sign(request, {"GOOGID", Secret("the/secret"), {}}, "auto", kNowUs, &steps);
  ASSERT_TRUE(added);
  EXPECT_EQ(steps.signature, "1dee7784b24bf517f29502ec773f5247a89ad3f9ab579f0a11d795572bceedd7");
  ASSERT_EQ(added->size(), 3u);
  EXPECT_EQ((*added)[0].name, "x-goog-date");
  EXPECT_EQ((*added)[0].value, "20240229T235958Z");
  EXPECT_EQ((*added)[1].name, "x-goog-content-sha256");
  EXPECT_EQ((*added)[2].value,
            "GOOG4-HMAC-SHA256 Credential=GOOGID/20240229/auto/storage/goog4_request, "
            "SignedHeaders=content-type;host;x-goog-content-sha256;x-goog-date;x-goog-if-generation-match, "
            "Signature=" +
                steps.signature);
}

TEST(KeySigner, ASessionTokenGoesAlong) {
  KeySigner signer(kWords, "other", false);
  HttpRequest request = {.method = "GET", .path = "/", .payload_sha256 = kUnsignedPayload};
  request.host = "host";
  const Result<Headers> added = signer.sign(request, {"ID", Secret("s"), Secret("token")}, "here", kNowUs);
  ASSERT_TRUE(added);
  ASSERT_EQ(added->size(), 3u) << "without the payload";
  EXPECT_EQ((*added)[1].name, "x-goog-security-token");
  EXPECT_NE((*added)[2].value.find("SignedHeaders=host;x-goog-date;x-goog-security-token,"),
            std::string::npos);
}

}  // namespace
}  // namespace tidemark::sinks
