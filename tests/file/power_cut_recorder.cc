// The kernel calls of the file sink, recorded. Each is made while the recorder's lock is held, so that the
// record has the order in which they took effect; only an fsync takes its time outside.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <mutex>
#include <random>
#include <unordered_map>

#include "power_cut.h"

namespace tidemark::sinks::file::power_cut {
namespace {

struct Recorder {
  Faults faults;
  std::mt19937_64 random;
  dev_t device = 0;
  std::vector<Event> record;
  Inode next = kRoot + 1;
  std::unordered_map<ino_t, Inode> inodes;
  std::unordered_map<Inode, uint64_t> errors;  // how often the disk failed
  std::unordered_map<int, uint64_t> told;      // by descriptor: how many of them it has been told of

  bool chance(uint32_t per_mille) { return random() % 1000 < per_mille; }
  Inode known(const struct stat& info) {
    const auto [it, is_new] = inodes.try_emplace(info.st_ino, next);
    if (is_new) ++next;
    return it->second;
  }
  Inode fresh(const struct stat& info) { return inodes[info.st_ino] = next++; }
  size_t add(Event event) {
    record.push_back(std::move(event));
    return record.size();
  }
  void fail(Inode inode, size_t before) {
    add({Event::kLost, inode, 0, {}, before});
    ++errors[inode];
  }
  void maybe_fail(Inode inode) {
    if (chance(faults.writeback_per_mille)) fail(inode, record.size() + 1);
  }
};

// libc's own.
long kernel(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  using Syscall = long (*)(long, ...);
  static const auto real = reinterpret_cast<Syscall>(dlsym(RTLD_NEXT, "syscall"));
  return real(number, a, b, c, d, e, f);
}
long word(const void* pointer) { return reinterpret_cast<long>(pointer); }

// Never destroyed: threads that end late may still close something.
std::mutex& mutex() {
  static auto* one = new std::mutex;
  return *one;
}
Recorder* active = nullptr;  // under mutex()
std::atomic<bool> is_active{false};

// The recorder, if it is at work and `fd` is a file or directory it looks after.
Recorder* recorder_of(int fd, struct stat* info) {
  if (active == nullptr || fstat(fd, info) != 0 || info->st_dev != active->device) return nullptr;
  return S_ISREG(info->st_mode) || S_ISDIR(info->st_mode) ? active : nullptr;
}

void opened(int fd, bool is_new) {
  struct stat info;
  if (fd < 0) return;
  if (Recorder* recorder = recorder_of(fd, &info)) {
    const Inode inode = is_new ? recorder->fresh(info) : recorder->known(info);
    recorder->told[fd] = recorder->errors[inode];
  }
}

// After `name` in the directory was given or taken away.
void named(int directory_fd, const char* name, bool is_new_inode) {
  struct stat directory, target;
  Recorder* recorder = recorder_of(directory_fd, &directory);
  if (recorder == nullptr) return;
  Inode inode = 0;
  if (fstatat(directory_fd, name, &target, AT_SYMLINK_NOFOLLOW) == 0)
    inode = is_new_inode ? recorder->fresh(target) : recorder->known(target);
  const Inode where = recorder->known(directory);
  recorder->add({Event::kName, where, inode, name});
  recorder->maybe_fail(where);
}

int traced_open(int directory_fd, const char* path, int flags, mode_t mode) {
  const auto raw = [&] {
    return static_cast<int>(kernel(SYS_openat, directory_fd, word(path), flags, mode));
  };
  if (!is_active) return raw();
  const std::lock_guard<std::mutex> lock(mutex());
  const int fd = raw();
  const int sys_errno = errno;
  const bool is_named = (flags & O_CREAT) != 0;
  opened(fd, (flags & O_TMPFILE) == O_TMPFILE || is_named);
  if (fd >= 0 && is_named) named(directory_fd, path, false);
  errno = sys_errno;
  return fd;
}

int traced_sync(int fd) {
  if (!is_active) return static_cast<int>(kernel(SYS_fsync, fd));
  size_t begin = 0;
  Inode inode = 0;
  timespec pause = {0, 0};
  {
    const std::lock_guard<std::mutex> lock(mutex());
    struct stat info;
    Recorder* recorder = recorder_of(fd, &info);
    if (recorder == nullptr) return static_cast<int>(kernel(SYS_fsync, fd));
    inode = recorder->known(info);
    begin = recorder->add({Event::kSyncBegin, inode});
    pause.tv_nsec = static_cast<long>(400'000 + recorder->random() % 800'000);
  }
  nanosleep(&pause, nullptr);
  const std::lock_guard<std::mutex> lock(mutex());
  if (active == nullptr) return 0;
  if (active->chance(active->faults.fsync_per_mille)) active->fail(inode, begin);
  uint64_t& told = active->told[fd];
  const bool ok = told == active->errors[inode];
  told = active->errors[inode];
  active->add({Event::kSyncEnd, inode, 0, {}, begin, ok});
  if (ok) return 0;
  errno = EIO;
  return -1;
}

}  // namespace

void start(const std::string& root, uint64_t seed) {
  struct stat info;
  if (stat(root.c_str(), &info) != 0) return;
  const std::lock_guard<std::mutex> lock(mutex());
  active = new Recorder{{}, std::mt19937_64(seed), info.st_dev, {}, kRoot + 1, {}, {}, {}};
  active->inodes[info.st_ino] = kRoot;
  is_active = true;
}

void fail_from_now_on(const Faults& faults) {
  const std::lock_guard<std::mutex> lock(mutex());
  if (active != nullptr) active->faults = faults;
}

void note_done(const std::string& key, uint64_t version) {
  const std::lock_guard<std::mutex> lock(mutex());
  Event event = {Event::kDone, 0, 0, key};
  event.version = version;
  if (active != nullptr) active->add(std::move(event));
}

std::vector<Event> stop() {
  const std::lock_guard<std::mutex> lock(mutex());
  is_active = false;
  std::vector<Event> record;
  if (active != nullptr) record = std::move(active->record);
  delete active;
  active = nullptr;
  return record;
}

}  // namespace tidemark::sinks::file::power_cut

// Before libc's own, for this program and all that it loads.
namespace pc = tidemark::sinks::file::power_cut;
#define TRACED __attribute__((visibility("default")))
extern "C" {

TRACED int openat(int directory_fd, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return pc::traced_open(directory_fd, path, flags, mode);
}

// openat2 has no other way in. Like libc it takes six words whatever was given; the last may be any on the
// stack.
TRACED __attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  long arguments[6];
  va_list rest;
  va_start(rest, number);
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  const auto raw = [&] {
    return pc::kernel(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                      arguments[5]);
  };
  if (number != SYS_openat2 || !pc::is_active) return raw();
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const long done = raw();
  const int sys_errno = errno;
  pc::opened(static_cast<int>(done), false);
  errno = sys_errno;
  return done;
}

TRACED int fsync(int fd) { return pc::traced_sync(fd); }

TRACED ssize_t write(int fd, const void* data, size_t size) {
  const auto raw = [&] {
    return static_cast<ssize_t>(pc::kernel(SYS_write, fd, pc::word(data), static_cast<long>(size)));
  };
  if (!pc::is_active) return raw();
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const ssize_t written = raw();
  const int sys_errno = errno;
  struct stat info;
  if (written > 0) {
    if (pc::Recorder* recorder = pc::recorder_of(fd, &info)) {
      const pc::Inode inode = recorder->known(info);
      recorder->add({pc::Event::kWrite, inode, 0,
                     std::string(static_cast<const char*>(data), static_cast<size_t>(written))});
      recorder->maybe_fail(inode);
    }
  }
  errno = sys_errno;
  return written;
}

TRACED int mkdirat(int directory_fd, const char* name, mode_t mode) noexcept {
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const auto done = static_cast<int>(pc::kernel(SYS_mkdirat, directory_fd, pc::word(name), mode));
  const int sys_errno = errno;
  if (done == 0) pc::named(directory_fd, name, true);
  errno = sys_errno;
  return done;
}

TRACED int linkat(int from_fd, const char* from, int to_fd, const char* to, int flags) noexcept {
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const auto done =
      static_cast<int>(pc::kernel(SYS_linkat, from_fd, pc::word(from), to_fd, pc::word(to), flags));
  const int sys_errno = errno;
  if (done == 0) pc::named(to_fd, to, false);
  errno = sys_errno;
  return done;
}

TRACED int renameat(int from_fd, const char* from, int to_fd, const char* to) noexcept {
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const auto done = static_cast<int>(pc::kernel(SYS_renameat, from_fd, pc::word(from), to_fd, pc::word(to)));
  const int sys_errno = errno;
  if (done == 0) {
    pc::named(to_fd, to, false);
    pc::named(from_fd, from, false);
  }
  errno = sys_errno;
  return done;
}

TRACED int unlinkat(int directory_fd, const char* name, int flags) noexcept {
  const std::lock_guard<std::mutex> lock(pc::mutex());
  const auto done = static_cast<int>(pc::kernel(SYS_unlinkat, directory_fd, pc::word(name), flags));
  const int sys_errno = errno;
  if (done == 0) pc::named(directory_fd, name, false);
  errno = sys_errno;
  return done;
}
}
