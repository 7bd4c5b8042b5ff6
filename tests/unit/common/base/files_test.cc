#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "common/temp_dir.h"

namespace tidemark {
namespace {

class FilesTest : public test::CommonTempDir {};

TEST_F(FilesTest, ReplacesWholeAndReadsWhole) {
  for (const Durability durability : {Durability::kFsync, Durability::kUnsafe}) {
    const std::string text(200'000, durability == Durability::kFsync ? 'a' : 'b');
    ASSERT_TRUE(replace_file(dir_ + "/file", text, durability));
    EXPECT_EQ(*read_file(dir_ + "/file"), text);
    EXPECT_FALSE(std::filesystem::exists(dir_ + "/file.tmp"));
  }
  EXPECT_EQ(replace_file(dir_ + "/none/file", "x", Durability::kFsync).error().sys_errno, ENOENT);
  // What cannot be put in the place leaves nothing beside it.
  ASSERT_TRUE(make_dirs(dir_ + "/directory", Durability::kUnsafe));
  EXPECT_EQ(replace_file(dir_ + "/directory", "x", Durability::kFsync).error().sys_errno, EISDIR);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/directory.tmp"));
}

// What was left there, or put there, is neither waited for nor written through.
TEST_F(FilesTest, WhatHasTheTemporaryNameIsReplaced) {
  const std::string path = dir_ + "/file", temporary = path + ".tmp";
  ASSERT_TRUE(replace_file(dir_ + "/other", "kept", Durability::kUnsafe));
  for (const char* const kind : {"file", "link", "hard link", "fifo"}) {
    const std::string what = kind;
    if (what == "file") {
      ASSERT_EQ(::close(::creat(temporary.c_str(), 0)), 0);
    }
    if (what == "link") {
      ASSERT_EQ(::symlink((dir_ + "/other").c_str(), temporary.c_str()), 0);
    }
    if (what == "hard link") {
      ASSERT_EQ(::link((dir_ + "/other").c_str(), temporary.c_str()), 0);
    }
    if (what == "fifo") {
      ASSERT_EQ(::mkfifo(temporary.c_str(), 0600), 0);
    }
    ASSERT_TRUE(replace_file(path, what, Durability::kUnsafe)) << what;
    EXPECT_EQ(*read_file(path), what);
    EXPECT_EQ(*read_file(dir_ + "/other"), "kept") << what;
    EXPECT_FALSE(std::filesystem::exists(temporary)) << what;
  }
  ASSERT_TRUE(make_dirs(temporary, Durability::kUnsafe));
  EXPECT_FALSE(replace_file(path, "x", Durability::kUnsafe));
}

TEST_F(FilesTest, WritersOfOneFileDoNotDisturbEachOther) {
  const std::string path = dir_ + "/file";
  std::vector<pid_t> writers;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) {
      writers.push_back(child);
      continue;
    }
    const std::string text(50'000, static_cast<char>('a' + i));
    int failed = 0;
    for (int round = 0; round < 200; ++round) failed += replace_file(path, text, Durability::kUnsafe) ? 0 : 1;
    ::_exit(failed == 0 ? 0 : 1);
  }
  for (const pid_t child : writers) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const std::string text = *read_file(path);
  EXPECT_EQ(text, std::string(50'000, text.empty() ? ' ' : text[0]));
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_F(FilesTest, AnOutputReplacesOnlyItsOwnKind) {
  const std::string path = dir_ + "/out";
  EXPECT_TRUE(may_replace(path, "# HELP"));
  ASSERT_TRUE(replace_file(path, "", Durability::kUnsafe));
  EXPECT_TRUE(may_replace(path, "# HELP"));
  ASSERT_TRUE(replace_file(path, "# HELP and more", Durability::kUnsafe));
  EXPECT_TRUE(may_replace(path, "# HELP"));
  for (const char* const other : {"# HELLO", "#", "{\"tidemark_checkpoint\":1}"}) {
    ASSERT_TRUE(replace_file(path, other, Durability::kUnsafe));
    const Status refused = may_replace(path, "# HELP");
    ASSERT_FALSE(refused) << other;
    EXPECT_EQ(refused.error().status, TIDEMARK_E_EXISTS);
    EXPECT_EQ(refused.error().message,
              path + " is there, and holds something else, which stays; name another file, or remove it");
  }
  ASSERT_EQ(::symlink(path.c_str(), (dir_ + "/link").c_str()), 0);
  ASSERT_EQ(::mkfifo((dir_ + "/fifo").c_str(), 0600), 0);
  EXPECT_NE(may_replace(dir_ + "/link", "").error().message.find("is a symbolic link"), std::string::npos);
  EXPECT_NE(may_replace(dir_ + "/fifo", "").error().message.find("is a FIFO"), std::string::npos);
  EXPECT_NE(may_replace(dir_, "").error().message.find("is a directory"), std::string::npos);
  EXPECT_NE(may_replace("/dev/null", "").error().message.find("is a device"), std::string::npos);
}

TEST_F(FilesTest, WhoMayReadIsTheUmasksAffairOrEverybodys) {
  const mode_t before = ::umask(077);
  ASSERT_TRUE(replace_file(dir_ + "/own", "x", Durability::kUnsafe));
  ASSERT_TRUE(replace_file(dir_ + "/all", "x", Durability::kUnsafe, ReadableBy::kAll));
  ::umask(before);
  const auto mode = [this](const char* name) {
    struct stat status {};
    EXPECT_EQ(::stat((dir_ + name).c_str(), &status), 0);
    return status.st_mode & 0777U;
  };
  EXPECT_EQ(mode("/own"), 0600U);
  EXPECT_EQ(mode("/all"), 0644U);
}

TEST_F(FilesTest, ReadingNamesWhatIsWrong) {
  const auto absent = read_file(dir_ + "/absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().status, TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(absent.error().message, "cannot open " + dir_ + "/absent: No such file or directory");
  ASSERT_TRUE(replace_file(dir_ + "/file", std::string(100, 'x'), Durability::kUnsafe));
  EXPECT_EQ(read_file(dir_ + "/file", 99).error().sys_errno, EFBIG);
  EXPECT_TRUE(read_file(dir_ + "/file", 100));
  EXPECT_EQ(read_file(dir_).error().sys_errno, EISDIR);
  // Nobody writes into it, and nobody is waited for.
  ASSERT_EQ(mkfifo((dir_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(dir_ + "/fifo").error().message,
            "cannot read " + dir_ + "/fifo: it is a FIFO or a pipe, not a regular file");
  EXPECT_NE(read_file("/dev/null").error().message.find("device"), std::string::npos);
}

TEST_F(FilesTest, WritesAllOrSaysWhy) {
  const UniqueFd reader(open((dir_ + "/file").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  const Status refused = write_all(reader.get(), "x", "the file");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cannot write the file: Bad file descriptor");
}

TEST_F(FilesTest, MakesDirectoriesWithTheirParents) {
  EXPECT_TRUE(make_dirs(dir_ + "/a/b/c", Durability::kFsync));
  EXPECT_TRUE(make_dirs(dir_ + "/a/b/c", Durability::kUnsafe));
  EXPECT_TRUE(std::filesystem::is_directory(dir_ + "/a/b/c"));
  ASSERT_TRUE(replace_file(dir_ + "/file", "", Durability::kUnsafe));
  EXPECT_EQ(make_dirs(dir_ + "/file", Durability::kFsync).error().sys_errno, ENOTDIR);
  EXPECT_FALSE(make_dirs("/proc/none/of/this", Durability::kFsync));
  EXPECT_EQ(sync_dir(dir_ + "/none").error().sys_errno, ENOENT);
}

TEST_F(FilesTest, WhatMovesReplacesNothing) {
  const auto move = [&](const char* from, const char* to) {
    return move_new(AT_FDCWD, (dir_ + from).c_str(), AT_FDCWD, (dir_ + to).c_str());
  };
  ASSERT_TRUE(make_dirs(dir_ + "/from/tree", Durability::kUnsafe));
  ASSERT_TRUE(make_dirs(dir_ + "/to", Durability::kUnsafe));
  ASSERT_TRUE(replace_file(dir_ + "/from/file", "new", Durability::kUnsafe));
  ASSERT_TRUE(replace_file(dir_ + "/to/taken", "old", Durability::kUnsafe));
  EXPECT_EQ(move("/from/file", "/to/taken"), EEXIST);
  EXPECT_EQ(*read_file(dir_ + "/to/taken"), "old");
  EXPECT_EQ(move("/from/file", "/to/file"), 0);
  EXPECT_EQ(*read_file(dir_ + "/to/file"), "new");
  EXPECT_EQ(move("/from/tree", "/to/tree"), 0);
  EXPECT_EQ(move("/from/tree", "/to/other"), ENOENT);
}

// Root may write any directory, so a process that is not root has to try.
TEST_F(FilesTest, ADirectoryThatItsOwnerMayNotWriteMovesAndStaysAsItWas) {
  ASSERT_TRUE(make_dirs(dir_ + "/from/tree", Durability::kUnsafe));
  ASSERT_TRUE(make_dirs(dir_ + "/to", Durability::kUnsafe));
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  for (const char* path : {"", "/from", "/from/tree", "/to"}) {
    ASSERT_TRUE(!is_root || chown((dir_ + path).c_str(), kNobody, kNobody) == 0);
  }
  for (const mode_t mode : {0555, 0111}) {
    ASSERT_EQ(chmod((dir_ + "/from/tree").c_str(), mode), 0);
    const pid_t child = fork();
    if (child == 0) {
      if (is_root && setresuid(kNobody, kNobody, kNobody) != 0) _exit(255);
      _exit(move_new(AT_FDCWD, (dir_ + "/from/tree").c_str(), AT_FDCWD, (dir_ + "/to/tree").c_str()));
    }
    int end = 0;
    ASSERT_EQ(waitpid(child, &end, 0), child);
    ASSERT_TRUE(WIFEXITED(end));
    EXPECT_EQ(WEXITSTATUS(end), 0);
    struct stat status;
    ASSERT_EQ(stat((dir_ + "/to/tree").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, mode);
    ASSERT_EQ(rename((dir_ + "/to/tree").c_str(), (dir_ + "/from/tree").c_str()), 0);
  }
}

TEST(ParentTest, OfAPath) {
  EXPECT_EQ(parent_of("/a/b"), "/a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("a"), ".");
}

}  // namespace
}  // namespace tidemark
