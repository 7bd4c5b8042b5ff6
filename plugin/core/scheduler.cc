#include "core/scheduler.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <span>

namespace tidemark::core {
namespace {

// More than one input needs: what is bounded for a partition, several times.
constexpr size_t kStepBytes = 64 << 10;
constexpr size_t kBytesPerRange = 160;  // of a job's result, sorted and kept
constexpr int kMostAtOnce = 256;        // delays that end, partitions that are forgotten

}  // namespace

Scheduler::Scheduler(const SchedulerConfig& config, PartitionTable& partitions)
    : config_(config),
      jitter_(config.seed),
      throttle_(config.workers, config.retry),
      rate_(config.bytes_per_second),
      partitions_(partitions),
      reserve_(partitions.reserve()),
      timers_(&reserve_),
      storage_timers_(&reserve_),
      events_(&reserve_),
      forgotten_(&reserve_) {
  assert(config.partition_inflight <= std::numeric_limits<decltype(PartitionState::jobs)>::max());
  assert(config.workers > 0 && config.partition_inflight > 0 && config.batch_entries > 0);
  prepare();
}

void Scheduler::prepare(const JobResult* result) {
  const size_t ranges = result == nullptr ? 0 : result->archives.size() + result->known_gaps.size();
  if (spare_window_ == nullptr) {
    spare_window_ = std::make_unique<Window>(config_.batch_entries, config_.partition_inflight, &reserve_);
  }
  if (spare_gaps_ == nullptr) spare_gaps_ = std::make_unique<Gaps>(&reserve_);
  if (spare_found_ == nullptr) {
    spare_found_ = std::make_unique<FoundArchives>(std::span<const Found>(), kNoLsn, kNoLsn, kNoLsn);
  }
  reserve_.ensure(kStepBytes + ranges * kBytesPerRange);
}

// Notified and not archived.
uint64_t Scheduler::entries_waiting(const PartitionState& p) const {
  if (!p.waits()) return 0;
  return p.high - std::max(p.next, p.low) + 1 - (p.window ? p.window->archived_entries() : 0);
}

void Scheduler::notified(PartitionRef ref, const Notice& notice, TimeMs now, StorageRef storage) {
  const auto [low, high, oldest_low, oldest_high] = notice;
  assert(low > kNoLsn && high + 1 >= low);
  assert(oldest_low > kNoLsn && oldest_low <= low && oldest_high <= high);
  prepare();
  know_storage(storage);
  if (config_.lineage && begun_.size() <= ref) begun_.resize(size_t{ref} + 1, kNoLsn);
  PartitionState& p = partitions_[ref];
  const Recount recount(*this, p);
  if (p.place == Place::kUnknown) {
    p.storage = storage;
    if (config_.lineage) begun_[ref] = kNoLsn;
    p.low = low;
    p.high = high;
    p.oldest_low = oldest_low;
    p.mark = high;
    p.waiting_since = p.later_since = now;
    p.sink_number = sink_number_;
    p.asked = oldest_high < low;
    if (oldest_low < low) claim(p, {oldest_low, std::min(high, low - 1)});
    place(ref, is_claimed(p) ? Place::kReady : Place::kWaiting, now);
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
  if (low > p.low) p.listed = kNoLsn;
  p.low = std::max(p.low, low);
  p.high = std::max(p.high, high);
  if (oldest_low < p.low) claim(p, {oldest_low, std::min(high, p.low - 1)});
  if (const Lsn end = std::min(p.oldest_low, p.next); oldest_low < end)
    gaps(p).owe({oldest_low, end - 1}, sink_number_);
  p.oldest_low = std::min(p.oldest_low, oldest_low);
  if (oldest_high < std::max(low, p.next)) p.asked = true;
  settle(ref, now);
}

std::optional<Job> Scheduler::next_job(TimeMs now) {
  if (!has_job() || !may_start(now)) return std::nullopt;
  prepare();
  std::optional<Job> job;
  const bool is_of_storage = is_storages_turn();
  const PartitionRef ref = ready_.head;
  if (is_of_storage) {
    job = next_storage_job();
  } else {
    job = plan(ref);
    assert(job.has_value());
    job->storage = partitions_[ref].storage;
    if (job->kind != JobKind::kVerify && !job->fill) job->epoch = own_epoch(partitions_[ref]);
    if (job->kind == JobKind::kArchive && !job->fill) job->begun = begun_before(ref, job->range.first);
    if (job->kind == JobKind::kDiscover && !job->late) job->untouched = is_untouched(partitions_[ref]);
  }
  job->sink_number = sink_number_;
  job->generation = throttle_.start();
  job->expected_bytes = rate_.start(now);
  ++running_;
  if (is_of_storage) return job;
  PartitionState& p = partitions_[ref];
  ++p.jobs;
  p.exclusive = job->late || job->fill || job->kind != JobKind::kArchive;
  if (job->late) p.gaps->started(job->kind == JobKind::kVerify ? job->part : job->range);
  if (!p.exclusive && (p.window != nullptr || config_.partition_inflight > 1)) window(p).started(job->range);
  const bool is_put = job->kind == JobKind::kArchive && !job->fill;
  if (is_put && !job->late && adopts(p)) begin(job->partition, p.next);
  if (is_put || job->kind == JobKind::kRecordGap) p.was_put = true;
  place(ref, rightful_place(ref), now);
  return job;
}

void Scheduler::job_finished(const Job& job, const JobResult& result, TimeMs now) {
  prepare(&result);
  if (job.kind == JobKind::kClaim || job.kind == JobKind::kWatch)
    return storage_job_finished(job, result, now);
  PartitionState& p = partitions_[job.partition];
  const Recount recount(*this, p);
  assert(p.jobs > 0 && running_ > 0);
  const bool own_failure = report_to_throttle(p, job, result, now);
  rate_.finished(job.expected_bytes, result.size_bytes, now);
  --running_;
  --p.jobs;
  p.exclusive = false;
  if (job.late) {
    late_finished(job, result, own_failure, now);
    settle(job.partition, now);
    return;
  }
  if (job.fill) {
    fill_finished(job, result, own_failure, now);
    settle(job.partition, now);
    return;
  }
  if (result.outcome != Outcome::kDone && job.kind == JobKind::kArchive && p.window)
    p.window->failed(job.range);
  switch (result.outcome) {
    case Outcome::kDone:
      if (job.kind == JobKind::kDiscover) {
        discovered(p, job, result);
      } else {
        progressed(job.partition, job, result);
      }
      break;
    case Outcome::kEntryFailed:
      if (result.through != kNoLsn) remember(p, job, result);
      [[fallthrough]];
    case Outcome::kMissing:
      if (p.sealed && p.jobs == 0 && job.sink_number == p.sink_number && job.range.first == p.next)
        return_to_sealed(p);
      else
        failed(job.partition, job, result, now);
      break;
    case Outcome::kObjectFailed:
      // What the old sink refuses is of no interest after a swap.
      if (job.kind == JobKind::kDiscover && result.superseded) {
        if (job.sink_number == sink_number_ && !is_superseded(p)) stop_writing(p.storage, now);
      } else if (job.sink_number == sink_number_ && !branch(job, result))
        failed(job.partition, job, result, now);
      break;
    case Outcome::kSinkThrottled:
    case Outcome::kSinkFailed:
      remember(p, job, result);
      if (own_failure) failed(job.partition, job, result, now);
      break;
    case Outcome::kDeferred:
      if (job.sink_number == sink_number_) defer(job.partition, result, now);
      break;
    case Outcome::kCancelled:
      break;
  }
  // A partition that has had its turn goes to the end; settle() puts it there.
  settle(job.partition, now);
}

std::optional<Ack> Scheduler::next_ack() {
  while (first_ack_ != kNoPartition) {
    const PartitionRef ref = first_ack_;
    PartitionState& p = partitions_[ref];
    first_ack_ = p.next_ack;
    if (first_ack_ == kNoPartition) last_ack_ = kNoPartition;
    if (!owes_ack(p)) {
      p.ack = AckPhase::kNone;  // what came since it was queued queues it again
      continue;
    }
    p.ack = AckPhase::kRunning;
    p.asked = false;
    ++acks_running_;
    return Ack{ref, p.position()};
  }
  return std::nullopt;
}

void Scheduler::ack_finished(const Ack& ack, bool ok, TimeMs now) {
  prepare();
  PartitionState& p = partitions_[ack.partition];
  const Recount recount(*this, p);
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
  prepare();
  ++sink_number_;
  sink_mark_ = ++successes_;
  if (throttle_.state() != Throttle::State::kClosed) events_.push_back({EventKind::kSinkUp, 0, {}, 0});
  events_.push_back({EventKind::kSinkChanged, 0, {}, 0});
  throttle_.reset();
  if (config_.lineage) storages_swapped();  // first: until its storage is claimed again no partition is ready
  // What failed on the old sink deserves a fresh try on the new one.
  const PartitionRef last_ready = ready_.tail;
  for (auto timer = timers_.begin(); timer != timers_.end();) {
    const auto [due, ref, is_ack] = *timer++;
    if (is_ack) continue;
    partitions_[ref].backoff = Backoff();
    place(ref, rightful_place(ref), now);
  }
  // And a partition with jobs in flight must let them end before it looks at the new one.
  PartitionRef next = last_ready == kNoPartition ? kNoPartition : ready_.head;
  for (bool is_last = false; next != kNoPartition && !is_last;) {
    const PartitionRef ref = next;
    next = partitions_[ref].next_ref;
    is_last = ref == last_ready;
    if (config_.lineage || partitions_[ref].jobs > 0) place(ref, rightful_place(ref), now);
  }
}

void Scheduler::tick(TimeMs now) {
  prepare();
  throttle_.tick(now);
  rate_.tick(now);
  tick_storages(now);
  for (int ended = 0; ended < kMostAtOnce && !timers_.empty() && timers_.begin()->due <= now; ++ended) {
    const Timer timer = *timers_.begin();
    if (timer.is_ack) {
      timers_.erase(timers_.begin());
      partitions_[timer.partition].ack = AckPhase::kNone;
      want_ack(timer.partition);
    } else {
      place(timer.partition, rightful_place(timer.partition), now);
    }
  }
  forget_idle(now);
}

TimeMs Scheduler::wake_at() const {
  TimeMs at = kNever;
  if (!timers_.empty()) at = timers_.begin()->due;
  if (!storage_timers_.empty()) at = std::min(at, storage_timers_.begin()->due);
  if (has_job() && throttle_.state() == Throttle::State::kOpen) at = std::min(at, throttle_.open_until());
  if (has_job()) at = std::min(at, rate_.ready_at());
  if (dormant_.size > 0)
    at = std::min(at, partitions_[dormant_.head].dormant_since + config_.partition_idle_ms);
  return at;
}

bool Scheduler::has_command(TimeMs now) const {
  return first_ack_ != kNoPartition || (has_job() && may_start(now));
}

bool Scheduler::idle() const {
  return running_ == 0 && acks_running_ == 0 && ready_.size == 0 && first_ack_ == kNoPartition &&
         timers_.empty() && unreported_ == 0 && claims_open_ == 0;
}

// ---- One partition ------------------------------------------------------------------------------

void Scheduler::settle(PartitionRef ref, TimeMs now) {
  PartitionState& p = partitions_[ref];
  find_lost(ref);
  // A gap is found only between jobs: those in flight may still archive what lies before it.
  const bool moved = p.next < p.low && p.jobs == 0 && find_gap(ref);
  if (p.window && p.window->empty()) p.window.reset();
  want_ack(ref);
  // What failed was looked up, passed or recorded, and nothing is left that could show it.
  const bool is_done = p.jobs == 0 && !p.has_work();
  if (is_done && p.raised == Raised::kFailing) recovered(ref, {p.next - 1, p.next - 1});
  const bool waits = p.place == Place::kBackingOff && !moved && p.has_work();
  const Place rightful = waits ? p.place : rightful_place(ref);
  if (rightful != p.place) place(ref, rightful, now);
  p.check();
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
    case Place::kKept:
      --kept_;
      break;
    case Place::kBackingOff:
      timers_.erase({p.retry_due, ref, false});
      --(p.deferred ? deferred_ : backing_off_);
      p.deferred = false;
      break;
    case Place::kRunning:
      --at_work_;
      break;
    case Place::kWaiting:
      remove(storages_[p.storage].waiting, ref);
      break;
    case Place::kUnknown:
      break;
  }
  p.place = to;
  if (to == Place::kBackingOff) ++backing_off_;
  if (to == Place::kRunning) ++at_work_;
  if (to == Place::kKept) ++kept_;
  if (to == Place::kReady) push_back(ready_, ref);
  if (to == Place::kWaiting) {
    push_back(storages_[p.storage].waiting, ref);
    want_claim(p.storage);
  }
  if (to == Place::kDormant) {
    p.dormant_since = now;
    push_back(dormant_, ref);
  }
}

void Scheduler::want_ack(PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  if (p.ack != AckPhase::kNone || !owes_ack(p)) return;
  p.ack = AckPhase::kQueued;
  p.next_ack = kNoPartition;
  (last_ack_ == kNoPartition ? first_ack_ : partitions_[last_ack_].next_ack) = ref;
  last_ack_ = ref;
}

bool Scheduler::owes_ack(const PartitionState& p) const {
  if (p.next == kNoLsn || p.owes_before_next() || is_superseded(p)) return false;
  const Lsn position = p.position();
  // A question waits until nothing holds the answer back.
  const bool answerable = p.asked && !p.unsure && !p.gap_pending && p.next >= p.low && position == p.next - 1;
  // Of what lies before low the host has nothing left, and it may know of more than this run has passed yet.
  return (position > p.acked && position + 1 >= p.low) || answerable;
}

void Scheduler::forget_idle(TimeMs now) {
  for (int looked_at = 0; looked_at < kMostAtOnce && dormant_.size > 0; ++looked_at) {
    const PartitionRef ref = dormant_.head;
    PartitionState& p = partitions_[ref];
    if (p.dormant_since + TimeMs{config_.partition_idle_ms} > now) return;
    if (p.ack != AckPhase::kNone || p.owes_report()) {
      place(ref, Place::kDormant, now);  // its event has still to be delivered
      continue;
    }
    if (p.gaps && p.gaps->has_any()) {
      place(ref, Place::kKept, now);  // an entry of a gap may be found; no gap is reported twice in a run
      continue;
    }
    remove(dormant_, ref);
    if (config_.lineage && p.was_put) storages_[p.storage].forgot_put = true;
    p = PartitionState();
    forgotten_.push_back(ref);
  }
}

// ---- Lists and numbers --------------------------------------------------------------------------

void Scheduler::push_back(PartitionList& list, PartitionRef ref) {
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

void Scheduler::remove(PartitionList& list, PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  (p.prev_ref == kNoPartition ? list.head : partitions_[p.prev_ref].next_ref) = p.next_ref;
  (p.next_ref == kNoPartition ? list.tail : partitions_[p.next_ref].prev_ref) = p.prev_ref;
  p.prev_ref = p.next_ref = kNoPartition;
  --list.size;
}

Snapshot Scheduler::snapshot(TimeMs now) const {
  Snapshot s;
  s.partitions_dormant = dormant_.size + kept_;
  s.queue_depth = ready_.size;
  s.jobs_running = running_;
  s.concurrency_limit = throttle_.limit();
  s.latency_ratio = throttle_.latency_ratio();
  s.rate_limited = ready_.size > 0 && !rate_.may_start(now);
  s.rate_debt_bytes = rate_.debt_bytes(now);
  s.breaker = throttle_.state();
  s.breaker_level = throttle_.level();
  s.partitions_backing_off = backing_off_;
  s.partitions_active = ready_.size + at_work_ + deferred_;
  s.entries_waiting = entries_waiting_;
  if (ages_.oldest() != kNever) s.oldest_waiting_ms = now - ages_.oldest();
  return s;
}

}  // namespace tidemark::core
