// The sink's root: the directory that was opened, and whether its path still leads there.
//
// A descriptor follows its directory wherever that is moved, and keeps a file system usable that was
// unmounted lazily. But nobody would look there for what is written then, so check() is called before every
// answer that somebody may rely on, and check_if_old() before something gets a name. The directory is
// identified by device and inode, as fstat gives them. If its path leads to another directory, that one is
// not used: only a new set_sink adopts it. When the right one is back, check() opens it again by its path and
// the sink works again.
//
// Any thread. Owns the descriptor, whose number never changes.
#ifndef TIDEMARK_SINKS_FILE_ROOT_H
#define TIDEMARK_SINKS_FILE_ROOT_H

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"

namespace tidemark::sinks::file {

class Root {
 public:
  Root(UniqueFd fd, std::string path);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  // RETRYABLE, with both names, unless the path leads to the directory that was opened. Costs one stat.
  Status check() TM_EXCLUDES(mutex_);
  // The same, but only if it was away at the last look, or if that was a second ago or more.
  Status check_if_old() TM_EXCLUDES(mutex_);
  // If the directory is away: an error that explains a failure of the file system better than its errno.
  Error explain(Error error);

  // How often it came back. Descriptors that were opened at a lower count may be of a mount that is gone, and
  // links between the two are impossible.
  uint64_t returns() const { return returns_.load(std::memory_order_acquire); }

 private:
  bool is_ours(const struct stat& found) const;
  Status come_back() TM_EXCLUDES(mutex_);
  Error gone(int sys_errno);

  const UniqueFd fd_;
  const std::string path_;
  struct stat opened_ = {};  // as it was opened
  std::atomic<bool> away_{false};
  std::atomic<int64_t> last_look_s_{0};  // when it was there, by the monotonic clock
  std::atomic<uint64_t> returns_{0};
  Mutex mutex_;  // of those who bring it back
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_ROOT_H
