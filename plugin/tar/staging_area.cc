#include "tar/staging_area.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "tar/tree_builder.h"

namespace tidemark::tar {
namespace {

constexpr const char* kRoot = ".tidemark";
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
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
bool is_still_there(int parent_fd, const std::string& name, int fd) {
  struct stat by_name, by_fd;
  return fstatat(parent_fd, name.c_str(), &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

Result<std::string> random_name() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return fail_errno(errno, "getrandom");
  char name[48];
  std::snprintf(name, sizeof name, "%d-%016llx", getpid(), static_cast<unsigned long long>(number));
  return std::string(name);
}

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

}  // namespace

Result<std::unique_ptr<StagingArea>> StagingArea::create(std::string_view directory) {
  std::string path(directory);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, path);
  std::unique_ptr<StagingArea> area(new StagingArea(std::move(fd), std::move(path)));
  if (Status status = area->make(); !status) return tl::unexpected(std::move(status.error()));
  area->sweep();
  return area;
}

// A sweep of another area may lock or remove a directory between its creation and our lock; then this one
// goes by another name.
Status StagingArea::make() {
  const std::string where = path_ + "/" + kRoot;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (mkdirat(directory_.get(), kRoot, 0700) != 0 && errno != EEXIST) return fail_errno(errno, where);
    staging_.reset(openat(directory_.get(), kRoot, kOpenDirectory));
    if (!staging_ && errno == ENOENT) continue;
    if (!staging_) return fail_errno(errno, where);
    const auto name = random_name();
    if (!name) return tl::unexpected(name.error());
    if (mkdirat(staging_.get(), name->c_str(), 0700) != 0) {
      if (errno == ENOENT || errno == EEXIST) continue;
      return fail_errno(errno, where);
    }
    UniqueFd fd(openat(staging_.get(), name->c_str(), kOpenDirectory));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return fail_errno(errno, where + "/" + *name);
    if (try_lock(fd.get()) == Lock::kBusy || !is_still_there(staging_.get(), *name, fd.get())) continue;
    name_ = *name;
    fd_ = std::move(fd);
    return {};
  }
  return fail(TIDEMARK_E_RETRYABLE,
              where + ": could not get a directory of its own; others keep removing it");
}

// What cannot be removed now is met again by the next area; where there are no locks nothing is known to be
// dead.
void StagingArea::sweep() const {
  const int own = openat(staging_.get(), ".", kOpenDirectory);
  const std::unique_ptr<DIR, CloseDir> dir(own < 0 ? nullptr : fdopendir(own));
  if (!dir) {
    if (own >= 0) close(own);
    return;
  }
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || name == name_) continue;
    const UniqueFd fd(openat(staging_.get(), name.c_str(), kOpenDirectory));
    if (!fd || try_lock(fd.get()) != Lock::kHeld || !is_still_there(staging_.get(), name, fd.get())) continue;
    remove_tree(staging_.get(), name.c_str());
  }
}

StagingArea::~StagingArea() {
  if (!name_.empty()) remove_tree(staging_.get(), name_.c_str());
  unlinkat(directory_.get(), kRoot, AT_REMOVEDIR);  // fails while other areas are in it
}

}  // namespace tidemark::tar
