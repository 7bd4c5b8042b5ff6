// Numbers of log entries and ranges of them. Pure values; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_TYPES_H
#define TIDEMARK_COMMON_FORMAT_TYPES_H

#include <cstdint>
#include <limits>

namespace tidemark {

using Lsn = uint64_t;  // 1, 2, 3, ...; 0 means none

inline constexpr Lsn kNoLsn = 0;
inline constexpr Lsn kEveryLsn = std::numeric_limits<Lsn>::max();  // as an end: whatever follows

// first..last, both inclusive; never empty.
struct Range {
  Lsn first = kNoLsn;
  Lsn last = kNoLsn;

  bool contains(Lsn lsn) const { return first <= lsn && lsn <= last; }
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_TYPES_H
