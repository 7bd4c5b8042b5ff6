#include "gs/auth/tokens.h"

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

class GsTokens : public ::testing::Test {
 protected:
  std::string get(TokenProvider& provider) {
    const Result<Token> token = provider.get(Call());
    return token ? std::string(token->bearer.reveal()) : token.error().message;
  }
  // Whose account is taken: the email is in what is found.
  std::string found(const TokenOptions& options = {}) {
    std::string why;
    const auto account = find_account(options, world_.surroundings().environment, &why);
    if (!account) return account.error().message;
    return *account ? (*account)->account.email : "none: " + why;
  }
  World world_;
};

TEST_F(GsTokens, TheFirstPlaceThatNamesOneDecides) {
  EXPECT_EQ(found(),
            "none: option credentials_file is not given, GOOGLE_APPLICATION_CREDENTIALS is not set, \"" +
                (world_.home / "") + "/.config/gcloud/application_default_credentials.json\" is not there");
  std::filesystem::create_directories(world_.home / ".config/gcloud");
  world_.write(".config/gcloud/application_default_credentials.json", service_account_json("gcloud"));
  EXPECT_EQ(found(), "gcloud");
  std::filesystem::create_directories(world_.home / "sdk");
  world_.write("sdk/application_default_credentials.json", service_account_json("sdk"));
  world_.variables["CLOUDSDK_CONFIG"] = world_.home / "sdk";
  EXPECT_EQ(found(), "sdk");
  world_.variables["GOOGLE_APPLICATION_CREDENTIALS"] = world_.write("env", service_account_json("env"));
  EXPECT_EQ(found(), "env");
  EXPECT_EQ(found({.credentials_file = world_.write("option", service_account_json("option"))}), "option");
}

TEST_F(GsTokens, AFileThatIsNamedHasToBeThere) {
  const std::string missing = world_.home / "missing";
  EXPECT_NE(found({.credentials_file = missing}).find("option \"credentials_file\": cannot read"),
            std::string::npos);
  world_.variables["GOOGLE_APPLICATION_CREDENTIALS"] = missing;
  EXPECT_NE(found().find("GOOGLE_APPLICATION_CREDENTIALS: cannot read"), std::string::npos);
  const auto provider = world_.provider();
  const Result<Token> token = provider->get(Call());
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().status, TIDEMARK_E_PERMANENT) << "never one that is about an object";
}

// As Google's own tools, which look at no mode, where these would look; as our other files of secrets where
// an option of ours names it.
TEST_F(GsTokens, AFileThatOthersMayUse) {
  const std::string path = world_.write("account", service_account_json("me"));
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const std::string refused = found({.credentials_file = path});
  EXPECT_NE(refused.find("it holds a secret, and its mode 0644 is open to others: chmod 600 "),
            std::string::npos)
      << refused;
  world_.variables["GOOGLE_APPLICATION_CREDENTIALS"] = path;
  std::string why;
  const auto account = find_account({}, world_.surroundings().environment, &why);
  ASSERT_TRUE(account && *account);
  EXPECT_EQ((*account)->remark, "GOOGLE_APPLICATION_CREDENTIALS is used, but " + path +
                                    ": it holds a secret, and its mode 0644 is open to others: chmod 600 " +
                                    path);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(find_account({}, world_.surroundings().environment, &why)->value().remark, "");
  ASSERT_EQ(symlink(path.c_str(), (world_.home / "link").c_str()), 0);
  EXPECT_EQ(found({.credentials_file = world_.home / "link"}), "me") << "as in the volumes of containers";
}

// No secret is in it, but it says who is asked, and which program is run.
TEST_F(GsTokens, AnExternalAccountThatOthersMayWrite) {
  const std::string path = world_.write("external", R"({"type":"external_account","audience":"a",
      "subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token",
      "credential_source":{"file":"/nowhere"}})");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(found({.credentials_file = path}), "");
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  const std::string refused = found({.credentials_file = path});
  EXPECT_NE(refused.find("others may write it: chmod go-w "), std::string::npos) << refused;
}

TEST_F(GsTokens, AreKeptUntilTheyExpire) {
  const auto provider = world_.provider({.credentials_file = world_.write("a", service_account_json())});
  world_.expect(200, token_json("t1", 3600));
  EXPECT_EQ(get(*provider), "t1");
  EXPECT_EQ(get(*provider), "t1");
  world_.now_us += 3400 * 1'000'000ll;  // less than five minutes are left
  world_.expect(200, token_json("t2", 3600));
  EXPECT_EQ(get(*provider), "t2");
}

TEST_F(GsTokens, OneThatIsRefusedIsReplaced) {
  const auto provider = world_.provider({.credentials_file = world_.write("a", service_account_json())});
  world_.expect(200, token_json("t1"));
  const Result<Token> first = provider->get(Call());
  ASSERT_TRUE(first);
  provider->expired(*first);
  world_.expect(200, token_json("t2"));
  EXPECT_EQ(get(*provider), "t2");
  provider->expired(*first);
  EXPECT_EQ(get(*provider), "t2") << "it is in use no more";
}

TEST_F(GsTokens, OneThatHasEndedIsNone) {
  const auto provider = world_.provider({.credentials_file = world_.write("a", service_account_json())});
  world_.expect(200, token_json("t1", 0));
  const Result<Token> token = provider->get(Call());
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(token.error().message.find("before it came"), std::string::npos);
}

TEST_F(GsTokens, AnonymousAsksNobody) {
  const auto provider = world_.provider({.anonymous = true});
  EXPECT_EQ(get(*provider), "");
  EXPECT_TRUE(world_.asked.empty());
}

TEST_F(GsTokens, WithoutAnyTheMessageSaysWhereTheyWereLookedFor) {
  const auto provider = world_.provider();
  const std::string message = get(*provider);
  for (const char* words : {"no credentials found", "credentials_file", "GOOGLE_APPLICATION_CREDENTIALS",
                            "application_default_credentials.json", "NO_GCE_CHECK"}) {
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace tidemark::sinks::gs
