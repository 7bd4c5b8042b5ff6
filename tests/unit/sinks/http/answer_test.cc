#include "http/answer.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

TEST(HttpAnswer, RetryAfterIsSecondsOrADate) {
  const auto after = [](const std::string& text) {
    return retry_after_ms({{"date", "Wed, 25 Nov 2026 03:00:00 GMT"}, {"retry-after", text}});
  };
  EXPECT_EQ(after("7"), 7000u);
  EXPECT_EQ(after("0"), 0u);
  EXPECT_EQ(after("99999999"), 86'400'000u);
  EXPECT_EQ(after("Wed, 25 Nov 2026 03:00:30 GMT"), 30'000u);
  EXPECT_EQ(after("Wed, 25 Nov 2026 02:00:30 GMT"), 0u);
  EXPECT_EQ(after("soon"), 0u);
  EXPECT_EQ(retry_after_ms({{"retry-after", "Wed, 25 Nov 2026 03:00:30 GMT"}}), 0u) << "from when?";
  EXPECT_EQ(retry_after_ms({}), 0u);
}

TEST(HttpAnswer, DatesAreTakenWhereTheyMakeSense) {
  EXPECT_EQ(date_us({{"date", "Wed, 25 Nov 2026 03:00:00 GMT"}}), 1'795'575'600'000'000);
  EXPECT_EQ(date_us({{"last-modified", "Thu, 01 Jan 1970 00:00:01 GMT"}}, "last-modified"), 1'000'000);
  EXPECT_FALSE(date_us({{"date", "tomorrow"}}));
  EXPECT_FALSE(date_us({{"date", ""}}));
  EXPECT_FALSE(date_us({}));
}

TEST(HttpAnswer, APageOrADocumentIsNotAnObject) {
  for (const char* type :
       {"text/html", "Text/HTML; charset=utf-8", "application/xml", "text/xml;x", "application/xhtml+xml"}) {
    EXPECT_FALSE(is_object_type(type)) << type;
  }
  for (const char* type : {"", "application/octet-stream", "text/plain"})
    EXPECT_TRUE(is_object_type(type)) << type;
}

TEST(HttpAnswer, ANumberIsDigitsAlone) {
  uint64_t number = 0;
  EXPECT_TRUE(parse_number("18446744073709551615", &number));
  EXPECT_EQ(number, UINT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_number(text, &number)) << text;
  }
}

TEST(HttpAnswer, WhatWasReportedFurtherInStays) {
  EXPECT_EQ(within("put k", fail(TIDEMARK_E_RETRYABLE, "no")).message, "put k: no");
  Error reported = passed_on(TIDEMARK_E_RETRYABLE);
  const std::string before = reported.message;
  EXPECT_EQ(within("put k", reported).message, before);
}

TEST(PlainWords, SayWhatAStatusMeans) {
  EXPECT_STREQ(plain_words(403), "access denied");
  EXPECT_STREQ(plain_words(204), "this is not the answer that belongs to the request");
  EXPECT_STREQ(plain_words(599), "the store has a problem");
  EXPECT_STREQ(plain_words(418), "the store refuses this");
}

TEST(SettleUndecided, ACreationIsLookedAfter) {
  int looks = 0;
  tidemark_status said = TIDEMARK_E_EXISTS;
  const auto look = [&] {
    ++looks;
    return said == TIDEMARK_OK ? Status() : Status(fail(said, "the look"));
  };
  const auto settled = [&](tidemark_status status, bool expects_absence) {
    const Status after = settle_undecided(fail(status, "the put"), expects_absence, look);
    EXPECT_FALSE(after);
    return after ? TIDEMARK_OK : after.error().status;
  };
  EXPECT_EQ(settled(TIDEMARK_E_PERMANENT, false), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(settled(TIDEMARK_E_CANCELLED, false), TIDEMARK_E_CANCELLED);
  EXPECT_EQ(looks, 0);
  EXPECT_EQ(settled(TIDEMARK_E_RETRYABLE, true), TIDEMARK_E_EXISTS);
  for (const tidemark_status other : {TIDEMARK_OK, TIDEMARK_E_PERMANENT}) {
    said = other;
    EXPECT_EQ(settled(TIDEMARK_E_THROTTLED, true), TIDEMARK_E_THROTTLED);
  }
  EXPECT_EQ(looks, 3);
}

}  // namespace
}  // namespace tidemark::sinks
