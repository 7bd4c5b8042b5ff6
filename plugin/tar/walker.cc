#include "tar/walker.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/archive_name.h"

namespace tidemark::tar {
namespace {

constexpr size_t kListingBytes = 32 << 10;
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

tl::unexpected<Error> fail_inside(int sys_errno, const std::string& path) {
  if (sys_errno == ENOENT) return fail(TIDEMARK_E_CORRUPT, path + ": vanished while it was archived");
  if (sys_errno == ELOOP || sys_errno == ENOTDIR || sys_errno == EINVAL || sys_errno == ENXIO) {
    return fail(TIDEMARK_E_CORRUPT, path + ": was replaced while it was archived");
  }
  if (sys_errno == ESTALE) return fail(TIDEMARK_E_CORRUPT, path + ": was moved while it was archived");
  return fail_errno(sys_errno, path);
}

tl::unexpected<Error> fail_changed(const std::string& path, const struct stat& now, const FileStamp& before) {
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

tl::unexpected<Error> fail_too_many(std::string_view entry_path, size_t limit_bytes) {
  return fail(TIDEMARK_E_PERMANENT, std::string(entry_path) + ": has too many members to lay out in " +
                                        std::to_string(limit_bytes) +
                                        " bytes; store fewer files in one entry or raise the memory budget");
}

tl::unexpected<Error> fail_type(const std::string& path, mode_t mode) {
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

TreeWalker::TreeWalker(ByteBudget& budget)
    : budget_(budget), names_(budget), items_(budget), listing_(new char[kListingBytes]) {}

void TreeWalker::trim() {
  names_.trim();
  items_.trim();
}

Place TreeWalker::place(int directory_fd, const char* name) const {
  return {{path_, path_size_}, entry_path_, directory_fd, name};
}

Status TreeWalker::walk(const EntryPath& entry, TreeVisitor& visitor, Cancel cancel) {
  entry_path_ = entry.path;
  if (entry.path.empty() || entry.path.size() >= sizeof root_ ||
      entry.path.find('\0') != std::string_view::npos) {
    return fail(TIDEMARK_E_PERMANENT, "the path of entry " + std::to_string(entry.lsn) +
                                          " is empty, longer than 4095 bytes or has a NUL in it");
  }
  if (!names_.reserve() || !items_.reserve()) return fail_errno(errno, "cannot reserve memory for names");
  std::memcpy(root_, entry.path.data(), entry.path.size());
  root_[entry.path.size()] = '\0';
  const auto text = core::lsn_text(entry.lsn);
  std::memcpy(path_, text.data(), text.size());
  path_size_ = text.size();

  const struct LetGo {  // also of a walk that an exception ends
    TreeWalker& walker;
    ~LetGo() {
      walker.directories_.clear();
      walker.frames_.clear();
      walker.names_.shrink(0);
      walker.items_.shrink(0);
    }
  } let_go{*this};
  Status status = walk_root(visitor);
  if (status) status = walk_frames(visitor, cancel);
  return status;
}

Status TreeWalker::walk_root(TreeVisitor& visitor) {
  UniqueFd fd(openat(AT_FDCWD, root_, kOpenDirectory));
  if (fd) return enter(std::move(fd), root_, AT_FDCWD, visitor);
  const int problem = errno;
  struct stat info;
  if (problem != ENOTDIR && problem != ELOOP) return fail_errno(problem, entry_path_);
  if (fstatat(AT_FDCWD, root_, &info, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, entry_path_);
  if (!S_ISREG(info.st_mode)) return fail_type(std::string(entry_path_), info.st_mode);
  return visitor.on_file(place(AT_FDCWD, root_));
}

Status TreeWalker::walk_frames(TreeVisitor& visitor, Cancel cancel) {
  while (!frames_.empty()) {
    if (cancel.is_cancelled != nullptr && cancel.is_cancelled(cancel.ctx)) {
      return fail(TIDEMARK_E_CANCELLED, std::string(entry_path_) + ": cancelled while it was archived");
    }
    Frame& frame = frames_.back();
    path_size_ = frame.path_size;
    Status status =
        frame.next_item == items_.size() ? leave(visitor) : visit_item(items_[frame.next_item++], visitor);
    if (!status) return status;
  }
  return {};
}

// Goes into a directory whose member name without the final '/' stands in path_.
Status TreeWalker::enter(UniqueFd fd, const char* name, int parent_fd, TreeVisitor& visitor) {
  path_[path_size_++] = '/';
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return fail_errno(errno, place(parent_fd, name).path());
  if (Status status = visitor.on_directory(place(parent_fd, name), info); !status) return status;
  const Frame frame = {items_.size(), items_.size(), names_.size(), path_size_, stamp_of(info)};
  if (Status status = list(fd.get()); !status) return status;
  sort_from(frame.first_item);
  frames_.push_back(frame);
  directories_.push(std::move(fd), info.st_dev, info.st_ino);
  return {};
}

Status TreeWalker::leave(TreeVisitor& visitor) {
  const Frame frame = frames_.back();
  struct stat info;
  const std::string_view member(path_, path_size_);
  if (fstat(directories_.fd(), &info) != 0)
    return fail_errno(errno, Place{member, entry_path_, -1, ""}.path());
  if (stamp_of(info) != frame.stamp) {
    return fail_changed(Place{member, entry_path_, -1, ""}.path(), info, frame.stamp);
  }
  frames_.pop_back();
  items_.shrink(frame.first_item);
  names_.shrink(frame.first_name);
  if (const int problem = directories_.pop(); problem != 0) {
    return fail_inside(problem, Place{member, entry_path_, -1, ""}.path());
  }
  visitor.on_directory_end();
  return {};
}

Status TreeWalker::visit_item(const Item& item, TreeVisitor& visitor) {
  const char* name = names_.data() + item.name;
  const int fd = directories_.fd();
  if (path_size_ + item.name_size + 1 > kMemberNameMax) {
    return fail(TIDEMARK_E_PERMANENT, place(fd, name).path() + name + ": the path is longer than " +
                                          std::to_string(kMemberNameMax) + " bytes; use shorter names");
  }
  std::memcpy(path_ + path_size_, name, item.name_size);
  path_size_ += item.name_size;
  uint8_t type = item.type;
  if (type == DT_UNKNOWN) {
    auto found = find_type(fd, name);
    if (!found) return tl::unexpected(std::move(found.error()));
    type = *found;
  }
  if (type == DT_REG) return visitor.on_file(place(fd, name));
  if (type == DT_LNK) return visitor.on_symlink(place(fd, name));
  if (type != DT_DIR) return fail_type(place(fd, name).path(), static_cast<mode_t>(DTTOIF(type)));
  UniqueFd child(openat(fd, name, kOpenDirectory));
  if (!child) return fail_inside(errno, place(fd, name).path());
  return enter(std::move(child), name, fd, visitor);
}

Result<uint8_t> TreeWalker::find_type(int fd, const char* name) {
  struct stat info;
  if (fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return fail_inside(errno, place(fd, name).path());
  return type_of_mode(info.st_mode);
}

Status TreeWalker::list(int fd) {
  for (;;) {
    const ssize_t size = getdents64(fd, listing_.get(), kListingBytes);
    if (size < 0) return fail_inside(errno, place(fd, "").path());
    if (size == 0) return {};
    for (ssize_t at = 0; at < size;) {
      const auto* found = reinterpret_cast<const dirent64*>(listing_.get() + at);
      at += found->d_reclen;
      const char* name = found->d_name;
      if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
      if (!add_name(name, found->d_type)) return fail_too_many(entry_path_, budget_.limit);
    }
  }
}

bool TreeWalker::add_name(const char* name, uint8_t type) {
  const size_t size = std::strlen(name);
  const Item item = {static_cast<uint32_t>(names_.size()), static_cast<uint16_t>(size), type};
  return names_.append(name, size + 1) && items_.push(item);
}

void TreeWalker::sort_from(size_t first_item) {
  const char* names = names_.data();
  std::sort(items_.data() + first_item, items_.data() + items_.size(), [names](const Item& a, const Item& b) {
    return std::string_view(names + a.name, a.name_size) < std::string_view(names + b.name, b.name_size);
  });
}

}  // namespace tidemark::tar
