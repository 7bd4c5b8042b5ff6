#include "coverage.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace tidemark::cli {

namespace {

// Ascending, and no LSN is in two.
[[maybe_unused]] bool are_apart(const std::vector<Missing>& pieces) {
  const auto overlap = [](const Missing& a, const Missing& b) { return a.range.last >= b.range.first; };
  return std::adjacent_find(pieces.begin(), pieces.end(), overlap) == pieces.end();
}

}  // namespace

Coverage::Coverage(uint64_t from, size_t max_pending)
    : from_(from), max_pending_(max_pending), end_(from - 1) {}

// Everything between what was known and `first` is missing; the object speaks about the rest.
void Coverage::reach(uint64_t first, uint64_t last, Cause cause) {
  assert(pending_.empty() || pending_.back().range.last <= end_);
  if (end_ == UINT64_MAX) return;  // a stranger's name; there is nothing after it
  if (first > end_ + 1) pending_.push_back({{end_ + 1, first - 1}, Cause::kUnknown});
  const uint64_t begin = std::max(first, end_ + 1);
  if (cause != Cause::kUnknown && last >= begin) pending_.push_back({{begin, last}, cause});
  end_ = std::max(end_, last);
}

void Coverage::add_present(Range range) {
  begin_ = std::min(begin_, range.first);
  fill(range);
}

void Coverage::add_accepted(Range range) { fill(range); }

void Coverage::fill(Range range) {
  if (range.last < from_) return;
  range.first = std::max(range.first, from_);
  take_out(range);
  reach(range.first, range.last, Cause::kUnknown);
  settle();
}

// Mostly from the end: objects come by their last LSN, but for what a newer epoch has cut.
void Coverage::take_out(Range range) {
  auto begin = pending_.end();
  while (begin != pending_.begin() && std::prev(begin)->range.last >= range.first) --begin;
  auto end = begin;
  std::vector<Missing> left;
  for (; end != pending_.end() && end->range.first <= range.last; ++end) {
    if (end->range.first < range.first) left.push_back({{end->range.first, range.first - 1}, end->cause});
    if (end->range.last > range.last) left.push_back({{range.last + 1, end->range.last}, end->cause});
  }
  pending_.insert(pending_.erase(begin, end), left.begin(), left.end());
}

void Coverage::add_gap(Range range) {
  begin_ = std::min(begin_, range.first);
  if (range.last < from_) return;
  range.first = std::max(range.first, from_);
  explain(range, Cause::kGap);
  reach(range.first, range.last, Cause::kGap);
  settle();
}

void Coverage::add_origin(Range range) {
  const bool is_first = begin_ == UINT64_MAX;
  range.last = std::min(range.last, begin_ - 1);
  // The lowest counts, so what the next one says of LSNs from here on is not heard.
  if (is_first && range.last < UINT64_MAX) begin_ = range.last + 1;
  range.first = std::max(range.first, from_);
  if (range.last < range.first) return;
  explain(range, Cause::kOrigin);
  if (is_first) reach(range.first, range.last, Cause::kOrigin);
  settle();
}

// What is pending of the range has this cause now, unless it is known as a gap.
void Coverage::explain(Range range, Cause cause) {
  size_t at = pending_.size();
  while (at > 0 && pending_[at - 1].range.last >= range.first) --at;
  for (; at < pending_.size() && pending_[at].range.first <= range.last; ++at) {
    const Missing piece = pending_[at];
    if (piece.cause == Cause::kGap) continue;
    const auto known = overlap(piece.range, range);
    assert(known);
    pending_[at] = {*known, cause};
    const auto insert = [&](size_t where, Range rest) {
      pending_.insert(pending_.begin() + static_cast<std::ptrdiff_t>(where), {rest, piece.cause});
    };
    if (known->last < piece.range.last) insert(at + 1, {known->last + 1, piece.range.last});
    if (piece.range.first < known->first) insert(at++, {piece.range.first, known->first - 1});
  }
}

void Coverage::settle() {
  // The first piece may be the part that was pruned, and the record of that comes after all the rest.
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
  assert(are_apart(all));
  return all;
}

std::vector<Overlap> Overlaps::add(Range range, const std::string& key, bool is_new) {
  std::vector<Overlap> found;
  uint64_t upper = range.last;  // above it every LSN has a partner, or none that is remembered
  for (auto other = recent_.rbegin(); other != recent_.rend() && other->range.last >= range.first; ++other) {
    const auto shared = overlap(range, other->range);
    if (!shared) continue;
    found.push_back({other->key, key, *shared, other->is_new});
    upper = std::min(upper, shared->first - 1);
  }
  if (upper >= range.first && forgotten_last_ >= range.first) lost_some_ = true;
  // At its place: what a newer epoch has cut is listed after others that end later.
  auto after = recent_.end();
  while (after != recent_.begin() && std::prev(after)->range.last > range.last) --after;
  recent_.insert(after, {range, key, is_new});
  if (recent_.size() > max_recent_) {
    forgotten_last_ = recent_.front().range.last;
    recent_.pop_front();
  }
  return found;
}

}  // namespace tidemark::cli
