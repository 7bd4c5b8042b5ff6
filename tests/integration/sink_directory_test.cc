// The directory that the file sink writes to goes away under a running archiver, and comes back.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "harness.h"
#include "mounts.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

constexpr Lsn kBefore = 20, kAll = 60;
constexpr size_t kInFlight = 4;  // as many as there are workers

class SinkDirectory : public Scenario {
 protected:
  // On a file system of its own, if `mounted`; kept alive at "kept".
  void begin_in(const std::string& name, bool mounted = false, const char* size = "size=16m") {
    root_ = place_ / name;
    if (mounted) {
      const std::string disk = fs::path(root_).parent_path().string();
      if (!mounts_.tmpfs(disk, size)) GTEST_SKIP() << "may not mount";
      ASSERT_TRUE(mounts_.bind(disk, place_ / "kept"));
    }
    host_.commit_range(p_, 1, kAll);
    create();
    ErrorOut error;
    ASSERT_EQ(set_sink("file://" + root_, {}, &error), TIDEMARK_OK) << error.message;
    host_.safe_in(root_);  // by its path: what is acknowledged lies there, not wherever a descriptor leads
    start();
    notify(p_, 1, kBefore);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, kBefore));
  }
  // All that is left is notified, and nothing of it acknowledged.
  void expect_down(const std::vector<std::string>& parts, tidemark_status status = TIDEMARK_E_RETRYABLE) {
    const size_t before = host_.acquired();
    notify(p_, 1, kAll);
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
    const SeenEvent event = host_.events(TIDEMARK_EVENT_SINK_DOWN).front();
    EXPECT_EQ(event.status, status);
    for (const std::string& part : parts) {
      EXPECT_NE(event.message.find(part), std::string::npos) << event.message;
    }
    ASSERT_TRUE(host_.wait_until([&] { return host_.acquired() >= before + 5; })) << "it probes";
    EXPECT_EQ(host_.acknowledged(p_), kBefore);
    EXPECT_TRUE(host_.events(TIDEMARK_EVENT_FAILING).empty()) << "no partition is to blame";
  }
  void expect_up() {
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_UP));
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, kAll));
    drain();
    expect_archived(p_, 1, kAll);
  }
  static size_t files(const std::string& root) {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  test::TempDir place_;
  test::Mounts mounts_;
  std::string root_;
};

TEST_F(SinkDirectory, MovedAwayAndReplaced) {
  ASSERT_NO_FATAL_FAILURE(begin_in("archive"));
  fs::rename(root_, root_ + ".old");
  fs::create_directory(root_);
  ASSERT_NO_FATAL_FAILURE(expect_down({root_ + " leads to another directory", root_ + ".old"}));
  // What was being put when it was moved may be visible there, and was not acknowledged.
  EXPECT_LE(files(root_ + ".old"), kBefore + kInFlight);
  EXPECT_TRUE(fs::is_empty(root_));
  fs::remove(root_);
  fs::rename(root_ + ".old", root_);
  expect_up();
}

TEST_F(SinkDirectory, UnmountedLazily) {
  ASSERT_NO_FATAL_FAILURE(begin_in("disk/archive", true));
  if (IsSkipped()) return;
  ASSERT_TRUE(mounts_.detach(place_ / "disk"));
  ASSERT_NO_FATAL_FAILURE(expect_down({root_ + " cannot be found", "of a file system that was unmounted"}));
  EXPECT_LE(files(place_ / "kept/archive"), kBefore + kInFlight);
  ASSERT_TRUE(mounts_.bind(place_ / "kept", place_ / "disk"));
  expect_up();
}

TEST_F(SinkDirectory, RemountedReadOnly) {
  ASSERT_NO_FATAL_FAILURE(begin_in("disk/archive", true));
  if (IsSkipped()) return;
  ASSERT_TRUE(mounts_.remount(place_ / "disk", MS_RDONLY));
  ASSERT_NO_FATAL_FAILURE(expect_down({root_, "Read-only file system"}));
  ASSERT_TRUE(mounts_.remount(place_ / "disk", 0));
  expect_up();
}

// Nothing brings that back but a person, who says so with set_sink.
TEST_F(SinkDirectory, RemovedAltogether) {
  ASSERT_NO_FATAL_FAILURE(begin_in("archive"));
  fs::remove_all(root_);
  ASSERT_NO_FATAL_FAILURE(expect_down({root_ + " cannot be found", "(deleted)"}));
  fs::create_directory(root_);
  const uint64_t before = host_.acquired();
  ASSERT_TRUE(host_.wait_until([&] { return host_.acquired() >= before + 5; }));
  EXPECT_TRUE(fs::is_empty(root_)) << "another directory is not adopted";
  ErrorOut error;
  ASSERT_EQ(set_sink("file://" + root_, {}, &error), TIDEMARK_OK) << error.message;
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, kAll));
  drain();
  expect_archived(p_, kBefore + 1, kAll);  // what was acknowledged before is gone with the directory
}

TEST_F(SinkDirectory, Full) {
  ASSERT_NO_FATAL_FAILURE(begin_in("disk/archive", true));
  if (IsSkipped()) return;
  const std::string ballast = place_ / "disk/ballast";
  const int fd = open(ballast.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  std::string block(4096, 'x');
  while (write(fd, block.data(), block.size()) > 0) {
  }
  close(fd);
  ASSERT_NO_FATAL_FAILURE(expect_down({root_, "No space left on device"}, TIDEMARK_E_NO_SPACE));
  fs::remove(ballast);
  expect_up();
}

}  // namespace
}  // namespace tidemark::integration
