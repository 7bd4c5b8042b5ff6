#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobGet : public AzblobSinkTest {};

TEST_F(AzblobGet, RangesFromTheEndCostAHeadAndAreOfThatBlob) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "0123456789"));
  std::string got;
  EXPECT_TRUE(get(*sink, "k", &got, {-4, UINT64_MAX}));
  EXPECT_EQ(got, "6789");
  EXPECT_EQ(last_header("GetBlob", "x-ms-range"), "bytes=6-9");
  EXPECT_NE(last_header("GetBlob", "if-match"), "-");
  const uint64_t heads = count("GetBlobProperties");
  got.clear();
  EXPECT_TRUE(get(*sink, "k", &got, {6, 4}));
  EXPECT_EQ(got, "6789");
  EXPECT_EQ(count("GetBlobProperties"), heads) << "who knows the offset needs no look";
  EXPECT_EQ(last_header("GetBlob", "if-match"), "-");
}

TEST_F(AzblobGet, NothingIsNothingHoweverItIsSaid) {
  for (const bool is_206 : {false, true}) {
    az::Config config;
    config.nothing_is_206 = is_206;
    start(config);
    const auto sink = must_open();
    ASSERT_TRUE(put(*sink, "five", "12345"));
    ASSERT_TRUE(put(*sink, "none", ""));
    for (const auto& [key, offset] : {std::pair("five", 5), {"five", 9}, {"none", 0}, {"none", 1}}) {
      std::string got;
      const Status read = get(*sink, key, &got, {offset, 3});
      EXPECT_TRUE(read) << key << " " << offset << " " << message_of(read);
      EXPECT_EQ(got, "");
    }
  }
}

TEST_F(AzblobGet, WhatIsNotThere) {
  start();
  const auto sink = must_open();
  std::string got;
  EXPECT_EQ(code_of(get(*sink, "k", &got)), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(code_of(get(*sink, "k", &got, {-5, 5})), TIDEMARK_E_NOT_FOUND);
  const auto there = sink->head("k", Call(nullptr, nullptr));
  ASSERT_FALSE(there);
  EXPECT_EQ(there.error().status, TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(there.error().code, "BlobNotFound") << "it stands in a header";
}

TEST_F(AzblobGet, APageOfSomebodyElseIsNoAnswer) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  for (const Fault fault : {Fault::kOkPage, Fault::kNotFoundPage}) {
    fail_with(fault);
    std::string got;
    EXPECT_EQ(code_of(get(*sink, "k", &got)), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(sink->head("k", Call(nullptr, nullptr)).error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(got, "");
  }
}

// Case 15, neon#9836, barman#907.
TEST_F(AzblobGet, AStallIsToldWithTheHost) {
  start();
  const auto sink = must_open("&stall_timeout_ms=1000");
  ASSERT_TRUE(put(*sink, "k", "x"));
  store().reconfigure([](az::Config& config) { config.faults.stall_ms = 20'000; });
  fail_with(Fault::kStall);
  store().reconfigure([](az::Config& config) { config.faults.stall_ms = 20'000; });
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  const Status stalled = sink->list("", "", visit, Call(nullptr, nullptr));
  EXPECT_EQ(code_of(stalled), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(message_of(stalled).find("127.0.0.1"), std::string::npos) << message_of(stalled);
}

}  // namespace
}  // namespace tidemark::sinks::azblob
