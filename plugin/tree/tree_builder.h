// Builds one restored entry beside its final place, safe against hostile member names, and moves it there
// whole: <dir>/.tidemark-restore-<LSN>-<random> becomes <dir>/<LSN>, or nothing is left. Or builds it in a
// staging directory of the caller, who publishes it.
//
// One thread at a time. Members come in archive order (pre-order, names in byte order, each below a directory
// that was given before), anything else is refused; so nothing is written twice, outside of the tree or
// through a symlink. Everything is readable by its owner alone until it is complete; then it gets its
// permission bits and is fsynced.
#ifndef TIDEMARK_TREE_TREE_BUILDER_H
#define TIDEMARK_TREE_TREE_BUILDER_H

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/dir_stack.h"
#include "base/fd.h"
#include "base/result.h"
#include "format/types.h"

namespace tidemark::tree {

class TreeBuilder {
 public:
  TreeBuilder() = default;
  ~TreeBuilder();  // removes what was not published
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  // `directory` exists. EXISTS: it has an entry <LSN> already.
  Status begin(std::string_view directory, Lsn lsn);
  // Instead: builds <LSN> right in `staging_fd`, borrowed, an empty directory nobody else uses; `shown` names
  // it in messages.
  Status begin_staged(int staging_fd, std::string_view shown, Lsn lsn);

  // Staged: whether what is written from now on is fsynced as it is completed (the default) or by the caller
  // later.
  void sync_each(bool on) { sync_each_ = on; }

  // `path` is relative to the entry, "" is the entry itself, without a '/' at its end.
  Status add_directory(std::string_view path, mode_t mode);
  Status add_symlink(std::string_view path, const std::string& target);
  Status begin_file(std::string_view path, mode_t mode);
  Status write(const void* data, size_t size);
  Status end_file();

  bool has_entry() const { return has_entry_; }
  // After the last member: completes and fsyncs the tree, but leaves it where nobody looks.
  Status finish();
  // After finish(): EXISTS if somebody else was faster.
  Status publish();
  // After finish(), staged: it is the caller's to publish or remove.
  void release() { created_ = false; }

 private:
  struct Level {
    size_t path_size;  // of path_, up to and including this directory
    mode_t mode;
  };

  Status place(std::string_view path, const char*& name, int& parent_fd);
  Status go_to_parent(std::string_view parent);
  Status leave_directory();
  std::string shown(std::string_view path) const;

  UniqueFd directory_;
  std::string directory_path_;
  std::string final_name_;
  std::string temp_name_;
  bool sync_each_ = true;
  bool can_sync_at_once_ = false;  // and does so by itself, unless it is staged
  uint64_t members_ = 0;
  bool created_ = false;    // temp_name_ exists
  bool has_entry_ = false;  // the entry itself was given
  bool is_file_ = false;    // and is a file
  DirStack stack_;
  std::vector<Level> levels_;
  std::string path_;       // of the innermost open directory
  std::string last_path_;  // the last member
  std::string name_;
  UniqueFd file_;
  mode_t file_mode_ = 0;
  uint64_t written_bytes_ = 0;      // of the file
  uint64_t handed_over_bytes_ = 0;  // to the disk, of them
};

// Up to so many members are fsynced one by one; for more, one sync of the file system is cheaper, although it
// also writes what other processes have not written yet.
inline constexpr uint64_t kSyncEachMax = 16;
// Where syncfs() is known to wait for the data and to report errors.
bool can_sync_at_once(int fd);

// move_new() of what is complete and fsynced; the caller fsyncs the directory. `target` is its path for
// messages. EXISTS: something has the name already.
Status rename_into_place(int from_fd, const std::string& from_name, int to_fd, const std::string& to_name,
                         const std::string& target);
Error fail_exists(const std::string& target);

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_TREE_BUILDER_H
