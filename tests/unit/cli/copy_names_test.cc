// Under which key a copy lies, and what of the destination it is compared with.
#include "copy_names.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

using Keys = std::vector<std::string>;

Stored coded(const std::string& coding) {
  Stored stored;
  stored.kind = TIDEMARK_STORED_ARCHIVE;
  stored.key = "main/7/1.tar" + coding;
  stored.coding = coding;
  return stored;
}

std::string becomes(const std::string& coding, const EncodingWish& wish) {
  const std::string key = CopyNames(wish).key_there(coded(coding));
  return key.substr(std::string("main/7/1.tar").size());
}

TEST(CopyNamesTest, TheSuffixIsThatOfTheNewCoding) {
  for (const std::string from : {"", ".zst", ".age", ".zst.age"}) {
    const bool is_compressed = from.starts_with(".zst");
    EXPECT_EQ(becomes(from, {"none", ""}), "");
    EXPECT_EQ(becomes(from, {"zstd:2", ""}), ".zst");
    EXPECT_EQ(becomes(from, {"none", "/keys"}), ".age");
    EXPECT_EQ(becomes(from, {"zstd", "/keys"}), ".zst.age");
    EXPECT_EQ(becomes(from, {"", "/keys"}), is_compressed ? ".zst.age" : ".age");
    EXPECT_EQ(becomes(from, {"", ""}), is_compressed ? ".zst" : "");
    EXPECT_EQ(CopyNames(std::nullopt).key_there(coded(from)), coded(from).key);
  }
  Stored record = coded("");
  record.kind = TIDEMARK_STORED_GAP;
  record.key = "main/7/1-1.gap";
  const EncodingWish wish = {"zstd", "/keys"};
  EXPECT_EQ(CopyNames(wish).key_there(record), record.key);
  EXPECT_FALSE(CopyNames(wish).is_encoded_anew(record));
}

TEST(CopyNamesTest, WhatIsEncodedAnew) {
  const auto is_anew = [](const std::string& coding, const EncodingWish& wish) {
    return CopyNames(wish).is_encoded_anew(coded(coding));
  };
  EXPECT_FALSE(is_anew("", {"none", ""}));
  EXPECT_TRUE(is_anew("", {"zstd", ""}));
  EXPECT_TRUE(is_anew(".zst", {"zstd:3", ""})) << "of what level it is nobody knows";
  EXPECT_FALSE(is_anew(".zst", {"", ""}));
  EXPECT_TRUE(is_anew(".age", {"", "/keys"})) << "for whom it is nobody knows";
  EXPECT_FALSE(CopyNames(std::nullopt).is_encoded_anew(coded(".zst.age")));
}

TEST(CopyNamesTest, NothingIsDecryptedByTheWay) {
  const EncodingWish smaller = {"zstd", std::nullopt};
  EXPECT_TRUE(CopyNames(smaller).is_refused(coded(".age")));
  EXPECT_FALSE(CopyNames(smaller).is_refused(coded("")));
  const EncodingWish plain = {"zstd", ""};
  EXPECT_FALSE(CopyNames(plain).is_refused(coded(".age")));
  EXPECT_FALSE(CopyNames(std::nullopt).is_refused(coded(".age")));
}

TEST(CopyNamesTest, WhatIsCompared) {
  const CopyNames plain(std::nullopt);
  const CopyNames smaller(EncodingWish{"zstd", std::nullopt});
  const Stored tar = coded(""), zst = coded(".zst"), age = coded(".age");
  EXPECT_EQ(plain.to_compare(tar, {{tar}, {}}), Keys());
  EXPECT_EQ(plain.to_compare(tar, {{tar}, {tar}}), Keys{tar.key});
  EXPECT_EQ(plain.to_compare(tar, {{tar}, {tar, zst}}), (Keys{tar.key, zst.key})) << "which restore may read";
  EXPECT_EQ(plain.to_compare(zst, {{zst}, {tar, zst}}), (Keys{zst.key, tar.key})) << "its own name first";
  EXPECT_EQ(plain.to_compare(tar, {{tar, zst}, {tar, zst}}), Keys{tar.key}) << "the other by itself";
  EXPECT_EQ(plain.to_compare(tar, {{tar}, {age, zst}}), (Keys{age.key, zst.key}));
  EXPECT_EQ(plain.to_compare(tar, {{tar, zst}, {zst}}), Keys()) << "a mirror has both";
  EXPECT_EQ(smaller.to_compare(tar, {{tar}, {tar, zst}}), (Keys{zst.key, tar.key}));
  EXPECT_EQ(smaller.to_compare(tar, {{tar}, {tar}}), Keys{tar.key});
  EXPECT_EQ(smaller.to_compare(zst, {{tar, zst}, {tar}}), Keys{tar.key});
}

TEST(CopyNamesTest, WhatIsDecryptedOnTheWay) {
  const EncodingWish sealed = {"", "/keys"};
  for (const std::string coding : {"", ".zst", ".age", ".zst.age"}) {
    EXPECT_EQ(CopyNames(sealed).needs_identity(coded(coding)), coding.ends_with(".age"));
    EXPECT_FALSE(CopyNames(std::nullopt).needs_identity(coded(coding))) << "copied as it is stored";
  }
}

TEST(CopyNamesTest, WhatEverybodyCanReadThere) {
  const Stored tar = coded(""), zst = coded(".zst"), age = coded(".age");
  Stored record = coded("");
  record.kind = TIDEMARK_STORED_PRUNED;
  EXPECT_EQ(CopyNames(EncodingWish{"", "/keys"}).in_the_clear({{tar}, {tar, zst, age, record}}), 2u);
  EXPECT_EQ(CopyNames(EncodingWish{"zstd", ""}).in_the_clear({{tar}, {tar}}), 0u) << "it was asked for";
  EXPECT_EQ(CopyNames(EncodingWish{"zstd", std::nullopt}).in_the_clear({{tar}, {tar}}), 0u);
  EXPECT_EQ(CopyNames(std::nullopt).in_the_clear({{tar}, {tar}}), 0u);
}

}  // namespace
}  // namespace tidemark::cli
