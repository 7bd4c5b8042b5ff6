#include "s3/auth/credential_json.h"

#include <gtest/gtest.h>

#include "http/iso_time.h"

namespace tidemark::sinks::s3 {
namespace {

TEST(CredentialJson, IsReadAndWiped) {
  std::string text =
      R"({"Code":"Success","LastUpdated":"x","Type":"AWS-HMAC","AccessKeyId":"ID","SecretAccessKey":"a/b+c",)"
      R"("Token":"tok\u0065n","Expiration":"2024-02-29T12:00:00Z","More":{"a":[1,null,"b"]}})";
  const char* where = text.data();
  const size_t size = text.size();
  const Result<Credentials> credentials = credentials_from_json(&text, JsonKind::kMetadata);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ID");
  EXPECT_EQ(credentials->secret_access_key.reveal(), "a/b+c");
  EXPECT_EQ(credentials->session_token.reveal(), "token");
  EXPECT_EQ(credentials->expires_us, parse_iso_time_us("2024-02-29T12:00:00Z"));
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(where, size), std::string(size, '\0'));
}

TEST(CredentialJson, OfAProcessHasAnotherNameForTheToken) {
  std::string text =
      R"({"Version":1,"AccessKeyId":"ID","SecretAccessKey":"S","SessionToken":"T","Token":"X"})";
  const Result<Credentials> credentials = credentials_from_json(&text, JsonKind::kProcess);
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->session_token.reveal(), "T");
  EXPECT_EQ(credentials->expires_us, 0);
}

TEST(CredentialJson, NamesWhatIsWrongWithoutShowingIt) {
  struct Case {
    JsonKind kind;
    const char* text;
    const char* word;
  };
  for (const Case& c :
       {Case{JsonKind::kMetadata, "", "JSON"}, Case{JsonKind::kMetadata, "[\"SECRET\"]", "JSON"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":"ID","SecretAccessKey":"SECRET)", "JSON"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":"ID"})", "SecretAccessKey"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":7,"SecretAccessKey":"SECRET"})", "AccessKeyId"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":"ID","SecretAccessKey":["SECRET"]})", "SecretAccessKey"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":"ID","SecretAccessKey":"SECRET","Expiration":"soon"})",
             "Expiration"},
        Case{JsonKind::kMetadata, R"({"AccessKeyId":"ID","SecretAccessKey":"SECRET","Expiration":7})",
             "Expiration"},
        Case{JsonKind::kMetadata, R"({"Code":"AssumeRoleUnauthorizedAccess"})",
             "AssumeRoleUnauthorizedAccess"},
        Case{JsonKind::kProcess, R"({"AccessKeyId":"ID","SecretAccessKey":"SECRET"})", "Version"},
        Case{JsonKind::kProcess, R"({"Version":"1","AccessKeyId":"ID","SecretAccessKey":"SECRET"})",
             "Version"},
        Case{JsonKind::kProcess, R"({"Version":2,"AccessKeyId":"ID","SecretAccessKey":"SECRET"})",
             "Version"}}) {
    std::string text = c.text;
    const Result<Credentials> credentials = credentials_from_json(&text, c.kind);
    ASSERT_FALSE(credentials) << c.text;
    EXPECT_NE(credentials.error().message.find(c.word), std::string::npos) << credentials.error().message;
    EXPECT_EQ(credentials.error().message.find("SECRET"), std::string::npos);
    EXPECT_TRUE(text.empty());
  }
}

TEST(CredentialJson, ErrorsBecomeOneShortLine) {
  EXPECT_EQ(error_from_json(R"({"code":"AccessDenied","message":"no role"})"), "AccessDenied: no role");
  EXPECT_EQ(error_from_json(R"({"message":"no role"})"), "no role");
  EXPECT_EQ(error_from_json("<html>"), "");
  EXPECT_EQ(error_from_json("[1]"), "");
  EXPECT_EQ(error_from_json(R"({"code":")" + std::string(5000, 'x') + R"("})").size(), 200U);
}

}  // namespace
}  // namespace tidemark::sinks::s3
