#include "file/sync_group.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "file/write_out.h"

namespace tidemark::sinks::file {
namespace {

constexpr uint64_t kSmallFileBytes = 1024 * 1024;
// A disk that is faster than this has nothing to share that a wake-up would not cost.
constexpr int64_t kWorthSharingNs = 300'000;
constexpr std::chrono::milliseconds kLongestGather{10};

}  // namespace

SyncGroup::Directory SyncGroup::watch(int fd) {
  const uint64_t opened = next_opened_.fetch_add(1);
  struct stat info;
  // Unknown ones share with nobody.
  if (!shared_ || fstat(fd, &info) != 0) return {fd, opened, 0, opened};
  return {fd, opened, info.st_dev, info.st_ino};
}

bool SyncGroup::is_worth_sharing() const {
  return shared_ && average_ns_.load(std::memory_order_relaxed) >= kWorthSharingNs;
}

int SyncGroup::sync_now(int fd) {
  const Clock::time_point begin = Clock::now();
  const int sys_errno = sync_(fd) == 0 ? 0 : errno;
  const int64_t took_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
  // Threads may overwrite each other's; it is an estimate.
  const int64_t average_ns = average_ns_.load(std::memory_order_relaxed);
  average_ns_.store(average_ns + (took_ns - average_ns) / 8, std::memory_order_relaxed);
  return sys_errno;
}

int SyncGroup::sync_file(int fd, uint64_t size_bytes) {
  if (!is_worth_sharing() || size_bytes >= kSmallFileBytes) return sync_now(fd);
  // With the data on the disk already, no fsync of a round is late for the commit that the first one starts.
  if (const int sys_errno = write_out(fd, 0, 0); sys_errno != 0) return sys_errno;
  {
    const MutexLock lock(mutex_);
    ++waiting_files_;
    await_round();
  }
  const int sys_errno = sync_now(fd);
  const MutexLock lock(mutex_);
  end_sync();
  return sys_errno;
}

int SyncGroup::sync_directory(const Directory& directory) {
  if (!is_worth_sharing()) return sync_now(directory.fd);
  std::shared_ptr<Turn> turn;
  {
    const MutexLock lock(mutex_);
    turn = join_turn(directory);
    await_round();
    if (turn->directory.opened != directory.opened) {
      while (!turn->done) changed_.wait(mutex_);
      return turn->sys_errno;
    }
  }
  const int sys_errno = sync_now(directory.fd);
  const MutexLock lock(mutex_);
  turn->sys_errno = sys_errno;
  turn->done = true;
  end_sync();
  changed_.notify_all();
  return sys_errno;
}

std::shared_ptr<SyncGroup::Turn> SyncGroup::join_turn(const Directory& directory) {
  for (const std::shared_ptr<Turn>& turn : turns_) {
    if (turn->directory.device != directory.device || turn->directory.inode != directory.inode) continue;
    if (directory.opened < turn->directory.opened) turn->directory = directory;
    return turn;
  }
  turns_.push_back(std::make_shared<Turn>(Turn{directory}));
  return turns_.back();
}

void SyncGroup::await_round() {
  const uint64_t mine = round_;
  if (++waiting_ == 1) gather_until_ = Clock::now() + patience();
  while (round_ == mine) {
    if (running_ > 0) {
      changed_.wait(mutex_);
    } else if (waiting_ >= expected_ || Clock::now() >= gather_until_) {
      begin_round();
    } else {
      changed_.wait_until(mutex_, gather_until_);
    }
  }
}

void SyncGroup::begin_round() {
  ++round_;
  assert(running_ == 0 && waiting_ > 0);
  running_ = waiting_files_ + static_cast<uint32_t>(turns_.size());
  assert(running_ > 0 && running_ <= waiting_);  // whoever waits has a file or a part in a turn
  released_ = waiting_;
  waiting_ = waiting_files_ = 0;
  turns_.clear();
  changed_.notify_all();
}

void SyncGroup::end_sync() {
  assert(running_ > 0);
  if (--running_ > 0) return;
  expected_ = released_ + waiting_;
  gather_until_ = Clock::now() + patience();
  changed_.notify_all();
}

// Half an fsync: what is lost if nobody comes, against a whole one that each of those who come saves.
SyncGroup::Clock::duration SyncGroup::patience() const {
  const std::chrono::nanoseconds half(average_ns_.load(std::memory_order_relaxed) / 2);
  return std::min<std::chrono::nanoseconds>(half, kLongestGather);
}

// ext4 with its journal. Without a journal, and on file systems in memory, fsyncs have nothing in common, and
// rounds are only a delay.
bool shares_commits(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return false;
  const std::string link =
      "/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" + std::to_string(minor(info.st_dev));
  char target[PATH_MAX];
  const ssize_t size = readlink(link.c_str(), target, sizeof target - 1);
  if (size <= 0) return false;
  target[size] = '\0';
  const char* slash = std::strrchr(target, '/');
  const std::string device = slash == nullptr ? target : slash + 1;
  return access(("/proc/fs/jbd2/" + device + "-8").c_str(), F_OK) == 0;  // 8: the journal's inode, always
}

}  // namespace tidemark::sinks::file
