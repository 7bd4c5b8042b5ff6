#include "html.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(Html, NothingOfAStrangerHasAMeaning) {
  EXPECT_EQ(Html().text("<script>\"&'</script>").take(), "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;");
  EXPECT_EQ(Html().name("a&amp;b").take(), "<bdi>a&amp;amp;b</bdi>");
  // Control characters, what is not UTF-8, and what turns the direction of writing.
  EXPECT_EQ(Html().text(std::string_view("\0\n\x1b\xff", 4)).take(), "\\x00\\x0a\\x1b\\xff");
  EXPECT_EQ(Html().text("\xe2\x80\xae").take().find("\xe2\x80\xae"), std::string::npos);
  EXPECT_EQ(Html().text("\xc3\xa9").take(), "\xc3\xa9");
}

TEST(Html, NoncharactersAreShownByTheirBytes) {
  EXPECT_EQ(Html().text("a\xef\xbf\xbe.").take(), "a\\xef\\xbf\\xbe.");       // U+FFFE
  EXPECT_EQ(Html().text("\xef\xbf\xbf").take(), "\\xef\\xbf\\xbf");           // U+FFFF
  EXPECT_EQ(Html().text("\xef\xb7\x90").take(), "\\xef\\xb7\\x90");           // U+FDD0
  EXPECT_EQ(Html().text("\xef\xb7\xb0").take(), "\xef\xb7\xb0");              // U+FDF0
  EXPECT_EQ(Html().text("\xf0\x9f\xbf\xbe").take(), "\\xf0\\x9f\\xbf\\xbe");  // U+1FFFE
  EXPECT_EQ(Html().text("\xf4\x8f\xbf\xbf").take(), "\\xf4\\x8f\\xbf\\xbf");  // U+10FFFF
  EXPECT_EQ(Html().text("\xef\xbf\xbd\xf0\x9f\x98\x80").take(), "\xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(Html().text("\xe1\xbf\xbe\xf0\x90\xbf\xbe").take(), "\xe1\xbf\xbe\xf0\x90\xbf\xbe");
}

TEST(Html, TheExactValueStandsBesideWhatIsShown) {
  EXPECT_EQ(Html().count(0).take(), "<data value=\"0\">0</data>");
  EXPECT_EQ(Html().count(999).take(), "<data value=\"999\">999</data>");
  EXPECT_EQ(Html().count(1'234'567, "n").take(), "<data class=\"n\" value=\"1234567\">1,234,567</data>");
  EXPECT_EQ(Html().lsn(UINT64_MAX).take(),
            "<data value=\"18446744073709551615\">18446744073709551615</data>");
  EXPECT_EQ(Html().bytes(1536).take(), "<data value=\"1536\">1.5 KiB</data>");
  EXPECT_EQ(Html().counted(1, "gap", "gaps").take(), "<data value=\"1\">1</data> gap");
  EXPECT_EQ(Html().counted(2, "gap", "gaps").take(), "<data value=\"2\">2</data> gaps");
  EXPECT_EQ(Html().time(86'461'250'000).take(),
            "<time datetime=\"1970-01-02T00:01:01.250000Z\">1970-01-02 00:01</time>");
}

}  // namespace
}  // namespace tidemark::cli
