// Whether the sink still takes archives as quickly as it did when less was on its way.
//
// A round is some puts. For puts of about one size the mean of a round is compared with the lowest such mean
// since forget(); a size class is four times the one below. What ends within kQuickUs counts as quick,
// however quick it was before: there the noise of the machine is larger than the difference.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_LATENCY_TREND_H
#define TIDEMARK_CORE_LATENCY_TREND_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace tidemark::core {

class LatencyTrend {
 public:
  static constexpr uint64_t kQuickUs = 5'000;

  // A put that went well; 0 µs: nothing was put, which says nothing.
  void add(uint64_t put_us, uint64_t size_bytes);
  void end_round();
  // The mean of the last round that had enough puts, divided by the lowest; 1: as quick as ever.
  double ratio() const { return ratio_; }
  void forget() { *this = LatencyTrend(); }

 private:
  struct Class {
    uint32_t puts = 0;  // of this round
    double total_us = 0;
    double lowest_us = 0;  // 0: none yet
  };
  static constexpr uint32_t kEnough = 4;  // puts of a class that make a mean
  static constexpr size_t kClasses = 12;  // up to 64 KiB, 256 KiB, ... 64 GiB and more

  std::array<Class, kClasses> classes_{};
  double ratio_ = 1;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_LATENCY_TREND_H
