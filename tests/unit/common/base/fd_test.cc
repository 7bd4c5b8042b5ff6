#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace tidemark {
namespace {

int open_null() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFdTest, ClosesAtTheEndOfItsLife) {
  int fd = -1;
  {
    const UniqueFd owner(open_null());
    fd = owner.get();
    ASSERT_TRUE(owner);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFdTest, OwnsNothing) {
  UniqueFd owner;
  EXPECT_FALSE(owner);
  EXPECT_EQ(owner.get(), -1);
  owner.reset();
  EXPECT_FALSE(UniqueFd(-1));
}

TEST(UniqueFdTest, ZeroIsADescriptor) {
  UniqueFd owner(0);
  EXPECT_TRUE(owner);
  EXPECT_EQ(owner.release(), 0);
}

TEST(UniqueFdTest, MovesItsDescriptorOn) {
  UniqueFd first(open_null());
  const int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(second.get(), fd);

  UniqueFd third(open_null());
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), fd);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_TRUE(is_open(fd));

  UniqueFd& itself = third;
  third = std::move(itself);
  EXPECT_EQ(third.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFdTest, ResetClosesAndReleaseDoesNot) {
  UniqueFd owner(open_null());
  const int first = owner.get();
  owner.reset(open_null());
  EXPECT_NE(owner.get(), first);
  EXPECT_FALSE(is_open(first));
  const int second = owner.release();
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(second));
  close(second);
}

}  // namespace
}  // namespace tidemark
