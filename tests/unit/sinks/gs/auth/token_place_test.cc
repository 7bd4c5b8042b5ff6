#include "gs/auth/token_place.h"

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

Result<TokenPlace> place_in(const std::string& source) {
  std::string text =
      R"({"type":"external_account","audience":"a","subject_token_type":"t","token_url":"https://s/",
          "credential_source":)" +
      source + "}";
  const Result<Account> account = parse_account(&text);
  if (!account) return account.error();
  return account->place;
}

void expect_wrong_place(const std::string& source, const std::string& words) {
  const Result<TokenPlace> place = place_in(source);
  ASSERT_FALSE(place) << source;
  EXPECT_EQ(place.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(place.error().message.find(words), std::string::npos) << place.error().message;
  EXPECT_EQ(place.error().message.find("sesame"), std::string::npos) << "a secret in a message";
}

TEST(GsTokenPlace, OfAUrl) {
  const Result<TokenPlace> place = place_in(
      R"({"url":"http://169.254.169.254/metadata?x=sesame","headers":{"Metadata":"True","x-key":"sesame"},
          "format":{"type":"json","subject_token_field_name":"access_token"}})");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, TokenPlace::Kind::kUrl);
  EXPECT_EQ(place->member, "access_token");
  ASSERT_EQ(place->headers.size(), 2u);
  EXPECT_EQ(place->headers[1].first, "x-key");
  EXPECT_EQ(place->headers[1].second.reveal(), "sesame");
  EXPECT_EQ(place->text(), "the token from 169.254.169.254");
  EXPECT_TRUE(place_in(R"({"url":"https://host.example/t"})"));
  EXPECT_TRUE(place_in(R"({"url":"http://[fd00:ec2::254]/t"})"));
  expect_wrong_place(R"({"url":"http://host.example/t"})", "not https");
  expect_wrong_place(R"({"url":"http://169.254.169.253/t"})", "not https");
  expect_wrong_place(R"({"url":"sesame"})", "https://");
  expect_wrong_place(R"({"url":5})", "https://");
  expect_wrong_place(R"({"url":"https://h/","headers":["sesame"]})", "headers");
  expect_wrong_place(R"({"url":"https://h/","headers":{"a":"sesame\r\nb: c"}})", "cannot be one");
  expect_wrong_place(R"({"url":"https://h/","headers":{"a b":"sesame"}})", "cannot be one");
  expect_wrong_place(R"({"url":"https://h/","headers":{"a":1}})", "cannot be one");
}

TEST(GsTokenPlace, OfAProgram) {
  const Result<TokenPlace> place = place_in(
      R"({"executable":{"command":"/usr/bin/give  token\t--as me","timeout_millis":5000,"output_file":"/run/t"}})");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, TokenPlace::Kind::kProgram);
  EXPECT_EQ(place->command, (std::vector<std::string>{"/usr/bin/give", "token", "--as", "me"}));
  EXPECT_EQ(place->timeout_ms, 5000u);
  EXPECT_EQ(place->file, "/run/t");
  EXPECT_EQ(place_in(R"({"executable":{"command":"/x"}})")->timeout_ms, 30'000u);
  expect_wrong_place(R"({"executable":{}})", "absolute path");
  expect_wrong_place(R"({"executable":"/x"})", "absolute path");
  expect_wrong_place(R"({"executable":{"command":"give"}})", "absolute path");
  expect_wrong_place(R"({"executable":{"command":"/x","timeout_millis":4999}})", "5000 to 120000");
  expect_wrong_place(R"({"executable":{"command":"/x","timeout_millis":120001}})", "5000 to 120000");
  expect_wrong_place(R"({"executable":{"command":"/x","timeout_millis":"soon"}})", "5000 to 120000");
  expect_wrong_place(R"({"executable":{"command":"/x","output_file":"t"}})", "output_file");
}

TEST(GsTokenPlace, OfAws) {
  const std::string verify =
      R"("regional_cred_verification_url":"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15")";
  const Result<TokenPlace> place = place_in(
      R"({"environment_id":"aws1","region_url":"http://169.254.169.254/z","url":"http://169.254.169.254/k",
          "imdsv2_session_token_url":"http://169.254.169.254/s",)" +
      verify + "}");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->kind, TokenPlace::Kind::kAws);
  EXPECT_EQ(place->session_url, "http://169.254.169.254/s");
  EXPECT_TRUE(place_in(R"({"environment_id":"aws1",)" + verify + "}")) << "the environment may say it all";
  expect_wrong_place(R"({"environment_id":"aws2",)" + verify + "}", "aws1");
  expect_wrong_place(R"({"environment_id":"aws1"})", "regional_cred_verification_url");
  expect_wrong_place(R"({"environment_id":"aws1","regional_cred_verification_url":"http://sts/"})", "https");
  expect_wrong_place(R"({"environment_id":"aws1","url":"https://elsewhere.example/k",)" + verify + "}",
                     "no metadata service of AWS");
}

TEST(GsTokenPlace, OneOfThemHasToBeNamed) { expect_wrong_place("{}", "no \"executable\""); }

}  // namespace
}  // namespace tidemark::sinks::gs
