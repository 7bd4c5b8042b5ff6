#include "tree/walker.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "format/object_name.h"
#include "tree/attributes.h"

namespace tidemark::tree {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

int64_t nanoseconds(const struct timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

uint8_t type_of_mode(mode_t mode) { return static_cast<uint8_t>(IFTODT(mode)); }

}  // namespace

FileStamp stamp_of(const struct stat& info) {
  return {info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim),
          nanoseconds(info.st_ctim)};
}

std::string Place::path() const {
  std::string path(entry_path);
  const size_t slash = member.find('/');
  if (slash != std::string_view::npos && slash + 1 < member.size()) path.append(member.substr(slash));
  return path;
}

Error fail_inside(int sys_errno, const std::string& path) {
  if (sys_errno == ENOENT) return fail(TIDEMARK_E_CORRUPT, path + ": vanished while it was archived");
  if (sys_errno == ELOOP || sys_errno == ENOTDIR || sys_errno == EINVAL || sys_errno == ENXIO) {
    return fail(TIDEMARK_E_CORRUPT, path + ": was replaced while it was archived");
  }
  if (sys_errno == ESTALE) return fail(TIDEMARK_E_CORRUPT, path + ": was moved while it was archived");
  return fail_errno(sys_errno, path);
}

Error fail_changed(const std::string& path, const struct stat& now, const FileStamp& before) {
  const FileStamp stamp = stamp_of(now);
  std::string what = path;
  const bool is_other_type = !S_ISREG(now.st_mode) && !S_ISDIR(now.st_mode);
  if (is_other_type || stamp.device != before.device || stamp.inode != before.inode) {
    what += ": was replaced while it was archived";
  } else if (stamp.size_bytes != before.size_bytes && S_ISREG(now.st_mode)) {
    what += stamp.size_bytes > before.size_bytes ? ": grew from " : ": shrank from ";
    what += std::to_string(before.size_bytes) + " to " + std::to_string(stamp.size_bytes) +
            " bytes while it was archived";
  } else {
    what += ": changed while it was archived";
  }
  return fail(TIDEMARK_E_CORRUPT, what + "; an entry must not change until it is released");
}

Error fail_size(const std::string& path, uint64_t size_bytes) {
  return fail(
      TIDEMARK_E_PERMANENT,
      path + ": reports size " + std::to_string(size_bytes) + " but has " +
          (size_bytes == 0 ? "content" : "more or less content") +
          "; it is not a file on a disk (those below /proc are like that); leave it out of the entry");
}

Error fail_budget(std::string_view entry_path, size_t limit_bytes) {
  return fail(TIDEMARK_E_PERMANENT, std::string(entry_path) + ": its directories do not fit in " +
                                        std::to_string(limit_bytes) +
                                        " bytes; nest them less deeply or raise memory_budget_bytes");
}

Error fail_type(const std::string& path, mode_t mode) {
  const char* what = S_ISFIFO(mode)                   ? "a FIFO"
                     : S_ISSOCK(mode)                 ? "a socket"
                     : S_ISBLK(mode) || S_ISCHR(mode) ? "a device"
                     : S_ISLNK(mode)                  ? "a symlink"
                     : S_ISDIR(mode) || S_ISREG(mode) ? "not what it was a moment ago"
                                                      : "of a type that cannot be archived";
  return fail(
      TIDEMARK_E_PERMANENT,
      path + ": is " + what + "; an entry is a file or a directory of files, directories and symlinks");
}

Result<std::string_view> read_link(const Place& place, char* buffer) {
  const ssize_t size = readlinkat(place.directory_fd, place.name, buffer, kLinkTargetMax + 1);
  if (size < 0) return fail_inside(errno, place.path());
  if (static_cast<size_t>(size) > kLinkTargetMax) {
    return fail(TIDEMARK_E_PERMANENT, place.path() + ": the symlink's target is longer than " +
                                          std::to_string(kLinkTargetMax) + " bytes");
  }
  return std::string_view(buffer, static_cast<size_t>(size));
}

Status check_call(const Call& call, std::string_view entry_path) {
  Status status = call.check();
  if (!status) status.error().message = std::string(entry_path) + ": " + status.error().message;
  return status;
}

TreeWalker::TreeWalker(ByteBudget& budget, AttributeWatch& attributes)
    : budget_(budget), attributes_(attributes), names_(budget) {}

Place TreeWalker::place(int directory_fd, const char* name) const {
  return {{path_, path_size_}, entry_path_, directory_fd, name};
}

std::string TreeWalker::shown_directory() const { return place(-1, "").path(); }

std::string_view TreeWalker::directory_name(size_t level) const {
  const size_t begin = level == 0 ? 0 : frames_[level - 1].path_size;
  return {path_ + begin, frames_[level].path_size - begin - 1};
}

Status TreeWalker::walk(const EntryPath& entry, TreeVisitor& visitor, const Call& call) {
  Status status = begin(entry);
  while (status && !is_done()) status = step(visitor, call);
  end();
  return status;
}

Status TreeWalker::begin(const EntryPath& entry) {
  end();
  members_ = 0;
  has_too_many_ = false;
  entry_path_ = entry.path;
  if (entry.path.empty() || entry.path.size() >= sizeof root_ ||
      entry.path.find('\0') != std::string_view::npos) {
    return fail(TIDEMARK_E_PERMANENT, "the path of entry " + std::to_string(entry.lsn) +
                                          " is empty, longer than " + std::to_string(sizeof root_ - 1) +
                                          " bytes or has a NUL in it");
  }
  if (!names_.reserve()) return fail_errno(errno, "cannot reserve memory for names");
  std::memcpy(root_, entry.path.data(), entry.path.size());
  root_[entry.path.size()] = '\0';
  const auto text = lsn_text(entry.lsn);
  std::memcpy(path_, text.data(), text.size());
  path_size_ = text.size();
  at_root_ = true;
  return {};
}

void TreeWalker::end() {
  directories_.clear();
  frames_.clear();
  names_.clear();
  at_root_ = false;
}

Status TreeWalker::begin_at(const EntryPath& entry, std::string_view member) {
  TM_TRY(begin(entry));
  if (member.ends_with('/')) member.remove_suffix(1);
  size_t begin = member.find('/');
  if (begin == std::string_view::npos) return {};
  at_root_ = false;
  UniqueFd fd(openat(AT_FDCWD, root_, kOpenDirectory));
  if (!fd) return fail_inside(errno, std::string(entry_path_));
  // The name of a directory on the way, then what is to be visited.
  std::string_view name = member.substr(begin + 1, member.find('/', begin + 1) - begin - 1);
  Status status = enter(std::move(fd), root_, AT_FDCWD, nullptr, name);
  while (status && begin + 1 + name.size() < member.size()) {
    begin += 1 + name.size();
    const std::string_view next = member.substr(begin + 1, member.find('/', begin + 1) - begin - 1);
    status = enter_child(name, next);
    name = next;
  }
  return status;
}

// Which has to be the next of the innermost directory's names.
Status TreeWalker::enter_child(std::string_view name, std::string_view from) {
  DirectoryNames::Name found;
  const int fd = directories_.fd();
  if (const int problem = names_.next(fd, {}, &found); problem != 0) return names_failed(problem);
  if (found.text == nullptr || std::string_view(found.text, found.size) != name) {
    return fail_inside(ENOENT, shown_directory() + std::string(name));
  }
  append_to_path(found);
  UniqueFd child(openat(fd, found.text, kOpenDirectory));
  if (!child) return fail_inside(errno, shown_directory());
  return enter(std::move(child), found.text, fd, nullptr, from);
}

Status TreeWalker::step(TreeVisitor& visitor, const Call& call) {
  if (at_root_) {
    at_root_ = false;
    return walk_root(visitor);
  }
  TM_TRY(check_call(call, entry_path_));
  const Frame& frame = frames_.back();
  path_size_ = frame.path_size;
  DirectoryNames::Name name;
  const std::string_view last(path_ + frame.path_size, frame.last_size);
  if (const int problem = names_.next(directories_.fd(), last, &name); problem != 0)
    return names_failed(problem);
  return name.text == nullptr ? leave(visitor) : visit(name, visitor);
}

Status TreeWalker::check_count() {
  if (++members_ <= most_members_) return {};
  has_too_many_ = true;
  return fail(TIDEMARK_E_PERMANENT, std::string(entry_path_) + ": has " +
                                        too_many_members_text(most_members_) +
                                        "; that is the most an archive holds: store fewer in one entry");
}

Status TreeWalker::walk_root(TreeVisitor& visitor) {
  UniqueFd fd(openat(AT_FDCWD, root_, kOpenDirectory));
  if (fd) return enter(std::move(fd), root_, AT_FDCWD, &visitor, {});
  const int problem = errno;
  struct stat info;
  if (problem != ENOTDIR && problem != ELOOP) return fail_errno(problem, entry_path_);
  if (fstatat(AT_FDCWD, root_, &info, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, entry_path_);
  if (!S_ISREG(info.st_mode)) return fail_type(std::string(entry_path_), info.st_mode);
  TM_TRY(check_count());
  return visitor.on_file(place(AT_FDCWD, root_));
}

// Goes into a directory whose member name without the final '/' stands in path_, with a visit if there is a
// visitor.
Status TreeWalker::enter(UniqueFd fd, const char* name, int parent_fd, TreeVisitor* visitor,
                         std::string_view from) {
  path_[path_size_++] = '/';
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return fail_errno(errno, shown_directory());
  if (visitor != nullptr) {
    TM_TRY(check_count());
    const Place here = place(parent_fd, name);
    attributes_.look(fd.get(), here);
    TM_TRY(visitor->on_directory(here, info));
  }
  const int problem = names_.push(fd.get(), from);
  frames_.push_back({path_size_, stamp_of(info), 0});
  directories_.push(std::move(fd), info.st_dev, info.st_ino);
  return problem == 0 ? Status() : names_failed(problem);
}

Status TreeWalker::names_failed(int problem) const {
  if (problem == DirectoryNames::kFull) return fail_budget(entry_path_, budget_.limit);
  return fail_inside(problem, shown_directory());
}

Status TreeWalker::leave(TreeVisitor& visitor) {
  const Frame frame = frames_.back();
  struct stat info;
  if (fstat(directories_.fd(), &info) != 0) return fail_errno(errno, shown_directory());
  if (stamp_of(info) != frame.stamp) return fail_changed(shown_directory(), info, frame.stamp);
  frames_.pop_back();
  names_.pop();
  if (const int problem = directories_.pop(); problem != 0) return fail_inside(problem, shown_directory());
  visitor.on_directory_end();
  return {};
}

void TreeWalker::append_to_path(const DirectoryNames::Name& name) {
  std::memcpy(path_ + path_size_, name.text, name.size);
  path_size_ += name.size;
  frames_.back().last_size = static_cast<uint16_t>(name.size);
}

Status TreeWalker::visit(const DirectoryNames::Name& name, TreeVisitor& visitor) {
  const int fd = directories_.fd();
  append_to_path(name);
  if (path_size_ > kMemberPathMax) {
    return fail(TIDEMARK_E_PERMANENT,
                shown_directory() + ": has " + too_long_path_text() + "; use shorter names");
  }
  uint8_t type = name.type;
  if (type == DT_UNKNOWN) {
    TM_ASSIGN(auto found, find_type(fd, name.text));
    type = found;
  }
  if (type == DT_DIR) {
    UniqueFd child(openat(fd, name.text, kOpenDirectory));
    if (!child) return fail_inside(errno, shown_directory());
    return enter(std::move(child), name.text, fd, &visitor, {});
  }
  if (type != DT_REG && type != DT_LNK) {
    return fail_type(shown_directory(), static_cast<mode_t>(DTTOIF(type)));
  }
  TM_TRY(check_count());
  const Place here = place(fd, name.text);
  return type == DT_REG ? visitor.on_file(here) : visitor.on_symlink(here);
}

Result<uint8_t> TreeWalker::find_type(int fd, const char* name) {
  struct stat info;
  if (fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return fail_inside(errno, shown_directory());
  return type_of_mode(info.st_mode);
}

}  // namespace tidemark::tree
