#include "core/found_archives.h"

#include <algorithm>

namespace tidemark::core {

FoundArchives::FoundArchives(std::span<const Range> archives, Lsn through, Lsn until)
    : through_(through), until_(until) {
  for (const Range& archive : archives) {
    const bool single = archive.first == archive.last;
    if (!runs_.empty() && single && runs_.back().singles && runs_.back().range.last + 1 == archive.first) {
      runs_.back().range.last = archive.last;
      continue;
    }
    if (runs_.size() == kMaxRuns) {
      // Ascending by last: everything up to the last run's end is known, whatever follows.
      through_ = std::min(through_, runs_.back().range.last);
      break;
    }
    runs_.push_back({archive, single});
  }
  runs_.shrink_to_fit();
}

std::optional<Range> FoundArchives::holding(Lsn lsn) const {
  // The widest of those that overlap: it saves the most work.
  std::optional<Range> best;
  for (const Run& run : runs_) {
    if (!run.range.contains(lsn)) continue;
    const Range archive = run.singles ? Range{lsn, lsn} : run.range;
    if (!best || archive.last > best->last) best = archive;
  }
  return best;
}

Lsn FoundArchives::next_held_after(Lsn lsn) const {
  Lsn next = kNoLsn;
  for (const Run& run : runs_) {
    if (run.range.last <= lsn) continue;
    const Lsn candidate = std::max(run.range.first, lsn + 1);
    if (next == kNoLsn || candidate < next) next = candidate;
  }
  return next;
}

}  // namespace tidemark::core
