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

// Looks at the objects of the partition in the order of their keys.
class RestorePlan {
 public:
  struct Wish {
    std::optional<uint64_t> from, to;
    std::optional<int64_t> to_time_us;
  };
  explicit RestorePlan(const Wish& wish);
  void add(const Stored& stored);
  void finish();

  bool is_empty() const { return range_.last < range_.first; }  // there is nothing to restore
  Range range() const { return range_; }
  const std::vector<Range>& missing() const { return missing_; }  // of the range, ascending
  // Records about what is missing (at most so many are kept), in the order of their keys.
  const std::vector<Stored>& records() const { return records_; }
  uint64_t pruned_through() const { return pruned_through_; }
  // The record that says where the partition begins. Prove it before finish(); if it is wrong, call
  // disbelieve_origin().
  const std::optional<Stored>& origin() const { return origin_; }
  void disbelieve_origin() { is_origin_believed_ = false; }
  // Nothing up to here was ever in the archive; 0: no record says so.
  uint64_t origin_through() const { return origin_through_; }

 private:
  void settle(Coverage& coverage, std::vector<Range>& into, bool end);

  const Wish wish_;
  Coverage all_;
  Coverage in_time_;  // what was archived up to to_time_us
  std::vector<Range> all_missing_, in_time_missing_;
  std::vector<Stored> gap_records_, records_;
  uint64_t pruned_through_ = 0;
  std::optional<Stored> origin_;  // the lowest
  bool is_origin_believed_ = true;
  uint64_t known_from_ = UINT64_MAX;  // the lowest LSN of archives and gap records
  uint64_t origin_through_ = 0;
  Range range_;
  std::vector<Range> missing_;
};

// A part of an archive that is to be unpacked.
struct Piece {
  std::string key;
  Range range;
  uint64_t size_bytes = 0;  // of the whole archive
};

// Chooses, from the archives in the order of their keys, those that give `range`, each LSN once and
// ascending.
class Chain {
 public:
  explicit Chain(Range range) : range_(range), next_(range.first) {}
  std::optional<Piece> add(const Stored& stored);
  bool is_done() const { return done_; }
  uint64_t next() const { return next_; }

 private:
  const Range range_;
  uint64_t next_;
  bool done_ = false;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_PLAN_H
