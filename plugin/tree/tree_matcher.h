// Compares one entry on disk with an archive's members as they arrive. Changes nothing and follows no
// symlink.
//
// One thread at a time. Members come in archive order, as TreeBuilder has them. The first difference is kept,
// and the rest of the entry is then passed over. What is cheap is looked at first: a file of another size is
// not read.
#ifndef TIDEMARK_TREE_TREE_MATCHER_H
#define TIDEMARK_TREE_TREE_MATCHER_H

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/dir_stack.h"
#include "base/fd.h"
#include "format/types.h"

struct stat;

namespace tidemark::tree {

class TreeMatcher {
 public:
  enum class Verdict : uint8_t {
    kSame,
    kDifferent,
    kUnreadable  // by this process
  };

  // <directory>/<LSN> is compared; `directory_fd` is borrowed, `shown` names it in messages. Without
  // `with_setid` an entry whose setuid and setgid bits were left out is the same.
  TreeMatcher(int directory_fd, std::string_view shown, Lsn lsn, bool with_setid);

  // `path` as in TreeBuilder.
  void directory(std::string_view path, mode_t mode);
  void symlink(std::string_view path, std::string_view target);
  void begin_file(std::string_view path, mode_t mode, uint64_t size_bytes);
  void bytes(const void* data, size_t size);
  void end_file();
  void finish();  // after the last member

  Verdict verdict() const { return verdict_; }
  const std::string& why() const { return why_; }  // names the file; empty: the same

 private:
  struct Level {
    size_t path_size;    // of path_, up to and including this directory
    uint64_t given = 0;  // members right in it
  };

  bool is_settled() const { return verdict_ != Verdict::kSame; }
  void differ(std::string_view path, const std::string& what);
  void fails(std::string_view path, int sys_errno);  // to look at it
  bool place(std::string_view path, const char*& name, int& parent_fd);
  bool leave_directory();
  bool look(std::string_view path, mode_t type, mode_t mode, const char*& name, int& parent_fd,
            struct stat& info);

  const int directory_fd_;
  const std::string shown_;
  const std::string entry_name_;
  const bool with_setid_;
  Verdict verdict_ = Verdict::kSame;
  std::string why_;
  DirStack stack_;
  std::vector<Level> levels_;
  std::string path_;  // of the innermost open directory
  std::string file_path_, name_, piece_;
  UniqueFd file_;
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_TREE_MATCHER_H
