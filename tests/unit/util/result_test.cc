#include "util/result.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

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

TEST(ErrnoTest, StatusSaysWhatToDo) {
  const auto status = [](int sys_errno) { return fail_errno(sys_errno, "x").value().status; };
  EXPECT_EQ(status(ENOENT), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status(ENOTDIR), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status(EEXIST), TIDEMARK_E_EXISTS);
  EXPECT_EQ(status(ENOSPC), TIDEMARK_E_NO_SPACE);
  EXPECT_EQ(status(EDQUOT), TIDEMARK_E_NO_SPACE);
  for (const int again : {EIO, EAGAIN, EINTR, EMFILE, ENFILE, ENOMEM, ENOBUFS, ESTALE, ETIMEDOUT}) {
    EXPECT_EQ(status(again), TIDEMARK_E_RETRYABLE) << again;
    EXPECT_TRUE(is_retryable(status(again)));
  }
  for (const int never : {EACCES, EPERM, EROFS, ELOOP, EINVAL, 100000}) {
    EXPECT_EQ(status(never), TIDEMARK_E_PERMANENT) << never;
    EXPECT_FALSE(is_retryable(status(never)));
  }
}

TEST(ErrnoTest, MessageNamesWhatAndWhy) {
  const Error error = fail_errno(EACCES, "open /var/archive").value();
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

TEST(ToAbiTest, LongMessagesAreCutBetweenCharacters) {
  const size_t room = TIDEMARK_MESSAGE_MAX - 1;
  EXPECT_EQ(message_through_abi(std::string(room, 'a')), std::string(room, 'a'));
  EXPECT_EQ(message_through_abi(std::string(room + 1, 'a')), std::string(room, 'a'));
  for (const std::string character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8C\x8A"}) {  // 2, 3 and 4 bytes
    for (size_t over = 1; over < character.size(); ++over) {
      const std::string fits(room - character.size() + over, 'a');
      EXPECT_EQ(message_through_abi(fits + character + "tail"), fits) << character.size() << " " << over;
    }
    const std::string whole(room - character.size(), 'a');
    EXPECT_EQ(message_through_abi(whole + character + "tail"), whole + character);
  }
  EXPECT_EQ(message_through_abi(std::string(2 * room, '\x80')), "") << "no character begins anywhere";
}

TEST(ToAbiTest, AMessageIsOneLine) {
  EXPECT_EQ(message_through_abi("one\ntwo\r\nthree\tfour"), "one two  three four");
  EXPECT_EQ(message_through_abi(std::string("a\0b", 3)), "a b");
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

}  // namespace
}  // namespace tidemark
