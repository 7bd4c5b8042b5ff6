#include "file/directories.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

// What was fsynced, by inode; and a way to hold or fail an fsync.
struct SyncLog {
  std::mutex mutex;
  std::vector<ino_t> inodes;
  std::function<int()> before;
} sync_log;

int logged_sync(int fd) {
  struct stat info;
  fstat(fd, &info);
  if (sync_log.before) {
    if (const int sys_errno = sync_log.before()) {
      errno = sys_errno;
      return -1;
    }
  }
  const std::lock_guard<std::mutex> lock(sync_log.mutex);
  sync_log.inodes.push_back(info.st_ino);
  return fsync(fd);
}

ino_t inode(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_ino;
}

class DirectoriesTest : public ::testing::TestWithParam<bool> {
 protected:
  DirectoriesTest() : root_(::open((dir_ / "").c_str(), O_RDONLY | O_DIRECTORY)) {
    sync_log.inodes.clear();
    sync_log.before = nullptr;
  }
  std::unique_ptr<Directories> make() {
    return std::make_unique<Directories>(root_.get(), dir_ / ".", GetParam(), logged_sync);
  }
  std::vector<ino_t> synced() {
    const std::lock_guard<std::mutex> lock(sync_log.mutex);
    return std::exchange(sync_log.inodes, {});
  }

  TempDir dir_;
  UniqueFd root_;
};

TEST_P(DirectoriesTest, EveryLevelIsMadeDurableOnce) {
  auto directories = make();
  ASSERT_TRUE(directories->open_or_create("a/b/c"));
  EXPECT_EQ(synced(), (std::vector<ino_t>{inode(dir_ / ""), inode(dir_ / "a"), inode(dir_ / "a/b")}));
  ASSERT_TRUE(directories->open_or_create("a/b/c"));
  ASSERT_TRUE(directories->open_or_create("a/b"));
  EXPECT_EQ(synced(), std::vector<ino_t>());
  ASSERT_TRUE(directories->open_or_create("a/d"));
  EXPECT_EQ(synced(), std::vector<ino_t>{inode(dir_ / "a")});
  EXPECT_TRUE(directories->open_or_create(""));
}

TEST_P(DirectoriesTest, WhatOthersCreatedIsNotTakenForDurable) {
  std::filesystem::create_directories(dir_ / "a/b");
  auto directories = make();
  ASSERT_TRUE(directories->open_or_create("a/b"));
  EXPECT_EQ(synced(), (std::vector<ino_t>{inode(dir_ / ""), inode(dir_ / "a")}));
}

TEST_P(DirectoriesTest, OneThatWasRemovedAndMadeAgainIsAnother) {
  auto directories = make();
  ASSERT_TRUE(directories->open_or_create("a/b"));
  synced();
  std::filesystem::remove(dir_ / "a/b");
  usleep(20'000);  // a time of birth of its own, even where clocks tick coarsely
  std::filesystem::create_directory(dir_ / "a/b");
  ASSERT_TRUE(directories->open_or_create("a/b"));
  EXPECT_EQ(synced(), std::vector<ino_t>{inode(dir_ / "a")});
}

TEST_P(DirectoriesTest, FailedFsyncIsNotForgotten) {
  auto directories = make();
  sync_log.before = [] { return EIO; };
  const Result<UniqueFd> failed = directories->open_or_create("a");
  EXPECT_EQ(status_of(failed), TIDEMARK_E_RETRYABLE);
  EXPECT_TRUE(std::filesystem::is_directory(dir_ / "a"));
  sync_log.before = nullptr;
  ASSERT_TRUE(directories->open_or_create("a"));
  EXPECT_EQ(synced(), std::vector<ino_t>{inode(dir_ / "")});
}

// A makes the directory and is held before its fsync; B finds it and must not rely on A.
TEST_P(DirectoriesTest, NobodyReliesOnAnFsyncStillToCome) {
  auto directories = make();
  std::atomic<bool> held{false}, go{false};
  std::atomic<int> calls{0};
  sync_log.before = [&] {
    if (calls++ == 0) {
      held = true;
      while (!go) std::this_thread::yield();
    }
    return 0;
  };
  std::thread a([&] { EXPECT_TRUE(directories->open_or_create("a")); });
  while (!held) std::this_thread::yield();
  EXPECT_TRUE(directories->open_or_create("a"));
  EXPECT_EQ(synced(), std::vector<ino_t>{inode(dir_ / "")}) << "B came back without an fsync of its own";
  go = true;
  a.join();
}

TEST_P(DirectoriesTest, SymbolicLinksAreNotFollowed) {
  TempDir outside;
  write_file(outside / "secret", "x");
  std::filesystem::create_directory(dir_ / "real");
  write_file(dir_ / "real/file", "x");
  std::filesystem::create_symlink(outside / "", dir_ / "out");
  std::filesystem::create_symlink("real", dir_ / "in");
  std::filesystem::create_symlink("real/file", dir_ / "link");
  auto directories = make();
  EXPECT_TRUE(directories->open("real/file", O_RDONLY));
  EXPECT_FALSE(directories->open("out/secret", O_RDONLY));
  EXPECT_FALSE(directories->open("in/file", O_RDONLY));
  const Result<UniqueFd> link = directories->open("link", O_RDONLY);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(link.error().message.find("symbolic link"), std::string::npos);
  for (const char* path : {"out", "in", "out/new", "real/file", "real/file/new"}) {
    const Result<UniqueFd> created = directories->open_or_create(path);
    EXPECT_EQ(status_of(created), TIDEMARK_E_PERMANENT) << path;
    EXPECT_NE(created.error().message.find("no key can lie below"), std::string::npos)
        << created.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(outside / "new"));
}

INSTANTIATE_TEST_SUITE_P(, DirectoriesTest, ::testing::Bool(),
                         [](const auto& with) { return with.param ? "openat2" : "walk"; });

}  // namespace
}  // namespace tidemark::sinks::file
