#include "tree/tree_builder.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/directory.h"
#include "base/files.h"
#include "base/remove_tree.h"
#include "format/object_name.h"
#include "tree/member_path.h"

namespace tidemark::tree {
namespace {

constexpr uint64_t kHandOverBytes = 4 << 20;
constexpr long kXfsMagic = 0x58465342;

Error refuse(const std::string& member, const char* why) {
  return fail(TIDEMARK_E_CORRUPT, "member " + member + " " + why + "; nothing was restored");
}

Result<std::string> random_text() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return fail_errno(errno, "getrandom");
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return std::string(text);
}

}  // namespace

bool can_sync_at_once(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return false;
  for (const long known : {long{EXT4_SUPER_MAGIC}, kXfsMagic, long{BTRFS_SUPER_MAGIC}, long{TMPFS_MAGIC},
                           long{F2FS_SUPER_MAGIC}}) {
    if (info.f_type == known) return true;
  }
  return false;
}

TreeBuilder::~TreeBuilder() {
  file_.reset();
  if (created_) remove_tree(directory_.get(), temp_name_.c_str(), stack_);
}

std::string TreeBuilder::shown(std::string_view path) const {
  return path.empty() ? final_name_ : final_name_ + "/" + std::string(path);
}

Status TreeBuilder::begin(std::string_view directory, Lsn lsn) {
  assert(!directory_);
  directory_path_ = directory;
  const auto text = lsn_text(lsn);
  final_name_.assign(text.data(), text.size());
  directory_.reset(open(directory_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) return fail_errno(errno, directory_path_);
  struct stat info;
  if (fstatat(directory_.get(), final_name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return fail_exists(directory_path_ + "/" + final_name_);
  }
  if (errno != ENOENT) return fail_errno(errno, directory_path_ + "/" + final_name_);
  can_sync_at_once_ = can_sync_at_once(directory_.get());
  TM_ASSIGN(auto random, random_text());
  temp_name_ = ".tidemark-restore-" + final_name_ + "-" + random;
  return {};
}

Status TreeBuilder::begin_staged(int staging_fd, std::string_view shown, Lsn lsn) {
  assert(!directory_);
  directory_path_ = shown;
  const auto text = lsn_text(lsn);
  final_name_.assign(text.data(), text.size());
  temp_name_ = final_name_;
  directory_.reset(fcntl(staging_fd, F_DUPFD_CLOEXEC, 0));
  if (!directory_) return fail_errno(errno, directory_path_);
  return {};
}

// Where a member goes: the directory it lies in is made the innermost one.
Status TreeBuilder::place(std::string_view path, const char*& name, int& parent_fd) {
  if (can_sync_at_once_) sync_each_ = ++members_ <= kSyncEachMax;
  if (path.empty()) {
    if (has_entry_) return refuse(final_name_, "is there twice");
    has_entry_ = true;
    name = temp_name_.c_str();
    parent_fd = directory_.get();
    return {};
  }
  if (!has_entry_ || is_file_) return refuse(shown(path), "lies in no directory of the archive");
  if (const char* problem = path_problem(path)) return refuse(shown(path), problem);
  if (!last_path_.empty() && !comes_after(path, last_path_)) {
    return refuse(shown(path), path == last_path_ ? "is there twice" : "is there twice or out of order");
  }
  const std::string_view parent = parent_path(path);
  TM_TRY(go_to_parent(parent));
  if (parent != path_) return refuse(shown(path), "lies in no directory of the archive");
  last_path_ = path;
  name_ = path.substr(parent.empty() ? 0 : parent.size() + 1);
  name = name_.c_str();
  parent_fd = stack_.fd();
  return {};
}

// Leaves directories until the innermost is `parent` or one above it.
Status TreeBuilder::go_to_parent(std::string_view parent) {
  const auto is_inside = [&] {
    return path_.empty() || parent == path_ || (parent.starts_with(path_) && parent[path_.size()] == '/');
  };
  while (!is_inside()) {
    TM_TRY(leave_directory());
  }
  return {};
}

Status TreeBuilder::leave_directory() {
  const std::string path = shown(path_);
  const UniqueFd left(fcntl(stack_.fd(), F_DUPFD_CLOEXEC, 0));
  if (!left) return fail_errno(errno, path);
  const mode_t mode = levels_.back().mode;
  // Through ".." while the directory can still be searched.
  if (const int problem = stack_.pop(); problem != 0) return fail_errno(problem, path);
  levels_.pop_back();
  path_.resize(levels_.empty() ? 0 : levels_.back().path_size);
  if (fchmod(left.get(), mode) != 0 || (sync_each_ && fsync(left.get()) != 0)) return fail_errno(errno, path);
  return {};
}

Status TreeBuilder::add_directory(std::string_view path, mode_t mode) {
  const char* name = nullptr;
  int parent = -1;
  TM_TRY(place(path, name, parent));
  if (mkdirat(parent, name, 0700) != 0) return fail_errno(errno, shown(path));
  if (path.empty()) created_ = true;
  UniqueFd fd(openat(parent, name, kOpenDirectory));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0) return fail_errno(errno, shown(path));
  stack_.push(std::move(fd), info.st_dev, info.st_ino);
  path_ = path;
  levels_.push_back({path.size(), mode & 07777});
  return {};
}

Status TreeBuilder::add_symlink(std::string_view path, const std::string& target) {
  const char* name = nullptr;
  int parent = -1;
  if (path.empty()) return refuse(final_name_, "is a symlink; an entry is a file or a directory");
  if (target.empty()) return refuse(shown(path), "is a symlink without a target");
  TM_TRY(place(path, name, parent));
  if (symlinkat(target.c_str(), parent, name) != 0) return fail_errno(errno, shown(path));
  return {};
}

Status TreeBuilder::begin_file(std::string_view path, mode_t mode) {
  const char* name = nullptr;
  int parent = -1;
  TM_TRY(place(path, name, parent));
  file_.reset(openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) return fail_errno(errno, shown(path));
  if (path.empty()) created_ = is_file_ = true;
  file_mode_ = mode & 07777;
  written_bytes_ = handed_over_bytes_ = 0;
  return {};
}

Status TreeBuilder::write(const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = ::write(file_.get(), next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, shown(last_path_));
    next += count;
    size -= static_cast<size_t>(count);
    written_bytes_ += static_cast<uint64_t>(count);
  }
  // So that the disk works while more comes, and the fsync finds little left to do. Only advice.
  if (written_bytes_ - handed_over_bytes_ >= kHandOverBytes) {
    sync_file_range(file_.get(), static_cast<off_t>(handed_over_bytes_),
                    static_cast<off_t>(written_bytes_ - handed_over_bytes_), SYNC_FILE_RANGE_WRITE);
    handed_over_bytes_ = written_bytes_;
  }
  return {};
}

Status TreeBuilder::end_file() {
  // The bits last: a write would take setuid and setgid away.
  if (fchmod(file_.get(), file_mode_) != 0 || (sync_each_ && fsync(file_.get()) != 0))
    return fail_errno(errno, shown(last_path_));
  file_.reset();
  return {};
}

Status TreeBuilder::finish() {
  assert(has_entry_ && !file_);
  while (!stack_.empty()) {
    TM_TRY(leave_directory());
  }
  if (!sync_each_ && can_sync_at_once_ && syncfs(directory_.get()) != 0)
    return fail_errno(errno, directory_path_);
  return {};
}

Status TreeBuilder::publish() {
  const std::string target = directory_path_ + "/" + final_name_;
  Status renamed = rename_into_place(directory_.get(), temp_name_, directory_.get(), final_name_, target);
  if (!renamed) return renamed;
  created_ = false;
  if (fsync(directory_.get()) != 0) return fail_errno(errno, directory_path_);
  return {};
}

Error fail_exists(const std::string& target) {
  return fail(TIDEMARK_E_EXISTS, target + ": exists already; remove it or restore into another directory");
}

Status rename_into_place(int from_fd, const std::string& from_name, int to_fd, const std::string& to_name,
                         const std::string& target) {
  const int problem = move_new(from_fd, from_name.c_str(), to_fd, to_name.c_str());
  if (problem == 0) return {};
  if (problem == EEXIST) return fail_exists(target);
  if (problem == EINVAL) {
    return fail(TIDEMARK_E_UNSUPPORTED, target +
                                            ": this file system cannot rename without replacing; restore "
                                            "into a directory on another one");
  }
  return fail_errno(problem, target);
}

}  // namespace tidemark::tree
