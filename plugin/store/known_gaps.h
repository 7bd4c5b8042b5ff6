// What gap records say of one hole of a partition, collected downwards from the hole's end.
//
// Pure; one owner, one thread. Whoever lists gives it every name whose last LSN is at or above top() and
// below what it was before, calls descend(), and goes on as long as that says so.
#ifndef TIDEMARK_STORE_KNOWN_GAPS_H
#define TIDEMARK_STORE_KNOWN_GAPS_H

#include <vector>

#include "format/object_name.h"
#include "format/types.h"

namespace tidemark::store {

class KnownGaps {
 public:
  // `last`: the last LSN of the hole, from 1 on.
  explicit KnownGaps(Lsn last) : last_(last), top_(last), bottom_(last + 1) {}

  // The LSN that is to be explained next.
  Lsn top() const { return top_; }
  void add(Range range, ObjectKind kind);
  // What was added explains top() by records of a loss: top() lies below them now. False: the hole ends here.
  bool descend();
  // Without what was accepted, pruned or archived after all; ascending, at most `most`, the last ones.
  std::vector<Range> unexplained(size_t most) const;

 private:
  const Lsn last_;
  Lsn top_;
  Lsn bottom_;  // from here to last_ is the hole
  std::vector<Range> gaps_, accepted_, held_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_KNOWN_GAPS_H
