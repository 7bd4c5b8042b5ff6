// Who waits for whose fsync, and who is told when it fails.
#include "file/sync_group.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

// What was fsynced, and what happens before each.
struct Script {
  std::mutex mutex;
  std::vector<int> synced;
  std::function<int(int fd)> before = {};
} script;

int scripted_sync(int fd) {
  usleep(2000);  // slow enough to be worth sharing
  const int sys_errno = script.before ? script.before(fd) : 0;
  const std::lock_guard<std::mutex> lock(script.mutex);
  script.synced.push_back(fd);
  errno = sys_errno;
  return sys_errno == 0 ? 0 : -1;
}

class SyncGroupTest : public ::testing::Test {
 protected:
  SyncGroupTest() : group_(scripted_sync) {
    script.synced.clear();
    script.before = nullptr;
    std::filesystem::create_directory(dir_ / "a");
    write_file(dir_ / "file", "x");
  }
  UniqueFd open(const std::string& name) const { return UniqueFd(::open((dir_ / name).c_str(), O_RDONLY)); }
  static size_t count(int fd) {
    const std::lock_guard<std::mutex> lock(script.mutex);
    return static_cast<size_t>(std::count(script.synced.begin(), script.synced.end(), fd));
  }
  static size_t total() {
    const std::lock_guard<std::mutex> lock(script.mutex);
    return script.synced.size();
  }

  // An fsync of `file` is held in the disk while `others` come to wait; then it continues. All join.
  void behind_a_held_one(const std::vector<std::function<void()>>& others) {
    const UniqueFd file = open("file");
    std::atomic<bool> held{false}, go{false};
    script.before = [&, after = script.before](int fd) {
      if (fd != file.get()) return after ? after(fd) : 0;
      held = true;
      while (!go) usleep(100);
      return 0;
    };
    std::vector<std::thread> threads;
    threads.emplace_back([&] { EXPECT_EQ(group_.sync_file(file.get(), 1), 0); });
    while (!held) usleep(100);
    for (const auto& other : others) threads.emplace_back(other);
    usleep(100'000);
    EXPECT_EQ(total(), 0U) << "somebody did not wait for the round to end";
    go = true;
    for (std::thread& thread : threads) thread.join();
    script.before = nullptr;
  }

  TempDir dir_;
  SyncGroup group_;
};

TEST_F(SyncGroupTest, WithoutSharingEachHasItsOwn) {
  const UniqueFd directory = open("a"), file = open("file");
  EXPECT_EQ(group_.sync_file(file.get(), 1), 0);
  EXPECT_EQ(group_.sync_directory(group_.watch(directory.get())), 0);
  script.before = [](int) { return EIO; };
  EXPECT_EQ(group_.sync_file(file.get(), 1), EIO);
  EXPECT_EQ(group_.sync_directory(group_.watch(directory.get())), EIO);
  EXPECT_EQ(total(), 4U);
}

TEST_F(SyncGroupTest, OneFsyncOfADirectoryByTheOneThatOpenedItFirst) {
  group_.share();
  std::vector<UniqueFd> fds;
  std::vector<SyncGroup::Directory> watched;
  for (int i = 0; i < 6; ++i) {
    fds.push_back(open("a"));
    watched.push_back(group_.watch(fds.back().get()));
  }
  std::vector<std::function<void()>> others;
  // The oldest comes last.
  for (size_t i = watched.size(); i-- > 0;) {
    others.emplace_back([&, i] {
      if (i == 0) usleep(50'000);
      EXPECT_EQ(group_.sync_directory(watched[i]), 0);
    });
  }
  behind_a_held_one(others);
  EXPECT_EQ(total(), 2U);
  EXPECT_EQ(count(fds[0].get()), 1U);
}

TEST_F(SyncGroupTest, AnErrorIsToldToAllThatReliedOnIt) {
  group_.share();
  const UniqueFd a = open("a"), b = open("a"), root = open(".");
  script.before = [&](int fd) { return fd == root.get() ? 0 : EIO; };
  const auto watched_a = group_.watch(a.get()), watched_b = group_.watch(b.get());
  const auto watched_root = group_.watch(root.get());
  behind_a_held_one({[&] { EXPECT_EQ(group_.sync_directory(watched_a), EIO); },
                     [&] { EXPECT_EQ(group_.sync_directory(watched_b), EIO); },
                     [&] { EXPECT_EQ(group_.sync_directory(watched_root), 0); }});
  EXPECT_EQ(total(), 3U);
  EXPECT_EQ(group_.sync_directory(group_.watch(b.get())), 0) << "the error is not of this round";
}

TEST_F(SyncGroupTest, LargeFilesHoldNobodyUp) {
  group_.share();
  const UniqueFd large = open("file"), small = open("file");
  std::atomic<bool> held{false}, go{false};
  script.before = [&](int fd) {
    if (fd != large.get()) return 0;
    held = true;
    while (!go) usleep(100);
    return 0;
  };
  std::thread thread([&] { EXPECT_EQ(group_.sync_file(large.get(), 64 << 20), 0); });
  while (!held) usleep(100);
  EXPECT_EQ(group_.sync_file(small.get(), 1), 0);
  go = true;
  thread.join();
}

TEST_F(SyncGroupTest, ManyThreadsAllGetTheirFsync) {
  group_.share();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const UniqueFd directory = open("a"), file = open("file");
        const auto watched = group_.watch(directory.get());
        EXPECT_EQ(group_.sync_file(file.get(), 1), 0);
        EXPECT_EQ(group_.sync_directory(watched), 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(total(), 160U);
  EXPECT_LT(total(), 320U) << "no directory's fsync was shared";
}

}  // namespace
}  // namespace tidemark::sinks::file
