#include "codec/tag.h"

#include <gtest/gtest.h>

#include <string>

#include "format/hex.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kKeys =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n";

TagKeys keys(std::string_view text) { return parse_tag_keys(text, "keys").value(); }

Sha256::Digest digest_of(std::string_view text) {
  Sha256 hash;
  hash.update(text.data(), text.size());
  return hash.finish().value();
}

// Computed with python's hmac, as FORMATS.md says it.
TEST(TagTest, KnownAnswer) {
  Tagger tagger(keys(kKeys));
  for (const char* suffix : {".tar", ".tar.age", ".tar.zst.age"}) {
    const auto tag = tagger.make(std::string("main.tar/7/000000000000c.e2") + suffix, digest_of("abc"));
    ASSERT_TRUE(tag);
    EXPECT_EQ(hex(*tag), "54920fd6619d744bb750e003ab7aacd9d2dcbccbcc5cd66835ee9870a37fdb6b");
  }
}

TEST(TagTest, IsRightForOneNameOneContentAndAnyOfTheKeys) {
  const std::string key = "main/7/000000000000c.tar.age";
  Tagger both(keys(kKeys)), second(keys(kKeys.substr(65))), first(keys(kKeys.substr(0, 65)));
  const auto by_first = both.make(key, digest_of("abc")), by_second = second.make(key, digest_of("abc"));
  ASSERT_TRUE(by_first && by_second);
  EXPECT_NE(*by_first, *by_second);
  EXPECT_TRUE(*both.is_right(*by_first, key, digest_of("abc")));
  EXPECT_TRUE(*both.is_right(*by_second, key, digest_of("abc")));
  EXPECT_FALSE(*first.is_right(*by_second, key, digest_of("abc")));
  EXPECT_FALSE(*second.is_right(*by_first, key, digest_of("abc")));
  EXPECT_FALSE(*both.is_right(*by_first, "main/7/000000000000d.tar.age", digest_of("abc")));
  EXPECT_FALSE(*both.is_right(*by_first, "main/8/000000000000c.tar.age", digest_of("abc")));
  EXPECT_FALSE(*both.is_right(*by_first, key, digest_of("abd")));
  for (size_t i = 0; i < by_first->size(); ++i) {
    Tag wrong = *by_first;
    wrong[i] ^= 1;
    EXPECT_FALSE(*both.is_right(wrong, key, digest_of("abc")));
  }
}

}  // namespace
}  // namespace tidemark::codec
