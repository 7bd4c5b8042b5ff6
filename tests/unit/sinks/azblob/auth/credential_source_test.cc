#include "azblob/auth/credential_source.h"

#include "azblob/auth/world.h"

namespace tidemark::sinks::azblob {
namespace {

TEST(AzblobCredentialSource, AnOptionComesBeforeItsVariable) {
  World world;
  world.variables["AZURE_CLIENT_ID"] = "of the variable";
  const CredentialEnvironment surroundings = world.surroundings();
  const Fetch fetch = world.fetch();
  const Call call(nullptr, nullptr);
  const SourceContext context = {world.options, surroundings.environment, fetch, surroundings.now_us, call,
                                 nullptr};
  EXPECT_EQ(context.setting("", "AZURE_CLIENT_ID"), "of the variable");
  EXPECT_EQ(context.setting("of the option", "AZURE_CLIENT_ID"), "of the option");
  EXPECT_EQ(context.setting("", "AZURE_TENANT_ID"), "");
  const SourceResult none = from_options(context);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->credentials);
}

}  // namespace
}  // namespace tidemark::sinks::azblob
