// What lies before one LSN of a partition: the holes among the last archives, which a run that was killed
// with several archives on their way may leave.
//
// Pure; one owner, one thread. The caller lists, and adds every name that ends in a window before that LSN or
// reaches over it, ascending by last LSN; for a wider window a new object is filled from the beginning.
#ifndef TIDEMARK_STORE_LOOK_BACK_H
#define TIDEMARK_STORE_LOOK_BACK_H

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "core/coverage.h"
#include "format/object_name.h"
#include "format/types.h"
#include "store/known_gaps.h"
#include "store/store.h"

namespace tidemark::store {

class LookBack {
 public:
  explicit LookBack(Lsn low) : low_(low), known_gaps_(low - 1) {}

  void add(const ParsedName& name) { add(name, name.range); }
  // Of whose range only a part counts.
  void add(const ParsedName& name, Range part);
  // What reaches over low lies after every window: from that of the first on it is passed on.
  void add_what_reaches_over(const LookBack& other);
  // Nothing of the partition lies further back than what was added.
  void saw_beginning() { saw_beginning_ = true; }

  // The last LSN before low that is archived, or of which a record says why not; none if nothing was seen.
  Lsn newest() const { return newest_; }
  // The lowest last LSN of origins that end before low.
  Lsn origin() const { return origin_; }
  // Nothing that lies further back matters: the partition begins here, or enough archives were seen.
  bool is_enough() const;
  size_t archives() const { return archives_; }
  // The last archive or record that holds something before low; not an origin.
  const std::optional<ParsedName>& last() const { return last_; }
  // How far kLookBackArchives reach if all are as large as those seen; 0: none was seen.
  Lsn expected_width() const;
  // The lowest hole; the last one ends right before low.
  std::optional<Range> lowest_hole() const;
  // What the gap records among what was added say.
  KnownGaps& known_gaps() { return known_gaps_; }

 private:
  Lsn low_;
  core::Coverage coverage_;
  KnownGaps known_gaps_;
  Lsn newest_ = kNoLsn;
  Lsn lowest_ = kNoLsn;  // the lowest LSN that anything but an origin has
  Lsn origin_ = kNoLsn;
  Lsn over_ = kEveryLsn;    // the lowest LSN of what reaches over low
  std::vector<Range> cut_;  // parts that end before low, of names that do not
  size_t archives_ = 0;
  std::optional<ParsedName> last_;
  bool saw_beginning_ = false;
  bool has_other_origin_ = false;  // one that reaches over low
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_LOOK_BACK_H
