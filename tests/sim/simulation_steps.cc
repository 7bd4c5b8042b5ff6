// The single things that happen in a run, to the host, to the workers and to time.
#include <algorithm>

#include "number.h"
#include "simulation.h"
#include "violation.h"

namespace tidemark::sim {

using core::Job;
using core::JobKind;
using core::JobResult;
using core::Outcome;

namespace {

constexpr size_t kMostSinks = 4;
constexpr size_t kRemembered = 6;  // notifications that may come again

const char* name(JobKind kind) {
  constexpr const char* kNames[] = {"discover", "archive", "verify", "record gap"};
  return kNames[static_cast<size_t>(kind)];
}

const char* name(Outcome outcome) {
  constexpr const char* kNames[] = {"done",           "missing",     "entry failed", "object failed",
                                    "sink throttled", "sink failed", "cancelled",    "deferred"};
  return kNames[static_cast<size_t>(outcome)];
}

}  // namespace

void Simulation::random_step() {
  const uint64_t dice = random_.below(1000);
  if (dice < 250) {
    host_step(random_.below(driven_.size()));
  } else if (dice < 450) {
    deliver(random_.below(driven_.size()), random_.between(1, 3));
  } else if (dice < 850) {
    worker_step();
  } else if (dice < 985) {
    time_step();
  } else if (dice < 992) {
    swap_sink(false);
  } else if (random_.chance(restart_chance_)) {
    end_run();
  } else if (random_.chance(20)) {
    broken_all_ = !broken_all_;
    trace("the sink %s", broken_all_ ? "breaks" : "works again");
  }
}

// ---- The host -----------------------------------------------------------------------------------

void Simulation::host_step(size_t partition) {
  FakeLog& log = world_.logs[partition];
  const uint64_t dice = random_.below(100);
  const auto& ref = driven_[partition].ref;
  if (ref && model_->at(*ref).raised == core::Raised::kConflict && random_.chance(rates_.give_up)) {
    give_up(partition);
  } else if (dice < 50) {
    log.commit(random_.between(1, 3));
    if (random_.chance(90)) notify(partition);
  } else if (dice < 70) {
    if (log.acked() >= log.low())
      log.lose_through(random_.between(log.low(), std::min(log.acked(), log.high())));
    if (random_.chance(50)) notify(partition);
  } else if (dice < 76) {
    log.lose_through(log.high() + random_.below(5));  // all of it, perhaps more than there ever was
    if (random_.chance(50)) log.commit(random_.between(1, 3));
    notify(partition);
  } else if (dice < 78) {
    // Says that entries are gone which turn up again.
    driven_[partition].pending.push_back({log.low() + random_.below(log.high() + 2 - log.low()), log.high()});
  } else if (dice < 81) {
    if (log.low() <= log.high()) log.lose_through(random_.between(log.low(), log.high()));
    notify(partition);
  } else if (dice < 88) {
    if (log.low() <= log.high()) {
      const TimeMs until =
          random_.chance(20) ? core::kNever : now_ + static_cast<TimeMs>(random_.below(20'000));
      log.hide(random_.between(log.low(), log.high()), until);
    }
  } else if (!driven_[partition].sent.empty()) {
    const auto& sent = driven_[partition].sent;
    driven_[partition].pending.push_back(sent[random_.below(sent.size())]);
  } else {
    notify(partition);
  }
}

void Simulation::notify(size_t partition) {
  const FakeLog& log = world_.logs[partition];
  driven_[partition].pending.push_back({log.low(), log.high()});
}

// Notifications arrive in any order; some are merged on the way, as the runtime does it.
void Simulation::deliver(size_t partition, size_t at_most) {
  Driven& driven = driven_[partition];
  if (driven.pending.empty()) return;
  core::Notice merged{0, 0, ~Lsn{0}, ~Lsn{0}};
  for (; at_most > 0 && !driven.pending.empty(); --at_most) {
    const size_t i = random_.below(driven.pending.size());
    const Note note = driven.pending[i];
    driven.pending.erase(driven.pending.begin() + static_cast<ptrdiff_t>(i));
    merged.merge({note.low, note.high, note.low, note.high});
    for (Lsn lsn = note.low; lsn <= note.high; ++lsn) {
      if (driven.notified.insert(lsn).second && lsn <= driven.promised) driven.behind.insert(lsn);
      // Another said that it is gone.
      if (lsn < driven.low) driven.late.insert(lsn);
    }
    driven.low = std::max(driven.low, note.low);
    // What lies in a gap is there after all, says this one.
    if (note.low <= note.high)
      driven.late.insert(driven.raised.lower_bound(note.low), driven.raised.upper_bound(note.high));
    driven.sent.push_back(note);
    if (driven.sent.size() > kRemembered) driven.sent.erase(driven.sent.begin());
  }
  const PartitionRef ref = ref_of(partition);
  trace("notify partition %zu ref %u [%llu,%llu] oldest [%llu,%llu]", partition, ref, number(merged.low),
        number(merged.high), number(merged.oldest_low), number(merged.oldest_high));
  model_->notified(ref, merged, now_);
  partitions_->ensure(ref);
  scheduler_->notified(ref, merged, now_);
  after_step();
}

PartitionRef Simulation::ref_of(size_t partition) {
  Driven& driven = driven_[partition];
  if (driven.ref) return *driven.ref;
  if (!free_refs_.empty()) {
    const size_t i = random_.below(free_refs_.size());
    driven.ref = free_refs_[i];
    free_refs_.erase(free_refs_.begin() + static_cast<ptrdiff_t>(i));
  } else {
    driven.ref = refs_++;
  }
  model_->begin(*driven.ref, partition);
  return *driven.ref;
}

// ---- The workers --------------------------------------------------------------------------------

void Simulation::worker_step() {
  const uint64_t dice = random_.below(100);
  if (!undelivered_.empty() && !random_.chance(rates_.event)) deliver_event();
  if (dice < 35) {
    start_jobs(random_.between(1, config_.workers + 1));
  } else if (dice < 65) {
    if (!flights_.empty()) end_job(random_.below(flights_.size()));
  } else if (dice < 85) {
    give_ack();
  } else if (!acks_.empty()) {
    end_ack(random_.below(acks_.size()));
  }
}

void Simulation::start_jobs(size_t at_most) {
  for (; at_most > 0; --at_most) {
    const bool promised = scheduler_->has_command(now_);
    const std::optional<Job> job = scheduler_->next_job(now_);
    require(promised || !job, "no job without has_command");
    if (!job) return;
    ++stats_.jobs;
    model_->job_started(*job, now_);
    const size_t sink = sink_of_number_[job->sink_number];
    Flight flight{*job, model_->at(job->partition).partition, sink, world_.sinks[sink].puts(), std::nullopt};
    trace("start %s partition %zu [%llu,%llu] sink_number %u", name(job->kind), flight.partition,
          number(job->range.first), number(job->range.last), job->sink_number);
    if (random_.chance(50)) flight.early = execute(flight);
    flights_.push_back(std::move(flight));
    after_step();
  }
}

JobResult Simulation::execute(const Flight& flight) {
  JobResult result = world_.execute(flight.partition, flight.sink, flight.job, now_);
  if (flight.job.late && flight.job.kind != JobKind::kDiscover) {
    // Looked for, and archived, or not there, or known to be other than what is there.
    const Lsn first = flight.job.kind == JobKind::kVerify ? flight.job.part.first : flight.job.range.first;
    std::set<Lsn>& late = driven_[flight.partition].late;
    for (Lsn lsn = first; lsn <= std::max(first, result.through); ++lsn) late.erase(lsn);
  }
  if (flight.job.kind == JobKind::kArchive) {
    result.size_bytes = random_.below(config_.bytes_per_second * 3 + 1);
    result.fitting_entries = static_cast<uint32_t>(random_.below(2 * uint64_t{config_.batch_entries}));
    if (result.outcome == Outcome::kDone) result.put_us = put_us();
  } else if (flight.job.kind == JobKind::kVerify && result.outcome == Outcome::kDone) {
    for (Lsn lsn = flight.job.part.first; lsn <= result.through; ++lsn) {
      if (world_.logs[flight.partition].read(lsn, now_) == kNoContent)
        driven_[flight.partition].unverifiable.insert(lsn);
    }
  }
  return result;
}

// A slow sink has times when it is much slower.
uint64_t Simulation::put_us() {
  if (random_.chance(20)) slow_now_ = slow_puts_ && !slow_now_;
  return 1 + random_.below((slow_now_ ? 50 : 1) * core::LatencyTrend::kQuickUs);
}

JobResult Simulation::outcome(Flight& flight) {
  const auto ended = [&] { return flight.early ? *flight.early : execute(flight); };
  if (gentle_) return ended();
  const bool entry_job = flight.job.kind == JobKind::kArchive || flight.job.kind == JobKind::kVerify;
  JobResult fault;
  fault.retry_after_ms =
      random_.chance(80) ? 0 : static_cast<uint32_t>(random_.below(2 * config_.retry.max_ms));
  if (flight.job.kind == JobKind::kVerify && random_.chance(rates_.deferred)) {
    fault.outcome = Outcome::kDeferred;
    fault.retry_after_ms = static_cast<uint32_t>(random_.below(config_.retry.max_ms));
  } else if (broken_all_ || (driven_[flight.partition].broken_sink && random_.chance(80)) ||
             random_.chance(rates_.sink)) {
    fault.outcome = Outcome::kSinkFailed;
  } else if (random_.chance(rates_.lost)) {
    fault.through = ended().through;  // done, but the answer is lost
    fault.outcome = Outcome::kSinkFailed;
  } else if (random_.chance(rates_.throttled)) {
    fault.outcome = Outcome::kSinkThrottled;
  } else if (random_.chance(rates_.object)) {
    fault.outcome = Outcome::kObjectFailed;
  } else if (entry_job && random_.chance(rates_.entry)) {
    fault.outcome = Outcome::kEntryFailed;
  } else {
    return ended();
  }
  return fault;
}

void Simulation::end_job(size_t which) {
  Flight flight = std::move(flights_[which]);
  flights_.erase(flights_.begin() + static_cast<ptrdiff_t>(which));
  JobResult result;
  if (stopping_ && random_.chance(50)) {
    result.outcome = Outcome::kCancelled;
  } else {
    result = outcome(flight);
  }
  trace("end %s partition %zu [%llu,%llu]: %s%s", name(flight.job.kind), flight.partition,
        number(flight.job.range.first), number(result.through), name(result.outcome),
        result.conflict ? ", conflict" : "");
  // Who sees other content has asked for the object, too.
  if ((result.outcome == Outcome::kDone || result.conflict) && flight.job.kind != JobKind::kDiscover) {
    Range range = flight.job.range;
    if (flight.job.kind == JobKind::kArchive && result.through != kNoLsn) range.last = result.through;
    world_.sinks[flight.sink].answered(flight.partition, range, flight.puts_before);
  }
  for (const core::Found& archive : result.archives)
    trace("  holds [%llu,%llu]", number(archive.name.first), number(archive.name.last));
  if (result.gap) trace("  hole [%llu,%llu]", number(result.gap->first), number(result.gap->last));
  model_->job_finished(flight.job, result, now_);
  if (flight.job.late) late_ended(flight, result);
  scheduler_->job_finished(flight.job, result, now_);
  after_step();
}

// The host's callback has returned.
void Simulation::deliver_event() {
  const core::Event event = undelivered_.front();
  undelivered_.pop_front();
  if (event.kind == core::EventKind::kGap) {
    Driven& driven = driven_[model_->at(event.partition).partition];
    trace("told of gap ref %u [%llu,%llu]", event.partition, number(event.range.first),
          number(event.range.last));
    for (Lsn lsn = event.range.first; lsn <= event.range.last; ++lsn) driven.gaps.insert(lsn);
  }
  model_->delivered(event);
  scheduler_->event_delivered(event, now_);
  after_step();
}

void Simulation::late_ended(const Flight& flight, const JobResult& result) {
  Driven& driven = driven_[flight.partition];
  if (const auto given_up = model_->at(flight.job.partition).given_up) {
    for (Lsn lsn = given_up->first; lsn <= given_up->last; ++lsn) driven.late.erase(lsn);
  }
  if (result.outcome != Outcome::kDone || flight.job.kind == JobKind::kDiscover) return;
  if (flight.job.kind == JobKind::kArchive) ++stats_.late;
  // It is no gap any more, whatever is notified.
  const Lsn first = flight.job.kind == JobKind::kVerify ? flight.job.part.first : flight.job.range.first;
  for (Lsn lsn = first; lsn <= result.through; ++lsn) {
    driven.late.erase(lsn);
    driven.raised.erase(lsn);
  }
}

void Simulation::give_ack() {
  const bool promised = scheduler_->has_command(now_);
  const std::optional<core::Ack> ack = scheduler_->next_ack();
  require(promised || !ack, "no acknowledgement without has_command");
  if (!ack) return;
  ++stats_.acks;
  model_->ack_given(*ack);
  const size_t partition = model_->at(ack->partition).partition;
  trace("acknowledge partition %zu %llu", partition, number(ack->lsn));
  keep_promise(partition, ack->lsn);
  acks_.push_back(*ack);
  after_step();
}

void Simulation::end_ack(size_t which) {
  const core::Ack ack = acks_[which];
  acks_.erase(acks_.begin() + static_cast<ptrdiff_t>(which));
  const bool ok = gentle_ || !random_.chance(rates_.ack);
  const size_t partition = model_->at(ack.partition).partition;
  trace("acknowledged partition %zu %llu: %s", partition, number(ack.lsn), ok ? "taken" : "failed");
  if (ok || random_.chance(30)) world_.logs[partition].acknowledge(ack.lsn);
  model_->ack_finished(ack, ok);
  scheduler_->ack_finished(ack, ok, now_);
  after_step();
}

// ---- Time and sinks -----------------------------------------------------------------------------

void Simulation::swap_sink(bool fresh) {
  if (fresh || (world_.sinks.size() < kMostSinks && random_.chance(50))) {
    world_.sinks.emplace_back(driven_.size());
    sink_ = world_.sinks.size() - 1;
  } else {
    sink_ = random_.below(world_.sinks.size());
  }
  ++stats_.swaps;
  trace("swap to sink %zu", sink_);
  sink_of_number_.push_back(sink_);
  scheduler_->sink_swapped(now_);
  model_->swapped(scheduler_->sink_number());
  after_step();
}

void Simulation::time_step() {
  const uint64_t dice = random_.below(100);
  if (dice < 40) {
    now_ += static_cast<TimeMs>(random_.below(20));
  } else if (dice < 80) {
    const TimeMs wake_at = scheduler_->wake_at();
    if (wake_at != core::kNever) now_ = std::max(now_, wake_at);
  } else if (dice < 90) {
    now_ += static_cast<TimeMs>(random_.below(2 * config_.retry.max_ms + 10));
  } else if (dice < 93) {
    now_ += static_cast<TimeMs>(random_.below(20'000'000));  // the machine slept
  }
  if (random_.chance(90)) tick();
}

void Simulation::tick() {
  trace("tick");
  scheduler_->tick(now_);
  after_step();
  // Also when there is a command: every worker may be busy, and nobody may wait in a loop.
  require(scheduler_->wake_at() > now_, "a tick leaves nothing overdue");
}

}  // namespace tidemark::sim
