// Storages whose histories are told apart: claims, watches, and where this run's epoch begins in a partition.
#include <algorithm>
#include <cassert>

#include "core/scheduler.h"

namespace tidemark::core {

using Phase = StorageState::Phase;

void Scheduler::know_storage(StorageRef storage) {
  if (config_.lineage && storages_.size() <= storage) storages_.resize(size_t{storage} + 1);
}

// ---- Claims and watches -------------------------------------------------------------------------

void Scheduler::want_claim(StorageRef storage) {
  StorageState& s = storages_[storage];
  if (s.phase != Phase::kUnknown) return;
  s.phase = Phase::kUnclaimed;
  ++claims_open_;
  if (!s.running) queue(storage);
}

void Scheduler::queue(StorageRef storage) {
  StorageState& s = storages_[storage];
  assert(!s.queued && !s.running);
  set_timer(storage, kNever);
  s.queued = true;
  s.next_queued = kNoStorage;
  (last_queued_ == kNoStorage ? first_queued_ : storages_[last_queued_].next_queued) = storage;
  last_queued_ = storage;
}

void Scheduler::set_timer(StorageRef storage, TimeMs due) {
  StorageState& s = storages_[storage];
  if (s.due != kNever) storage_timers_.erase({s.due, storage});
  s.due = due;
  if (due != kNever) storage_timers_.insert({due, storage});
}

void Scheduler::tick_storages(TimeMs now) {
  while (!storage_timers_.empty() && storage_timers_.begin()->due <= now)
    queue(storage_timers_.begin()->storage);
}

// The one probe of a sink in doubt is not a watch's while there is something to archive: where only reading
// fails, watches would take each of them. Claims are what others wait for.
bool Scheduler::is_storages_turn() const {
  if (first_queued_ == kNoStorage) return false;
  const bool may_be_late = storages_[first_queued_].is_watched() && ready_.size > 0;
  return !may_be_late || throttle_.state() == Throttle::State::kClosed;
}

Job Scheduler::next_storage_job() {
  const auto storage = static_cast<StorageRef>(first_queued_);
  StorageState& s = storages_[storage];
  first_queued_ = s.next_queued;
  if (first_queued_ == kNoStorage) last_queued_ = kNoStorage;
  s.queued = false;
  s.running = true;
  Job job;
  job.kind = s.is_watched() ? JobKind::kWatch : JobKind::kClaim;
  job.partition = kNoPartition;
  job.storage = storage;
  job.epoch = s.epoch;
  return job;
}

void Scheduler::storage_job_finished(const Job& job, const JobResult& result, TimeMs now) {
  StorageState& s = storages_[job.storage];
  assert(s.running && running_ > 0);
  const bool own_failure = report_to_throttle(s, job, result, now);
  rate_.finished(job.expected_bytes, result.size_bytes, now);
  --running_;
  s.running = false;
  if (job.sink_number != sink_number_) {
    if (s.phase == Phase::kUnclaimed) queue(job.storage);  // at the new one
  } else if (s.phase == Phase::kSuperseded) {
    // A look has found that out while it was watched.
  } else if (job.kind == JobKind::kClaim) {
    claim_finished(job.storage, result, own_failure, now);
  } else if (result.outcome == Outcome::kDone && result.epoch_gone) {
    stop_writing(job.storage, now);
  } else if (result.outcome == Outcome::kDone && result.superseded) {
    superseded(job.storage, now);
  } else if (result.outcome != Outcome::kCancelled) {
    set_timer(job.storage, now + config_.epoch_watch_ms);
  }
}

void Scheduler::claim_finished(StorageRef storage, const JobResult& result, bool own_failure, TimeMs now) {
  StorageState& s = storages_[storage];
  const bool was_open = s.phase == Phase::kUnclaimed;
  bool fails = true;
  switch (result.outcome) {
    case Outcome::kDone:
      s.phase = Phase::kClaimed;
      s.epoch = result.epoch;
      s.continues = false;
      s.attempts = 0;
      s.backoff.succeed();
      if (s.reported != kNoPartition)
        events_.push_back(
            {EventKind::kRecovered, s.reported, {partitions_[s.reported].low, partitions_[s.reported].low}});
      s.reported = kNoPartition;
      claims_open_ -= was_open ? 1 : 0;
      set_timer(storage, now + config_.epoch_watch_ms);
      release(storage, now);
      return;
    case Outcome::kObjectFailed:
      if (result.superseded) return superseded(storage, now);
      s.phase = Phase::kRefused;
      claims_open_ -= was_open ? 1 : 0;
      set_timer(storage, now + s.backoff.fail_longest(config_.retry, jitter_));
      break;
    case Outcome::kSinkThrottled:
    case Outcome::kSinkFailed:
      // The breaker says when; but its one probe is not always to be this.
      set_timer(storage, now + s.backoff.fail(config_.retry, jitter_));
      fails = own_failure;
      break;
    case Outcome::kMissing:
    case Outcome::kEntryFailed:
    case Outcome::kDeferred:
      set_timer(storage, now + s.backoff.fail(config_.retry, jitter_));
      break;
    case Outcome::kCancelled:
      return;
  }
  if (!fails) return;
  ++s.attempts;
  if (s.reported != kNoPartition || s.waiting.head == kNoPartition) return;
  s.reported = s.waiting.head;
  const PartitionState& p = partitions_[s.reported];
  events_.push_back({EventKind::kFailing, s.reported, {p.low, std::max(p.low, p.high)}, s.attempts});
}

void Scheduler::superseded(StorageRef storage, TimeMs now) {
  StorageState& s = storages_[storage];
  if (s.phase != Phase::kClaimed || config_.stop_if_superseded) return stop_writing(storage, now);
  if (!s.continues) report_superseded(storage);
  s.continues = true;
  set_timer(storage, now + config_.epoch_watch_ms);  // its branch may be dropped
}

void Scheduler::report_superseded(StorageRef storage) {
  Event event;
  event.kind = EventKind::kSuperseded;
  event.storage = storage;
  events_.push_back(event);
}

void Scheduler::stop_writing(StorageRef storage, TimeMs now) {
  StorageState& s = storages_[storage];
  report_superseded(storage);
  claims_open_ -= s.phase == Phase::kUnclaimed ? 1 : 0;
  s.phase = Phase::kSuperseded;
  set_timer(storage, kNever);
  // Its partitions wait; those with jobs in flight when these have ended.
  const PartitionRef last = ready_.tail;
  for (PartitionRef ref = ready_.head; ref != kNoPartition;) {
    const PartitionRef next = ref == last ? kNoPartition : partitions_[ref].next_ref;
    if (partitions_[ref].storage == storage) place(ref, rightful_place(ref), now);
    ref = next;
  }
}

// Its partitions may start.
void Scheduler::release(StorageRef storage, TimeMs now) {
  while (storages_[storage].waiting.head != kNoPartition) {
    const PartitionRef ref = storages_[storage].waiting.head;
    place(ref, rightful_place(ref), now);
    assert(partitions_[ref].place != Place::kWaiting);
  }
}

// All of them are claimed again, at the new sink.
void Scheduler::storages_swapped() {
  storage_timers_.clear();
  for (size_t storage = 0; storage < storages_.size(); ++storage) {
    StorageState& s = storages_[storage];
    claims_open_ -= s.phase == Phase::kUnclaimed ? 1 : 0;
    const bool is_wanted = s.waiting.head != kNoPartition;
    s.phase = Phase::kUnknown;
    s.due = kNever;
    s.epoch = 0;
    s.forgot_put = false;
    s.backoff = Backoff();
    if (s.queued) {
      // It stays in the queue, as a claim.
      s.phase = Phase::kUnclaimed;
      ++claims_open_;
    } else if (is_wanted) {
      want_claim(static_cast<StorageRef>(storage));
    }
  }
}

// ---- Where the epoch begins in a partition ------------------------------------------------------

// From there on nothing of a parent counts.
void Scheduler::begin(PartitionRef ref, Lsn from) {
  PartitionState& p = partitions_[ref];
  assert(adopts(p));
  begun_[ref] = from;
  p.begun = Begun::kFirst;
  p.found.reset();
  if (p.gaps) p.gaps->puts_from(from);
}

// What the name of an archive of this run's epoch says. Of a partition that was forgotten meanwhile it may
// not be known.
Lsn Scheduler::begun_before(PartitionRef ref, Lsn first) const {
  const PartitionState& p = partitions_[ref];
  const bool says_it = config_.lineage && p.begun != Begun::kNo && own_epoch(p) > kFirstEpoch;
  return says_it && begun_[ref] < first ? begun_[ref] : kNoLsn;
}

// Of a hole, or of what lies after it. What is there decides whether it is filled or the epoch begins there.
void Scheduler::fill_finished(const Job& job, const JobResult& result, bool own_failure, TimeMs now) {
  PartitionState& p = partitions_[job.partition];
  const bool is_current = job.sink_number == sink_number_ && p.sink_number == sink_number_ && p.found;
  using After = FoundArchives::After;
  const bool looked = job.kind == JobKind::kVerify;
  switch (result.outcome) {
    case Outcome::kDone:
      if (!is_current) return;
      if (looked) {
        p.found->looked_after_hole(job.part.first, After::kEqual);
      } else {
        const Lsn through = result.through == kNoLsn ? job.range.last : result.through;
        if (p.gaps) p.gaps->done({job.range.first, through});
        p.unsure = false;
        if (job.range.first == p.next) advance(p, through + 1);
        if (p.next > p.trouble) recovered(job.partition, job.range);
      }
      return;
    case Outcome::kObjectFailed:
      if (!is_current) return;
      // Other content, after the hole or meanwhile in it; or nobody can tell.
      if (result.conflict && p.low <= p.next) return branch_at_next(job);
      if (result.conflict || result.sealed) {
        p.found->looked_after_hole(p.found->next_held_after(p.next), After::kOther);
        return;
      }
      failed(job.partition, job, result, now);
      return;
    case Outcome::kMissing:
      if (is_current && p.sealed && job.range.first == p.next) return return_to_sealed(p);
      [[fallthrough]];
    case Outcome::kEntryFailed:
      failed(job.partition, job, result, now);
      return;
    case Outcome::kSinkThrottled:
    case Outcome::kSinkFailed:
      if (own_failure) failed(job.partition, job, result, now);
      return;
    case Outcome::kDeferred:
      if (is_current) defer(job.partition, result, now);
      return;
    case Outcome::kCancelled:
      return;
  }
}

// What the parent has at next is different, or damaged, or sealed. False: that is not what happened.
bool Scheduler::branch(const Job& job, const JobResult& result) {
  PartitionState& p = partitions_[job.partition];
  if (!adopts(p) || job.kind != JobKind::kVerify || !(result.conflict || result.sealed)) return false;
  if (job.part.first != p.next || p.low > p.next || job.epoch == own_epoch(p)) return false;
  if (result.sealed) {
    p.sealed = true;
    if (!p.found) return true;
    p.found->forget(p.next);
    // Whether the histories are one is decided by what comes after it, unless a look from here did not say.
    const bool is_end = p.found->next_held_after(p.next) == kNoLsn && p.found->through() != kEveryLsn;
    if (is_end && p.found->from() < p.next) p.look_again = true;
    if (p.found->is_over(p.next)) p.found.reset();
    return true;
  }
  p.sealed = false;
  branch_at_next(job);
  return true;
}

// The host no longer has the entry at next, of which a parent has an archive that nobody here can read.
void Scheduler::return_to_sealed(PartitionState& p) {
  assert(p.jobs == 0 && p.begun != Begun::kYes);
  p.sealed = false;
  p.begun = Begun::kNo;
  p.look_again = true;
  if (p.gaps) p.gaps->puts_from(kEveryLsn);
}

void Scheduler::branch_at_next(const Job& job) {
  PartitionState& p = partitions_[job.partition];
  Lsn last = job.kind == JobKind::kVerify ? job.part.last : job.range.last;
  if (p.found) last = std::max(last, p.found->last_held());
  events_.push_back({EventKind::kBranched, job.partition, {p.next, last}});
  begin(job.partition, p.next);
}

}  // namespace tidemark::core
