#include "tool/prefetch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/files.h"
#include "base/guard.h"
#include "bridge/first_page.h"
#include "bridge/services.h"
#include "bridge/spools.h"
#include "tool/prefetch_window.h"

namespace tidemark::postgres {

namespace {

constexpr uint64_t kSegmentsMax = 64;
constexpr uint64_t kWaitMs = 2'000;
constexpr uint64_t kIdleMs = 10'000;  // nobody replays a segment for so long: the server was stopped
constexpr unsigned kThreads = 4;
constexpr const char* kAnnounced = "%08" PRIX32 " %016" PRIX64 " %016" PRIX64;

std::string text_of_number(uint64_t number) { return std::to_string(number); }

// Another sink, cluster or boot of the machine has another spool.
uint64_t spool_number(const GetWish& wish) {
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 100);
  return std::hash<std::string>()(wish.access.sink + "\n" + text_of_number(wish.cluster.system_identifier) +
                                  "\n" + text_of_number(wish.cluster.segment_bytes) + "\n" +
                                  boot.value_or(""));
}

// In the file that the helper has locked; of one length, so that it is written over at once.
void announce(int fd, uint32_t timeline, uint64_t first, uint64_t last) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, kAnnounced, timeline, first, last);
  // Who does not see it waits in vain, or brings a segment twice.
  static_cast<void>(::pwrite(fd, text, static_cast<size_t>(size), 0) == size);
}

bool has_no_name(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink == 0;
}

}  // namespace

bool may_prefetch(const GetWish& wish) {
  return wish.prefetch_bytes >= wish.cluster.segment_bytes && wish.path.ends_with("RECOVERYXLOG");
}

Spool::Spool(const GetWish& wish)
    : wish_(wish),
      parent_(spool_parent(parent_of(wish.path))),
      directory_(parent_ + "/" + std::string(kSpoolPrefix) + text_of_number(spool_number(wish))) {}

std::string Spool::path_of(uint32_t timeline, uint64_t segment) const {
  return directory_ + "/" + segment_name(timeline, segment, wish_.cluster);
}

std::optional<Spool::Helper> Spool::helper_at_work() const {
  const UniqueFd lock(::open(lock_path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock || ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return std::nullopt;
  char text[64] = {};
  Helper helper;
  const bool is_known = ::pread(lock.get(), text, sizeof text - 1, 0) > 0 &&
                        std::sscanf(text, "%8" SCNx32 " %16" SCNx64 " %16" SCNx64, &helper.timeline,
                                    &helper.first, &helper.last) == 3;
  return is_known ? helper : Helper{0, 0, UINT64_MAX};  // it has only begun
}

bool Spool::is_coming(const WalFile& file) const {
  const auto helper = helper_at_work();
  return helper && helper->brings(file.timeline, file.segment);
}

bool Spool::take(const WalFile& file) {
  const std::string path = path_of(file.timeline, file.segment);
  const uint64_t begin_ms = monotonic_ms();
  bool is_there = false;
  for (;;) {
    const bool was_coming = is_coming(file);  // asked first: what a helper has done by its end is there
    is_there = ::access(path.c_str(), F_OK) == 0;
    if (is_there || !was_coming || monotonic_ms() - begin_ms >= kWaitMs) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (!is_there || !check_wal_file(path, file, wish_.cluster, 0)) return false;
  remove_before(file);
  return ::rename(path.c_str(), wish_.path.c_str()) == 0;
}

// PostgreSQL asks a newer timeline for each segment first, so only those of the same one were passed.
void Spool::remove_before(const WalFile& file) const {
  std::error_code problem;
  for (std::filesystem::directory_iterator at(directory_, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto other = parse_wal_name(at->path().filename().string(), wish_.cluster);
    if (other && other->timeline == file.timeline && other->segment < file.segment)
      ::unlink(at->path().c_str());
  }
}

void Spool::remove() { remove_spools(parent_); }

// What another recovery has left, further on or in another timeline: nobody else would take or remove it.
void Spool::keep_only(const WalFile& file, uint64_t last) const {
  std::error_code problem;
  for (std::filesystem::directory_iterator at(directory_, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto other = parse_wal_name(at->path().filename().string(), wish_.cluster);
    if (!other) continue;
    const bool is_wanted =
        other->timeline == file.timeline && file.segment < other->segment && other->segment <= last;
    if (!is_wanted) ::unlink(at->path().c_str());
  }
}

// PostgreSQL waits for this process alone, and for nobody who has one of its files open.
void Spool::fill_after(const WalFile& file) {
  if (parent_.empty()) return;
  if (const auto helper = helper_at_work()) {
    const bool is_ours =
        helper->brings(file.timeline, file.segment) || helper->brings(file.timeline, file.segment + 1);
    if (is_ours) return;
    ::unlink(lock_path().c_str());  // it works for a recovery that was broken off, and ends when it sees this
  }
  const pid_t child = ::fork();
  if (child > 0) ::waitpid(child, nullptr, 0);
  if (child != 0) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2 && nowhere >= 0; ++fd) ::dup2(nowhere, fd);
  ::close_range(3, ~0U, 0);
  if_there_is_memory([&] { help(file); });
  ::_exit(0);
}

void Spool::help(const WalFile& file) {
  if (::access(directory_.c_str(), F_OK) != 0) remove();  // those of other boots and sinks
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) return;
  const UniqueFd lock(::open(lock_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  const uint64_t count = std::min(wish_.prefetch_bytes / wish_.cluster.segment_bytes, kSegmentsMax);
  PrefetchWindow window(
      file.segment + 1, count, kIdleMs,
      {[&](uint64_t segment) { return ::access(path_of(file.timeline, segment).c_str(), F_OK) == 0; },
       [&] { return !has_no_name(lock.get()); },
       [&](uint64_t first, uint64_t last) { announce(lock.get(), file.timeline, first, last); }});
  const auto archive = Archive::open(wish_.access);
  if (!archive) return;
  keep_only(file, file.segment + count);
  const auto work = [&] {
    if_there_is_memory([&] { bring(**archive, file.timeline, window); });
    window.end();
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::min<uint64_t>(kThreads, count); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

// What is missing or fails is asked for again by the server itself.
void Spool::bring(Archive& archive, uint32_t timeline, PrefetchWindow& window) const {
  while (const auto segment = window.next()) {
    GetWish one = wish_;
    one.file = segment_name(timeline, *segment, wish_.cluster);
    one.path = path_of(timeline, *segment);
    if (::access(one.path.c_str(), F_OK) != 0 && get_from(archive, one).code != kExitThere)
      return window.end();
    window.brought(*segment);
  }
}

}  // namespace tidemark::postgres
