#include "file/body_writer.h"

#include <fcntl.h>

#include <cstdlib>
#include <memory>
#include <random>

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
  // Random bytes that begin `shift` bytes behind a page's edge.
  char* bytes(size_t size, size_t shift) {
    memory_.reset(static_cast<char*>(std::aligned_alloc(kPage, (size + shift) / kPage * kPage + kPage)));
    std::mt19937 random(size);
    for (size_t i = 0; i < size; ++i) memory_.get()[shift + i] = static_cast<char>(random());
    return memory_.get() + shift;
  }
  static bool is_direct(int fd) { return (fcntl(fd, F_GETFL) & O_DIRECT) != 0; }

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
        ASSERT_TRUE(read_file(path) == std::string(data, size)) << size << " " << shift << " " << piece;
      }
    }
  }
}

TEST_F(BodyWriterTest, LargeBodiesPassTheCacheByAndTheirTailDoesNot) {
  const UniqueFd fd(open((dir_ / "body").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  if (fcntl(fd.get(), F_SETFL, O_DIRECT) != 0) GTEST_SKIP() << "this file system knows no O_DIRECT";
  ASSERT_EQ(fcntl(fd.get(), F_SETFL, 0), 0);
  const char* data = bytes(kMiB + 512, 0);
  BodyWriter writer(fd.get(), kMiB + 512);
  ASSERT_EQ(writer.begin(), 0);
  ASSERT_EQ(writer.write(data, kMiB), 0);
  EXPECT_TRUE(is_direct(fd.get()));
  ASSERT_EQ(writer.write(data + kMiB, 512), 0);
  EXPECT_FALSE(is_direct(fd.get()));
}

TEST_F(BodyWriterTest, SmallBodiesDoNot) {
  const UniqueFd fd(open((dir_ / "body").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  BodyWriter writer(fd.get(), kMiB - 1);
  ASSERT_EQ(writer.begin(), 0);
  EXPECT_FALSE(is_direct(fd.get()));
}

TEST_F(BodyWriterTest, SaysWhatTheSystemSays) {
  write_file(dir_ / "body", "");
  const UniqueFd fd(open((dir_ / "body").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(BodyWriter(fd.get(), kMiB).begin(), EBADF);
  EXPECT_EQ(BodyWriter(fd.get(), 1).write("x", 1), EBADF);
}

}  // namespace
}  // namespace tidemark::sinks::file
