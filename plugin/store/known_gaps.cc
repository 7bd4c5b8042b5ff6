#include "store/known_gaps.h"

#include <algorithm>

namespace tidemark::store {
namespace {

using Ranges = std::vector<Range>;

bool hold(const Ranges& ranges, Lsn lsn) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) { return range.contains(lsn); });
}

void sort_by_first(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
}

// Ascending and apart from each other.
Ranges join(Ranges ranges) {
  sort_by_first(ranges);
  Ranges joined;
  for (const Range& range : ranges) {
    if (joined.empty() || range.first > joined.back().last) {
      joined.push_back(range);
    } else {
      joined.back().last = std::max(joined.back().last, range.last);
    }
  }
  return joined;
}

// What of `whole` none of the others has, which are ascending and apart from each other.
void append_rest(Range whole, const Ranges& others, Ranges& rest) {
  const auto ends_before = [](const Range& other, Lsn lsn) { return other.last < lsn; };
  auto other = std::lower_bound(others.begin(), others.end(), whole.first, ends_before);
  for (; other != others.end() && other->first <= whole.last; ++other) {
    if (other->first > whole.first) rest.push_back({whole.first, other->first - 1});
    if (other->last >= whole.last) return;
    whole.first = other->last + 1;
  }
  rest.push_back(whole);
}

}  // namespace

void KnownGaps::add(Range range, ObjectKind kind) {
  // An origin holds nothing, and whatever else is there goes before it.
  if (range.first > last_ || kind == ObjectKind::kOrigin) return;
  range.last = std::min(range.last, last_);
  Ranges& same = kind == ObjectKind::kGap ? gaps_ : kind == ObjectKind::kAccepted ? accepted_ : held_;
  same.push_back(range);
}

bool KnownGaps::descend() {
  const bool is_held = hold(held_, top_);
  Lsn lowest = bottom_;
  for (const Ranges* records : {&gaps_, &accepted_}) {
    for (const Range& range : *records) {
      // What was archived after all does not end the record that it lies in.
      if (range.contains(top_) && (!is_held || range.contains(bottom_)))
        lowest = std::min(lowest, range.first);
    }
  }
  if (lowest == bottom_) return false;
  bottom_ = lowest;
  top_ = std::max<Lsn>(bottom_ - 1, 1);  // from 1 on: what lies in the lowest record has still to be seen
  return true;
}

std::vector<Range> KnownGaps::unexplained(size_t most) const {
  Ranges gaps = gaps_, others = accepted_;
  others.insert(others.end(), held_.begin(), held_.end());
  sort_by_first(gaps);
  others = join(std::move(others));
  Ranges rest;
  Lsn listed_through = kNoLsn;
  for (const Range& gap : gaps) {
    if (gap.last <= listed_through) continue;
    append_rest({std::max(gap.first, listed_through + 1), gap.last}, others, rest);
    listed_through = gap.last;
  }
  if (rest.size() > most) rest.erase(rest.begin(), rest.end() - static_cast<std::ptrdiff_t>(most));
  return rest;
}

}  // namespace tidemark::store
