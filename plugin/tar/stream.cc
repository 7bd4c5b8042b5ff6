#include "tar/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tidemark::tar {
namespace {

constexpr int kOpenFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
constexpr uint64_t kReadAheadFrom = 1 << 20;

}  // namespace

void LayoutStream::begin(std::span<const tree::EntryPath> entries) {
  close();
  entries_ = entries;
  piece_ = layout_.piece();
}

void LayoutStream::close() {
  let_go();
  entries_ = {};
}

void LayoutStream::let_go() {
  file_.reset();
  directory_.reset();
  member_ = 0;
  header_member_ = kNone;
  file_member_ = kNone;
  directory_member_ = LaidOut::kNoParent;
}

// Has the part of the layout at hand that `offset` lies in.
Status LayoutStream::bring(uint64_t offset) {
  if (layout_.holds(offset)) return {};
  Status status = pieces_.bring(offset);
  if (layout_.piece() != piece_) let_go();
  piece_ = layout_.piece();
  return status;
}

std::string LayoutStream::path_on_disk(const LaidOut& member) const {
  char buffer[tree::kMemberNameMax];
  return tree::Place{layout_.path(member, buffer), entries_[member.entry].path, -1, ""}.path();
}

Status LayoutStream::read(uint64_t offset, uint8_t* out, size_t size) {
  assert(offset + size <= size_bytes());
  while (size > 0) {
    TM_ASSIGN(const auto count, read_some(offset, out, size));
    offset += count;
    out += count;
    size -= count;
  }
  return {};
}

// As much as one part of one member holds: header, file bytes, padding, or the end mark.
Result<size_t> LayoutStream::read_some(uint64_t offset, uint8_t* out, size_t size) {
  if (offset >= members_end()) {
    TM_TRY(check_directory());
    std::memset(out, 0, size);
    return size;
  }
  TM_TRY(bring(offset));
  if (member_ >= layout_.size() || offset < layout_[member_].offset || offset >= layout_[member_].end()) {
    const bool is_next = member_ + 1 < layout_.size() && offset >= layout_[member_ + 1].offset &&
                         offset < layout_[member_ + 1].end();
    member_ = is_next ? member_ + 1 : layout_.find(offset);
  }
  const LaidOut& member = layout_[member_];
  uint64_t within = offset - member.offset;
  if (within < member.header_bytes()) {
    TM_TRY(make_header(member_));
    const size_t count = std::min<uint64_t>(size, member.header_bytes() - within);
    std::memcpy(out, header_.data() + within, count);
    return count;
  }
  within -= member.header_bytes();
  if (within < member.stamp.size_bytes) return read_file(member_, within, out, size);
  const size_t count = std::min<uint64_t>(size, member.end() - offset);
  std::memset(out, 0, count);
  return count;
}

Status LayoutStream::make_header(size_t index) {
  if (header_member_ == index) return {};
  const LaidOut& member = layout_[index];
  // An empty file has no bytes at which a change would show.
  if (member.type == MemberType::kFile && member.stamp.size_bytes == 0) {
    TM_TRY(open_file(index));
    TM_TRY(check_file_end(index));
  }
  char buffer[tree::kMemberNameMax];
  write_header(
      {layout_.path(member, buffer), layout_.link(member), member.stamp.size_bytes, member.mode, member.type},
      header_.data());
  header_member_ = index;
  return {};
}

Result<size_t> LayoutStream::read_file(size_t index, uint64_t offset, uint8_t* out, size_t size) {
  TM_TRY(open_file(index));
  const uint64_t file_size = layout_[index].stamp.size_bytes;
  const size_t wanted = std::min<uint64_t>(size, file_size - offset);
  const ssize_t count = pread(file_.get(), out, wanted, static_cast<off_t>(offset));
  if (count < 0 && errno != EINTR) return fail_errno(errno, path_on_disk(layout_[index]));
  if (count < 0) return size_t{0};
  if (count == 0) {
    struct stat info;
    if (fstat(file_.get(), &info) == 0 && tree::stamp_of(info) == layout_[index].stamp) {
      return tree::fail_size(path_on_disk(layout_[index]), file_size);
    }
    return fail(TIDEMARK_E_CORRUPT,
                path_on_disk(layout_[index]) + ": shrank from " + std::to_string(file_size) + " to " +
                    std::to_string(offset) +
                    " bytes or less while it was archived; an entry must not change until "
                    "it is released");
  }
  if (offset + static_cast<uint64_t>(count) == file_size) {
    TM_TRY(check_file_end(index));
  }
  return static_cast<size_t>(count);
}

Status LayoutStream::open_file(size_t index) {
  if (file_member_ == index) return {};
  file_member_ = kNone;
  const LaidOut& member = layout_[index];
  if (member.parent == LaidOut::kNoParent) {
    TM_TRY(open_entry_root(member, kOpenFile, file_));
  } else {
    TM_ASSIGN(const auto directory, open_directory(member.parent));
    file_.reset(openat(directory, layout_.name(member), kOpenFile));
    if (!file_) return tree::fail_inside(errno, path_on_disk(member));
  }
  struct stat info;
  if (fstat(file_.get(), &info) != 0) return fail_errno(errno, path_on_disk(member));
  if (tree::stamp_of(info) != member.stamp)
    return tree::fail_changed(path_on_disk(member), info, member.stamp);
  if (attributes_.is_due()) {
    char buffer[tree::kMemberNameMax];
    attributes_.ask(file_.get(), {layout_.path(member, buffer), entries_[member.entry].path, -1, ""});
  }
  // Only advice: what it answers does not matter.
  if (member.stamp.size_bytes >= kReadAheadFrom) posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  file_member_ = index;
  return {};
}

Status LayoutStream::check_file_end(size_t index) {
  const LaidOut& member = layout_[index];
  uint8_t probe;
  const ssize_t after = pread(file_.get(), &probe, 1, static_cast<off_t>(member.stamp.size_bytes));
  struct stat info;
  if (after < 0 || fstat(file_.get(), &info) != 0) return fail_errno(errno, path_on_disk(member));
  if (tree::stamp_of(info) != member.stamp)
    return tree::fail_changed(path_on_disk(member), info, member.stamp);
  if (after > 0) return tree::fail_size(path_on_disk(member), member.stamp.size_bytes);
  return {};
}

// When its files were read: a name that came or went shows in the directory alone.
Status LayoutStream::check_directory() {
  if (directory_member_ == LaidOut::kNoParent) return {};
  const LaidOut& member = layout_[directory_member_];
  struct stat info;
  if (fstat(directory_.get(), &info) != 0) return fail_errno(errno, path_on_disk(member));
  tree::FileStamp stamp = tree::stamp_of(info);
  stamp.size_bytes = 0;
  if (stamp == member.stamp) return {};
  TM_TRY(check_names_of_directory());
  return tree::fail_changed(path_on_disk(member), info, member.stamp);
}

// Which name it is that changed, for the message.
Status LayoutStream::check_names_of_directory() const {
  for (size_t i = directory_member_ + 1; i < layout_.size(); ++i) {
    const LaidOut& member = layout_[i];
    if (member.parent != directory_member_ || member.type == MemberType::kSymlink) continue;
    struct stat info;
    if (fstatat(directory_.get(), layout_.name(member), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return tree::fail_inside(errno, path_on_disk(member));
    }
    tree::FileStamp stamp = tree::stamp_of(info);
    if (member.type == MemberType::kDirectory) stamp.size_bytes = 0;
    if (stamp != member.stamp) return tree::fail_changed(path_on_disk(member), info, member.stamp);
  }
  return {};
}

Status LayoutStream::open_entry_root(const LaidOut& root, int flags, UniqueFd& fd) const {
  const std::string path(entries_[root.entry].path);
  fd.reset(openat(AT_FDCWD, path.c_str(), flags));
  if (!fd) return tree::fail_inside(errno, path);
  return {};
}

// Component by component, so that no symlink put in a directory's place is followed.
Result<int> LayoutStream::open_directory(uint32_t index) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (directory_member_ == index) return directory_.get();
  TM_TRY(check_directory());
  directory_member_ = LaidOut::kNoParent;
  char buffer[tree::kMemberNameMax];
  const LaidOut& wanted = layout_[index];
  const std::string path(layout_.path(wanted, buffer));
  UniqueFd fd;
  TM_TRY(open_entry_root(wanted, kFlags, fd));
  for (size_t at = path.find('/') + 1; at < path.size();) {
    const size_t end = path.find('/', at);
    fd.reset(openat(fd.get(), path.substr(at, end - at).c_str(), kFlags));
    if (!fd) return tree::fail_inside(errno, path_on_disk(wanted));
    at = end + 1;
  }
  directory_ = std::move(fd);
  directory_member_ = index;
  return directory_.get();
}

}  // namespace tidemark::tar
