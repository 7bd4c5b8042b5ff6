#include "tool/prefetch_window.h"

#include <utility>

#include "bridge/services.h"

namespace tidemark::postgres {

namespace {

constexpr uint32_t kLookAgainMs = 10;

}  // namespace

PrefetchWindow::PrefetchWindow(uint64_t first, uint64_t count, uint64_t idle_ms, Callbacks callbacks)
    : count_(count),
      idle_ms_(idle_ms),
      callbacks_(std::move(callbacks)),
      first_(first),
      next_(first),
      moved_ms_(monotonic_ms()) {
  callbacks_.announce(first, first + count - 1);
}

std::optional<uint64_t> PrefetchWindow::next() {
  const MutexLock lock(mutex_);
  for (;;) {
    note_taken();
    const bool is_idle = monotonic_ms() - moved_ms_ >= idle_ms_;
    if (!is_over_ && (is_idle || !callbacks_.is_wanted())) end_it();
    if (is_over_) return std::nullopt;
    if (next_ < first_ + count_) return next_++;
    changed_.wait_ms(mutex_, kLookAgainMs);
  }
}

void PrefetchWindow::brought(uint64_t segment) {
  const MutexLock lock(mutex_);
  brought_.insert(segment);
}

void PrefetchWindow::end() {
  const MutexLock lock(mutex_);
  end_it();
}

// The server asks for them in order.
void PrefetchWindow::note_taken() {
  const uint64_t before = first_;
  while (brought_.count(first_) != 0 && !callbacks_.is_there(first_)) brought_.erase(first_++);
  if (first_ == before) return;
  moved_ms_ = monotonic_ms();
  if (!is_over_) callbacks_.announce(first_, first_ + count_ - 1);
}

// What lies there already can still be taken; nobody is to wait for more.
void PrefetchWindow::end_it() {
  if (is_over_) return;
  is_over_ = true;
  callbacks_.announce(first_, next_ - 1);
  changed_.notify_all();
}

}  // namespace tidemark::postgres
