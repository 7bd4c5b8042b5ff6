// The identity of a machine or an app, through the chain as a sink asks it.
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
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"managed identity", "Arc"});
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
