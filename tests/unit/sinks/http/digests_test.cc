#include "http/digests.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(Digests, KnownAnswers) {
  const Status right = check_digests();
  EXPECT_TRUE(right) << right.error().message;
  EXPECT_EQ(*sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digests, PiecesOfAnySizeAreOneBody) {
  std::string body(200'000, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 131 + i / 4096);
  Digests whole({.sha256 = true, .crc32c = true, .md5 = true});
  whole.update(body.data(), body.size());
  Digests pieces({.sha256 = true, .crc32c = true, .md5 = true});
  for (size_t done = 0, step = 1; done < body.size(); done += step, step = step * 3 + 1) {
    step = std::min(step, body.size() - done);
    pieces.update(body.data() + done, step);
  }
  EXPECT_EQ(whole.crc32c(), pieces.crc32c());
  EXPECT_EQ(*whole.md5_base64(), *pieces.md5_base64());
  const std::string sha256 = *whole.sha256_hex();
  EXPECT_EQ(sha256, *pieces.sha256_hex());
  EXPECT_EQ(sha256, *sha256_hex(body));
}

TEST(Digests, WhatWasNotWantedIsAnError) {
  Digests none({});
  none.update("x", 1);
  EXPECT_FALSE(none.sha256_hex());
  EXPECT_FALSE(Digests({.sha256 = true}).md5_base64());
}

TEST(Digests, TextsOfBytes) {
  const uint8_t bytes[] = {0x00, 0x7f, 0xff, 0x10};
  EXPECT_EQ(to_hex(bytes, sizeof bytes), "007fff10");
  EXPECT_EQ(to_base64(bytes, sizeof bytes), "AH//EA==");
  EXPECT_EQ(to_base64(bytes, 0), "");
  EXPECT_EQ(crc32c_text(0x007fff10), "AH//EA==") << "the highest byte first";
}

}  // namespace
}  // namespace tidemark::sinks
