#include "core/found_archives.h"

#include <algorithm>
#include <utility>

namespace tidemark::core {

FoundArchives::FoundArchives(std::span<const Found> archives, Lsn from, Lsn through, Lsn until,
                             Reserve* reserve)
    : spans_(reserve), from_(from), through_(through), until_(until) {
  std::vector<Found, Reserved<Found>> sorted(archives.begin(), archives.end(), reserve);
  std::sort(sorted.begin(), sorted.end(),
            [](const Found& a, const Found& b) { return a.part.first < b.part.first; });
  Lsn at = from;
  for (auto next = sorted.begin();;) {
    // Of those that hold `at` the one that reaches furthest makes the others superfluous; of such the one
    // that begins last has least of what the host may not have to compare.
    std::optional<Found> best;
    for (; next != sorted.end() && next->part.first <= at; ++next) {
      if (next->part.last < at) continue;
      const auto use = [](const Found& one) { return std::pair(one.part.last, one.name.first); };
      if (!best || use(*next) > use(*best)) best = *next;
    }
    if (best) {
      if (!add(*best)) {
        // Not the hole before it, of which one would not know what comes after.
        through_ = std::min(through_, spans_.back().found.part.last);
        break;
      }
      if (best->part.last == kEveryLsn) break;
      at = best->part.last + 1;
    } else if (next != sorted.end()) {
      at = next->part.first;
    } else {
      break;
    }
  }
  spans_.shrink_to_fit();
}

bool FoundArchives::add(const Found& archive) {
  const bool single = archive.name.first == archive.name.last;
  if (!spans_.empty() && single && spans_.back().singles) {
    Found& before = spans_.back().found;
    const bool alike =
        before.epoch == archive.epoch && before.coding == archive.coding && before.begun == archive.begun;
    if (alike && before.part.last + 1 == archive.name.first) {
      before.part.last = archive.name.last;
      return true;
    }
  }
  if (spans_.size() == kMaxSpans) return false;
  spans_.push_back({archive, single});
  return true;
}

std::optional<Found> FoundArchives::holding(Lsn lsn) const {
  // The one that reaches furthest: it saves the most work.
  for (auto span = spans_.rbegin(); span != spans_.rend(); ++span) {
    const Found& found = span->found;
    if (!found.part.contains(lsn)) continue;
    if (!span->singles) return found;
    return Found({lsn, lsn}, {lsn, lsn}, found.epoch, found.coding, found.begun);
  }
  return std::nullopt;
}

void FoundArchives::forget(Lsn lsn) {
  for (auto span = spans_.begin(); span != spans_.end();) {
    Range& part = span->found.part;
    const bool ends_here = !span->singles || part.last == lsn;
    if (!part.contains(lsn)) {
      ++span;
    } else if (ends_here) {
      span = spans_.erase(span);
    } else {
      part.first = lsn + 1;
      span->found.name.first = lsn + 1;
      ++span;
    }
  }
}

Lsn FoundArchives::next_held_after(Lsn lsn) const {
  for (const Span& span : spans_) {
    if (span.found.part.last > lsn) return std::max(span.found.part.first, lsn + 1);
  }
  return kNoLsn;
}

}  // namespace tidemark::core
