#include "base/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <new>
#include <utility>

#include "base/directory.h"

namespace tidemark {
namespace {

// Opens a directory to be emptied, whatever its mode.
int push_directory(DirStack& stack, int parent, const char* name) {
  fchmodat(parent, name, 0700, 0);  // of a directory of our own; if it fails, opening it says why
  UniqueFd fd(openat(parent, name, kOpenDirectory));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0) return errno;
  try {
    stack.push(std::move(fd), info.st_dev, info.st_ino);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
  return 0;
}

// Unlinks until the directory is empty, or until it finds a subdirectory that is not empty: its name is then
// in `name`.
int empty_until_directory(int fd, char (&name)[NAME_MAX + 1]) {
  alignas(dirent64) char listing[16 << 10];
  name[0] = '\0';
  for (bool removed = true; removed;) {
    // From the start: what is removed while a directory is read may hide other names.
    removed = false;
    if (lseek(fd, 0, SEEK_SET) != 0) return errno;
    for (ssize_t size; (size = getdents64(fd, listing, sizeof listing)) != 0;) {
      if (size < 0) return errno;
      for (ssize_t at = 0; at < size;) {
        const auto* found = reinterpret_cast<const dirent64*>(listing + at);
        at += found->d_reclen;
        if (is_dots(found->d_name)) continue;
        if (unlinkat(fd, found->d_name, 0) == 0) {
          removed = true;
        } else if (errno == EISDIR || errno == EPERM) {
          if (unlinkat(fd, found->d_name, AT_REMOVEDIR) == 0) {
            removed = true;
            continue;
          }
          if (errno != ENOTEMPTY && errno != EEXIST) return errno;
          std::strcpy(name, found->d_name);
          return 0;
        } else if (errno != ENOENT) {
          return errno;
        }
      }
    }
  }
  return 0;
}

}  // namespace

int remove_tree(int directory_fd, const char* name, DirStack& stack) {
  if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  stack.clear();
  if (const int problem = push_directory(stack, directory_fd, name); problem != 0) return problem;
  while (!stack.empty()) {
    char child[NAME_MAX + 1];
    if (const int problem = empty_until_directory(stack.fd(), child); problem != 0) return problem;
    if (child[0] != '\0') {
      if (const int problem = push_directory(stack, stack.fd(), child); problem != 0) return problem;
      continue;
    }
    // What is empty now goes when the directory above is read again.
    if (const int problem = stack.pop(); problem != 0) return problem;
  }
  return unlinkat(directory_fd, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

int remove_tree(int directory_fd, const char* name) {
  DirStack stack;
  return remove_tree(directory_fd, name, stack);
}

}  // namespace tidemark
