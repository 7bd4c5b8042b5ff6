// Each call to the kernel fails once: a file is the old or the new one, and who is told that it is done can
// rely on it.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "base/directory.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/staging_directory.h"
#include "kernel_faults.h"
#include "temp_dir.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using test::with_each_call_failing;

void expect_errno(const Status& status, const std::string& which) {
  EXPECT_EQ(status.error().sys_errno, EIO) << which << ": " << status.error().message;
  EXPECT_NE(status.error().message.find(std::strerror(EIO)), std::string::npos) << status.error().message;
}

TEST(FilesFaults, AReplacedFileIsTheOldOrTheNewOne) {
  TempDir dir;
  const std::string path = dir / "file";
  for (const Durability durability : {Durability::kFsync, Durability::kUnsafe}) {
    int errors = 0;
    with_each_call_failing(EIO, [&](const std::string& which) {
      test::write_file(path, "old");
      const Status status = replace_file(path, "new", durability);
      test::end_faults();
      const std::string content = test::read_file(path);
      if (status) {
        EXPECT_EQ(content, "new") << which;
      } else {
        ++errors;
        expect_errno(status, which);
        EXPECT_TRUE(content == "old" || content == "new") << which << ": " << content;
      }
    });
    EXPECT_GE(errors, durability == Durability::kFsync ? 6 : 3);
  }
}

TEST(FilesFaults, WhatIsReadIsWholeOrAnError) {
  TempDir dir;
  const std::string text(200'000, 'x');
  test::write_file(dir / "file", text);
  int errors = 0;
  with_each_call_failing(EIO, [&](const std::string& which) {
    const auto read = tidemark::read_file(dir / "file");
    if (read) {
      EXPECT_TRUE(*read == text) << which;
    } else {
      ++errors;
      EXPECT_EQ(read.error().sys_errno, EIO) << which;
    }
  });
  EXPECT_GE(errors, 5);
}

TEST(FilesFaults, DirectoriesThatAreMadeAreDurable) {
  TempDir dir;
  int errors = 0;
  with_each_call_failing(EIO, [&](const std::string& which) {
    const Status status = make_dirs(dir / "a/b/c", Durability::kFsync);
    test::end_faults();
    if (status) {
      EXPECT_TRUE(fs::is_directory(dir / "a/b/c")) << which;
    } else {
      ++errors;
      expect_errno(status, which);
    }
    fs::remove_all(dir / "a");
  });
  EXPECT_GE(errors, 9);
}

TEST(FilesFaults, AMoveIsDoneOrAnErrno) {
  TempDir dir;
  with_each_call_failing(EIO, [&](const std::string& which) {
    test::write_file(dir / "from", "x");
    const int problem = move_new(AT_FDCWD, (dir / "from").c_str(), AT_FDCWD, (dir / "to").c_str());
    EXPECT_TRUE(problem == 0 || problem == EIO) << which;
    EXPECT_EQ(fs::exists(dir / "to"), problem == 0) << which;
    fs::remove(dir / "to");
  });
}

// The moment in which a directory is made writable, so that it can be moved: by then it has not its name.
TEST(FilesFaults, AMoveThatIsRefusedIsTriedOnceMore) {
  TempDir dir;
  struct Case {
    const char* call;
    int number;
    int problem;
    bool is_moved;
  };
  for (const auto& [call, number, problem, is_moved] :
       {Case{"getrandom", 1, 0, true}, Case{"fstatat", 1, EACCES, false}, Case{"fchmodat", 1, EACCES, false},
        Case{"openat", 1, EIO, false}, Case{"renameat2", 2, EIO, false}, Case{"renameat2", 3, EIO, false},
        Case{"fchmod", 1, EIO, false}, Case{"fsync", 1, EIO, false}}) {
    fs::create_directory(dir / "from");
    fs::permissions(dir / "from", fs::perms(0555));
    test::fail_call("renameat2", 1, EACCES);
    test::fail_call(call, number, EIO);
    EXPECT_EQ(move_new(AT_FDCWD, (dir / "from").c_str(), AT_FDCWD, (dir / "to").c_str()), problem) << call;
    test::end_faults();
    EXPECT_EQ(fs::exists(dir / "to"), is_moved) << call;
    EXPECT_EQ(fs::exists(dir / "from"), !is_moved) << call << ": who made it finds it where it was";
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1) << call;
    EXPECT_TRUE(problem != 0 || fs::status(dir / "to").permissions() == fs::perms(0555)) << call;
    fs::remove(dir / "from");
    fs::remove(dir / "to");
  }
  test::write_file(dir / "file", "x");
  test::fail_call("renameat2", 1, EACCES);
  EXPECT_EQ(move_new(AT_FDCWD, (dir / "file").c_str(), AT_FDCWD, (dir / "to").c_str()), EACCES)
      << "not a directory";
  test::end_faults();
}

TEST(StagingFaults, ADirectoryOfItsOwnOrAnError) {
  TempDir dir;
  const UniqueFd parent(open(dir.path().c_str(), kOpenDirectory));
  int errors = 0;
  for (const int sys_errno : {EIO, ENOENT}) {  // as if somebody else removed what was made a moment ago
    with_each_call_failing(sys_errno, [&](const std::string& which) {
      auto staging = StagingDirectory::create(parent.get(), dir.path().string(), ErrnoOf::kEntry);
      test::end_faults();
      if (staging) {
        EXPECT_TRUE((*staging)->is_there()) << which;
      } else {
        ++errors;
        EXPECT_NE(staging.error().message.find(dir.path().string()), std::string::npos)
            << staging.error().message;
      }
      staging = fail(TIDEMARK_E_RETRYABLE, "gone");
      fs::remove_all(dir / kStagingRoot);
    });
  }
  EXPECT_GE(errors, 4);
}

TEST(StagingFaults, OnlyWhatIsKnownToBeDeadIsFound) {
  TempDir dir;
  const UniqueFd parent(open(dir.path().c_str(), kOpenDirectory));
  auto alive = StagingDirectory::create(parent.get(), dir.path().string(), ErrnoOf::kEntry);
  ASSERT_TRUE(alive);
  fs::create_directory(dir / ".tidemark/1-dead");
  const auto dead = [&](int* problem) {
    std::vector<std::string> found;
    *problem =
        for_each_dead_staging(parent.get(), 0, [&](const DeadStaging& one) { found.push_back(one.name); });
    return found;
  };
  int problem = 0;
  EXPECT_EQ(dead(&problem), std::vector<std::string>{"1-dead"});
  with_each_call_failing(EIO, [&](const std::string& which) {
    const auto found = dead(&problem);
    EXPECT_TRUE(found.empty() || found == std::vector<std::string>{"1-dead"}) << which;
    EXPECT_TRUE(problem == 0 || problem == EIO) << which;
  });
}

}  // namespace
}  // namespace tidemark
