#include "base/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

namespace tidemark {
namespace {

Error make_error(std::string message) {
  Error error;
  error.status = TIDEMARK_E_THROTTLED;
  error.sys_errno = EIO;
  error.http_status = 503;
  error.retry_after_ms = 1500;
  error.code = "SlowDown";
  error.message = std::move(message);
  return error;
}

std::string message_through_abi(const std::string& message) {
  tidemark_error out = empty_abi_error();
  to_abi(make_error(message), &out);
  return out.message;
}

TEST(ErrnoTest, IsNewsOfAnEntry) {
  const auto status = [](int sys_errno) { return fail_errno(sys_errno, "x").status; };
  EXPECT_EQ(status(ENOTDIR), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status(EROFS), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status(EIO), TIDEMARK_E_RETRYABLE);
}

TEST(ErrnoTest, IsNewsOfTheSink) {
  EXPECT_EQ(fail_sink_errno(EROFS, "x").status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(fail_sink_errno(ENOTDIR, "x").status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(fail_sink_errno(EACCES, "open /srv/a").message, "open /srv/a: Permission denied");
}

TEST(ErrnoTest, MessageNamesWhatAndWhy) {
  const Error error = fail_errno(EACCES, "open /var/archive");
  EXPECT_EQ(error.message, "open /var/archive: Permission denied");
  EXPECT_EQ(error.sys_errno, EACCES);
}

TEST(ToAbiTest, EveryMemberArrives) {
  tidemark_error out = empty_abi_error();
  EXPECT_EQ(to_abi(make_error("slow down"), &out), TIDEMARK_E_THROTTLED);
  EXPECT_EQ(out.struct_size, sizeof out);
  EXPECT_EQ(out.sys_errno, EIO);
  EXPECT_EQ(out.http_status, 503);
  EXPECT_EQ(out.retry_after_ms, 1500u);
  EXPECT_STREQ(out.code, "SlowDown");
  EXPECT_STREQ(out.message, "slow down");
}

TEST(ToAbiTest, WhatWasReportedFurtherInStays) {
  tidemark_error out = empty_abi_error();
  to_abi(make_error("from further in"), &out);
  EXPECT_EQ(to_abi(passed_on(142), &out), 142);
  EXPECT_STREQ(out.message, "from further in");
}

TEST(ToAbiTest, NobodyAsked) { EXPECT_EQ(to_abi(make_error("x"), nullptr), TIDEMARK_E_THROTTLED); }

// Only members that lie wholly within struct_size are written, and nothing behind it.
TEST(ToAbiTest, EveryShorterStruct) {
  for (uint32_t size = 0; size <= sizeof(tidemark_error); ++size) {
    alignas(tidemark_error) unsigned char memory[sizeof(tidemark_error)];
    std::memset(memory, 0xAB, sizeof memory);
    auto* out = reinterpret_cast<tidemark_error*>(memory);
    out->struct_size = size;
    to_abi(make_error("slow down"), out);
    ASSERT_EQ(out->struct_size, size);
    const auto untouched = [&](size_t from) {
      return std::all_of(memory + from, std::end(memory), [](unsigned char byte) { return byte == 0xAB; });
    };
    const size_t ends[] = {sizeof(tidemark_error),
                           offsetof(tidemark_error, message),
                           offsetof(tidemark_error, code),
                           offsetof(tidemark_error, retry_after_ms),
                           offsetof(tidemark_error, http_status),
                           offsetof(tidemark_error, sys_errno)};
    const size_t end =
        *std::find_if(std::begin(ends), std::end(ends) - 1, [&](size_t e) { return e <= size; });
    ASSERT_TRUE(untouched(end)) << "struct_size " << size;
    if (end > offsetof(tidemark_error, code)) {
      ASSERT_STREQ(out->code, "SlowDown") << "struct_size " << size;
    }
    if (end == sizeof(tidemark_error)) {
      ASSERT_STREQ(out->message, "slow down");
    }
  }
}

TEST(ToAbiTest, ALongMessageKeepsItsReason) {
  const std::string path = "/srv/" + std::string(4092, 'p');
  const std::string message = message_through_abi("orders/7 entry 1: " + path + ": File name too long");
  EXPECT_EQ(message.size(), TIDEMARK_MESSAGE_MAX - 1);
  EXPECT_TRUE(message.starts_with("orders/7 entry 1: /srv/ppp")) << message;
  EXPECT_TRUE(message.ends_with("ppp: File name too long")) << message;
}

TEST(ToAbiTest, AMessageIsOneLine) {
  EXPECT_EQ(message_through_abi("one\ntwo\r\nthree\tfour"), "one two  three four");
  EXPECT_EQ(message_through_abi(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(message_through_abi("\x1b[31mred\x7f \xc2\x9b \xff"), " [31mred    \\xff");
}

TEST(ToAbiTest, ALongCodeIsCut) {
  Error error = make_error("x");
  error.code = std::string(200, 'C');
  tidemark_error out = empty_abi_error();
  to_abi(error, &out);
  EXPECT_EQ(std::string(out.code), std::string(sizeof out.code - 1, 'C'));
}

TEST(FromAbiTest, EveryMemberArrives) {
  tidemark_error abi = empty_abi_error();
  to_abi(make_error("slow down"), &abi);
  const Error error = from_abi(TIDEMARK_E_THROTTLED, abi, "put a/1/x.tar");
  EXPECT_EQ(error.status, TIDEMARK_E_THROTTLED);
  EXPECT_EQ(error.sys_errno, EIO);
  EXPECT_EQ(error.http_status, 503);
  EXPECT_EQ(error.retry_after_ms, 1500u);
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_EQ(error.message, "put a/1/x.tar: slow down");
  EXPECT_EQ(from_abi(TIDEMARK_E_THROTTLED, abi, "").message, "slow down");
}

TEST(FromAbiTest, ACalleeThatSaidNothing) {
  const Error error = from_abi(4711, empty_abi_error(), "put");
  EXPECT_EQ(error.status, 4711);
  EXPECT_EQ(error.message, "put: failed with status 4711");
  EXPECT_EQ(from_abi(TIDEMARK_E_RETRYABLE, empty_abi_error(), "put").message, "put: failed with RETRYABLE");
}

TEST(FromAbiTest, ACalleeThatForgotTheNul) {
  tidemark_error abi = empty_abi_error();
  std::memset(abi.message, 'm', sizeof abi.message);
  std::memset(abi.code, 'c', sizeof abi.code);
  const Error error = from_abi(TIDEMARK_E_PERMANENT, abi, "");
  EXPECT_EQ(error.message, std::string(sizeof abi.message, 'm'));
  EXPECT_EQ(error.code, std::string(sizeof abi.code, 'c'));
}

TEST(StringTest, ViewsOfBorrowedStrings) {
  EXPECT_TRUE(view({nullptr, 0}).empty());
  const std::string text("a\0b", 3);
  EXPECT_EQ(view(abi_str(text)), text);
}

TEST(StatusTest, UnknownCodes) {
  EXPECT_FALSE(is_retryable(TIDEMARK_OK));
  EXPECT_FALSE(is_retryable(99));
  EXPECT_TRUE(is_retryable(100));
  EXPECT_TRUE(is_retryable(999));
}

Result<int> half(int number) {
  if (number % 2 != 0) return fail(TIDEMARK_E_INVALID, std::to_string(number) + " is odd");
  return number / 2;
}

Result<std::string> quarter(int number, int* halves) {
  TM_TRY(half(number));
  TM_ASSIGN(const int once, half(number));
  ++*halves;
  TM_ASSIGN(const int twice, half(once));
  ++*halves;
  return std::to_string(twice);
}

TEST(TryTest, GoesOnWithAValueAndGivesUpWithAnError) {
  int halves = 0;
  EXPECT_EQ(*quarter(12, &halves), "3");
  EXPECT_EQ(halves, 2);
  EXPECT_EQ(quarter(10, &halves).error().message, "5 is odd");
  EXPECT_EQ(halves, 3);
  EXPECT_EQ(quarter(3, &halves).error().message, "3 is odd");
  EXPECT_EQ(halves, 3);
}

struct OwnError {
  int code = 0;
};

TEST(TryTest, ARoomMayHaveAnErrorOfItsOwn) {
  const auto inner = [](int code) -> Result<std::unique_ptr<int>, OwnError> {
    if (code != 0) return OwnError{code};
    return std::make_unique<int>(7);
  };
  const auto outer = [&](int code) -> Result<int, OwnError> {
    TM_ASSIGN(const std::unique_ptr<int> value, inner(code));
    return *value;
  };
  EXPECT_EQ(*outer(0), 7);
  EXPECT_EQ(outer(5).error().code, 5);
}

}  // namespace
}  // namespace tidemark
