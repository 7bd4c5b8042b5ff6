#include "store/look_back.h"

namespace tidemark::store {

void LookBack::add(core::Range range, core::ObjectKind kind) {
  if (range.first >= low_) return;
  if (kind == core::ObjectKind::kOrigin) {
    // One that reaches further was there before the host had anything as old as low.
    if (range.last < low_) origin_ = origin_ == core::kNoLsn ? range.last : std::min(origin_, range.last);
    has_other_origin_ |= range.last >= low_;
    return;
  }
  const bool is_archive = kind == core::ObjectKind::kArchive;
  last_ = {range, kind};
  if (range.last >= low_) {
    over_ = std::min(over_, range.first);
    range.last = low_ - 1;
  }
  coverage_.add(range);
  lowest_ = lowest_ == core::kNoLsn ? range.first : std::min(lowest_, range.first);
  newest_ = std::max(newest_, range.last);
  archives_ += is_archive;
}

void LookBack::add_what_reaches_over(const LookBack& other) {
  if (other.over_ < low_) add({other.over_, low_}, core::ObjectKind::kArchive);
  has_other_origin_ |= other.has_other_origin_;
  if (other.last_) last_ = other.last_;  // which is in both windows, or reaches over low
}

bool LookBack::is_enough() const {
  if (archives_ >= kLookBackArchives) return true;
  if (newest_ == core::kNoLsn) return origin_ != core::kNoLsn && origin_ == low_ - 1;
  return lowest_ == 1 || (origin_ != core::kNoLsn && origin_ == lowest_ - 1);
}

core::Lsn LookBack::expected_width() const {
  if (archives_ == 0) return 0;
  const core::Lsn each = (newest_ - lowest_) / archives_ + 1;
  return each < core::kEveryLsn / kLookBackArchives ? each * kLookBackArchives : core::kEveryLsn;
}

std::optional<core::Range> LookBack::lowest_hole() const {
  // A partition without an origin begins with entry 1.
  const bool is_from_1 = saw_beginning_ && !has_other_origin_;
  const bool begins_with_a_hole = (origin_ != core::kNoLsn || is_from_1) && archives_ < kLookBackArchives;
  if (newest_ == core::kNoLsn) {
    if (origin_ != core::kNoLsn && origin_ < low_ - 1) return core::Range{origin_ + 1, low_ - 1};
    return std::nullopt;
  }
  if (begins_with_a_hole && origin_ + 1 < lowest_) return core::Range{origin_ + 1, lowest_ - 1};
  if (const auto hole = coverage_.hole_through(low_ - 1)) return hole;
  if (newest_ < low_ - 1) return core::Range{newest_ + 1, low_ - 1};
  return std::nullopt;
}

}  // namespace tidemark::store
