#include "base/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/fd.h"

namespace tidemark {

namespace {

// What a failure would leave.
struct Leftover {
  const std::string& path;
  bool is_there = true;
  ~Leftover() {
    if (is_there) ::unlink(path.c_str());
  }
};

}  // namespace

Status write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "cannot write " + path);
    data.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, size_t limit_bytes) {
  constexpr size_t kStep = 65536;
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open " + path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "cannot read " + path);
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    const char* const what = S_ISFIFO(status.st_mode)  ? "a FIFO or a pipe"
                             : S_ISCHR(status.st_mode) ? "a terminal or another device"
                                                       : "something else";
    return fail("cannot read " + path + ": it is " + what + ", not a regular file");
  }
  std::string data;
  for (;;) {
    const size_t used = data.size();
    data.resize(used + kStep);
    const ssize_t got = ::read(fd.get(), data.data() + used, kStep);
    const int sys_errno = errno;
    data.resize(used + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && sys_errno == EINTR) continue;
    if (got < 0) return fail_errno(sys_errno, "cannot read " + path);
    if (got == 0) return data;
    if (data.size() > limit_bytes) return fail_errno(EFBIG, "cannot read " + path);
  }
}

namespace {

const char* kind_of(mode_t mode) {
  return S_ISFIFO(mode)   ? "a FIFO"
         : S_ISLNK(mode)  ? "a symbolic link"
         : S_ISDIR(mode)  ? "a directory"
         : S_ISSOCK(mode) ? "a socket"
                          : "a device";
}

}  // namespace

Status may_replace(const std::string& path, std::string_view beginning) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    return errno == ENOENT ? Status() : fail_errno(errno, "cannot look at " + path);
  if (!S_ISREG(status.st_mode)) {
    return fail(TIDEMARK_E_EXISTS,
                path + " is " + kind_of(status.st_mode) + ", which stays; name a regular file");
  }
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot look at " + path);
  std::string there(beginning.size(), '\0');
  const ssize_t got = ::pread(fd.get(), there.data(), there.size(), 0);
  if (got < 0) return fail_errno(errno, "cannot look at " + path);
  if (got == 0 || there == beginning) return {};
  return fail(TIDEMARK_E_EXISTS,
              path + " is there, and holds something else, which stays; name another file, or remove it");
}

bool leads_to(int parent_fd, const char* name, int fd) {
  struct stat by_name {
  }, by_fd{};
  return ::fstatat(parent_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

Lock try_lock(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Lock::kBusy;
    if (errno != EINTR) return Lock::kUnsupported;
  }
  return Lock::kHeld;
}

namespace {

constexpr std::chrono::milliseconds kWriterWait{10};
constexpr int kWriterWaits = 500;

// What has the name is not ours: one that a killed process left, or what somebody else has put there, and is
// not written through. One that is locked is being written: true, wait.
Result<bool> clear_temporary(const std::string& temporary) {
  const UniqueFd there(::open(temporary.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!there && errno == ENOENT) return false;  // what has the name from here on is another writer's
  if (there && try_lock(there.get()) == Lock::kBusy) return true;
  if (there && !leads_to(AT_FDCWD, temporary.c_str(), there.get())) return false;
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, "cannot replace " + temporary);
  return false;
}

// New, and locked as long as it is written.
Result<UniqueFd> make_temporary(const std::string& temporary) {
  for (int attempt = 0; attempt < kWriterWaits; ++attempt) {
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd && errno != EEXIST) return fail_errno(errno, "cannot create " + temporary);
    // Another one may have taken it for a left one before it was locked. Without locks writers may disturb
    // each other, and each file is whole all the same.
    if (fd && try_lock(fd.get()) != Lock::kBusy && leads_to(AT_FDCWD, temporary.c_str(), fd.get())) return fd;
    if (fd) continue;
    TM_ASSIGN(const bool is_written, clear_temporary(temporary));
    if (is_written) std::this_thread::sleep_for(kWriterWait);
  }
  return fail(TIDEMARK_E_RETRYABLE, "another process writes " + temporary + " all the time");
}

}  // namespace

Status replace_file(const std::string& path, std::string_view data, Durability durability,
                    ReadableBy readers) {
  const bool is_durable = durability == Durability::kFsync;
  const std::string temporary = path + ".tmp";
  {
    TM_ASSIGN(const UniqueFd fd, make_temporary(temporary));
    Leftover leftover{temporary};  // removed before the lock ends
    if (readers == ReadableBy::kAll && ::fchmod(fd.get(), 0644) != 0)
      return fail_errno(errno, "cannot make readable " + temporary);
    TM_TRY(write_all(fd.get(), data, temporary));
    if (is_durable && ::fsync(fd.get()) != 0) return fail_errno(errno, "cannot fsync " + temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, "cannot replace " + path);
    leftover.is_there = false;
  }
  return is_durable ? sync_dir(parent_of(path)) : Status();
}

namespace {

// The name beside `to` that stands for `from` until its mode is right again. No other has it: it holds the
// inode's number.
std::string name_aside(const char* to, const struct stat& status) {
  const std::string path = to;
  const size_t name_at = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return path.substr(0, name_at) + kMovingPrefix + path.substr(name_at) + "-" + std::to_string(status.st_ino);
}

// A directory that its owner may not write cannot be moved to another one, only renamed where it is. So it is
// writable while it has a hidden name in the new place, and gets its name there once its mode is right.
int move_unwritable(int from_fd, const char* from, int to_fd, const char* to, const struct stat& status) {
  const mode_t mode = status.st_mode & 07777;
  const std::string aside = name_aside(to, status);
  if (::fchmodat(from_fd, from, S_IRWXU, 0) != 0) return EACCES;  // so it is not its mode that is in the way
  const UniqueFd fd(::openat(from_fd, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno;
  if (::renameat2(from_fd, from, to_fd, aside.c_str(), RENAME_NOREPLACE) != 0) return errno;
  int problem = ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0 ? 0 : errno;
  if (problem == 0 && ::renameat2(to_fd, aside.c_str(), to_fd, to, RENAME_NOREPLACE) != 0) problem = errno;
  if (problem == 0) return 0;
  // Back to where its owner removes it.
  if (::fchmod(fd.get(), S_IRWXU) == 0) ::renameat2(to_fd, aside.c_str(), from_fd, from, RENAME_NOREPLACE);
  return problem;
}

}  // namespace

int move_new(int from_fd, const char* from, int to_fd, const char* to) {
  if (::renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0) return 0;
  const int problem = errno;
  struct stat status {};
  if (problem != EACCES || ::fstatat(from_fd, from, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR(status.st_mode)) {
    return problem;
  }
  struct stat there {};
  if (::fstatat(to_fd, to, &there, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return move_unwritable(from_fd, from, to_fd, to, status);
}

Status sync_dir(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open the directory " + path);
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "cannot fsync the directory " + path);
  return {};
}

Status make_dirs(const std::string& path, Durability durability) {
  const std::string what = "cannot create the directory " + path;
  const auto made = [&]() -> Status {
    return durability == Durability::kFsync ? sync_dir(parent_of(path)) : Status();
  };
  if (::mkdir(path.c_str(), 0755) == 0) return made();
  if (errno == EEXIST) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return fail_errno(ENOTDIR, what);
  }
  const std::string parent = parent_of(path);
  if (errno != ENOENT || parent == path) return fail_errno(errno, what);
  TM_TRY(make_dirs(parent, durability));
  // Where nothing can be made (/proc) that is still ENOENT: once is enough.
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(errno, what);
  return made();
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace tidemark
