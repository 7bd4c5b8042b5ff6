// Reading a directory through its descriptor. Any thread; one for each Directory.
#ifndef TIDEMARK_COMMON_BASE_DIRECTORY_H
#define TIDEMARK_COMMON_BASE_DIRECTORY_H

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace tidemark {

// Never through a symlink in the last place.
inline constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// With a descriptor of its own, so that `fd` keeps its lock and its place. NULL: errno says why.
inline Directory list_directory(int fd) {
  const int own = openat(fd, ".", kOpenDirectory);
  if (own < 0) return nullptr;
  Directory directory(fdopendir(own));
  if (!directory) {
    const int sys_errno = errno;
    close(own);
    errno = sys_errno;
  }
  return directory;
}

// "." and ".."
inline bool is_dots(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_DIRECTORY_H
