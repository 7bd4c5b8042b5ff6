// Which entries of a partition are there, from its objects in the order of their keys (that is, by last LSN).
// Of one history (history.h) some may come later than that, because less of them counts than they hold.
//
// A later object may reach back and fill a hole, so a hole is certain only at the end, or when more holes are
// pending than a bound: memory does not grow with the number of objects. Pure; one thread.
#ifndef TIDEMARK_CLI_COVERAGE_H
#define TIDEMARK_CLI_COVERAGE_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "format/types.h"

namespace tidemark::cli {

// Why a piece of the log is not there.
enum class Cause {
  kUnknown,
  kGap,    // recorded: it could not be archived
  kOrigin  // recorded: the partition begins after it, so it is not a loss
};
struct Missing {
  Range range;
  Cause cause = Cause::kUnknown;
  bool operator==(const Missing&) const = default;
};

class Coverage {
 public:
  // Everything below `from` is of no interest.
  explicit Coverage(uint64_t from = 1, size_t max_pending = 4096);

  void add_present(Range range);   // an archive, or a record that it was pruned
  void add_accepted(Range range);  // a record that its loss was accepted: as good as present
  void add_gap(Range range);       // a gap record
  // A record that the partition begins after it. It says nothing of what lies after the first archive, gap or
  // pruned range.
  void add_origin(Range range);

  uint64_t last() const {
    return end_;
  }                                     // the newest LSN that anything was said about; from - 1: nothing yet
  std::vector<Missing> take_settled();  // mostly empty
  std::vector<Missing> finish();        // all that is left, ascending

 private:
  void fill(Range range);
  void take_out(Range range);
  void explain(Range range, Cause cause);
  void reach(uint64_t first, uint64_t last, Cause cause);
  void settle();

  const uint64_t from_;
  const size_t max_pending_;
  uint64_t end_;
  uint64_t begin_ = UINT64_MAX;  // the lowest LSN that an archive, a gap or a pruned range has
  std::deque<Missing> pending_;
  std::vector<Missing> settled_;
};

// Two archives that hold the same entries.
struct Overlap {
  std::string earlier, later;  // keys
  Range shared;
  bool is_new = true;  // the earlier one, as it was added
  bool operator==(const Overlap&) const = default;
};

// Finds them in the same order of objects.
class Overlaps {
 public:
  explicit Overlaps(size_t max_recent = 1000) : max_recent_(max_recent) {}
  // Those before it that share some of its LSNs, the newest first.
  std::vector<Overlap> add(Range range, const std::string& key, bool is_new = true);
  // Whether an archive reached back over more others than are remembered.
  bool lost_some() const { return lost_some_; }

 private:
  struct Recent {
    Range range;
    std::string key;
    bool is_new;
  };
  const size_t max_recent_;
  std::deque<Recent> recent_;
  uint64_t forgotten_last_ = 0;  // the newest LSN of those no longer remembered
  bool lost_some_ = false;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COVERAGE_H
