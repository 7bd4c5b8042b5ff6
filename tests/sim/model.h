// What the scheduler owes the host, worked out from what it was told and what it asked for: an independent
// second opinion. It reads the scheduler's own fields only to see whether a partition waits or sleeps.
//
// One model is one run of the scheduler. Every hook throws Violation when a rule is broken.
#ifndef TIDEMARK_SIM_MODEL_H
#define TIDEMARK_SIM_MODEL_H

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/range_set.h"
#include "core/scheduler.h"
#include "throttle_model.h"

namespace tidemark::sim {

using core::PartitionRef;
using core::TimeMs;

// From the first notification until the partition is forgotten.
struct PartitionModel {
  size_t partition = 0;  // of the world
  Lsn low = kNoLsn;
  Lsn high = kNoLsn;
  Lsn oldest_low = kNoLsn;
  bool asked = false;

  // The last discovery that counted: what the sink `sink_number` holds of `looked_at`, up to `through`.
  bool discovered = false;
  bool stale = false;
  bool unsure = false;     // what lies right before the first LSN of this run was not made sure of
  bool look_back = false;  // there may be more holes before oldest_low
  uint32_t sink_number = 0;
  Range looked_at;
  Lsn through = kNoLsn;
  std::vector<Range> held;

  Lsn frontier = kNoLsn;          // the last LSN that is archived, verified or a recorded gap, without holes
  Lsn conflict_through = kNoLsn;  // up to here the sink was seen to hold other content
  Lsn archived_through = kNoLsn;  // by jobs of this run
  std::optional<Range> gap;       // raised and not yet recorded
  Lsn listed = kNoLsn;            // the sink was listed up to here since low grew

  struct Unreported {
    Range gap;
    bool known = false;  // from an earlier run
    bool raised = false;
  };
  std::vector<Unreported> unreported;  // gaps whose event the host has not taken
  bool conflict_unreported = false;    // the same for a conflict

  // Entries of gaps that a notification says are there. How many ranges can be remembered is the business of
  // RangeSet, and of its own tests.
  core::RangeSet gaps;  // of this run
  core::RangeSet late;
  core::RangeSet owed;  // notified below the first look: neither archived nor a gap
  uint32_t owed_sink_number = 0;
  std::optional<Range> late_running;
  std::optional<Range> late_looked;
  std::vector<Range> late_held;
  uint32_t late_misses = 0;
  std::optional<Range> given_up;  // by the last result

  struct InFlight {
    core::Job job;
    uint32_t era = 0;
  };
  std::vector<InFlight> jobs;
  std::set<Lsn> archived;    // beyond the frontier, while an earlier one is on its way or failed
  std::map<Lsn, Lsn> tried;  // first and last of what the sink may hold, or not
  bool shortened = false;    // a job took less than it was given: jobs may ask for less
  Lsn trouble = kNoLsn;      // the last that failed to be archived
  TimeMs not_before = 0;     // its next job may not start earlier: it failed
  bool failing = false;
  TimeMs deferred_until = 0;  // neither: it was told to come again
  bool sink_failed = false;   // its last answer from a sink was a failure ...
  uint64_t sink_mark = 0;     // ... after so many successes of all
  core::Raised raised = core::Raised::kNone;
  uint64_t ready_since = 0;  // the step in which it was first seen waiting for a worker
  std::optional<TimeMs> asleep_since;
  std::vector<std::pair<Lsn, TimeMs>> highs;  // since when entries up to each high have been known

  std::optional<Lsn> ack;         // given and not answered
  std::optional<Lsn> last_given;  // however it was answered
  Lsn acked = kNoLsn;

  bool looked(uint32_t current_sink) const {
    return discovered && !stale && !(asked && unsure) && sink_number == current_sink;
  }
  bool looks_back(uint32_t current_sink) const {
    return !discovered || (look_back && frontier + 1 < oldest_low && sink_number == current_sink);
  }
  bool holds(Lsn lsn) const;
  // Being there is enough only for what the host had when the archive was looked at.
  bool surely_holds(Lsn lsn) const { return lsn <= looked_at.last && lsn <= through && holds(lsn); }
  bool runs(Lsn lsn) const;
  // The first that is neither archived nor on its way.
  Lsn first_open() const;
  void pass_archived();
  void forget_unreported(Range now_archived);
  bool looking() const { return late_running || !late.empty(); }
  // The first of what is owed that was looked for in vain.
  std::optional<Range> lost(uint32_t current_sink) const;
  // The first claim of what was passed.
  std::optional<Range> late_open() const;
  bool has_work() const {
    return !discovered || gap || frontier < high || frontier + 1 < low || looking() || !owed.empty();
  }
  // There is another gap, and the host has not heard of the last.
  bool waits_for_host() const {
    return discovered && !gap && !unreported.empty() && (frontier + 1 < low || !owed.empty());
  }
  // Up to where nothing stands in the way of an acknowledgement.
  Lsn position() const;
  bool owes_ack() const {
    if (!discovered || ack || late_running || late_open() || !owed.empty()) return false;
    if (gap && gap->first <= frontier) return false;
    return (position() > acked && position() + 1 >= low) ||
           (asked && !unsure && !gap && frontier + 1 >= low && position() == frontier);
  }
};

class Model {
 public:
  explicit Model(const core::SchedulerConfig& config)
      : config_(config), throttle_(config.workers, config.retry) {}

  void begin(PartitionRef ref, size_t partition);
  void notified(PartitionRef ref, const core::Notice& notice, TimeMs now);
  void job_started(const core::Job& job, TimeMs now);
  void job_finished(const core::Job& job, const core::JobResult& result, TimeMs now);
  void ack_given(const core::Ack& ack);
  void ack_finished(const core::Ack& ack, bool ok);
  void swapped(uint32_t sink_number);
  void delivered(const core::Event& event);
  void raised(const core::Event& event);
  void forgotten(PartitionRef ref, TimeMs now);

  // After every step: the rules that hold at any time.
  void check(const core::Scheduler& scheduler, TimeMs now);

  const PartitionModel& at(PartitionRef ref) const;
  bool known(PartitionRef ref) const { return ref < partitions_.size() && partitions_[ref].has_value(); }
  size_t count() const { return partitions_.size(); }
  uint32_t running() const { return running_; }

 private:
  PartitionModel& get(PartitionRef ref);
  void pass_held(PartitionModel& p) const;
  void look_for_owed(PartitionModel& p) const;
  void owe(PartitionModel& p, Range range) const;
  void check_late(PartitionModel& p, const core::Job& job) const;
  void check_discovery(const PartitionModel& p, const core::Job& job) const;
  void check_verifying(const PartitionModel& p, const core::Job& job) const;
  void check_archiving(PartitionModel& p, const core::Job& job) const;
  void accept_discovery(PartitionModel& p, const core::Job& job, const core::JobResult& result) const;
  void done(PartitionModel& p, const core::Job& job, const core::JobResult& result) const;
  void failed(PartitionModel& p, const core::Job& job, const core::JobResult& result, TimeMs now);
  void late_done(PartitionModel& p, const core::Job& job, const core::JobResult& result, bool own,
                 TimeMs now);
  void struck(PartitionModel& p, const core::Job& job, const core::JobResult& result, TimeMs now);
  void gap_raised(PartitionModel& p, const core::Event& event);
  bool own_fault(PartitionModel& p, uint32_t era, core::JobKind kind, const core::JobResult& result);
  void check_numbers(const core::Scheduler& scheduler, TimeMs now) const;
  void check_readiness(const PartitionModel& p, PartitionRef ref, core::Place place) const;
  void check_partition(PartitionRef ref, const core::Scheduler& scheduler, TimeMs now);

  const core::SchedulerConfig config_;
  ThrottleModel throttle_;
  std::vector<std::optional<PartitionModel>> partitions_;
  uint32_t sink_number_ = 0;
  uint32_t running_ = 0;
  uint64_t successes_ = 0;
  std::optional<TimeMs> first_start_;  // of any job
  uint64_t moved_bytes_ = 0;           // by jobs that ended
  uint64_t step_ = 0;
  bool sink_down_raised_ = false;
  // A failure in this step that an event has to report before the step ends.
  std::optional<PartitionRef> unreported_;
  bool unreported_conflict_ = false;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_MODEL_H
