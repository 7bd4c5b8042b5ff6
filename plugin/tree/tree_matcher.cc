#include "tree/tree_matcher.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/directory.h"
#include "base/errno_status.h"
#include "format/object_name.h"
#include "tree/limits.h"
#include "tree/member_path.h"

namespace tidemark::tree {
namespace {

constexpr mode_t kSetid = S_ISUID | S_ISGID;
constexpr size_t kPieceBytes = 256 << 10;

const char* type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISLNK(mode)) return "a symlink";
  return S_ISREG(mode) ? "a file" : "something else";
}

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

std::string name_of(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

// How many names are in it; errno if it cannot be read.
int count_names(int fd, uint64_t* names) {
  const Directory directory = list_directory(fd);
  if (!directory) return errno;
  *names = 0;
  for (errno = 0; const dirent* item = readdir(directory.get()); errno = 0) {
    if (!is_dots(item->d_name)) ++*names;
  }
  return errno;
}

}  // namespace

TreeMatcher::TreeMatcher(int directory_fd, std::string_view shown, Lsn lsn, bool with_setid)
    : directory_fd_(directory_fd), shown_(shown), entry_name_(name_of(lsn)), with_setid_(with_setid) {}

void TreeMatcher::differ(std::string_view path, const std::string& what) {
  verdict_ = Verdict::kDifferent;
  why_ = shown_ + "/" + entry_name_ + (path.empty() ? "" : "/") + std::string(path) + ": " + what;
}

void TreeMatcher::fails(std::string_view path, int sys_errno) {
  const bool is_gone = sys_errno == ENOENT || sys_errno == ENOTDIR;
  differ(path, is_gone ? "is not there" : errno_text(sys_errno));
  if (!is_gone) verdict_ = Verdict::kUnreadable;
}

// Where a member lies: its directory is made the innermost one.
bool TreeMatcher::place(std::string_view path, const char*& name, int& parent_fd) {
  if (path.empty()) {
    name = entry_name_.c_str();
    parent_fd = directory_fd_;
    return true;
  }
  const std::string_view parent = parent_path(path);
  while (path_ != parent) {
    if (!leave_directory()) return false;
  }
  ++levels_.back().given;
  name_ = path.substr(parent.empty() ? 0 : parent.size() + 1);
  name = name_.c_str();
  parent_fd = stack_.fd();
  return true;
}

bool TreeMatcher::leave_directory() {
  uint64_t names = 0;
  if (const int problem = count_names(stack_.fd(), &names); problem != 0) {
    fails(path_, problem);
  } else if (names != levels_.back().given) {
    differ(path_, "has " + std::to_string(names) + " names, " + std::to_string(levels_.back().given) +
                      " in the archive");
  } else if (const int left = stack_.pop(); left != 0) {
    fails(path_, left);
  }
  levels_.pop_back();
  path_.resize(levels_.empty() ? 0 : levels_.back().path_size);
  return !is_settled();
}

// Whether what lies there is of this kind and has these bits.
bool TreeMatcher::look(std::string_view path, mode_t type, mode_t mode, const char*& name, int& parent_fd,
                       struct stat& info) {
  if (is_settled() || !place(path, name, parent_fd)) return false;
  if (fstatat(parent_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    fails(path, errno);
  } else if ((info.st_mode & S_IFMT) != type) {
    differ(path, std::string("is ") + type_name(info.st_mode) + ", in the archive " + type_name(type));
  } else if (const mode_t bits = info.st_mode & 07777;
             type != S_IFLNK && bits != (mode & 07777) && (with_setid_ || bits != (mode & 07777 & ~kSetid))) {
    differ(path, "has mode " + octal(bits) + ", " + octal(mode) + " in the archive");
  }
  return !is_settled();
}

void TreeMatcher::directory(std::string_view path, mode_t mode) {
  const char* name = nullptr;
  int parent = -1;
  struct stat info;
  if (!look(path, S_IFDIR, mode, name, parent, info)) return;
  UniqueFd fd(openat(parent, name, kOpenDirectory));
  if (!fd) return fails(path, errno);
  stack_.push(std::move(fd), info.st_dev, info.st_ino);
  path_ = path;
  levels_.push_back({path.size()});
}

void TreeMatcher::symlink(std::string_view path, std::string_view target) {
  const char* name = nullptr;
  int parent = -1;
  struct stat info;
  if (!look(path, S_IFLNK, 0, name, parent, info)) return;
  char there[kLinkTargetMax + 2];
  const ssize_t size = readlinkat(parent, name, there, sizeof there);
  if (size < 0) return fails(path, errno);
  if (std::string_view(there, static_cast<size_t>(size)) != target)
    differ(path, "leads elsewhere than in the archive");
}

void TreeMatcher::begin_file(std::string_view path, mode_t mode, uint64_t size_bytes) {
  const char* name = nullptr;
  int parent = -1;
  struct stat info;
  if (!look(path, S_IFREG, mode, name, parent, info)) return;
  if (static_cast<uint64_t>(info.st_size) != size_bytes) {
    return differ(path, "has " + std::to_string(info.st_size) + " bytes, " + std::to_string(size_bytes) +
                            " in the archive");
  }
  file_.reset(openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file_) return fails(path, errno);
  file_path_ = path;
}

void TreeMatcher::bytes(const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0 && !is_settled()) {
    piece_.resize(std::min(size, kPieceBytes));
    const ssize_t count = read(file_.get(), piece_.data(), piece_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fails(file_path_, errno);
    if (count == 0 || std::memcmp(piece_.data(), next, static_cast<size_t>(count)) != 0)
      return differ(file_path_, "has other content than in the archive");
    next += count;
    size -= static_cast<size_t>(count);
  }
}

void TreeMatcher::end_file() { file_.reset(); }

void TreeMatcher::finish() {
  while (!is_settled() && !stack_.empty()) leave_directory();
}

}  // namespace tidemark::tree
