#include "file/directories.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "base/directory.h"
#include "file/answer.h"

namespace tidemark::sinks::file {
namespace {

constexpr mode_t kDirectoryMode = 0750;

int openat2_beneath(int dir_fd, const char* path, int flags) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  while (true) {
    const long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
    // EAGAIN: something was renamed meanwhile, so the kernel could not be sure to have stayed below.
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

int openat_walk(int root_fd, std::string path, int flags) {
  UniqueFd held;
  int dir_fd = root_fd;
  for (size_t begin = 0;;) {
    const size_t slash = path.find('/', begin);
    if (slash == std::string::npos) return openat(dir_fd, path.c_str() + begin, flags | O_NOFOLLOW);
    path[slash] = '\0';
    UniqueFd next(openat(dir_fd, path.c_str() + begin, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -1;
    held = std::move(next);
    dir_fd = held.get();
    begin = slash + 1;
  }
}

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

}  // namespace

Directories::Directories(int root_fd, std::string root_path, bool use_openat2, Sync sync)
    : root_fd_(root_fd),
      root_path_(std::move(root_path)),
      use_openat2_(use_openat2 && UniqueFd(openat2_beneath(root_fd, ".", O_PATH | O_CLOEXEC))),
      sync_(sync),
      durable_(new std::atomic<uint64_t>[kSlots]()) {}

std::string Directories::absolute(std::string_view path) const {
  std::string out = root_path_;
  if (!path.empty()) out.append("/").append(path);
  return out;
}

int Directories::open_raw(const char* path, int flags) const {
  return use_openat2_ ? openat2_beneath(root_fd_, path, flags | O_CLOEXEC)
                      : openat_walk(root_fd_, path, flags | O_CLOEXEC);
}

Result<UniqueFd> Directories::open(std::string_view path, int flags) const {
  // The longest key and its NUL; no heap on the way of every call.
  char name[TIDEMARK_KEY_MAX + 1];
  if (path.size() > TIDEMARK_KEY_MAX)
    return fail_sink_errno(ENAMETOOLONG, "open " + absolute(path.substr(0, 64)));
  path.copy(name, path.size());
  name[path.size()] = '\0';
  UniqueFd fd(open_raw(path.empty() ? "." : name, flags));
  if (fd) return fd;
  const int sys_errno = errno;
  if (sys_errno == ELOOP) return symbolic_link("open " + absolute(path));
  return fail_sink_errno(sys_errno, "open " + absolute(path));
}

Result<UniqueFd> Directories::open_or_create(std::string_view path) {
  Result<UniqueFd> directory = open(path, kOpenDirectory);
  if (!directory) {
    const int sys_errno = directory.error().sys_errno;
    if (sys_errno != ENOENT && sys_errno != ENOTDIR && sys_errno != ELOOP) return directory;
    return create_levels(path);  // which finds out at what level, and says so
  }
  if (path.empty()) return directory;  // the root was made durable when it was opened
  TM_ASSIGN(const uint64_t print, fingerprint(directory->get()));
  if (is_durable(print)) return directory;
  return create_levels(path);
}

Result<UniqueFd> Directories::create_levels(std::string_view path) {
  Result<UniqueFd> level = open("", kOpenDirectory);
  for (size_t begin = 0; level && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    level = enter_level(level->get(), std::string(path.substr(begin, end - begin)), path.substr(0, end));
    begin = end + 1;
  }
  return level;
}

Result<UniqueFd> Directories::enter_level(int parent_fd, const std::string& part,
                                          std::string_view path_so_far) {
  UniqueFd child(openat(parent_fd, part.c_str(), kOpenDirectory));
  if (!child && errno == ENOENT) {
    if (mkdirat(parent_fd, part.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return fail_sink_errno(errno, "create directory " + absolute(path_so_far));
    }
    child = UniqueFd(openat(parent_fd, part.c_str(), kOpenDirectory));
  }
  if (!child) {
    const int sys_errno = errno;
    if (sys_errno == ENOTDIR || sys_errno == ELOOP) {
      return fail_sink_errno(ENOTDIR, "no key can lie below " + absolute(path_so_far) +
                                          " (a file or symbolic link stands there)");
    }
    return fail_sink_errno(sys_errno, "open directory " + absolute(path_so_far));
  }
  TM_ASSIGN(const uint64_t print, fingerprint(child.get()));
  if (!is_durable(print)) {
    if (sync_(parent_fd) != 0)
      return fail_sink_errno(errno, "fsync the directory above " + absolute(path_so_far));
    remember_durable(print);
  }
  return child;
}

// A directory is identified by its inode and its time of birth: a path could by now name another one that
// someone else has just created in place of the one that was durable.
Result<uint64_t> Directories::fingerprint(int fd) const {
  struct statx info;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) {
    return fail_sink_errno(errno, "statx below " + root_path_);
  }
  uint64_t hash = mix(0x7469646D61726Bull, info.stx_ino);
  hash = mix(hash, (static_cast<uint64_t>(info.stx_dev_major) << 32) | info.stx_dev_minor);
  if ((info.stx_mask & STATX_BTIME) != 0) {
    hash = mix(hash, static_cast<uint64_t>(info.stx_btime.tv_sec));
    hash = mix(hash, info.stx_btime.tv_nsec);
  }
  return hash == 0 ? 1 : hash;
}

bool Directories::is_durable(uint64_t print) const {
  return durable_[print % kSlots].load(std::memory_order_acquire) == print;
}

void Directories::remember_durable(uint64_t print) {
  assert(print != 0);  // which is an empty slot
  durable_[print % kSlots].store(print, std::memory_order_release);
}

}  // namespace tidemark::sinks::file
