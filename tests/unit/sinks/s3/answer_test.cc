#include "s3/answer.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::s3 {
namespace {

std::string error_text(const std::string& code, const std::string& more = "") {
  return "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>words of the store</Message>" +
         more + "<RequestId>R1</RequestId></Error>";
}

struct Case {
  int http;
  const char* code;  // "": no body
  tidemark_status status;
};

TEST(S3Answer, Classes) {
  const Case cases[] = {
      {500, "", TIDEMARK_E_RETRYABLE},
      {500, "InternalError", TIDEMARK_E_RETRYABLE},
      {502, "", TIDEMARK_E_RETRYABLE},
      {503, "", TIDEMARK_E_RETRYABLE},
      {503, "ServiceUnavailable", TIDEMARK_E_RETRYABLE},
      {503, "SlowDown", TIDEMARK_E_THROTTLED},
      {504, "", TIDEMARK_E_RETRYABLE},
      {507, "", TIDEMARK_E_NO_SPACE},
      {501, "NotImplemented", TIDEMARK_E_UNSUPPORTED},
      {429, "", TIDEMARK_E_THROTTLED},
      {429, "TooManyRequests", TIDEMARK_E_THROTTLED},
      {408, "", TIDEMARK_E_RETRYABLE},
      {400, "RequestTimeout", TIDEMARK_E_RETRYABLE},
      {409, "ConditionalRequestConflict", TIDEMARK_E_RETRYABLE},
      {409, "", TIDEMARK_E_RETRYABLE},
      {200, "InternalError", TIDEMARK_E_RETRYABLE},
      {200, "SlowDown", TIDEMARK_E_THROTTLED},
      {403, "AccessDenied", TIDEMARK_E_PERMANENT},
      {403, "SignatureDoesNotMatch", TIDEMARK_E_PERMANENT},
      {403, "InvalidAccessKeyId", TIDEMARK_E_PERMANENT},
      {403, "RequestTimeTooSkewed", TIDEMARK_E_PERMANENT},
      {403, "QuotaExceeded", TIDEMARK_E_NO_SPACE},
      {400, "ExpiredToken", TIDEMARK_E_PERMANENT},
      {400, "BadDigest", TIDEMARK_E_RETRYABLE},
      {400, "XAmzContentSHA256Mismatch", TIDEMARK_E_RETRYABLE},
      {400, "IncompleteBody", TIDEMARK_E_RETRYABLE},
      {400, "", TIDEMARK_E_PERMANENT},
      {404, "NoSuchBucket", TIDEMARK_E_PERMANENT},
      {404, "NoSuchKey", TIDEMARK_E_NOT_FOUND},
      {404, "", TIDEMARK_E_RETRYABLE},
      {301, "PermanentRedirect", TIDEMARK_E_PERMANENT},
      {307, "TemporaryRedirect", TIDEMARK_E_PERMANENT},
  };
  for (const Case& one : cases) {
    const std::string code = one.code;
    const Error error = error_of({{one.http, {}, code.empty() ? "" : error_text(code)}}, "put s3://b/k");
    EXPECT_EQ(error.status, one.status) << one.http << " " << code;
    EXPECT_EQ(error.http_status, one.http);
    EXPECT_EQ(error.code, code);
    EXPECT_TRUE(error.message.starts_with("put s3://b/k: ")) << error.message;
  }
}

// Only the store itself knows what it does not have.
TEST(S3Answer, AbsentIsWhatTheStoreSays) {
  const auto status = [](const StoreAnswer& answer) { return error_of(answer, "x").status; };
  const Headers own = {{"x-amz-request-id", "R"}};
  EXPECT_EQ(status({{404, {}, "default backend - 404"}}), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status({{404, {}, "<html><body>404</body></html>"}}), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status({{404, own, ""}}), TIDEMARK_E_RETRYABLE) << "an answer to GET has a document";
  EXPECT_EQ(status({{404, own, ""}, true}), TIDEMARK_E_NOT_FOUND) << "to HEAD it cannot";
  EXPECT_EQ(status({{404, {}, ""}, true}), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status({{404, {}, " \n" + error_text("NoSuchKey")}}), TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(error_of({{404, {}, "default backend"}}, "x").message.find("proxy"), std::string::npos);
}

TEST(S3Answer, NamesThePermissionAndTheRemedy) {
  const auto message = [](const StoreAnswer& answer) { return error_of(answer, "x").message; };
  EXPECT_NE(
      message({{403, {}, error_text("AccessDenied")}, false, "s3:ListBucket"}).find("it needs s3:ListBucket"),
      std::string::npos);
  EXPECT_NE(message({{403, {}, ""}, true, "s3:GetObject"}).find("s3:GetObject"), std::string::npos);
  EXPECT_EQ(message({{403, {}, error_text("SignatureDoesNotMatch")}, false, "s3:Any"}).find("s3:Any"),
            std::string::npos);
  EXPECT_NE(message({{301, {}, error_text("PermanentRedirect", "<Endpoint>e.example</Endpoint>")}})
                .find("the endpoint \"e.example\""),
            std::string::npos);
  EXPECT_NE(message({{400, {}, error_text("AuthorizationHeaderMalformed", "<Region>eu-9</Region>")}})
                .find("region=eu-9"),
            std::string::npos);
  EXPECT_NE(message({{403, {}, error_text("SecondLevelDomainForbidden")}}).find("path_style=false"),
            std::string::npos);
}

TEST(S3Answer, NamesWhereARedirectLeadsAndWhatIsTooLarge) {
  const auto message = [](const StoreAnswer& answer) { return error_of(answer, "x").message; };
  for (const int status : {301, 302, 307, 308}) {
    const std::string text =
        message({{status, {{"location", "https://login.example/portal?token=hush"}}, "<html>moved</html>"}});
    EXPECT_NE(text.find("it leads to \"https://login.example/portal\""), std::string::npos) << text;
    EXPECT_EQ(text.find("hush"), std::string::npos);
  }
  EXPECT_NE(message({{413, {}, "<html>too large</html>"}}).find("client_max_body_size"), std::string::npos);
  EXPECT_NE(message({{400, {}, error_text("EntityTooLarge")}}).find("batch_bytes"), std::string::npos);
  const std::string plain = message({{400, {}, "Client sent an HTTP request to an HTTPS server.\n"}});
  EXPECT_NE(plain.find("is the endpoint https://"), std::string::npos) << plain;
  EXPECT_EQ(message({{204, {}, ""}}).find("refuses"), std::string::npos);
  EXPECT_EQ(message({{404, {}, "no"}}).find("404"), message({{404, {}, "no"}}).rfind("404"))
      << "once is enough";
  StoreAnswer moved = {{400, {}, error_text("AuthorizationHeaderMalformed", "<Region>eu-9</Region>")}};
  moved.asked_region = "eu-9";
  EXPECT_EQ(message(moved).find("set region"), std::string::npos) << message(moved);
  EXPECT_NE(message(moved).find("signed for eu-9"), std::string::npos) << message(moved);
}

TEST(S3Answer, TheProxyIsNamedWhereTheStoreDoesNotSpeak) {
  const auto is_named = [](StoreAnswer answer) {
    answer.via = "through the proxy p";
    return error_of(answer, "x").message.find("through the proxy p") != std::string::npos;
  };
  EXPECT_TRUE(is_named({{502, {}, ""}}));
  EXPECT_TRUE(is_named({{407, {}, "<html>no</html>"}}));
  EXPECT_TRUE(is_named({{403, {}, ""}, true}));
  EXPECT_FALSE(is_named({{403, {{"x-amz-request-id", "R"}}, ""}, true}));
  EXPECT_FALSE(is_named({{503, {}, error_text("SlowDown")}}));
}

TEST(S3Answer, WhatConcernsTheWholeSinkIsRetryableOnceItIsOpen) {
  const auto status_in_use = [](int http, const std::string& code) {
    StoreAnswer answer = {{http, {}, code.empty() ? "" : error_text(code)}};
    answer.is_in_use = true;
    return error_of(answer, "x").status;
  };
  const Case sinks[] = {{404, "NoSuchBucket", TIDEMARK_E_RETRYABLE},
                        {403, "AllAccessDisabled", TIDEMARK_E_RETRYABLE},
                        {403, "AccountProblem", TIDEMARK_E_RETRYABLE},
                        {403, "UserSuspended", TIDEMARK_E_RETRYABLE},
                        {403, "InvalidAccessKeyId", TIDEMARK_E_RETRYABLE},
                        {403, "SignatureDoesNotMatch", TIDEMARK_E_RETRYABLE},
                        {400, "ExpiredToken", TIDEMARK_E_RETRYABLE},
                        {403, "RequestTimeTooSkewed", TIDEMARK_E_RETRYABLE},
                        {400, "AuthorizationHeaderMalformed", TIDEMARK_E_RETRYABLE},
                        {400, "KMS.DisabledException", TIDEMARK_E_RETRYABLE},
                        {301, "PermanentRedirect", TIDEMARK_E_RETRYABLE},
                        {302, "", TIDEMARK_E_RETRYABLE},
                        {401, "", TIDEMARK_E_RETRYABLE},
                        {407, "", TIDEMARK_E_RETRYABLE},
                        // Of an object, or perhaps of one.
                        {403, "AccessDenied", TIDEMARK_E_PERMANENT},
                        {403, "", TIDEMARK_E_PERMANENT},
                        {400, "InvalidArgument", TIDEMARK_E_PERMANENT},
                        {413, "", TIDEMARK_E_PERMANENT},
                        {404, "NoSuchKey", TIDEMARK_E_NOT_FOUND}};
  StoreAnswer gone = {{404, {}, error_text("NoSuchBucket")}};
  gone.is_in_use = true;
  EXPECT_EQ(error_of(gone, "x").message, "x: words of the store (NoSuchBucket, HTTP 404, request R1)");
  for (const Case& one : sinks)
    EXPECT_EQ(status_in_use(one.http, one.code), one.status) << one.http << one.code;
}

TEST(S3Answer, ARefusalThatMayPassAndOneThatComesAgainAndAgain) {
  StoreAnswer denied = {{403, {}, error_text("AccessDenied")}};
  denied.lasts = StoreAnswer::Lasts::kMayPass;
  EXPECT_EQ(error_of(denied, "x").status, TIDEMARK_E_RETRYABLE);
  StoreAnswer bad = {{400, {}, error_text("BadDigest")}};
  bad.lasts = StoreAnswer::Lasts::kLasts;
  EXPECT_EQ(error_of(bad, "x").status, TIDEMARK_E_PERMANENT);
}

TEST(S3Answer, SaysWhatTheStoreSaid) {
  const Error error = error_of({{403, {}, error_text("AccessDenied")}}, "put s3://b/k");
  EXPECT_EQ(error.message, "put s3://b/k: words of the store (AccessDenied, HTTP 403, request R1)");
  const Error bare = error_of({{403, {{"x-amz-request-id", "R2"}}, ""}}, "head s3://b/k");
  EXPECT_EQ(bare.message, "head s3://b/k: access denied (HTTP 403, request R2)");
}

TEST(S3Answer, LongWordsAreCut) {
  const std::string text = "<Error><Code>X</Code><Message>" + std::string(5000, 'm') + "</Message></Error>";
  EXPECT_LT(error_of({{400, {}, text}}, "put").message.size(), 400u);
}

TEST(S3Answer, AnErrorThatIsNotWholeMayBeAnything) {
  const std::string whole = error_text("NoSuchBucket");
  for (size_t size = 10; size < whole.size(); size += 7) {
    EXPECT_EQ(error_of({{404, {}, whole.substr(0, size)}}, "put").status, TIDEMARK_E_RETRYABLE) << size;
  }
  EXPECT_EQ(error_of({{403, {}, "<html>a proxy says no</html>"}}, "put").status, TIDEMARK_E_PERMANENT);
}

TEST(S3Answer, RegionFromBodyOrHeader) {
  EXPECT_EQ(
      store_error({400, {}, error_text("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")}).region,
      "eu-west-1");
  EXPECT_EQ(store_error({301, {{"x-amz-bucket-region", "eu-west-2"}}, ""}).region, "eu-west-2");
}

}  // namespace
}  // namespace tidemark::sinks::s3
