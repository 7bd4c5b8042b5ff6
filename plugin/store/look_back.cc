#include "store/look_back.h"

namespace tidemark::store {

void LookBack::add(const ParsedName& name, Range part) {
  Range range = part;
  if (range.first >= low_) return;
  if (name.kind == ObjectKind::kOrigin) {
    // One that reaches further was there before the host had anything as old as low.
    if (range.last < low_) origin_ = origin_ == kNoLsn ? range.last : std::min(origin_, range.last);
    has_other_origin_ |= range.last >= low_;
    return;
  }
  const bool is_archive = name.kind == ObjectKind::kArchive;
  known_gaps_.add(range, name.kind);
  last_ = name;
  if (name.range.last >= low_ && part.last < low_) cut_.push_back(part);
  if (range.last >= low_) {
    over_ = std::min(over_, range.first);
    range.last = low_ - 1;
  }
  coverage_.add(range);
  lowest_ = lowest_ == kNoLsn ? range.first : std::min(lowest_, range.first);
  newest_ = std::max(newest_, range.last);
  archives_ += is_archive;
}

void LookBack::add_what_reaches_over(const LookBack& other) {
  if (other.over_ < low_) add({{other.over_, low_}, ObjectKind::kArchive});
  for (const Range& part : other.cut_) add({{part.first, low_}, ObjectKind::kArchive}, part);
  has_other_origin_ |= other.has_other_origin_;
  if (other.last_) last_ = other.last_;  // which is in both windows, or reaches over low
}

bool LookBack::is_enough() const {
  if (archives_ >= kLookBackArchives) return true;
  if (newest_ == kNoLsn) return origin_ != kNoLsn && origin_ == low_ - 1;
  return lowest_ == 1 || (origin_ != kNoLsn && origin_ == lowest_ - 1);
}

Lsn LookBack::expected_width() const {
  if (archives_ == 0) return 0;
  const Lsn each = (newest_ - lowest_) / archives_ + 1;
  return each < kEveryLsn / kLookBackArchives ? each * kLookBackArchives : kEveryLsn;
}

std::optional<Range> LookBack::lowest_hole() const {
  // A partition without an origin begins with entry 1.
  const bool is_from_1 = saw_beginning_ && !has_other_origin_;
  const bool begins_with_a_hole = (origin_ != kNoLsn || is_from_1) && archives_ < kLookBackArchives;
  if (newest_ == kNoLsn) {
    if ((origin_ != kNoLsn || is_from_1) && origin_ < low_ - 1) return Range{origin_ + 1, low_ - 1};
    return std::nullopt;
  }
  if (begins_with_a_hole && origin_ + 1 < lowest_) return Range{origin_ + 1, lowest_ - 1};
  if (const auto hole = coverage_.hole_through(low_ - 1)) return hole;
  if (newest_ < low_ - 1) return Range{newest_ + 1, low_ - 1};
  return std::nullopt;
}

}  // namespace tidemark::store
