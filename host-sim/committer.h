// The threads that commit entries: take what the dealer deals, wait for the pace and for room, commit in
// batches (one fsync of a directory for many entries) and report which partitions have new entries.
#ifndef TIDEMARK_HOST_SIM_COMMITTER_H
#define TIDEMARK_HOST_SIM_COMMITTER_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "dealer.h"
#include "log_store.h"

namespace tidemark::host {

struct CommitterOptions {
  PayloadShape shape;
  uint32_t threads = 1;
  double rate_per_s = 0;        // 0: unpaced
  uint64_t max_backlog = 4096;  // entries on disk before commits wait
  uint32_t batch_entries = 32;
};

class Committer {
 public:
  // `committed` is called by the committing threads for each partition with new entries; `finished` once,
  // when the last thread ends for whatever reason. Both outlive stop().
  Committer(LogStore& store, Dealer& dealer, CommitterOptions options,
            std::function<Result<void>(uint64_t)> committed, std::function<void()> finished);
  ~Committer() { stop(); }

  void start();
  // Ends after the batches at hand; joins. Idempotent; one caller at a time.
  void stop() TM_EXCLUDES(mutex_);
  // There may be room again. Any thread.
  void room_changed() TM_EXCLUDES(mutex_);

  bool done() const { return running_.load() == 0; }
  uint64_t committed() const { return committed_total_.load(); }
  std::vector<std::string> take_vanished() TM_EXCLUDES(mutex_);
  std::optional<Error> error() TM_EXCLUDES(mutex_);

 private:
  void run(uint32_t thread);
  // Waits until one more entry may be committed; with `only_if_now` it does not wait. False: not now, or
  // stopping.
  bool admit(bool only_if_now) TM_EXCLUDES(mutex_);
  Result<void> commit(const std::vector<CommitRequest>& batch) TM_EXCLUDES(mutex_);

  LogStore& store_;
  Dealer& dealer_;
  const CommitterOptions options_;
  const std::function<Result<void>(uint64_t)> committed_callback_;
  const std::function<void()> finished_callback_;
  std::vector<std::thread> threads_;
  std::atomic<uint32_t> running_{0};
  std::atomic<uint64_t> committed_total_{0};

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
  uint64_t admitted_ TM_GUARDED_BY(mutex_) = 0;  // not yet part of the store's backlog
  uint64_t tickets_ TM_GUARDED_BY(mutex_) = 0;   // entries the pace has let through
  std::chrono::steady_clock::time_point pace_start_ TM_GUARDED_BY(mutex_);
  std::vector<std::string> vanished_ TM_GUARDED_BY(mutex_);
  std::optional<Error> error_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_COMMITTER_H
