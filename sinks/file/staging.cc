#include "file/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

namespace tidemark::sinks::file {
namespace {

constexpr mode_t kStagingMode = 0700;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr time_t kOldAgeSeconds = 24 * 60 * 60;
constexpr int kMaxAttempts = 1000;

enum class Lock { kHeld, kBusy, kUnsupported };

Lock try_lock(int fd) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Lock::kBusy;
    if (errno != EINTR) return Lock::kUnsupported;
  }
  return Lock::kHeld;
}

// Does `name` still lead to the directory that `fd` has open?
bool is_still_there(int parent_fd, const char* name, int fd) {
  struct stat by_name, by_fd;
  return fstatat(parent_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

bool is_old(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && info.st_mtime < time(nullptr) - kOldAgeSeconds;
}

Result<std::string> random_name() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return fail_sink_errno(errno, "getrandom");
  char name[48];
  std::snprintf(name, sizeof name, "%d-%016llx", getpid(), static_cast<unsigned long long>(number));
  return std::string(name);
}

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

// A DIR of its own, so that `fd` keeps its lock and its place.
Dir list(int fd) {
  const int own = openat(fd, ".", kOpenDirectory);
  if (own < 0) return nullptr;
  Dir dir(fdopendir(own));
  if (!dir) close(own);
  return dir;
}

bool is_dot(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

// Returns how many files went; -1 if something stays.
int remove_area(int staging_fd, const char* name, int fd) {
  int removed = 0;
  const Dir dir = list(fd);
  if (!dir) return -1;
  while (const dirent* entry = readdir(dir.get())) {
    if (!is_dot(entry->d_name) && unlinkat(fd, entry->d_name, 0) == 0) ++removed;
  }
  if (unlinkat(staging_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT) return -1;
  return removed;
}

}  // namespace

StagingArea::StagingArea(int root_fd, std::string name, UniqueFd fd)
    : root_fd_(root_fd), name_(std::move(name)), fd_(std::move(fd)) {}

// A sweep of another instance may lock or remove a directory between its creation and our lock; then this
// one goes by another name.
Result<std::shared_ptr<StagingArea>> StagingArea::create(int root_fd, const std::string& root_path) {
  const std::string where = root_path + "/" + kStagingRoot;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (mkdirat(root_fd, kStagingRoot, kStagingMode) != 0 && errno != EEXIST) {
      return fail_sink_errno(errno, "create " + where);
    }
    const UniqueFd staging(openat(root_fd, kStagingRoot, kOpenDirectory));
    if (!staging && errno == ENOENT) continue;
    if (!staging) return fail_sink_errno(errno, "open " + where);
    const Result<std::string> name = random_name();
    if (!name) return tl::unexpected(name.error());
    if (mkdirat(staging.get(), name->c_str(), kStagingMode) != 0) {
      if (errno == ENOENT || errno == EEXIST) continue;
      return fail_sink_errno(errno, "create a directory in " + where);
    }
    UniqueFd fd(openat(staging.get(), name->c_str(), kOpenDirectory));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return fail_sink_errno(errno, "open " + where + "/" + *name);
    if (try_lock(fd.get()) == Lock::kBusy || !is_still_there(staging.get(), name->c_str(), fd.get()))
      continue;
    return std::shared_ptr<StagingArea>(new StagingArea(root_fd, *name, std::move(fd)));
  }
  return fail(TIDEMARK_E_RETRYABLE,
              "could not get a directory of its own in " + where + ": other instances keep removing it");
}

StagingArea::~StagingArea() {
  const UniqueFd staging(openat(root_fd_, kStagingRoot, kOpenDirectory));
  if (!staging) return;
  if (is_still_there(staging.get(), name_.c_str(), fd_.get()))
    remove_area(staging.get(), name_.c_str(), fd_.get());
  unlinkat(root_fd_, kStagingRoot, AT_REMOVEDIR);  // fails while other instances are in it
}

namespace {

// Calls `found` for each area nobody lives in, with its name and an open, locked descriptor.
void for_each_dead_area(int root_fd, const std::string& root_path, const HostLog& log,
                        const std::function<void(int staging_fd, const char* name, int fd)>& found) {
  const std::string where = root_path + "/" + kStagingRoot;
  const UniqueFd staging(openat(root_fd, kStagingRoot, kOpenDirectory));
  const Dir dir = staging ? list(staging.get()) : nullptr;
  if (!dir) {
    if (errno != ENOENT)
      log.write(TIDEMARK_LOG_WARN, fail_sink_errno(errno, "sweep " + where).value().message);
    return;
  }
  while (const dirent* entry = readdir(dir.get())) {
    if (is_dot(entry->d_name)) continue;
    const UniqueFd area(openat(staging.get(), entry->d_name, kOpenDirectory));
    if (!area) continue;  // gone already, or nothing of ours
    const Lock lock = try_lock(area.get());
    if (lock == Lock::kBusy || (lock == Lock::kUnsupported && !is_old(area.get()))) continue;
    if (is_still_there(staging.get(), entry->d_name, area.get()))
      found(staging.get(), entry->d_name, area.get());
  }
}

}  // namespace

void sweep_leftovers(int root_fd, const std::string& root_path, const HostLog& log) {
  for_each_dead_area(root_fd, root_path, log, [&](int staging_fd, const char* name, int fd) {
    const std::string area = root_path + "/" + kStagingRoot + "/" + name;
    const int removed = remove_area(staging_fd, name, fd);
    if (removed < 0) {
      log.write(TIDEMARK_LOG_WARN, "cannot remove all leftovers in " + area);
    } else {
      log.write(TIDEMARK_LOG_INFO,
                "removed " + std::to_string(removed) + " unfinished files of a dead instance: " + area);
    }
  });
  unlinkat(root_fd, kStagingRoot, AT_REMOVEDIR);
}

void report_leftovers(int root_fd, const std::string& root_path, const HostLog& log) {
  for_each_dead_area(root_fd, root_path, log, [&](int, const char* name, int fd) {
    const std::string area = root_path + "/" + kStagingRoot + "/" + name;
    const Dir dir = list(fd);
    while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
      if (is_dot(entry->d_name)) continue;
      log.write(TIDEMARK_LOG_INFO, "unfinished file of a dead instance: " + area + "/" + entry->d_name);
    }
  });
}

}  // namespace tidemark::sinks::file
