// What is taken from a spool is looked at, and what is not there is not waited for.
#include "tool/prefetch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/fd.h"
#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    wish_.access.sink = "file:///nowhere";
    wish_.cluster = kCluster;
    wish_.path = wal_.wal() + "/RECOVERYXLOG";
    wish_.prefetch_bytes = 8 << 20;
    std::filesystem::create_directories(Spool(wish_).directory());
  }
  void put(uint64_t segment, uint32_t timeline = 1) {
    wal_.segment(segment, 'x', timeline);
    std::filesystem::rename(wal_.wal() + "/" + segment_name(timeline, segment, kCluster),
                            path(segment, timeline));
  }
  std::string path(uint64_t segment, uint32_t timeline = 1) const {
    return Spool(wish_).directory() + "/" + segment_name(timeline, segment, kCluster);
  }
  bool take(uint64_t segment) { return Spool(wish_).take({WalKind::kSegment, 1, segment, 0}); }
  bool is_there(uint64_t segment, uint32_t timeline = 1) const {
    return std::filesystem::exists(path(segment, timeline));
  }

  PgWal wal_;
  GetWish wish_;
};

TEST_F(SpoolTest, TakesAndDropsWhatWasPassed) {
  for (uint64_t segment = 5; segment < 9; ++segment) put(segment);
  put(5, 2);
  EXPECT_TRUE(take(7));
  EXPECT_EQ(std::filesystem::file_size(wish_.path), kCluster.segment_bytes);
  EXPECT_FALSE(is_there(5) || is_there(6) || is_there(7));
  EXPECT_TRUE(is_there(8) && is_there(5, 2));
  EXPECT_FALSE(take(7));
  EXPECT_FALSE(take(9));
}

TEST_F(SpoolTest, WhatIsCutOffOrAnotherIsNotTaken) {
  put(5);
  std::filesystem::resize_file(path(5), 8192);
  EXPECT_FALSE(take(5));
  put(6);
  std::filesystem::rename(path(6), path(7));
  EXPECT_FALSE(take(7));
  EXPECT_FALSE(std::filesystem::exists(wish_.path));
}

TEST_F(SpoolTest, AnotherSinkHasAnotherSpool) {
  put(5);
  wish_.access.sink = "file:///elsewhere";
  EXPECT_FALSE(take(5));
  Spool(wish_).remove();
  wish_.access.sink = "file:///nowhere";
  EXPECT_FALSE(is_there(5));
}

// Nobody would ask for it again.
TEST_F(SpoolTest, WhatAnotherRecoveryHasLeftDoesNotStay) {
  for (const uint64_t segment : {4, 5, 6, 9, 100}) put(segment);
  put(6, 2);
  Spool(wish_).keep_only({WalKind::kSegment, 1, 5, 0}, 9);
  EXPECT_TRUE(is_there(6) && is_there(9));
  EXPECT_FALSE(is_there(4) || is_there(5) || is_there(100) || is_there(6, 2));
}

// A helper stays for a while after it has brought all that it may: only what it is about to bring is waited
// for.
TEST_F(SpoolTest, WhatAHelperDoesNotBringIsNotWaitedFor) {
  const std::string path = Spool(wish_).directory() + "/lock";
  const auto is_coming = [this](uint32_t timeline, uint64_t segment) {
    return Spool(wish_).is_coming({WalKind::kSegment, timeline, segment, 0});
  };
  std::ofstream(path) << "";
  UniqueFd helper(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(helper.get(), LOCK_EX), 0);
  EXPECT_TRUE(is_coming(1, 7)) << "it has only begun";
  std::ofstream(path) << "00000001 0000000000000005 000000000000000C";
  EXPECT_TRUE(is_coming(1, 5) && is_coming(1, 12));
  EXPECT_FALSE(is_coming(1, 4)) << "taken before";
  EXPECT_FALSE(is_coming(1, 13)) << "not yet";
  EXPECT_FALSE(is_coming(2, 6)) << "of another timeline";
  std::thread server([this] { EXPECT_TRUE(take(6)) << "it waited"; });
  put(6);
  server.join();
  helper.reset();
  EXPECT_FALSE(is_coming(1, 7)) << "it has ended";
}

// One that was left by a recovery which began elsewhere makes room for another.
TEST_F(SpoolTest, AHelperOfAnotherRecoveryIsToldToGo) {
  const std::string path = Spool(wish_).directory() + "/lock";
  std::ofstream(path) << "00000001 0000000000000005 000000000000000C";
  const UniqueFd helper(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(helper.get(), LOCK_EX), 0);
  struct stat status {};
  Spool(wish_).fill_after({WalKind::kSegment, 1, 4, 0});
  ASSERT_EQ(::fstat(helper.get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 1U) << "it brings what comes next";
  Spool(wish_).fill_after({WalKind::kSegment, 1, 100, 0});
  ASSERT_EQ(::fstat(helper.get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 0U);
  // The one that was started finds no sink, and ends.
  for (UniqueFd own; !own || ::flock(own.get(), LOCK_EX | LOCK_NB) != 0; std::this_thread::yield())
    own = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
}

TEST_F(SpoolTest, OnlyForARecovery) {
  EXPECT_TRUE(may_prefetch(wish_));
  wish_.prefetch_bytes = kCluster.segment_bytes - 1;
  EXPECT_FALSE(may_prefetch(wish_));
  wish_.prefetch_bytes = 8 << 20;
  wish_.path = wal_.wal() + "/" + segment_name(1, 5, kCluster);  // pg_rewind
  EXPECT_FALSE(may_prefetch(wish_));
}

}  // namespace
}  // namespace tidemark::postgres
