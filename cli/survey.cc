#include "survey.h"

#include <algorithm>

namespace tidemark::cli {

namespace {

constexpr size_t kMaxLosses = 1000;

}  // namespace

void Survey::add_archive(const Stored& stored) {
  first = archives == 0 ? stored.first : std::min(first, stored.first);
  last = std::max(last, stored.last);
  oldest_us = archives == 0 ? stored.modified_us : std::min(oldest_us, stored.modified_us);
  newest_us = archives == 0 ? stored.modified_us : std::max(newest_us, stored.modified_us);
  ++archives;
  archive_bytes += stored.size_bytes;
  known_from_ = std::min(known_from_, stored.first);
  lowest_last_ = std::min(lowest_last_, whole_last(stored));
  coverage.add_present({stored.first, stored.last});
  for (size_t i = losses_.size(); i > 0 && losses_[i - 1].last >= stored.first; --i) {
    if (losses_[i - 1].first > stored.last) continue;  // of a newer epoch, which has cut this one
    overruled_.push_back(std::move(losses_[i - 1].key));
    losses_.erase(losses_.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
}

// Archives before it end at or before its end; the newest of them reaches into it if any does. Of one that a
// newer epoch has cut this cannot be told.
void Survey::add_loss(const Stored& stored) {
  if (stored.name_last != 0) return;
  if (archives > 0 && last >= stored.first) {
    overruled_.push_back(stored.key);
    return;
  }
  losses_.push_back({stored.first, stored.last, stored.key});
  if (losses_.size() > kMaxLosses) losses_.pop_front();
}

void Survey::add(const Stored& stored) {
  const Range range{stored.first, stored.last};
  if (is_record(stored)) ++records_;
  switch (stored.kind) {
    case TIDEMARK_STORED_ARCHIVE:
      return add_archive(stored);
    case TIDEMARK_STORED_GAP:
      ++gap_records;
      known_from_ = std::min(known_from_, stored.first);
      coverage.add_gap(range);
      return add_loss(stored);
    case TIDEMARK_STORED_ACCEPTED:
      ++accepted_records;
      coverage.add_accepted(range);
      return add_loss(stored);
    case TIDEMARK_STORED_PRUNED:
      pruned_through = std::max(pruned_through, stored.last);
      return coverage.add_present(range);
    case TIDEMARK_STORED_ORIGIN:
      if (origin_key.empty()) {
        origin_key = stored.key;
        origin_last_ = stored.last;
      }
      return coverage.add_origin(range);
    default:
      ++foreign;
  }
}

void Survey::add_damaged(const Stored& stored) {
  ++damaged;
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) return add_archive(stored);
  if (stored.kind == TIDEMARK_STORED_IRREGULAR && stored.last > 0 && stored.key.ends_with(".tar"))
    coverage.add_present({stored.first, stored.last});
}

uint64_t Survey::origin_through() const {
  return pruned_through > 0 ? 0 : std::min(origin_last_, known_from_ - 1);
}

}  // namespace tidemark::cli
