#include "codec/base64.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace tidemark::codec {
namespace {

std::string encoded(std::string_view text) {
  std::string out;
  append_base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, &out);
  return out;
}

// RFC 4648, section 10, without the padding.
TEST(Base64, KnownAnswers) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> kAnswers = {{{"", ""},
                                                                                  {"f", "Zg"},
                                                                                  {"fo", "Zm8"},
                                                                                  {"foo", "Zm9v"},
                                                                                  {"foob", "Zm9vYg"},
                                                                                  {"fooba", "Zm9vYmE"},
                                                                                  {"foobar", "Zm9vYmFy"}}};
  for (const auto& [text, answer] : kAnswers) {
    EXPECT_EQ(encoded(text), answer);
    EXPECT_TRUE(is_base64(answer));
    EXPECT_EQ(base64_size(text.size()), answer.size());
    std::string back(text.size(), '\0');
    EXPECT_TRUE(parse_base64(answer, {reinterpret_cast<uint8_t*>(back.data()), back.size()}));
    EXPECT_EQ(back, text);
  }
  EXPECT_EQ(encoded("\xfb\xff\xbf"), "+/+/");
}

TEST(Base64, OnlyTheOneForm) {
  for (const char* text :
       {"Zg==", "Zm8=", "=", "Z", "Zm9vY", "Zh", "Zm9", "Zm 8", "Zm8\n", "Zm8\r", "Zm-_", "Zm8,"}) {
    EXPECT_FALSE(is_base64(text)) << text;
  }
  EXPECT_FALSE(is_base64(std::string_view("Zm8\0", 4)));
  // Of the last digit of one byte four bits count for nothing, and of two bytes two.
  int one = 0, two = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    one += is_base64(std::string("A") + c) ? 1 : 0;
    two += is_base64(std::string("AA") + c) ? 1 : 0;
  }
  EXPECT_EQ(one, 4);
  EXPECT_EQ(two, 16);
}

TEST(Base64, JustSoManyBytes) {
  std::array<uint8_t, 3> bytes;
  EXPECT_TRUE(parse_base64("Zm9v", bytes));
  EXPECT_FALSE(parse_base64("Zm8", bytes));
  EXPECT_FALSE(parse_base64("Zm9vYg", bytes));
  EXPECT_FALSE(parse_base64("", bytes));
  EXPECT_FALSE(parse_base64("Zm9=", bytes));
}

TEST(Base64, RoundTripsOfAnyLength) {
  std::vector<uint8_t> bytes;
  for (int size = 0; size < 200; ++size) {
    std::string text;
    append_base64(bytes, &text);
    std::vector<uint8_t> back(bytes.size());
    EXPECT_TRUE(parse_base64(text, back));
    EXPECT_EQ(back, bytes);
    bytes.push_back(static_cast<uint8_t>(size * 37));
  }
}

}  // namespace
}  // namespace tidemark::codec
