#include "http/small_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "fixture.h"

namespace tidemark::sinks {
namespace {

TEST(SmallFile, IsReadWhole) {
  const TempDir dir;
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{100'000}, kSmallFileMaxBytes}) {
    const std::string text(size, 'x');
    write_file(dir / "f", text);
    const Result<std::string> read = read_small_file(dir / "f");
    ASSERT_TRUE(read) << size << ": " << read.error().message;
    EXPECT_TRUE(*read == text) << size;
  }
  const Result<std::string> of_kernel = read_small_file("/proc/self/status");  // says that it has 0 bytes
  ASSERT_TRUE(of_kernel);
  EXPECT_NE(of_kernel->find("VmRSS"), std::string::npos);
}

TEST(SmallFile, SaysWhatIsWrong) {
  const TempDir dir;
  EXPECT_EQ(read_small_file(dir / "none").error().status, TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(read_small_file(dir / ".").error().status, TIDEMARK_E_PERMANENT);
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(dir / "fifo").error().status,
            TIDEMARK_E_PERMANENT);  // and does not wait for a writer
  write_file(dir / "large", std::string(kSmallFileMaxBytes + 1, 'x'));
  const Error large = read_small_file(dir / "large").error();
  EXPECT_EQ(large.status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(large.message.find(dir / "large"), std::string::npos);
}

TEST(FileStamp, ChangesWithTheFile) {
  const TempDir dir;
  const std::string path = dir / "f";
  const FileStamp none = FileStamp::of(path);
  EXPECT_EQ(none.inode, 0U);
  write_file(path, "one");
  const FileStamp one = FileStamp::of(path);
  EXPECT_FALSE(one == none);
  EXPECT_EQ(one, FileStamp::of(path));
  write_file(path, "longer");
  const FileStamp longer = FileStamp::of(path);
  EXPECT_FALSE(longer == one);
  // As Kubernetes does it: the path is a link, and the link is replaced.
  write_file(dir / "other", "longer");
  std::filesystem::create_symlink(dir / "f", dir / "link");
  const FileStamp before = FileStamp::of(dir / "link");
  std::filesystem::create_symlink(dir / "other", dir / "link.new");
  std::filesystem::rename(dir / "link.new", dir / "link");
  EXPECT_FALSE(FileStamp::of(dir / "link") == before);
  std::filesystem::remove(path);
  EXPECT_EQ(FileStamp::of(path), none);
}

}  // namespace
}  // namespace tidemark::sinks
