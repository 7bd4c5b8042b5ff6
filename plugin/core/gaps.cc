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

void Gaps::claim(Range claimed) {
  for (const RangeSet* known : {&gaps_, &owed_}) {
    for (const Range& gap : known->ranges()) {
      if (const auto both = overlap(gap, claimed)) late_.insert(*both);
    }
  }
}

void Gaps::owe(Range range, uint32_t sink_number) {
  if (owed_.empty()) owed_sink_number_ = sink_number;
  late_.insert(range);
  owed_.insert(range);
  // A full set may hold more than was reported: better reported twice than never.
  if (gaps_.ranges().size() == RangeSet::kMostRanges) return;
  for (const Range& gap : gaps_.ranges()) owed_.erase(gap);
}

std::optional<Range> Gaps::lost(uint32_t sink_number) {
  if (owed_.empty() || running_) return std::nullopt;
  if (owed_sink_number_ != sink_number) {
    owed_sink_number_ = sink_number;
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

const Gaps::Looked* Gaps::looked_up(Lsn lsn, uint32_t sink_number) const {
  return looked_ && looked_->sink_number == sink_number && looked_->range.contains(lsn) ? &*looked_ : nullptr;
}

void Gaps::started(Range range) {
  late_.erase(range);  // from here on a claim is a new one
  running_ = range;
}

void Gaps::looked(Range range, uint32_t sink_number, FoundArchives found) {
  const Lsn last = std::min(range.last, found.through());
  looked_ = Looked{{range.first, last}, sink_number, std::move(found)};
  late_.insert(range);
  end();
}

void Gaps::drop_what_may_not_be_put() {
  if (!looked_) return;
  const FoundArchives& found = looked_->found;
  for (Lsn at = looked_->range.first; at <= looked_->range.last && !may_put(at);) {
    if (const auto held = found.holding(at)) {
      if (held->part.last >= looked_->range.last) break;  // there is nothing after the last of all LSNs
      at = held->part.last + 1;
      continue;
    }
    const Lsn held = found.next_held_after(at);
    Lsn last = std::min(looked_->range.last, own_from_ - 1);
    if (held != kNoLsn) last = std::min(last, held - 1);
    late_.erase({at, last});
    at = last + 1;
  }
  end();
}

void Gaps::archived(Range range, Lsn through) {
  misses_ = 0;
  const Range done{range.first, through};
  gaps_.erase(done);
  late_.erase(done);
  owed_.erase(done);
  need_not_report(done);
  if (through < range.last) late_.insert({through + 1, range.last});
  end();
}

// The first is on its way to the host already; those that wait for it are not gaps any more.
void Gaps::need_not_report(Range archived) {
  for (size_t i = 1; i < unreported_.size(); ++i) {
    const auto [gap, known] = unreported_[i];
    const auto found = overlap(gap, archived);
    if (!found) continue;
    const bool has_before = gap.first < found->first;
    const bool has_after = found->last < gap.last;
    const auto at = unreported_.begin() + static_cast<std::ptrdiff_t>(i);
    if (has_before && has_after) {
      if (unreported_.size() == RangeSet::kMostRanges) continue;
      at->gap.last = found->first - 1;
      unreported_.insert(at + 1, {{found->last + 1, gap.last}, known});
    } else if (has_before) {
      at->gap.last = found->first - 1;
    } else if (has_after) {
      at->gap.first = found->last + 1;
    } else {
      unreported_.erase(at);
      --i;
    }
  }
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
