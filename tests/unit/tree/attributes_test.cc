// What an archive does not keep is noticed; files that are none of a disk are told apart from those that
// change.
#include "tree/attributes.h"

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <cerrno>

#include "tar/source_tools.h"

namespace tidemark::tree {
namespace {

using tar::EntrySource;
using tar::kLayoutBytesMin;
using tar::SourceLimits;
using test::kTinyBuffer;
using test::open_one;
using test::read_all;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

// Held in memory, streamed, and in pieces.
class AttributesTest : public testing::TestWithParam<SourceLimits> {
 protected:
  AttributesTest() : source_(GetParam()) {
    fs::create_directories(dir_ / "e/sub");
    for (int i = 0; i < 700; ++i) write_file((dir_ / "e") + "/" + std::to_string(i), "x");
    write_file(dir_ / "e/sub/file", "y");
  }
  bool set(const std::string& path) {
    if (setxattr(path.c_str(), "user.color", "red", 3, 0) == 0) return true;
    EXPECT_EQ(errno, ENOTSUP);
    return false;
  }
  std::string found(const std::string& entry) {
    const Status status = open_one(source_, entry);
    EXPECT_TRUE(status) << status.error().message;
    EXPECT_TRUE(read_all(source_));
    source_.close();
    return source_.attributes_found();
  }

  TempDir dir_;
  EntrySource source_;
};

INSTANTIATE_TEST_SUITE_P(Sources, AttributesTest,
                         testing::Values(SourceLimits{4 << 20, 1 << 20}, SourceLimits{kTinyBuffer, 1 << 20},
                                         SourceLimits{kTinyBuffer, kLayoutBytesMin}));

TEST_P(AttributesTest, TheFirstMemberThatHasSomeIsNamed) {
  EXPECT_EQ(found(dir_ / "e"), "");
  if (!set(dir_ / "e/sub/file")) GTEST_SKIP() << "this file system has no extended attributes";
  source_.forget_attributes();
  EXPECT_EQ(found(dir_ / "e"), (dir_ / "e/sub/file") + " (user.color)");
  set(dir_ / "e");
  EXPECT_EQ(found(dir_ / "e"), (dir_ / "e/sub/file") + " (user.color)") << "once";
  source_.forget_attributes();
  EXPECT_EQ(found(dir_ / "e"), (dir_ / "e") + " (user.color)");
  source_.forget_attributes();
  set(dir_ / "e/7");
  EXPECT_EQ(found(dir_ / "e/7"), (dir_ / "e/7") + " (user.color)") << "an entry that is a file";
}

TEST_P(AttributesTest, AfterAThousandMembersSomeAreAskedStill) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(found(dir_ / "e"), "");
  for (int i = 100; i < 200; ++i) {
    if (!set((dir_ / "e/") + std::to_string(i)))
      GTEST_SKIP() << "this file system has no extended attributes";
  }
  EXPECT_NE(found(dir_ / "e").find(" (user.color)"), std::string::npos);
}

// Real ones: the system makes their content when they are read.
TEST_P(AttributesTest, AFileThatIsNoneOfADiskIsToldFromOneThatChanges) {
  for (const auto& [path, what] : {std::pair("/proc/version", "reports size 0 but has content"),
                                   std::pair("/sys/kernel/mm/transparent_hugepage/enabled",
                                             "reports size 4096 but has more or less content")}) {
    if (!fs::exists(path)) continue;
    Status status = open_one(source_, path);
    if (status) {
      const auto bytes = read_all(source_);
      ASSERT_FALSE(bytes) << path;
      status = bytes.error();
    }
    EXPECT_EQ(status.error().status, TIDEMARK_E_PERMANENT) << status.error().message;
    EXPECT_EQ(status.error().message.find(std::string(path) + ": " + what +
                                          "; it is not a file on a disk (those below /proc are like that)"),
              0U)
        << status.error().message;
  }
}

TEST_P(AttributesTest, AlsoAmongFilesThatAre) {
  const std::string entry = "/proc/self/net/stat";  // a directory of such files alone
  if (!fs::is_directory(entry) || fs::is_empty(entry)) GTEST_SKIP();
  Status status = open_one(source_, entry);
  if (status) {
    const auto bytes = read_all(source_);
    ASSERT_FALSE(bytes);
    status = bytes.error();
  }
  EXPECT_EQ(status.error().status, TIDEMARK_E_PERMANENT) << status.error().message;
  EXPECT_NE(status.error().message.find("reports size 0"), std::string::npos) << status.error().message;
}

}  // namespace
}  // namespace tidemark::tree
