#include "fs.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::host {
namespace {

TEST(PercentEncoding, RoundTripsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string encoded = percent_encode(all);
  EXPECT_EQ(encoded.find_first_of(" \n\t"), std::string::npos);
  const auto decoded = percent_decode(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, all);
  for (const char* bad : {"%", "%4", "a%4x", "%zz"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace tidemark::host
