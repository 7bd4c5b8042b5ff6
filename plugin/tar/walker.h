// Walks one log entry on disk in archive order: the entry itself, then pre-order, names in byte order.
//
// One thread at a time; made once and reused. Never follows a symlink and never opens anything but
// directories: files and symlinks are handed to the visitor by directory and name. Holds a bounded number of
// descriptors, and names only of the directories between the root and the place at work.
#ifndef TIDEMARK_TAR_WALKER_H
#define TIDEMARK_TAR_WALKER_H

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tar/dir_stack.h"
#include "tar/entry_source.h"
#include "tar/format.h"
#include "tar/reserved_array.h"

namespace tidemark::tar {

// What tells that a file or directory is still the one that was seen.
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
tl::unexpected<Error> fail_inside(int sys_errno, const std::string& path);
tl::unexpected<Error> fail_changed(const std::string& path, const struct stat& now, const FileStamp& before);
tl::unexpected<Error> fail_too_many(std::string_view entry_path, size_t limit_bytes);
// Devices, FIFOs, sockets and whatever else is no file, directory or symlink.
tl::unexpected<Error> fail_type(const std::string& path, mode_t mode);

class TreeWalker {
 public:
  explicit TreeWalker(ByteBudget& budget);

  Status walk(const EntryPath& entry, TreeVisitor& visitor, Cancel cancel);
  void trim();

 private:
  struct Item {
    uint32_t name;  // offset in names_, NUL-terminated
    uint16_t name_size;
    uint8_t type;  // DT_*
  };
  struct Frame {
    size_t next_item;
    size_t first_item;
    size_t first_name;
    size_t path_size;
    FileStamp stamp;
  };

  Status walk_root(TreeVisitor& visitor);
  Status walk_frames(TreeVisitor& visitor, Cancel cancel);
  Status visit_item(const Item& item, TreeVisitor& visitor);
  Status enter(UniqueFd fd, const char* name, int parent_fd, TreeVisitor& visitor);
  Status leave(TreeVisitor& visitor);
  Status list(int fd);
  bool add_name(const char* name, uint8_t type);
  void sort_from(size_t first_item);
  Result<uint8_t> find_type(int fd, const char* name);
  Place place(int directory_fd, const char* name) const;

  ByteBudget& budget_;
  ReservedArray<char> names_;
  ReservedArray<Item> items_;
  std::vector<Frame> frames_;
  DirStack directories_;
  std::unique_ptr<char[]> listing_;  // what getdents64 fills
  std::string_view entry_path_;
  char root_[kMemberNameMax];        // the entry's path, NUL-terminated
  char path_[kMemberNameMax + 300];  // the member at work: room for one name behind the longest
  size_t path_size_ = 0;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_WALKER_H
