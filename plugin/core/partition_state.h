// What the scheduler remembers of one partition. Kept small: there may be millions.
//
// A value, changed by the scheduler only; see scheduler.h for the rules.
#ifndef TIDEMARK_CORE_PARTITION_STATE_H
#define TIDEMARK_CORE_PARTITION_STATE_H

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/backoff.h"
#include "core/found_archives.h"
#include "core/gaps.h"
#include "core/types.h"
#include "core/window.h"

namespace tidemark::core {

inline constexpr PartitionRef kNoPartition = 0xFFFFFFFFU;

// Where a partition is. Exactly one at a time.
enum class Place : uint8_t {
  kUnknown,     // no such partition, or forgotten
  kDormant,     // nothing to do
  kKept,        // dormant for so long that it would be forgotten if it had no gaps
  kReady,       // in the FIFO for a worker
  kRunning,     // its jobs are with workers, or a gap with the host, and no other job can start now
  kBackingOff,  // a job failed; others may still be with workers
  kWaiting,     // for the claim of its storage
};

// What was last reported of it to the operator.
enum class Raised : uint8_t { kNone, kFailing, kConflict };

// Where histories are told apart: whether this run's epoch has begun in it.
enum class Begun : uint8_t {
  kNo,     // what is contiguous in the parent's chain and equal counts as archived
  kFirst,  // its first archive is tried, alone; nothing of a parent counts any more
  kYes,    // its first archive or gap record is durable
};

enum class AckPhase : uint8_t { kNone, kQueued, kRunning, kBackingOff };

struct PartitionState {
  Lsn low = kNoLsn;               // the oldest entry the host has; only grows
  Lsn high = kNoLsn;              // the newest; only grows
  Lsn next = kNoLsn;              // the next to archive; none until discovery of this run is done
  Lsn acked = kNoLsn;             // the last position that the host answered with OK
  Lsn oldest_low = kNoLsn;        // the first discovery begins here: what lies below low may be lost already
  Lsn conflict_through = kNoLsn;  // up to here the sink is known to hold other content than the host
  Lsn trouble = kNoLsn;           // what failed: only what gets beyond it is a recovery
  Lsn listed = kNoLsn;            // up to here the sink was listed since low became what it is

  // Entries up to `mark` have waited since waiting_since at most; later ones since later_since at most.
  Lsn mark = kNoLsn;
  TimeMs waiting_since = 0;
  TimeMs later_since = 0;

  union {
    TimeMs dormant_since = 0;  // while it is dormant
    TimeMs retry_due;          // while it backs off
  };
  TimeMs ack_due = 0;
  std::unique_ptr<FoundArchives> found;  // while discovery has something to say
  std::unique_ptr<Window> window;        // while something lies beyond next
  std::unique_ptr<Gaps> gaps;            // once there is a gap
  PartitionRef prev_ref = kNoPartition;
  PartitionRef next_ref = kNoPartition;
  PartitionRef next_ack = kNoPartition;  // in the queue of acknowledgements
  uint32_t sink_number = 0;              // the sink that discovery of this partition looked at
  uint32_t sink_mark = 0;                // how many jobs had succeeded in all when sink_failed was set
  uint32_t attempts = 0;                 // failures of its own in a row
  uint8_t jobs = 0;                      // with workers
  StorageRef storage = 0;
  Place place = Place::kUnknown;
  AckPhase ack = AckPhase::kNone;
  Begun begun = Begun::kNo;
  bool exclusive : 1 = false;    // its job allows no other beside it
  bool asked : 1 = false;        // the host wants to hear the position again
  bool look_again : 1 = false;   // discovery is out of date
  bool unsure : 1 = false;       // what lies right before next may be another run's, and not durable yet
  bool look_back : 1 = false;    // what lies between next and oldest_low may have more than one hole
  bool gap_pending : 1 = false;  // a gap that begins at next, or lies before it, is not recorded yet
  bool conflict_unreported : 1 = false;  // its event has not been delivered yet
  bool sink_failed : 1 = false;          // its last job met a failing sink
  bool deferred : 1 = false;             // it is at kBackingOff, and did not fail
  // What a parent has at next nobody here can read, so it is written again. Should the host lose it before
  // that is durable, what the parent has is all there is, and counts.
  bool sealed : 1 = false;
  bool was_put : 1 = false;  // something of this run's epoch may be there, at the sink that was looked at
  Raised raised = Raised::kNone;
  Backoff backoff;
  Backoff ack_backoff;

  bool has_work() const {
    if (next <= high || next < low || gap_pending || next == kNoLsn) return true;
    return gaps && (gaps->is_looking() || gaps->owes());
  }
  // Something was notified that is not archived, or not known to be.
  bool waits() const { return place != Place::kUnknown && std::max(next, low) <= high; }
  bool needs_discovery(uint32_t current_sink) const {
    if (next == kNoLsn || sink_number != current_sink || look_again || (asked && unsure)) return true;
    return found != nullptr && next > found->through();
  }
  // Discovery looks for holes before the first low of this run, not for what follows next.
  bool looks_back(uint32_t current_sink) const {
    return next == kNoLsn || (look_back && next < oldest_low && sink_number == current_sink);
  }
  // What may be acknowledged: everything before the next LSN, up to a gap that was not reported to the host.
  Lsn position() const {
    if (next == kNoLsn) return kNoLsn;
    return gaps ? gaps->limit(next - 1) : next - 1;
  }
  // Something notified before next is neither known to be archived nor a recorded gap.
  bool owes_before_next() const {
    return gaps &&
           (gaps->is_looking_below(next) || gaps->owes() || (gap_pending && gaps->pending().first < next));
  }
  // Asserts what is true of it between two inputs.
  void check() const {
    assert(place != Place::kUnknown && oldest_low <= low && mark <= high);
    assert(next == kNoLsn ? acked == kNoLsn && !found && !window && !gap_pending : acked < next);
    assert(!exclusive || jobs == 1);
    assert(!window || !window->empty());
    assert(!gap_pending || (gaps && gaps->pending().first <= next));
    assert(!found || !found->is_over(next));
    assert(trouble == kNoLsn || raised != Raised::kNone);
    assert(has_work() || jobs > 0 || place == Place::kDormant || place == Place::kKept);
    assert(place != Place::kKept || (gaps && gaps->has_any()));
  }
  // The host has to hear of it yet: not to be forgotten.
  bool owes_report() const { return conflict_unreported || (gaps && !gaps->all_reported()); }
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_PARTITION_STATE_H
