#include "format/lsn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/format/interesting_lsns.h"

namespace tidemark {
namespace {

TEST(LsnText, HasThirteenBase36Digits) {
  EXPECT_EQ(lsn_text(1), "0000000000001");
  EXPECT_EQ(lsn_text(35), "000000000000z");
  EXPECT_EQ(lsn_text(36), "0000000000010");
  EXPECT_EQ(lsn_text(kEveryLsn), "3w5e11264sgsf");
}

TEST(LsnText, ParsesWhatItFormatsAndKeepsOrder) {
  std::string previous;
  for (const Lsn lsn : test::interesting_lsns()) {
    const std::string text = lsn_text(lsn);
    ASSERT_EQ(parse_lsn_text(text), lsn);
    ASSERT_LT(previous, text) << lsn;
    previous = text;
  }
}

TEST(LsnText, RefusesEverythingElse) {
  for (const char* text :
       {"", "1", "000000000001", "00000000000001", "0000000000000", "000000000000A", "000000000000-",
        " 000000000001", "3w5e11264sgsg", "3w5e11264sgt0", "3w5e11264sh00", "4000000000000", "zzzzzzzzzzzzz",
        "+000000000001", "00000000000\xc3\xa9"}) {
    EXPECT_EQ(parse_lsn_text(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_lsn_text(std::string_view("000000000001\0", 13)), std::nullopt);
}

TEST(Decimal, IsNothingButDigits) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), kEveryLsn);
  for (const char* text : {"", "00", "01", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "1a"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidemark
