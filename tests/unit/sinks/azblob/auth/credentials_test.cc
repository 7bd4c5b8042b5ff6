#include "azblob/auth/credentials.h"

#include "azblob/auth/world.h"

namespace tidemark::sinks::azblob {
namespace {

TEST(AzblobCredentials, AreKeptAndFetchedAgainOnceTheyAreRefused) {
  World world;
  world.variables["AZURE_TENANT_ID"] = "tenant-1";
  world.variables["AZURE_CLIENT_ID"] = "client-1";
  world.variables["AZURE_CLIENT_SECRET"] = "hush";
  const std::string url = "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token";
  world.exchanges.push_back({"POST", url, {}, token_answer("first")});
  const auto provider = make_provider(world.options, world.fetch(), HostLog(nullptr), world.surroundings());
  const Call call(nullptr, nullptr);
  const Result<Credentials> first = provider->get(call);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(provider->get(call)->is_same(*first)) << "not asked again";
  world.exchanges.push_back({"POST", url, {}, token_answer("second")});
  provider->expired(*first);
  const Result<Credentials> second = provider->get(call);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->secret.reveal(), "second");
  EXPECT_FALSE(second->is_same(*first));
}

}  // namespace
}  // namespace tidemark::sinks::azblob
