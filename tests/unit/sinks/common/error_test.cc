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

TEST(Report, CutsAtACharactersEdge) {
  std::string message(TIDEMARK_MESSAGE_MAX - 2, 'x');
  message += "\xC3\xA4 and more";
  Error cause;
  cause.message = message;
  tidemark_error error = blank();
  EXPECT_EQ(report(cause, &error), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(std::string(error.message), std::string(TIDEMARK_MESSAGE_MAX - 2, 'x'));
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

TEST(FailErrno, Classifies) {
  const auto status = [](int sys_errno) { return fail_errno(sys_errno, "x").value().status; };
  EXPECT_EQ(status(ENOENT), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status(ENOSPC), TIDEMARK_E_NO_SPACE);
  EXPECT_EQ(status(EDQUOT), TIDEMARK_E_NO_SPACE);
  EXPECT_EQ(status(EIO), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status(EMFILE), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status(EACCES), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status(EROFS), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status(ENAMETOOLONG), TIDEMARK_E_PERMANENT);
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
