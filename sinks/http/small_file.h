// Files that hold settings, keys or tokens: read whole, and looked at for changes.
//
// Any thread.
#ifndef TIDEMARK_SINKS_HTTP_SMALL_FILE_H
#define TIDEMARK_SINKS_HTTP_SMALL_FILE_H

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tidemark::sinks {

constexpr size_t kSmallFileMaxBytes = size_t{1} << 20;

// The code of an error about a directory, a pipe, a device.
inline constexpr char kNotRegular[] = "NotRegular";

// PERMANENT for what is not a regular file (after links) or is larger than kSmallFileMaxBytes; else by the
// errno. The text may hold secrets: wipe it.
Result<std::string> read_small_file(const std::string& path);
// Also of what it is that was read: for check_file_trust(). A file that an option of ours names is not used
// where that fails; one that a cloud's own tools look for, and use whatever its mode, is, with a line in the
// log. Either may be reached by a link, as in the volumes of containers.
Result<std::string> read_small_file(const std::string& path, struct stat* info);

// What a path leads to, or that it leads to nothing. Two equal stamps: not written or replaced in between.
struct FileStamp {
  std::string path;
  uint64_t device = 0;
  uint64_t inode = 0;  // 0: no such file
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  static FileStamp of(const std::string& path);
  bool operator==(const FileStamp&) const = default;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_SMALL_FILE_H
