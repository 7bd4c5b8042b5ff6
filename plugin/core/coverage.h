// Which LSNs are missing among ranges that come ascending by their last LSN, as names are listed.
//
// Counting begins at the first range: nothing before it counts as missing. Bounded: of more than kMissingMax
// holes at a time the first ones are kept. Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_COVERAGE_H
#define TIDEMARK_CORE_COVERAGE_H

#include <optional>
#include <vector>

#include "core/types.h"

namespace tidemark::core {

class Coverage {
 public:
  static constexpr size_t kMissingMax = 1000;

  void add(Range range);
  // The first hole that begins at or below `lsn`, as far as the ranges added tell.
  std::optional<Range> hole_through(Lsn lsn) const;

 private:
  std::vector<Range> missing_;  // ascending, apart from each other
  Lsn through_ = kNoLsn;        // the highest last LSN; none before the first range
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_COVERAGE_H
