#include "codec/decode.h"

#include <gtest/gtest.h>

#include "age_fixture.h"

namespace tidemark::codec {
namespace {

// Whether a chain of them decodes is coded_source_test's.
TEST(DecodeTest, WithoutAnIdentityNothingIsDecrypted) {
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const auto decoder = make_decoder(coding, no_keys(), std::nullopt);
    ASSERT_FALSE(decoder);
    EXPECT_EQ(decoder.error().status, TIDEMARK_E_SEALED);
    EXPECT_NE(decoder.error().message.find("--identity FILE"), std::string::npos) << decoder.error().message;
  }
  EXPECT_TRUE(make_decoder(Coding::kZstd, no_keys(), std::nullopt));
}

TEST(DecodeTest, WhatIsEncryptedIsFramesWithoutASkippableOne) {
  Keys keys;
  keys.identities = test::identities(test::kIdentity);
  const auto decoder = make_decoder(Coding::kZstdAge, keys, std::nullopt);
  ASSERT_TRUE(decoder);
  const std::string file = test::sealed("neither frames nor a tar");
  const Give give = [](std::span<const uint8_t>) { return Status(); };
  Status status = (*decoder)->push(bytes_of(file), give);
  if (status) status = (*decoder)->finish(give);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT) << status.error().message;
}

}  // namespace
}  // namespace tidemark::codec
