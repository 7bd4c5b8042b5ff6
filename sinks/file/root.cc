#include "file/root.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "base/errno_status.h"
#include "base/line.h"

namespace tidemark::sinks::file {
namespace {

constexpr size_t kShownBytes = 150;  // of a path: two of them and the reason have to fit into one message

// Reads no device: some 5 ns.
int64_t now_s() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Where the kernel says that the directory is now.
std::string place_of(int fd) {
  char name[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), name, sizeof name);
  if (size <= 0) return "somewhere else";
  const std::string place(name, static_cast<size_t>(size));
  struct stat held, found;
  const bool leads_there = fstat(fd, &held) == 0 && stat(place.c_str(), &found) == 0 && is_same(held, found);
  const std::string shown = shorten_middle(place, kShownBytes);
  // Below a file system that was unmounted lazily the kernel knows no more than the path within it.
  return leads_there || place.ends_with(" (deleted)")
             ? shown
             : shown + " of a file system that was unmounted, or mounted over";
}

}  // namespace

Root::Root(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {
  // Cannot fail but for a disk that is gone already; then nothing ever equals it, and the first check says
  // so.
  if (fstat(fd_.get(), &opened_) != 0) opened_ = {};
}

Status Root::check() {
  struct stat found;
  if (stat(path_.c_str(), &found) != 0) return gone(errno);
  if (!is_ours(found)) return gone(0);
  if (away_.load(std::memory_order_acquire)) return come_back();
  if (const int64_t now = now_s(); last_look_s_.load(std::memory_order_relaxed) != now) {
    last_look_s_.store(now, std::memory_order_relaxed);
  }
  return {};
}

Status Root::check_if_old() {
  const bool is_fresh =
      !away_.load(std::memory_order_acquire) && now_s() == last_look_s_.load(std::memory_order_relaxed);
  return is_fresh ? Status() : check();
}

// Some network file systems number their inodes again; then path and descriptor still agree with each other.
bool Root::is_ours(const struct stat& found) const {
  if (is_same(found, opened_)) return true;
  struct stat held;
  return fstat(fd_.get(), &held) == 0 && is_same(found, held);
}

// Under the same number, so that whoever uses the descriptor right now has the one or the other. The old one
// may be all that keeps a mount alive that nobody sees.
Status Root::come_back() {
  const MutexLock lock(mutex_);
  if (!away_.load(std::memory_order_relaxed)) return {};
  const UniqueFd fresh(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat found;
  if (!fresh || fstat(fresh.get(), &found) != 0) return gone(errno);
  if (!is_ours(found)) return gone(0);
  if (dup3(fresh.get(), fd_.get(), O_CLOEXEC) < 0) return fail_sink_errno(errno, "open " + path_ + " again");
  returns_.fetch_add(1, std::memory_order_release);
  away_.store(false, std::memory_order_release);
  return {};
}

Error Root::gone(int sys_errno) {
  away_.store(true, std::memory_order_release);
  const std::string what =
      sys_errno == 0 ? " leads to another directory now" : " cannot be found (" + errno_text(sys_errno) + ")";
  auto error = fail(TIDEMARK_E_RETRYABLE, shorten_middle(path_, kShownBytes) + what +
                                              "; the sink's directory is " + place_of(fd_.get()) +
                                              "; put it back or mount it, or give the sink again");
  error.sys_errno = sys_errno;
  return error;
}

Error Root::explain(Error error) {
  if (error.reported || error.sys_errno == 0) return error;
  const Status here = check();
  return here ? error : here.error();
}

}  // namespace tidemark::sinks::file
