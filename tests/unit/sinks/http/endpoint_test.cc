#include "http/endpoint.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(Endpoint, IsTakenApart) {
  struct Case {
    const char* url;
    bool tls;
    const char *host, *host_name, *path;
  };
  for (const Case& c :
       {Case{"https://sts.eu-central-1.amazonaws.com", true, "sts.eu-central-1.amazonaws.com",
             "sts.eu-central-1.amazonaws.com", "/"},
        Case{"http://127.0.0.1:9000/a/b?c=d", false, "127.0.0.1:9000", "127.0.0.1", "/a/b?c=d"},
        Case{"HTTP://[fd00:ec2::23]/v1", false, "[fd00:ec2::23]", "fd00:ec2::23", "/v1"},
        Case{"https://[::1]:8443", true, "[::1]:8443", "::1", "/"},
        Case{"Https://store:443/", true, "store", "store", "/"},
        Case{"http://store:443", false, "store:443", "store", "/"},
        Case{"http://[::1]:80", false, "[::1]", "::1", "/"},
        Case{"https://store?x=1", true, "store", "store", "/?x=1"}}) {
    const Result<Endpoint> endpoint = parse_endpoint(c.url);
    ASSERT_TRUE(endpoint) << c.url << ": " << endpoint.error().message;
    EXPECT_EQ(endpoint->tls, c.tls);
    EXPECT_EQ(endpoint->host, c.host);
    EXPECT_EQ(endpoint->host_name, c.host_name);
    EXPECT_EQ(endpoint->path, c.path);
  }
}

TEST(Endpoint, OfAnotherHostThanItSeemsIsRefused) {
  for (const char* url : {"",
                          "store",
                          "ftp://store",
                          "//store",
                          "https://",
                          "https:///path",
                          "http://169.254.170.2@evil/",
                          "http://user:password@host/",
                          "http://127.0.0.1\\@evil/",
                          "http://127.0.0.1 /",
                          "http://a b/",
                          "http://%31/",
                          "http://host:",
                          "http://host:0",
                          "http://host:65536",
                          "http://host:99999999999",
                          "http://host:1x",
                          "http://host:1:2",
                          "http://[::1",
                          "http://[]",
                          "http://[::1]x",
                          "http://[::1%lo]/",
                          "https://host/a b",
                          "https://host/\x7f",
                          "https://host/\xC3\xBC",
                          "https://host/#f",
                          "https://host#f"}) {
    const Result<Endpoint> endpoint = parse_endpoint(url);
    EXPECT_FALSE(endpoint) << url;
    if (endpoint) continue;
    EXPECT_EQ(endpoint.error().status, TIDEMARK_E_INVALID);
    EXPECT_EQ(endpoint.error().message.find("password"), std::string::npos);
  }
}

TEST(Endpoint, Loopback) {
  for (const char* host : {"localhost", "127.0.0.1", "127.3.2.1", "127.9.9.9", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"", "localhost.example", "localhost.example.com", "128.0.0.1", "::2",
                           "127.0.0.1.example", "127.0.0.1.example.com", "2130706433"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Endpoint, PlainPaths) {
  for (const char* path : {"", "/a", "/a/b-c.d_e~F9", "/..a"}) EXPECT_TRUE(is_plain_path(path)) << path;
  for (const char* path :
       {"/", "/a/", "//a", "/a//b", "/.", "/../a", "/a/..", "/a b", "/a%20b", "/a+b", "/\xC3\xA4", "/a?b"})
    EXPECT_FALSE(is_plain_path(path)) << path;
}

}  // namespace
}  // namespace tidemark::sinks
