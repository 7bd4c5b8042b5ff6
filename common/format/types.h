// Numbers of log entries and ranges of them. Pure values; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_TYPES_H
#define TIDEMARK_COMMON_FORMAT_TYPES_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

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

// How many entries.
inline uint64_t size_of(const Range& range) { return range.last - range.first + 1; }

// What both hold, if anything.
inline std::optional<Range> overlap(const Range& a, const Range& b) {
  const Range both{std::max(a.first, b.first), std::min(a.last, b.last)};
  return both.first <= both.last ? std::optional(both) : std::nullopt;
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_TYPES_H
