#include "core/range_set.h"

#include <algorithm>
#include <array>

namespace tidemark::core {

void RangeSet::insert(Range range) {
  // All that touch it become one with it.
  const auto begin = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const Range& other) { return other.last >= range.first - 1; });
  const auto end = std::find_if(begin, ranges_.end(), [&](const Range& other) {
    return range.last != kEveryLsn && other.first > range.last + 1;
  });
  if (begin != end) {
    range.first = std::min(range.first, begin->first);
    range.last = std::max(range.last, std::prev(end)->last);
  }
  ranges_.insert(ranges_.erase(begin, end), range);
  join_nearest();
}

void RangeSet::erase(Range range) {
  const auto begin = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const Range& other) { return other.last >= range.first; });
  const auto end =
      std::find_if(begin, ranges_.end(), [&](const Range& other) { return other.first > range.last; });
  if (begin == end) return;
  std::array<Range, 2> left;
  auto left_end = left.begin();
  if (begin->first < range.first) *left_end++ = {begin->first, range.first - 1};
  if (std::prev(end)->last > range.last) *left_end++ = {range.last + 1, std::prev(end)->last};
  ranges_.insert(ranges_.erase(begin, end), left.begin(), left_end);
  join_nearest();
}

void RangeSet::join_nearest() {
  if (ranges_.size() <= kMostRanges) return;
  auto nearest = ranges_.begin();
  for (auto at = nearest; std::next(at) != ranges_.end(); ++at) {
    if (std::next(at)->first - at->last < std::next(nearest)->first - nearest->last) nearest = at;
  }
  nearest->last = std::next(nearest)->last;
  ranges_.erase(std::next(nearest));
}

}  // namespace tidemark::core
