// How long things took: a histogram with buckets of 6 % width, so that a percentile needs no samples kept.
// Any thread.
#ifndef TIDEMARK_HOST_SIM_LATENCY_H
#define TIDEMARK_HOST_SIM_LATENCY_H

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace tidemark::host {

class LatencyHistogram {
 public:
  void add(uint64_t duration_us, uint64_t count) {
    buckets_[bucket(duration_us)].fetch_add(count, std::memory_order_relaxed);
  }

  // The upper end of the bucket that holds the given share of all; 0 without any.
  uint64_t percentile_us(double share) const {
    uint64_t total = 0;
    for (const auto& count : buckets_) total += count.load(std::memory_order_relaxed);
    if (total == 0) return 0;
    const auto rank = static_cast<uint64_t>(share * static_cast<double>(total - 1)) + 1;
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i].load(std::memory_order_relaxed);
      if (seen >= rank) return upper_us(i);
    }
    return upper_us(kBuckets - 1);
  }

 private:
  // Values below 16 have a bucket each; above, every power of two is divided into 16.
  static constexpr size_t kBuckets = 16 * 61;

  static size_t bucket(uint64_t value) {
    if (value < 16) return value;
    const auto shift = static_cast<size_t>(std::bit_width(value)) - 5;
    return 16 * shift + (value >> shift);
  }
  static uint64_t upper_us(size_t index) {
    if (index < 32) return index;
    const size_t shift = index / 16 - 1;
    return ((index - 16 * shift + 1) << shift) - 1;
  }

  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_LATENCY_H
