#include "base/dir_stack.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace tidemark {

void DirStack::push(UniqueFd fd, dev_t device, ino_t inode) {
  if (levels_.size() >= kOpenMax) levels_[levels_.size() - kOpenMax].fd.reset();
  levels_.push_back({std::move(fd), device, inode});
}

int DirStack::pop() {
  int problem = 0;
  if (levels_.size() > 1 && !levels_[levels_.size() - 2].fd) {
    Level& parent = levels_[levels_.size() - 2];
    UniqueFd fd(openat(levels_.back().fd.get(), "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info;
    if (!fd || fstat(fd.get(), &info) != 0) {
      problem = errno;
    } else if (info.st_dev != parent.device || info.st_ino != parent.inode) {
      problem = ESTALE;
    } else {
      parent.fd = std::move(fd);
    }
  }
  levels_.pop_back();
  return problem;
}

}  // namespace tidemark
