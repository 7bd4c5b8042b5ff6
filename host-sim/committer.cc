#include "committer.h"

#include <algorithm>

namespace tidemark::host {

Committer::Committer(LogStore& store, Dealer& dealer, CommitterOptions options,
                     std::function<Result<void>(uint64_t)> committed, std::function<void()> finished)
    : store_(store),
      dealer_(dealer),
      options_(options),
      committed_callback_(std::move(committed)),
      finished_callback_(std::move(finished)) {}

void Committer::start() {
  {
    MutexLock lock(mutex_);
    pace_start_ = std::chrono::steady_clock::now();
  }
  running_ = options_.threads;
  for (uint32_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

void Committer::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Committer::room_changed() {
  MutexLock lock(mutex_);  // or a waiter that has just looked would miss it
  changed_.notify_all();
}

bool Committer::admit(bool only_if_now) {
  using Clock = std::chrono::steady_clock;
  MutexLock lock(mutex_);
  for (;;) {
    if (stopping_) return false;
    const auto now = Clock::now();
    auto due = now;
    if (options_.rate_per_s > 0) {
      const std::chrono::duration<double> offset(static_cast<double>(tickets_) / options_.rate_per_s);
      due = pace_start_ + std::chrono::duration_cast<Clock::duration>(offset);
    }
    const bool room = store_.backlog() + admitted_ < options_.max_backlog;
    if (room && due <= now) break;
    if (only_if_now) return false;
    if (room) {
      changed_.wait_until(mutex_, due);
    } else {
      changed_.wait(mutex_);
    }
  }
  ++admitted_;
  ++tickets_;
  return true;
}

Result<void> Committer::commit(const std::vector<CommitRequest>& batch) {
  auto result = store_.commit(batch, options_.shape);
  {
    MutexLock lock(mutex_);
    admitted_ -= batch.size();
    if (result) vanished_.insert(vanished_.end(), result->vanished.begin(), result->vanished.end());
  }
  if (!result) return result.error();
  committed_total_ += batch.size() - result->vanished.size();
  for (uint64_t partition : result->partitions) {
    TM_TRY(committed_callback_(partition));
  }
  return {};
}

void Committer::run(uint32_t thread) {
  auto request = dealer_.next(thread);
  bool stopped = false;
  while (request && !stopped) {
    if (!admit(false)) break;
    std::vector<CommitRequest> batch;
    do {
      batch.push_back(std::move(*request));
      request = dealer_.next(thread);
    } while (request && batch.size() < options_.batch_entries && admit(true));
    auto committed = commit(batch);
    if (!committed) {
      MutexLock lock(mutex_);
      if (!error_) error_ = committed.error();
      stopping_ = true;
      stopped = true;
    }
  }
  changed_.notify_all();
  if (--running_ == 0) finished_callback_();
}

std::vector<std::string> Committer::take_vanished() {
  MutexLock lock(mutex_);
  return std::exchange(vanished_, {});
}

std::optional<Error> Committer::error() {
  MutexLock lock(mutex_);
  return error_;
}

}  // namespace tidemark::host
