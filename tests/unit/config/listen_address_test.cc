#include "config/listen_address.h"

#include <gtest/gtest.h>

namespace tidemark::config {
namespace {

TEST(ListenAddress, WhatIsTaken) {
  for (const char* text : {"127.0.0.1:9187", "127.1.2.3:0", "[::1]:9187", "unix:/run/metrics.sock"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_TRUE(address->is_local()) << text;
  }
  EXPECT_EQ(ListenAddress::parse("unix:/run/metrics.sock")->unix_path(), "/run/metrics.sock");
  EXPECT_EQ(ListenAddress::parse("127.0.0.1:9187")->unix_path(), "");
}

TEST(ListenAddress, WhatOtherMachinesReachIsNotLocal) {
  for (const char* text :
       {"0.0.0.0:9187", "10.0.0.1:1", "128.0.0.1:1", "[::]:9187", "[fe80::1]:80", "[::ffff:127.0.0.1]:1"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_FALSE(address->is_local()) << text;
  }
}

TEST(ListenAddress, WhatIsRefusedSaysWhatIsNeeded) {
  for (const char* text : {"", ":", "9187", ":9187", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:80 ", "localhost:9187", "::1:9187", "[::1]",
                           "[127.0.0.1]:1", "[]:1", "http://127.0.0.1:9187"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(address.error().message.find("127.0.0.1:9187"), std::string::npos) << address.error().message;
  }
  for (const char* text : {"unix:", "unix:metrics.sock"})
    EXPECT_NE(ListenAddress::parse(text).error().message.find("absolute"), std::string::npos) << text;
  EXPECT_TRUE(ListenAddress::parse("unix:/" + std::string(106, 'a')));
  EXPECT_NE(ListenAddress::parse("unix:/" + std::string(107, 'a')).error().message.find("107 bytes"),
            std::string::npos);
  EXPECT_FALSE(ListenAddress::parse(std::string_view("unix:/a\0b", 9)));
}

}  // namespace
}  // namespace tidemark::config
