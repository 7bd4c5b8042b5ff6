// The words of the scheduler: numbers, ranges and time. Pure values; any thread.
#ifndef TIDEMARK_CORE_TYPES_H
#define TIDEMARK_CORE_TYPES_H

#include <cstdint>
#include <limits>

namespace tidemark::core {

using Lsn = uint64_t;           // 1, 2, 3, ...; 0 means none
using PartitionRef = uint32_t;  // a dense number the runtime gives each partition it knows
using TimeMs = int64_t;         // a monotonic clock; only differences mean anything

inline constexpr Lsn kNoLsn = 0;
inline constexpr Lsn kEveryLsn = std::numeric_limits<Lsn>::max();  // as an end: whatever follows
inline constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

// first..last, both inclusive; never empty.
struct Range {
  Lsn first = kNoLsn;
  Lsn last = kNoLsn;

  bool contains(Lsn lsn) const { return first <= lsn && lsn <= last; }
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_TYPES_H
