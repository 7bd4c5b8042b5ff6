#include "codec/crypto.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>
#include <vector>

#include "format/hex.h"

namespace tidemark::codec {
namespace {

template <size_t N>
std::array<uint8_t, N> bytes(std::string_view text) {
  std::array<uint8_t, N> out{};
  EXPECT_TRUE(parse_hex(text, out));
  return out;
}

// RFC 4231, 4.3.
TEST(HmacSha256Test, KnownAnswerInPieces) {
  HmacSha256 hmac;
  for (int round = 0; round < 2; ++round) {
    const auto mac =
        hmac.compute(bytes_of("Jefe"), {bytes_of("what do ya want "), {}, bytes_of("for nothing?")});
    ASSERT_TRUE(mac);
    EXPECT_EQ(hex(*mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

// RFC 5869, A.1 and A.3: the first 32 bytes of what they derive.
TEST(HkdfSha256Test, KnownAnswers) {
  HkdfSha256 hkdf;
  std::array<uint8_t, 22> secret;
  secret.fill(0x0b);
  SecretBytes<32> key;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(hkdf.derive(secret, bytes<13>("000102030405060708090a0b0c"),
                            "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", &key));
    EXPECT_EQ(hex(key.reveal()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    ASSERT_TRUE(hkdf.derive(secret, {}, "", &key));
    EXPECT_EQ(hex(key.reveal()), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  }
}

// RFC 7748, 6.1.
TEST(X25519Test, KnownAnswers) {
  const auto alice = bytes<32>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = bytes<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  X25519 x25519;
  const auto alices = x25519.public_of(alice), bobs = x25519.public_of(bob);
  ASSERT_TRUE(alices && bobs);
  EXPECT_EQ(hex(*alices), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(hex(*bobs), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  for (const auto& [secret, point] : {std::pair(alice, *bobs), std::pair(bob, *alices)}) {
    X25519::Shared shared;
    const auto agreed = x25519.agree(secret, point, &shared);
    ASSERT_TRUE(agreed && *agreed);
    EXPECT_EQ(hex(shared.reveal()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  }
}

TEST(X25519Test, AFreshSecretIsAnotherEachTimeAndAgrees) {
  const auto secret = bytes<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  X25519 x25519;
  const auto point = x25519.public_of(secret);
  ASSERT_TRUE(point);
  X25519::Point last{};
  for (int round = 0; round < 3; ++round) {
    X25519::Point own;
    X25519::Shared theirs, ours;
    const auto fresh = x25519.agree_with_fresh(*point, &own, &theirs);
    ASSERT_TRUE(fresh && *fresh);
    EXPECT_NE(own, last);
    last = own;
    const auto agreed = x25519.agree(secret, own, &ours);
    ASSERT_TRUE(agreed && *agreed);
    EXPECT_EQ(hex(ours.reveal()), hex(theirs.reveal()));
  }
}

// All the points of low order there are, as any bytes say them.
TEST(X25519Test, NothingIsSharedWithAPointOfLowOrder) {
  const auto secret = bytes<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  X25519 x25519;
  for (const char* text : {"0000000000000000000000000000000000000000000000000000000000000000",
                           "0100000000000000000000000000000000000000000000000000000000000000",
                           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    auto point = bytes<32>(text);
    for (const uint8_t high : {0x00, 0x80}) {  // a bit that does not count
      point[31] = static_cast<uint8_t>(point[31] & 0x7f) | high;
      X25519::Point own;
      X25519::Shared shared;
      const auto agreed = x25519.agree(secret, point, &shared);
      ASSERT_TRUE(agreed) << agreed.error().message;
      EXPECT_FALSE(*agreed) << text;
      const auto fresh = x25519.agree_with_fresh(point, &own, &shared);
      ASSERT_TRUE(fresh) << fresh.error().message;
      EXPECT_FALSE(*fresh) << text;
    }
  }
}

TEST(X25519Test, LeavesTheHostsQueueOfErrorsAsItWas) {
  ERR_clear_error();
  X25519 x25519;
  X25519::Shared shared;
  const auto secret = bytes<32>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  ASSERT_FALSE(*x25519.agree(secret, X25519::Point{}, &shared));
  EXPECT_EQ(ERR_peek_error(), 0U);
  ERR_raise(ERR_LIB_USER, 1);
  const unsigned long theirs = ERR_peek_last_error();
  ASSERT_FALSE(*x25519.agree(secret, X25519::Point{}, &shared));
  EXPECT_EQ(ERR_peek_last_error(), theirs);
  ERR_clear_error();
}

// The key and nonce of RFC 8439, 2.8.2, without additional data: computed with python3-cryptography.
TEST(AeadTest, KnownAnswer) {
  Aead::Key key;
  for (size_t i = 0; i < 32; ++i) key.fill()[i] = static_cast<uint8_t>(0x80 + i);
  const Aead::Nonce nonce = bytes<12>("070000004041424344454647");
  const std::string_view text = "Ladies and Gentlemen";
  std::array<uint8_t, 36> sealed;
  Aead aead;
  ASSERT_TRUE(aead.set_key(key, Aead::Use::kSeal));
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(aead.seal(nonce, bytes_of(text), sealed.data()));
    EXPECT_EQ(hex(sealed), "d31a8d34648e60db7b86afbc53ef7ec2a4aded51dbf3a3a6d05a122619b0d634be6b3475");
  }
  ASSERT_TRUE(aead.set_key(key, Aead::Use::kOpen));
  std::array<uint8_t, 20> plain;
  const auto opened = aead.open(nonce, sealed, plain.data());
  ASSERT_TRUE(opened && *opened);
  EXPECT_EQ(hex(plain), hex(bytes_of(text)));
}

TEST(AeadTest, EachChangedBitIsFoundAndTheNextIsOpenedAllTheSame) {
  Aead seals, opens;
  const Aead::Key key;
  ASSERT_TRUE(seals.set_key(key, Aead::Use::kSeal));
  ASSERT_TRUE(opens.set_key(key, Aead::Use::kOpen));
  for (const size_t size : {0, 1, 64, 65}) {
    std::vector<uint8_t> sealed(size + Aead::kTagSize), plain(size + 1);
    ASSERT_TRUE(seals.seal({}, std::vector<uint8_t>(size, 7), sealed.data()));
    for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      sealed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      EXPECT_FALSE(*opens.open({}, sealed, plain.data()));
      sealed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
    EXPECT_FALSE(*opens.open({1}, sealed, plain.data())) << "another nonce";
    EXPECT_FALSE(*opens.open({}, std::span(sealed).first(Aead::kTagSize - 1), plain.data()));
    EXPECT_TRUE(*opens.open({}, sealed, plain.data()));
    EXPECT_EQ(std::vector<uint8_t>(plain.begin(), plain.end() - 1), std::vector<uint8_t>(size, 7));
  }
}

TEST(AeadTest, WithoutAKeyNothingIsSealed) {
  Aead aead;
  ASSERT_TRUE(aead.set_key({}, Aead::Use::kSeal));
  aead.forget_key();
  std::array<uint8_t, 17> sealed;
  EXPECT_FALSE(aead.seal({}, bytes_of("x"), sealed.data()));
}

TEST(FillRandom, IsAnotherEachTime) {
  std::array<uint8_t, 16> one{}, two{};
  ASSERT_TRUE(fill_random(one) && fill_random(two));
  EXPECT_NE(one, two);
}

TEST(IsEqual, BySizeAndBytes) {
  EXPECT_TRUE(is_equal(bytes_of("ab"), bytes_of("ab")));
  EXPECT_FALSE(is_equal(bytes_of("ab"), bytes_of("aB")));
  EXPECT_FALSE(is_equal(bytes_of("ab"), bytes_of("abc")));
}

}  // namespace
}  // namespace tidemark::codec
