#include "core/coverage.h"

#include <algorithm>

namespace tidemark::core {

void Coverage::add(Range range) {
  if (through_ != kNoLsn && range.first > through_ && range.first - through_ > 1 &&
      missing_.size() < kMissingMax) {
    missing_.push_back({through_ + 1, range.first - 1});
  }
  through_ = std::max(through_, range.last);
  // A range that reaches back fills what seemed to be missing.
  const auto begin = std::find_if(missing_.begin(), missing_.end(),
                                  [&](const Range& hole) { return hole.last >= range.first; });
  const auto end =
      std::find_if(begin, missing_.end(), [&](const Range& hole) { return hole.first > range.last; });
  if (begin == end) return;
  std::vector<Range> left;
  if (begin->first < range.first) left.push_back({begin->first, range.first - 1});
  if ((end - 1)->last > range.last) left.push_back({range.last + 1, (end - 1)->last});
  missing_.insert(missing_.erase(begin, end), left.begin(), left.end());
}

std::optional<Range> Coverage::hole_through(Lsn lsn) const {
  if (missing_.empty() || missing_.front().first > lsn) return std::nullopt;
  return missing_.front();
}

}  // namespace tidemark::core
