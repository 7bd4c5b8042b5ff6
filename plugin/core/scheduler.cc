#include "core/scheduler.h"

#include <algorithm>
#include <cassert>

namespace tidemark::core {

Scheduler::Scheduler(const SchedulerConfig& config)
    : config_(config), jitter_(config.seed), throttle_(config.workers, config.retry) {
  assert(config.workers > 0);
}

void Scheduler::notified(PartitionRef ref, const Notice& notice, TimeMs now) {
  const auto [low, high, oldest_low, oldest_high] = notice;
  assert(low > kNoLsn && high + 1 >= low);
  assert(oldest_low > kNoLsn && oldest_low <= low && oldest_high <= high);
  if (ref >= partitions_.size()) partitions_.resize(size_t{ref} + 1);
  PartitionState& p = partitions_[ref];
  if (p.place == Place::kUnknown) {
    p.low = low;
    p.high = high;
    p.oldest_low = oldest_low;
    p.mark = high;
    p.waiting_since = p.later_since = now;
    p.epoch = epoch_;
    p.asked = oldest_high < low;
    place(ref, Place::kReady, now);
    return;
  }
  const bool waits = p.next == kNoLsn || p.next <= p.high;
  if (high > p.high) {
    if (!waits) {
      p.mark = high;
      p.waiting_since = now;
    } else if (p.mark == p.high) {
      p.later_since = now;
    }
  }
  p.low = std::max(p.low, low);
  p.oldest_low = std::min(p.oldest_low, oldest_low);
  p.high = std::max(p.high, high);
  if (oldest_high < std::max(low, p.next)) p.asked = true;
  settle(ref, now);
}

std::optional<Job> Scheduler::next_job(TimeMs now) {
  if (ready_.size == 0 || !throttle_.may_start(running_, now)) return std::nullopt;
  const PartitionRef ref = ready_.head;
  PartitionState& p = partitions_[ref];
  place(ref, Place::kRunning, now);
  ++running_;

  Job job;
  job.partition = ref;
  job.sink_epoch = epoch_;
  job.generation = throttle_.start();
  if (p.gap_pending) {
    job.kind = JobKind::kRecordGap;
    job.range = {p.next, p.gap_last};
  } else if (p.needs_discovery(epoch_)) {
    job.kind = JobKind::kDiscover;
    job.check_older = p.next == kNoLsn;
    job.range = {job.check_older ? p.oldest_low : p.next, p.high};
  } else {
    assert(p.next >= p.low && p.next <= p.high);
    const std::optional<Range> existing = p.found ? p.found->holding(p.next) : std::nullopt;
    job.kind = existing ? JobKind::kVerify : JobKind::kArchive;
    job.range = existing.value_or(Range{p.next, p.next});
  }
  return job;
}

void Scheduler::job_finished(const Job& job, const JobResult& result, TimeMs now) {
  PartitionState& p = partitions_[job.partition];
  assert(p.place == Place::kRunning && running_ > 0);
  --running_;
  const bool own_failure = report_to_throttle(p, job, result, now);
  switch (result.outcome) {
    case Outcome::kDone:
      if (job.kind == JobKind::kDiscover) {
        discovered(p, job, result);
      } else {
        progressed(job.partition, job);
      }
      break;
    case Outcome::kMissing:
      if (job.kind == JobKind::kVerify) {
        progressed(job.partition, job);  // archived, and the host no longer has it
      } else {
        failed(job.partition, job, result, now);
      }
      break;
    case Outcome::kEntryFailed:
      failed(job.partition, job, result, now);
      break;
    case Outcome::kObjectFailed:
      // What the old sink refuses is of no interest after a swap.
      if (job.sink_epoch == epoch_) failed(job.partition, job, result, now);
      break;
    case Outcome::kSinkThrottled:
    case Outcome::kSinkFailed:
      if (own_failure) failed(job.partition, job, result, now);
      break;
    case Outcome::kCancelled:
      break;
  }
  if (p.place == Place::kRunning) place(job.partition, Place::kReady, now);
  settle(job.partition, now);
}

std::optional<Ack> Scheduler::next_ack() {
  if (acks_.empty()) return std::nullopt;
  const PartitionRef ref = acks_.front();
  acks_.pop_front();
  PartitionState& p = partitions_[ref];
  p.ack = AckPhase::kRunning;
  p.asked = false;
  ++acks_running_;
  return Ack{ref, p.position()};
}

void Scheduler::ack_finished(const Ack& ack, bool ok, TimeMs now) {
  PartitionState& p = partitions_[ack.partition];
  assert(p.ack == AckPhase::kRunning && acks_running_ > 0);
  --acks_running_;
  if (ok) {
    p.ack = AckPhase::kNone;
    p.acked = std::max(p.acked, ack.lsn);
    p.ack_backoff.succeed();
  } else {
    p.ack = AckPhase::kBackingOff;
    p.asked = true;  // also when the position was a repetition
    p.ack_due = now + p.ack_backoff.fail(config_.retry, jitter_);
    timers_.insert({p.ack_due, ack.partition, true});
  }
  settle(ack.partition, now);
}

void Scheduler::sink_swapped(TimeMs now) {
  ++epoch_;
  if (throttle_.state() != Throttle::State::kClosed) events_.push_back({EventKind::kSinkUp, 0, {}, 0});
  throttle_.reset();
  // What failed on the old sink deserves a fresh try on the new one.
  std::vector<PartitionRef> waiting;
  for (const Timer& timer : timers_) {
    if (!timer.is_ack) waiting.push_back(timer.partition);
  }
  for (const PartitionRef ref : waiting) {
    partitions_[ref].backoff = Backoff();
    place(ref, Place::kReady, now);
  }
}

void Scheduler::tick(TimeMs now) {
  throttle_.tick(now);
  while (!timers_.empty() && timers_.begin()->due <= now) {
    const Timer timer = *timers_.begin();
    if (timer.is_ack) {
      timers_.erase(timers_.begin());
      partitions_[timer.partition].ack = AckPhase::kNone;
      want_ack(timer.partition);
    } else {
      place(timer.partition, Place::kReady, now);
    }
  }
  forget_idle(now);
}

TimeMs Scheduler::wake_at() const {
  TimeMs at = kNever;
  if (!timers_.empty()) at = timers_.begin()->due;
  if (ready_.size > 0 && throttle_.state() == Throttle::State::kOpen)
    at = std::min(at, throttle_.open_until());
  if (dormant_.size > 0) at = std::min(at, partitions_[dormant_.head].since + config_.partition_idle_ms);
  return at;
}

bool Scheduler::has_command(TimeMs now) const {
  return !acks_.empty() || (ready_.size > 0 && throttle_.may_start(running_, now));
}

bool Scheduler::idle() const {
  return running_ == 0 && acks_running_ == 0 && ready_.size == 0 && acks_.empty() && timers_.empty();
}

// ---- One partition ------------------------------------------------------------------------------

void Scheduler::settle(PartitionRef ref, TimeMs now) {
  PartitionState& p = partitions_[ref];
  // A gap is found only between jobs: the one in flight may still archive what lies before it.
  const bool moved = p.place != Place::kRunning && find_gap(ref);
  if (p.next != kNoLsn) {
    const bool answerable = p.asked && !p.gap_pending && p.next >= p.low;
    if (p.position() > p.acked || answerable) want_ack(ref);
  }
  if (p.place == Place::kRunning) return;
  if (!p.has_work()) {
    if (p.place != Place::kDormant) place(ref, Place::kDormant, now);
  } else if (p.place == Place::kDormant || (p.place == Place::kBackingOff && moved)) {
    place(ref, Place::kReady, now);
  }
}

// Entries in next..low-1 can no longer be archived. Those that discovery found in the archive are passed;
// the first run of others becomes a gap, to be recorded. True if the partition moved.
bool Scheduler::find_gap(PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  const Lsn before = p.next;
  while (p.next != kNoLsn && p.next < p.low && !p.gap_pending && !p.needs_discovery(epoch_)) {
    const FoundArchives* found = p.found.get();
    const bool refuted = p.next <= p.refuted;
    if (const auto existing = found && !refuted ? found->holding(p.next) : std::nullopt) {
      // From low on the host still has what it can be compared with.
      advance(p, std::min({existing->last, found->until(), p.low - 1}) + 1);
      continue;
    }
    p.gap_pending = true;
    p.gap_last = p.low - 1;
    if (found != nullptr) {
      const Lsn held = found->next_held_after(std::max(p.next, p.refuted));
      if (held != kNoLsn) p.gap_last = std::min(p.gap_last, held - 1);
      const bool cut = found->through() < found->until() && p.next <= found->through();
      if (cut) p.gap_last = std::min(p.gap_last, found->through());
    }
    events_.push_back({EventKind::kGap, ref, {p.next, p.gap_last}, 0});
    return true;
  }
  return p.next != before;
}

void Scheduler::place(PartitionRef ref, Place to, TimeMs now) {
  PartitionState& p = partitions_[ref];
  switch (p.place) {
    case Place::kReady:
      remove(ready_, ref);
      break;
    case Place::kDormant:
      remove(dormant_, ref);
      break;
    case Place::kBackingOff:
      timers_.erase({p.since, ref, false});
      break;
    case Place::kRunning:
    case Place::kUnknown:
      break;
  }
  p.place = to;
  if (to == Place::kReady) push_back(ready_, ref);
  if (to == Place::kDormant) {
    p.since = now;
    push_back(dormant_, ref);
  }
}

void Scheduler::want_ack(PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  if (p.ack != AckPhase::kNone) return;
  p.ack = AckPhase::kQueued;
  acks_.push_back(ref);
}

void Scheduler::forget_idle(TimeMs now) {
  while (dormant_.size > 0) {
    const PartitionRef ref = dormant_.head;
    PartitionState& p = partitions_[ref];
    if (p.since + TimeMs{config_.partition_idle_ms} > now) return;
    if (p.ack != AckPhase::kNone) {
      place(ref, Place::kDormant, now);  // the host has still to hear of it
      continue;
    }
    remove(dormant_, ref);
    p = PartitionState();
    forgotten_.push_back(ref);
  }
}

// ---- Results ------------------------------------------------------------------------------------

void Scheduler::discovered(PartitionState& p, const Job& job, const JobResult& result) {
  if (job.sink_epoch != epoch_) return;  // the sink was swapped meanwhile: look at the new one
  if (job.check_older && p.oldest_low < job.range.first) return;  // an older one came late: look again
  if (p.epoch != epoch_) p.refuted = kNoLsn;
  p.epoch = epoch_;
  p.look_again = false;
  if (p.next == kNoLsn) {
    p.next = result.gap ? result.gap->first : job.range.first;
    p.acked = p.next - 1;
  }
  p.found.reset();
  // An answer that knows nothing of the first LSN asked for would be asked for again without end.
  const Lsn through = result.complete_through < job.range.first ? job.range.last : result.complete_through;
  if (!result.archives.empty() || through < job.range.last) {
    p.found = std::make_unique<FoundArchives>(result.archives, through, job.range.last);
  }
}

void Scheduler::progressed(PartitionRef ref, const Job& job) {
  PartitionState& p = partitions_[ref];
  if (job.kind == JobKind::kRecordGap) p.gap_pending = false;
  Lsn last = job.range.last;
  if (job.kind == JobKind::kVerify) {
    // What an archive holds above the high of discovery proves nothing: the host may have gone back in time.
    assert(p.found != nullptr);
    last = std::min(last, p.found->until());
  }
  advance(p, last + 1);
  p.attempts = 0;
  p.backoff.succeed();
  if (p.raised != Raised::kNone) {
    p.raised = Raised::kNone;
    events_.push_back({EventKind::kRecovered, ref, job.range, 0});
  }
}

void Scheduler::failed(PartitionRef ref, const Job& job, const JobResult& result, TimeMs now) {
  PartitionState& p = partitions_[ref];
  if (result.conflict && job.sink_epoch == epoch_) p.refuted = job.range.last;
  const bool is_entry = job.kind == JobKind::kArchive || job.kind == JobKind::kVerify;
  if (is_entry && p.low > job.range.last) return;  // gone anyway: a gap, not a failure
  ++p.attempts;
  const bool longest = result.outcome == Outcome::kObjectFailed;
  const uint32_t delay_ms =
      longest ? p.backoff.fail_longest(config_.retry, jitter_) : p.backoff.fail(config_.retry, jitter_);
  if (result.conflict && p.raised != Raised::kConflict) {
    p.raised = Raised::kConflict;
    events_.push_back({EventKind::kConflict, ref, job.range, p.attempts});
  } else if (p.raised == Raised::kNone) {
    p.raised = Raised::kFailing;
    events_.push_back({EventKind::kFailing, ref, job.range, p.attempts});
  }
  // An archive that was there and cannot be read now: look anew what is there.
  if (job.kind == JobKind::kVerify && longest && !result.conflict) p.look_again = true;
  place(ref, Place::kBackingOff, now);
  p.since = now + delay_ms;
  timers_.insert({p.since, ref, false});
}

void Scheduler::advance(PartitionState& p, Lsn next) {
  assert(next > p.next);
  p.next = next;
  if (p.found && next > p.found->until()) p.found.reset();
  if (next > p.mark) {
    p.mark = p.high;
    p.waiting_since = p.later_since;
  }
}

bool Scheduler::report_to_throttle(PartitionState& p, const Job& job, const JobResult& result, TimeMs now) {
  if (job.sink_epoch != epoch_) return false;
  Throttle::Change change = Throttle::Change::kNone;
  switch (result.outcome) {
    case Outcome::kDone:
    case Outcome::kObjectFailed:  // refused, but by a sink that answers
      change = throttle_.succeeded(job.generation);
      if (result.outcome == Outcome::kDone) p.sink_failed = false;
      ++successes_;
      break;
    case Outcome::kMissing:
    case Outcome::kEntryFailed:
    case Outcome::kCancelled:
      throttle_.inconclusive(job.generation);
      break;
    case Outcome::kSinkThrottled:
      change = throttle_.throttled(job.generation, result.retry_after_ms, now, jitter_);
      break;
    case Outcome::kSinkFailed:
      if (p.sink_failed && p.sink_mark != successes_) {
        p.sink_mark = successes_;
        throttle_.inconclusive(job.generation);
        return true;
      }
      p.sink_failed = true;
      p.sink_mark = successes_;
      change = throttle_.failed(job.generation, result.retry_after_ms, now, jitter_);
      break;
  }
  if (change == Throttle::Change::kOpened) events_.push_back({EventKind::kSinkDown, 0, {}, 0});
  if (change == Throttle::Change::kClosed) events_.push_back({EventKind::kSinkUp, 0, {}, 0});
  return false;
}

// ---- Lists and numbers --------------------------------------------------------------------------

void Scheduler::push_back(List& list, PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  p.prev_ref = list.tail;
  p.next_ref = kNoPartition;
  if (list.tail == kNoPartition) {
    list.head = ref;
  } else {
    partitions_[list.tail].next_ref = ref;
  }
  list.tail = ref;
  ++list.size;
}

void Scheduler::remove(List& list, PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  (p.prev_ref == kNoPartition ? list.head : partitions_[p.prev_ref].next_ref) = p.next_ref;
  (p.next_ref == kNoPartition ? list.tail : partitions_[p.next_ref].prev_ref) = p.prev_ref;
  p.prev_ref = p.next_ref = kNoPartition;
  --list.size;
}

Snapshot Scheduler::snapshot(TimeMs now) const {
  Snapshot s;
  s.partitions_dormant = dormant_.size;
  s.queue_depth = ready_.size;
  s.jobs_running = running_;
  s.concurrency_limit = throttle_.limit();
  s.breaker = throttle_.state();
  s.breaker_level = throttle_.level();
  for (const PartitionState& p : partitions_) {
    if (p.place == Place::kUnknown || p.place == Place::kDormant) continue;
    ++(p.place == Place::kBackingOff ? s.partitions_backing_off : s.partitions_active);
    const Lsn next = std::max(p.next, p.low);
    if (next > p.high) continue;
    s.entries_waiting += p.high - next + 1;
    s.oldest_waiting_ms = std::max(s.oldest_waiting_ms, now - p.waiting_since);
  }
  return s;
}

}  // namespace tidemark::core
