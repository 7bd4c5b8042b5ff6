#include "codec/tag_keys.h"

#include <gtest/gtest.h>

#include <string>

#include "format/hex.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

const std::string kKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kOther(64, 'f');

std::string problem_of(const std::string& text) {
  const auto keys = parse_tag_keys(text, "/etc/tag.key");
  if (keys) return "none";
  EXPECT_EQ(keys.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(keys.error().message.find(kKey.substr(8, 16)), std::string::npos) << "a secret in a message";
  return keys.error().message;
}

TEST(TagKeysTest, OneOnALine) {
  const auto keys = parse_tag_keys("# first\n\n" + kKey + "\r\n" + kOther, "keys");
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  const std::string_view first = (*keys)[0].reveal();
  EXPECT_EQ(hex({reinterpret_cast<const uint8_t*>(first.data()), first.size()}), kKey);
  EXPECT_EQ((*keys)[1].reveal(), std::string(32, '\xff'));
}

TEST(TagKeysTest, NamesTheLineAndNeverTheKey) {
  EXPECT_EQ(problem_of(""), "/etc/tag.key holds no tag key: `tidemark keygen` makes one");
  EXPECT_EQ(problem_of("# nothing\n\n"), "/etc/tag.key holds no tag key: `tidemark keygen` makes one");
  const std::string wrong = ": not a tag key: one is 64 lower-case hex digits";
  EXPECT_EQ(problem_of("\n" + kKey + "0\n"), "/etc/tag.key:2" + wrong);
  EXPECT_EQ(problem_of(kKey.substr(1)), "/etc/tag.key:1" + wrong);
  EXPECT_EQ(problem_of(" " + kKey), "/etc/tag.key:1" + wrong);
  EXPECT_EQ(problem_of(kKey.substr(0, 63) + "F"), "/etc/tag.key:1" + wrong);
  EXPECT_EQ(problem_of(kKey.substr(0, 63) + std::string(1, '\0')), "/etc/tag.key:1" + wrong);
  EXPECT_EQ(problem_of(kKey + "\n# again\n" + kKey), "/etc/tag.key:3: this key stands above already");
}

TEST(TagKeysTest, SixteenAreTheMost) {
  std::string text;
  for (int i = 0; i < 16; ++i)
    text += kKey.substr(0, 62) + hex(std::array<uint8_t, 1>{static_cast<uint8_t>(i)}) + "\n";
  EXPECT_EQ(problem_of(text), "none");
  EXPECT_EQ(problem_of(text + kOther),
            "/etc/tag.key:17: more than 16 keys; remove those that are not needed");
}

TEST(TagKeysTest, TheFileIsItsOwnersOnly) {
  tidemark::test::TempDir dir;
  tidemark::test::write_file(dir / "key", kKey + "\n", 0600);
  EXPECT_TRUE(read_tag_key_file(dir / "key"));
  tidemark::test::write_file(dir / "key", kKey + "\n", 0644);
  const auto open_to_all = read_tag_key_file(dir / "key");
  ASSERT_FALSE(open_to_all);
  EXPECT_NE(open_to_all.error().message.find("chmod 600 " + (dir / "key")), std::string::npos);
}

}  // namespace
}  // namespace tidemark::codec
