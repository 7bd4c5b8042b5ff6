#include "base/url_user.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(WithoutUser, IsTheUrlOfThePlace) {
  EXPECT_EQ(without_user("s3://user:pass@bucket/prefix"), "s3://bucket/prefix");
  EXPECT_EQ(without_user("s3://user:p@ss@bucket/a@b"), "s3://bucket/a@b");
  EXPECT_EQ(without_user("s3://user@bucket"), "s3://bucket");
  EXPECT_EQ(without_user("s3://@bucket"), "s3://bucket");
  for (const char* same : {"", "s3://bucket/a@b", "file:///a@b", "faulty:?of=a@b", "a@b", "s3://"})
    EXPECT_EQ(without_user(same), same);
}

}  // namespace
}  // namespace tidemark
