#include "core/found_archives.h"

#include <algorithm>

namespace tidemark::core {

FoundArchives::FoundArchives(std::span<const Range> archives, Lsn from, Lsn through, Lsn until,
                             Reserve* reserve)
    : spans_(reserve), through_(through), until_(until) {
  std::vector<Range, Reserved<Range>> sorted(archives.begin(), archives.end(), reserve);
  std::sort(sorted.begin(), sorted.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  Lsn at = from;
  for (auto next = sorted.begin();;) {
    // Of those that hold `at` the one that reaches furthest makes the others superfluous.
    std::optional<Range> best;
    for (; next != sorted.end() && next->first <= at; ++next) {
      if (next->last >= at && (!best || next->last > best->last)) best = *next;
    }
    if (best) {
      if (!add(*best)) {
        through_ = std::min(through_, at - 1);
        break;
      }
      if (best->last == kEveryLsn) break;
      at = best->last + 1;
    } else if (next != sorted.end()) {
      at = next->first;
    } else {
      break;
    }
  }
  spans_.shrink_to_fit();
}

bool FoundArchives::add(const Range& archive) {
  const bool single = archive.first == archive.last;
  if (!spans_.empty() && single && spans_.back().singles && spans_.back().range.last + 1 == archive.first) {
    spans_.back().range.last = archive.last;
    return true;
  }
  if (spans_.size() == kMaxSpans) return false;
  spans_.push_back({archive, single});
  return true;
}

std::optional<Range> FoundArchives::holding(Lsn lsn) const {
  // The one that reaches furthest: it saves the most work.
  for (auto span = spans_.rbegin(); span != spans_.rend(); ++span) {
    if (span->range.contains(lsn)) return span->singles ? Range{lsn, lsn} : span->range;
  }
  return std::nullopt;
}

Lsn FoundArchives::next_held_after(Lsn lsn) const {
  for (const Span& span : spans_) {
    if (span.range.last > lsn) return std::max(span.range.first, lsn + 1);
  }
  return kNoLsn;
}

}  // namespace tidemark::core
