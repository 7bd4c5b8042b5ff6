// The identity of a machine or an app, through the chain as a sink asks it.
#include "azblob/auth/metadata.h"

#include "azblob/auth/world.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobMetadata : public ::testing::Test {
 protected:
  AzblobMetadata() { world_.variables.erase("TIDEMARK_AZURE_METADATA_DISABLED"); }
  Expected asked(const std::string& url, Result<HttpAnswer> answer, const std::string& header = "metadata",
                 const std::string& value = "true") {
    return {"GET", url,
            [header, value](const HttpRequest& request) {
              EXPECT_FALSE(request.use_proxy);
              EXPECT_GT(request.timeout_ms, 0u);
              EXPECT_LE(request.timeout_ms, 5000u);
              ASSERT_EQ(request.headers.size(), 1u);
              EXPECT_EQ(request.headers[0].name, header);
              EXPECT_EQ(request.headers[0].value, value);
            },
            std::move(answer)};
  }
  World world_;
};

const std::string kQuery = "?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F";
const std::string kMachine = "http://169.254.169.254/metadata/identity/oauth2/token";

TEST_F(AzblobMetadata, TheMachineIsAskedWithoutAProxy) {
  world_.exchanges.push_back(
      asked(kMachine + kQuery, answer(200, R"({"access_token":"token","expires_in":"600"})")));
  const auto found = world_.load();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.secret.reveal(), "token");
  EXPECT_TRUE(found->outlive_expiry) << "while its service is down";
  world_.variables["AZURE_CLIENT_ID"] = "id-1";
  world_.exchanges.push_back(
      asked(kMachine + "?api-version=2018-02-01&client_id=id-1&resource=https%3A%2F%2Fstorage."
                       "azure.com%2F",
            token_answer("token")));
  EXPECT_TRUE(world_.load());
}

TEST_F(AzblobMetadata, AnAppHasItsOwnEndpoint) {
  world_.variables["IDENTITY_ENDPOINT"] = "http://127.0.0.1:41741/msi/token";
  world_.variables["IDENTITY_HEADER"] = "header";
  world_.exchanges.push_back(asked(
      "http://127.0.0.1:41741/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F",
      answer(200, R"({"access_token":"token","expires_on":"1700000100"})"), "x-identity-header", "header"));
  const auto found = world_.load();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.expires_us, 1'700'000'100'000'000);
  world_.variables.erase("IDENTITY_HEADER");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"managed identity", "IDENTITY_HEADER", "IMDS_ENDPOINT"});
}

class AzblobArc : public AzblobMetadata {
 protected:
  AzblobArc() { std::filesystem::create_directories(world_.path("keys")); }
  SourceResult ask(const std::string& url = kArc) {
    const CredentialEnvironment surroundings = world_.surroundings();
    const Fetch fetch = world_.fetch();
    const Call call(nullptr, nullptr);
    std::vector<FileStamp> files;
    const SourceContext context = {world_.options, surroundings.environment, fetch, surroundings.now_us, call,
                                   &files};
    return from_arc(context, url, world_.path("keys") + "/");
  }
  void expect_challenge(const std::string& challenge) {
    world_.exchanges.push_back(asked(kFull, HttpAnswer{401, {{"www-authenticate", challenge}}, ""}));
  }
  void expect_refused(const SourceResult& result, const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, TIDEMARK_E_PERMANENT);
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find("hush"), std::string::npos) << result.error().message;
    EXPECT_TRUE(world_.exchanges.empty());
  }
  static constexpr char kArc[] = "http://localhost:40342/metadata/identity/oauth2/token";
  const std::string kFull =
      std::string(kArc) + "?api-version=2020-06-01&resource=https%3A%2F%2Fstorage.azure.com%2F";
};

TEST_F(AzblobArc, TheFileThatItNamesIsShown) {
  world_.write("keys/a-1.key", "hush\n");
  expect_challenge("Basic realm=" + world_.path("keys/a-1.key"));
  world_.exchanges.push_back({"GET", kFull,
                              [](const HttpRequest& request) {
                                EXPECT_FALSE(request.use_proxy);
                                ASSERT_EQ(request.headers.size(), 2u);
                                EXPECT_EQ(request.headers[1].name, "authorization");
                                EXPECT_EQ(request.headers[1].value, "Basic hush");
                              },
                              token_answer("token")});
  const SourceResult found = ask();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials->secret.reveal(), "token");
  EXPECT_TRUE(world_.exchanges.empty());
}

// Whoever answers must not get to see other files.
TEST_F(AzblobArc, OtherFilesAreNotShown) {
  world_.write("secret.key", "hush");
  world_.write("keys/secret", "hush");
  std::filesystem::create_directories(world_.path("keys/deep"));
  world_.write("keys/deep/secret.key", "hush");
  for (const std::string& realm : {world_.path("secret.key"), world_.path("keys/../secret.key"),
                                   world_.path("keys/secret"), world_.path("keys/deep/secret.key"),
                                   world_.path("keys/.key"), std::string("/etc/shadow"), std::string()}) {
    expect_challenge("Basic realm=" + realm);
    expect_refused(ask(), "something else than a file in");
  }
  expect_challenge("Bearer realm=" + world_.path("keys/a.key"));
  expect_refused(ask(), "something else");
}

TEST_F(AzblobArc, WhatCannotBeAKey) {
  expect_challenge("Basic realm=" + world_.path("keys/a.key"));
  EXPECT_NE(ask().error().message.find("himds"), std::string::npos) << "it may not be read";
  for (const std::string& text : {std::string(), std::string("hush\r\nx: y"), std::string(5000, 'x')}) {
    world_.write("keys/a.key", text);
    expect_challenge("Basic realm=" + world_.path("keys/a.key"));
    expect_refused(ask(), "is no key");
  }
  expect_refused(ask("http://elsewhere.example/token"), "not on this machine");
  world_.options.client_id = "id";
  expect_refused(ask(), "client_id");
}

TEST_F(AzblobMetadata, ArcIsKnownByItsVariables) {
  world_.variables["IDENTITY_ENDPOINT"] = "http://localhost:40342/token";
  world_.variables["IMDS_ENDPOINT"] = "http://localhost:40342";
  world_.exchanges.push_back(
      asked("http://localhost:40342/token?api-version=2020-06-01&resource=https%3A%2F%2Fstorage.azure.com%2F",
            HttpAnswer{401, {{"www-authenticate", "Basic realm=/etc/passwd"}}, ""}));
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"managed identity", "/var/opt/azcmagent/tokens/"});
}

TEST_F(AzblobMetadata, OnceMoreAfterABadAnswer) {
  world_.exchanges.push_back(asked(kMachine + kQuery, answer(500, "")));
  world_.exchanges.push_back(asked(kMachine + kQuery, token_answer("token")));
  EXPECT_TRUE(world_.load());
  for (int i = 0; i < 2; ++i) world_.exchanges.push_back(asked(kMachine + kQuery, answer(429, "")));
  expect_failure(world_.load(), TIDEMARK_E_THROTTLED, {"169.254.169.254", "429"});
}

TEST_F(AzblobMetadata, AMachineWithoutAnIdentityIsNoSource) {
  for (int i = 0; i < 2; ++i) {
    world_.exchanges.push_back(asked(kMachine + kQuery, fail(TIDEMARK_E_RETRYABLE, "timed out")));
  }
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "timed out"});
  world_.exchanges.push_back(
      asked(kMachine + kQuery,
            answer(400, R"({"error":"invalid_request","error_description":"Identity not found"})")));
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "Identity not found"});
}

TEST_F(AzblobMetadata, ItCanBeLeftOut) {
  world_.options.use_managed_identity = false;
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"managed_identity is never"});
  world_.options.use_managed_identity = true;
  for (const char* text : {"true", "True", "1"}) {
    world_.variables["TIDEMARK_AZURE_METADATA_DISABLED"] = text;
    expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"TIDEMARK_AZURE_METADATA_DISABLED"});
  }
}

}  // namespace
}  // namespace tidemark::sinks::azblob
