#include "azblob/auth/token_json.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::azblob {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000;

TEST(AzblobTokenJson, TokensOfEveryService) {
  const std::pair<const char*, int64_t> cases[] = {
      {R"({"access_token":"t","expires_in":3599})", kNow + 3'599'000'000},
      {R"({"access_token":"t","expires_in":"3599","expires_on":"1"})", kNow + 3'599'000'000},
      {R"({"access_token":"t","expires_on":"1700000100"})", 1'700'000'100'000'000},
      {"\xEF\xBB\xBF{\"access_token\":\"t\",\"expires_on\":1700000100}", 1'700'000'100'000'000}};
  for (const auto& [json, expires_us] : cases) {
    std::string text = json;
    const Result<Credentials> token = token_from_json(&text, kNow);
    ASSERT_TRUE(token) << json << token.error().message;
    EXPECT_EQ(token->kind, Credentials::Kind::kToken);
    EXPECT_EQ(token->secret.reveal(), "t");
    EXPECT_EQ(token->expires_us, expires_us) << json;
    EXPECT_EQ(text, "") << "wiped";
  }
}

TEST(AzblobTokenJson, WhatIsNoToken) {
  for (const char* json :
       {"", "[]", "{", "<html></html>", R"({"access_token":"t"})", R"({"expires_in":1})",
        R"({"access_token":1,"expires_in":1})", R"({"access_token":"","expires_in":1})",
        R"({"access_token":"a\r\nb: c","expires_in":1})", R"({"access_token":"t","expires_in":-1})",
        R"({"access_token":"t","expires_in":"soon"})",
        R"({"access_token":"t","expires_in":99999999999999999})", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAA\xEF",
        "{\"access_token\":\"\xF0"}) {
    std::string text = json;
    const Result<Credentials> token = token_from_json(&text, kNow);
    ASSERT_FALSE(token) << json;
    EXPECT_EQ(token.error().status, TIDEMARK_E_RETRYABLE) << json;
  }
}

TEST(AzblobTokenJson, ErrorsAreOneLine) {
  TokenError error =
      error_from_json(R"({"error":"invalid_client","error_description":"AADSTS1: no.\r\nTrace ID: 2"})");
  EXPECT_EQ(error.code, "invalid_client");
  EXPECT_EQ(error.message, "AADSTS1: no.");
  error = error_from_json(R"({"error":{"code":"c","message":"m"}})");
  EXPECT_EQ(error.code, "c");
  EXPECT_EQ(error.message, "m");
  error = error_from_json("<html>");
  EXPECT_EQ(error.code + error.message, "");
}

}  // namespace
}  // namespace tidemark::sinks::azblob
