#include "http/uri_encode.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(UriEncode, KeepsOnlyWhatIsUnreserved) {
  const std::string unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  EXPECT_EQ(encode_component(unreserved), unreserved);
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (unreserved.find(c) != std::string::npos) continue;
    char expected[8];
    std::snprintf(expected, sizeof expected, "%%%02X", byte);
    EXPECT_EQ(encode_component(std::string(1, c)), expected);
    EXPECT_EQ(encode_path(std::string(1, c)), c == '/' ? "/" : expected);
  }
}

TEST(UriEncode, LeavesThePathAsItIs) {
  EXPECT_EQ(encode_path("/a//b/./c/../d/"), "/a//b/./c/../d/");
  EXPECT_EQ(encode_path("/100%25/%2F"), "/100%2525/%252F");  // once, whatever it looks like
}

TEST(UriEncode, SortsAfterEncoding) {
  EXPECT_EQ(encode_query({}), "");
  EXPECT_EQ(encode_query({{"uploads", ""}}), "uploads=");
  EXPECT_EQ(encode_query({{"b", "2"}, {"a", "z"}, {"a", "b"}}), "a=b&a=z&b=2");
  // As bytes 'a' < 'ü', encoded "%C3%BC" < "a".
  EXPECT_EQ(encode_query({{"a", "1"}, {"\xC3\xBC", "2"}}), "%C3%BC=2&a=1");
  // In the joined text "Param-3=" would come before "Param=".
  EXPECT_EQ(encode_query({{"Param-3", "3"}, {"Param", "2"}}), "Param=2&Param-3=3");
  EXPECT_EQ(encode_query({{"k", "/"}, {"k", "."}}), "k=%2F&k=.");
}

}  // namespace
}  // namespace tidemark::sinks
