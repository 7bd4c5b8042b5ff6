#include "merged_listing.h"

#include <cassert>
#include <string>
#include <string_view>
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

namespace {

// Its key without what is different where only the coding is: of those in a listing these are in order, too.
std::string_view name_of(const Stored& stored) {
  return std::string_view(stored.key).substr(0, stored.key.size() - stored.coding.size());
}

// The next that is of an archive, or nullptr; what lies before it is dropped.
Result<const Stored*> peek_ours(PulledListing& listing, const std::function<void(const Stored&)>& other) {
  for (;;) {
    TM_ASSIGN(const Stored* const next, listing.peek());
    if (next == nullptr || is_ours(*next) || is_epoch(*next)) return next;
    other(listing.take());
  }
}

Result<std::vector<Stored>> take_named(PulledListing& listing, const std::string& name,
                                       const std::function<void(const Stored&)>& other) {
  std::vector<Stored> taken;
  for (;;) {
    TM_ASSIGN(const Stored* const next, peek_ours(listing, other));
    if (next == nullptr || name_of(*next) != name) return taken;
    taken.push_back(listing.take());
  }
}

}  // namespace

Result<std::optional<ListedGroup>> next_group(PulledListing& source, PulledListing* destination,
                                              const std::function<void(const Stored&)>& other) {
  const auto drop = [](const Stored&) {};
  TM_ASSIGN(const Stored* const from, peek_ours(source, other));
  const Stored* to = nullptr;
  if (destination != nullptr) {
    TM_ASSIGN(to, peek_ours(*destination, drop));
  }
  if (from == nullptr && to == nullptr) return std::optional<ListedGroup>();
  const bool is_of_source = from != nullptr && (to == nullptr || name_of(*from) <= name_of(*to));
  const std::string name(name_of(is_of_source ? *from : *to));
  ListedGroup group;
  TM_ASSIGN(group.source, take_named(source, name, other));
  if (destination != nullptr) {
    TM_ASSIGN(group.destination, take_named(*destination, name, drop));
  }
  return std::optional<ListedGroup>(std::move(group));
}

}  // namespace tidemark::cli
