#include "file/body_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

constexpr size_t kBlocksBytes = 200 * 1024;  // more than a pipe takes, less than what is reserved on a disk

struct Ends {
  UniqueFd read, write;
  Ends() {
    int ends[2];
    if (pipe(ends) == 0) read = UniqueFd(ends[0]), write = UniqueFd(ends[1]);
  }
};

void read_all(int fd, size_t size) {
  std::string bytes(size, '\0');
  for (size_t at = 0; at < size;) {
    const ssize_t count = ::read(fd, bytes.data() + at, size - at);
    ASSERT_GT(count, 0);
    at += static_cast<size_t>(count);
  }
}

TEST(BodyPipe, WritesThePiecesInOrder) {
  TempDir dir;
  const UniqueFd fd(open((dir / "body").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  BufferPool pool;
  std::string expected;
  BodyWriter writer(fd.get(), UINT32_MAX);
  const auto pipe = BodyPipe::start(writer, pool);
  ASSERT_NE(pipe, nullptr);
  for (size_t i = 1; i <= 40; ++i) {
    const size_t size = i * 7919 % pool.buffer_bytes();
    char* const to = pipe->next();
    ASSERT_NE(to, nullptr);
    std::memset(to, static_cast<int>(i), size);
    expected.append(size, static_cast<char>(i));
    pipe->give(size);
  }
  EXPECT_EQ(pipe->finish(), 0);
  EXPECT_TRUE(read_file(dir / "body") == expected);
}

TEST(BodyPipe, HasABufferForTheNextPieceWhileOneIsWritten) {
  const Ends ends;
  BufferPool pool;
  BodyWriter writer(ends.write.get(), kBlocksBytes);
  const auto pipe = BodyPipe::start(writer, pool);
  ASSERT_NE(pipe, nullptr);
  char* const first = pipe->next();
  pipe->give(kBlocksBytes);
  char* const second = pipe->next();  // nobody reads: the write is still under way
  EXPECT_NE(second, nullptr);
  EXPECT_NE(first, second);
  read_all(ends.read.get(), kBlocksBytes);
  EXPECT_EQ(pipe->finish(), 0);
}

TEST(BodyPipe, SaysWhatFailedAndTakesNoMore) {
  TempDir dir;
  write_file(dir / "body", "");
  const UniqueFd fd(open((dir / "body").c_str(), O_RDONLY | O_CLOEXEC));
  BufferPool pool;
  BodyWriter writer(fd.get(), UINT32_MAX);
  const auto pipe = BodyPipe::start(writer, pool);
  ASSERT_NE(pipe, nullptr);
  int given = 0;
  while (pipe->next() != nullptr && given < 10) {
    pipe->give(1);
    ++given;
  }
  EXPECT_LE(given, 2);
  EXPECT_EQ(pipe->finish(), EBADF);
}

TEST(BodyPipe, MayBeGivenUpHalfWay) {
  TempDir dir;
  const UniqueFd fd(open((dir / "body").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  BufferPool pool;
  BodyWriter writer(fd.get(), UINT32_MAX);
  const auto pipe = BodyPipe::start(writer, pool);
  ASSERT_NE(pipe, nullptr);
  ASSERT_NE(pipe->next(), nullptr);
  pipe->give(100);
}

}  // namespace
}  // namespace tidemark::sinks::file
