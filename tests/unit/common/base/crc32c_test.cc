#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tidemark {
namespace {

TEST(Crc32c, KnowsTheVectorsOfTheSpecification) {
  // RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  EXPECT_EQ(extend_crc32c(0, "123456789", 9), 0xe3069283U);
  EXPECT_EQ(extend_crc32c(0, std::string(32, '\0').data(), 32), 0x8a9136aaU);
  EXPECT_EQ(extend_crc32c(0, std::string(32, '\xff').data(), 32), 0x62a8ab43U);
  EXPECT_EQ(extend_crc32c(0, nullptr, 0), 0U);
}

TEST(Crc32c, DoesNotDependOnHowBytesAreCut) {
  std::mt19937 random(5);
  std::vector<uint8_t> bytes(5000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const uint32_t expected = extend_crc32c(0, bytes.data(), bytes.size());
  for (int round = 0; round < 200; ++round) {
    uint32_t crc = 0;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min<size_t>(random() % (round + 2), bytes.size() - at);
      crc = extend_crc32c(crc, bytes.data() + at, size);
      at += size;
    }
    ASSERT_EQ(crc, expected);
  }
}

}  // namespace
}  // namespace tidemark
