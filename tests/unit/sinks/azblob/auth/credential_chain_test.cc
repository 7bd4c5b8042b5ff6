#include "azblob/auth/credential_chain.h"

#include "azblob/auth/world.h"

namespace tidemark::sinks::azblob {
namespace {

TEST(AzblobCredentialChain, TheFirstThatAppliesDecides) {
  World world;
  world.variables["AZURE_STORAGE_SAS_TOKEN"] = "sv=1&sig=2";
  auto found = world.load();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->from, "AZURE_STORAGE_SAS_TOKEN");
  EXPECT_EQ(found->credentials.kind, Credentials::Kind::kSas);

  world.variables["AZURE_STORAGE_KEY"] = "c2VjcmV0IHNlY3JldA==";
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"environment", "whose key"});
  world.options.account = "account";
  found = world.load();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->from, "AZURE_STORAGE_KEY");
  EXPECT_EQ(found->credentials.account, "account");
  EXPECT_EQ(found->credentials.expires_us, 0);

  world.options.sas_token = Secret("sv=3&sig=4");
  world.options.sas_token_from = "option sas_token";
  EXPECT_EQ(world.load()->from, "option sas_token");
  world.options.account_key = Secret("key");
  world.options.account_key_from = "option account_key";
  EXPECT_EQ(world.load()->from, "option account_key");
}

TEST(AzblobCredentialChain, WithoutASourceAllOfThemAreNamed) {
  World world;
  expect_failure(world.load(), TIDEMARK_E_PERMANENT,
                 {"no credentials found", "options: ", "AZURE_STORAGE_KEY", "AZURE_CLIENT_SECRET",
                  "AZURE_FEDERATED_TOKEN_FILE", "TIDEMARK_AZURE_METADATA_DISABLED"});
}

TEST(AzblobCredentialChain, ABrokenSourceIsNotPassedOver) {
  World world;
  world.variables["AZURE_STORAGE_KEY"] = "hush, no base64";
  world.options.account = "account";
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"environment", "AZURE_STORAGE_KEY"});
}

}  // namespace
}  // namespace tidemark::sinks::azblob
