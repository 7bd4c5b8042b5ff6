#include "base/guard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <stdexcept>

namespace tidemark {
namespace {

TEST(Guard, TurnsExceptionsIntoStatuses) {
  tidemark_error error = empty_abi_error();
  EXPECT_EQ(guard(&error, []() -> Status { throw std::bad_alloc(); }), TIDEMARK_E_RETRYABLE);
  EXPECT_STREQ(error.message, "out of memory");
  EXPECT_EQ(guard(&error, []() -> Status { throw std::runtime_error("broken\nthing"); }),
            TIDEMARK_E_PERMANENT);
  EXPECT_STREQ(error.message, "unexpected: broken thing");
  EXPECT_EQ(guard(&error, []() -> Status { throw 5; }), TIDEMARK_E_PERMANENT);
  EXPECT_STREQ(error.message, "unexpected");
  EXPECT_EQ(guard(nullptr, []() -> Status { throw std::bad_alloc(); }), TIDEMARK_E_RETRYABLE);
}

TEST(Guard, LeavesTheErrorAloneWhenItWasReported) {
  tidemark_error error = empty_abi_error();
  std::strcpy(error.message, "from further in");
  EXPECT_EQ(guard(&error, []() -> Status { return passed_on(142); }), 142);
  EXPECT_STREQ(error.message, "from further in");
  EXPECT_EQ(guard(&error, []() -> Status { return {}; }), TIDEMARK_OK);
  EXPECT_STREQ(error.message, "from further in");
}

TEST(Guarded, GivesTheValueOrWhatWasThrown) {
  EXPECT_EQ(*guarded([]() -> Result<int> { return 5; }), 5);
  const Result<int> thrown = guarded([]() -> Result<int> { throw std::bad_alloc(); });
  ASSERT_FALSE(thrown);
  EXPECT_TRUE(is_out_of_memory(thrown.error()));
}

}  // namespace
}  // namespace tidemark
