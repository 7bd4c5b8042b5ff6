#include "gs/auth/secret_url.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::gs {
namespace {

TEST(GsSecretUrl, OnlyThisMachineWithoutTls) {
  EXPECT_TRUE(parse_secret_url("https://oauth2.googleapis.com/token"));
  EXPECT_TRUE(parse_secret_url("http://127.0.0.1:8080/token"));
  for (const char* url :
       {"http://oauth2.googleapis.com/token", "ftp://127.0.0.1/", "https://user@host/", ""}) {
    const Result<Endpoint> endpoint = parse_secret_url(url);
    ASSERT_FALSE(endpoint) << url;
    EXPECT_EQ(endpoint.error().status, TIDEMARK_E_INVALID);
  }
}

}  // namespace
}  // namespace tidemark::sinks::gs
