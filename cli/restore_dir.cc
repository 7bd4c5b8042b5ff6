#include "restore_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cassert>
#include <filesystem>

#include "base/files.h"
#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr const char* kStaging = ".tidemark-restore";
constexpr const char* kOwnerAttribute = "user.tidemark.partition";

Result<std::vector<uint64_t>> present_lsns(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  std::vector<uint64_t> lsns;
  if (!dir && errno == ENOENT) return lsns;
  if (!dir) return errno_error("cannot open the directory " + path);
  for (;;) {
    errno = 0;
    const dirent* item = ::readdir(dir.get());
    if (item == nullptr && errno != 0) return errno_error("cannot list the directory " + path);
    if (item == nullptr) break;
    if (const auto lsn = parse_lsn_text(item->d_name)) lsns.push_back(*lsn);
  }
  std::sort(lsns.begin(), lsns.end());
  return lsns;
}

Result<void> move_entry(const std::string& from, const std::string& to) {
  const int problem = move_new(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str());
  if (problem == 0) return {};
  if (problem == EINVAL) {
    return Error{kExitLocal, to + ": this file system cannot rename without replacing; restore into a "
                                  "directory on another one"};
  }
  return errno_error("cannot give " + to + " its name", problem);
}

// Empty: it does not remember, or it cannot.
std::string owner_of(const std::string& path) {
  char text[TIDEMARK_NAME_MAX + 32];
  const ssize_t size = ::getxattr(path.c_str(), kOwnerAttribute, text, sizeof text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

}  // namespace

Result<RestoreDir> RestoreDir::look(const std::string& path, const std::string& owner) {
  RestoreDir dir(path, owner);
  TM_TRY(dir.list());
  return dir;
}

Result<void> RestoreDir::list() {
  TM_ASSIGN(auto lsns, present_lsns(path_));
  if (const std::string other = owner_of(path_); !lsns.empty() && !other.empty() && other != owner_) {
    return usage_error(path_ + " holds entries of " + printable(other) + ", not of " + owner_ +
                       "; restore into a directory of its own");
  }
  there_.clear();
  present_ = lsns.size();
  for (const uint64_t lsn : lsns) {
    if (!there_.empty() && there_.back().last + 1 == lsn) {
      there_.back().last = lsn;
    } else {
      there_.push_back({lsn, lsn});
    }
  }
  return {};
}

Result<void> RestoreDir::prepare() {
  TM_TRY(make_dirs(path_, Durability::kFsync));
  UniqueFd lock(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return errno_error("cannot open " + path_);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? usage_error("another restore into " + path_ + " is under way")
                                : errno_error("cannot lock " + path_);
  }
  lock_ = std::move(lock);
  TM_TRY(list());  // another run may have brought some since
  const std::string staging = path_ + "/" + kStaging;
  if (::mkdir(staging.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("cannot create " + staging);
  std::error_code code;
  for (const auto& left : std::filesystem::directory_iterator(staging, code)) {
    std::filesystem::remove_all(left.path(), code);
    if (code) return errno_error("cannot remove " + left.path().string(), code.value());
  }
  // Without it only a warning is missing for a user who confuses two directories.
  (void)::setxattr(path_.c_str(), kOwnerAttribute, owner_.data(), owner_.size(), 0);
  return {};
}

Result<void> RestoreDir::clean_up() {
  if (!lock_) return {};  // what lies there is another's
  const std::string staging = path_ + "/" + kStaging;
  std::error_code code;
  std::filesystem::remove_all(staging, code);
  if (code) return errno_error("cannot remove " + staging, code.value());
  return {};
}

std::vector<Range> RestoreDir::missing_of(Range range) const {
  std::vector<Range> missing;
  auto piece = std::lower_bound(there_.begin(), there_.end(), range.first,
                                [](const Range& there, uint64_t lsn) { return there.last < lsn; });
  uint64_t next = range.first;
  for (; piece != there_.end() && piece->first <= range.last; ++piece) {
    if (piece->first > next) missing.push_back({next, piece->first - 1});
    next = piece->last + 1;
  }
  if (next <= range.last) missing.push_back({next, range.last});
  return missing;
}

uint64_t RestoreDir::free_bytes() const {
  struct statvfs status {};
  for (std::string path = path_;; path = parent_of(path)) {
    if (::statvfs(path.c_str(), &status) == 0) return uint64_t{status.f_bavail} * status.f_frsize;
    if (path == parent_of(path)) return 0;
  }
}

Result<std::string> RestoreDir::make_place(uint64_t number) {
  assert(lock_);  // or another run would take it for a rest
  std::string place = path_ + "/" + kStaging + "/" + std::to_string(number);
  if (::mkdir(place.c_str(), 0700) != 0) return errno_error("cannot create " + place);
  return place;
}

Result<void> RestoreDir::publish(const std::vector<Arrived>& arrived) {
  assert(lock_);
  for (const Arrived& one : arrived) {
    for (uint64_t lsn = one.range.first;; ++lsn) {
      const std::string name = "/" + lsn_text(lsn);
      TM_TRY(move_entry(one.place + name, path_ + name));
      if (lsn == one.range.last) break;
    }
  }
  TM_TRY(sync_dir(path_));
  for (const Arrived& one : arrived) {  // empty by now
    if (::rmdir(one.place.c_str()) != 0) return errno_error("cannot remove " + one.place);
  }
  return {};
}

}  // namespace tidemark::cli
