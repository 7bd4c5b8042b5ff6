#include "core/gaps.h"

#include <algorithm>
#include <utility>

namespace tidemark::core {

void Gaps::add(Range gap, bool known) {
  unreported_.push_back({gap, known});
  gaps_.insert(gap);
}

Lsn Gaps::limit(Lsn position) const {
  // What is known lies below all that this run acknowledges, and of what was found there is one at a time.
  return unreported_.empty() ? position : std::min(position, unreported_.front().gap.first - 1);
}

void Gaps::claim(Range claimed, uint32_t epoch) {
  for (const RangeSet* known : {&gaps_, &owed_}) {
    for (const Range& gap : known->ranges()) {
      const Range both{std::max(gap.first, claimed.first), std::min(gap.last, claimed.last)};
      if (both.first <= both.last) late_.insert(both);
    }
  }
  for (const Range& range : unread_.ranges()) {
    const Range both{std::max(range.first, claimed.first), std::min(range.last, claimed.last)};
    if (both.first <= both.last) owe(both, epoch);
  }
}

void Gaps::passed_unread(Range range, uint32_t epoch) {
  unread_.insert(range);
  for (const Range& late : late_.ranges()) {
    const Range both{std::max(late.first, range.first), std::min(late.last, range.last)};
    if (both.first <= both.last) add_owed(both, epoch);
  }
}

void Gaps::owe(Range below, uint32_t epoch) {
  late_.insert(below);
  add_owed(below, epoch);
}

void Gaps::add_owed(Range range, uint32_t epoch) {
  if (owed_.empty()) owed_epoch_ = epoch;
  owed_.insert(range);
  // A full set may hold more than was reported: better reported twice than never.
  if (gaps_.ranges().size() == RangeSet::kMostRanges) return;
  for (const Range& gap : gaps_.ranges()) owed_.erase(gap);
}

std::optional<Range> Gaps::lost(uint32_t epoch) {
  if (owed_.empty() || running_) return std::nullopt;
  if (owed_epoch_ != epoch) {
    owed_epoch_ = epoch;
    for (const Range& owed : owed_.ranges()) late_.insert(owed);
    return std::nullopt;
  }
  Range lost = owed_.front();
  if (!late_.empty() && late_.front().first <= owed_.ranges().back().last) {
    // Not all is looked for yet; but soon enough for owed_ to hold what is owed and no more.
    if (owed_.ranges().size() < RangeSet::kMostRanges / 2) return std::nullopt;
    lost.last = std::min(lost.last, late_.front().first - 1);
  }
  return lost.first <= lost.last ? std::optional(lost) : std::nullopt;
}

std::optional<Range> Gaps::open(Lsn next) const {
  if (running_ || late_.empty() || late_.front().first >= next) return std::nullopt;
  return Range{late_.front().first, std::min(late_.front().last, next - 1)};
}

const Gaps::Looked* Gaps::looked_up(Lsn lsn, uint32_t epoch) const {
  return looked_ && looked_->epoch == epoch && looked_->range.contains(lsn) ? &*looked_ : nullptr;
}

void Gaps::started(Range range) {
  late_.erase(range);  // from here on a claim is a new one
  running_ = range;
}

void Gaps::looked(Range range, uint32_t epoch, FoundArchives found) {
  const Lsn last = std::min(range.last, found.through());
  looked_ = Looked{{range.first, last}, epoch, std::move(found)};
  late_.insert(range);
  end();
}

void Gaps::archived(Range range, Lsn through) {
  misses_ = 0;
  gaps_.erase({range.first, through});
  late_.erase({range.first, through});
  owed_.erase({range.first, through});
  unread_.erase({range.first, through});
  if (through < range.last) late_.insert({through + 1, range.last});
  end();
}

void Gaps::missed(Range range) {
  if (++misses_ < kMostMisses) return passed(range);
  misses_ = 0;
  if (!late_.empty() && late_.front().first == range.last + 1) late_.erase(late_.front());
  end();
}

void Gaps::passed(Range range) {
  if (range.first < range.last) late_.insert({range.first + 1, range.last});
  end();
}

void Gaps::failed(Range range) {
  late_.insert(range);
  end();
}

void Gaps::end() {
  running_.reset();
  if (!late_.empty()) return;
  looked_.reset();
  misses_ = 0;
}

}  // namespace tidemark::core
