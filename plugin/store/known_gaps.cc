#include "store/known_gaps.h"

#include <algorithm>

namespace tidemark::store {
namespace {

using Ranges = std::vector<core::Range>;

bool hold(const Ranges& ranges, core::Lsn lsn) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const core::Range& range) { return range.contains(lsn); });
}

void sort_by_first(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const core::Range& a, const core::Range& b) { return a.first < b.first; });
}

// What of `whole` none of the others has, which are sorted by their first LSN.
void append_rest(core::Range whole, const Ranges& others, Ranges& rest) {
  for (const core::Range& other : others) {
    if (other.last < whole.first) continue;
    if (other.first > whole.last) break;
    if (other.first > whole.first) rest.push_back({whole.first, other.first - 1});
    if (other.last >= whole.last) return;
    whole.first = other.last + 1;
  }
  rest.push_back(whole);
}

}  // namespace

void KnownGaps::add(core::Range range, core::ObjectKind kind) {
  // An origin holds nothing, and whatever else is there goes before it.
  if (range.first > last_ || kind == core::ObjectKind::kOrigin) return;
  range.last = std::min(range.last, last_);
  Ranges& same = kind == core::ObjectKind::kGap        ? gaps_
                 : kind == core::ObjectKind::kAccepted ? accepted_
                                                       : held_;
  same.push_back(range);
}

bool KnownGaps::descend() {
  const bool is_held = hold(held_, top_);
  core::Lsn lowest = bottom_;
  for (const Ranges* records : {&gaps_, &accepted_}) {
    for (const core::Range& range : *records) {
      // What was archived after all does not end the record that it lies in.
      if (range.contains(top_) && (!is_held || range.contains(bottom_)))
        lowest = std::min(lowest, range.first);
    }
  }
  if (lowest == bottom_) return false;
  bottom_ = lowest;
  top_ =
      std::max<core::Lsn>(bottom_ - 1, 1);  // from 1 on: what lies in the lowest record has still to be seen
  return true;
}

std::vector<core::Range> KnownGaps::unexplained(size_t most) const {
  Ranges gaps = gaps_, others = accepted_;
  others.insert(others.end(), held_.begin(), held_.end());
  sort_by_first(gaps);
  sort_by_first(others);
  Ranges rest;
  core::Lsn told_through = bottom_ - 1;
  for (const core::Range& gap : gaps) {
    if (gap.last <= told_through) continue;
    append_rest({std::max(gap.first, told_through + 1), gap.last}, others, rest);
    told_through = gap.last;
  }
  if (rest.size() > most) rest.erase(rest.begin(), rest.end() - static_cast<std::ptrdiff_t>(most));
  return rest;
}

}  // namespace tidemark::store
