// File systems in memory that a test mounts, moves, and takes away again; unmounted with the object.
//
// Needs root, or a user namespace of its own, which it makes by itself where the kernel lets it: before the
// first other thread begins. One thread.
#ifndef TIDEMARK_TESTS_UNIT_MOUNTS_H
#define TIDEMARK_TESTS_UNIT_MOUNTS_H

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

namespace tidemark::test {

class Mounts {
 public:
  Mounts() = default;
  ~Mounts() {
    for (auto at = mounted_.rbegin(); at != mounted_.rend(); ++at) umount2(at->c_str(), MNT_DETACH);
  }
  Mounts(const Mounts&) = delete;
  Mounts& operator=(const Mounts&) = delete;

  // False: may not.
  bool tmpfs(const std::string& where, const char* options, unsigned long flags = 0) {
    std::filesystem::create_directories(where);
    if (::mount("tmpfs", where.c_str(), "tmpfs", flags, options) == 0) return note(where);
    if (errno != EPERM || !enter_namespace()) return false;
    return ::mount("tmpfs", where.c_str(), "tmpfs", flags, options) == 0 && note(where);
  }
  // What is mounted or lies at `from` is seen at `where` too.
  bool bind(const std::string& from, const std::string& where) {
    std::filesystem::create_directories(where);
    return ::mount(from.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) == 0 && note(where);
  }
  bool remount(const std::string& where, unsigned long flags) {
    return ::mount(nullptr, where.c_str(), nullptr, MS_REMOUNT | flags, nullptr) == 0;
  }
  bool detach(const std::string& where) {
    const auto at = std::find(mounted_.rbegin(), mounted_.rend(), where);
    if (at != mounted_.rend()) mounted_.erase(std::next(at).base());
    return umount2(where.c_str(), MNT_DETACH) == 0;
  }

 private:
  bool note(const std::string& where) {
    mounted_.push_back(where);
    return true;
  }
  static bool write_text(const char* path, const std::string& text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) close(fd);
    return done;
  }
  static bool enter_namespace() {
    const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    write_text("/proc/self/setgroups", "deny");
    return write_text("/proc/self/uid_map", "0 " + user + " 1") &&
           write_text("/proc/self/gid_map", "0 " + group + " 1");
  }

  std::vector<std::string> mounted_;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_MOUNTS_H
