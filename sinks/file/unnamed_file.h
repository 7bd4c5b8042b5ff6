// Files without a name (O_TMPFILE), which vanish by themselves if the process dies. Any thread.
#ifndef TIDEMARK_SINKS_FILE_UNNAMED_FILE_H
#define TIDEMARK_SINKS_FILE_UNNAMED_FILE_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace tidemark::sinks::file {

inline constexpr mode_t kFileMode = 0640;

inline int open_unnamed(int directory_fd) {
  return openat(directory_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kFileMode);
}

// Through /proc, because AT_EMPTY_PATH needs a capability that an archiver should not have.
inline int link_unnamed(int fd, int directory_fd, const char* name) {
  char path[32] = "/proc/self/fd/";
  *std::to_chars(path + std::strlen(path), path + sizeof path - 1, fd).ptr = '\0';
  return linkat(AT_FDCWD, path, directory_fd, name, AT_SYMLINK_FOLLOW);
}

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_UNNAMED_FILE_H
