// What the result of a job changes: in its partition, and in what the scheduler thinks of the sink.
#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "core/scheduler.h"

namespace tidemark::core {

void Scheduler::discovered(PartitionState& p, const Job& job, const JobResult& result) {
  if (job.sink_number != sink_number_) return;  // the sink was swapped meanwhile: look at the new one
  if (job.check_older && p.oldest_low < job.range.first) return;  // an older one came late: look again
  if (p.sink_number != sink_number_) {
    p.conflict_through = kNoLsn;
    p.begun = Begun::kNo;
    p.was_put = p.sealed = false;
    if (config_.lineage && p.gaps) p.gaps->puts_from(kEveryLsn);
  }
  p.sink_number = sink_number_;
  // Where it has begun, and nothing of it is durable yet, what is there is a parent's.
  const bool counts = !config_.lineage || result.begun || p.begun == Begun::kNo;
  if (config_.lineage && result.begun) {
    if (p.begun == Begun::kNo) begun_[job.partition] = result.begun_with;
    p.begun = Begun::kYes;
  }
  p.look_again = false;
  p.listed = job.range.last;
  if (job.asked) p.unsure = false;
  if (p.next == kNoLsn) {
    p.next = result.gap ? result.gap->first : job.range.first;
    p.acked = p.next - 1;
    p.unsure = !job.asked && p.next > 1;
    for (const Range& gap : result.known_gaps) gaps(p).known(gap);
    if (!result.known_gaps.empty()) report_gap(job.partition);
  } else if (job.check_older) {
    const Lsn next = result.gap ? result.gap->first : job.range.first;
    if (next > p.next) advance(p, next);
  }
  p.found.reset();
  if (p.window) p.window->forget_tried();  // what of it is there was found
  if (result.gap && result.gap->last + 1 < job.range.first) {
    // Something lies between the hole and the range, and there may be other holes: look again once this one
    // is recorded. If it was and is found all the same, look there as anywhere else.
    p.look_back = result.gap->last >= p.next;
    p.listed = result.gap->last;
    return;
  }
  p.look_back = false;
  // An answer that knows nothing of the first LSN asked for would be asked for again without end.
  const Lsn through = result.complete_through < job.range.first ? kEveryLsn : result.complete_through;
  if (counts && (!result.archives.empty() || through != kEveryLsn)) {
    p.found = std::move(spare_found_);
    *p.found = FoundArchives(result.archives, job.range.first, through, job.range.last, &reserve_);
  }
}

void Scheduler::progressed(PartitionRef ref, const Job& job, const JobResult& result) {
  PartitionState& p = partitions_[ref];
  const Lsn through = result.through;
  Range done = job.kind == JobKind::kVerify ? job.part : job.range;
  if (through != kNoLsn) {
    assert(done.contains(through));
    done.last = through;
  }
  if (job.kind == JobKind::kRecordGap) p.gap_pending = false;
  if (config_.lineage && job.sink_number == sink_number_ && job.sink_number == p.sink_number) {
    const bool is_first_record = job.kind == JobKind::kRecordGap && result.begun;
    if (is_first_record && adopts(p)) begin(ref, done.first);
    if (is_first_record || job.kind == JobKind::kArchive) p.begun = Begun::kYes;
  }
  if (job.kind == JobKind::kArchive && p.window)
    p.window->finished(job.range, done.last, result.fitting_entries);
  if (job.kind != JobKind::kRecordGap && p.gaps) p.gaps->done(done);
  if (done.first != p.next) return;  // an earlier one has not ended yet
  p.unsure = false;                  // what was put or looked at makes durable what lies before it
  advance(p, done.last + 1);
  if (p.next > p.trouble) recovered(ref, job.range);
}

void Scheduler::recovered(PartitionRef ref, Range range) {
  PartitionState& p = partitions_[ref];
  p.trouble = kNoLsn;
  p.attempts = 0;
  p.backoff.succeed();
  if (p.raised == Raised::kNone) return;
  p.raised = Raised::kNone;
  events_.push_back({EventKind::kRecovered, ref, range, 0});
}

void Scheduler::failed(PartitionRef ref, const Job& job, const JobResult& result, TimeMs now) {
  PartitionState& p = partitions_[ref];
  if (result.conflict && job.sink_number == sink_number_) p.conflict_through = job.range.last;
  const bool is_entry = job.kind == JobKind::kArchive || job.kind == JobKind::kVerify;
  const Lsn first = job.kind == JobKind::kVerify ? job.part.first : job.range.first;
  if (is_entry && p.low > first) return;  // gone anyway: a gap, not a failure
  if (job.kind != JobKind::kRecordGap)
    p.trouble = job.kind == JobKind::kArchive ? std::max(p.trouble, first) : kNoLsn;
  const bool longest = result.outcome == Outcome::kObjectFailed;
  if (p.place == Place::kBackingOff && !longest) return;  // one trouble, met by several jobs
  // An archive that was there cannot be read now, or one is there that was not seen: look again what is
  // there. Another batch would have another name and so evade the conflict.
  if (is_entry && longest && result.conflict == (job.kind == JobKind::kArchive)) p.look_again = true;
  back_off(ref, job, result, now);
}

void Scheduler::back_off(PartitionRef ref, const Job& job, const JobResult& result, TimeMs now) {
  PartitionState& p = partitions_[ref];
  ++p.attempts;
  const uint32_t delay_ms = result.outcome == Outcome::kObjectFailed
                                ? p.backoff.fail_longest(config_.retry, jitter_)
                                : p.backoff.fail(config_.retry, jitter_);
  if (result.conflict && p.raised != Raised::kConflict && !p.conflict_unreported) {
    report_conflict(ref, job.range);
  } else if (p.raised == Raised::kNone) {
    p.raised = Raised::kFailing;
    events_.push_back({EventKind::kFailing, ref, job.range, p.attempts});
  }
  const TimeMs due = p.place == Place::kBackingOff ? std::max(p.retry_due, now + delay_ms) : now + delay_ms;
  place(ref, Place::kBackingOff, now);
  p.retry_due = due;
  timers_.insert({p.retry_due, ref, false});
}

// It waits as after a failure, but nothing failed.
void Scheduler::defer(PartitionRef ref, const JobResult& result, TimeMs now) {
  PartitionState& p = partitions_[ref];
  place(ref, Place::kBackingOff, now);
  p.deferred = true;
  --backing_off_;
  ++deferred_;
  p.retry_due = now + std::max<TimeMs>(1, result.retry_after_ms);
  timers_.insert({p.retry_due, ref, false});
}

// Whether an archive of that range is in the sink is not known: tried again as it was, it gets the same name.
void Scheduler::remember(PartitionState& p, const Job& job, const JobResult& result) {
  if (job.kind != JobKind::kArchive || job.sink_number != sink_number_) return;
  const Range tried{job.range.first, result.through == kNoLsn ? job.range.last : result.through};
  if (tried.first != tried.last) window(p).remember(tried);
}

Window& Scheduler::window(PartitionState& p) {
  if (p.window == nullptr) p.window = std::move(spare_window_);
  return *p.window;
}

void Scheduler::advance(PartitionState& p, Lsn next) {
  assert(next > p.next);
  p.sealed = false;
  p.next = p.window ? p.window->pass(next) : next;
  if (p.found && p.found->is_over(p.next)) p.found.reset();
  if (p.next > p.mark) {
    p.mark = p.high;
    p.waiting_since = p.later_since;
  }
}

template <class Owner>
bool Scheduler::report_to_throttle(Owner& owner, const Job& job, const JobResult& result, TimeMs now) {
  if (job.sink_number != sink_number_) return false;
  const bool is_sinks_failure =
      result.outcome == Outcome::kSinkFailed || result.outcome == Outcome::kSinkThrottled;
  if (job.kind == JobKind::kWatch && is_sinks_failure) {  // nothing that is to be archived waits for it
    throttle_.inconclusive(job.generation);
    return false;
  }
  const Throttle::Use use = writes(job.kind) ? Throttle::Use::kWrites : Throttle::Use::kReads;
  Throttle::Change change = Throttle::Change::kNone;
  // Before what goes well closes the breaker.
  const bool counts_of_owner = throttle_.counts(use), counts_of_sink = throttle_.counts(use, job.generation);
  switch (result.outcome) {
    case Outcome::kDone:
    case Outcome::kObjectFailed:  // refused, but by a sink that answers
      change = throttle_.succeeded(job.generation, {result.put_us, result.size_bytes, use}, running_, now);
      if (counts_of_owner && result.outcome == Outcome::kDone) owner.sink_failed = false;
      if (counts_of_sink) ++successes_;
      break;
    case Outcome::kMissing:
    case Outcome::kEntryFailed:
      // Its next job asks the sink first: else the breaker would stay as it is while nobody else has work.
      if constexpr (std::is_same_v<Owner, PartitionState>) {
        if (throttle_.wants_look()) owner.look_again = true;
      }
      [[fallthrough]];
    case Outcome::kDeferred:
    case Outcome::kCancelled:
      throttle_.inconclusive(job.generation);
      break;
    case Outcome::kSinkThrottled:  // of stores that do so by prefix, perhaps this owner's alone
    case Outcome::kSinkFailed:
      // Until it succeeds itself: retried before the others have something to do, it would stop them again.
      if (owner.sink_failed && is_at_fault(owner.sink_mark)) {
        throttle_.inconclusive(job.generation);
        return true;
      }
      owner.sink_failed = true;
      owner.sink_mark = successes_;
      change = result.outcome == Outcome::kSinkFailed
                   ? throttle_.failed(job.generation, use, result.retry_after_ms, now, jitter_)
                   : throttle_.throttled(job.generation, use, result.retry_after_ms, now, jitter_);
      break;
  }
  if (change == Throttle::Change::kOpened) events_.push_back({EventKind::kSinkDown, 0, {}, 0});
  if (change == Throttle::Change::kClosed) events_.push_back({EventKind::kSinkUp, 0, {}, 0});
  return false;
}

template bool Scheduler::report_to_throttle(PartitionState&, const Job&, const JobResult&, TimeMs);
template bool Scheduler::report_to_throttle(StorageState&, const Job&, const JobResult&, TimeMs);

}  // namespace tidemark::core
