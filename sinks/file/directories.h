// The directories below the sink's root: opened without following symbolic links, created when a key
// needs them, and known to be durable.
//
// Any thread, without locks. Borrows the root's descriptor.
#ifndef TIDEMARK_SINKS_FILE_DIRECTORIES_H
#define TIDEMARK_SINKS_FILE_DIRECTORIES_H

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace tidemark::sinks::file {

// "a/b" of "a/b/c", "" of "c".
inline std::string_view directory_of(std::string_view key) {
  const size_t slash = key.rfind('/');
  return key.substr(0, slash == std::string_view::npos ? 0 : slash);
}

class Directories {
 public:
  using Sync = int (*)(int fd);  // fsync, or what a test puts in its place

  // `root_path` is for messages only. Without `use_openat2` paths are walked part by part, as on kernels
  // before 5.6 and in containers that forbid the call.
  Directories(int root_fd, std::string root_path, bool use_openat2 = true, Sync sync = ::fsync);

  // Opens a file or directory below the root; `path` is relative, "" is the root itself. Neither the last
  // part nor one before it may be a symbolic link.
  Result<UniqueFd> open(std::string_view path, int flags) const;

  // Opens a directory, creates the levels that are missing, and does not return before the entry of every
  // level is durable, whoever created it: for a level that this object does not know to be durable it fsyncs
  // the parent, so one thread never relies on an fsync that another one has not done yet.
  Result<UniqueFd> open_or_create(std::string_view path);

  // The absolute path of a key, for messages.
  std::string absolute(std::string_view path) const;

 private:
  // Fingerprints of directories whose entry in their parent is durable, each in the one slot its hash
  // names. Losing one costs an fsync, nothing else.
  static constexpr size_t kSlots = 1 << 15;

  Result<UniqueFd> create_levels(std::string_view path);
  Result<UniqueFd> enter_level(int parent_fd, const std::string& part, std::string_view path_so_far);
  int open_raw(const char* path, int flags) const;
  Result<uint64_t> fingerprint(int fd) const;
  bool is_durable(uint64_t fingerprint) const;
  void remember_durable(uint64_t fingerprint);

  int root_fd_;
  std::string root_path_;
  bool use_openat2_;
  Sync sync_;
  std::unique_ptr<std::atomic<uint64_t>[]> durable_;
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_DIRECTORIES_H
