#include "gs/answer.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::gs {
namespace {

StoreAnswer answer(int status, const std::string& reason = "", const std::string& message = "m") {
  StoreAnswer out;
  out.status = status;
  if (reason.empty()) return out;
  out.text = R"({"error":{"code":)" + std::to_string(status) + R"(,"message":")" + message +
             R"(","errors":[{"reason":")" + reason + R"("}]}})";
  return out;
}

StoreAnswer xml(int status, const std::string& code, const std::string& message = "m") {
  StoreAnswer out;
  out.status = status;
  out.text = "\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?><Error><Code>" + code + "</Code><Message>" +
             message + "</Message><Details>d</Details></Error>";
  return out;
}

TEST(GsAnswer, TheXmlApiSaysTheSameInOtherWords) {
  const auto status = [](StoreAnswer answer, bool is_in_use = false) {
    answer.is_in_use = is_in_use;
    return error_of(answer, "x").status;
  };
  EXPECT_EQ(status(xml(404, "NoSuchKey")), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status(xml(404, "NoSuchBucket")), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status(xml(404, "NoSuchBucket"), true), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status(xml(403, "AccessDenied"), true), TIDEMARK_E_PERMANENT);
  for (const char* code : {"SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidSecurity",
                           "RequestTimeTooSkewed", "AccountProblem"}) {
    EXPECT_EQ(status(xml(403, code)), TIDEMARK_E_PERMANENT) << code;
    EXPECT_EQ(status(xml(403, code), true), TIDEMARK_E_RETRYABLE) << code << ": of the whole sink";
  }
  EXPECT_EQ(status(xml(503, "ServiceUnavailable")), TIDEMARK_E_THROTTLED);
  EXPECT_EQ(status(xml(429, "SlowDown")), TIDEMARK_E_THROTTLED);
  EXPECT_EQ(status(xml(429, "SlowDown", "The object exceeded the rate limit for object mutation operations")),
            TIDEMARK_E_RETRYABLE);
  EXPECT_TRUE(is_condition_not_met(xml(412, "PreconditionFailed")));
  EXPECT_FALSE(is_condition_not_met(xml(412, "CustomOrgPolicy")));
  StoreAnswer denied = xml(403, "AccessDenied", "Access denied.");
  denied.needs = "storage.objects.get";
  EXPECT_EQ(error_of(denied, "x").message,
            "x: Access denied. (AccessDenied, HTTP 403); it needs storage.objects.get");
}

struct AnswerCase {
  StoreAnswer answer;
  tidemark_status at_open, in_use;
};

TEST(GsAnswer, Classes) {
  const auto same = [](StoreAnswer one, tidemark_status status) {
    return AnswerCase{std::move(one), status, status};
  };
  const AnswerCase cases[] = {
      same(answer(404, "notFound", "No such object: b/k"), TIDEMARK_E_NOT_FOUND),
      {answer(404, "notFound", "The specified bucket does not exist."), TIDEMARK_E_PERMANENT,
       TIDEMARK_E_RETRYABLE},
      same(answer(404), TIDEMARK_E_RETRYABLE),
      same(answer(429, "rateLimitExceeded", "the rate of requests"), TIDEMARK_E_THROTTLED),
      same(
          answer(429, "rateLimitExceeded",
                 "The object b/k exceeded the rate limit for object mutation operations (create, update, and "
                 "delete)."),
          TIDEMARK_E_RETRYABLE),
      same(answer(403, "rateLimitExceeded"), TIDEMARK_E_THROTTLED),
      same(answer(403, "userRateLimitExceeded"), TIDEMARK_E_THROTTLED),
      same(answer(403, "quotaExceeded"), TIDEMARK_E_NO_SPACE),
      same(answer(403, "forbidden"), TIDEMARK_E_PERMANENT),
      same(answer(403, "retentionPolicyNotMet"), TIDEMARK_E_PERMANENT),
      {answer(403, "accountDisabled"), TIDEMARK_E_PERMANENT, TIDEMARK_E_RETRYABLE},
      {answer(401, "authError"), TIDEMARK_E_PERMANENT, TIDEMARK_E_RETRYABLE},
      {answer(407), TIDEMARK_E_PERMANENT, TIDEMARK_E_RETRYABLE},
      {answer(307), TIDEMARK_E_PERMANENT, TIDEMARK_E_RETRYABLE},
      same(answer(408), TIDEMARK_E_RETRYABLE),
      same(answer(409, "conflict"), TIDEMARK_E_RETRYABLE),
      same(answer(410), TIDEMARK_E_RETRYABLE),
      same(answer(499), TIDEMARK_E_RETRYABLE),
      same(answer(500, "backendError"), TIDEMARK_E_RETRYABLE),
      same(answer(502), TIDEMARK_E_RETRYABLE),
      same(answer(503, "backendError"), TIDEMARK_E_THROTTLED),
      same(answer(504), TIDEMARK_E_RETRYABLE),
      same(answer(507), TIDEMARK_E_NO_SPACE),
      same(answer(501), TIDEMARK_E_UNSUPPORTED),
      same(answer(400, "invalid"), TIDEMARK_E_PERMANENT),
      same(answer(412, "conditionNotMet"), TIDEMARK_E_PERMANENT)};
  for (AnswerCase one : cases) {
    SCOPED_TRACE(std::to_string(one.answer.status) + " " + one.answer.text);
    EXPECT_EQ(error_of(one.answer, "x").status, one.at_open);
    one.answer.is_in_use = true;
    EXPECT_EQ(error_of(one.answer, "x").status, one.in_use);
  }
}

TEST(GsAnswer, ABadRequestWithADigestMayBeAFlippedBit) {
  StoreAnswer one = answer(400, "invalid");
  one.has_digest = true;
  EXPECT_EQ(error_of(one, "x").status, TIDEMARK_E_RETRYABLE);
}

TEST(GsAnswer, Messages) {
  StoreAnswer denied = answer(403, "forbidden", "a@p.example does not have storage.objects.create access");
  denied.needs = "storage.objects.create";
  const Error error = error_of(denied, "put gs://b/k");
  EXPECT_EQ(error.message,
            "put gs://b/k: a@p.example does not have storage.objects.create access (forbidden, HTTP 403); it "
            "needs storage.objects.create");
  EXPECT_EQ(error.code, "forbidden");
  EXPECT_EQ(error.http_status, 403);
  EXPECT_NE(error_of(answer(404), "x").message.find("is a proxy in the way?"), std::string::npos);
  StoreAnswer moved = answer(307);
  moved.headers = {{"location", "http://other.example/path?upload_id=secret"}};
  EXPECT_NE(error_of(moved, "x").message.find("leads to \"http://other.example/path\""), std::string::npos);
  EXPECT_NE(error_of(answer(413), "x").message.find("resumable_threshold"), std::string::npos);
  StoreAnswer later = answer(429, "rateLimitExceeded");
  later.headers = {{"retry-after", "7"}};
  EXPECT_EQ(error_of(later, "x").retry_after_ms, 7000u);
  for (int status = 100; status < 600; ++status) {
    EXPECT_NE(error_of(answer(status), "x").message.find("HTTP " + std::to_string(status)),
              std::string::npos);
  }
}

TEST(GsAnswer, OfABucketNothingIsNotFound) {
  StoreAnswer one = answer(404, "notFound", "odd words");
  EXPECT_EQ(error_of_bucket(one, "x").status, TIDEMARK_E_PERMANENT);
  one.is_in_use = true;
  EXPECT_EQ(error_of_bucket(one, "x").status, TIDEMARK_E_RETRYABLE);
}

TEST(GsAnswer, RefusalsOfACreation) {
  EXPECT_TRUE(is_condition_not_met(answer(412, "conditionNotMet")));
  EXPECT_FALSE(is_condition_not_met(answer(412, "orgPolicy")));
  EXPECT_FALSE(is_condition_not_met(answer(412)));
  EXPECT_TRUE(is_refusal_in_doubt(answer(412)));
  EXPECT_TRUE(is_refusal_in_doubt(answer(403, "forbidden")));
  EXPECT_TRUE(is_refusal_in_doubt(answer(403)));
  EXPECT_FALSE(is_refusal_in_doubt(answer(403, "rateLimitExceeded")));
  EXPECT_FALSE(is_refusal_in_doubt(answer(403, "quotaExceeded")));
  EXPECT_FALSE(is_refusal_in_doubt(answer(409)));
}

}  // namespace
}  // namespace tidemark::sinks::gs
