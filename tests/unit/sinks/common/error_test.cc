#include "common/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace tidemark::sinks {
namespace {

tidemark_error blank() { return {sizeof(tidemark_error), 0, 0, 0, {}, {}}; }

TEST(Guard, TurnsExceptionsIntoStatuses) {
  tidemark_error error = blank();
  EXPECT_EQ(guard(&error, []() -> Status { throw std::bad_alloc(); }), TIDEMARK_E_RETRYABLE);
  EXPECT_STREQ(error.message, "out of memory");
  EXPECT_EQ(guard(&error, []() -> Status { throw std::runtime_error("broken\nthing"); }),
            TIDEMARK_E_PERMANENT);
  EXPECT_STREQ(error.message, "broken thing");
  EXPECT_EQ(guard(&error, []() -> Status { throw 5; }), TIDEMARK_E_PERMANENT);
  EXPECT_STREQ(error.message, "an exception of unknown type");
  EXPECT_EQ(guard(nullptr, []() -> Status { throw std::bad_alloc(); }), TIDEMARK_E_RETRYABLE);
}

TEST(Guard, LeavesTheErrorAloneWhenItWasReported) {
  tidemark_error error = blank();
  std::strcpy(error.message, "from further in");
  EXPECT_EQ(guard(&error, []() -> Status { return passed_on(142); }), 142);
  EXPECT_STREQ(error.message, "from further in");
  EXPECT_EQ(guard(&error, []() -> Status { return {}; }), TIDEMARK_OK);
  EXPECT_STREQ(error.message, "from further in");
}

TEST(Report, ALongMessageKeepsItsReason) {
  Error cause;
  cause.message = "open /srv/" + std::string(5000, 'x') + ": File name too long";
  tidemark_error error = blank();
  EXPECT_EQ(report(cause, &error), TIDEMARK_E_PERMANENT);
  const std::string message = error.message;
  EXPECT_EQ(message.size(), TIDEMARK_MESSAGE_MAX - 1);
  EXPECT_TRUE(message.starts_with("open /srv/xxx")) << message;
  EXPECT_TRUE(message.ends_with("xxx: File name too long")) << message;
}

TEST(Report, FillsOnlyWhatAShorterStructHas) {
  Error cause;
  cause.sys_errno = EIO;
  cause.http_status = 503;
  cause.message = "text";
  tidemark_error error;
  std::memset(&error, 0x5A, sizeof error);
  error.struct_size = offsetof(tidemark_error, http_status);
  report(cause, &error);
  EXPECT_EQ(error.sys_errno, EIO);
  EXPECT_EQ(error.http_status, 0x5A5A5A5A);
  EXPECT_EQ(error.message[0], 0x5A);
}

TEST(FailErrno, IsNewsOfTheSink) {
  EXPECT_EQ(fail_errno(EROFS, "x").value().status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(fail_errno(ENOTDIR, "x").value().status, TIDEMARK_E_PERMANENT);
  const Error error = fail_errno(EACCES, "open /srv/a").value();
  EXPECT_EQ(error.message, "open /srv/a: Permission denied");
  EXPECT_EQ(error.sys_errno, EACCES);
}

TEST(Quoted, ShortensInTheMiddle) {
  EXPECT_EQ(quote("a"), "\"a\"");
  const std::string text = quote(std::string(500, 'a') + "end");
  EXPECT_LT(text.size(), 130u);
  EXPECT_NE(text.find("...a"), std::string::npos);
  EXPECT_TRUE(text.ends_with("end\""));
}

}  // namespace
}  // namespace tidemark::sinks
