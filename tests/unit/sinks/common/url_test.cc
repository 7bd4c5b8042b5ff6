#include "common/url.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(Url, TakenApart) {
  const Result<Url> url = parse_url("S3://bucket/a%20b/c+d?region=eu%2Dwest&x=a=b&x=2&&empty=");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "s3");
  EXPECT_EQ(url->authority, "bucket");
  EXPECT_EQ(url->path, "/a b/c+d");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"region", "eu-west"}, {"x", "a=b"}, {"x", "2"}, {"empty", ""}};
  EXPECT_EQ(url->query, query);
}

TEST(Url, PartsMayBeMissing) {
  EXPECT_EQ(parse_url("file:///a")->authority, "");
  EXPECT_EQ(parse_url("faulty:")->path, "");
  EXPECT_EQ(parse_url("faulty:?a=b")->query.size(), 1u);
  EXPECT_EQ(parse_url("s3://bucket")->path, "");
  EXPECT_EQ(parse_url("s3://bucket?a=b")->authority, "bucket");
}

TEST(Url, EncodedSeparatorsAreText) {
  const Result<Url> url = parse_url("file:///a%3Fb%23c%25d?of=file%3A%2F%2F%2Fx%3Fa%3Db%26c%3Dd");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->path, "/a?b#c%d");
  EXPECT_EQ(url->query[0].second, "file:///x?a=b&c=d");
}

TEST(Url, MalformedOnes) {
  for (const char* text :
       {"", "/a", "://x", "1a:b", "a b:c", "file:///a%", "file:///a%2", "file:///a%zz", "file:///%00",
        "file:///a?b", "file:///a?=b", "file:///a?b=%", "file:///a?%=b", "file:///a#b"}) {
    const Result<Url> url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().status, TIDEMARK_E_INVALID);
  }
}

TEST(Url, CredentialsAreRefusedAndNotRepeated) {
  const Result<Url> url = parse_url("s3://key:hunter2@bucket/a");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos);
  const Result<Url> query = parse_url("s3://bucket/?password=hunter2%");
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().message.find("hunter2"), std::string::npos);
  EXPECT_NE(query.error().message.find("password"), std::string::npos);
  for (const char* text :
       {"s3://key:pa?ss=x&hunter2@bucket", "s3://key:pa?hunter2@bucket", "s3://b?HUNTER=%hunter2",
        "s3://key:pa/hunter2%@bucket/p", "s3:/u:hunter2%@b", "s3:u%3Ahunter2%"}) {
    const Result<Url> mistyped = parse_url(text);
    ASSERT_FALSE(mistyped) << text;
    EXPECT_EQ(mistyped.error().message.find("hunter"), std::string::npos) << mistyped.error().message;
    EXPECT_EQ(mistyped.error().message.find("HUNTER"), std::string::npos) << mistyped.error().message;
  }
}

TEST(QuotePart, IsNoPassword) {
  for (const char* part : {"bucket", "Bucket.", "/a/b:c", "a_b"})
    EXPECT_EQ(quote_part(part), std::string("\"") + part + "\"");
  for (const char* part : {"u:hunter2", "u%3Ahunter2", "/u:hunter2/x", "/a/hunter2@b"})
    EXPECT_EQ(quote_part(part), "(not shown)");
}

}  // namespace
}  // namespace tidemark::sinks
