#include "azblob/config.h"

#include <gtest/gtest.h>

#include <map>

namespace tidemark::sinks::azblob {
namespace {

const std::string kKey = "c2VjcmV0IHNlY3JldA==";
using Variables = std::map<std::string, std::string>;

Result<Config> parse(const std::string& url, const Variables& secrets = {}, const Variables& variables = {}) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  std::vector<tidemark_option> options;
  for (const auto& [name, value] : secrets) {
    options.push_back({abi_str(name), abi_str(value), TIDEMARK_OPTION_SECRET, 0});
  }
  return parse_config(*parsed, options.data(), static_cast<uint32_t>(options.size()), [&](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
  });
}

void expect_invalid(const Result<Config>& config, const std::string& word) {
  ASSERT_FALSE(config) << word;
  EXPECT_EQ(config.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(config.error().message.find(word), std::string::npos) << config.error().message;
  EXPECT_EQ(config.error().message.find("c2Vj"), std::string::npos) << config.error().message;
}

TEST(AzblobConfig, Defaults) {
  const Result<Config> config = parse("azblob://container/a/b?account=name");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->container, "container");
  EXPECT_EQ(config->prefix, "a/b/");
  EXPECT_EQ(config->name_of("k"), "azblob://container/a/b/k");
  EXPECT_EQ(config->endpoint(), "https://name.blob.core.windows.net");
  EXPECT_EQ(config->container_path(), "/container");
  EXPECT_EQ(config->block_threshold_bytes, 64 * kMiB);
  EXPECT_EQ(config->block_size_bytes, 32 * kMiB);
  EXPECT_EQ(config->credentials.default_authority, "https://login.microsoftonline.com");
}

struct Where {
  const char* url;
  const char* account;
  const char* endpoint;
  const char* path;
};

TEST(AzblobConfig, WhereAContainerIsAsked) {
  const Where cases[] = {
      {"azblob://con?account=name&endpoint_suffix=core.usgovcloudapi.net", "name",
       "https://name.blob.core.usgovcloudapi.net", "/con"},
      {"azblob://con?endpoint=https://name.blob.core.chinacloudapi.cn/", "name",
       "https://name.blob.core.chinacloudapi.cn", "/con"},
      {"azblob://con?endpoint=http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1",
       "http://127.0.0.1:10000", "/devstoreaccount1/con"},
      {"azblob://con?account=name&endpoint=https://blobs.example.com", "name", "https://blobs.example.com",
       "/con"},
      {"azblob://con?account=name&endpoint=https://Blobs.example.com:443/a/b", "name",
       "https://blobs.example.com", "/a/b/con"},
  };
  for (const Where& one : cases) {
    const Result<Config> config = parse(one.url);
    ASSERT_TRUE(config) << one.url << ": " << config.error().message;
    EXPECT_EQ(config->account, one.account) << one.url;
    EXPECT_EQ(config->endpoint(), one.endpoint) << one.url;
    EXPECT_EQ(config->container_path(), one.path) << one.url;
  }
  EXPECT_EQ(parse("azblob://con?account=name&endpoint_suffix=core.usgovcloudapi.net")
                ->credentials.default_authority,
            "https://login.microsoftonline.us");
  EXPECT_EQ(parse("azblob://con", {}, {{"AZURE_STORAGE_ACCOUNT", "fromenv"}})->account, "fromenv");
}

TEST(AzblobConfig, ConnectionStrings) {
  const std::string text = "DefaultEndpointsProtocol=https;AccountName=name;AccountKey=" + kKey +
                           ";EndpointSuffix=core.chinacloudapi.cn";
  for (const bool by_option : {true, false}) {
    const Result<Config> config =
        by_option ? parse("azblob://con", {{"connection_string", text}})
                  : parse("azblob://con", {}, {{"AZURE_STORAGE_CONNECTION_STRING", text}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->account, "name");
    EXPECT_EQ(config->endpoint(), "https://name.blob.core.chinacloudapi.cn");
    EXPECT_EQ(config->credentials.account_key.reveal(), "secret secret");
  }
  const Result<Config> sas =
      parse("azblob://con",
            {{"connection_string", "BlobEndpoint=http://127.0.0.1:1/dev;SharedAccessSignature=sv=1&sig=2"}});
  ASSERT_TRUE(sas) << sas.error().message;
  EXPECT_EQ(sas->container_path(), "/dev/con");
  EXPECT_EQ(sas->credentials.sas_token.reveal(), "sv=1&sig=2");
  // Who says something else does not get what the environment says.
  const Result<Config> other = parse("azblob://con?account=mine", {{"account_key", kKey}},
                                     {{"AZURE_STORAGE_CONNECTION_STRING", text}});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->endpoint(), "https://mine.blob.core.windows.net");
  expect_invalid(parse("azblob://con?account=mine", {{"connection_string", text}}), "is of account \"name\"");
  expect_invalid(parse("azblob://con", {{"connection_string", "UseDevelopmentStorage=true"}}), "emulator");
  expect_invalid(parse("azblob://con", {{"connection_string", "AccountName=name"}}), "AccountKey");
  expect_invalid(parse("azblob://con", {{"connection_string", "nonsense"}}), "connection string");
}

// pgbackrest 7c9208ba8.
TEST(AzblobConfig, AKeyThatIsNone) {
  for (const std::string& key : {kKey + "\n", " " + kKey, std::string("c2VjcmV0IHNlY3JldA"),
                                 std::string("c2Vj!mV0"), std::string("=")}) {
    expect_invalid(parse("azblob://con?account=name", {{"account_key", key}}), "base64");
  }
  expect_invalid(parse("azblob://con?account=name&account_key=" + kKey), "does not belong in a url");
}

TEST(AzblobConfig, WhatIsRefused) {
  expect_invalid(parse("s3://con?account=name"), "not azblob");
  for (const char* name : {"Con", "co", "a--b", "-ab", "ab-", "a_b", "$web", "con.tainer"}) {
    expect_invalid(parse("azblob://" + std::string(name) + "?account=name"), "container");
  }
  expect_invalid(parse("azblob://con"), "account");
  for (const char* name : {"Name", "na", "a-b", "name.x"}) {
    expect_invalid(parse("azblob://con?account=" + std::string(name)), "storage account");
  }
  expect_invalid(parse("azblob://con?account=name&endpoint_suffix=nodot"), "suffix");
  expect_invalid(parse("azblob://con?endpoint=ftp://host"), "endpoint");
  expect_invalid(parse("azblob://con?endpoint=https://me:pw@host"), "password");
  for (const char* url :
       {"azblob://me:SECRET/x", "azblob://u%3ASECRET%40b", "azblob:u:SECRET@b", "azblob://con?SECRET=1",
        "azblob://con?endpoint=http://h%23SECRET", "azblob://con?endpoint=http://u:SECRET"}) {
    const auto config = parse(url);
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().message.find("SECRET"), std::string::npos) << config.error().message;
  }
  expect_invalid(parse("azblob://con?account=name&endpoint=https://host/a%20b"), "path");
  expect_invalid(parse("azblob://con?account=name&endpoint=https://host/%3Fsv=1"), "query");
  expect_invalid(parse("azblob://con/a.?account=name"), "ends in '.'");
  expect_invalid(parse("azblob://con/a%5Cb?account=name"), "'/'");
  expect_invalid(parse("azblob://con/a//b?account=name"), "prefix");
  expect_invalid(parse("azblob://con/" + std::string(901, 'a') + "?account=name"), "901");
  expect_invalid(parse("azblob://con?account=name&proxy=http://me:pw@host"), "proxy");
  // Case 12, restic#1822, #1386.
  expect_invalid(parse("azblob://con?account=name&block_threshold=6GiB"), "block_threshold");
  EXPECT_TRUE(parse("azblob://con?account=name&block_threshold=5000MiB"));
  expect_invalid(parse("azblob://con?account=name&block_size=4001MiB"), "block_size");
  expect_invalid(parse("azblob://con?account=name", {{"account_key", kKey}, {"sas_token", "sv=1&sig=2"}}),
                 "give one of the options");
  expect_invalid(parse("azblob://con?account=name", {{"sas_token", "https://host/con?sv=1&sig=2"}}),
                 "whole url");
  expect_invalid(parse("azblob://con?account=name", {{"sas_token", "sv=1"}}), "sig=");
  expect_invalid(parse("azblob://con?account=name", {{"sas_token", "sv=1&sig=2\n"}}), "line break");
}

TEST(AzblobConfig, NamesThatAzureKeeps) {
  for (const char* name : {"a", "a/b", "a..b", ".a/b", "\xC3\xBC", "\xEF\xBF\xBD", "a b%20?#&+", "...a"}) {
    EXPECT_EQ(name_problem(name), nullptr) << name;
  }
  for (const char* name : {"a.", "a./b", "a\\b", "\x7F", "\t", "\xF0\x9F\x8C\x8A", "\xED\xA0\x80", "\xC3"}) {
    EXPECT_NE(name_problem(name), nullptr) << name;
  }
  std::string parts = "p";
  for (int i = 1; i < 254; ++i) parts += "/p";
  EXPECT_EQ(name_problem(parts), nullptr);
  EXPECT_NE(name_problem(parts + "/p"), nullptr);
}

}  // namespace
}  // namespace tidemark::sinks::azblob
