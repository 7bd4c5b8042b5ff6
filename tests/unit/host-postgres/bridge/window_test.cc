// From the lowest that is not archived to what is ready after the one that is offered.
#include "bridge/window.h"

#include <gtest/gtest.h>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

std::string name(uint64_t segment, uint32_t timeline = 1) {
  return segment_name(timeline, segment, kCluster);
}

class WindowTest : public ::testing::Test {
 protected:
  void add(uint64_t segment, const char* status, uint32_t timeline = 1) {
    wal_.write(name(segment, timeline), "");
    if (std::string(status) == "ready") wal_.ready(name(segment, timeline));
    if (std::string(status) == "done") wal_.done(name(segment, timeline));
  }
  SegmentRange around(uint64_t segment, uint32_t ahead = 4, uint32_t timeline = 1) {
    const auto range = window_.around(timeline, segment, ahead);
    EXPECT_TRUE(range);
    return range.value_or(SegmentRange{});
  }

  PgWal wal_;
  Window window_{wal_.wal(), kCluster};
};

TEST_F(WindowTest, ReachesAsFarAsIsReady) {
  for (uint64_t i = 5; i <= 7; ++i) add(i, "ready");
  add(8, "");
  EXPECT_EQ(around(5), (SegmentRange{5, 7}));
  for (uint64_t i = 8; i <= 20; ++i) add(i, "ready");
  wal_.done(name(5));
  EXPECT_EQ(around(6), (SegmentRange{6, 10}));
  EXPECT_EQ(around(6, 0), (SegmentRange{6, 10}));  // it never shrinks
}

TEST_F(WindowTest, TheFirstTimeTheDirectoryIsRead) {
  for (uint64_t i = 3; i <= 4; ++i) add(i, "done");
  add(5, "ready");
  for (uint64_t i = 6; i <= 9; ++i) add(i, "done");
  for (uint64_t i = 10; i <= 90; ++i) add(i, "ready");
  add(91, "");
  add(1, "ready", 2);
  EXPECT_EQ(around(5), (SegmentRange{5, 90}));
}

TEST_F(WindowTest, WhatHasNoStatusYetIsNotPassed) {
  add(4, "");
  add(5, "ready");
  EXPECT_EQ(around(5), (SegmentRange{4, 5}));
}

TEST_F(WindowTest, ALateOneIsTheLowest) {
  add(8, "ready");
  EXPECT_EQ(around(8), (SegmentRange{8, 8}));
  wal_.done(name(8));
  add(7, "ready");
  EXPECT_EQ(around(7), (SegmentRange{7, 8}));
  wal_.done(name(7));
  add(9, "ready");
  EXPECT_EQ(around(9), (SegmentRange{9, 9}));
}

TEST_F(WindowTest, OneThatIsNotDoneHoldsTheLow) {
  add(5, "ready");
  add(7, "ready");
  EXPECT_EQ(around(5), (SegmentRange{5, 7}));
  EXPECT_EQ(around(7), (SegmentRange{5, 7}));
  std::filesystem::remove(wal_.wal() + "/" + name(5));
  EXPECT_EQ(around(7), (SegmentRange{7, 7}));
}

TEST_F(WindowTest, TimelinesAreApart) {
  add(13, "ready", 2);
  add(5, "ready", 1);
  EXPECT_EQ(around(13, 4, 2), (SegmentRange{13, 13}));
  EXPECT_EQ(around(5), (SegmentRange{5, 5}));
  for (uint32_t timeline = 3; timeline < 40; ++timeline) {
    add(20, "ready", timeline);
    EXPECT_EQ(around(20, 4, timeline), (SegmentRange{20, 20}));
  }
  EXPECT_EQ(around(13, 4, 2), (SegmentRange{13, 13}));
}

TEST_F(WindowTest, ALongJumpReadsTheDirectoryAgain) {
  add(5, "ready");
  EXPECT_EQ(around(5), (SegmentRange{5, 5}));
  wal_.done(name(5));
  std::filesystem::remove(wal_.wal() + "/" + name(5));
  add(100000, "ready");
  EXPECT_EQ(around(100000), (SegmentRange{100000, 100000}));
}

TEST_F(WindowTest, WithoutItsDirectoryItSaysSo) {
  std::filesystem::remove_all(wal_.wal());
  const auto range = window_.around(1, 5, 4);
  ASSERT_FALSE(range);
  EXPECT_NE(range.error().message.find("archive_status"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::postgres
