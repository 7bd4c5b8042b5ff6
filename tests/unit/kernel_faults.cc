#include "kernel_faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <string_view>

namespace tidemark::test {
namespace {

struct Fault {
  std::string call;
  int calls_left;  // the last of them fails
  int sys_errno;
};
std::vector<Fault> faults;
int failed = 0;

bool fails(std::string_view call) {
  bool now = false;
  for (Fault& fault : faults) {
    if (fault.call != call || --fault.calls_left != 0) continue;
    now = true;
    ++failed;
    errno = fault.sys_errno;
  }
  return now;
}

template <typename F>
F libc(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

// The mode of an open, if its flags want one.
#define MODE_OF(flags, last)               \
  mode_t mode = 0;                         \
  if (((flags) & (O_CREAT | O_TMPFILE))) { \
    va_list list;                          \
    va_start(list, last);                  \
    mode = va_arg(list, mode_t);           \
    va_end(list);                          \
  }

}  // namespace

const std::vector<std::string>& kernel_calls() {
  static const std::vector<std::string> calls = {
      "open",     "openat",    "read",    "write",      "fsync",     "syncfs",   "fstat",    "fstatat",
      "mkdirat",  "renameat2", "rename",  "fchmod",     "symlinkat", "unlinkat", "fcntl",    "lseek",
      "getdents", "flock",     "fstatfs", "readlinkat", "getrandom", "mmap",     "fchmodat", "mkdir"};
  return calls;
}

void fail_call(const std::string& call, int number, int sys_errno) {
  faults.push_back({call, number, sys_errno});
}

void end_faults() { faults.clear(); }

void with_each_call_failing(int sys_errno, const std::function<void(const std::string& which)>& body) {
  for (const std::string& call : kernel_calls()) {
    for (int number = 1;; number += 1 + number / 16) {
      failed = 0;
      fail_call(call, number, sys_errno);
      body(call + " " + std::to_string(number) + " failed with errno " + std::to_string(sys_errno));
      end_faults();
      if (failed == 0) break;
    }
  }
}

}  // namespace tidemark::test

#define KERNEL __attribute__((visibility("default")))
#define FAIL_OR_CALL(call, failure, name, type, ...)         \
  static const auto real = tidemark::test::libc<type>(name); \
  return tidemark::test::fails(call) ? (failure) : real(__VA_ARGS__)

extern "C" {

KERNEL int open(const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  FAIL_OR_CALL("open", -1, "open", int (*)(const char*, int, ...), path, flags, mode);
}
KERNEL int openat(int fd, const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  FAIL_OR_CALL("openat", -1, "openat", int (*)(int, const char*, int, ...), fd, path, flags, mode);
}
KERNEL int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void* const argument = va_arg(list, void*);
  va_end(list);
  FAIL_OR_CALL("fcntl", -1, "fcntl", int (*)(int, int, ...), fd, command, argument);
}
KERNEL ssize_t read(int fd, void* data, size_t size) {
  FAIL_OR_CALL("read", -1, "read", ssize_t(*)(int, void*, size_t), fd, data, size);
}
KERNEL ssize_t write(int fd, const void* data, size_t size) {
  FAIL_OR_CALL("write", -1, "write", ssize_t(*)(int, const void*, size_t), fd, data, size);
}
KERNEL int fsync(int fd) { FAIL_OR_CALL("fsync", -1, "fsync", int (*)(int), fd); }
KERNEL int syncfs(int fd) noexcept { FAIL_OR_CALL("syncfs", -1, "syncfs", int (*)(int), fd); }
KERNEL int fstat(int fd, struct stat* out) noexcept {
  FAIL_OR_CALL("fstat", -1, "fstat", int (*)(int, struct stat*), fd, out);
}
KERNEL int fstatat(int fd, const char* path, struct stat* out, int flags) noexcept {
  FAIL_OR_CALL("fstatat", -1, "fstatat", int (*)(int, const char*, struct stat*, int), fd, path, out, flags);
}
KERNEL int fstatfs(int fd, struct statfs* out) noexcept {
  FAIL_OR_CALL("fstatfs", -1, "fstatfs", int (*)(int, struct statfs*), fd, out);
}
KERNEL int mkdir(const char* path, mode_t mode) noexcept {
  FAIL_OR_CALL("mkdir", -1, "mkdir", int (*)(const char*, mode_t), path, mode);
}
KERNEL int mkdirat(int fd, const char* path, mode_t mode) noexcept {
  FAIL_OR_CALL("mkdirat", -1, "mkdirat", int (*)(int, const char*, mode_t), fd, path, mode);
}
KERNEL int rename(const char* from, const char* to) noexcept {
  FAIL_OR_CALL("rename", -1, "rename", int (*)(const char*, const char*), from, to);
}
KERNEL int renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) noexcept {
  FAIL_OR_CALL("renameat2", -1, "renameat2", int (*)(int, const char*, int, const char*, unsigned), from_fd,
               from, to_fd, to, flags);
}
KERNEL int fchmod(int fd, mode_t mode) noexcept {
  FAIL_OR_CALL("fchmod", -1, "fchmod", int (*)(int, mode_t), fd, mode);
}
KERNEL int fchmodat(int fd, const char* path, mode_t mode, int flags) noexcept {
  FAIL_OR_CALL("fchmodat", -1, "fchmodat", int (*)(int, const char*, mode_t, int), fd, path, mode, flags);
}
KERNEL int symlinkat(const char* target, int fd, const char* path) noexcept {
  FAIL_OR_CALL("symlinkat", -1, "symlinkat", int (*)(const char*, int, const char*), target, fd, path);
}
KERNEL ssize_t readlinkat(int fd, const char* path, char* buffer, size_t size) noexcept {
  FAIL_OR_CALL("readlinkat", -1, "readlinkat", ssize_t(*)(int, const char*, char*, size_t), fd, path, buffer,
               size);
}
KERNEL int unlinkat(int fd, const char* path, int flags) noexcept {
  FAIL_OR_CALL("unlinkat", -1, "unlinkat", int (*)(int, const char*, int), fd, path, flags);
}
KERNEL off_t lseek(int fd, off_t offset, int whence) noexcept {
  FAIL_OR_CALL("lseek", -1, "lseek", off_t(*)(int, off_t, int), fd, offset, whence);
}
KERNEL ssize_t getdents64(int fd, void* buffer, size_t size) noexcept {
  FAIL_OR_CALL("getdents", -1, "getdents64", ssize_t(*)(int, void*, size_t), fd, buffer, size);
}
KERNEL int flock(int fd, int operation) noexcept {
  FAIL_OR_CALL("flock", -1, "flock", int (*)(int, int), fd, operation);
}
KERNEL ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
  FAIL_OR_CALL("getrandom", -1, "getrandom", ssize_t(*)(void*, size_t, unsigned), buffer, size, flags);
}
KERNEL void* mmap(void* where, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  FAIL_OR_CALL("mmap", MAP_FAILED, "mmap", void* (*)(void*, size_t, int, int, int, off_t), where, size,
               protection, flags, fd, offset);
}

}  // extern "C"
