#include "pace.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace tidemark::cli {

namespace {

constexpr RateLimit::TimeMs kNapMs = 50;  // so that an interrupt is noticed

RateLimit::TimeMs now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

RateLimit::TimeMs Pace::ready_at(uint64_t bytes) {
  MutexLock lock(mutex_);
  rate_.finished(0, bytes, now_ms());
  const auto ready_ms = rate_.ready_at();
  return ready_ms == RateLimit::kNever ? 0 : ready_ms;
}

void Pace::spend(uint64_t bytes, const Stop& stop) {
  const auto until_ms = ready_at(bytes);
  for (auto left_ms = until_ms - now_ms(); left_ms > 0 && !stop.is_set(); left_ms = until_ms - now_ms())
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left_ms, kNapMs)));
}

uint64_t MemoryShares::take(uint64_t bytes) {
  bytes = std::min(bytes, total_bytes_);
  MutexLock lock(mutex_);
  while (free_bytes_ < bytes) freed_.wait(mutex_);
  free_bytes_ -= bytes;
  return bytes;
}

void MemoryShares::give_back(uint64_t bytes) {
  {
    MutexLock lock(mutex_);
    free_bytes_ += bytes;
  }
  freed_.notify_all();
}

}  // namespace tidemark::cli
