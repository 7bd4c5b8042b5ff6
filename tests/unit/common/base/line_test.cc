#include "base/line.h"

#include <gtest/gtest.h>

#include <random>

namespace tidemark {
namespace {

std::string copied(std::string_view text, size_t capacity, Cut cut = Cut::kMiddle) {
  std::string out(capacity + 1, '#');
  copy_line(text, out.data(), capacity, cut);
  EXPECT_EQ(out[capacity], '#') << "wrote behind its end";
  return out.c_str();
}

TEST(Line, ControlCharactersBecomeBlanks) {
  EXPECT_EQ(clean_line("one\ntwo\r\nthree\tfour"), "one two  three four");
  EXPECT_EQ(clean_line(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(clean_line("\x1b[31mred\x1b[0m\x7f"), " [31mred [0m ");
  EXPECT_EQ(clean_line("a\xc2\x85"
                       "b\xc2\x9b"
                       "31m"),
            "a b 31m")
      << "C1";
  EXPECT_EQ(clean_line("a\xe2\x80\xa8"
                       "b\xe2\x80\xae"
                       "c\xe2\x81\xa6"
                       "d"),
            "a b c d")
      << "separators and turns";
}

TEST(Line, TextOfAnyLanguageStays) {
  for (const std::string text : {"plain",
                                 "Gr\xc3\xbc\xc3\x9f"
                                 "e",
                                 "\xe2\x82\xac", "\xf0\x9f\x8c\x8a", "\xc2\xa0", ""}) {
    EXPECT_EQ(clean_line(text), text);
    EXPECT_TRUE(is_clean_line(text));
  }
}

TEST(Line, BytesThatAreNoTextAreShownByNumber) {
  EXPECT_EQ(clean_line("a\xe9z"), "a\\xe9z") << "Latin-1";
  EXPECT_EQ(clean_line("\xc0\x80"), "\\xc0\\x80") << "longer than needed";
  EXPECT_EQ(clean_line("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(clean_line("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
  EXPECT_EQ(clean_line("\xe2\x82"), "\\xe2\\x82") << "cut off";
  EXPECT_EQ(clean_line("\xe0\x80\x9b[31m"), "\\xe0\\x80\\x9b[31m");
}

TEST(CopyLine, WhatFitsIsWhole) {
  EXPECT_EQ(copied("12345", 6), "12345");
  EXPECT_EQ(copied("", 1), "");
  EXPECT_EQ(copied("x", 1), "");
}

TEST(CopyLine, WhatDoesNotLosesItsMiddle) {
  EXPECT_EQ(copied("0123456789abcdef", 14), "0123...abcdef");
  EXPECT_EQ(copied("0123456789abcdef", 14, Cut::kEnd), "0123456789abc");
  EXPECT_EQ(copied("0123456789", 3), "01");
  EXPECT_EQ(copied("0123456789", 4), "012") << "no room for dots";
}

// Whatever comes in, a clean line that fits comes out, and its ends are those of the text.
TEST(CopyLine, AnyBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 60, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? 'a' + random() % 26 : random());
    const std::string whole = clean_line(text);
    ASSERT_TRUE(is_clean_line(whole));
    const size_t capacity = 1 + random() % 50;
    const std::string out = copied(text, capacity);
    ASSERT_LT(out.size(), capacity);
    ASSERT_TRUE(is_clean_line(out)) << out;
    if (whole.size() < capacity) {
      ASSERT_EQ(out, whole);
    } else if (capacity > 24) {
      const size_t dots = out.find("...");
      ASSERT_NE(dots, std::string::npos);
      ASSERT_EQ(whole.compare(0, std::min<size_t>(dots, 4), out, 0, std::min<size_t>(dots, 4)), 0);
      ASSERT_TRUE(whole.ends_with(out.substr(out.size() - 4)));
    }
  }
}

TEST(ShortenMiddle, CutsBetweenCharacters) {
  EXPECT_EQ(shorten_middle("0123456789", 10), "0123456789");
  EXPECT_EQ(shorten_middle("0123456789a", 10), "012...789a");
  for (size_t most = 3; most < 40; ++most) {
    std::string euros;
    for (int i = 0; i < 20; ++i) euros += "\xe2\x82\xac";
    const std::string shortened = shorten_middle(euros, most);
    EXPECT_LE(shortened.size(), most);
    EXPECT_TRUE(is_clean_line(shortened)) << most;
  }
}

TEST(Quoted, ShortensInTheMiddle) {
  EXPECT_EQ(quote("a"), "\"a\"");
  const std::string text = quote(std::string(500, 'a') + "end");
  EXPECT_LT(text.size(), 130u);
  EXPECT_NE(text.find("...a"), std::string::npos);
  EXPECT_TRUE(text.ends_with("end\""));
}

}  // namespace
}  // namespace tidemark
