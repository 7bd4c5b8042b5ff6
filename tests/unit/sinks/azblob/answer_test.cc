#include "azblob/answer.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::azblob {
namespace {

struct Case {
  int status;
  const char* code;
  tidemark_status at_open, in_use;
};

StoreAnswer store_answer(int status, const std::string& code, bool in_header = true) {
  StoreAnswer out;
  out.status = status;
  out.headers = {{"x-ms-request-id", "r-1"}};
  if (in_header) {
    out.headers.push_back({"x-ms-error-code", code});
  } else {
    out.text = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>" + code +
               "</Code><Message>The words.\nRequestId:r-1\nTime:2026-11-29T12:00:00Z</Message></Error>";
  }
  return out;
}

TEST(AzblobAnswer, ASignatureThatHasExpiredIsSaid) {
  StoreAnswer refused = store_answer(403, "AuthenticationFailed");
  EXPECT_EQ(error_of(refused, "put").message.find("expired at"), std::string::npos);
  refused.ended_us = int64_t{1'709'251'198} * 1'000'000;
  for (const char* code : {"AuthenticationFailed", "AuthorizationFailure"}) {
    StoreAnswer other = store_answer(403, code);
    other.ended_us = refused.ended_us;
    EXPECT_NE(error_of(other, "put")
                  .message.find("; the signature (SAS) expired at 2024-02-29T23:59:58Z, by "
                                "this machine's clock: give another one"),
              std::string::npos)
        << error_of(other, "put").message;
  }
  refused.status = 404;
  EXPECT_EQ(error_of(refused, "put").message.find("expired at"), std::string::npos);
}

TEST(AzblobAnswer, CodesDecide) {
  constexpr tidemark_status kPermanent = TIDEMARK_E_PERMANENT, kRetry = TIDEMARK_E_RETRYABLE;
  const Case cases[] = {
      {503, "ServerBusy", TIDEMARK_E_THROTTLED, TIDEMARK_E_THROTTLED},
      {500, "OperationTimedOut", TIDEMARK_E_THROTTLED, TIDEMARK_E_THROTTLED},
      {429, "Whatever", TIDEMARK_E_THROTTLED, TIDEMARK_E_THROTTLED},
      {500, "InternalError", kRetry, kRetry},
      {502, "", kRetry, kRetry},
      {408, "", kRetry, kRetry},
      {409, "ContainerBeingDeleted", kRetry, kRetry},
      {400, "Md5Mismatch", kRetry, kRetry},
      {400, "InvalidBlobOrBlock", kRetry, kRetry},
      {400, "InvalidBlockList", kRetry, kRetry},
      {507, "", TIDEMARK_E_NO_SPACE, TIDEMARK_E_NO_SPACE},
      {404, "BlobNotFound", TIDEMARK_E_NOT_FOUND, TIDEMARK_E_NOT_FOUND},
      {404, "ContainerNotFound", kPermanent, kRetry},
      {403, "AuthenticationFailed", kPermanent, kRetry},
      {403, "AuthorizationPermissionMismatch", kPermanent, kPermanent},
      {401, "InvalidAuthenticationInfo", kPermanent, kRetry},
      {409, "SnapshotsPresent", kPermanent, kPermanent},
      {409, "BlobImmutableDueToPolicy", kPermanent, kPermanent},
      {409, "BlobArchived", kPermanent, kPermanent},
      {409, "BlockCountExceedsLimit", kPermanent, kPermanent},
      {412, "LeaseIdMissing", kPermanent, kPermanent},
      {413, "RequestBodyTooLarge", kPermanent, kPermanent},
      {400, "InvalidOperation", kPermanent, kPermanent},
      {501, "NotImplemented", TIDEMARK_E_UNSUPPORTED, TIDEMARK_E_UNSUPPORTED},
  };
  for (const Case& one : cases) {
    for (const bool in_header : {true, false}) {
      StoreAnswer got = store_answer(one.status, one.code, in_header);
      EXPECT_EQ(error_of(got, "put x").status, one.at_open) << one.status << " " << one.code;
      got.is_in_use = true;
      EXPECT_EQ(error_of(got, "put x").status, one.in_use) << one.status << " " << one.code;
    }
  }
  StoreAnswer body = store_answer(400, "InvalidOperation");
  body.is_put = true;
  EXPECT_EQ(error_of(body, "put x").status, TIDEMARK_E_RETRYABLE) << "as Azurite says of a digest";
  body.lasts = true;
  EXPECT_EQ(error_of(body, "put x").status, TIDEMARK_E_PERMANENT);
}

TEST(AzblobAnswer, AMessageSaysWhoAndWhyAndWhatToDo) {
  const Error error = error_of(store_answer(409, "BlobArchived", false), "get azblob://c/k");
  EXPECT_EQ(
      error.message,
      "get azblob://c/k: The words. (BlobArchived, HTTP 409, request r-1); it lies in the archive tier: "
      "rehydrate it (az storage blob set-tier)");
  EXPECT_EQ(error.code, "BlobArchived");
  EXPECT_EQ(error.http_status, 409);
}

TEST(AzblobAnswer, WhatDoesNotComeFromTheStore) {
  StoreAnswer page;
  page.status = 404;
  page.text = "<html>no such page</html>";
  page.via = "through the proxy http://p";
  const Error error = error_of(page, "head x");
  EXPECT_EQ(error.status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(error.message.find("not the store's answer"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("through the proxy"), std::string::npos) << error.message;
  page.status = 403;
  page.text = "<Error><Code>Cut";
  EXPECT_EQ(error_of(page, "head x").status, TIDEMARK_E_RETRYABLE) << "half a document";
  EXPECT_FALSE(has_request_id(page));
}

TEST(AzblobAnswer, RefusalsOfAConditionalPut) {
  const auto refusal = [](int status, const char* code) {
    const StoreAnswer got = store_answer(status, code);
    return refusal_of(got, store_error(got));
  };
  EXPECT_EQ(refusal(409, "BlobAlreadyExists"), Refusal::kThere);
  EXPECT_EQ(refusal(412, "ConditionNotMet"), Refusal::kThere);
  EXPECT_EQ(refusal(412, ""), Refusal::kThere);
  EXPECT_EQ(refusal(403, "AuthorizationPermissionMismatch"), Refusal::kPerhaps);
  EXPECT_EQ(refusal(403, "UnauthorizedBlobOverwrite"), Refusal::kPerhaps);
  EXPECT_EQ(refusal(409, "BlobImmutableDueToPolicy"), Refusal::kPerhaps);
  EXPECT_EQ(refusal(412, "LeaseIdMissing"), Refusal::kPerhaps);
  EXPECT_EQ(refusal(400, "InvalidBlockList"), Refusal::kPerhaps);
  EXPECT_EQ(refusal(403, "AuthenticationFailed"), Refusal::kNone);
  EXPECT_EQ(refusal(503, "ServerBusy"), Refusal::kNone);
}

}  // namespace
}  // namespace tidemark::sinks::azblob
