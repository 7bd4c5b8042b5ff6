#include "coverage.h"

#include <algorithm>
#include <utility>

namespace tidemark::cli {

Coverage::Coverage(uint64_t from, size_t max_pending)
    : from_(from), max_pending_(max_pending), end_(from - 1) {}

// Everything between what was known and `first` is missing; the object speaks about the rest.
void Coverage::reach(uint64_t first, uint64_t last, bool is_recorded) {
  if (end_ == UINT64_MAX) return;  // a stranger's name; there is nothing behind it
  if (first > end_ + 1) pending_.push_back({{end_ + 1, first - 1}, false});
  const uint64_t begin = std::max(first, end_ + 1);
  if (is_recorded && last >= begin) pending_.push_back({{begin, last}, true});
  end_ = std::max(end_, last);
}

void Coverage::add_present(Range range) {
  if (range.last < from_) return;
  range.first = std::max(range.first, from_);
  // What is pending lies at or below the range's end, because objects come by their last LSN.
  while (!pending_.empty() && pending_.back().range.first >= range.first) pending_.pop_back();
  if (!pending_.empty() && pending_.back().range.last >= range.first)
    pending_.back().range.last = range.first - 1;
  reach(range.first, range.last, false);
  settle();
}

void Coverage::add_recorded(Range range) {
  if (range.last < from_) return;
  range.first = std::max(range.first, from_);
  for (auto piece = pending_.rbegin(); piece != pending_.rend() && piece->range.last >= range.first;
       ++piece) {
    if (piece->range.first >= range.first) {
      piece->is_recorded = true;
    } else if (!piece->is_recorded) {
      // It begins before the record does: only its end is explained.
      const Missing explained{{range.first, piece->range.last}, true};
      piece->range.last = range.first - 1;
      pending_.insert(piece.base(), explained);
      break;
    }
  }
  reach(range.first, range.last, true);
  settle();
}

void Coverage::settle() {
  // The first piece may be the part that was pruned, and the record of that comes behind all the rest.
  const size_t keep = !pending_.empty() && pending_.front().range.first == from_ ? 1 : 0;
  while (pending_.size() > max_pending_) {
    const auto oldest = pending_.begin() + static_cast<std::ptrdiff_t>(keep);
    settled_.push_back(*oldest);
    pending_.erase(oldest);
  }
}

std::vector<Missing> Coverage::take_settled() { return std::exchange(settled_, {}); }

std::vector<Missing> Coverage::finish() {
  std::vector<Missing> all = take_settled();
  all.insert(all.end(), pending_.begin(), pending_.end());
  pending_.clear();
  std::sort(all.begin(), all.end(),
            [](const Missing& a, const Missing& b) { return a.range.first < b.range.first; });
  return all;
}

std::vector<Overlap> Overlaps::add(Range range, const std::string& key) {
  std::vector<Overlap> found;
  uint64_t upper = range.last;  // above it every LSN has its partner
  for (auto other = recent_.rbegin(); other != recent_.rend() && other->range.last >= range.first; ++other) {
    const Range shared{std::max(range.first, other->range.first), std::min(upper, other->range.last)};
    if (shared.first > shared.last) continue;
    found.push_back({other->key, key, shared});
    upper = shared.first - 1;
    if (upper < range.first) break;
  }
  if (upper >= range.first && forgotten_last_ >= range.first) lost_some_ = true;
  recent_.push_back({range, key});
  if (recent_.size() > max_recent_) {
    forgotten_last_ = recent_.front().range.last;
    recent_.pop_front();
  }
  return found;
}

}  // namespace tidemark::cli
