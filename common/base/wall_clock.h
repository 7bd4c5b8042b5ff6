// The time of day, for what is written down. Any thread.
#ifndef TIDEMARK_COMMON_BASE_WALL_CLOCK_H
#define TIDEMARK_COMMON_BASE_WALL_CLOCK_H

#include <chrono>
#include <cstdint>

namespace tidemark {

inline constexpr int64_t kUsPerSecond = 1'000'000;

// Microseconds since the epoch.
inline int64_t wall_clock_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_WALL_CLOCK_H
