#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tidemark {
namespace {

std::string hex_of(const Sha256::Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string hex_of(std::string_view data) {
  Sha256 hash;
  hash.update(data.data(), data.size());
  return hex_of(hash.finish().value());
}

// FIPS 180-4 and its examples.
TEST(Sha256Test, KnownAnswers) {
  EXPECT_EQ(hex_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesAreTheWhole) {
  const std::string data(1000, 'x');
  const std::string whole = hex_of(data);
  for (const size_t piece : {1, 7, 63, 64, 65, 999}) {
    Sha256 hash;
    for (size_t at = 0; at < data.size(); at += piece) {
      hash.update(data.data() + at, std::min(piece, data.size() - at));
    }
    EXPECT_EQ(hex_of(hash.finish().value()), whole) << piece;
  }
}

TEST(Sha256Test, ResetStartsAnew) {
  Sha256 hash;
  hash.update("left over", 9);
  hash.reset();
  hash.update("abc", 3);
  EXPECT_EQ(hex_of(hash.finish().value()), hex_of("abc"));
  hash.reset();
  EXPECT_EQ(hex_of(hash.finish().value()), hex_of(""));
  hash.reset();
  hash.update(nullptr, 0);
  EXPECT_EQ(hex_of(hash.finish().value()), hex_of(""));
}

}  // namespace
}  // namespace tidemark
