#include "gs/auth/account.h"

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

Result<Account> account_in(std::string text) {
  Result<Account> account = parse_account(&text);
  EXPECT_TRUE(text.empty()) << "wiped";
  return account;
}

void expect_wrong_account(const std::string& text, const std::string& words) {
  const Result<Account> account = account_in(text);
  ASSERT_FALSE(account) << text;
  EXPECT_EQ(account.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(account.error().message.find(words), std::string::npos) << account.error().message;
  EXPECT_EQ(account.error().message.find("PRIVATE"), std::string::npos) << "a secret in a message";
  EXPECT_EQ(account.error().message.find("sesame"), std::string::npos) << "a secret in a message";
}

TEST(GsAccount, OfAService) {
  const Result<Account> account = account_in("\xEF\xBB\xBF" + service_account_json());
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_EQ(account->kind, Account::Kind::kServiceAccount);
  EXPECT_EQ(account->email, "a@p.example");
  EXPECT_EQ(account->key_id, "k1");
  EXPECT_EQ(account->private_key.reveal(), test_key());
  EXPECT_EQ(account->token_url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(account->universe, "googleapis.com");
  const Result<Account> other = account_in(service_account_json(
      "a@p.example", R"(,"token_uri":"http://127.0.0.1:1/t","universe_domain":"cloud.example")"));
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->token_url, "http://127.0.0.1:1/t");
  EXPECT_EQ(other->universe, "cloud.example");
}

TEST(GsAccount, OfAUserAndOfSomebodyElse) {
  const Result<Account> user =
      account_in(R"({"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r"})");
  ASSERT_TRUE(user) << user.error().message;
  EXPECT_EQ(user->refresh_token.reveal(), "r");
  EXPECT_EQ(user->client_secret.reveal(), "s");
  const Result<Account> other = account_in(
      R"({"type":"external_account","audience":"a","subject_token_type":"t","token_url":"https://sts.example/",
          "service_account_impersonation_url":"https://iam.example/x",
          "service_account_impersonation":{"token_lifetime_seconds":700},
          "credential_source":{"file":"/t","format":{"type":"json","subject_token_field_name":"id"}}})");
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->place.file, "/t");
  EXPECT_EQ(other->place.member, "id");
  EXPECT_EQ(other->lifetime_s, 700u);
  EXPECT_EQ(other->impersonation_url, "https://iam.example/x");
}

TEST(GsAccount, NamesWhatIsWrong) {
  expect_wrong_account("", "not a JSON object");
  expect_wrong_account("[]", "not a JSON object");
  expect_wrong_account(R"({"type":"service_account")", "not a JSON object");
  expect_wrong_account("{}", "\"type\" is \"\"");
  expect_wrong_account(R"({"type":"impersonated_service_account"})", "supported: service_account");
  expect_wrong_account(R"({"type":"service_account"})", "client_email");
  expect_wrong_account(R"({"type":"service_account","client_email":"a"})", "private_key");
  expect_wrong_account(R"({"type":"service_account","client_email":"a\n","private_key":"x"})",
                       "control character");
  expect_wrong_account(R"({"type":"service_account","client_email":"a","private_key":"sesame"})",
                       "private_key");
  expect_wrong_account(service_account_json("a", R"(,"token_uri":"http://example.com/")"), "not https");
  expect_wrong_account(service_account_json("a", R"(,"universe_domain":"a/b")"), "universe_domain");
  expect_wrong_account(R"({"type":"authorized_user","client_id":"i","client_secret":"sesame"})",
                       "refresh_token");
  const std::string begin =
      R"({"type":"external_account","audience":"a","subject_token_type":"t","token_url":"https://s/",)";
  expect_wrong_account(R"({"type":"external_account","audience":"a","subject_token_type":"t"})", "token_url");
  expect_wrong_account(begin + R"("x":1})", "credential_source");
  expect_wrong_account(begin + R"("credential_source":{"url":"http://x/"}})",
                       "\"credential_source\": has a \"url\"");
  expect_wrong_account(begin + R"("credential_source":{"file":"relative"}})", "absolute");
  expect_wrong_account(begin + R"("credential_source":{"file":"/t","format":{"type":"json"}}})",
                       "subject_token_field_name");
  expect_wrong_account(begin + R"("credential_source":{"file":"/t","format":{"type":"yaml"}}})", "yaml");
  expect_wrong_account(
      begin + R"("credential_source":{"file":"/t"},"service_account_impersonation_url":"http://x/"})",
      "not https");
  expect_wrong_account(
      begin +
          R"("credential_source":{"file":"/t"},"service_account_impersonation":{"token_lifetime_seconds":5}})",
      "token_lifetime_seconds");
}

TEST(GsAccount, BracketsWithoutEnd) { expect_wrong_account(std::string(500'000, '['), "not a JSON object"); }

}  // namespace
}  // namespace tidemark::sinks::gs
