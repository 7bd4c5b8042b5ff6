// The model's rules of jobs: which may start, and what their ends change.
#include <algorithm>

#include "model.h"
#include "violation.h"

namespace tidemark::sim {
namespace {

std::vector<Range> names_of(const std::vector<core::Found>& archives) {
  std::vector<Range> names;
  for (const core::Found& archive : archives) names.push_back(archive.name);
  return names;
}

}  // namespace

using core::Job;
using core::JobKind;
using core::JobResult;
using core::Outcome;

void Model::job_started(const Job& job, TimeMs now) {
  PartitionModel& p = get(job.partition);
  require(p.jobs.size() < config_.partition_inflight, "never more jobs of a partition than allowed",
          job.partition);
  if (!p.jobs.empty()) {
    require(job.kind == JobKind::kArchive && p.jobs.front().job.kind == JobKind::kArchive,
            "only archives are on their way together", job.partition);
    require(!job.late && !p.late_running, "a late entry's job runs alone", job.partition);
  }
  require(job.sink_number == sink_number_, "jobs are meant for the sink of now", job.partition);
  require(now >= p.not_before, "a partition that failed waits", job.partition);
  require(now >= p.deferred_until, "who was told to come again does not come before", job.partition);
  for (const auto& other : partitions_) {
    if (other && other->ready_since != 0)
      require(other->ready_since >= p.ready_since, "who waits longest is served first", job.partition);
  }
  require(job.late || p.gap || !p.late_open(), "late entries come first", job.partition);
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
    require(p.sink_number == sink_number_, "nothing is written to a sink before the first look at it",
            job.partition);
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
    require(job.first_look == (p.sink_number != sink_number_), "the first look at a sink says so",
            job.partition);
    p.late_running = job.range;
  } else if (job.kind == JobKind::kVerify) {
    require(looked && std::ranges::find(p.late_held, job.range) != p.late_held.end(),
            "what is verified was found", job.partition, first);
    require(job.part == Range{first, std::min(job.range.last, open->last)} && job.range.contains(first),
            "what is late is compared", job.partition, first);
    require(job.accept_missing_through == job.part.last, "what is archived and gone again counts",
            job.partition, first);
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
  require(!p.gap || p.sink_number != sink_number_, "a gap is recorded first", job.partition);
  require(job.check_older == p.looks_back(sink_number_), "older archives matter before the first low only",
          job.partition);
  require(job.first_look == (job.check_older || p.sink_number != sink_number_),
          "the first look at a sink says so", job.partition);
  require(job.range.first == (job.check_older ? p.oldest_low : p.frontier + 1) && job.range.last == p.high,
          "discovery asks for all that is not archived", job.partition, job.range.first);
  const bool partial = p.discovered && p.frontier + 1 > p.through;
  require(!p.looked(sink_number_) || partial, "one discovery is enough", job.partition);
}

void Model::check_verifying(const PartitionModel& p, const Job& job) const {
  require(p.looked(sink_number_), "discovery comes first", job.partition);
  require(!p.gap, "a gap is recorded first", job.partition);
  const Lsn next = p.frontier + 1;
  require(next >= p.low && next <= p.high, "only what was notified is verified", job.partition, next);
  require(std::ranges::find(p.held, job.range) != p.held.end(), "what is verified was found", job.partition,
          next);
  require(job.part == Range{next, std::min(job.range.last, p.high)} && job.range.contains(next),
          "what the host has is compared", job.partition, next);
  require(job.accept_missing_through == p.looked_at.last, "what is there above high proves nothing",
          job.partition, next);
}

void Model::check_archiving(PartitionModel& p, const Job& job) const {
  require(p.looked(sink_number_), "discovery comes before upload", job.partition);
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
  if (job.sink_number == sink_number_) {
    own = own_fault(p, era, job.kind, result);
    // An entry's failure says nothing of a sink that is in doubt: the sink has to be asked.
    const bool entry = result.outcome == Outcome::kMissing || result.outcome == Outcome::kEntryFailed;
    if (entry && throttle_.wants_look()) p.stale = true;
    throttle_.result(era, job.kind, result, own, running_, now);
  }
  --running_;
  if (job.late) {
    late_done(p, job, result, own, now);
  } else if (result.outcome == Outcome::kDone) {
    if (job.kind == JobKind::kDiscover) {
      if (job.sink_number == sink_number_) accept_discovery(p, job, result);
    } else {
      done(p, job, result);
    }
  } else if (result.outcome == Outcome::kDeferred) {
    if (job.sink_number == sink_number_) p.deferred_until = now + std::max<TimeMs>(1, result.retry_after_ms);
  } else if (result.outcome != Outcome::kCancelled) {
    const bool sink = result.outcome == Outcome::kSinkFailed || result.outcome == Outcome::kSinkThrottled;
    const bool stale_refusal = result.outcome == Outcome::kObjectFailed && job.sink_number != sink_number_;
    if (sink && job.kind == JobKind::kArchive && job.sink_number == sink_number_) {
      const Lsn last = result.through == kNoLsn ? job.range.last : result.through;
      if (last > job.range.first) p.tried[job.range.first] = last;
    }
    if ((!sink || own) && !stale_refusal) failed(p, job, result, now);
  }
  look_for_owed(p);
  pass_held(p);
}

void Model::done(PartitionModel& p, const Job& job, const JobResult& result) const {
  if (job.kind == JobKind::kRecordGap) {
    p.gap.reset();
    if (job.range.first <= p.frontier) return;
    p.frontier = job.range.last;
    p.unsure = false;
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

// A partition that meets a failing sink again, though the sink worked for others in between, is at fault,
// until it succeeds.
bool Model::own_fault(PartitionModel& p, uint32_t era, JobKind kind, const JobResult& result) {
  if (result.outcome == Outcome::kDone || result.outcome == Outcome::kObjectFailed) {
    if (throttle_.shows_nothing(kind)) return false;
    if (throttle_.is_of_now(era)) ++successes_;
    if (result.outcome == Outcome::kDone) p.sink_failed = false;
  }
  if (result.outcome != Outcome::kSinkFailed && result.outcome != Outcome::kSinkThrottled) return false;
  if (p.sink_failed && p.sink_mark != successes_) return true;
  p.sink_failed = true;
  p.sink_mark = successes_;
  return false;
}

void Model::accept_discovery(PartitionModel& p, const Job& job, const JobResult& result) const {
  if (job.check_older && p.oldest_low < job.range.first) return;  // too narrow by now
  const Lsn first_hole = result.gap ? result.gap->first : job.range.first;
  if (p.discovered && job.check_older) {
    p.frontier = std::max(p.frontier, first_hole - 1);
  } else if (!p.discovered) {
    p.frontier = p.acked = first_hole - 1;
    p.discovered = true;
    p.unsure = p.frontier > 0;
    for (const Range& gap : result.known_gaps) {
      p.unreported.push_back({gap, true, false});
      p.gaps.insert(gap);
    }
  }
  if (p.sink_number != job.sink_number) p.conflict_through = kNoLsn;
  p.sink_number = job.sink_number;
  p.stale = false;
  if (job.asked) p.unsure = false;
  p.tried.clear();
  p.looked_at = job.range;
  p.listed = job.range.last;
  p.through = result.complete_through;
  p.held = names_of(result.archives);
  p.look_back = result.gap && result.gap->last + 1 < job.range.first;
  if (p.look_back) {
    // Nothing is known of what lies between.
    p.listed = result.gap->last;
    p.through = kEveryLsn;
    p.held.clear();
  }
  if (p.held.size() <= core::FoundArchives::kMaxSpans) return;
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
  if (result.conflict && job.sink_number == sink_number_) p.conflict_through = job.range.last;
  const bool entries = job.kind == JobKind::kArchive || job.kind == JobKind::kVerify;
  const Lsn first = job.kind == JobKind::kVerify ? job.part.first : job.range.first;
  if (entries && p.low > first) return;  // a gap now, which says it all
  if (job.kind != JobKind::kRecordGap)
    p.trouble = job.kind == JobKind::kArchive ? std::max(p.trouble, first) : kNoLsn;
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
  const bool current = job.sink_number == sink_number_;
  const Range range = *p.late_running;
  const auto again = [&p](Range rest) {
    if (rest.first <= rest.last) p.late.insert(rest);
  };
  p.late_running.reset();
  p.given_up.reset();
  const bool entry = result.outcome == Outcome::kMissing || result.outcome == Outcome::kEntryFailed;
  if (entry && throttle_.wants_look()) p.late_looked.reset();
  if (result.outcome == Outcome::kDone && job.kind == JobKind::kDiscover) {
    again(range);
    const core::FoundArchives known(result.archives, range.first, result.complete_through, range.last);
    p.late_looked.reset();
    if (current) p.late_looked = {range.first, std::min(range.last, known.through())};
    p.late_held = names_of(result.archives);
  } else if (result.outcome == Outcome::kDone) {
    p.late_misses = 0;
    p.owed.erase({range.first, result.through});
    p.gaps.erase({range.first, result.through});
    p.forget_unreported({range.first, result.through});
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

}  // namespace tidemark::sim
