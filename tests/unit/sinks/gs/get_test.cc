#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;

class GsGet : public GsSinkTest {};

TEST_F(GsGet, RangesFromBothEnds) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k/\xC3\xA4 +%", "0123456789"));
  ASSERT_TRUE(put(*sink, "empty", ""));
  const std::tuple<const char*, Range, const char*> cases[] = {
      {"k/\xC3\xA4 +%", {0, UINT64_MAX}, "0123456789"},
      {"k/\xC3\xA4 +%", {3, 4}, "3456"},
      {"k/\xC3\xA4 +%", {-3, UINT64_MAX}, "789"},
      {"k/\xC3\xA4 +%", {-3, 1}, "7"},
      {"k/\xC3\xA4 +%", {-30, 2}, "01"},
      {"k/\xC3\xA4 +%", {10, 5}, ""},
      {"k/\xC3\xA4 +%", {8, 50}, "89"},
      {"k/\xC3\xA4 +%", {4, 0}, ""},
      {"empty", {0, UINT64_MAX}, ""},
      {"empty", {1, 3}, ""},
      {"empty", {-1, UINT64_MAX}, ""}};
  for (const auto& [key, range, bytes] : cases) {
    std::string got;
    const Status ok = get(*sink, key, &got, range);
    EXPECT_TRUE(ok) << key << range.offset << ": " << ok.error().message;
    EXPECT_EQ(got, bytes) << key << " " << range.offset;
  }
}

TEST_F(GsGet, WhatIsNotThere) {
  start();
  const auto sink = must_open();
  std::string got;
  EXPECT_EQ(status_of(sink->head("k", Call())), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status_of(get(*sink, "k", &got)), TIDEMARK_E_NOT_FOUND) << "said in plain text, proven by JSON";
  ASSERT_TRUE(put(*sink, "k", "x"));
  change([](imposter::Config& config) { config.bucket = "another"; });
  for (const Status& outcome : {get(*sink, "k", &got), status_of(sink->head("k", Call())) == TIDEMARK_OK
                                                           ? Status()
                                                           : Status(sink->head("k", Call()).error())}) {
    EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE)
        << "a bucket that is gone is no object that is absent";
  }
}

TEST_F(GsGet, APageInTheWayProvesNothing) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  for (const Fault fault : {Fault::kNotFoundPage, Fault::kOkPage, Fault::kRedirect}) {
    fail_with(fault);
    std::string got;
    EXPECT_EQ(status_of(get(*sink, "k", &got)), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(got, "");
    EXPECT_EQ(status_of(sink->head("k", Call())), TIDEMARK_E_RETRYABLE);
  }
  heal();
  EXPECT_TRUE(sink->head("k", Call()));
  change([](imposter::Config& config) {
    config.faults[Fault::kNotFoundPage] = 1;
    config.faults.most_in_a_row = 1;
  });
  std::string got;
  const Status outcome = get(*sink, "k", &got);
  EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(outcome.error().message.find("but the object is there"), std::string::npos);
}

TEST_F(GsGet, Head) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "12345"));
  const Result<ObjectInfo> info = sink->head("k", Call());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, 5u);
  EXPECT_GT(info->modified_us, 1'600'000'000'000'000);
}

}  // namespace
}  // namespace tidemark::sinks::gs
