// Walks one log entry on disk in archive order: the entry itself, then pre-order, names in byte order. All in
// one call, or step by step and from any member on.
//
// One thread at a time; made once and reused. Never follows a symlink and never opens anything but
// directories: files and symlinks are handed to the visitor by directory and name. Holds a bounded number of
// descriptors, and names only of the directories between the root and the place at work.
#ifndef TIDEMARK_TREE_WALKER_H
#define TIDEMARK_TREE_WALKER_H

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/dir_stack.h"
#include "tree/directory_names.h"
#include "tree/entry_path.h"
#include "tree/limits.h"
#include "tree/reserved_array.h"

namespace tidemark::tree {

class AttributeWatch;

// What shows whether a file or directory is still the one that was seen.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp stamp_of(const struct stat& info);

// A file or symlink found, not yet opened. Everything is borrowed for the call.
struct Place {
  std::string_view member;  // its name in the archive
  std::string_view entry_path;
  int directory_fd;
  const char* name;  // relative to directory_fd

  // Where it lies on disk, for messages.
  std::string path() const;
};

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  virtual Status on_directory(const Place& place, const struct stat& info) = 0;
  virtual void on_directory_end() = 0;
  virtual Status on_file(const Place& place) = 0;
  virtual Status on_symlink(const Place& place) = 0;
};

// An error with errno at something that was seen inside an entry a moment ago: what has vanished or become
// something else is CORRUPT, not NOT_FOUND.
Error fail_inside(int sys_errno, const std::string& path);
Error fail_changed(const std::string& path, const struct stat& now, const FileStamp& before);
// A file that has not changed and has fewer or more bytes than its size says.
Error fail_size(const std::string& path, uint64_t size_bytes);
Error fail_budget(std::string_view entry_path, size_t limit_bytes);
// Devices, FIFOs, sockets and whatever else is not a file, directory or symlink.
Error fail_type(const std::string& path, mode_t mode);

// A symlink's target into a buffer of kLinkTargetMax + 1 bytes.
Result<std::string_view> read_link(const Place& place, char* buffer);
// CANCELLED, with the entry that it was about.
Status check_call(const Call& call, std::string_view entry_path);

class TreeWalker {
 public:
  TreeWalker(ByteBudget& budget, AttributeWatch& attributes);

  // See DirectoryNames::set_most_bytes(). Only between walks.
  void set_most_name_bytes(size_t most_bytes) { names_.set_most_bytes(most_bytes); }
  // More members are a PERMANENT error, and has_too_many() is true until the next walk.
  void set_most_members(uint64_t most) { most_members_ = most; }
  bool has_too_many() const { return has_too_many_; }

  Status walk(const EntryPath& entry, TreeVisitor& visitor, const Call& call);

  // Or: begin(), step() until is_done(), end(). A step visits one member or leaves one directory. What the
  // entry's path says is borrowed until end().
  Status begin(const EntryPath& entry);
  // The first step visits `member`, named as Place has it; the directories above it are entered without a
  // visit. CORRUPT: it is not there.
  Status begin_at(const EntryPath& entry, std::string_view member);
  bool is_done() const { return !at_root_ && frames_.empty(); }
  Status step(TreeVisitor& visitor, const Call& call);
  void end();
  void trim() { names_.trim(); }

  uint64_t members() const { return members_; }  // visited since it began
  // The directories that it is in, the entry's root first.
  size_t depth() const { return frames_.size(); }
  std::string_view directory_name(size_t level) const;
  const FileStamp& directory_stamp(size_t level) const { return frames_[level].stamp; }

 private:
  struct Frame {
    size_t path_size;  // with its '/'
    FileStamp stamp;
    uint16_t last_size;  // of the name visited last, which stands in path_ after path_size
  };

  Status walk_root(TreeVisitor& visitor);
  Status visit(const DirectoryNames::Name& name, TreeVisitor& visitor);
  Status enter(UniqueFd fd, const char* name, int parent_fd, TreeVisitor* visitor, std::string_view from);
  Status enter_child(std::string_view name, std::string_view from);
  Status leave(TreeVisitor& visitor);
  Status names_failed(int problem) const;
  void append_to_path(const DirectoryNames::Name& name);
  Result<uint8_t> find_type(int fd, const char* name);
  Status check_count();
  Place place(int directory_fd, const char* name) const;
  std::string shown_directory() const;

  ByteBudget& budget_;
  AttributeWatch& attributes_;
  uint64_t most_members_ = kMembersMax;
  uint64_t members_ = 0;
  bool has_too_many_ = false;
  bool at_root_ = false;  // which is yet to be visited
  DirectoryNames names_;
  std::vector<Frame> frames_;
  DirStack directories_;
  std::string_view entry_path_;
  char root_[4096];                  // the entry's path, NUL-terminated
  char path_[kMemberNameMax + 300];  // the member at work: room for one name after the longest
  size_t path_size_ = 0;
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_WALKER_H
