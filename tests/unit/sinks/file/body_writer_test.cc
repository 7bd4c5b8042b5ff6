#include "file/body_writer.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "base/fd.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMiB = 1 << 20;

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};

class BodyWriterTest : public ::testing::Test {
 protected:
  // Random bytes that begin `shift` bytes after a page's edge.
  char* bytes(size_t size, size_t shift) {
    memory_.reset(static_cast<char*>(std::aligned_alloc(kPage, (size + shift) / kPage * kPage + kPage)));
    std::mt19937 random(size);
    for (size_t i = 0; i < size; ++i) memory_.get()[shift + i] = static_cast<char>(random());
    return memory_.get() + shift;
  }
  static bool is_of_a_disk(int fd) {
    struct statfs info;
    return fstatfs(fd, &info) == 0 && info.f_type != TMPFS_MAGIC;
  }
  // In whole pages.
  static size_t cached_bytes(int fd, size_t size) {
    void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    EXPECT_NE(mapped, MAP_FAILED);
    std::vector<unsigned char> pages((size + kPage - 1) / kPage);
    EXPECT_EQ(mincore(mapped, size, pages.data()), 0);
    munmap(mapped, size);
    const auto is_there = [](unsigned char page) { return (page & 1) != 0; };
    return kPage * static_cast<size_t>(std::count_if(pages.begin(), pages.end(), is_there));
  }

  TempDir dir_;
  std::unique_ptr<char, Free> memory_;
};

TEST_F(BodyWriterTest, WritesEveryByteHoweverPiecesLie) {
  for (const size_t size : {size_t{0}, size_t{1}, kPage, kMiB - 1, kMiB, kMiB + 512, 3 * kMiB + 512}) {
    for (const size_t shift : {size_t{0}, size_t{8}}) {
      const char* data = bytes(size, shift);
      for (const size_t piece : {kPage, 5 * kPage, size_t{100'000}, size_t{512 * 1024}}) {
        const std::string path = dir_ / "body";
        const UniqueFd fd(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644));
        BodyWriter writer(fd.get(), size);
        ASSERT_EQ(writer.begin(), 0);
        for (size_t at = 0; at < size; at += piece) {
          ASSERT_EQ(writer.write(data + at, std::min(piece, size - at)), 0)
              << size << " " << shift << " " << piece;
        }
        ASSERT_EQ(writer.finish(), 0);
        ASSERT_TRUE(read_file(path) == std::string(data, size)) << size << " " << shift << " " << piece;
      }
    }
  }
}

TEST_F(BodyWriterTest, WhatTheDiskHasIsDroppedFromTheCache) {
  constexpr size_t kWindow = BodyWriter::kWindowBytes;
  const UniqueFd fd(open((dir_ / "body").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
  if (!is_of_a_disk(fd.get())) GTEST_SKIP() << "this file system has its files in memory alone";
  const char* data = bytes(3 * kWindow + 512, 0);
  BodyWriter writer(fd.get(), 3 * kWindow + 512);
  ASSERT_EQ(writer.begin(), 0);
  for (size_t at = 0; at < 3 * kWindow; at += kMiB) {
    ASSERT_EQ(writer.write(data + at, kMiB), 0);
    EXPECT_LE(cached_bytes(fd.get(), at + kMiB), 2 * kWindow) << at;
  }
  ASSERT_EQ(writer.write(data + 3 * kWindow, 512), 0);
  EXPECT_GT(cached_bytes(fd.get(), 3 * kWindow + 512), 0U);
  ASSERT_EQ(writer.finish(), 0);
  EXPECT_LT(cached_bytes(fd.get(), 3 * kWindow + 512), kMiB);  // a page that somebody looks at stays
}

TEST_F(BodyWriterTest, OneWriteOfAllIsInWindowsToo) {
  constexpr size_t kSize = 3 * BodyWriter::kWindowBytes + 512;
  const UniqueFd fd(open((dir_ / "body").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
  if (!is_of_a_disk(fd.get())) GTEST_SKIP() << "this file system has its files in memory alone";
  const char* data = bytes(kSize, 8);
  BodyWriter writer(fd.get(), kSize);
  ASSERT_EQ(writer.begin(), 0);
  ASSERT_EQ(writer.write(data, kSize), 0);
  EXPECT_LE(cached_bytes(fd.get(), kSize), 2 * BodyWriter::kWindowBytes);
  ASSERT_EQ(writer.finish(), 0);
  EXPECT_TRUE(read_file(dir_ / "body") == std::string(data, kSize));
}

TEST_F(BodyWriterTest, SmallBodiesStayInTheCache) {
  const UniqueFd fd(open((dir_ / "body").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
  BodyWriter writer(fd.get(), kMiB - 1);
  ASSERT_EQ(writer.begin(), 0);
  ASSERT_EQ(writer.write(bytes(kMiB - 1, 0), kMiB - 1), 0);
  ASSERT_EQ(writer.finish(), 0);
  EXPECT_EQ(cached_bytes(fd.get(), kMiB - 1), kMiB);
}

TEST_F(BodyWriterTest, SaysWhatTheSystemSays) {
  write_file(dir_ / "body", "");
  const UniqueFd fd(open((dir_ / "body").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(BodyWriter(fd.get(), kMiB).begin(), EBADF);
  EXPECT_EQ(BodyWriter(fd.get(), 1).write("x", 1), EBADF);
}

}  // namespace
}  // namespace tidemark::sinks::file
