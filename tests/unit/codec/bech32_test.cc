#include "codec/bech32.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace tidemark::codec {
namespace {

constexpr std::string_view kText = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
constexpr std::string_view kSecretText =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

std::string problem_of(std::string_view text, std::string_view kind, size_t size) {
  std::vector<uint8_t> bytes(size);
  const char* const problem = decode_bech32(text, kind, bytes);
  return problem == nullptr ? "" : problem;
}

TEST(Bech32, TheSpecificationsExamples) {
  std::array<uint8_t, 32> bytes;
  ASSERT_EQ(decode_bech32(kSecretText, "AGE-SECRET-KEY-", bytes), nullptr);
  std::array<uint8_t, 32> expected;
  expected.fill(0x42);
  EXPECT_EQ(bytes, expected);
  ASSERT_EQ(decode_bech32(kText, "age", bytes), nullptr);
  EXPECT_EQ(encode_bech32("age", bytes), kText);
}

// Of BIP-173, those whose data is whole bytes.
TEST(Bech32, ExamplesOfBip173) {
  EXPECT_EQ(problem_of("A12UEL5L", "A", 0), "");
  EXPECT_EQ(problem_of("a12uel5l", "a", 0), "");
  EXPECT_EQ(
      problem_of("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
                 "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", 0),
      "");
  EXPECT_EQ(problem_of("split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split", 30), "");
  EXPECT_EQ(encode_bech32("a", {}), "a12uel5l");
  EXPECT_EQ(problem_of("pzry9x0s0muk", "", 0), "is of another kind");
  EXPECT_EQ(problem_of("1pzry9x0s0muk", "", 0), "is of another kind");
  EXPECT_EQ(problem_of("x1b4n0q5v", "x", 0), "has a character that no such text has");
  EXPECT_EQ(problem_of("li1dgmt3", "li", 0), "is cut off");
  EXPECT_EQ(problem_of("A1G7SGD8", "A", 0), "is mistyped or cut off: its checksum is wrong");
}

TEST(Bech32, OneCaseAndTheKindInThatCase) {
  std::string mixed(kText);
  mixed.back() = 'J';
  EXPECT_EQ(problem_of(mixed, "age", 32), "mixes upper and lower case");
  std::string upper(kText);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(problem_of(upper, "AGE", 32), "");
  EXPECT_EQ(problem_of(upper, "age", 32), "is of another kind");
  EXPECT_EQ(problem_of(kText, "ag", 32), "is of another kind");
  EXPECT_EQ(problem_of("", "age", 32), "is of another kind");
  EXPECT_EQ(problem_of("age", "age", 32), "is of another kind");
}

TEST(Bech32, EachChangedCharacterAndEachCutIsFound) {
  for (size_t i = 0; i < kText.size(); ++i) {
    for (const char c : std::string_view("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio \n\x80")) {
      std::string text(kText);
      if (text[i] == c) continue;
      text[i] = c;
      EXPECT_NE(problem_of(text, "age", 32), "") << i << c;
    }
    EXPECT_NE(problem_of(kText.substr(0, i), "age", 32), "") << i;
  }
}

TEST(Bech32, AllOfTheBytesAndNoMore) {
  EXPECT_EQ(problem_of(kText, "age", 31), "has a wrong length");
  EXPECT_EQ(problem_of(kText, "age", 33), "has a wrong length");
}

// Right checksums all; what follows the only byte differs.
TEST(Bech32, WhatIsLeftOfTheLastDigitIsZero) {
  EXPECT_EQ(problem_of("age1qqpexly5", "age", 1), "");
  EXPECT_EQ(problem_of("age1qpu0j2ex", "age", 1), "has a wrong length") << "a bit that belongs to no byte";
  EXPECT_EQ(problem_of("age1qqqyst3gn", "age", 1), "has a wrong length") << "a digit that belongs to no byte";
}

TEST(Bech32, RoundTripsOfAnyLength) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 300; ++size) {
    std::vector<uint8_t> bytes(size), back(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const std::string text = encode_bech32("kind", bytes);
    EXPECT_EQ(bech32_kind(text), "kind");
    ASSERT_EQ(decode_bech32(text, "kind", back), nullptr) << size;
    EXPECT_EQ(back, bytes);
  }
}

}  // namespace
}  // namespace tidemark::codec
