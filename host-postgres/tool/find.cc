#include "tool/find.h"

#include <tidemark/maintenance.h>

#include <algorithm>

namespace tidemark::postgres {

namespace {

constexpr uint64_t kEntriesMax = 4096;  // of one archive

}  // namespace

bool Find::add(int32_t kind, uint64_t first, uint64_t last, const std::string& key) {
  switch (kind) {
    case TIDEMARK_STORED_ARCHIVE:
      if (first <= lsn_ && lsn_ <= last) {
        keys_.push_back(key);
        if (!all_) return false;
      } else if (first > lsn_) {
        first_after_ = first_after_ == 0 ? first : std::min(first_after_, first);
      }
      break;
    case TIDEMARK_STORED_GAP:
    case TIDEMARK_STORED_ACCEPTED:
      is_recorded_lost_ = is_recorded_lost_ || last >= lsn_;
      break;
    case TIDEMARK_STORED_PRUNED:
    case TIDEMARK_STORED_ORIGIN:
      is_before_ = is_before_ || last >= lsn_;
      break;
    default:  // not ours, or of no partition
      break;
  }
  // An archive that begins at or before it ends before this.
  return kind != TIDEMARK_STORED_ARCHIVE || last < lsn_ + kEntriesMax;
}

Finding Find::finding() const {
  if (!keys_.empty()) return Finding::kHeld;
  if (is_before_) return Finding::kBefore;
  return first_after_ != 0 || is_recorded_lost_ ? Finding::kHole : Finding::kEnd;
}

}  // namespace tidemark::postgres
