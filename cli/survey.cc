#include "survey.h"

#include <algorithm>

namespace tidemark::cli {

std::vector<Overlap> Survey::add(const Stored& stored) {
  const Range range{stored.first, stored.last};
  switch (stored.kind) {
    case TIDEMARK_STORED_ARCHIVE:
      first = archives == 0 ? stored.first : std::min(first, stored.first);
      last = std::max(last, stored.last);
      oldest_us = archives == 0 ? stored.modified_us : std::min(oldest_us, stored.modified_us);
      newest_us = archives == 0 ? stored.modified_us : std::max(newest_us, stored.modified_us);
      ++archives;
      archive_bytes += stored.size_bytes;
      known_from_ = std::min(known_from_, stored.first);
      coverage.add_present(range);
      return overlaps.add(range, stored.key);
    case TIDEMARK_STORED_GAP:
      ++gap_records;
      known_from_ = std::min(known_from_, stored.first);
      coverage.add_gap(range);
      return {};
    case TIDEMARK_STORED_ACCEPTED:
      ++accepted_records;
      coverage.add_accepted(range);
      return {};
    case TIDEMARK_STORED_PRUNED:
      pruned_through = std::max(pruned_through, stored.last);
      coverage.add_present(range);
      return {};
    case TIDEMARK_STORED_ORIGIN:
      if (origin_key.empty()) {
        origin_key = stored.key;
        origin_last_ = stored.last;
      }
      coverage.add_origin(range);
      return {};
    default:
      ++foreign;
      return {};
  }
}

uint64_t Survey::origin_through() const {
  return pruned_through > 0 ? 0 : std::min(origin_last_, known_from_ - 1);
}

}  // namespace tidemark::cli
