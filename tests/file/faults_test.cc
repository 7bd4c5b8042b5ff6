// The kernel's calls fail one by one with every errno that a sink's place may give: what the archiver is
// told, and that nothing half-done is visible. A program of its own: it stands between the file sink and the
// kernel.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <filesystem>
#include <functional>
#include <utility>

#include "base/errno_status.h"
#include "file/file_sink.h"
#include "fixture.h"

namespace {

enum class At { kNone, kWrite, kWriteOut, kFsync, kLink, kStat };
At fail_at = At::kNone;
int fail_with = 0;
std::function<void()> after_link;

bool fails(At here) {
  if (fail_at != here) return false;
  errno = fail_with;
  return true;
}

template <typename F>
F libc(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = libc<ssize_t (*)(int, const void*, size_t)>("write");
  return fails(At::kWrite) ? -1 : real(fd, data, size);
}

__attribute__((visibility("default"))) int sync_file_range(int fd, off_t offset, off_t size, unsigned flags) {
  static const auto real = libc<int (*)(int, off_t, off_t, unsigned)>("sync_file_range");
  return fails(At::kWriteOut) ? -1 : real(fd, offset, size, flags);
}

__attribute__((visibility("default"))) int fsync(int fd) {
  static const auto real = libc<int (*)(int)>("fsync");
  return fails(At::kFsync) ? -1 : real(fd);
}

__attribute__((visibility("default"))) int linkat(int from_fd, const char* from, int to_fd, const char* to,
                                                  int flags) noexcept {
  static const auto real = libc<int (*)(int, const char*, int, const char*, int)>("linkat");
  if (fails(At::kLink)) return -1;
  const int done = real(from_fd, from, to_fd, to, flags);
  if (done == 0 && after_link) std::exchange(after_link, {})();
  return done;
}

__attribute__((visibility("default"))) int stat(const char* path, struct stat* out) noexcept {
  static const auto real = libc<int (*)(const char*, struct stat*)>("stat");
  return fails(At::kStat) ? -1 : real(path, out);
}

}  // extern "C"

namespace tidemark::sinks::file {
namespace {

namespace fs = std::filesystem;

class Faults : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto sink = open_sink<FileSink>("file://" + (dir_ / "root") + "?staging=" + GetParam());
    ASSERT_TRUE(sink) << sink.error().message;
    sink_ = std::move(*sink);
    ASSERT_TRUE(put(*sink_, "a/1", "x"));
  }
  void TearDown() override { fail_at = At::kNone; }

  TempDir dir_;
  std::unique_ptr<FileSink> sink_;
};

TEST_P(Faults, EveryErrnoOfThePlaceIsTheSinksFailure) {
  for (const int code :
       {EDQUOT, ENOSPC, EROFS, EIO, ESTALE, ENODEV, ENXIO, ENOTCONN, EMFILE, ENFILE, ENOMEM, EUCLEAN}) {
    for (const At at : {At::kWrite, At::kFsync, At::kLink, At::kStat}) {
      fail_with = code;
      fail_at = at;
      const Status done = put(*sink_, "a/2", "x", TIDEMARK_PUT_IF_ABSENT);
      fail_at = At::kNone;
      ASSERT_FALSE(done) << errno_text(code);
      const bool full = at != At::kStat && (code == EDQUOT || code == ENOSPC);
      EXPECT_EQ(status_of(done), full ? TIDEMARK_E_NO_SPACE : TIDEMARK_E_RETRYABLE) << done.error().message;
      EXPECT_EQ(done.error().sys_errno, code);
      EXPECT_NE(done.error().message.find(errno_text(code)), std::string::npos) << done.error().message;
      EXPECT_NE(done.error().message.find(dir_ / "root"), std::string::npos) << done.error().message;
      // The look that counts comes after the name was given: then the next put finds it and makes sure of it.
      const bool is_visible = std::filesystem::exists(dir_ / "root/a/2");
      EXPECT_TRUE(!is_visible || at == At::kStat) << errno_text(code);
      const tidemark_status next = status_of(put(*sink_, "a/2", "x", TIDEMARK_PUT_IF_ABSENT));
      EXPECT_EQ(next, is_visible ? TIDEMARK_E_EXISTS : TIDEMARK_OK) << errno_text(code);
      ASSERT_TRUE(sink_->remove("a/2", Call(nullptr, nullptr)));
    }
  }
}

// Said of a large body while it is written: fsync may not say it again.
TEST_P(Faults, WhatTheDiskSaysOfALargeBodyCounts) {
  const std::string body(9 << 20, 'x');
  for (const int code : {EIO, ENOSPC, EDQUOT, ENOSYS, EINVAL, ESPIPE}) {
    fail_with = code;
    fail_at = At::kWriteOut;
    const Status done = put(*sink_, "a/2", body, TIDEMARK_PUT_IF_ABSENT);
    fail_at = At::kNone;
    const bool is_unknown_there = code == ENOSYS || code == EINVAL || code == ESPIPE;
    ASSERT_EQ(done.has_value(), is_unknown_there) << errno_text(code);
    EXPECT_EQ(fs::exists(dir_ / "root/a/2"), is_unknown_there) << errno_text(code);
    if (!done) {
      EXPECT_EQ(status_of(done), code == EIO ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_NO_SPACE);
      EXPECT_EQ(done.error().sys_errno, code);
      EXPECT_NE(done.error().message.find("a/2"), std::string::npos) << done.error().message;
      ASSERT_TRUE(put(*sink_, "a/2", body, TIDEMARK_PUT_IF_ABSENT)) << errno_text(code);
    }
    ASSERT_TRUE(sink_->remove("a/2", Call(nullptr, nullptr)));
  }
}

TEST_P(Faults, AnErrnoOfOneObjectIsNot) {
  for (const int code : {EACCES, EPERM, EMLINK, EFBIG}) {
    fail_with = code;
    fail_at = At::kLink;
    const Status done = put(*sink_, "a/2", "x", TIDEMARK_PUT_IF_ABSENT);
    fail_at = At::kNone;
    EXPECT_EQ(status_of(done), TIDEMARK_E_PERMANENT) << errno_text(code);
  }
}

// Visible for a moment, in a directory that is no longer the archive: it does not count.
TEST_P(Faults, MovedBetweenTheNameAndTheAnswer) {
  after_link = [&] {
    fs::rename(dir_ / "root", dir_ / "root.old");
    fs::create_directory(dir_ / "root");
  };
  const Status done = put(*sink_, "a/2", "x", TIDEMARK_PUT_IF_ABSENT);
  ASSERT_EQ(status_of(done), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(done.error().message.find(dir_ / "root.old"), std::string::npos) << done.error().message;
  fs::remove(dir_ / "root");
  fs::rename(dir_ / "root.old", dir_ / "root");
  EXPECT_EQ(status_of(put(*sink_, "a/2", "x", TIDEMARK_PUT_IF_ABSENT)), TIDEMARK_E_EXISTS);
}

INSTANTIATE_TEST_SUITE_P(, Faults, ::testing::Values("unnamed", "named"),
                         [](const auto& with) { return std::string(with.param); });

}  // namespace
}  // namespace tidemark::sinks::file
