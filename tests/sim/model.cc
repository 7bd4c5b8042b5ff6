#include "model.h"

#include <algorithm>

#include "violation.h"

namespace tidemark::sim {

using core::Event;
using core::EventKind;
using core::JobKind;
using core::Place;
using core::Raised;

bool PartitionModel::holds(Lsn lsn) const {
  return std::ranges::any_of(held, [lsn](const Range& range) { return range.contains(lsn); });
}

bool PartitionModel::runs(Lsn lsn) const {
  return std::ranges::any_of(jobs, [lsn](const InFlight& flight) {
    return flight.job.kind == JobKind::kArchive && flight.job.range.contains(lsn);
  });
}

Lsn PartitionModel::first_open() const {
  Lsn lsn = frontier + 1;
  while (archived.contains(lsn) || runs(lsn)) ++lsn;
  return lsn;
}

std::optional<Range> PartitionModel::late_open() const {
  if (late_running || late.empty() || late.front().first > frontier) return std::nullopt;
  return Range{late.front().first, std::min(late.front().last, frontier)};
}

std::optional<Range> PartitionModel::lost(uint32_t current_sink) const {
  if (owed.empty() || owed_sink_number != current_sink || late_running) return std::nullopt;
  const bool is_late = !late.empty() && late.front().first <= owed.ranges().back().last;
  if (is_late && owed.ranges().size() < core::RangeSet::kMostRanges / 2) return std::nullopt;
  Range lost = owed.front();
  if (is_late) lost.last = std::min(lost.last, late.front().first - 1);
  return lost.first <= lost.last ? std::optional(lost) : std::nullopt;
}

Lsn PartitionModel::position() const {
  Lsn lsn = frontier;
  for (const Unreported& waiting : unreported) lsn = std::min(lsn, waiting.gap.first - 1);
  return lsn;
}

// What waits behind a report that is on its way, and was archived meanwhile, is not reported.
void PartitionModel::forget_unreported(Range now_archived) {
  std::vector<Unreported> left;
  for (const Unreported& waiting : unreported) {
    const auto found = overlap(waiting.gap, now_archived);
    if (waiting.raised || !found) {
      left.push_back(waiting);
      continue;
    }
    if (waiting.gap.first < found->first)
      left.push_back({{waiting.gap.first, found->first - 1}, waiting.known, false});
    if (found->last < waiting.gap.last)
      left.push_back({{found->last + 1, waiting.gap.last}, waiting.known, false});
  }
  unreported = std::move(left);
}

void PartitionModel::pass_archived() {
  while (!archived.empty() && *archived.begin() <= frontier + 1) {
    frontier = std::max(frontier, *archived.begin());
    archived.erase(archived.begin());
  }
}

PartitionModel& Model::get(PartitionRef ref) {
  require(known(ref), "the scheduler speaks of partitions it was told of only", ref);
  return *partitions_[ref];
}

const PartitionModel& Model::at(PartitionRef ref) const { return *partitions_[ref]; }

void Model::begin(PartitionRef ref, size_t partition) {
  if (ref >= partitions_.size()) partitions_.resize(ref + 1);
  partitions_[ref].emplace();
  partitions_[ref]->partition = partition;
}

// ---- Inputs -------------------------------------------------------------------------------------

void Model::notified(PartitionRef ref, const core::Notice& notice, TimeMs now) {
  PartitionModel& p = get(ref);
  if (notice.high > p.high) p.highs.emplace_back(notice.high, now);
  const Lsn next = p.discovered ? p.frontier + 1 : kNoLsn;
  if (notice.oldest_high < std::max(notice.low, next)) p.asked = true;
  // What lies in a gap, or is about to, and is there after all, or so one of what was merged says.
  const Lsn low = std::max(p.low, notice.low);
  const Range claimed{notice.oldest_low, std::min(notice.high, low - 1)};
  if (claimed.first <= claimed.last) {
    std::vector<Range> gaps(p.gaps.ranges().begin(), p.gaps.ranges().end());
    gaps.insert(gaps.end(), p.owed.ranges().begin(), p.owed.ranges().end());
    for (const Range& gap : gaps) {
      if (const auto both = overlap(gap, claimed)) p.late.insert(*both);
    }
    if (next < low && next <= claimed.last) p.late.insert({std::max(next, claimed.first), claimed.last});
  }
  // What lies below the first look was not looked for at all.
  if (const Lsn end = std::min(p.oldest_low, next); notice.oldest_low < end)
    owe(p, {notice.oldest_low, end - 1});
  if (notice.low > p.low) p.listed = kNoLsn;
  p.oldest_low = p.low == kNoLsn ? notice.oldest_low : std::min(p.oldest_low, notice.oldest_low);
  p.low = std::max(p.low, notice.low);
  p.high = std::max(p.high, notice.high);
  look_for_owed(p);
  if (p.jobs.empty()) pass_held(p);
}

void Model::owe(PartitionModel& p, Range range) const {
  if (p.owed.empty()) p.owed_sink_number = sink_number_;
  p.late.insert(range);
  p.owed.insert(range);
  if (p.gaps.ranges().size() == core::RangeSet::kMostRanges) return;
  for (const Range& gap : p.gaps.ranges()) p.owed.erase(gap);
}

// What was not in another sink may be in this one.
void Model::look_for_owed(PartitionModel& p) const {
  if (p.owed.empty() || p.owed_sink_number == sink_number_ || p.late_running || p.gap ||
      !p.unreported.empty())
    return;
  p.owed_sink_number = sink_number_;
  for (const Range& owed : p.owed.ranges()) p.late.insert(owed);
}

// Entries that the host no longer has and that discovery found in the archive are not put: they are read.
void Model::pass_held(PartitionModel& p) const {
  if (!p.looked(sink_number_) || p.gap || !p.jobs.empty()) return;
  if (p.unreported.empty() && p.lost(sink_number_)) return;  // that comes first
  const auto is_listed = [&p] { return p.frontier + 1 <= p.listed; };
  while (p.frontier + 1 < p.low && p.frontier + 1 > p.conflict_through && is_listed() &&
         p.surely_holds(p.frontier + 1)) {
    ++p.frontier;
    p.unsure = false;
    p.not_before = p.deferred_until = 0;
    const Lsn passed = p.frontier;
    owe(p, {passed, passed});
    p.pass_archived();
    if (p.frontier > passed) p.late.erase({passed + 1, p.frontier});
  }
  const Lsn next = p.frontier + 1;
  if (next < p.low && next > p.listed && next <= p.through) {
    p.stale = true;  // before a gap is raised what lies there is listed, and what failed is of no interest
    p.not_before = p.deferred_until = 0;
    p.failing = false;
  }
}

void Model::swapped(uint32_t sink_number) {
  require(sink_number == sink_number_ + 1, "every swap counts");
  sink_number_ = sink_number;
  throttle_.swapped();
  for (auto& p : partitions_) {
    if (!p) continue;
    // What failed on the old sink deserves a fresh try.
    p->not_before = p->deferred_until = 0;
    p->failing = p->sink_failed = false;
    p->late_looked.reset();
  }
}

// ---- Acknowledgements ---------------------------------------------------------------------------

void Model::ack_given(const core::Ack& ack) {
  PartitionModel& p = get(ack.partition);
  require(!p.ack, "never two acknowledgements at once for one partition", ack.partition);
  require(p.discovered, "nothing is acknowledged before discovery", ack.partition);
  require(!p.last_given || ack.lsn >= *p.last_given, "acknowledgements never go back", ack.partition,
          ack.lsn);
  require(ack.lsn <= std::max(p.high, p.low - 1), "only what was notified is acknowledged", ack.partition,
          ack.lsn);
  require(ack.lsn <= p.frontier, "only what is archived, or a recorded gap, is acknowledged", ack.partition,
          ack.lsn);
  for (const auto& unreported : p.unreported)
    require(ack.lsn < unreported.gap.first, "no acknowledgement passes an undelivered GAP", ack.partition,
            ack.lsn);
  require(!p.late_running && !p.late_open() && p.owed.empty(), "an acknowledgement waits for late entries",
          ack.partition, ack.lsn);
  require(!p.gap || p.gap->first > p.frontier, "an acknowledgement waits until a gap is recorded",
          ack.partition, ack.lsn);
  require(ack.lsn > p.acked || ack.lsn == p.frontier, "an answer says how far it is", ack.partition, ack.lsn);
  require(ack.lsn > p.acked || !p.unsure, "an answer is sure", ack.partition, ack.lsn);
  require(p.asked || p.position() > p.acked, "an acknowledgement has a reason", ack.partition, ack.lsn);
  require(ack.lsn + 1 >= p.low, "nothing is acknowledged that ends before the host's oldest entry",
          ack.partition, ack.lsn);
  p.ack = p.last_given = ack.lsn;
  p.asked = false;
}

void Model::ack_finished(const core::Ack& ack, bool ok) {
  PartitionModel& p = get(ack.partition);
  p.ack.reset();
  if (ok) {
    p.acked = std::max(p.acked, ack.lsn);
  } else {
    p.asked = true;
  }
  look_for_owed(p);
}

// ---- Events -------------------------------------------------------------------------------------

void Model::raised(const Event& event) {
  if (event.kind == EventKind::kSinkChanged) return;
  if (event.kind == EventKind::kSinkDown || event.kind == EventKind::kSinkUp) {
    require(sink_down_raised_ == (event.kind == EventKind::kSinkUp), "the sink goes down and up in turn");
    sink_down_raised_ = event.kind == EventKind::kSinkDown;
    return;
  }
  PartitionModel& p = get(event.partition);
  switch (event.kind) {
    case EventKind::kGap:
      gap_raised(p, event);
      break;
    case EventKind::kConflict:
      require(unreported_ == event.partition && unreported_conflict_, "a conflict was seen", event.partition);
      require(!p.conflict_unreported, "one conflict at a time is on its way to the host", event.partition);
      p.conflict_unreported = true;
      p.raised = Raised::kConflict;
      break;
    case EventKind::kFailing:
      require(unreported_ == event.partition && p.raised == Raised::kNone, "a first failure",
              event.partition);
      p.raised = Raised::kFailing;
      break;
    case EventKind::kRecovered:
      require(p.raised != Raised::kNone, "only what failed recovers", event.partition);
      require(p.frontier >= p.trouble, "a recovery gets beyond what failed", event.partition);
      p.trouble = kNoLsn;
      p.raised = Raised::kNone;
      break;
    default:
      break;
  }
}

void Model::gap_raised(PartitionModel& p, const Event& event) {
  const auto [first, last] = event.range;
  if (event.known) {
    require(!p.unreported.empty() && p.unreported.front().known && !p.unreported.front().raised &&
                p.unreported.front().gap == event.range,
            "what an earlier run knew is reported once more", event.partition, first);
    p.unreported.front().raised = true;
    return;
  }
  require(p.unreported.empty(), "one gap at a time is on its way to the host", event.partition, first);
  if (first <= p.frontier) {
    require(!p.gap && p.lost(sink_number_) == event.range, "a gap of what was passed was looked for in vain",
            event.partition, first);
    p.gap = event.range;
    p.owed.erase(event.range);
    p.unreported.push_back({event.range, false, true});
    p.gaps.insert(event.range);
    return;
  }
  require(p.looked(sink_number_) && !p.gap && p.jobs.empty(), "a gap is raised once, between jobs",
          event.partition);
  require(first == p.frontier + 1 && last >= first && last < p.low,
          "a gap lies between what is archived and low", event.partition, first);
  require(last <= p.listed, "a gap was listed since low passed it", event.partition, first);
  for (Lsn lsn = first; lsn <= last; ++lsn) {
    require(!p.surely_holds(lsn) || lsn <= p.conflict_through, "what the archive holds is no gap",
            event.partition, lsn);
    require(!p.archived.contains(lsn), "what was archived is no gap", event.partition, lsn);
    require(lsn <= p.through, "a gap is looked up, not guessed", event.partition, lsn);
  }
  p.gap = event.range;
  p.not_before = p.deferred_until = 0;
  p.unreported.push_back({event.range, false, true});
  p.gaps.insert(event.range);
}

void Model::delivered(const Event& event) {
  if (event.kind == EventKind::kConflict) get(event.partition).conflict_unreported = false;
  if (event.kind != EventKind::kGap) return;
  PartitionModel& p = get(event.partition);
  require(!p.unreported.empty() && p.unreported.front().gap == event.range,
          "gaps are reported in their order", event.partition, event.range.first);
  p.unreported.erase(p.unreported.begin());
  look_for_owed(p);
}

void Model::forgotten(PartitionRef ref, TimeMs now) {
  const PartitionModel& p = get(ref);
  require(p.asleep_since && now >= *p.asleep_since + config_.partition_idle_ms,
          "only what sleeps long is forgotten", ref);
  require(p.jobs.empty() && p.archived.empty() && !p.ack && !p.has_work() && !p.owes_ack(),
          "only what is done is forgotten", ref);
  require(p.unreported.empty() && !p.conflict_unreported,
          "nothing is forgotten before the host has heard of it", ref);
  require(p.gaps.empty(), "nothing is forgotten of which an entry may turn up", ref);
  require(p.acked == std::max(p.high, p.low - 1), "what is forgotten was acknowledged", ref, p.acked);
  partitions_[ref].reset();
}

// ---- After every step ---------------------------------------------------------------------------

void Model::check(const core::Scheduler& scheduler, TimeMs now) {
  ++step_;
  require(running_ <= config_.workers, "never more jobs than workers");
  if (unreported_ && known(*unreported_)) {
    const Raised raised = at(*unreported_).raised;
    const bool conflict = raised == Raised::kConflict || at(*unreported_).conflict_unreported;
    require(unreported_conflict_ ? conflict : raised != Raised::kNone, "a failure is reported", *unreported_);
  }
  unreported_.reset();

  bool something_is_ready = false;
  bool something_waits = false;
  bool something_is_untold = false;
  uint32_t acks = 0;
  for (PartitionRef ref = 0; ref < partitions_.size(); ++ref) {
    if (!partitions_[ref]) continue;
    check_partition(ref, scheduler, now);
    const PartitionModel& p = at(ref);
    something_is_ready |= p.ready_since != 0;
    something_waits |= p.has_work() || p.owes_ack();
    something_is_untold |= !p.unreported.empty() || p.conflict_unreported;
    acks += p.ack.has_value();
  }
  throttle_.compare(scheduler, something_is_ready, now);
  require(throttle_.open() == sink_down_raised_, "an open breaker is reported, and its end");
  check_numbers(scheduler, now);
  const bool rate_limited = scheduler.snapshot(now).rate_limited;
  if (something_is_ready && !throttle_.open() && running_ == 0 && !rate_limited)
    require(scheduler.has_command(now), "work that is ready can start when nothing else runs");
  if (something_waits && !something_is_untold && running_ == 0 && acks == 0 && !scheduler.has_command(now))
    require(scheduler.wake_at() != core::kNever, "who waits is woken");
  if (something_waits || something_is_untold || running_ > 0 || acks > 0) {
    require(!scheduler.idle(), "idle only when nothing is left to do");
  } else {
    require(scheduler.idle() && !scheduler.has_command(now), "idle when nothing is left to do");
  }
}

// What the metrics are made of.
void Model::check_numbers(const core::Scheduler& scheduler, TimeMs now) const {
  core::Snapshot expected;
  for (PartitionRef ref = 0; ref < partitions_.size(); ++ref) {
    if (!partitions_[ref]) continue;
    const PartitionModel& p = at(ref);
    const bool backing_off = scheduler.partition(ref).place == Place::kBackingOff && p.deferred_until == 0;
    expected.partitions_backing_off += backing_off;
    expected.partitions_dormant += p.asleep_since.has_value();
    expected.partitions_active += !backing_off && !p.asleep_since;
    expected.queue_depth += p.ready_since != 0;
    const Lsn next = std::max(p.discovered ? p.frontier + 1 : kNoLsn, p.low);
    if (next > p.high) continue;
    expected.entries_waiting += p.high - next + 1 - p.archived.size();
    const auto known = std::ranges::find_if(p.highs, [next](const auto& high) { return next <= high.first; });
    expected.oldest_waiting_ms = std::max(expected.oldest_waiting_ms, now - known->second);
  }
  const core::Snapshot s = scheduler.snapshot(now);
  require(s.jobs_running == running_, "the scheduler counts its jobs");
  require(s.partitions_backing_off == expected.partitions_backing_off, "it counts who backs off");
  require(s.partitions_dormant == expected.partitions_dormant, "it counts who sleeps");
  require(s.partitions_active == expected.partitions_active, "it counts who is at work");
  require(s.queue_depth == expected.queue_depth, "it counts who is ready");
  require(s.entries_waiting == expected.entries_waiting, "it counts the entries that wait");
  require(s.oldest_waiting_ms >= expected.oldest_waiting_ms, "the oldest entry is no older than it says");
}

void Model::check_partition(PartitionRef ref, const core::Scheduler& scheduler, TimeMs now) {
  PartitionModel& p = *partitions_[ref];
  const core::PartitionState& state = scheduler.partition(ref);
  state.check();
  if (p.jobs.empty() && p.looked(sink_number_) && !p.gap)
    require(p.frontier + 1 >= p.low || p.frontier + 1 > p.through || p.waits_for_host(),
            "a gap is raised at once", ref);
  require(p.unreported.empty() || p.unreported.front().raised, "a gap is reported at once", ref);
  require(p.gap || !p.unreported.empty() || !p.lost(sink_number_),
          "what was looked for in vain is reported at once", ref);
  if (p.owes_ack()) require(state.ack != core::AckPhase::kNone, "an acknowledgement is on its way", ref);
  require(state.place != Place::kRunning || !p.jobs.empty() || p.waits_for_host(), "running means a job",
          ref);
  const bool sleeps = state.place == Place::kDormant || state.place == Place::kKept;
  require(sleeps == (p.jobs.empty() && !p.has_work()), "asleep only without work", ref);
  require(!sleeps || p.raised != Raised::kFailing, "who sleeps does not fail", ref);
  require(state.place != Place::kKept || !p.gaps.empty(), "only gaps keep a partition", ref);
  // Millions may sleep.
  const bool is_over =
      p.looked(sink_number_) && p.through == kEveryLsn &&
      std::ranges::none_of(p.held, [&p](const Range& range) { return range.last > p.frontier; });
  if (is_over) require(state.found == nullptr, "what was found is let go once it is passed", ref);
  check_readiness(p, ref, state.place);
  if (state.place == Place::kBackingOff) {
    require(p.failing || p.deferred_until > 0, "only what failed backs off, or was deferred", ref);
    require(scheduler.wake_at() <= now + std::max(1U, config_.retry.max_ms), "who backs off is woken", ref);
  }
  if (!sleeps) p.asleep_since.reset();
  if (sleeps && !p.asleep_since) p.asleep_since = now;
  if (state.place == Place::kReady) {
    if (p.ready_since == 0) p.ready_since = step_;
    require(now >= p.not_before, "a partition that failed waits", ref);
  } else {
    p.ready_since = 0;
  }
}

// Who can do something is ready, whatever its other jobs are at.
void Model::check_readiness(const PartitionModel& p, PartitionRef ref, Place place) const {
  if (place == Place::kBackingOff || place == Place::kDormant || place == Place::kKept) return;
  if (p.jobs.size() >= config_.partition_inflight) {
    require(place == Place::kRunning, "who has all its jobs with workers waits", ref);
    return;
  }
  if (p.jobs.empty()) {
    require(place == Place::kReady || p.waits_for_host(), "who has work and no job is ready", ref);
    return;
  }
  if (p.looking()) return;
  if (p.jobs.front().job.kind != JobKind::kArchive || !p.looked(sink_number_) || p.frontier + 1 < p.low ||
      p.shortened)
    return;
  const Lsn open = p.first_open();
  const bool full = open <= p.high && p.high - open + 1 >= config_.batch_entries;
  for (Lsn lsn = open; full && lsn < open + config_.batch_entries; ++lsn) {
    if (p.holds(lsn) || lsn > p.through || p.tried.contains(lsn)) return;
  }
  const bool crowded = p.jobs.size() + p.archived.size() + p.tried.size() >= config_.partition_inflight * 2;
  if (full && !crowded) require(place == Place::kReady, "a full batch need not wait", ref);
}

}  // namespace tidemark::sim
