#include "gs/auth/exchange.h"

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

class GsExchange : public ::testing::Test {
 protected:
  Result<Token> token(const std::string& json) {
    std::string text = json;
    const Result<Account> account = parse_account(&text);
    if (!account) return account.error();
    const Call call;
    const std::function<int64_t()> now = [this] { return world_.now_us.load(); };
    const Fetch fetch = world_.fetch();
    const Environment environment = world_.surroundings().environment;
    return token_of(*account, {fetch, now, call, environment});
  }
  // One parameter of the form that was sent.
  std::string form(size_t which, const std::string& name) {
    const std::string& body = world_.asked.at(which).body;
    const size_t at = ("&" + body).find("&" + name + "=");
    if (at == std::string::npos) return "(none)";
    const size_t begin = at + name.size() + 1;
    return body.substr(begin, body.find('&', begin) - begin);
  }
  std::string other(const std::string& file, const std::string& more = "") {
    return R"({"type":"external_account","audience":"//a","subject_token_type":"t","token_url":"https://sts.example/v1",
              "credential_source":{"file":")" +
           file + "\"" + more + "}}";
  }
  World world_;
};

TEST_F(GsExchange, AServiceAccountSignsAJwt) {
  world_.expect(200, token_json("t1"));
  const Result<Token> got = token(service_account_json());
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->bearer.reveal(), "t1");
  EXPECT_EQ(got->expires_us, world_.now_us + 3600 * 1'000'000ll);
  EXPECT_EQ(world_.asked[0].url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(form(0, "grant_type"), "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
  EXPECT_EQ(world_.asked[0].authorization, "");
}

TEST_F(GsExchange, InASovereignCloudTheJwtIsTheToken) {
  const Result<Token> got =
      token(service_account_json("a@p.example", R"(,"universe_domain":"cloud.example")"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->bearer.reveal().starts_with("eyJ"));
  EXPECT_TRUE(world_.asked.empty()) << "nobody was asked";
}

TEST_F(GsExchange, AUserRefreshes) {
  world_.expect(200, token_json("t2"));
  const Result<Token> got =
      token(R"({"type":"authorized_user","client_id":"i","client_secret":"s/","refresh_token":"r+"})");
  ASSERT_TRUE(got);
  EXPECT_EQ(form(0, "grant_type"), "refresh_token");
  EXPECT_EQ(form(0, "client_secret"), "s%2F");
  EXPECT_EQ(form(0, "refresh_token"), "r%2B");
}

TEST_F(GsExchange, TheTokenFileIsReadAnew) {
  const std::string file = world_.write("subject", " first\n");
  world_.expect(200, token_json("t1"));
  ASSERT_TRUE(token(other(file)));
  EXPECT_EQ(form(0, "subject_token"), "first");
  EXPECT_NE(form(0, "scope").find("devstorage.read_write"), std::string::npos);
  world_.write("subject", "second");
  world_.expect(200, token_json("t2"));
  ASSERT_TRUE(token(other(file)));
  EXPECT_EQ(form(1, "subject_token"), "second");
  world_.write("subject", R"({"id":"third"})");
  world_.expect(200, token_json("t3"));
  ASSERT_TRUE(token(other(file, R"(,"format":{"type":"json","subject_token_field_name":"id"})")));
  EXPECT_EQ(form(2, "subject_token"), "third");
}

TEST_F(GsExchange, TokenFilesThatCannotBeUsed) {
  const std::string file = world_.write("subject", " \n");
  Result<Token> got = token(other(file));
  EXPECT_EQ(status_of(got), TIDEMARK_E_RETRYABLE) << "its owner is writing it";
  EXPECT_NE(got.error().message.find("is empty"), std::string::npos);
  EXPECT_FALSE(token(other(world_.home / "nowhere")));
  got = token(other(file, R"(,"format":{"type":"json","subject_token_field_name":"id"})"));
  EXPECT_NE(got.error().message.find("not a JSON object"), std::string::npos);
}

TEST_F(GsExchange, Impersonation) {
  const std::string file = world_.write("subject", "s");
  std::string account = other(file);
  account.insert(1, R"("service_account_impersonation_url":"https://iam.example/x",)");
  world_.expect(200, token_json("federated"));
  world_.expect(200, R"({"accessToken":"final","expireTime":"2024-02-29T13:00:00Z"})");
  const Result<Token> got = token(account);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->bearer.reveal(), "final");
  EXPECT_NE(form(0, "scope").find("cloud-platform"), std::string::npos);
  EXPECT_EQ(world_.asked[1].url, "https://iam.example/x");
  EXPECT_EQ(world_.asked[1].authorization, "Bearer federated");
  EXPECT_EQ(world_.asked[1].body,
            R"({"scope":["https://www.googleapis.com/auth/devstorage.read_write"],"lifetime":"3600s"})");
}

TEST_F(GsExchange, ARefusalNamesTheHost) {
  world_.expect(401, R"({"error":"invalid_client","error_description":"unknown"})");
  const Result<Token> got = token(service_account_json());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(got.error().message.find("oauth2.googleapis.com: answered HTTP 401, invalid_client: unknown"),
            std::string::npos)
      << got.error().message;
}

}  // namespace
}  // namespace tidemark::sinks::gs
