#include "restore_plan.h"

#include <algorithm>
#include <cassert>

namespace tidemark::cli {

namespace {

// Pieces missing, records about them, and pieces that several archives hold, of one partition.
constexpr size_t kMaxPieces = 65536;

// The first of these, ascending and apart, that is not wholly below `lsn`.
std::vector<Range>::iterator reach(std::vector<Range>& ranges, uint64_t lsn) {
  return std::lower_bound(ranges.begin(), ranges.end(), lsn,
                          [](const Range& range, uint64_t value) { return range.last < value; });
}

// Takes `out` from `ranges`, which are ascending and apart. Gives what was taken.
std::vector<Range> subtract(std::vector<Range>& ranges, Range out) {
  std::vector<Range> taken, left;
  const auto begin = reach(ranges, out.first);
  auto end = begin;
  for (; end != ranges.end(); ++end) {
    const auto both = overlap(*end, out);
    if (!both) break;
    taken.push_back(*both);
    if (end->first < both->first) left.push_back({end->first, both->first - 1});
    if (both->last < end->last) left.push_back({both->last + 1, end->last});
  }
  ranges.insert(ranges.erase(begin, end), left.begin(), left.end());
  return taken;
}

}  // namespace

RestorePlan::RestorePlan(const Wish& wish)
    : wish_(wish), all_(wish.from.value_or(1)), in_time_(wish.from.value_or(1)) {}

bool RestorePlan::is_wanted(const Stored& stored) const {
  return stored.kind == TIDEMARK_STORED_ARCHIVE &&
         (!wish_.to_time_us || stored.modified_us <= *wish_.to_time_us);
}

void RestorePlan::settle(Coverage& coverage, std::vector<Range>& into, bool end) {
  for (const Missing& missing : end ? coverage.finish() : coverage.take_settled()) {
    if (into.size() == kMaxPieces) {
      has_too_many_ = true;
      return;
    }
    into.push_back(missing.range);
  }
}

void RestorePlan::add(const Stored& stored) {
  const bool lies_in = stored.last >= wish_.from.value_or(1) && stored.first <= wish_.to.value_or(UINT64_MAX);
  if (!wish_.decrypts && is_encrypted(stored) && !sealed_ && is_wanted(stored) && lies_in) sealed_ = stored;
  switch (stored.kind) {
    case TIDEMARK_STORED_ARCHIVE:
      return add_archive(stored);
    case TIDEMARK_STORED_PRUNED:
      if (pruned_.size() < kMaxPieces) pruned_.push_back(stored);
      return;
    case TIDEMARK_STORED_ORIGIN:
      if (!origin_) origin_ = stored;
      break;
    case TIDEMARK_STORED_GAP:
      known_from_ = std::min(known_from_, stored.first);
      recorded_through_ = std::max(recorded_through_, stored.last);
      break;
    case TIDEMARK_STORED_ACCEPTED:
      recorded_through_ = std::max(recorded_through_, stored.last);
      break;
    default:
      return;
  }
  if (gap_records_.size() < kMaxPieces) {
    gap_records_.push_back(stored);
  } else {
    has_too_many_ = true;
  }
}

void RestorePlan::add_archive(const Stored& stored) {
  const Range range{stored.first, stored.last};
  known_from_ = std::min(known_from_, stored.first);
  all_.add_present(range);
  settle(all_, all_missing_, false);
  if (std::find(wish_.prefer.begin(), wish_.prefer.end(), stored.key) != wish_.prefer.end())
    preferred_.push_back(stored);
  if (!is_wanted(stored)) return;
  in_time_.add_present(range);
  settle(in_time_, in_time_missing_, false);
  // They come by their last LSN, so it is shared up to the newest before it.
  if (newest_ >= range.first) {
    Range shared{range.first, newest_};
    while (!shared_.empty() && shared_.back().last + 1 >= shared.first) {
      shared.first = std::min(shared.first, shared_.back().first);
      shared_.pop_back();
    }
    shared_.push_back(shared);
    if (shared_.size() > kMaxPieces) {
      shared_[1].first = shared_[0].first;
      shared_.erase(shared_.begin());
    }
  }
  newest_ = std::max(newest_, range.last);
}

void RestorePlan::find_end() {
  range_.last = wish_.to.value_or(std::max({all_.last(), recorded_through_, reached_}));
  if (!wish_.to_time_us) return;
  // Up to the first entry that only younger archives have; one that nobody has is a hole as ever.
  range_.last = in_time_.last();
  for (const Range& young : in_time_missing_) {
    if (young.last < range_.first) continue;
    const uint64_t first = std::max(young.first, range_.first);
    const bool is_hole = std::any_of(all_missing_.begin(), all_missing_.end(), [&](const Range& hole) {
      return hole.first <= first && first <= hole.last;
    });
    if (is_hole) continue;
    range_.last = std::min(range_.last, first - 1);
    break;
  }
}

void RestorePlan::finish() {
  assert(missing_.empty() && records_.empty());  // once
  settle(all_, all_missing_, true);
  settle(in_time_, in_time_missing_, true);
  const auto by_first = [](const Range& a, const Range& b) { return a.first < b.first; };
  std::sort(all_missing_.begin(), all_missing_.end(), by_first);
  std::sort(in_time_missing_.begin(), in_time_missing_.end(), by_first);
  if (origin_ && is_origin_believed_ && pruned_through_ == 0)
    origin_through_ = std::min(origin_->last, known_from_ - 1);
  range_.first = wish_.from.value_or(std::max(pruned_through_, origin_through_) + 1);
  find_end();
  if (is_empty()) return;
  for (const Range& hole : all_missing_) {
    if (const auto both = overlap(hole, range_)) missing_.push_back(*both);
  }
  if (all_.last() < range_.last) missing_.push_back({std::max(all_.last() + 1, range_.first), range_.last});
  assert(std::all_of(missing_.begin(), missing_.end(), [&](const Range& hole) {
    return range_.first <= hole.first && hole.first <= hole.last && hole.last <= range_.last;
  }));
  for (const Stored& record : gap_records_) {
    if (record.kind == TIDEMARK_STORED_ORIGIN && !is_origin_believed_) continue;
    const auto hole = reach(missing_, record.first);
    if (hole != missing_.end() && hole->first <= record.last) records_.push_back(record);
  }
}

void RestorePlan::pass(Range lost) {
  for (const Range& taken : subtract(missing_, lost)) passed_.insert(reach(passed_, taken.first), taken);
}

std::optional<Range> RestorePlan::end_at_hole() {
  if (missing_.empty()) return std::nullopt;
  const Range hole = missing_.front();
  missing_.clear();
  range_.last = hole.first - 1;
  std::erase_if(passed_, [&](const Range& passed) { return passed.first > range_.last; });
  return hole;
}

uint64_t part_of(uint64_t size_bytes, Range part, Range whole) {
  const auto count = [](Range range) { return static_cast<double>(range.last - range.first) + 1; };
  return static_cast<uint64_t>(static_cast<double>(size_bytes) * count(part) / count(whole));
}

std::vector<Range> RestorePlan::shared() const {
  std::vector<Range> shared;
  for (const Range& piece : shared_) {
    if (const auto both = overlap(piece, range_)) shared.push_back(*both);
  }
  for (const Stored& decides : preferred_) (void)subtract(shared, {decides.first, decides.last});
  return shared;
}

void PieceChooser::advance(uint64_t last) {
  done_ = last >= range_.last;
  next_ = last + 1;
}

std::optional<Piece> PieceChooser::step(const Stored& stored) {
  const auto piece_of = [&](const Stored& from, uint64_t last, bool is_preferred) {
    const Range part{next_, std::min(last, range_.last)};
    const Piece piece{from.key, part, from.size_bytes, is_preferred,
                      part_of(from.size_bytes, part, {from.first, whole_last(from)})};
    advance(piece.range.last);
    return piece;
  };
  uint64_t last = stored.last;
  for (const Stored& other : preferred_) {
    if (other.first <= next_ && next_ <= other.last) return piece_of(other, other.last, true);
    if (other.first > next_) last = std::min(last, other.first - 1);
  }
  // After a hole, or one that a later batch reaches back over: since that comes later, it has all of this
  // too.
  if (stored.kind != TIDEMARK_STORED_ARCHIVE || stored.last < next_ || stored.first > next_)
    return std::nullopt;
  return piece_of(stored, last, false);
}

std::vector<Piece> PieceChooser::add(const Stored& stored) {
  std::vector<Piece> pieces;
  while (!done_) {
    assert(next_ <= range_.last);
    while (passed_at_ < passed_.size() && passed_[passed_at_].last < next_) ++passed_at_;
    if (passed_at_ < passed_.size() && passed_[passed_at_].first <= next_) {
      advance(passed_[passed_at_].last);
      continue;
    }
    auto piece = step(stored);
    if (!piece) break;
    pieces.push_back(std::move(*piece));
  }
  return pieces;
}

}  // namespace tidemark::cli
