#include "gs/auth/token_answer.h"

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

Result<Token> from(int status, std::string text) {
  HttpAnswer answer{status, {}, std::move(text), ""};
  return token_from(&answer, 1'000'000);
}

TEST(GsTokenAnswer, BothForms) {
  const Result<Token> one = from(200, token_json("abc", 60));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->bearer.reveal(), "abc");
  EXPECT_EQ(one->expires_us, 61'000'000);
  const Result<Token> text = from(200, R"({"access_token":"abc","expires_in":"60"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->expires_us, 61'000'000);
  const Result<Token> two = from(200, R"({"accessToken":"x","expireTime":"1970-01-01T00:01:00Z"})");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->expires_us, 60'000'000);
  EXPECT_TRUE(one->is_same(*text));
  EXPECT_FALSE(one->is_same(*two));
}

TEST(GsTokenAnswer, SomethingElseIsNoToken) {
  for (const char* text :
       {"", "<html>", "{}", R"({"access_token":"a b","expires_in":1})", R"({"access_token":"a"})",
        R"({"access_token":7,"expires_in":1})", R"({"access_token":"a\n","expires_in":1})"}) {
    const Result<Token> token = from(200, text);
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_NE(token.error().message.find("HTTP 200"), std::string::npos);
  }
}

TEST(GsTokenAnswer, RefusalsKeepTheirWords) {
  const auto refusal = [](int status, std::string text) {
    return refusal_of(HttpAnswer{status, {}, std::move(text), ""});
  };
  Error error = refusal(400, R"({"error":"invalid_grant","error_description":"Invalid JWT: check iat"})");
  EXPECT_EQ(error.status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(error.message.find("HTTP 400, invalid_grant: Invalid JWT"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("clock"), std::string::npos) << error.message;
  error = refusal(403, R"({"error":{"code":403,"message":"not allowed","status":"PERMISSION_DENIED"}})");
  EXPECT_NE(error.message.find("PERMISSION_DENIED: not allowed"), std::string::npos) << error.message;
  EXPECT_EQ(refusal(429, "").status, TIDEMARK_E_THROTTLED);
  EXPECT_EQ(refusal(503, "<html>").status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(refusal(204, "").status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(refusal(502, "<html>x</html>").message, "answered HTTP 502");
}

TEST(GsTokenAnswer, AMemberOfAFile) {
  std::string text = R"({"id_token":"secret"})";
  const Result<Secret> found = secret_member(&text, "id_token");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reveal(), "secret");
  EXPECT_TRUE(text.empty());
  for (std::string wrong : {"", "x", "{}", R"({"id_token":1})"}) {
    EXPECT_EQ(status_of(secret_member(&wrong, "id_token")), TIDEMARK_E_INVALID);
  }
}

}  // namespace
}  // namespace tidemark::sinks::gs
