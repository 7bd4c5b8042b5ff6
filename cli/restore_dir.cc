#include "restore_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>

#include "base/directory.h"
#include "base/files.h"
#include "base/remove_tree.h"
#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr const char* kStaging = ".tidemark-restore";
constexpr const char* kOwnerAttribute = "user.tidemark.partition";

// What a new file system has at its top.
constexpr const char* kLostAndFound = "lost+found";

std::string user_text(uid_t user) {
  char names[1024];
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool is_named = ::getpwuid_r(user, &entry, names, sizeof names, &found) == 0 && found != nullptr;
  return "user " + std::to_string(user) + (is_named ? std::string(" (") + entry.pw_name + ")" : "");
}

// errno_error() that tells, if it is that `path` is another user's, whose it is and what helps.
Error refused(const std::string& what, const std::string& path, int sys_errno = errno) {
  Error error = errno_error(what, sys_errno);
  struct stat status {};
  if ((sys_errno != EACCES && sys_errno != EPERM) || ::lstat(path.c_str(), &status) != 0 ||
      status.st_uid == ::geteuid()) {
    return error;
  }
  error.message += "; " + path + " belongs to " + user_text(status.st_uid) + ", this is " +
                   user_text(::geteuid()) + ": run it as that user, or restore into a directory of your own";
  return error;
}

struct Names {
  std::vector<uint64_t> lsns;
  std::vector<std::string> moving;
  std::string foreign;  // one of those that are no entry and nothing of ours
};

Result<Names> names_in(const std::string& path) {
  Names names;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir && errno == ENOENT) return names;
  if (!dir) return refused("cannot open the directory " + path, path);
  for (;;) {
    errno = 0;
    const dirent* item = ::readdir(dir.get());
    if (item == nullptr && errno != 0) return errno_error("cannot list the directory " + path);
    if (item == nullptr) break;
    const std::string name = item->d_name;
    if (const auto lsn = parse_lsn_text(name)) {
      names.lsns.push_back(*lsn);
    } else if (name.starts_with(kMovingPrefix)) {
      names.moving.push_back(name);
    } else if (!is_dots(item->d_name) && name != kStaging && name != kLostAndFound) {
      names.foreign = name;
    }
  }
  std::sort(names.lsns.begin(), names.lsns.end());
  return names;
}

Result<void> move_entry(const std::string& from, const std::string& to) {
  const int problem = move_new(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str());
  if (problem == 0) return {};
  if (problem == EINVAL) {
    return Error{kExitLocal, to + ": this file system cannot rename without replacing; restore into a "
                                  "directory on another one"};
  }
  return refused("cannot give " + to + " its name", parent_of(to), problem);
}

// Empty: it does not remember, or it cannot.
std::string owner_of(const std::string& path) {
  char text[TIDEMARK_NAME_MAX + 32];
  const ssize_t size = ::getxattr(path.c_str(), kOwnerAttribute, text, sizeof text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : std::string();
}

}  // namespace

std::optional<uint64_t> free_bytes_at(std::string path) {
  struct statvfs status {};
  for (;; path = parent_of(path)) {
    if (::statvfs(path.c_str(), &status) == 0) return uint64_t{status.f_bavail} * status.f_frsize;
    if (path == parent_of(path)) return std::nullopt;
  }
}

Result<RestoreDir> RestoreDir::look(const std::string& path, const std::string& owner, bool into_existing) {
  RestoreDir dir(path, owner, into_existing);
  TM_TRY(dir.list());
  return dir;
}

Result<void> RestoreDir::list() {
  TM_ASSIGN(auto names, names_in(path_));
  const std::string other = owner_of(path_);
  const auto& lsns = names.lsns;
  if (!lsns.empty() && !other.empty() && other != owner_) {
    return usage_error(path_ + " holds entries of " + printable(other) + ", not of " + owner_ +
                       "; restore into a directory of its own");
  }
  if (!names.foreign.empty() && !into_existing_ && other != owner_) {
    return usage_error(path_ + " is not empty, and what is in it is not from a restore (such as '" +
                       printable(names.foreign) +
                       "'): restore into an empty directory, or give --into-existing");
  }
  moving_ = std::move(names.moving);
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

Result<UniqueFd> lock_directory(const std::string& path) {
  TM_TRY(make_dirs(path, Durability::kFsync));
  UniqueFd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return refused("cannot open " + path, path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("cannot lock " + path);
    return usage_error(
        "another restore into " + path +
        " is under way; this one has changed nothing. Wait until that one has ended, or restore "
        "into another directory");
  }
  return lock;
}

Result<void> RestoreDir::take_lock() {
  TM_ASSIGN(lock_, lock_directory(path_));
  TM_TRY(list());  // another run may have brought some since
  return sweep();
}

Result<void> RestoreDir::prepare() {
  if (!lock_) {
    TM_TRY(take_lock());
  }
  const std::string staging = path_ + "/" + kStaging;
  if (::mkdir(staging.c_str(), 0700) != 0) return refused("cannot create " + staging, path_);
  // Without it only a warning is missing for a user who confuses two directories.
  (void)::setxattr(path_.c_str(), kOwnerAttribute, owner_.data(), owner_.size(), 0);
  return {};
}

Result<void> RestoreDir::sweep() {
  std::vector<std::string> left = std::move(moving_);
  moving_.clear();
  left.emplace_back(kStaging);
  for (const std::string& name : left) {
    const std::string shown = path_ + "/" + name;
    if (const int problem = remove_tree(lock_.get(), name.c_str()); problem != 0)
      return refused("cannot remove what an earlier restore left, " + shown, shown, problem);
  }
  return {};
}

Result<void> RestoreDir::clean_up() {
  if (!lock_) return {};  // what lies there is another's
  const int problem = remove_tree(lock_.get(), kStaging);
  return problem == 0 ? Result<void>() : errno_error("cannot remove " + path_ + "/" + kStaging, problem);
}

std::vector<Range> RestoreDir::present_of(Range range) const {
  std::vector<Range> present;
  uint64_t next = range.first;
  for (const Range& missing : missing_of(range)) {
    if (missing.first > next) present.push_back({next, missing.first - 1});
    next = missing.last + 1;
    if (missing.last == range.last) return present;
  }
  present.push_back({next, range.last});
  return present;
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

Result<std::string> RestoreDir::make_place(uint64_t number) {
  assert(lock_);  // or another run would take it for a rest
  std::string place = path_ + "/" + kStaging + "/" + std::to_string(number);
  if (::mkdir(place.c_str(), 0700) != 0) return errno_error("cannot create " + place);
  return place;
}

Result<void> RestoreDir::need(const std::string& path) const {
  if (::access(path.c_str(), F_OK) == 0) return {};
  return errno_error(path + " was there a moment ago, and somebody has removed it");
}

Result<void> RestoreDir::publish(const std::vector<Arrived>& arrived) {
  assert(lock_);
  if (::syncfs(lock_.get()) != 0) return errno_error("cannot sync the file system of " + path_);
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
