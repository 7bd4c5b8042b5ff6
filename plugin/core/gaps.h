// The gaps of one partition since it became known: the one that is not recorded yet, those that still have to
// be reported to the host, and all of them, because one of their entries may be found again. Only partitions
// that have a gap, or passed an archive unread, have one of these.
//
// Late entries: a notification whose low lies at or below a gap claims that some of its entries are there.
// These are looked up and archived while the next LSN stays where it is. An entry that is claimed but is not
// there is a gap that was reported already: it is passed over. After kMostMisses of them in a row the rest of
// that gap is passed over too, until it is claimed again.
//
// The same holds for entries below all that this run ever looked at, and for those that were passed because
// the sink names an archive of them, which nobody has compared yet; except that they are "owed": those of
// them that turn out not to be there become a gap.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_GAPS_H
#define TIDEMARK_CORE_GAPS_H

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/found_archives.h"
#include "core/range_set.h"
#include "core/types.h"

namespace tidemark::core {

class Gaps {
 public:
  static constexpr uint32_t kMostMisses = 64;

  struct Unreported {
    Range gap;
    bool known;  // recorded in an earlier run
  };
  struct Looked {  // a look at what the sink holds of late entries
    Range range;
    uint32_t sink_number;
    FoundArchives found;
  };

  explicit Gaps(Reserve* reserve = nullptr)
      : unreported_(reserve), gaps_(reserve), late_(reserve), owed_(reserve) {}

  // ---- Recording and reporting
  void found(Range gap) {
    pending_ = gap;
    owed_.erase(gap);
    add(gap, false);
  }
  void known(Range gap) { add(gap, true); }
  // The gap found last.
  Range pending() const { return pending_; }
  bool has_any() const { return !gaps_.empty(); }
  bool all_reported() const { return unreported_.empty(); }
  // The one whose event is with the host, or on its way there; the others wait for it.
  const Unreported& unreported() const { return unreported_.front(); }
  void reported() { unreported_.erase(unreported_.begin()); }
  // How far up to `position` may be acknowledged: not past a gap that was not reported.
  Lsn limit(Lsn position) const;

  // ---- Late entries
  // A notification says that `claimed` is there: of it, what lies in gaps that were reported, or is owed, is
  // looked for.
  void claim(Range claimed);
  // The same for what is not a gap yet, and perhaps will be.
  void expect(Range claimed) { late_.insert(claimed); }
  // The same for what has to become a gap if it is not there, unless it is one.
  void owe(Range range, uint32_t sink_number);
  bool owes() const { return !owed_.empty(); }
  // What is owed and certainly a gap. In another sink all of it is looked for again.
  std::optional<Range> lost(uint32_t sink_number);
  bool is_looking() const { return running_ || !late_.empty(); }
  // Whether one of them lies below `next`: acknowledgements wait, for what is acknowledged may be pruned.
  bool is_looking_below(Lsn next) const { return running_ || (!late_.empty() && late_.front().first < next); }
  // The first claim below `next`, if no job is at work on one.
  std::optional<Range> open(Lsn next) const;
  // The look that covers `lsn`, if there was one.
  const Looked* looked_up(Lsn lsn, uint32_t sink_number) const;

  // This run puts nothing below `own_from`, where histories are told apart: its epoch would rule from there
  // on, and hide what is archived after it.
  void puts_from(Lsn own_from) { own_from_ = own_from; }
  bool may_put(Lsn lsn) const { return lsn >= own_from_; }
  // Of what was looked up, what is not there and may not be put is not looked for any more.
  void drop_what_may_not_be_put();

  // A job takes that; it ends with one of the following.
  void started(Range range);
  void looked(Range range, uint32_t sink_number, FoundArchives found);
  void archived(Range range, Lsn through);
  void missed(Range range);
  void passed(Range range);  // its first entry is reported in another way
  void failed(Range range);
  // What the sink holds has to be looked up again.
  void look_again() { looked_.reset(); }

  // Entries that were archived in the ordinary course need not be looked for.
  void done(Range range) { late_.erase(range); }

  // Whether the end of all claims is a recovery.
  bool has_failed() const { return has_failed_; }
  void set_failed(bool failed) { has_failed_ = failed; }

 private:
  void add(Range gap, bool known);
  void need_not_report(Range archived);
  void end();

  Range pending_;
  std::vector<Unreported, Reserved<Unreported>> unreported_;
  RangeSet gaps_;
  RangeSet late_;  // claimed, and to be looked for
  RangeSet owed_;  // neither archived nor a gap
  uint32_t owed_sink_number_ = 0;
  std::optional<Range> running_;
  std::optional<Looked> looked_;
  uint32_t misses_ = 0;  // in a row
  Lsn own_from_ = kNoLsn;
  bool has_failed_ = false;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_GAPS_H
