#include "restore_plan.h"

#include <algorithm>
#include <cassert>

namespace tidemark::cli {

namespace {

constexpr size_t kMaxPieces = 4096;  // pieces missing, and records about them, that are worth telling

bool meets(Range a, Range b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

RestorePlan::RestorePlan(const Wish& wish)
    : wish_(wish), all_(wish.from.value_or(1)), in_time_(wish.from.value_or(1)) {}

void RestorePlan::settle(Coverage& coverage, std::vector<Range>& into, bool end) {
  for (const Missing& missing : end ? coverage.finish() : coverage.take_settled()) {
    if (into.size() < kMaxPieces) into.push_back(missing.range);
  }
}

void RestorePlan::add(const Stored& stored) {
  const Range range{stored.first, stored.last};
  if (stored.kind == TIDEMARK_STORED_PRUNED) pruned_through_ = std::max(pruned_through_, stored.last);
  if (stored.kind == TIDEMARK_STORED_ORIGIN && !origin_) origin_ = stored;
  if ((stored.kind == TIDEMARK_STORED_GAP || stored.kind == TIDEMARK_STORED_ACCEPTED ||
       stored.kind == TIDEMARK_STORED_ORIGIN) &&
      gap_records_.size() < kMaxPieces) {
    gap_records_.push_back(stored);
  }
  if (stored.kind == TIDEMARK_STORED_GAP || stored.kind == TIDEMARK_STORED_ARCHIVE)
    known_from_ = std::min(known_from_, stored.first);
  if (stored.kind != TIDEMARK_STORED_ARCHIVE) return;
  all_.add_present(range);
  settle(all_, all_missing_, false);
  if (wish_.to_time_us && stored.modified_us > *wish_.to_time_us) return;
  in_time_.add_present(range);
  settle(in_time_, in_time_missing_, false);
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
  range_.last = wish_.to.value_or(all_.last());
  if (wish_.to_time_us) {
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
  if (is_empty()) return;
  for (Range hole : all_missing_) {
    if (!meets(hole, range_)) continue;
    missing_.push_back({std::max(hole.first, range_.first), std::min(hole.last, range_.last)});
  }
  if (all_.last() < range_.last) missing_.push_back({std::max(all_.last() + 1, range_.first), range_.last});
  assert(std::all_of(missing_.begin(), missing_.end(), [&](const Range& hole) {
    return range_.first <= hole.first && hole.first <= hole.last && hole.last <= range_.last;
  }));
  for (const Stored& record : gap_records_) {
    if (record.kind == TIDEMARK_STORED_ORIGIN && !is_origin_believed_) continue;
    const bool is_about = std::any_of(missing_.begin(), missing_.end(), [&](const Range& hole) {
      return meets(hole, {record.first, record.last});
    });
    if (is_about) records_.push_back(record);
  }
}

std::optional<Piece> Chain::add(const Stored& stored) {
  if (done_ || stored.kind != TIDEMARK_STORED_ARCHIVE || stored.last < next_) return std::nullopt;
  assert(next_ <= range_.last);
  // Behind a hole, or one that a later batch reaches back over: since that comes later, it has all of this
  // too.
  if (stored.first > next_) return std::nullopt;
  const Piece piece{stored.key, {next_, std::min(stored.last, range_.last)}, stored.size_bytes};
  done_ = stored.last >= range_.last;
  next_ = piece.range.last + 1;
  return piece;
}

}  // namespace tidemark::cli
