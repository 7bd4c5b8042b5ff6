// Clients of Entra, through the chain as a sink asks it.
#include "azblob/auth/entra.h"

#include "azblob/auth/world.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobEntra : public ::testing::Test {
 protected:
  AzblobEntra() {
    world_.variables["AZURE_TENANT_ID"] = "tenant-1";
    world_.variables["AZURE_CLIENT_ID"] = "client-1";
  }
  void expect_exchange(
      const std::string& form, Result<HttpAnswer> answer,
      const std::string& url = "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token") {
    world_.exchanges.push_back({"POST", url,
                                [form](const HttpRequest& request) {
                                  EXPECT_EQ(request.body->text(), form);
                                  EXPECT_TRUE(request.use_proxy);
                                  EXPECT_GT(request.timeout_ms, 0u);
                                },
                                std::move(answer)});
  }
  World world_;
};

const std::string kSecretForm =
    "client_id=client-1&client_secret=hush%2Bhush&grant_type=client_credentials&scope=https%3A%2F%2Fstorage."
    "azure."
    "com%2F.default";

TEST_F(AzblobEntra, AClientWithASecret) {
  world_.variables["AZURE_CLIENT_SECRET"] = "hush+hush";
  expect_exchange(kSecretForm, token_answer("token"));
  const auto found = world_.load();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.secret.reveal(), "token");
  EXPECT_EQ(found->credentials.expires_us, world_.now_us + 3'600'000'000);
  EXPECT_EQ(found->from, "Entra at login.microsoftonline.com for client client-1");
  EXPECT_FALSE(found->outlive_expiry);
}

TEST_F(AzblobEntra, OptionsComeBeforeTheEnvironment) {
  world_.options.client_secret = Secret("hush+hush");
  world_.options.tenant_id = "tenant-2";
  world_.options.authority_host = "login.example/";
  expect_exchange(kSecretForm, token_answer("token"), "https://login.example/tenant-2/oauth2/v2.0/token");
  EXPECT_TRUE(world_.load());
  world_.options.authority_host.clear();
  world_.options.default_authority = "https://login.chinacloudapi.cn";
  expect_exchange(kSecretForm, token_answer("token"),
                  "https://login.chinacloudapi.cn/tenant-2/oauth2/v2.0/token");
  EXPECT_TRUE(world_.load());
}

TEST_F(AzblobEntra, TheTokenFileIsReadEachTime) {
  world_.variables["AZURE_FEDERATED_TOKEN_FILE"] = world_.path("token");
  for (const char* token : {"first", "second"}) {
    world_.write("token", std::string(" ") + token + "\n");
    expect_exchange(
        std::string("client_assertion=") + token +
            "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
            "client_id=client-1&grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F."
            "default",
        token_answer("token"));
    EXPECT_TRUE(world_.load());
  }
  world_.write("token", " \n");
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"workload identity", "is empty"});
  world_.variables["AZURE_FEDERATED_TOKEN_FILE"] = world_.path("none");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"workload identity", "none"});
}

TEST_F(AzblobEntra, WhatIsMissingOrOddIsNamed) {
  world_.variables["AZURE_CLIENT_SECRET"] = "hush";
  world_.variables["AZURE_TENANT_ID"] = "";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"client secret", "AZURE_TENANT_ID"});
  world_.variables["AZURE_TENANT_ID"] = "a/../b";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"tenant"});
  world_.variables["AZURE_TENANT_ID"] = "tenant-1";
  world_.variables["AZURE_CLIENT_ID"] = "";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"AZURE_CLIENT_ID"});
  world_.variables["AZURE_CLIENT_ID"] = "client-1";
  for (const char* host : {"http://login.example", "ftp://login.example", "https://login.example/path"}) {
    world_.variables["AZURE_AUTHORITY_HOST"] = host;
    expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"authority"});
  }
}

TEST_F(AzblobEntra, AnswersThatAreNoToken) {
  world_.variables["AZURE_CLIENT_SECRET"] = "hush+hush";
  const std::string error =
      R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid.\r\nTrace"})";
  const std::tuple<int, std::string, tidemark_status, std::string> cases[] = {
      {401, error, TIDEMARK_E_PERMANENT, "AADSTS7000215: Invalid."},
      {401, R"({"error":"invalid_client","error_description":"AADSTS700024: out of time"})",
       TIDEMARK_E_RETRYABLE, "AADSTS700024"},
      {429, "", TIDEMARK_E_THROTTLED, "HTTP 429"},
      {502, "<html></html>", TIDEMARK_E_RETRYABLE, "HTTP 502"},
      {200, "<html></html>", TIDEMARK_E_RETRYABLE, "not a JSON object"}};
  for (const auto& [status, text, expected, words] : cases) {
    expect_exchange(kSecretForm, answer(status, text));
    expect_failure(world_.load(), expected, {"client-1", words});
  }
  expect_exchange(kSecretForm, fail(TIDEMARK_E_RETRYABLE, "no connection"));
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"no connection"});
}

TEST_F(AzblobEntra, ATokenThatHasEndedIsNone) {
  world_.variables["AZURE_CLIENT_SECRET"] = "hush+hush";
  expect_exchange(kSecretForm, answer(200, R"({"access_token":"t","expires_in":0})"));
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"client secret", "expired at 2023-11-14T22:13:20Z"});
}

}  // namespace
}  // namespace tidemark::sinks::azblob
