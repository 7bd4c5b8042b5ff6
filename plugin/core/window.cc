#include "core/window.h"

#include <cassert>

namespace tidemark::core {

std::optional<Range> Window::first_open(Lsn next, Lsn high) const {
  Lsn at = next;
  for (const Piece& piece : pieces_) {
    if (piece.range.first > at) return Range{at, piece.range.first - 1};
    if (piece.state == State::kTried) return piece.range;
    at = piece.range.last + 1;
  }
  if (at > high) return std::nullopt;
  return Range{at, high};
}

void Window::started(Range range) {
  // What was tried is now tried again; a part of it, if less is left of it or offered.
  std::erase_if(pieces_, [range](const Piece& piece) { return piece.range.first == range.first; });
  insert({range, State::kRunning});
}

void Window::finished(Range range, Lsn through, uint32_t fitting) {
  assert(range.contains(through));
  erase(range.first);
  const auto taken = static_cast<uint32_t>(through - range.first + 1);
  if (through < range.last) {
    offer_ = taken;
  } else if (taken >= offer_) {
    const uint32_t more = std::min(batch_, 2 * offer_);
    offer_ = fitting == 0 ? more : std::clamp(fitting, offer_, more);
  }
  insert({{range.first, through}, State::kArchived});
}

void Window::forget_tried() {
  std::erase_if(pieces_, [](const Piece& piece) { return piece.state == State::kTried; });
}

Lsn Window::pass(Lsn next) {
  auto piece = pieces_.begin();
  for (; piece != pieces_.end() && piece->range.first <= next; ++piece) {
    if (piece->state == State::kArchived) next = std::max(next, piece->range.last + 1);
    // What begins here is as it was; of what begins earlier only the name it had is lost.
    if (piece->state != State::kArchived && piece->range.first == next) break;
  }
  pieces_.erase(pieces_.begin(), piece);
  return next;
}

uint64_t Window::archived_entries() const {
  uint64_t entries = 0;
  for (const Piece& piece : pieces_) {
    if (piece.state == State::kArchived) entries += piece.range.last - piece.range.first + 1;
  }
  return entries;
}

Lsn Window::first_archived() const {
  for (const Piece& piece : pieces_) {
    if (piece.state == State::kArchived) return piece.range.first;
  }
  return kNoLsn;
}

void Window::insert(Piece piece) {
  const auto after = std::find_if(pieces_.begin(), pieces_.end(), [&piece](const Piece& other) {
    return other.range.first > piece.range.first;
  });
  assert(after == pieces_.end() || after->range.first > piece.range.last);
  assert(after == pieces_.begin() || std::prev(after)->range.last < piece.range.first);
  pieces_.insert(after, piece);
}

void Window::erase(Lsn first) {
  const auto piece = std::find_if(pieces_.begin(), pieces_.end(),
                                  [first](const Piece& other) { return other.range.first == first; });
  assert(piece != pieces_.end());
  pieces_.erase(piece);
}

}  // namespace tidemark::core
