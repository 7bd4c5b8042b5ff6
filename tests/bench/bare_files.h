// The file operations that no archiver can do without, for the bare loops it is measured against.
//
// Any thread. What fails ends the program.
#ifndef TIDEMARK_BENCH_BARE_FILES_H
#define TIDEMARK_BENCH_BARE_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::bench {

[[noreturn]] inline void give_up_on(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

// Opens the directory and lists it; of each file in it: opens it, looks at it, reads it. Not in order, and no
// digest.
inline void read_flat_directory(const std::string& path) {
  thread_local std::vector<char> buffer(64 << 10);
  DIR* const dir = ::opendir(path.c_str());
  if (dir == nullptr) give_up_on(path);
  const int dir_fd = ::dirfd(dir);
  struct stat info = {};
  if (::fstat(dir_fd, &info) != 0) give_up_on(path);
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = ::openat(dir_fd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || ::fstat(fd, &info) != 0 || ::read(fd, buffer.data(), buffer.size()) < 0) give_up_on(path);
    ::close(fd);
  }
  ::closedir(dir);
}

// Writes an unnamed file, fsyncs it, links it into the directory, fsyncs that.
inline void write_durably(const std::string& directory, const std::string& name, std::string_view body) {
  const int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int fd = ::openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
  if (fd < 0 || ::write(fd, body.data(), body.size()) != static_cast<ssize_t>(body.size()))
    give_up_on(directory);
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  if (::fsync(fd) != 0 || ::linkat(AT_FDCWD, self.c_str(), dir, name.c_str(), AT_SYMLINK_FOLLOW) != 0 ||
      ::fsync(dir) != 0) {
    give_up_on(directory + "/" + name);
  }
  ::close(fd);
  ::close(dir);
}

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_BARE_FILES_H
