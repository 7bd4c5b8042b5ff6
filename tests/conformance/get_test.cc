// head and get: ranges from both ends, absent objects, receivers that refuse.
#include <algorithm>

#include "harness.h"

namespace conformance {
namespace {

class Get : public SinkTest {
 protected:
  // What sink.h says of a range, in the plainest words.
  static std::string expected(const std::string& bytes, int64_t offset, uint64_t size) {
    const auto total = static_cast<int64_t>(bytes.size());
    const int64_t begin =
        offset >= 0 ? std::min(offset, total) : std::max<int64_t>(total + std::max(offset, -total), 0);
    return bytes.substr(static_cast<size_t>(begin), std::min<uint64_t>(size, UINT32_MAX));
  }
};

TEST_F(Get, Ranges) {
  // At most 512 bytes, so that a sink that keeps the last ones only can serve them all.
  for (const size_t total : {size_t{0}, size_t{1}, size_t{512}}) {
    const std::string bytes = make_body(total);
    ASSERT_STATUS(sink_.put(key("a"), bytes), TIDEMARK_OK);
    for (const int64_t offset : {int64_t{0}, int64_t{1}, int64_t{100}, int64_t{511}, int64_t{512},
                                 int64_t{513}, int64_t{1} << 40, INT64_MAX, int64_t{-1}, int64_t{-100},
                                 int64_t{-512}, int64_t{-513}, -(int64_t{1} << 40), INT64_MIN}) {
      for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{100}, uint64_t{512}, uint64_t{1} << 40,
                                  UINT64_MAX - 1, UINT64_MAX}) {
        std::string got;
        ASSERT_STATUS(sink_.get(key("a"), &got, offset, size), TIDEMARK_OK);
        EXPECT_EQ(got, expected(bytes, offset, size)) << total << " bytes: " << offset << ", " << size;
      }
    }
  }
}

TEST_F(Get, RangesOfALargeObject) {
  if (!keeps_bodies()) GTEST_SKIP() << "keeps the end of objects only";
  const std::string bytes = make_body((20 << 20) + 7);
  ASSERT_STATUS(sink_.put(key("a"), bytes), TIDEMARK_OK);
  std::string got;
  for (const int64_t offset : {int64_t{0}, int64_t{1}, (int64_t{5} << 20) + 3, int64_t{20} << 20,
                               int64_t{-512}, -(int64_t{7} << 20) - 1, -(int64_t{30} << 20)}) {
    for (const uint64_t size : {uint64_t{1}, uint64_t{4096}, (uint64_t{3} << 20) + 5, UINT64_MAX}) {
      ASSERT_STATUS(sink_.get(key("a"), &got, offset, size), TIDEMARK_OK);
      EXPECT_TRUE(got == expected(bytes, offset, size)) << offset << ", " << size;
    }
  }
}

TEST_F(Get, TheEndOfALargeObject) {
  const std::string bytes = make_body((3 << 20) + 7);
  ASSERT_STATUS(sink_.put(key("a"), bytes), TIDEMARK_OK);
  std::string got;
  ASSERT_STATUS(sink_.get(key("a"), &got, -512), TIDEMARK_OK);
  EXPECT_TRUE(got == bytes.substr(bytes.size() - 512));
  ASSERT_STATUS(sink_.get(key("a"), &got, static_cast<int64_t>(bytes.size()) - 10, 4), TIDEMARK_OK);
  EXPECT_TRUE(got == bytes.substr(bytes.size() - 10, 4));
}

TEST_F(Get, AbsentObjects) {
  ASSERT_STATUS(sink_.put(key("there/a"), "x"), TIDEMARK_OK);
  for (const char* name : {"a", "no/such/directory", "there", "there/a/below", "there/b"}) {
    tidemark_object object;
    std::string got;
    EXPECT_STATUS(sink_.head(key(name), &object), TIDEMARK_E_NOT_FOUND) << name;
    EXPECT_STATUS(sink_.get(key(name), &got), TIDEMARK_E_NOT_FOUND) << name;
    EXPECT_STATUS(sink_.get(key(name), &got, 5, 0), TIDEMARK_E_NOT_FOUND) << name;
    EXPECT_TRUE(got.empty());
  }
}

TEST_F(Get, StatusOfTheReceiverIsReturned) {
  ASSERT_STATUS(sink_.put(key("a"), make_body(500)), TIDEMARK_OK);
  for (const tidemark_status status :
       std::vector<tidemark_status>{TIDEMARK_E_CANCELLED, TIDEMARK_E_NO_SPACE, 42, 142}) {
    struct Receiver {
      tidemark_status answer;
      int calls;
    } receiver = {status, 0};
    const tidemark_writer writer = {&receiver, [](void* ctx, const void*, size_t) -> tidemark_status {
                                      auto* self = static_cast<Receiver*>(ctx);
                                      ++self->calls;
                                      return self->answer;
                                    }};
    EXPECT_EQ(config().api->get(sink_.handle(), str(key("a")), 0, UINT64_MAX, &writer, nullptr, nullptr),
              status);
    EXPECT_EQ(receiver.calls, 1) << "went on after the receiver had refused";
  }
}

}  // namespace
}  // namespace conformance
