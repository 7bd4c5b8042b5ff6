// The scheduler: one pure state machine that decides, for every partition, what is archived next and how
// far the host may prune. No thread, lock, clock, I/O or log: time is an argument, jitter comes from a
// seed, so the simulator (tests/sim) runs the very object that production runs.
//
// Inputs     notified, job_finished, ack_finished, event_delivered, sink_swapped, tick
// Outputs    next_job and next_ack are called when a worker is free; events() collects what an
//            operator should see; wake_at says when tick has something to do
// Threads    none of its own; one caller at a time
// Ownership  partitions are dense numbers (PartitionRef) that the caller hands out, with room for their state
//            in a PartitionTable; after forgotten() returned one, the caller may give that number to another
// Memory     an input may throw std::bad_alloc; then nothing has changed: give it again later
//
// A "look" below is a kDiscover job: it lists what the sink holds. The rules:
//  1 the first notification of a partition is followed by discovery: entries that the sink already holds, in
//    batches of whatever size, are verified and not uploaded again; holes are filled; each hole before `low`
//    is a gap, the lowest first: once it is recorded, discovery looks for the next
//  2 a notification that holds nothing new is answered by acknowledging again. If an earlier run wrote what
//    lies right before, and nothing in this run has made it durable yet, a look makes it durable first
//  3 if low lies above the next LSN, what is between is a gap, once a look made after that has not found the
//    entries in the sink: an event, a gap record in the sink, then the partition continues from low. What the
//    sink names there is passed and then read: what turns out to be damaged is a CONFLICT and a gap. No
//    acknowledgement passes a gap before its event was delivered. A partition has at most one GAP and one
//    CONFLICT on their way to the host, and the next one waits, so that a slow host never makes one be
//    dropped. If the low of a notification lies at or below a gap of this run, or below a low that it came
//    after or was merged with, the entries are looked for (see gaps.h), and acknowledgements wait for the
//    result; the same if its low lies below the first look of this run, and those of them that are not there
//    are a gap
//  4 notifications may come late, twice, reordered; low and high only grow
//  5 consecutive entries that wait make one archive of at most batch_entries; nothing waits for a batch to
//    fill. A job may archive less than it was given and says up to where; the rest is handed out again.
//    At most partition_inflight archives of a partition are on their way. They begin in LSN order, except
//    such rests and what failed; while one is on its way only full ones are begun, so that the entries that
//    do not fill one wait and share the next. Jobs that look, verify or record a gap run alone.
//    Acknowledgements cover the contiguous archived prefix only
//  6 partitions with work wait in a FIFO, and go to its end after each job they start. Idle ones are
//    forgotten, but not while an acknowledgement or one of those two events is on its way, and not if they
//    have a gap: one of its entries may be found again
//  7 failures back off one partition, or open the breaker for all (see throttle.h). A partition that meets a
//    failing sink again after the sink worked for others is taken to be at fault itself, until it succeeds;
//    after a failed put only what was put for others counts, until the breaker is closed. A watch does not
//    take the probe of what can be archived, and one that fails opens nothing. A probe whose entry fails is
//    followed by discovery, if that may close it: it needs no entry and so cannot fail because of one
//  8 a failed acknowledge is retried with backoff, with the newest position
//  9 jobs wait for the rate limit before they start (see base/rate_limit.h), never in between. A verification
//    that may not read yet is deferred: its partition gets another turn after the given delay; this is not a
//    failure
// 10 where histories are told apart (SchedulerConfig::lineage), a storage is claimed once a run and sink,
//    before anything of it is looked at: the claim gives the epoch under which this run writes. What a look
//    finds is then what counts in the chain of that epoch. In each partition, what is contiguous and equal
//    counts as archived. What is missing, or can be read by nobody here, while the chain has something after
//    it is filled under the epoch of that, if that is equal: then the histories are one up to there, and
//    nothing may be hidden meanwhile. Else the epoch begins there; and at the first entry that is different
//    (BRANCHED). Its first archive is put alone, and from then on nothing of a parent counts; but what could
//    be read by nobody here does, if the host loses it before that archive is durable. Now and then a watch
//    looks for a newer epoch: SUPERSEDED, and unless told otherwise nothing of that storage is put or
//    acknowledged any more; told otherwise or not, if the record of its own epoch is gone, or if a first look
//    finds archives of its number: the record of an earlier epoch of that number was lost. Who is refused a
//    claim waits; other storages do not
#ifndef TIDEMARK_CORE_SCHEDULER_H
#define TIDEMARK_CORE_SCHEDULER_H

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/rate_limit.h"
#include "core/ages.h"
#include "core/backoff.h"
#include "core/partition_state.h"
#include "core/partition_table.h"
#include "core/reserve.h"
#include "core/storage_state.h"
#include "core/throttle.h"
#include "core/types.h"

namespace tidemark::core {

// Entries low..high exist. Several notifications may be merged into one: the largest low and high, and the
// smallest of each, which show what was lost before anybody looked, and whether one of them was empty: a
// question how far the partition is.
struct Notice {
  Lsn low = kNoLsn;
  Lsn high = kNoLsn;
  Lsn oldest_low = kNoLsn;
  Lsn oldest_high = kNoLsn;

  void merge(const Notice& other) {
    low = std::max(low, other.low);
    high = std::max(high, other.high);
    oldest_low = std::min(oldest_low, other.oldest_low);
    oldest_high = std::min(oldest_high, other.oldest_high);
  }
};

struct SchedulerConfig {
  uint32_t workers = 4;             // jobs at once, at most
  uint32_t partition_inflight = 1;  // archives of one partition at once, at most
  uint32_t batch_entries = 1;       // of one archive, at most
  uint64_t bytes_per_second = 0;    // 0: no limit
  BackoffLimits retry;
  uint32_t partition_idle_ms = 600'000;
  uint64_t seed = 1;
  bool lineage = false;              // histories are told apart
  uint32_t epoch_watch_ms = 10'000;  // between two looks for a newer epoch
  bool stop_if_superseded = true;
};

enum class JobKind : uint8_t {
  kDiscover,   // list what the archive holds of range, and whether there is a gap before it
  kArchive,    // put range, or what an archive can take of it, as one archive
  kVerify,     // compare what the existing archive `range` holds of `part` with what the host has
  kRecordGap,  // write the gap record for range
  kClaim,      // claim an epoch of the storage; this and the next have no partition
  kWatch,      // look whether a newer epoch was claimed
};

// Of the others nothing is in the sink that was not there before.
constexpr bool writes(JobKind kind) {
  return kind == JobKind::kArchive || kind == JobKind::kRecordGap || kind == JobKind::kClaim;
}

struct Job {
  PartitionRef partition = 0;
  JobKind kind = JobKind::kArchive;
  bool check_older = false;  // kDiscover: the first look in this run, so look for gaps before it
  bool late = false;         // for entries of a gap that were found again
  bool first_look = false;   // kDiscover: the first at this sink, which may hold nothing of the partition
  bool asked = false;  // kDiscover: what lies right before the range, or a gap there, may be acknowledged
  // kDiscover: this run has put nothing of the partition at this sink, so what is there of its epoch is not
  // its own. Never of the first epoch, which is also that of archives from before there were any
  bool untouched = false;
  // kVerify: of what lies after a hole at next. kArchive: fills it, under the epoch of what lies after it
  bool fill = false;
  bool own = false;  // kRecordGap: of this run's epoch; else of the one that rules right after the gap
  StorageRef storage = 0;
  Coding coding = Coding::kNone;  // kVerify: of the archive
  uint64_t epoch = kFirstEpoch;   // kVerify, and with fill: of the archive; else this run's
  Lsn begun = kNoLsn;             // with it, in the archive's name; see format/object_name.h
  Range range;                    // kDiscover: may be the empty range, last == first - 1
  Range part;                     // kVerify: what the host was last known to have of range
  // kVerify: entries up to here count as archived if the host no longer has them
  Lsn accept_missing_through = kNoLsn;
  uint64_t expected_bytes = 0;  // the rate limit's
  uint32_t sink_number = 0;     // which sink it is meant for, counted by sink_swapped
  uint32_t generation = 0;      // the throttle's
};

enum class Outcome : uint8_t {
  kDone,           // archived durably, verified, looked up, or the gap is recorded
  kMissing,        // the host does not have the first entry, and it is needed
  kEntryFailed,    // the first entry cannot be acquired, read or named: this partition waits
  kObjectFailed,   // conflict, or the sink refuses this very key: this partition waits for a long time
  kSinkThrottled,  // slow down everything
  kSinkFailed,     // unreachable, no space, 5xx: everything waits
  kCancelled,      // because of stop
  kDeferred,       // kVerify: not now, and nothing failed; again after retry_after_ms
};

struct JobResult {
  Outcome outcome = Outcome::kDone;
  bool conflict = false;  // with kObjectFailed: the sink holds other content
  // With kObjectFailed, kVerify: nobody here can tell what it holds; with `conflict`, which of it differs.
  bool sealed = false;
  uint32_t retry_after_ms = 0;  // the sink's hint, 0 for none; with kDeferred the delay
  // kArchive: the last entry of the archive that was put, or that the job tried to put. kVerify: the last
  // entry that was compared. The rest of what the job was given is for another job. None: all of it.
  Lsn through = kNoLsn;
  // kArchive: how many entries like those that were put an archive may hold, by their bytes; 0: not known.
  uint32_t fitting_entries = 0;
  uint64_t size_bytes = 0;        // of the archive that was put or compared
  uint64_t put_us = 0;            // how long the sink took to put it; 0: nothing was put
  std::vector<Found> archives;    // kDiscover: what exists and holds something of the range or after it
  Lsn complete_through = kNoLsn;  // kDiscover: the LSN up to which `archives` is complete, or kEveryLsn
  std::optional<Range> gap;       // kDiscover with check_older: the lowest hole before the range
  // kDiscover with check_older: what is recorded as lost before the range and nobody has accepted. Ascending.
  std::vector<Range> known_gaps;
  // kDiscover: something of this run's epoch is there. kRecordGap: the record is of this run's epoch.
  bool begun = false;
  Lsn begun_with = kNoLsn;  // kDiscover: where that began in the partition, if its names say it
  uint64_t epoch = 0;       // kClaim: what was claimed
  bool superseded = false;  // kClaim, with kObjectFailed, and kWatch: a newer epoch is not this run's.
                            // kDiscover, with kObjectFailed: nor is all that has this run's number
  bool epoch_gone = false;  // kWatch: nobody can read what is written under this run's epoch any more
};

struct Ack {
  PartitionRef partition = 0;
  Lsn lsn = kNoLsn;
};

enum class EventKind : uint8_t {
  kGap,
  kConflict,
  kFailing,
  kRecovered,
  kSinkDown,
  kSinkUp,
  kSinkChanged,
  kBranched,
  kSuperseded
};

struct Event {
  EventKind kind = EventKind::kGap;
  PartitionRef partition = 0;  // not for those of the sink, and of a storage
  Range range;
  uint32_t attempt = 0;
  bool known = false;      // kGap: recorded in an earlier run, reported again
  StorageRef storage = 0;  // kSuperseded
};

// Counted over all partitions, for the metrics.
struct Snapshot {
  uint64_t partitions_dormant = 0;
  uint64_t partitions_active = 0;
  uint64_t partitions_backing_off = 0;
  uint64_t queue_depth = 0;  // partitions that wait for a worker
  uint64_t jobs_running = 0;
  uint64_t entries_waiting = 0;  // notified and not yet archived
  TimeMs oldest_waiting_ms = 0;  // an upper bound of the age of the oldest of them
  uint32_t concurrency_limit = 0;
  double latency_ratio = 1;      // of puts, against the quickest lately
  bool rate_limited = false;     // partitions wait for the rate limit
  uint64_t rate_debt_bytes = 0;  // what has to be waited for
  Throttle::State breaker = Throttle::State::kClosed;
  uint8_t breaker_level = 0;
};

class Scheduler {
 public:
  Scheduler(const SchedulerConfig& config, PartitionTable& partitions);

  void notified(PartitionRef partition, const Notice& notice, TimeMs now, StorageRef storage = 0);

  // What a free worker should do now, if anything. Each job ends with exactly one job_finished.
  std::optional<Job> next_job(TimeMs now);
  void job_finished(const Job& job, const JobResult& result, TimeMs now);

  // An acknowledgement to give; never two at once for one partition. Each ends with one ack_finished.
  std::optional<Ack> next_ack();
  void ack_finished(const Ack& ack, bool ok, TimeMs now);

  // The callback of the host has returned from the event. Every kGap and kConflict has to come here; others
  // may be dropped on the way.
  void event_delivered(const Event& event, TimeMs now);

  // A new sink, already probed, takes all further jobs.
  void sink_swapped(TimeMs now);
  uint32_t sink_number() const { return sink_number_; }

  // Ends delays that are over, a limited number at once. Call when wake_at() has come; calling at any other
  // time is harmless.
  void tick(TimeMs now);
  TimeMs wake_at() const;  // kNever: nothing to wait for

  // True if next_ack or next_job would return something. May also be true for an acknowledgement that has
  // just become one that has to wait.
  bool has_command(TimeMs now) const;
  // True when nothing is running, waiting, backing off, to be acknowledged or to be reported.
  bool idle() const;

  // The events that the last inputs raised, and the partitions that they gave up. The caller takes them and
  // clears the list.
  using Events = std::vector<Event, Reserved<Event>>;
  using Forgotten = std::vector<PartitionRef, Reserved<PartitionRef>>;
  Events& events() { return events_; }
  Forgotten& forgotten() { return forgotten_; }

  Snapshot snapshot(TimeMs now) const;
  // For assertions of tests: the state of one partition.
  const PartitionState& partition(PartitionRef ref) const { return partitions_[ref]; }
  Throttle::State breaker() const { return throttle_.state(); }

 private:
  struct Timer {
    TimeMs due;
    PartitionRef partition;
    bool is_ack;
    friend auto operator<=>(const Timer&, const Timer&) = default;
  };

  struct StorageTimer {
    TimeMs due;
    StorageRef storage;
    friend auto operator<=>(const StorageTimer&, const StorageTimer&) = default;
  };

  // Counts again how many entries of a partition wait when an input has changed it.
  class Recount {
   public:
    Recount(Scheduler& scheduler, const PartitionState& p)
        : scheduler_(scheduler),
          p_(p),
          entries_(scheduler.entries_waiting(p)),
          since_(p.waits() ? p.waiting_since : kNever) {}
    ~Recount() {
      scheduler_.entries_waiting_ += scheduler_.entries_waiting(p_) - entries_;
      const TimeMs since = p_.waits() ? p_.waiting_since : kNever;
      if (since == since_) return;
      if (since_ != kNever) scheduler_.ages_.remove(since_);
      if (since != kNever) scheduler_.ages_.add(since);
    }
    Recount(const Recount&) = delete;
    Recount& operator=(const Recount&) = delete;

   private:
    Scheduler& scheduler_;
    const PartitionState& p_;
    const uint64_t entries_;
    const TimeMs since_;
  };

  void push_back(PartitionList& list, PartitionRef ref);
  void remove(PartitionList& list, PartitionRef ref);

  // Before anything is changed: all that one input may need is at hand. Throws std::bad_alloc.
  void prepare(const JobResult* result = nullptr);
  uint64_t entries_waiting(const PartitionState& p) const;

  // After any change of a partition: find gaps, queue its acknowledgement, put it where it belongs.
  void settle(PartitionRef ref, TimeMs now);
  bool find_gap(PartitionRef ref);
  void find_lost(PartitionRef ref);
  Range gap_before_low(const PartitionState& p) const;
  Gaps& gaps(PartitionState& p);
  void report_gap(PartitionRef ref);
  void report_conflict(PartitionRef ref, Range range);
  // The job the partition needs next; nothing if it needs none or must wait for those on their way.
  std::optional<Job> plan(PartitionRef ref) const;
  void plan_alone(PartitionRef ref, bool is_late, std::optional<Job>& job) const;
  std::optional<Range> plan_archive(const PartitionState& p) const;
  // Where what is found continues after a hole at `from`, while what a parent has may still count; kNoLsn: it
  // does not, or is known to be another history.
  Lsn continues_after(const PartitionState& p, Lsn from) const;
  void plan_fill(const PartitionState& p, Lsn held, Job& job) const;
  void fill_finished(const Job& job, const JobResult& result, bool own_failure, TimeMs now);
  bool has_job() const { return ready_.size > 0 || first_queued_ != kNoStorage; }
  bool may_start(TimeMs now) const { return throttle_.may_start(running_, now) && rate_.may_start(now); }
  // Where a partition belongs when it does not back off.
  Place rightful_place(PartitionRef ref) const;
  void place(PartitionRef ref, Place place, TimeMs now);
  void want_ack(PartitionRef ref);
  bool owes_ack(const PartitionState& p) const;
  // Entries of a gap that were found again.
  void claim(PartitionState& p, Range claimed);
  void plan_late(const PartitionState& p, Job& job) const;
  void late_finished(const Job& job, const JobResult& result, bool own_failure, TimeMs now);
  void forget_idle(TimeMs now);

  // ---- Storages, see scheduler_storages.cc
  void know_storage(StorageRef storage);
  bool is_claimed(const PartitionState& p) const {
    return !config_.lineage || storages_[p.storage].phase == StorageState::Phase::kClaimed;
  }
  bool is_superseded(const PartitionState& p) const {
    return config_.lineage && storages_[p.storage].phase == StorageState::Phase::kSuperseded;
  }
  uint64_t own_epoch(const PartitionState& p) const {
    return config_.lineage ? storages_[p.storage].epoch : kFirstEpoch;
  }
  // Archives of a parent may still count in this partition.
  bool adopts(const PartitionState& p) const { return config_.lineage && p.begun == Begun::kNo; }
  bool is_untouched(const PartitionState& p) const {
    const bool was_put = p.was_put && p.sink_number == sink_number_;
    return own_epoch(p) > kFirstEpoch && !was_put && !storages_[p.storage].forgot_put;
  }
  void want_claim(StorageRef storage);
  void queue(StorageRef storage);
  void set_timer(StorageRef storage, TimeMs due);
  void tick_storages(TimeMs now);
  bool is_storages_turn() const;
  Job next_storage_job();
  void storage_job_finished(const Job& job, const JobResult& result, TimeMs now);
  void claim_finished(StorageRef storage, const JobResult& result, bool own_failure, TimeMs now);
  void superseded(StorageRef storage, TimeMs now);
  void report_superseded(StorageRef storage);
  void stop_writing(StorageRef storage, TimeMs now);
  void release(StorageRef storage, TimeMs now);
  void storages_swapped();
  void begin(PartitionRef ref, Lsn from);
  Lsn begun_before(PartitionRef ref, Lsn first) const;
  bool branch(const Job& job, const JobResult& result);
  void return_to_sealed(PartitionState& p);
  void branch_at_next(const Job& job);

  void discovered(PartitionState& p, const Job& job, const JobResult& result);
  void progressed(PartitionRef ref, const Job& job, const JobResult& result);
  void failed(PartitionRef ref, const Job& job, const JobResult& result, TimeMs now);
  void defer(PartitionRef ref, const JobResult& result, TimeMs now);
  void back_off(PartitionRef ref, const Job& job, const JobResult& result, TimeMs now);
  void recovered(PartitionRef ref, Range range);
  void advance(PartitionState& p, Lsn next);
  Window& window(PartitionState& p);
  // Whether the archive of that range is in the sink is not known. It is remembered, so that the next try has
  // the same range and so the same name.
  void remember(PartitionState& p, const Job& job, const JobResult& result);
  // Whether the sink worked for others since such a mark, which was made at this sink.
  bool is_at_fault(uint32_t mark) const {
    return mark != successes_ && successes_ - mark <= successes_ - sink_mark_;
  }
  // True if the failure was the partition's own rather than the sink's.
  template <class Owner>
  bool report_to_throttle(Owner& owner, const Job& job, const JobResult& result, TimeMs now);

  const SchedulerConfig config_;
  Jitter jitter_;
  Throttle throttle_;
  RateLimit rate_;
  uint32_t sink_number_ = 0;
  uint32_t running_ = 0;
  uint32_t acks_running_ = 0;
  uint64_t unreported_ = 0;  // events that have to be delivered and were not yet
  uint32_t successes_ = 0;   // of jobs at the sink, and swaps; wraps
  uint32_t sink_mark_ = 0;   // what they were when it was set
  PartitionTable& partitions_;
  Reserve& reserve_;
  PartitionList ready_;
  PartitionList dormant_;
  uint64_t kept_ = 0;                      // partitions at Place::kKept
  PartitionRef first_ack_ = kNoPartition;  // partitions whose ack is queued, each once
  PartitionRef last_ack_ = kNoPartition;
  std::set<Timer, std::less<>, Reserved<Timer>> timers_;
  std::vector<StorageState> storages_;  // by StorageRef; empty where histories are not told apart
  std::vector<Lsn>
      begun_;  // by PartitionRef, with which LSN this run's epoch began; as empty; none: not known
  uint32_t first_queued_ = kNoStorage;  // storages that need a worker
  uint32_t last_queued_ = kNoStorage;
  std::set<StorageTimer, std::less<>, Reserved<StorageTimer>> storage_timers_;
  uint32_t claims_open_ = 0;  // storages in kUnclaimed
  Events events_;
  Forgotten forgotten_;
  // What an input may have to give to a partition.
  std::unique_ptr<Window> spare_window_;
  std::unique_ptr<Gaps> spare_gaps_;
  std::unique_ptr<FoundArchives> spare_found_;
  // For the snapshot.
  uint64_t backing_off_ = 0;  // partitions that failed
  uint64_t deferred_ = 0;     // and those that wait as they do, but did not
  uint64_t at_work_ = 0;      // partitions whose jobs are with workers
  uint64_t entries_waiting_ = 0;
  Ages ages_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_SCHEDULER_H
