// Lets the fsyncs of concurrent puts share what the file system can share: the commit of its journal and the
// fsync of one directory.
//
// Without this a thread whose fsync ends comes too late for the commit that follows at once, so each put
// waits for four commits. Here fsyncs go in rounds: all that wait begin together and share one commit, and a
// new round waits a moment for those that the last one released. It has no threads of its own.
//
// Any thread. Borrows descriptors for the duration of a call.
#ifndef TIDEMARK_SINKS_FILE_SYNC_GROUP_H
#define TIDEMARK_SINKS_FILE_SYNC_GROUP_H

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace tidemark::sinks::file {

class SyncGroup {
 public:
  using Sync = int (*)(int fd);  // fsync, or what a test puts in its place

  explicit SyncGroup(Sync sync = ::fsync) : sync_(sync) {}
  SyncGroup(const SyncGroup&) = delete;
  SyncGroup& operator=(const SyncGroup&) = delete;

  // Before the first call of the others. Without it each call is an fsync of its own at once.
  void share() { shared_ = true; }
  bool is_shared() const { return shared_; }

  // A directory as one call has it open. Make it after the directory was opened and before anything in it is
  // changed: if several calls share an fsync, it is done on the descriptor that was opened first, because a
  // descriptor reports only errors that came after it was opened.
  struct Directory {
    int fd;
    uint64_t opened;
    dev_t device;
    ino_t inode;
  };
  Directory watch(int fd);

  // All return 0 or an errno; 0 means durable. An error is reported to everyone who relied on that fsync.
  // A file whose data is small enough to wait for; larger ones would hold up everyone in their round.
  int sync_file(int fd, uint64_t size_bytes);
  // What was changed in the directory before the call.
  int sync_directory(const Directory& directory);

 private:
  using Clock = std::chrono::steady_clock;
  // One fsync of a directory on behalf of all that wait for it in the same round.
  struct Turn {
    Directory directory;  // of the one who makes it
    int sys_errno = 0;
    bool done = false;
  };

  bool is_worth_sharing() const;
  int sync_now(int fd);
  std::shared_ptr<Turn> join_turn(const Directory& directory) TM_REQUIRES(mutex_);
  void await_round() TM_REQUIRES(mutex_);
  void begin_round() TM_REQUIRES(mutex_);
  void end_sync() TM_REQUIRES(mutex_);
  Clock::duration patience() const;

  const Sync sync_;
  bool shared_ = false;
  std::atomic<uint64_t> next_opened_{1};
  std::atomic<int64_t> average_ns_{1'000'000};  // of one fsync

  Mutex mutex_;
  std::condition_variable_any changed_;
  uint64_t round_ TM_GUARDED_BY(mutex_) = 0;
  uint32_t waiting_ TM_GUARDED_BY(mutex_) = 0;        // callers for the next round
  uint32_t waiting_files_ TM_GUARDED_BY(mutex_) = 0;  // those of them that fsync a file
  std::vector<std::shared_ptr<Turn>> turns_
      TM_GUARDED_BY(mutex_);                     // of the next round; one per caller at most
  uint32_t running_ TM_GUARDED_BY(mutex_) = 0;   // fsyncs of this round that have not ended
  uint32_t released_ TM_GUARDED_BY(mutex_) = 0;  // callers of this round
  uint32_t expected_ TM_GUARDED_BY(mutex_) = 0;  // callers worth waiting for
  Clock::time_point gather_until_ TM_GUARDED_BY(mutex_);
};

// Whether fsyncs on the file system of `fd` are known to share one commit.
bool shares_commits(int fd);

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_SYNC_GROUP_H
