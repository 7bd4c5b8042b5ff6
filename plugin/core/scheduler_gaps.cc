// Gaps: how they are found and reported, and what is done when entries of them are found again.
#include <algorithm>
#include <cassert>
#include <utility>

#include "core/scheduler.h"

namespace tidemark::core {

// Entries in next..low-1 can no longer be archived. Those that discovery found in the sink are passed; the
// first range of others becomes a gap, to be recorded, if a listing that was made since says that they are
// not there. True if the partition moved.
bool Scheduler::find_gap(PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  const Lsn before = p.next;
  if (p.sealed && p.next < p.low) {
    return_to_sealed(p);
    return true;
  }
  while (p.next != kNoLsn && p.next < p.low && !p.gap_pending && !p.needs_discovery(sink_number_)) {
    // Also what was found is looked up with low as it is now: the job makes sure of what is passed.
    if (p.next > p.listed) {
      p.look_again = true;
      return true;
    }
    const FoundArchives* found = p.found.get();
    const bool is_in_conflict = p.next <= p.conflict_through;
    const bool may_hold = found && !is_in_conflict && p.next <= found->until();
    if (const auto existing = may_hold ? found->holding(p.next) : std::nullopt) {
      // From low on the host still has what it can be compared with.
      Lsn last = std::min({existing->part.last, found->until(), found->through(), p.low - 1});
      const Lsn archived = p.window ? p.window->first_archived() : kNoLsn;  // by this run
      if (archived != kNoLsn) last = std::min(last, archived - 1);
      const Lsn first = p.next;
      advance(p, last + 1);
      gaps(p).owe({first, last}, sink_number_);  // a name proves nothing: it is read
      if (p.next - 1 > last) p.gaps->done({last + 1, p.next - 1});
      p.unsure = false;
      continue;
    }
    if (p.gaps && !p.gaps->all_reported()) break;  // one after the other
    p.gap_pending = true;
    gaps(p).found(gap_before_low(p));
    report_gap(ref);
    return true;
  }
  return p.next != before;
}

// What was notified below the first look, and was looked for, becomes a gap once the last gap was reported.
void Scheduler::find_lost(PartitionRef ref) {
  PartitionState& p = partitions_[ref];
  if (!p.gaps || p.gap_pending || !p.gaps->all_reported()) return;
  const std::optional<Range> lost = p.gaps->lost(sink_number_);
  if (!lost) return;
  p.gap_pending = true;
  p.gaps->found(*lost);
  report_gap(ref);
}

// From next on, as far as it is one gap.
Range Scheduler::gap_before_low(const PartitionState& p) const {
  Lsn last = std::min(p.low - 1, p.listed);
  if (const FoundArchives* found = p.found.get()) {
    const Lsn held = found->next_held_after(std::max(p.next, p.conflict_through));
    if (held != kNoLsn && held <= found->until()) last = std::min(last, held - 1);
    last = std::min(last, found->through());
  }
  const Lsn archived = p.window ? p.window->first_archived() : kNoLsn;
  if (archived != kNoLsn) last = std::min(last, archived - 1);
  return {p.next, last};
}

Gaps& Scheduler::gaps(PartitionState& p) {
  if (p.gaps == nullptr) {
    p.gaps = std::move(spare_gaps_);
    if (config_.lineage) p.gaps->puts_from(p.begun == Begun::kNo ? kEveryLsn : p.next);
  }
  return *p.gaps;
}

// ---- Reporting ----------------------------------------------------------------------------------

void Scheduler::report_gap(PartitionRef ref) {
  const Gaps::Unreported& unreported = partitions_[ref].gaps->unreported();
  events_.push_back({EventKind::kGap, ref, unreported.gap, 0, unreported.known});
  ++unreported_;
}

void Scheduler::report_conflict(PartitionRef ref, Range range) {
  PartitionState& p = partitions_[ref];
  p.raised = Raised::kConflict;
  p.conflict_unreported = true;
  events_.push_back({EventKind::kConflict, ref, range, p.attempts});
  ++unreported_;
}

void Scheduler::event_delivered(const Event& event, TimeMs now) {
  if (event.kind != EventKind::kGap && event.kind != EventKind::kConflict) return;
  prepare();
  PartitionState& p = partitions_[event.partition];
  const Recount recount(*this, p);
  assert(p.owes_report() && unreported_ > 0);
  --unreported_;
  if (event.kind == EventKind::kConflict) {
    p.conflict_unreported = false;
    return;
  }
  assert(p.gaps->unreported().gap == event.range);
  p.gaps->reported();
  if (!p.gaps->all_reported()) report_gap(event.partition);
  settle(event.partition, now);
}

// ---- Late entries -------------------------------------------------------------------------------

// A notification says that these entries below low are there. It may be an old one that was late itself, or
// was merged with a newer one; what lies in a gap, or is about to, is looked for all the same.
void Scheduler::claim(PartitionState& p, Range claimed) {
  if (claimed.first > claimed.last) return;
  if (p.gaps) p.gaps->claim(claimed);
  if (p.next <= claimed.last && p.next < p.low)
    gaps(p).expect({std::max(p.next, claimed.first), claimed.last});
}

void Scheduler::plan_late(const PartitionState& p, Job& job) const {
  const Range open = *p.gaps->open(p.next);
  job.late = true;
  job.range = open;
  const Gaps::Looked* looked = p.gaps->looked_up(open.first, sink_number_);
  if (looked == nullptr) {
    job.kind = JobKind::kDiscover;
    job.first_look = p.sink_number != sink_number_;
  } else if (const auto existing = looked->found.holding(open.first)) {
    job.kind = JobKind::kVerify;
    job.range = existing->name;
    job.part = {open.first, std::min(existing->part.last, open.last)};
    job.epoch = existing->epoch;
    job.coding = existing->coding;
    job.begun = existing->begun;
    job.accept_missing_through = job.part.last;  // archived, and perhaps gone again
  } else {
    job.range.last = std::min(job.range.last, looked->range.last);
    const Lsn held = looked->found.next_held_after(open.first);
    if (held != kNoLsn) job.range.last = std::min(job.range.last, held - 1);
    job.range.last = std::min(job.range.last - open.first, Lsn{config_.batch_entries} - 1) + open.first;
  }
}

void Scheduler::late_finished(const Job& job, const JobResult& result, bool own_failure, TimeMs now) {
  PartitionState& p = partitions_[job.partition];
  Gaps& gaps = *p.gaps;
  const bool is_verify = job.kind == JobKind::kVerify;
  const Range range = is_verify ? job.part : job.range;
  const bool is_current = job.sink_number == sink_number_;
  const bool is_entry = result.outcome == Outcome::kMissing || result.outcome == Outcome::kEntryFailed;
  // A sink in doubt is asked again, see report_to_throttle.
  if (is_entry && throttle_.wants_look()) gaps.look_again();
  bool fails = false;
  switch (result.outcome) {
    case Outcome::kDone:
      if (job.kind != JobKind::kDiscover) {
        gaps.archived(range, result.through == kNoLsn ? range.last : result.through);
      } else {
        const Lsn through = result.complete_through < range.first ? kEveryLsn : result.complete_through;
        gaps.looked(range, job.sink_number, {result.archives, range.first, through, range.last, &reserve_});
        if (config_.lineage && p.sink_number != sink_number_) gaps.puts_from(kEveryLsn);
        gaps.drop_what_may_not_be_put();
      }
      break;
    case Outcome::kMissing:
      gaps.missed(range);
      break;
    case Outcome::kObjectFailed:
      if (is_current && is_verify && result.conflict) {
        // The entry was reported as lost, and this says why: nothing waits for it.
        gaps.passed(range);
        gaps.set_failed(false);  // to pass it is not a recovery
        if (p.raised != Raised::kConflict && !p.conflict_unreported)
          report_conflict(job.partition, job.range);
        break;
      }
      gaps.look_again();
      gaps.failed(range);
      fails = is_current;
      break;
    case Outcome::kDeferred:
      gaps.failed(range);
      if (is_current) defer(job.partition, result, now);
      return;
    case Outcome::kEntryFailed:
    case Outcome::kSinkThrottled:
    case Outcome::kSinkFailed:
    case Outcome::kCancelled:
      if (!is_entry) gaps.look_again();
      gaps.failed(range);
      fails = is_entry || own_failure;
      break;
  }
  if (fails) {
    gaps.set_failed(true);
    back_off(job.partition, job, result, now);
  } else if (gaps.has_failed() && !gaps.is_looking()) {
    gaps.set_failed(false);
    if (p.trouble == kNoLsn) recovered(job.partition, job.range);
  }
}

}  // namespace tidemark::core
