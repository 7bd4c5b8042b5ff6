#include "base/staging_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/directory.h"
#include "base/files.h"

namespace tidemark {
namespace {

constexpr mode_t kMode = 0700;
constexpr int kMaxAttempts = 1000;

bool is_older(int fd, int64_t age_s) {
  struct stat info;
  return age_s > 0 && fstat(fd, &info) == 0 && info.st_mtime < time(nullptr) - age_s;
}

// Empty: errno says why.
std::string random_name() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return {};
  char name[48];
  std::snprintf(name, sizeof name, "%d-%016llx", getpid(), static_cast<unsigned long long>(number));
  return name;
}

}  // namespace

StagingDirectory::StagingDirectory(int parent_fd, std::string name, UniqueFd fd)
    : parent_fd_(parent_fd), name_(std::move(name)), fd_(std::move(fd)) {}

// A sweep of another process may lock or remove a directory between its creation and our lock; then this one
// goes by another name.
Result<std::unique_ptr<StagingDirectory>> StagingDirectory::create(int parent_fd,
                                                                   const std::string& parent_path,
                                                                   ErrnoOf whose) {
  const std::string where = parent_path + "/" + kStagingRoot;
  const auto failed = [&](const std::string& what) { return fail_errno(whose, errno, what); };
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (mkdirat(parent_fd, kStagingRoot, kMode) != 0 && errno != EEXIST) return failed("create " + where);
    const UniqueFd root(openat(parent_fd, kStagingRoot, kOpenDirectory));
    if (!root && errno == ENOENT) continue;
    if (!root) return failed("open " + where);
    const std::string name = random_name();
    if (name.empty()) return failed("getrandom, for a name in " + where);
    if (mkdirat(root.get(), name.c_str(), kMode) != 0) {
      if (errno == ENOENT || errno == EEXIST) continue;
      return failed("create a directory in " + where);
    }
    UniqueFd fd(openat(root.get(), name.c_str(), kOpenDirectory));
    if (!fd && errno == ENOENT) continue;
    if (!fd) return failed("open " + where + "/" + name);
    if (try_lock(fd.get()) == Lock::kBusy || !leads_to(root.get(), name.c_str(), fd.get())) continue;
    return std::unique_ptr<StagingDirectory>(new StagingDirectory(parent_fd, name, std::move(fd)));
  }
  return fail(TIDEMARK_E_RETRYABLE,
              "could not get a directory of its own in " + where + ": others keep removing it");
}

bool StagingDirectory::is_there() const {
  const UniqueFd root(openat(parent_fd_, kStagingRoot, kOpenDirectory));
  return root && leads_to(root.get(), name_.c_str(), fd_.get());
}

StagingDirectory::~StagingDirectory() {
  const UniqueFd root(openat(parent_fd_, kStagingRoot, kOpenDirectory));
  if (!root) return;
  if (leads_to(root.get(), name_.c_str(), fd_.get())) unlinkat(root.get(), name_.c_str(), AT_REMOVEDIR);
  unlinkat(parent_fd_, kStagingRoot, AT_REMOVEDIR);  // fails while others are in it
}

int for_each_dead_staging(int parent_fd, int64_t unlocked_age_s,
                          const std::function<void(const DeadStaging&)>& found) {
  const UniqueFd root(openat(parent_fd, kStagingRoot, kOpenDirectory));
  const Directory directory = root ? list_directory(root.get()) : nullptr;
  if (!directory) return errno == ENOENT ? 0 : errno;
  while (const dirent* entry = readdir(directory.get())) {
    if (is_dots(entry->d_name)) continue;
    const UniqueFd fd(openat(root.get(), entry->d_name, kOpenDirectory));
    if (!fd) continue;  // gone already, or nothing of ours
    const Lock lock = try_lock(fd.get());
    if (lock == Lock::kBusy || (lock == Lock::kUnsupported && !is_older(fd.get(), unlocked_age_s))) continue;
    if (leads_to(root.get(), entry->d_name, fd.get())) found({root.get(), entry->d_name, fd.get()});
  }
  return 0;
}

}  // namespace tidemark
