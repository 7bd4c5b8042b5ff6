#include "azblob/auth/account_key.h"

#include <gtest/gtest.h>

#include "http/iso_time.h"

namespace tidemark::sinks::azblob {
namespace {

// Case 21, pgbackrest 7c9208ba8.
TEST(AzblobAccountKey, KeysAreBase64AndNothingElse) {
  EXPECT_EQ(decode_account_key("c2VjcmV0IHNlY3JldA==", "k")->reveal(), "secret secret");
  EXPECT_EQ(decode_account_key("c2VjcmV0IHNlY3JldHM=", "k")->reveal(), "secret secrets");
  EXPECT_EQ(decode_account_key("c2VjcmV0IHNlY3JldHMh", "k")->reveal(), "secret secrets!");
  for (const char* text : {"", "=", "====", "c2Vj c2Vj", "c2VjcmV0\n", "c2VjcmV0IHNlY3JldA",
                           "c2VjcmV0IHNlY3JldB==", "c2V=cmV0", "!!!!"}) {
    const Result<Secret> key = decode_account_key(text, "option k");
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(key.error().message.find("option k"), std::string::npos);
  }
  EXPECT_FALSE(decode_account_key(std::string(2048, 'A'), "k"));
}

TEST(AzblobAccountKey, WhenASignatureEnds) {
  const auto ends = [](const std::string& se) {
    const auto at = sas_expires_us(Secret("sv=1&" + se + "&sig=x"));
    return at ? format_iso_time(*at) : std::string("-");
  };
  EXPECT_EQ(ends("se=2026-11-29T12%3A00%3A00Z"), "2026-11-29T12:00:00Z");
  EXPECT_EQ(ends("se=2026-11-29T12:30Z"), "2026-11-29T12:30:00Z");
  EXPECT_EQ(ends("se=2026-11-29"), "2026-11-29T00:00:00Z");
  EXPECT_EQ(ends("si=policy"), "-");
  EXPECT_EQ(ends("se=nonsense"), "-");
}

TEST(AzblobAccountKey, SignaturesAreQueries) {
  EXPECT_EQ(check_sas("?sv=1&sig=a%2Bb%3D", "s")->reveal(), "sv=1&sig=a%2Bb%3D");
  for (const char* text : {"", "sv=1", "sig=1", "sv=1&sig=a b", "sv=1&sig=a#b", "https://h/c?sv=1&sig=2"}) {
    EXPECT_FALSE(check_sas(text, "s")) << text;
  }
}

}  // namespace
}  // namespace tidemark::sinks::azblob
