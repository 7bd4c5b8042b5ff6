// What gap records say of the holes of a partition before one LSN.
//
// Pure; one owner, one thread. The listing that looks back adds the names that it sees. If a hole lies right
// before that LSN, its records may reach further back: then call explain() with the end of the hole; add
// every name whose last LSN is at or above top() and below the former top(); call descend(); and repeat the
// last two as long as descend() returns true.
#ifndef TIDEMARK_STORE_KNOWN_GAPS_H
#define TIDEMARK_STORE_KNOWN_GAPS_H

#include <vector>

#include "format/object_name.h"
#include "format/types.h"

namespace tidemark::store {

class KnownGaps {
 public:
  // Of what lies in 1..last.
  explicit KnownGaps(Lsn last) : last_(last), top_(last), bottom_(last + 1) {}

  void add(Range range, ObjectKind kind);
  // `last`: the last LSN of the hole, from 1 on.
  void explain(Lsn last) {
    top_ = last;
    bottom_ = last + 1;
  }
  // The LSN that is to be explained next.
  Lsn top() const { return top_; }
  // What was added explains top() by records of a loss: top() lies below them now. False: the hole ends here.
  bool descend();
  // Without what was accepted, pruned or archived after all; ascending, at most `most`, the last ones.
  std::vector<Range> unexplained(size_t most) const;

 private:
  Lsn last_;
  Lsn top_;
  Lsn bottom_;  // the hole begins here, as far as it is explained
  std::vector<Range> gaps_, accepted_, held_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_KNOWN_GAPS_H
