#include "base/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark {
namespace {

TEST(PrintableUrl, IsThePlace) {
  for (const char* same :
       {"", "s3://bucket/a@b", "s3://bucket/a:b", "file:///a@b", "file:///a:b@c", "/a", "var/a", "s3://",
        "s3:", "file:var/a", "azblob://c/p", "sftp://host:22/a", "x://[::1]:9000/a"})
    EXPECT_EQ(printable_url(same), same);
  EXPECT_EQ(printable_url("s3://bucket/prefix?secret=x"), "s3://bucket/prefix");
  EXPECT_EQ(printable_url("s3://bucket/prefix#frag"), "s3://bucket/prefix");
  EXPECT_EQ(printable_url("faulty:?of=file%3A%2F%2F%2Fx"), "faulty:");
  EXPECT_EQ(printable_url("x://" + std::string(1000, 'y')).size(), 300U);
}

TEST(PrintableUrl, HasNoUserAndPassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3://user:SECRET@bucket/prefix", "s3://bucket/prefix"},
      {"s3://SECRET@bucket", "s3://bucket"},
      {"s3://@bucket", "s3://bucket"},
      {"s3://user:SEC@RET@bucket/p?x=@", "s3://bucket/p"},
      {"s3://AKIA:wJal/rXutSECRET@bucket/p", "s3://bucket/p"},
      {"s3://AKIA:w@Jal/rXutSECRET@bucket/p", "s3://bucket/p"},
      {"s3:/u:SECRET@b", "s3:/b"},
      {"s3:u:SECRET@b", "s3:b"},
      {"s3:///u:SECRET@b", "s3:///b"},
      {"u:SECRET@b", "u:b"},
      {"AKIA:SECRET@b", "b"},
      {"//u:SECRET@h", "//h"},
      {"SECRET@h", "h"},
      {"s3://u%3ASECRET%40b", "s3://..."},
      {"s3://u:SECRET?ss@b", "s3://..."},
      {"s3://u:12345?SECRET@b", "s3://..."},
      {"s3://u:SECRET#ss@b", "s3://..."},
      {"s3://u:SECRET", "s3://..."},
      {"s3:SECRET", "s3:..."},
      {"SECRET:SECRET", "..."},
      {"file://u:SECRET@h/p", "file://h/p"}};
  for (const auto& [url, shown] : cases) EXPECT_EQ(printable_url(url), shown) << url;
}

TEST(PrintableEndpoint, IsSchemeHostPortAndPath) {
  for (const char* same :
       {"http://127.0.0.1:1", "https://store.example:9000/a/b", "http://[::1]:80/", "minio:9000", "ftp://x"})
    EXPECT_EQ(printable_endpoint(same), same);
  const std::pair<const char*, const char*> cases[] = {
      {"http://127.0.0.1:1/?sv=2020&sig=SECRET", "http://127.0.0.1:1/"},
      {"http://h#SECRET", "http://h"},
      {"http://user:SECRET@127.0.0.1:1", "http://127.0.0.1:1"},
      {"http://user:SE/CR?ET@h/p", "http://h/p"},
      {"http://user:SECRET", ""},
      {"http://user%3ASECRET%40h", ""},
      {"http://h/SEC%RET", "http://h"},
      {"SECRET", ""},
      {"wjal/secret", ""},
      {"user:secret", ""},
      {"", ""}};
  for (const auto& [url, shown] : cases) EXPECT_EQ(printable_endpoint(url), shown) << url;
}

TEST(PrintableWord, MayBeAUrlInTheWrongPlace) {
  for (const char* same : {"main/7", "main", "main:7", "var/a", ""}) EXPECT_EQ(printable_word(same), same);
  EXPECT_EQ(printable_word("s3://u:SECRET@b/p?x=SECRET"), "s3://b/p");
  EXPECT_EQ(printable_word("s3:u%3ASECRET"), "s3:...");
  EXPECT_EQ(printable_word("age-secret-key-1q"), kNotShown);
}

TEST(IsKeyItself, WhereverInATextItStands) {
  const std::string tag(64, 'a');
  const std::string age = "AGE-SECRET-KEY-1QQQQ";
  for (const std::string& key :
       {age, std::string("age-secret-key-1qqqq"), tag, "/where/" + tag, age + "/", age + "/x", " " + age,
        '"' + age + '"', "file:" + age, "age:" + age, "x" + age,
        "# created: today\n# public key: age1q\n" + age, tag + "\n", " " + tag, tag.substr(1), tag + "ab",
        "# of tidemark\n" + tag, std::string("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl")}) {
    EXPECT_TRUE(is_key_itself(key)) << key;
    EXPECT_EQ(printable_file(key), kNotShown) << key;
  }
  for (const std::string& name :
       {std::string(40, 'a') + "/a", std::string(64, 'g'), std::string("AGE-SECRET"), std::string()})
    EXPECT_FALSE(is_key_itself(name)) << name;
}

TEST(PrintableFile, IsNoContent) {
  EXPECT_EQ(printable_file("/etc/tag.key"), "/etc/tag.key");
  for (const char* content :
       {"{\"client_secret\": \"SECRET\"}", "secret_access_key = SECRET", "user\nSECRET"})
    EXPECT_EQ(printable_file(content), kNotShown);
}

TEST(IsOptionName, IsNoSecret) {
  for (const char* name : {"endpoint", "multipart_part_size", "use_dualstack_endpoint", "s3", "a"}) {
    EXPECT_TRUE(is_option_name(name)) << name;
    EXPECT_EQ(printable_option(name), name);
  }
  for (const std::string& text :
       {std::string(), std::string("SECRET"), std::string("ss@b"), std::string("1a"), std::string("a "),
        std::string("a/b"), std::string(41, 'a'), std::string("deadbeef00112233")}) {
    EXPECT_FALSE(is_option_name(text)) << text;
    EXPECT_EQ(printable_option(text), kNotShown);
  }
}

TEST(PairProblem, DoesNotRepeatTheText) {
  EXPECT_EQ(pair_problem("KEY=VARIABLE", "secret=NAME"), "");
  EXPECT_EQ(pair_problem("KEY=VARIABLE", "secret="), "");
  EXPECT_EQ(pair_problem("KEY=VARIABLE", "SECRET"), "it wants KEY=VARIABLE: it has no '='");
  EXPECT_EQ(pair_problem("KEY=VALUE", "=SECRET"), "it wants KEY=VALUE: nothing stands before its '='");
}

TEST(MayHoldSecret, IsAUrlWithRoomForOne) {
  for (const char* value : {"http://u:SECRET@127.0.0.1", "u:SECRET@h", "http://h/?sig=SECRET",
                            "http://h#SECRET", "AGE-SECRET-KEY-1Q"})
    EXPECT_TRUE(may_hold_secret(value)) << value;
  for (const char* value : {"http://127.0.0.1:1/a", "eu-central-1", "", "what?"})
    EXPECT_FALSE(may_hold_secret(value)) << value;
}

}  // namespace
}  // namespace tidemark
