#include "base/status_name.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(StatusName, NamesWhatThereIs) {
  EXPECT_EQ(status_name(TIDEMARK_OK), "OK");
  EXPECT_EQ(status_name(TIDEMARK_E_INVALID), "INVALID");
  EXPECT_EQ(status_name(TIDEMARK_E_UNSUPPORTED), "UNSUPPORTED");
  EXPECT_EQ(status_name(TIDEMARK_E_NOT_FOUND), "NOT_FOUND");
  EXPECT_EQ(status_name(TIDEMARK_E_EXISTS), "EXISTS");
  EXPECT_EQ(status_name(TIDEMARK_E_PERMANENT), "PERMANENT");
  EXPECT_EQ(status_name(TIDEMARK_E_CORRUPT), "CORRUPT");
  EXPECT_EQ(status_name(TIDEMARK_E_CANCELLED), "CANCELLED");
  EXPECT_EQ(status_name(TIDEMARK_E_RETRYABLE), "RETRYABLE");
  EXPECT_EQ(status_name(TIDEMARK_E_THROTTLED), "THROTTLED");
  EXPECT_EQ(status_name(TIDEMARK_E_NO_SPACE), "NO_SPACE");
}

TEST(StatusName, NumbersWhatThereIsNot) {
  EXPECT_EQ(status_name(12345), "status 12345");
  EXPECT_EQ(status_name(-3), "status -3");
}

}  // namespace
}  // namespace tidemark
