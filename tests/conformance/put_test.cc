// put: bodies of all sizes, sources that fail or lie, conditional creation, replacing, removing.
#include "harness.h"

namespace conformance {
namespace {

class Put : public SinkTest {};

TEST_F(Put, BodiesOfAllSizes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{511}, size_t{512}, size_t{513}, size_t{16384},
                            size_t{16385}, size_t{1 << 20} + 1, size_t{20} << 20}) {
    SCOPED_TRACE(size);
    const std::string bytes = make_body(size, size);
    Body from_memory(bytes), from_read(bytes), in_pieces(bytes);
    from_read.with_data = false;
    in_pieces.with_data = false;
    in_pieces.piece_size = size / 3 + 1;
    ASSERT_STATUS(sink_.put(key("memory"), from_memory), TIDEMARK_OK);
    expect_object(key("memory"), bytes);
    ASSERT_STATUS(sink_.put(key("read"), from_read), TIDEMARK_OK);
    expect_object(key("read"), bytes);
    ASSERT_STATUS(sink_.put(key("pieces"), in_pieces), TIDEMARK_OK);
    expect_object(key("pieces"), bytes);
  }
}

TEST_F(Put, ModificationTimeIsAboutNow) {
  const auto now_us = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const int64_t before_us = now_us();
  ASSERT_STATUS(sink_.put(key("a"), "x"), TIDEMARK_OK);
  tidemark_object object;
  ASSERT_STATUS(sink_.head(key("a"), &object), TIDEMARK_OK);
  constexpr int64_t kSkewUs = 5 * 60 * 1'000'000ll;  // the far side has a clock of its own
  EXPECT_GT(object.modified_us, before_us - kSkewUs);
  EXPECT_LT(object.modified_us, now_us() + kSkewUs);
}

TEST_F(Put, FailureOfTheSourceIsPassedOn) {
  for (const size_t size : {size_t{2000}, size_t{3} << 20}) {
    for (const tidemark_status status :
         std::vector<tidemark_status>{TIDEMARK_E_NOT_FOUND, TIDEMARK_E_CORRUPT, 187}) {
      Body body(make_body(size));
      body.with_data = false;
      body.piece_size = 1000;
      body.fail_at = size / 2;
      body.fail_status = status;
      const Outcome outcome = sink_.put(key("a"), body);
      EXPECT_STATUS(outcome, status);
      EXPECT_STREQ(outcome.error.message, "the source failed");
      EXPECT_STREQ(outcome.error.code, "FromTheSource");
      EXPECT_EQ(outcome.error.sys_errno, 71);
      expect_absent(key("a"));
    }
  }
}

TEST_F(Put, FailureOfTheSourceLeavesTheOldObject) {
  ASSERT_STATUS(sink_.put(key("a"), "old"), TIDEMARK_OK);
  Body body(make_body(100'000));
  body.with_data = false;
  body.piece_size = 10'000;
  body.fail_at = 50'000;
  EXPECT_STATUS(sink_.put(key("a"), body), TIDEMARK_E_NOT_FOUND);
  expect_object(key("a"), "old");
}

TEST_F(Put, SourceThatIsShorterOrLongerThanDeclared) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{2} << 20}) {
    for (const int64_t lie : {-1, 1, 1000}) {
      if (lie < 0 && size == 0) continue;
      SCOPED_TRACE(std::to_string(size) + " bytes, declared " + std::to_string(lie) + " more");
      Body body(make_body(size));
      body.with_data = false;
      body.declared_size = size + static_cast<uint64_t>(lie);
      EXPECT_STATUS(sink_.put(key("a"), body), TIDEMARK_E_CORRUPT);
      expect_absent(key("a"));
    }
  }
}

TEST_F(Put, IfAbsentDoesNotReplace) {
  for (const size_t size : {size_t{100}, size_t{300'000}}) {
    const std::string name = key(std::to_string(size));
    const std::string first = make_body(size, 1), second = make_body(size, 2);
    EXPECT_STATUS(sink_.put(name, first, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_OK);
    EXPECT_STATUS(sink_.put(name, second, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_E_EXISTS);
    EXPECT_STATUS(sink_.put(name, first, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_E_EXISTS);
    expect_object(name, first);
    EXPECT_STATUS(sink_.remove(name), TIDEMARK_OK);
    EXPECT_STATUS(sink_.put(name, second, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_OK);
    expect_object(name, second);
  }
}

TEST_F(Put, IfAbsentSeesAnEmptyObject) {
  EXPECT_STATUS(sink_.put(key("a"), ""), TIDEMARK_OK);
  EXPECT_STATUS(sink_.put(key("a"), "x", TIDEMARK_PUT_IF_ABSENT), TIDEMARK_E_EXISTS);
  expect_object(key("a"), "");
}

TEST_F(Put, WithoutTheFlagItReplaces) {
  for (const size_t size : {size_t{5000}, size_t{0}, size_t{100'000}, size_t{1}}) {
    const std::string bytes = make_body(size, size + 1);
    ASSERT_STATUS(sink_.put(key("a"), bytes), TIDEMARK_OK);
    expect_object(key("a"), bytes);
  }
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>{key("a")});
}

TEST_F(Put, UnknownFlags) {
  EXPECT_STATUS(sink_.put(key("a"), "x", 0x80000000u), TIDEMARK_E_INVALID);
  EXPECT_STATUS(sink_.put(key("a"), "x", TIDEMARK_PUT_IF_ABSENT | 0x2u), TIDEMARK_E_INVALID);
  expect_absent(key("a"));
}

class Remove : public SinkTest {};

TEST_F(Remove, RemovesOneObject) {
  ASSERT_STATUS(sink_.put(key("a/b"), "1"), TIDEMARK_OK);
  ASSERT_STATUS(sink_.put(key("a/c"), "2"), TIDEMARK_OK);
  EXPECT_STATUS(sink_.remove(key("a/b")), TIDEMARK_OK);
  expect_absent(key("a/b"));
  expect_object(key("a/c"), "2");
  EXPECT_STATUS(sink_.remove(key("a/c")), TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
  EXPECT_STATUS(sink_.put(key("a/b"), "3", TIDEMARK_PUT_IF_ABSENT), TIDEMARK_OK);
  expect_object(key("a/b"), "3");
}

TEST_F(Remove, AbsentIsOk) {
  EXPECT_STATUS(sink_.remove(key("a")), TIDEMARK_OK);
  EXPECT_STATUS(sink_.remove(key("no/such/directory/a")), TIDEMARK_OK);
  ASSERT_STATUS(sink_.put(key("a/b"), "1"), TIDEMARK_OK);
  EXPECT_STATUS(sink_.remove(key("a")), TIDEMARK_OK);
  expect_object(key("a/b"), "1");
}

}  // namespace
}  // namespace conformance
