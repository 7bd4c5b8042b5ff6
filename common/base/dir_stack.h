// The open directories from a tree's root down to the one at work. Only the innermost few are held open, so
// that a deep tree does not use up the process's file descriptors; the others are found again through "..",
// and must then be the same directories.
//
// One thread at a time. Owns the descriptors.
#ifndef TIDEMARK_COMMON_BASE_DIR_STACK_H
#define TIDEMARK_COMMON_BASE_DIR_STACK_H

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "base/fd.h"

namespace tidemark {

class DirStack {
 public:
  static constexpr size_t kOpenMax = 32;

  bool empty() const { return levels_.empty(); }
  size_t depth() const { return levels_.size(); }
  int fd() const { return levels_.back().fd.get(); }

  void push(UniqueFd fd, dev_t device, ino_t inode);
  // 0, or an errno; ESTALE: what ".." leads to is another directory.
  int pop();
  void clear() { levels_.clear(); }

 private:
  struct Level {
    UniqueFd fd;
    dev_t device;
    ino_t inode;
  };
  std::vector<Level> levels_;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_DIR_STACK_H
