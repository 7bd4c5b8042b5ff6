#include "publish/http_library.h"

#include <gtest/gtest.h>

namespace tidemark::publish {
namespace {

TEST(HttpLibrary, IsLoadedMoreThanOnce) {
  for (int i = 0; i < 3; ++i) {
    const auto http = HttpLibrary::load(0);
    ASSERT_TRUE(http) << http.error().message;
    EXPECT_NE(http->start_daemon, nullptr);
  }
}

TEST(HttpLibrary, WhatIsMissingIsNamedWithItsPackage) {
  const auto none = HttpLibrary::load(0, "libmicrohttpd.so.99");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().status, TIDEMARK_E_UNSUPPORTED);
  for (const char* word : {"metrics_listen", "libmicrohttpd12", "libmicrohttpd.so.99"})
    EXPECT_NE(none.error().message.find(word), std::string::npos) << none.error().message;
}

TEST(HttpLibrary, AnotherLibraryIsRefused) {
  const auto other = HttpLibrary::load(0, "libz.so.1");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().status, TIDEMARK_E_UNSUPPORTED);
  EXPECT_NE(other.error().message.find("libz.so.1 is not GNU libmicrohttpd"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::publish
