#include "codec/tag.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sha256.h"
#include "format/hex.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kKeys =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n";
constexpr std::string_view kStem = "main.tar/7/000000000000c.e2";

TagKeys keys(std::string_view text) { return parse_tag_keys(text, "keys").value(); }

// Computed with python's hmac, as FORMATS.md says it.
TEST(TagTest, KnownAnswer) {
  const auto tag = Tagger().make(keys(kKeys).front(), kStem, *sha256_of("abc"));
  ASSERT_TRUE(tag);
  EXPECT_EQ(hex(tag->digest), "54920fd6619d744bb750e003ab7aacd9d2dcbccbcc5cd66835ee9870a37fdb6b");
  EXPECT_EQ(hex(tag->key_id), "3749006f");
}

TEST(TagTest, IsRightForOneNameOneContentAndAnyOfTheKeys) {
  const TagKeys both = keys(kKeys), first = keys(kKeys.substr(0, 65)), second = keys(kKeys.substr(65));
  Tagger tagger;
  const Digest content = *sha256_of("abc");
  const ContentTag by_first = *tagger.make(both.front(), kStem, content);
  const ContentTag by_second = *tagger.make(both.back(), kStem, content);
  EXPECT_NE(by_first.digest, by_second.digest);
  EXPECT_NE(by_first.key_id, by_second.key_id);
  for (const ContentTag& tag : {by_first, by_second})
    EXPECT_EQ(*tagger.compare(both, tag, kStem, content), TagVerdict::kSame);
  EXPECT_EQ(*tagger.compare(first, by_second, kStem, content), TagVerdict::kOtherKey);
  EXPECT_EQ(*tagger.compare(second, by_first, kStem, content), TagVerdict::kOtherKey);
  EXPECT_EQ(*tagger.compare({}, by_first, kStem, content), TagVerdict::kOtherKey);
  for (const std::string_view stem : {"main.tar/7/000000000000d.e2", "main.tar/8/000000000000c.e2"})
    EXPECT_EQ(*tagger.compare(both, by_first, stem, content), TagVerdict::kOther) << stem;
  EXPECT_EQ(*tagger.compare(both, by_first, kStem, *sha256_of("abd")), TagVerdict::kOther);
  for (size_t i = 0; i < by_first.digest.size(); ++i) {
    ContentTag wrong = by_first;
    wrong.digest[i] ^= 1;
    EXPECT_EQ(*tagger.compare(both, wrong, kStem, content), TagVerdict::kOther);
  }
}

TEST(TagTest, AnErrorNamesTheKeyThatIsMissing) {
  const Error error = other_tag_key({{1, 2, 3, 255}, {}});
  EXPECT_EQ(error.status, TIDEMARK_E_SEALED);
  EXPECT_NE(error.message.find("the tag key 010203ff"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace tidemark::codec
