// What can be restored of a partition: first the whole range is looked at, and nothing is begun unless all of
// it is there; then the archives that hold it are chosen one after the other. Memory does not grow with their
// number. Pure; one thread.
#ifndef TIDEMARK_CLI_RESTORE_PLAN_H
#define TIDEMARK_CLI_RESTORE_PLAN_H

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive.h"
#include "coverage.h"

namespace tidemark::cli {

// Looks at the objects of the partition as Histories gives them. Names of records are only names: what a
// record is to explain counts once its owner has read it and says so.
class RestorePlan {
 public:
  struct Wish {
    std::optional<uint64_t> from, to;
    std::optional<int64_t> to_time_us;
    std::vector<std::string> prefer;  // keys of archives whose entries are right where others disagree
    bool decrypts = true;             // there is an identity
  };
  explicit RestorePlan(const Wish& wish);
  void add(const Stored& stored);
  // The history went that far at least: what of it is not there is missing.
  void reached(uint64_t last) { reached_ = last; }

  // The records that say where the partition begins. Read them before finish(), the pruned ones from the last
  // on until one is right, and say which are right.
  const std::vector<Stored>& pruned() const { return pruned_; }
  void believe_pruned(uint64_t through) { pruned_through_ = through; }
  const std::optional<Stored>& origin() const { return origin_; }
  void believe_origin() { is_origin_believed_ = true; }

  void finish();

  bool is_empty() const { return range_.last < range_.first; }  // there is nothing to restore
  // More is missing, or recorded, than is kept.
  bool has_too_many() const { return has_too_many_; }
  // What would be needed of the archive, and nobody can decrypt here: the first.
  const std::optional<Stored>& sealed() const { return sealed_; }
  Range range() const { return range_; }
  // Whether it is an archive that may be used.
  bool is_wanted(const Stored& stored) const;
  const std::vector<Range>& missing() const { return missing_; }  // of the range, ascending
  // Records about what is missing, in the order of their keys.
  const std::vector<Stored>& records() const { return records_; }
  // A right record says that the loss of this range was accepted: what of it is missing is passed over.
  void pass(Range lost);
  // Ends the range before the first hole that is not passed over, and gives that hole: what lies before it is
  // there.
  std::optional<Range> end_at_hole();
  const std::vector<Range>& passed() const { return passed_; }  // ascending
  // What more than one archive holds and no preferred one decides, ascending; maybe more, never less.
  std::vector<Range> shared() const;
  const std::vector<Stored>& preferred() const { return preferred_; }
  uint64_t pruned_through() const { return pruned_through_; }
  // Nothing up to here was ever in the archive; 0: no record says so.
  uint64_t origin_through() const { return origin_through_; }

 private:
  void settle(Coverage& coverage, std::vector<Range>& into, bool end);
  void add_archive(const Stored& stored);
  void find_end();

  const Wish wish_;
  Coverage all_;
  Coverage in_time_;  // what was archived up to to_time_us
  std::vector<Range> all_missing_, in_time_missing_;
  std::vector<Stored> gap_records_, records_;
  uint64_t reached_ = 0;
  uint64_t recorded_through_ = 0;  // the last LSN that a gap or accepted record names
  std::vector<Stored> pruned_;
  uint64_t pruned_through_ = 0;
  std::optional<Stored> origin_;  // the lowest
  bool is_origin_believed_ = false;
  uint64_t known_from_ = UINT64_MAX;  // the lowest LSN of archives and gap records
  uint64_t origin_through_ = 0;
  bool has_too_many_ = false;
  std::optional<Stored> sealed_;
  Range range_;
  std::vector<Range> missing_, passed_;
  uint64_t newest_ = 0;  // last LSN of archives
  std::vector<Range> shared_;
  std::vector<Stored> preferred_;
};

// A part of an archive that is to be unpacked.
struct Piece {
  std::string key;
  Range range;
  uint64_t size_bytes = 0;  // of the whole archive
  bool is_preferred = false;
  uint64_t part_bytes = 0;  // of the size what this part has, as far as its LSNs tell

  bool operator==(const Piece&) const = default;
};

// What `part` of `whole` weighs if all LSNs weigh the same.
uint64_t part_of(uint64_t size_bytes, Range part, Range whole);

// Chooses, from the archives in the order of their keys, those that give `range`, each LSN once and
// ascending: the preferred ones where they hold it, nothing where it is passed over.
class PieceChooser {
 public:
  PieceChooser(Range range, std::vector<Range> passed, std::vector<Stored> preferred)
      : range_(range), next_(range.first), passed_(std::move(passed)), preferred_(std::move(preferred)) {}
  // What is settled with it; mostly one piece or none.
  std::vector<Piece> add(const Stored& stored);
  // After the last: what needs no other archive.
  std::vector<Piece> finish() { return add({}); }
  bool is_done() const { return done_; }
  uint64_t next() const { return next_; }

 private:
  std::optional<Piece> step(const Stored& stored);
  void advance(uint64_t last);

  const Range range_;
  uint64_t next_;
  const std::vector<Range> passed_;
  size_t passed_at_ = 0;
  const std::vector<Stored> preferred_;
  bool done_ = false;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_PLAN_H
