#include "codec/load.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "age_fixture.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

using tidemark::test::TempDir;

class LoadTest : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) {
    const std::string path = dir_ / name;
    tidemark::test::write_file(path, std::string(text) + "\n");
    ::chmod(path.c_str(), 0600);
    return path;
  }

  TempDir dir_;
  const std::string recipients_ = file("recipients", test::kRecipient);
  const std::string identity_ = file("identity", test::kIdentity);
  const std::string tag_ = file("tag", std::string(64, 'a'));
};

TEST_F(LoadTest, FromOptionsToKeys) {
  const auto plain = load({});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->encoding.coding, Coding::kNone);
  EXPECT_EQ(memory_bytes(plain->encoding), 0U);
  EXPECT_GT(decoding_bytes(plain->keys), 3U << 20U) << "what is there may be compressed all the same";
  EXPECT_TRUE(self_test(plain->encoding, plain->keys));
  for (const int level : {0, 1, 2, 3}) {
    const auto codec = load({level, recipients_, tag_, identity_});
    ASSERT_TRUE(codec) << codec.error().message;
    EXPECT_EQ(codec->encoding.coding, level == 0 ? Coding::kAge : Coding::kZstdAge);
    EXPECT_EQ(codec->encoding.recipients.size(), 1U);
    EXPECT_EQ(codec->keys.identities.size(), 1U);
    EXPECT_EQ(codec->keys.tag_keys.size(), 1U);
    const Status tested = self_test(codec->encoding, codec->keys);
    EXPECT_TRUE(tested) << tested.error().message;
  }
  EXPECT_EQ(load({2, "", "", ""})->encoding.coding, Coding::kZstd);
  EXPECT_EQ(load({2, "", "", ""})->encoding.level, 2);
  EXPECT_EQ(load({0, "", tag_, identity_})->encoding.coding, Coding::kNone);  // a reader's
}

TEST_F(LoadTest, WhatEncodingTakesIsKnown) {
  const uint64_t one = memory_bytes(load({1, "", "", ""})->encoding);
  const uint64_t three = memory_bytes(load({3, "", "", ""})->encoding);
  EXPECT_GT(one, 1U << 20U);
  EXPECT_GT(three, one);
  EXPECT_LT(three, 6U << 20U);
  EXPECT_GT(memory_bytes(load({3, recipients_, tag_, ""})->encoding), three);
}

TEST_F(LoadTest, AnErrorNamesTheFile) {
  const std::string none = dir_ / "none";
  const KeyFiles wrong[] = {
      {0, none, tag_, ""}, {0, recipients_, none, ""},      {0, "", "", none},
      {0, tag_, tag_, ""}, {0, recipients_, identity_, ""}, {0, "", "", recipients_},
  };
  for (const KeyFiles& files : wrong) {
    const auto codec = load(files);
    ASSERT_FALSE(codec);
    EXPECT_NE(codec.error().message.find(dir_.path().string()), std::string::npos) << codec.error().message;
  }
}

}  // namespace
}  // namespace tidemark::codec
