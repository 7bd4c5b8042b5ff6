#include "http/store_url.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(StoreUrl, PrefixesEndInASlash) {
  for (const auto& [path, prefix] : {std::pair("", ""),
                                     {"/", ""},
                                     {"/a", "a/"},
                                     {"/a/", "a/"},
                                     {"/a/b c", "a/b c/"},
                                     {"/\xC3\xA4", "\xC3\xA4/"}}) {
    const auto parsed = parse_prefix(path);
    ASSERT_TRUE(parsed) << path << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, prefix);
  }
  EXPECT_TRUE(parse_prefix("/" + std::string(900, 'a')));
}

TEST(StoreUrl, WhatIsNotAPrefixIsNamed) {
  const std::string long_one = "/" + std::string(901, 'a');
  for (const auto& [path, reason] : {std::pair<std::string, const char*>("/a//b", "not a prefix of keys"),
                                     {"/a/../b", "not a prefix of keys"},
                                     {"/.hidden", "not a prefix of keys"},
                                     {"/a\n", "control character"},
                                     {"/a\x7F", "control character"},
                                     {"/\xFF", "not UTF-8"},
                                     {long_one, "901 bytes; at most 900"}}) {
    const auto parsed = parse_prefix(path);
    ASSERT_FALSE(parsed) << path;
    EXPECT_EQ(parsed.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(parsed.error().message.find(reason), std::string::npos) << parsed.error().message;
  }
}

TEST(StoreUrl, APasswordOfAProxyDoesNotBelongThere) {
  Url url;
  url.query = {{"proxy", "http://proxy:3128"}, {"region", "a@b"}};
  EXPECT_TRUE(check_proxy(url));
  url.query.emplace_back("proxy", "http://user:hush@proxy:3128");
  const Status refused = check_proxy(url);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, TIDEMARK_E_INVALID);
  EXPECT_EQ(refused.error().message.find("hush"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::sinks
