#include "s3/config.h"

#include <gtest/gtest.h>

#include "../option_flags.h"

namespace tidemark::sinks::s3 {
namespace {

Result<Config> parse(const std::string& url, const std::vector<tidemark_option>& options = {}) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  return parse_config(*parsed, options.data(), static_cast<uint32_t>(options.size()));
}

tidemark_option option(std::string_view key, std::string_view value) {
  return {abi_str(key), abi_str(value), test::flags_of(key), 0};
}

TEST(S3Config, Defaults) {
  const Result<Config> config = parse("s3://bucket/a/b");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bucket, "bucket");
  EXPECT_EQ(config->prefix, "a/b/");
  EXPECT_EQ(config->name_of("k"), "s3://bucket/a/b/k");
  EXPECT_TRUE(config->sign_payload);
  EXPECT_TRUE(config->is_tls());
  EXPECT_EQ(config->multipart_threshold_bytes, 64 * kMiB);
  EXPECT_EQ(config->multipart_part_size_bytes, 32 * kMiB);
  EXPECT_EQ(config->multipart_parallel, 4u);
}

TEST(S3Config, PrefixesEndInOneSlash) {
  for (const char* url : {"s3://bucket", "s3://bucket/"}) EXPECT_EQ(parse(url)->prefix, "") << url;
  for (const char* url : {"s3://bucket/a", "s3://bucket/a/", "s3://bucket/%61/"}) {
    EXPECT_EQ(parse(url)->prefix, "a/") << url;
  }
}

TEST(S3Config, PrefixesMayHaveMostCharactersAndLeaveRoomForKeys) {
  EXPECT_EQ(parse("s3://bucket/a+b%20c%25/%C3%BC~*'()")->prefix, "a+b c%/\xC3\xBC~*'()/");
  EXPECT_TRUE(parse("s3://bucket/" + std::string(900, 'a')));
  const Result<Config> config = parse("s3://bucket/" + std::string(901, 'a'));
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("901"), std::string::npos) << config.error().message;
}

struct AddressCase {
  const char* url;
  const char* region;
  const char* where;  // scheme, host and path of the key "k"
};

TEST(S3Config, WhereABucketIsAsked) {
  const AddressCase cases[] = {
      {"s3://bucket", "us-east-1", "https://bucket.s3.us-east-1.amazonaws.com/k"},
      {"s3://bucket", "cn-north-1", "https://bucket.s3.cn-north-1.amazonaws.com.cn/k"},
      {"s3://bucket.dot", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/bucket.dot/k"},
      {"s3://Old_Bucket", "us-east-1", "https://s3.us-east-1.amazonaws.com/Old_Bucket/k"},
      {"s3://bucket?path_style=true", "us-east-1", "https://s3.us-east-1.amazonaws.com/bucket/k"},
      {"s3://bucket?endpoint=https://s3.eu-west-3.amazonaws.com", "eu-west-3",
       "https://bucket.s3.eu-west-3.amazonaws.com/k"},
      {"s3://bucket?endpoint=https://store:9000", "x", "https://store:9000/bucket/k"},
      {"s3://bucket", "us-iso-east-1", "https://bucket.s3.us-iso-east-1.c2s.ic.gov/k"},
      {"s3://bucket?endpoint=https://s3.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1",
       "https://bucket.s3.us-isob-east-1.sc2s.sgov.gov/k"},
      {"s3://bucket?endpoint=https://host/storage/v1/s3/", "x", "https://host/storage/v1/s3/bucket/k"},
      {"s3://bucket?endpoint=http://store/", "x", "http://store/bucket/k"},
      {"s3://bucket?endpoint=https://Store.Example:443", "x", "https://store.example/bucket/k"},
      {"s3://bucket?endpoint=http://[::1]:80", "x", "http://[::1]/bucket/k"},
      {"s3://bucket?endpoint=http://store:443", "x", "http://store:443/bucket/k"},
      {"s3://bucket?endpoint=https://store&path_style=false", "x", "https://bucket.store/k"},
  };
  for (const AddressCase& one : cases) {
    const Result<Config> config = parse(one.url);
    ASSERT_TRUE(config) << one.url << ": " << config.error().message;
    const Address address = address_of(*config, one.region);
    EXPECT_EQ(address.scheme + "://" + address.host + address.object_path("k"), one.where) << one.url;
  }
}

TEST(S3Config, RepeatsNoSecret) {
  for (const char* url :
       {"s3://AKIA:SECRET", "s3://AKIA:SECRET/rXut/x", "s3://u%3ASECRET%40b", "s3:/u:SECRET@b",
        "s3:u:SECRET@b", "s3://arn:SECRET@x", "s3://bucket?SECRET=1",
        "s3://bucket?endpoint=http://h?sig=SECRET", "s3://bucket?endpoint=http://h%23SECRET",
        "s3://bucket?endpoint=http://u:SECRET", "s3://bucket?endpoint=http://u%253ASECRET%2540h"}) {
    const Result<Config> config = parse(url);
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().message.find("SECRET"), std::string::npos) << config.error().message;
  }
}

TEST(S3Config, RefusesWithTheCulpritsName) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3:///prefix", "bucket"},
      {"s3://b", "bucket"},
      {"s3://-bucket", "bucket"},
      {"s3://bucket:80", "bucket"},
      {"s3://bucket/a//b", "path"},
      {"s3://bucket/.hidden", "path"},
      {"s3://bucket?no_such=1", "no_such"},
      {"s3://bucket?endpoint=store:9000", "endpoint"},
      {"s3://bucket?endpoint=ftp://store", "endpoint"},
      {"s3://bucket?endpoint=https://", "endpoint"},
      {"s3://bucket?endpoint=https://store/path&path_style=false", "path_style"},
      {"s3://bucket?endpoint=https://127.0.0.1:9000&path_style=false", "path_style"},
      {"s3://bucket?endpoint=https://store?x=y", "endpoint"},
      {"s3://bucket?endpoint=https://store&use_fips_endpoint=true", "use_fips_endpoint"},
      {"s3://bucket?use_fips_endpoint=perhaps", "use_fips_endpoint"},
      {"s3://bucket/a%0Ab", "control character"},
      {"s3://bucket/a%FFb", "UTF-8"},
      {"s3://bucket?endpoint=https://user:pw@store", "endpoint"},
      {"s3://bucket?region=eu%20west", "region"},
      {"s3://bucket?region=evil.example/", "region"},
      {"s3://bucket?path_style=maybe", "path_style"},
      {"s3://bucket?payload=none", "payload"},
      {"s3://bucket?payload=unsigned&endpoint=http://store", "payload"},
      {"s3://bucket?secret_access_key=x", "secret_access_key"},
      {"s3://bucket?session_token=x", "session_token"},
      {"s3://bucket?access_key_id=x", "secret_access_key"},
      {"s3://bucket?proxy=http://user:pw@proxy", "proxy"},
      {"s3://bucket?sse=rot13", "sse"},
      {"s3://bucket?sse_kms_key_id=k", "sse_kms_key_id"},
      {"s3://bucket?object_lock_mode=GOVERNANCE", "object_lock_days"},
      {"s3://bucket?object_lock_days=5", "object_lock_mode"},
      {"s3://bucket?storage_class=A%0D%0AB", "storage_class"},
      {"s3://bucket?tags=a%20b", "tags"},
      {"s3://bucket?multipart_part_size=1MiB", "multipart_part_size"},
      {"s3://bucket?multipart_part_size=6GiB", "multipart_part_size"},
      {"s3://bucket?multipart_threshold=6GiB", "multipart_threshold"},
      {"s3://bucket?multipart_parallel=0", "multipart_parallel"},
      {"s3://bucket?stall_timeout_ms=1", "stall_timeout_ms"},
      {"s3://bucket?connect_timeout_ms=soon", "connect_timeout_ms"},
  };
  for (const auto& [url, culprit] : cases) {
    const Result<Config> config = parse(url);
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().status, TIDEMARK_E_INVALID) << url;
    EXPECT_NE(config.error().message.find(culprit), std::string::npos)
        << url << ": " << config.error().message;
    EXPECT_EQ(config.error().message.find("pw"), std::string::npos) << config.error().message;
  }
}

TEST(S3Config, TakesSecretsFromTheList) {
  const Result<Config> config =
      parse("s3://bucket", {option("access_key_id", "A"), option("secret_access_key", "S3CR3T"),
                            option("session_token", "T0K3N"), option("proxy", "http://user:pw@proxy:3128")});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->credentials.access_key_id, "A");
  EXPECT_EQ(config->credentials.secret_access_key.reveal(), "S3CR3T");
  EXPECT_EQ(config->credentials.session_token.reveal(), "T0K3N");
  EXPECT_EQ(config->transport.proxy, "http://user:pw@proxy:3128");
}

TEST(S3Config, RegionsOfAnswersAreLookedAt) {
  for (const char* text : {"us-east-1", "eu_1", "RegionOne", "garage"}) EXPECT_TRUE(is_region(text)) << text;
  for (const char* text : {"", "a.b", "a/b", "-a", "a-", "a b", "a\r\nb"})
    EXPECT_FALSE(is_region(text)) << text;
  EXPECT_FALSE(is_region(std::string(64, 'a')));
}

}  // namespace
}  // namespace tidemark::sinks::s3
