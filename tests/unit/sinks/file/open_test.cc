// What can be opened, and how it is said that something cannot.
#include <sys/stat.h>

#include "file/file_sink_fixture.h"

namespace tidemark::sinks::file {
namespace {

class FileOpen : public FileSinkTest {};

TEST_P(FileOpen, CreatesItsDirectoryWithAllLevels) {
  auto sink = open("a%20b/c//./d%25/");
  ASSERT_TRUE(put(*sink, "x/y", "text"));
  EXPECT_EQ(read_file(dir_ / "a b/c/d%/x/y"), "text");
}

TEST_P(FileOpen, ADirectoryThatIsNone) {
  write_file(dir_ / "file", "x");
  const auto sink = try_open("file");
  EXPECT_EQ(status_of(sink), TIDEMARK_E_PERMANENT);
  EXPECT_NE(sink.error().message.find(dir_ / "file"), std::string::npos) << sink.error().message;
  EXPECT_EQ(status_of(try_open("file/below")), TIDEMARK_E_PERMANENT);
}

TEST_P(FileOpen, OpenOnAFullFileSystem) {
  if (!dir_.mount("full", "size=64k")) GTEST_SKIP() << "may not mount";
  write_file(dir_ / "full/ballast", std::string(128 << 10, 'x'));
  const auto sink = try_open("full");
  EXPECT_EQ(status_of(sink), TIDEMARK_E_NO_SPACE) << sink.error().message;
}

TEST_P(FileOpen, ReadOnlyFileSystem) {
  if (!dir_.mount("fixed", "size=1m", MS_RDONLY)) GTEST_SKIP() << "may not mount";
  for (const char* name : {"fixed", "fixed/root"}) {
    const auto sink = try_open(name);
    ASSERT_EQ(status_of(sink), TIDEMARK_E_RETRYABLE) << "it may be mounted otherwise";
    EXPECT_NE(sink.error().message.find("Read-only"), std::string::npos) << sink.error().message;
    EXPECT_NE(sink.error().message.find(dir_ / name), std::string::npos) << sink.error().message;
  }
}

TEST_P(FileOpen, ForbiddenDirectory) {
  std::filesystem::create_directory(dir_ / "forbidden");
  // Root may write anywhere, so root's test takes the rights of another user.
  ASSERT_EQ(chmod((dir_ / "").c_str(), 0755), 0);
  ASSERT_EQ(chmod((dir_ / "forbidden").c_str(), 0555), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto sink = try_open("forbidden");
  const auto below = try_open("forbidden/root");
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  for (const auto* result : {&sink, &below}) {
    ASSERT_EQ(status_of(*result), TIDEMARK_E_PERMANENT);
    EXPECT_NE(result->error().message.find("Permission denied"), std::string::npos)
        << result->error().message;
    EXPECT_NE(result->error().message.find("forbidden"), std::string::npos) << result->error().message;
  }
}

INSTANTIATE_FOR_BOTH_STAGINGS(FileOpen);

}  // namespace
}  // namespace tidemark::sinks::file
