#include "model.h"

#include <algorithm>

#include "violation.h"

namespace tidemark::sim {

using core::Event;
using core::EventKind;
using core::Job;
using core::JobKind;
using core::JobResult;
using core::Outcome;
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

Lsn PartitionModel::position() const {
  Lsn lsn = frontier;
  for (const Untold& waiting : untold) lsn = std::min(lsn, waiting.gap.first - 1);
  return lsn;
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
  const Lsn next = p.discovered ? p.frontier + 1 : core::kNoLsn;
  if (notice.oldest_high < std::max(notice.low, next)) p.asked = true;
  // What lies in a gap, or is about to, and is there after all, or so one of what was merged says.
  const Lsn low = std::max(p.low, notice.low);
  const Range claimed{notice.oldest_low, std::min(notice.high, low - 1)};
  if (claimed.first <= claimed.last) {
    const std::vector<Range> gaps(p.gaps.ranges().begin(), p.gaps.ranges().end());
    for (const Range& gap : gaps) {
      const Range both{std::max(gap.first, claimed.first), std::min(gap.last, claimed.last)};
      if (both.first <= both.last) p.late.insert(both);
    }
    if (next < low && next <= claimed.last) p.late.insert({std::max(next, claimed.first), claimed.last});
  }
  if (notice.low > p.low) p.listed = core::kNoLsn;
  p.oldest_low = p.low == core::kNoLsn ? notice.oldest_low : std::min(p.oldest_low, notice.oldest_low);
  p.low = std::max(p.low, notice.low);
  p.high = std::max(p.high, notice.high);
  if (p.jobs.empty()) pass_held(p);
}

// Entries that the host no longer has and that discovery found in the archive need no job.
void Model::pass_held(PartitionModel& p) const {
  if (!p.looked(epoch_) || p.gap || !p.jobs.empty()) return;
  const auto is_listed = [&p] { return p.frontier + 1 <= p.listed; };
  while (p.frontier + 1 < p.low && p.frontier + 1 > p.refuted && is_listed() &&
         p.surely_holds(p.frontier + 1)) {
    ++p.frontier;
    p.unsure = false;
    p.not_before = p.deferred_until = 0;
    const Lsn passed = p.frontier;
    p.pass_archived();
    p.late.erase({passed, p.frontier});
  }
  const Lsn next = p.frontier + 1;
  if (next < p.low && next > p.listed && next <= p.through) {
    p.stale = true;  // before a gap is raised what lies there is listed, and what failed is of no interest
    p.not_before = p.deferred_until = 0;
    p.failing = false;
  }
}

void Model::swapped(uint32_t epoch) {
  require(epoch == epoch_ + 1, "every swap counts");
  epoch_ = epoch;
  throttle_.swapped();
  for (auto& p : partitions_) {
    if (!p) continue;
    // What failed on the old sink deserves a fresh try.
    p->not_before = p->deferred_until = 0;
    p->failing = false;
    p->late_looked.reset();
  }
}

// ---- Jobs ---------------------------------------------------------------------------------------

void Model::job_started(const Job& job, TimeMs now) {
  PartitionModel& p = get(job.partition);
  require(p.jobs.size() < config_.partition_inflight, "never more jobs of a partition than allowed",
          job.partition);
  if (!p.jobs.empty()) {
    require(job.kind == JobKind::kArchive && p.jobs.front().job.kind == JobKind::kArchive,
            "only archives are on their way together", job.partition);
    require(!job.late && !p.late_running, "a late entry's job runs alone", job.partition);
  }
  require(job.sink_epoch == epoch_, "jobs are meant for the sink of now", job.partition);
  require(now >= p.not_before, "a partition that failed waits", job.partition);
  require(now >= p.deferred_until, "who was told to come again does not come before", job.partition);
  for (const auto& other : partitions_) {
    if (other && other->ready_since != 0)
      require(other->ready_since >= p.ready_since, "who waits longest is served first", job.partition);
  }
  require(job.late || job.kind == JobKind::kRecordGap || !p.late_open(), "late entries come first",
          job.partition);
  if (job.late) {
    check_late(p, job);
  } else if (job.kind == JobKind::kDiscover) {
    check_discovery(p, job);
  } else if (job.kind == JobKind::kVerify) {
    check_verifying(p, job);
  } else if (job.kind == JobKind::kArchive) {
    check_archiving(p, job);
  } else {
    require(p.gap == job.range, "a gap is recorded as it was raised", job.partition, job.range.first);
  }
  if (!first_start_) first_start_ = now;
  if (config_.bytes_per_second > 0) {
    const double seconds = 1 + static_cast<double>(now - *first_start_) / 1000;
    require(static_cast<double>(moved_bytes_) <= seconds * static_cast<double>(config_.bytes_per_second),
            "the rate is kept");
  }
  p.jobs.push_back({job, throttle_.start(running_, now)});
  p.ready_since = p.deferred_until = 0;
  p.failing = false;
  ++running_;
}

void Model::check_late(PartitionModel& p, const Job& job) const {
  const std::optional<Range> open = p.late_open();
  require(open.has_value() && !p.gap, "what is late was claimed and lies in a gap", job.partition);
  const Lsn first = open->first;
  const bool looked = p.late_looked && p.late_looked->contains(first);
  const auto held = [&p](Lsn lsn) {
    return std::ranges::any_of(p.late_held, [lsn](const Range& range) { return range.contains(lsn); });
  };
  if (job.kind == JobKind::kDiscover) {
    require(job.range == *open && !looked && !job.check_older, "what is late is looked up once",
            job.partition, first);
    require(job.first_look == (p.epoch != epoch_), "the first look at a sink says so", job.partition);
    p.late_running = job.range;
  } else if (job.kind == JobKind::kVerify) {
    require(looked && std::ranges::find(p.late_held, job.range) != p.late_held.end(),
            "what is verified was found", job.partition, first);
    require(job.part == Range{first, std::min(job.range.last, open->last)} && job.range.contains(first),
            "what is late is compared", job.partition, first);
    require(job.trusted == job.part.last, "what is archived and gone again counts", job.partition, first);
    p.late_running = job.part;
  } else {
    require(job.kind == JobKind::kArchive && looked, "discovery comes before upload", job.partition, first);
    require(job.range.first == first && job.range.last <= std::min(open->last, p.late_looked->last),
            "only what is late is put", job.partition, first);
    require(job.range.last - first < config_.batch_entries, "a batch has its limit", job.partition, first);
    for (Lsn lsn = first; lsn <= job.range.last; ++lsn)
      require(!held(lsn), "what the archive holds is verified, not put", job.partition, lsn);
    p.late_running = job.range;
  }
  p.late.erase(*p.late_running);
}

void Model::check_discovery(const PartitionModel& p, const Job& job) const {
  require(!p.gap, "a gap is recorded first", job.partition);
  require(job.check_older == p.looks_back(epoch_), "older archives matter before the first low only",
          job.partition);
  require(job.first_look == (job.check_older || p.epoch != epoch_), "the first look at a sink says so",
          job.partition);
  require(job.range.first == (job.check_older ? p.oldest_low : p.frontier + 1) && job.range.last == p.high,
          "discovery asks for all that is not archived", job.partition, job.range.first);
  const bool partial = p.discovered && p.frontier + 1 > p.through;
  require(!p.looked(epoch_) || partial, "one discovery is enough", job.partition);
}

void Model::check_verifying(const PartitionModel& p, const Job& job) const {
  require(p.looked(epoch_), "discovery comes first", job.partition);
  require(!p.gap, "a gap is recorded first", job.partition);
  const Lsn next = p.frontier + 1;
  require(next >= p.low && next <= p.high, "only what was notified is verified", job.partition, next);
  require(std::ranges::find(p.held, job.range) != p.held.end(), "what is verified was found", job.partition,
          next);
  require(job.part == Range{next, std::min(job.range.last, p.high)} && job.range.contains(next),
          "what the host has is compared", job.partition, next);
  require(job.trusted == p.looked_at.last, "what is there above high proves nothing", job.partition, next);
}

void Model::check_archiving(PartitionModel& p, const Job& job) const {
  require(p.looked(epoch_), "discovery comes before upload", job.partition);
  require(!p.gap && p.frontier + 1 >= p.low, "a gap is recorded first", job.partition);
  const auto [first, last] = job.range;
  require(first == p.first_open() && last >= first && last <= p.high, "entries are archived in order",
          job.partition, first);
  require(last - first < config_.batch_entries, "a batch has its limit", job.partition, first);
  for (Lsn lsn = first; lsn <= last; ++lsn) {
    require(!p.runs(lsn) && !p.archived.contains(lsn), "nothing is put twice", job.partition, lsn);
    require(!p.holds(lsn), "what the archive holds is verified, not put", job.partition, lsn);
    require(lsn <= p.through, "nothing is put that may be there", job.partition, lsn);
  }
  if (const auto tried = p.tried.find(first); tried != p.tried.end()) {
    require(last <= tried->second, "what may be there is tried again as it was", job.partition, first);
    p.tried.erase(tried);
    return;
  }
  if (p.shortened) return;
  const Lsn after = last + 1;
  const bool full = last - first + 1 == config_.batch_entries;
  const bool bounded = after <= p.high && (p.runs(after) || p.archived.contains(after) || p.holds(after) ||
                                           after > p.through || p.tried.contains(after));
  require(full || bounded || last == p.high, "what waits travels together", job.partition, first);
  require(p.jobs.empty() || full || last < p.high, "behind the first only full batches are begun",
          job.partition, first);
}

void Model::job_finished(const Job& job, const JobResult& result, TimeMs now) {
  PartitionModel& p = get(job.partition);
  const auto flight = std::ranges::find_if(
      p.jobs, [&job](const auto& other) { return other.job.range.first == job.range.first; });
  require(flight != p.jobs.end(), "the simulator ends what was started");
  const uint32_t era = flight->era;
  p.jobs.erase(flight);
  moved_bytes_ += result.size_bytes;
  bool own = false;
  if (job.sink_epoch == epoch_) {
    own = own_fault(p, result);
    // An entry's failure says nothing of a sink that is in doubt: the sink has to be asked.
    const bool entry = result.outcome == Outcome::kMissing || result.outcome == Outcome::kEntryFailed;
    if (entry && throttle_.probing()) p.stale = true;
    throttle_.result(era, result, own, running_, now);
  }
  --running_;
  if (job.late) {
    late_done(p, job, result, own, now);
  } else if (result.outcome == Outcome::kDone) {
    if (job.kind == JobKind::kDiscover) {
      if (job.sink_epoch == epoch_) accept_discovery(p, job, result);
    } else {
      done(p, job, result);
    }
  } else if (result.outcome == Outcome::kDeferred) {
    if (job.sink_epoch == epoch_) p.deferred_until = now + std::max<TimeMs>(1, result.retry_after_ms);
  } else if (result.outcome != Outcome::kCancelled) {
    const bool sink = result.outcome == Outcome::kSinkFailed || result.outcome == Outcome::kSinkThrottled;
    const bool stale_refusal = result.outcome == Outcome::kObjectFailed && job.sink_epoch != epoch_;
    if (sink && job.kind == JobKind::kArchive && job.sink_epoch == epoch_) {
      const Lsn last = result.through == core::kNoLsn ? job.range.last : result.through;
      if (last > job.range.first) p.tried[job.range.first] = last;
    }
    if ((!sink || own) && !stale_refusal) failed(p, job, result, now);
  }
  pass_held(p);
}

void Model::done(PartitionModel& p, const Job& job, const JobResult& result) const {
  if (job.kind == JobKind::kRecordGap) {
    p.frontier = job.range.last;
    p.unsure = false;
    p.gap.reset();
  } else if (job.kind == JobKind::kVerify) {
    p.frontier = result.through;
    p.unsure = false;
  } else {
    for (Lsn lsn = job.range.first; lsn <= result.through; ++lsn) p.archived.insert(lsn);
    if (result.through < job.range.last) p.shortened = true;
    p.late.erase({job.range.first, result.through});
  }
  if (job.kind == JobKind::kVerify) p.late.erase({job.part.first, result.through});
  const Lsn before = p.frontier;
  p.pass_archived();
  if (p.frontier > before) p.unsure = false;
}

// A partition that meets a failing sink again, though the sink worked for others in between, is at fault.
bool Model::own_fault(PartitionModel& p, const JobResult& result) {
  if (result.outcome == Outcome::kDone || result.outcome == Outcome::kObjectFailed) {
    ++successes_;
    if (result.outcome == Outcome::kDone) p.sink_failed = false;
  }
  if (result.outcome != Outcome::kSinkFailed) return false;
  const bool own = p.sink_failed && p.sink_mark != successes_;
  p.sink_failed = true;
  p.sink_mark = successes_;
  return own;
}

void Model::accept_discovery(PartitionModel& p, const Job& job, const JobResult& result) const {
  if (job.check_older && p.oldest_low < job.range.first) return;  // too narrow by now
  const Lsn first_hole = result.gap ? result.gap->first : job.range.first;
  if (p.discovered && job.check_older) {
    p.frontier = std::max(p.frontier, first_hole - 1);
  } else if (!p.discovered) {
    p.start = p.frontier = p.acked = first_hole - 1;
    p.discovered = true;
    p.unsure = p.start > 0;
    for (const Range& gap : result.known_gaps) {
      p.untold.push_back({gap, true, false});
      p.gaps.insert(gap);
    }
  }
  if (p.epoch != job.sink_epoch) p.refuted = core::kNoLsn;
  p.epoch = job.sink_epoch;
  p.stale = false;
  if (job.asked) p.unsure = false;
  p.tried.clear();
  p.looked_at = job.range;
  p.listed = p.low > job.low ? job.low - 1 : job.range.last;
  p.through = result.complete_through;
  p.held = result.archives;
  p.look_back = result.gap && result.gap->last + 1 < job.range.first;
  if (p.look_back) {
    // Nothing is known of what lies between.
    p.listed = result.gap->last;
    p.through = core::kEveryLsn;
    p.held.clear();
  }
  if (p.held.size() <= core::FoundArchives::kMaxRuns) return;
  // How much of so many can be remembered is the business of FoundArchives, and of its own tests.
  const core::FoundArchives known(result.archives, job.range.first, result.complete_through, job.range.last);
  p.through = known.through();
  std::erase_if(p.held, [&known](const Range& range) {
    for (Lsn lsn = range.first; lsn <= range.last; ++lsn) {
      if (!known.holding(lsn)) return true;
    }
    return false;
  });
}

void Model::failed(PartitionModel& p, const Job& job, const JobResult& result, TimeMs now) {
  if (result.conflict && job.sink_epoch == epoch_) p.refuted = job.range.last;
  const bool entries = job.kind == JobKind::kArchive || job.kind == JobKind::kVerify;
  const Lsn first = job.kind == JobKind::kVerify ? job.part.first : job.range.first;
  if (entries && p.low > first) return;  // a gap now, which says it all
  p.trouble = job.kind == JobKind::kArchive ? std::max(p.trouble, first) : core::kNoLsn;
  // An archive that cannot be read, or that was not known: what is there has to be looked up again.
  const bool unread = job.kind == JobKind::kVerify && !result.conflict;
  const bool unknown = job.kind == JobKind::kArchive && result.conflict;
  if (result.outcome == Outcome::kObjectFailed && (unread || unknown)) p.stale = true;
  struck(p, job, result, now);
}

void Model::struck(PartitionModel& p, const Job& job, const JobResult& result, TimeMs now) {
  // Jobs that fail together are one failure.
  if (!p.failing) p.not_before = std::max(p.not_before, now + 1);
  p.failing = true;
  if (result.outcome == Outcome::kObjectFailed)
    p.not_before = std::max(p.not_before, now + (TimeMs{config_.retry.max_ms} + 1) / 2);
  unreported_ = job.partition;
  unreported_conflict_ = result.conflict;
}

void Model::late_done(PartitionModel& p, const Job& job, const JobResult& result, bool own, TimeMs now) {
  const bool current = job.sink_epoch == epoch_;
  const Range range = *p.late_running;
  const auto again = [&p](Range rest) {
    if (rest.first <= rest.last) p.late.insert(rest);
  };
  p.late_running.reset();
  p.given_up.reset();
  const bool entry = result.outcome == Outcome::kMissing || result.outcome == Outcome::kEntryFailed;
  if (entry && throttle_.probing()) p.late_looked.reset();
  if (result.outcome == Outcome::kDone && job.kind == JobKind::kDiscover) {
    again(range);
    const core::FoundArchives known(result.archives, range.first, result.complete_through, range.last);
    p.late_looked.reset();
    if (current) p.late_looked = {range.first, std::min(range.last, known.through())};
    p.late_held = result.archives;
  } else if (result.outcome == Outcome::kDone) {
    p.late_misses = 0;
    p.gaps.erase({range.first, result.through});
    p.late.erase({range.first, result.through});
    again({result.through + 1, range.last});
  } else if (result.outcome == Outcome::kMissing && ++p.late_misses == core::Gaps::kMostMisses) {
    // Enough: what was claimed is not there.
    p.late_misses = 0;
    p.given_up = range;
    if (!p.late.empty() && p.late.front().first == range.last + 1) {
      p.given_up->last = p.late.front().last;
      p.late.erase(p.late.front());
    }
  } else if (result.outcome == Outcome::kMissing) {
    again({range.first + 1, range.last});
  } else if (job.kind == JobKind::kVerify && result.conflict && current) {
    again({range.first + 1, range.last});
    unreported_ = job.partition;
    unreported_conflict_ = true;
  } else if (result.outcome == Outcome::kDeferred) {
    again(range);
    if (current) p.deferred_until = now + std::max<TimeMs>(1, result.retry_after_ms);
  } else {
    again(range);
    if (!entry) p.late_looked.reset();
    const bool refused = result.outcome == Outcome::kObjectFailed && current;
    if (refused || entry || own) struck(p, job, result, now);
  }
  if (p.looking()) return;
  p.late_looked.reset();
  p.late_misses = 0;
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
  for (const auto& untold : p.untold)
    require(ack.lsn < untold.gap.first, "no acknowledgement passes an undelivered GAP", ack.partition,
            ack.lsn);
  require(!p.late_running && !p.late_open(), "an acknowledgement waits for late entries", ack.partition,
          ack.lsn);
  require(ack.lsn > p.acked || ack.lsn == p.frontier, "an answer says how far it is", ack.partition, ack.lsn);
  require(p.asked || p.position() > p.acked, "an acknowledgement has a reason", ack.partition, ack.lsn);
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
      require(!p.conflict_untold, "one conflict at a time is on its way to the host", event.partition);
      p.conflict_untold = true;
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
      p.trouble = core::kNoLsn;
      p.raised = Raised::kNone;
      break;
    default:
      break;
  }
}

void Model::gap_raised(PartitionModel& p, const Event& event) {
  const auto [first, last] = event.range;
  if (event.known) {
    require(!p.untold.empty() && p.untold.front().known && !p.untold.front().raised &&
                p.untold.front().gap == event.range,
            "what an earlier life knew is told once more", event.partition, first);
    p.untold.front().raised = true;
    return;
  }
  require(p.untold.empty(), "one gap at a time is on its way to the host", event.partition, first);
  require(p.looked(epoch_) && !p.gap && p.jobs.empty(), "a gap is raised once, between jobs",
          event.partition);
  require(first == p.frontier + 1 && last >= first && last < p.low,
          "a gap lies between what is archived and low", event.partition, first);
  require(last <= p.listed, "a gap was listed since low passed it", event.partition, first);
  for (Lsn lsn = first; lsn <= last; ++lsn) {
    require(!p.surely_holds(lsn) || lsn <= p.refuted, "what the archive holds is no gap", event.partition,
            lsn);
    require(!p.archived.contains(lsn), "what was archived is no gap", event.partition, lsn);
    require(lsn <= p.through, "a gap is looked up, not guessed", event.partition, lsn);
  }
  p.gap = event.range;
  p.not_before = p.deferred_until = 0;
  p.untold.push_back({event.range, false, true});
  p.gaps.insert(event.range);
}

void Model::delivered(const Event& event) {
  if (event.kind == EventKind::kConflict) get(event.partition).conflict_untold = false;
  if (event.kind != EventKind::kGap) return;
  PartitionModel& p = get(event.partition);
  require(!p.untold.empty() && p.untold.front().gap == event.range, "gaps are told in their order",
          event.partition, event.range.first);
  p.untold.erase(p.untold.begin());
}

void Model::forgotten(PartitionRef ref, TimeMs now) {
  const PartitionModel& p = get(ref);
  require(p.asleep_since && now >= *p.asleep_since + config_.partition_idle_ms,
          "only what sleeps long is forgotten", ref);
  require(p.jobs.empty() && p.archived.empty() && !p.ack && !p.has_work() && !p.owes_ack(),
          "only what is done is forgotten", ref);
  require(p.untold.empty() && !p.conflict_untold, "nothing is forgotten before the host has heard of it",
          ref);
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
    const bool conflict = raised == Raised::kConflict || at(*unreported_).conflict_untold;
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
    something_is_untold |= !p.untold.empty() || p.conflict_untold;
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
    const bool backing_off = scheduler.partition(ref).place == Place::kBackingOff;
    expected.partitions_backing_off += backing_off;
    expected.partitions_dormant += p.asleep_since.has_value();
    expected.partitions_active += !backing_off && !p.asleep_since;
    expected.queue_depth += p.ready_since != 0;
    const Lsn next = std::max(p.discovered ? p.frontier + 1 : core::kNoLsn, p.low);
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
  if (p.jobs.empty() && p.looked(epoch_) && !p.gap)
    require(p.frontier + 1 >= p.low || p.frontier + 1 > p.through || p.waits_for_host(),
            "a gap is raised at once", ref);
  require(p.untold.empty() || p.untold.front().raised, "a gap is told at once", ref);
  if (p.owes_ack()) require(state.ack != core::AckPhase::kNone, "an acknowledgement is on its way", ref);
  require(state.place != Place::kRunning || !p.jobs.empty() || p.waits_for_host(), "running means a job",
          ref);
  const bool sleeps = state.place == Place::kDormant || state.place == Place::kKept;
  require(sleeps == (p.jobs.empty() && !p.has_work()), "asleep only without work", ref);
  require(state.place != Place::kKept || !p.gaps.empty(), "only gaps keep a partition", ref);
  // Millions may sleep.
  const bool is_over =
      p.looked(epoch_) && p.through == core::kEveryLsn &&
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
  if (p.jobs.front().job.kind != JobKind::kArchive || !p.looked(epoch_) || p.frontier + 1 < p.low ||
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
