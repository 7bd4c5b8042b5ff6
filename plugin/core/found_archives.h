// What discovery found in the sink for one partition: the archives that still have to be verified,
// and up to which LSN that knowledge is complete.
//
// Of archives that overlap only those are kept that are needed to cover what all of them cover. Archives of
// single entries in a row, the common case, are stored as one span, and the number of spans is
// bounded: what does not fit is left out by lowering through(), and is looked up again when it is needed.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_FOUND_ARCHIVES_H
#define TIDEMARK_CORE_FOUND_ARCHIVES_H

#include <optional>
#include <span>
#include <vector>

#include "core/found.h"
#include "core/reserve.h"
#include "core/types.h"

namespace tidemark::core {

class FoundArchives {
 public:
  static constexpr size_t kMaxSpans = 64;

  // `archives` in any order, complete from `from` up to `through`; the host had entries up to `until`.
  FoundArchives(std::span<const Found> archives, Lsn from, Lsn through, Lsn until,
                Reserve* reserve = nullptr);

  // The archive that holds `lsn`, if one was found.
  std::optional<Found> holding(Lsn lsn) const;
  // The first LSN after `lsn` that an archive found holds, or kNoLsn.
  Lsn next_held_after(Lsn lsn) const;
  // The last LSN that any of them holds, or kNoLsn.
  Lsn last_held() const { return spans_.empty() ? kNoLsn : spans_.back().found.part.last; }
  Lsn from() const { return from_; }
  // Nothing is known of LSNs above: they must be looked up again. A hole up to there has nothing after it.
  Lsn through() const { return through_; }
  // That an archive is there proves nothing about its content: the host may have been restored to an older
  // state.
  Lsn until() const { return until_; }
  // What lies after a hole was looked at: the entry at `lsn`, which begins it, is the host's own, or is not,
  // or nobody can tell.
  enum class After : uint8_t { kUnknown, kEqual, kOther };
  void looked_after_hole(Lsn lsn, After what) {
    after_hole_ = lsn;
    after_ = what;
  }
  After after_hole(Lsn lsn) const { return lsn == after_hole_ ? after_ : After::kUnknown; }
  // The archive that holds `lsn` is of no use, because nobody can read it: there is a hole from there on.
  void forget(Lsn lsn);
  // From `lsn` on nothing is held, and that is certain.
  bool is_over(Lsn lsn) const { return through_ == kEveryLsn && next_held_after(lsn - 1) == kNoLsn; }

 private:
  struct Span {
    Found found;   // of singles its part goes on to the last of them
    bool singles;  // one archive for each LSN, else one archive for all
  };
  bool add(const Found& archive);

  std::vector<Span, Reserved<Span>> spans_;
  Lsn from_;
  Lsn through_;
  Lsn until_;
  Lsn after_hole_ = kNoLsn;
  After after_ = After::kUnknown;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_FOUND_ARCHIVES_H
