// A set of LSNs as disjoint ascending ranges, in bounded memory: when there are too many ranges, the two
// nearest to each other become one, so that the set then holds more than was put in, never less.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_RANGE_SET_H
#define TIDEMARK_CORE_RANGE_SET_H

#include <span>
#include <vector>

#include "core/reserve.h"
#include "core/types.h"

namespace tidemark::core {

class RangeSet {
 public:
  static constexpr size_t kMostRanges = 64;

  explicit RangeSet(Reserve* reserve = nullptr) : ranges_(reserve) {}

  void insert(Range range);
  void erase(Range range);
  bool empty() const { return ranges_.empty(); }
  Range front() const { return ranges_.front(); }
  std::span<const Range> ranges() const { return ranges_; }

 private:
  void join_nearest();

  std::vector<Range, Reserved<Range>> ranges_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_RANGE_SET_H
