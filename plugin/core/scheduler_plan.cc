// What a partition needs next.
#include <algorithm>
#include <cassert>

#include "core/scheduler.h"

namespace tidemark::core {

Place Scheduler::rightful_place(PartitionRef ref) const {
  const PartitionState& p = partitions_[ref];
  if (p.jobs == 0 && !p.has_work()) return Place::kDormant;
  if (plan(ref)) return Place::kReady;
  if (p.jobs > 0) return Place::kRunning;
  if (!is_claimed(p)) return Place::kWaiting;
  assert(!p.gaps->all_reported());  // the host has to hear of one gap before the next
  return Place::kRunning;
}

std::optional<Job> Scheduler::plan(PartitionRef ref) const {
  std::optional<Job> job;
  const PartitionState& p = partitions_[ref];
  if (p.exclusive || p.jobs >= config_.partition_inflight || !p.has_work() || !is_claimed(p)) return job;
  if (p.jobs > 0 && config_.lineage && p.begun != Begun::kYes) return job;  // the first of an epoch is alone
  const bool is_late = p.gaps && p.gaps->open(p.next);
  const bool looks = p.needs_discovery(sink_number_);
  if (!p.gap_pending && !is_late && !looks) {
    // Below low there is a gap, once the jobs in flight have ended and the last gap was reported.
    if (p.next < p.low) return job;
    if (const std::optional<Range> open = plan_archive(p)) {
      job.emplace();
      job->partition = ref;
      job->range = *open;
      return job;
    }
  }
  if (p.jobs > 0) return job;
  if (p.gap_pending || is_late || looks || (p.found && p.next <= p.high)) plan_alone(ref, is_late, job);
  return job;
}

Lsn Scheduler::continues_after(const PartitionState& p, Lsn from) const {
  if (!p.found || !adopts(p)) return kNoLsn;
  const Lsn held = p.found->next_held_after(from);
  const bool has_it = held != kNoLsn && held <= p.high && p.low <= from;
  return has_it && p.found->after_hole(held) != FoundArchives::After::kOther ? held : kNoLsn;
}

// A hole at next: first what lies after it is looked at, then it is filled.
void Scheduler::plan_fill(const PartitionState& p, Lsn held, Job& job) const {
  const std::optional<Found> after = p.found->holding(held);
  job.fill = true;
  job.epoch = after->epoch;
  if (p.found->after_hole(held) == FoundArchives::After::kEqual) {
    job.range = {p.next, std::min(held - 1, p.next + config_.batch_entries - 1)};
    if (after->begun < p.next) job.begun = after->begun;
    return;
  }
  job.kind = JobKind::kVerify;
  job.range = after->name;
  job.part = {held, std::min(after->part.last, p.high)};
  job.coding = after->coding;
  job.begun = after->begun;
}

// A job that allows no other job of its partition beside it.
void Scheduler::plan_alone(PartitionRef ref, bool is_late, std::optional<Job>& job) const {
  const PartitionState& p = partitions_[ref];
  job.emplace();
  job->partition = ref;
  // A new sink is looked at first: there the partition's beginning comes before anything else.
  if (p.gap_pending && p.sink_number == sink_number_) {
    job->kind = JobKind::kRecordGap;
    job->range = p.gaps->pending();
    job->own = !config_.lineage || (p.begun != Begun::kNo && p.gaps->may_put(job->range.first));
  } else if (is_late && !p.gap_pending) {
    plan_late(p, *job);
  } else if (p.needs_discovery(sink_number_)) {
    job->kind = JobKind::kDiscover;
    job->check_older = p.looks_back(sink_number_);
    job->first_look = job->check_older || p.sink_number != sink_number_;
    job->range = {job->check_older ? p.oldest_low : p.next, p.high};
    job->asked = p.asked;
  } else if (const auto existing = p.found->holding(p.next)) {
    job->kind = JobKind::kVerify;
    job->range = existing->name;
    job->part = {p.next, std::min(existing->part.last, p.high)};
    job->epoch = existing->epoch;
    job->coding = existing->coding;
    job->begun = existing->begun;
    job->accept_missing_through = p.found->until();
  } else if (const Lsn held = continues_after(p, p.next); held != kNoLsn) {
    plan_fill(p, held, *job);
  } else {
    job.reset();
  }
}

// What can be put now, if anything.
std::optional<Range> Scheduler::plan_archive(const PartitionState& p) const {
  if (p.next > p.high) return std::nullopt;  // it waits for the host
  std::optional<Range> open = Range{p.next, p.high};
  if (p.window) open = p.window->first_open(p.next, p.high);
  if (!open) return std::nullopt;
  const Lsn most = p.window ? p.window->offer() : config_.batch_entries;
  Lsn last = open->first + std::min(open->last - open->first, most - 1);
  if (p.found) {
    if (open->first > p.found->through() || p.found->holding(open->first)) return std::nullopt;
    if (continues_after(p, open->first) != kNoLsn) return std::nullopt;  // it is filled, see plan_fill
  }
  if (p.found && !adopts(p)) {  // else the epoch begins here, and whatever is found after it does not count
    const Lsn held = p.found->next_held_after(open->first);
    if (held != kNoLsn) last = std::min(last, held - 1);
    last = std::min(last, p.found->through());
  }
  if (p.jobs > 0) {
    const bool may_grow = last == p.high && last - open->first + 1 < most;
    if (may_grow || (p.window->is_crowded() && open->first != p.next)) return std::nullopt;
  }
  return Range{open->first, last};
}

}  // namespace tidemark::core
