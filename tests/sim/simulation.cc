// The course of a run: turbulence, then peace, in which everything must come to its end.
#include "simulation.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "violation.h"

namespace tidemark::sim {

using core::Event;
using core::EventKind;

void RunStats::add(const RunStats& other) {
  steps += other.steps;
  jobs += other.jobs;
  acks += other.acks;
  gaps += other.gaps;
  gaps_again += other.gaps_again;
  late += other.late;
  owed += other.owed;
  conflicts += other.conflicts;
  breaker_trips += other.breaker_trips;
  swaps += other.swaps;
  runs += other.runs;
  forgotten += other.forgotten;
}

Simulation::Simulation(const RunOptions& options) : options_(options), random_(options.seed), now_(0) {}

RunStats Simulation::run() {
  draw_world();
  draw_rates();
  begin_run();
  turbulence();
  peace();
  final_word();
  return stats_;
}

void Simulation::turbulence() {
  const uint64_t drawn = random_.between(20, random_.chance(20) ? 800 : 250);
  const uint64_t steps = options_.steps.value_or(drawn);
  for (uint64_t i = 0; i < steps; ++i) random_step();
}

// ---- After every step ---------------------------------------------------------------------------

void Simulation::after_step() {
  ++stats_.steps;
  take_events();
  model_->check(*scheduler_, now_);
}

void Simulation::take_events() {
  for (const Event& event : scheduler_->events()) {
    constexpr const char* kNames[] = {"gap",       "conflict", "failing",     "recovered",
                                      "sink down", "sink up",  "sink changed"};
    trace("event %s ref %u [%llu,%llu]", kNames[static_cast<size_t>(event.kind)], event.partition,
          static_cast<unsigned long long>(event.range.first),
          static_cast<unsigned long long>(event.range.last));
    model_->raised(event);
    undelivered_.push_back(event);
    stats_.conflicts += event.kind == EventKind::kConflict;
    stats_.breaker_trips += event.kind == EventKind::kSinkDown;
    if (event.kind != EventKind::kGap) continue;
    ++(event.known ? stats_.gaps_again : stats_.gaps);
    const size_t partition = model_->at(event.partition).partition;
    require(event.range.first > world_.logs[partition].base(), "a gap is of entries that there ever were",
            event.partition, event.range.first);
    Driven& driven = driven_[partition];
    for (Lsn lsn = event.range.first; lsn <= event.range.last; ++lsn) driven.raised.insert(lsn);
  }
  scheduler_->events().clear();
  for (const PartitionRef ref : scheduler_->forgotten()) {
    trace("forgotten ref %u", ref);
    Driven& driven = driven_[model_->at(ref).partition];
    model_->forgotten(ref, now_);
    driven.ref.reset();
    driven.notified.clear();
    driven.behind.clear();
    driven.low = kNoLsn;
    driven.raised.clear();
    driven.gaps.clear();
    driven.late.clear();
    driven.unverifiable.clear();
    driven.promised = kNoLsn;
    free_refs_.push_back(ref);
    ++stats_.forgotten;
  }
  scheduler_->forgotten().clear();
}

// The promise of the ABI, taken literally, whatever the model believes.
void Simulation::keep_promise(size_t partition, Lsn acknowledged) {
  Driven& driven = driven_[partition];
  const FakeLog& log = world_.logs[partition];
  const auto in_a_sink = [&](Lsn lsn, std::optional<Content> content) {
    return std::ranges::any_of(world_.sinks, [&](const FakeSink& sink) {
      if (!sink.is_durable(partition, lsn)) return false;
      // A reader takes the first archive that holds the entry: no other may hide it.
      return content && one_truth_ ? sink.read(partition, lsn) == *content
                                   : sink.holds(partition, lsn, content);
    });
  };
  std::set<Lsn> covered = std::move(driven.behind);
  driven.behind.clear();
  covered.insert(driven.notified.upper_bound(driven.promised), driven.notified.upper_bound(acknowledged));
  for (const Lsn lsn : covered) {
    if (driven.gaps.contains(lsn)) {
      const bool recorded = std::ranges::any_of(
          world_.sinks, [&](const FakeSink& sink) { return sink.holds_gap(partition, lsn); });
      require(recorded, "an acknowledgement covers recorded gaps only", *driven.ref, lsn);
      continue;
    }
    const bool gone = lsn < driven.low || driven.unverifiable.contains(lsn);
    require(in_a_sink(lsn, log.last_content(lsn)) || (gone && in_a_sink(lsn, std::nullopt)),
            "what is acknowledged can be read back, also after a loss of power", *driven.ref, lsn);
  }
  std::erase_if(driven.late, [&](Lsn lsn) { return in_a_sink(lsn, std::nullopt); });
  require(driven.late.empty() || *driven.late.begin() > acknowledged,
          "an entry that turned up late is looked for before it may be pruned", *driven.ref, acknowledged);
  driven.promised = std::max(driven.promised, acknowledged);
  keep_promise_of_earlier_runs(partition, acknowledged);
}

// The same for what only an earlier run on this sink was told of, and died before it was archived.
void Simulation::keep_promise_of_earlier_runs(size_t partition, Lsn acknowledged) {
  if (sink_of_number_.size() > 1) return;
  std::set<Lsn>& owed = owed_[{partition, sink_}];
  const Driven& driven = driven_[partition];
  for (auto it = owed.begin(); it != owed.end() && *it <= acknowledged; it = owed.erase(it)) {
    if (world_.sinks[sink_].is_durable(partition, *it)) continue;
    ++stats_.owed;
    require(driven.gaps.contains(*it), "what an earlier run left out is reported", *driven.ref, *it);
  }
}

void Simulation::trace(const char* format, ...) {
  if (!options_.trace) return;
  std::printf("%8lld ms  ", static_cast<long long>(now_));
  va_list args;
  va_start(args, format);
  std::vprintf(format, args);
  va_end(args);
  std::printf("\n");
}

// ---- The end ------------------------------------------------------------------------------------

// Faults have ended, time runs on: whatever can be done gets done, and what cannot was reported.
void Simulation::peace() {
  trace("peace");
  gentle_ = true;
  for (size_t i = 0; i < driven_.size(); ++i) {
    world_.logs[i].unhide_all();
    if (driven_[i].ref || !driven_[i].pending.empty()) notify(i);
    while (!driven_[i].pending.empty()) deliver(i, random_.between(1, 3));
  }
  constexpr size_t kMostRounds = 20'000;
  for (size_t round = 0;; ++round) {
    require(round < kMostRounds, "everything comes to an end");
    drain();
    if (scheduler_->idle()) return;
    // A host that dawdles is heard at last, or all wait for it.
    if (!undelivered_.empty() && (scheduler_->wake_at() == core::kNever || random_.chance(5))) {
      deliver_event();
      continue;
    }
    if (round % 20 == 19) {
      rescue(round);
      if (scheduler_->has_command(now_)) continue;
    }
    check_time();
  }
}

void Simulation::drain() {
  for (bool moved = true; moved;) {
    moved = !flights_.empty() || !acks_.empty() || (!dawdles_ && !undelivered_.empty());
    start_jobs(config_.workers + 1);
    while (!flights_.empty()) end_job(random_.below(flights_.size()));
    while (!dawdles_ && !undelivered_.empty()) deliver_event();
    for (size_t before = acks_.size() + 1; acks_.size() != before;) {
      before = acks_.size();
      give_ack();
    }
    while (!acks_.empty()) end_ack(random_.below(acks_.size()));
    moved |= scheduler_->has_command(now_);
  }
}

// Nothing to do now: then wake_at says when, and there is something to do then.
void Simulation::check_time() {
  const TimeMs wake_at = scheduler_->wake_at();
  require(wake_at != core::kNever, "who waits is woken");
  now_ = std::max(now_, wake_at);
  const uint64_t forgotten = stats_.forgotten;
  tick();
  require(scheduler_->has_command(now_) || stats_.forgotten > forgotten || scheduler_->wake_at() > now_,
          "waking up is of use");
}

// What has not recovered by now never will without an operator: it is missing for good or in conflict.
void Simulation::rescue(size_t round) {
  if (round == 39 && random_.chance(50)) swap_sink(true);
  // Only slow, perhaps: the delay of the breaker is not over, or the rate has to be waited for.
  const bool all_wait =
      scheduler_->breaker() == core::Throttle::State::kOpen || scheduler_->snapshot(now_).rate_limited;
  for (size_t i = 0; i < driven_.size(); ++i) {
    if (!driven_[i].ref) continue;
    const PartitionModel& p = model_->at(*driven_[i].ref);
    if (!p.has_work() || p.waits_for_host() || !p.discovered || p.not_before == 0) continue;
    if ((all_wait || p.deferred_until > now_) && p.raised == core::Raised::kNone) continue;
    require(p.raised != core::Raised::kNone, "what is not archived was reported", *driven_[i].ref,
            p.frontier + 1);
    give_up(i);
    deliver(i, 1);
  }
}

// An operator removes the entry that a partition is stuck at.
void Simulation::give_up(size_t partition) {
  const Lsn stuck = model_->at(*driven_[partition].ref).frontier + 1;
  trace("operator gives up partition %zu up to %llu", partition, static_cast<unsigned long long>(stuck));
  FakeLog& log = world_.logs[partition];
  log.lose_through(std::max(stuck, log.low() - 1));
  notify(partition);
}

void Simulation::final_word() {
  for (size_t i = 0; i < driven_.size(); ++i) {
    if (!driven_[i].ref) continue;
    const PartitionModel& p = model_->at(*driven_[i].ref);
    const FakeLog& log = world_.logs[i];
    require(p.acked == log.high() && p.frontier == log.high(), "in the end all is acknowledged",
            *driven_[i].ref, p.acked);
    require(log.acked() >= p.acked, "the host took it");
  }
  const TimeMs latest = now_ + config_.partition_idle_ms;
  while (scheduler_->wake_at() <= latest) check_time();
  require(scheduler_->wake_at() == core::kNever && scheduler_->idle(), "in the end nobody is woken");
  for (const Driven& driven : driven_) {
    require(!driven.ref || !model_->at(*driven.ref).gaps.empty(),
            "in the end all without a gap is forgotten");
  }
}

}  // namespace tidemark::sim
