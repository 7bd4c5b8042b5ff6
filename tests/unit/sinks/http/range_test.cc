#include "http/range.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

constexpr uint64_t kAll = UINT64_MAX;

// A writer that keeps what it gets.
class Kept {
 public:
  const Writer& writer() const { return writer_; }
  std::string text;

 private:
  static tidemark_status write(void* self, const void* data, size_t size) {
    static_cast<Kept*>(self)->text.append(static_cast<const char*>(data), size);
    return TIDEMARK_OK;
  }
  tidemark_writer raw_ = {this, write};
  Writer writer_{&raw_};
};

Headers part(const std::string& range) {
  return {{"content-range", range}, {"content-type", "application/octet-stream"}};
}

// What `range` of an answer comes to that brings `body` in pieces of three bytes.
Status receive(const Range& range, const HttpAnswer& answer, std::string_view body, std::string* out) {
  Kept kept;
  RangeReceiver receiver(range, kept.writer());
  const Status whole = [&]() -> Status {
    for (size_t done = 0; done < body.size(); done += 3) {
      TM_ASSIGN(const bool more, receiver.take(answer, body.substr(done, 3)));
      if (!more) break;
    }
    return receiver.finish(answer);
  }();
  *out = kept.text;
  return whole;
}

TEST(HttpRange, HeadersForWhatCanBeAsked) {
  EXPECT_EQ(range_header({0, kAll}), "");
  EXPECT_EQ(range_header({5, kAll}), "bytes=5-");
  EXPECT_EQ(range_header({5, 3}), "bytes=5-7");
  EXPECT_EQ(range_header({-512, kAll}), "bytes=-512");
  EXPECT_FALSE(needs_size({0, kAll}));
  EXPECT_FALSE(needs_size({-512, 512}));
  EXPECT_TRUE(needs_size({-512, 511})) << "from the end, but not to it";
  EXPECT_TRUE(needs_size({0, 0}));
  EXPECT_TRUE(needs_size({INT64_MAX, 1}));
  EXPECT_FALSE(needs_size({INT64_MIN, kAll}));
  EXPECT_EQ(range_header({INT64_MIN, kAll}), "bytes=-" + std::to_string(1ull << 50));
}

TEST(HttpRange, TheRightPartIsTaken) {
  std::string text;
  EXPECT_TRUE(receive({2, 3}, {206, part("bytes 2-4/10"), "", ""}, "cde", &text));
  EXPECT_EQ(text, "cde");
  EXPECT_TRUE(receive({8, 100}, {206, part("bytes 8-9/10"), "", ""}, "ij", &text)) << "the end comes first";
  EXPECT_EQ(text, "ij");
  EXPECT_TRUE(receive({-3, kAll}, {206, part("bytes 7-9/10"), "", ""}, "hij", &text));
  EXPECT_EQ(text, "hij");
}

// Some stores know no ranges.
TEST(HttpRange, AWholeObjectIsCutToWhatWasAsked) {
  const HttpAnswer whole = {200, {{"content-length", "10"}}, "", ""};
  std::string text;
  EXPECT_TRUE(receive({2, 5}, whole, "abcdefghij", &text));
  EXPECT_EQ(text, "cdefg");
  EXPECT_TRUE(receive({-4, 2}, whole, "abcdefghij", &text));
  EXPECT_EQ(text, "gh");
  EXPECT_TRUE(receive({0, kAll}, {200, {}, "", ""}, "abc", &text)) << "its end is the object's";
  EXPECT_EQ(text, "abc");
}

TEST(HttpRange, AnotherPartIsRefused) {
  std::string text;
  for (const char* range : {"bytes 3-5/10", "bytes 2-5/10", "bytes 2-3/10", "bytes 4-2/10", "bytes 2-4/*",
                            "2-4/10", "", "bytes 2-4/4"}) {
    const Status wrong = receive({2, 3}, {206, part(range), "", ""}, "cde", &text);
    ASSERT_FALSE(wrong) << range;
    EXPECT_EQ(wrong.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_NE(wrong.error().message.find("another range"), std::string::npos) << wrong.error().message;
    EXPECT_EQ(text, "");
  }
  Headers headers = part("bytes 2-4/10");
  headers.push_back({"content-length", "2"});
  EXPECT_FALSE(receive({2, 3}, {206, headers, "", ""}, "cd", &text));
  EXPECT_FALSE(receive({2, 3}, {200, {}, "", ""}, "abcde", &text)) << "all of it, without its length";
}

// Of an object that ends where the range begins, or has nothing in it.
TEST(HttpRange, APartWithNothingInItIsNothing) {
  std::string text;
  const auto nothing = [](const std::string& range) {
    Headers headers = part(range);
    headers.push_back({"content-length", "0"});
    return HttpAnswer{206, headers, "", ""};
  };
  EXPECT_TRUE(receive({5, kAll}, nothing("bytes 5-4/5"), "", &text));
  EXPECT_TRUE(receive({9, 3}, nothing("bytes 5-4/5"), "", &text));
  EXPECT_TRUE(receive({0, 7}, nothing("bytes 0--1/0"), "", &text));
  EXPECT_TRUE(receive({-512, kAll}, nothing("bytes 0--1/0"), "", &text));
  EXPECT_EQ(text, "");
  for (const char* range : {"bytes 5-4/6", "bytes 5-4/*", "bytes 5-4/", "bytes 5-4", "5-4/5", ""}) {
    EXPECT_FALSE(receive({5, kAll}, nothing(range), "", &text)) << range;
  }
  EXPECT_FALSE(receive({0, kAll}, nothing("bytes 0--1/1"), "", &text))
      << "there is a byte, and it did not come";
  EXPECT_FALSE(receive({5, kAll}, {206, part("bytes 5-4/5"), "", ""}, "", &text)) << "no length says so";
}

TEST(HttpRange, WhatEndsEarlyIsRefused) {
  std::string text;
  EXPECT_FALSE(receive({2, 3}, {206, part("bytes 2-4/10"), "", ""}, "cd", &text));
  EXPECT_FALSE(receive({0, kAll}, {200, {{"content-length", "10"}}, "", ""}, "abc", &text));
}

TEST(HttpRange, WhatIsNotTheObjectIsRefused) {
  std::string text;
  EXPECT_FALSE(receive({0, kAll}, {200, {{"content-type", "text/html"}}, "", ""}, "<html>", &text));
  EXPECT_EQ(text, "");
  EXPECT_FALSE(receive({0, kAll}, {203, {}, "", ""}, "abc", &text));
  EXPECT_EQ(text, "");
}

TEST(HttpRange, BeyondTheEndIsSaidByAHeader) {
  EXPECT_TRUE(is_beyond_end({{"content-range", "bytes */10"}}));
  EXPECT_FALSE(is_beyond_end({{"content-range", "bytes 1-2/10"}}));
  EXPECT_FALSE(is_beyond_end({}));
}

TEST(PartOf, CountsFromTheBeginning) {
  for (const auto& [range, offset, size_bytes] : {std::tuple(Range{0, UINT64_MAX}, 0, 10U),
                                                  {Range{-4, UINT64_MAX}, 6, 4U},
                                                  {Range{-4, 2}, 6, 2U},
                                                  {Range{-40, 5}, 0, 5U},
                                                  {Range{7, 9}, 7, 3U}}) {
    const auto part = part_of(range, 10);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->offset, offset);
    EXPECT_EQ(part->size, size_bytes);
  }
  for (const Range& range : {Range{10, 5}, Range{0, 0}, Range{99, UINT64_MAX}})
    EXPECT_FALSE(part_of(range, 10));
  EXPECT_FALSE(part_of({-4, 4}, 0));
}

TEST(ObjectInfo, IsWhatTheHeadersSay) {
  Headers headers = {{"content-length", "17"}, {"last-modified", "Tue, 14 Nov 2023 22:13:20 GMT"}};
  const auto info = object_info(headers, "head k");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size_bytes, 17U);
  EXPECT_EQ(info->modified_us, 1'700'000'000'000'000);
  for (const size_t lacks : {0, 1}) {
    Headers rest = {headers[1 - lacks]};
    const auto failed = object_info(rest, "head k");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(failed.error().message.find("head k: "), 0U);
  }
}

}  // namespace
}  // namespace tidemark::sinks
