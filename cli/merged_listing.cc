#include "merged_listing.h"

#include <cassert>
#include <utility>

namespace tidemark::cli {

PulledListing::PulledListing(Archive& archive, const Scope& scope) {
  thread_ = std::thread([this, &archive, scope] {
    auto listed = archive.scan(
        scope, 0, [this](const Stored& stored) { return push(stored); }, stop_);
    MutexLock lock(mutex_);
    ended_ = std::move(listed);
    changed_.notify_all();
  });
}

PulledListing::~PulledListing() {
  {
    MutexLock lock(mutex_);
    stop_.asked = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool PulledListing::push(const Stored& stored) {
  MutexLock lock(mutex_);
  while (ahead_.size() >= kAheadMax && !stop_.is_set())
    changed_.wait_until(mutex_, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
  if (stop_.is_set()) return false;
  ahead_.push_back(stored);
  if (ahead_.size() == 1) changed_.notify_all();
  return true;
}

// An interrupt ends the listing early, which must not look like its end.
Result<void> PulledListing::fill() {
  MutexLock lock(mutex_);
  while (ahead_.empty() && !ended_ && !interrupted())
    changed_.wait_until(mutex_, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
  mine_.swap(ahead_);
  changed_.notify_all();
  if (!mine_.empty()) return {};
  if (interrupted()) return Error{kExitInterrupted, "interrupted", TIDEMARK_E_CANCELLED};
  return *ended_;
}

Result<const Stored*> PulledListing::peek() {
  if (mine_.empty()) TM_TRY(fill());
  return mine_.empty() ? nullptr : &mine_.front();
}

Stored PulledListing::take() {
  assert(!mine_.empty());
  Stored stored = std::move(mine_.front());
  mine_.pop_front();
  return stored;
}

Result<std::optional<ListedPair>> next_pair(PulledListing* source, PulledListing* destination) {
  const Stored *from = nullptr, *to = nullptr;
  if (source != nullptr) {
    TM_ASSIGN(from, source->peek());
  }
  if (destination != nullptr) {
    TM_ASSIGN(to, destination->peek());
  }
  if (from == nullptr && to == nullptr) return std::optional<ListedPair>();
  const bool takes_from = from != nullptr && (to == nullptr || from->key <= to->key);
  const bool takes_to = to != nullptr && (from == nullptr || to->key <= from->key);
  ListedPair pair;
  if (takes_from) pair.source = source->take();
  if (takes_to) pair.destination = destination->take();
  return std::optional<ListedPair>(std::move(pair));
}

}  // namespace tidemark::cli
