#include "http/utf8.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(S3Utf8, WholeTexts) {
  for (const std::string_view text :
       {"", "plain/key", "\xC3\xA4", "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x8C\x8A!"}) {
    EXPECT_EQ(utf8_beginning(text).size_bytes, text.size());
    EXPECT_TRUE(utf8_beginning(text).may_go_on);
  }
}

TEST(S3Utf8, CutWithinACharacter) {
  for (const std::string_view text : {"ab\xC3", "ab\xE6\x97", "ab\xF0\x9F\x8C", "ab\xE0"}) {
    EXPECT_EQ(utf8_beginning(text).size_bytes, 2u);
    EXPECT_TRUE(utf8_beginning(text).may_go_on);
  }
}

TEST(S3Utf8, NoUtf8) {
  // A lone continuation, never a lead, too long a form, a surrogate, beyond Unicode, a character broken off.
  for (const std::string_view text : {"ab\x80", "ab\xFF", "ab\xC0\xAF", "ab\xE0\x80\x80", "ab\xED\xA0\x80",
                                      "ab\xF4\x90\x80\x80", "ab\xC3(", "ab\xE6\x97("}) {
    EXPECT_EQ(utf8_beginning(text).size_bytes, 2u);
    EXPECT_FALSE(utf8_beginning(text).may_go_on);
  }
}

}  // namespace
}  // namespace tidemark::sinks
