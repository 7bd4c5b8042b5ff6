#include "world.h"

#include <algorithm>

#include "violation.h"

namespace tidemark::sim {

using core::Job;
using core::JobKind;
using core::JobResult;
using core::Outcome;

// ---- The host -----------------------------------------------------------------------------------

void FakeLog::commit(uint64_t entries) {
  for (; entries > 0; --entries) {
    ++high_;
    if (entries_.size() <= index(high_)) entries_.resize(index(high_) + 1);
    entries_[index(high_)] = {++*versions_, 0};
  }
}

void FakeLog::lose_through(Lsn lsn) {
  low_ = std::max(low_, lsn + 1);
  high_ = std::max(high_, lsn);
  if (entries_.size() <= index(high_)) entries_.resize(index(high_) + 1);
}

void FakeLog::hide(Lsn lsn, TimeMs until) { entries_[index(lsn)].hidden_until = until; }

void FakeLog::unhide_all() {
  for (Entry& entry : entries_) {
    if (entry.hidden_until != core::kNever) entry.hidden_until = 0;
  }
}

void FakeLog::restore(Lsn low, Lsn high) {
  low_ = low;
  high_ = high;
  acked_ = low - 1;
}

Content FakeLog::read(Lsn lsn, TimeMs now) const {
  if (lsn < low_ || lsn > high_) return kNoContent;
  const Entry& entry = entries_[index(lsn)];
  return entry.hidden_until > now ? kNoContent : entry.content;
}

Content FakeLog::last_content(Lsn lsn) const {
  return lsn <= base_ || index(lsn) >= entries_.size() ? kNoContent : entries_[index(lsn)].content;
}

// ---- The sink -----------------------------------------------------------------------------------

FakeSink::Put FakeSink::put(size_t partition, Range range, Coding coding,
                            const std::vector<Content>& contents) {
  const ArchiveKey key{range.last, range.first, coding};
  const auto [it, created] = partitions_[partition].archives.try_emplace(key, contents);
  if (created) partitions_[partition].fragile.emplace(it->first, ++puts_);
  if (created) return Put::kCreated;
  return it->second == contents ? Put::kEqual : Put::kDifferent;
}

void FakeSink::answered(size_t partition, Range range, uint64_t puts_before) {
  std::erase_if(partitions_[partition].fragile, [&](const auto& archive) {
    const bool is_it = archive.first.last == range.last && archive.first.first == range.first;
    return is_it || archive.second <= puts_before;
  });
}

void FakeSink::ask(size_t partition, Lsn lsn) {
  if (holds(partition, lsn, std::nullopt) || holds_gap(partition, lsn))
    partitions_[partition].fragile.clear();
}

bool FakeSink::is_durable(size_t partition, Lsn lsn) const {
  const Partition& p = partitions_[partition];
  return std::any_of(
      p.archives.lower_bound({lsn, 0, Coding::kNone}), p.archives.end(),
      [&](const auto& archive) { return archive.first.first <= lsn && !p.fragile.contains(archive.first); });
}

bool FakeSink::is_empty(size_t partition) const {
  const Partition& p = partitions_[partition];
  return p.archives.empty() && p.gaps.empty() && p.origin == kNoLsn;
}

const std::vector<Content>* FakeSink::find(size_t partition, Range range, Coding coding) const {
  const auto& archives = partitions_[partition].archives;
  const auto it = archives.find({range.last, range.first, coding});
  return it == archives.end() ? nullptr : &it->second;
}

bool FakeSink::holds(size_t partition, Lsn lsn, std::optional<Content> content) const {
  const auto& archives = partitions_[partition].archives;
  for (auto it = archives.lower_bound({lsn, 0, Coding::kNone}); it != archives.end(); ++it) {
    const Lsn first = it->first.first;
    if (first > lsn) continue;
    if (!content || it->second[static_cast<size_t>(lsn - first)] == *content) return true;
  }
  return false;
}

bool FakeSink::holds_gap(size_t partition, Lsn lsn) const {
  return std::ranges::any_of(partitions_[partition].gaps,
                             [lsn](const Key& key) { return key.second <= lsn && lsn <= key.first; });
}

Lsn FakeSink::list(size_t partition, Lsn from, size_t limit, std::vector<core::Found>& out) const {
  const auto& archives = partitions_[partition].archives;
  Lsn complete = kEveryLsn;
  for (auto it = archives.lower_bound({from, 0, Coding::kNone}); it != archives.end(); ++it) {
    const auto [last, first, coding] = it->first;
    if (out.size() >= limit) {
      if (complete == kEveryLsn) complete = out.back().name.last;
      if (first > complete) continue;
    }
    out.emplace_back(Range{first, last}, Range{first, last}, kFirstEpoch, coding);
  }
  return complete;
}

Content FakeSink::read(size_t partition, Lsn lsn) const {
  const auto& archives = partitions_[partition].archives;
  for (auto it = archives.lower_bound({lsn, 0, Coding::kNone}); it != archives.end(); ++it) {
    const Lsn first = it->first.first;
    if (first <= lsn) return it->second[static_cast<size_t>(lsn - first)];
  }
  return kNoContent;
}

std::optional<Range> FakeSink::hole_before(size_t partition, Lsn first) const {
  std::vector<Range> known;
  for (const auto& [key, contents] : partitions_[partition].archives) known.push_back({key.first, key.last});
  for (const Key& key : partitions_[partition].gaps) known.push_back({key.second, key.first});
  std::ranges::sort(known, {}, &Range::first);
  const Lsn origin = partitions_[partition].origin;
  if (known.empty() && origin == kNoLsn) return std::nullopt;
  // Without an origin a partition begins with entry 1.
  Lsn at = known.empty() ? origin + 1 : std::min(origin + 1, known.front().first);
  for (const Range& range : known) {
    if (range.first > at)
      return at < first ? std::optional<Range>({at, std::min(range.first, first) - 1}) : std::nullopt;
    at = std::max(at, range.last + 1);
  }
  return at < first ? std::optional<Range>({at, first - 1}) : std::nullopt;
}

bool FakeSink::holds_older(size_t partition, Lsn lsn) const {
  const auto is_older = [lsn](const Key& key) { return key.second < lsn; };
  const auto is_older_archive = [lsn](const auto& archive) { return archive.first.first < lsn; };
  const Lsn origin = partitions_[partition].origin;
  return (origin != kNoLsn && origin < lsn) || std::ranges::any_of(partitions_[partition].gaps, is_older) ||
         std::ranges::any_of(partitions_[partition].archives, is_older_archive);
}

std::vector<Range> FakeSink::gaps_before(size_t partition, Lsn first) const {
  std::vector<Range> records;
  for (const auto& [record_last, record_first] : partitions_[partition].gaps)
    records.push_back({record_first, record_last});
  std::ranges::sort(records, {}, &Range::first);
  std::vector<Range> found;
  Lsn from = kNoLsn;
  for (const Range& record : records) {
    const Lsn last = std::min(record.last, first - 1);
    const size_t before = found.size();
    for (Lsn lsn = std::max(record.first, from); lsn <= last; ++lsn) {
      if (holds(partition, lsn, std::nullopt)) continue;
      if (found.size() == before || found.back().last + 1 != lsn) found.push_back({lsn, lsn});
      found.back().last = lsn;
    }
    from = std::max(from, last + 1);
  }
  return found;
}

// ---- Jobs ---------------------------------------------------------------------------------------

JobResult World::execute(size_t partition, size_t sink_index, const Job& job, TimeMs now) {
  FakeSink& sink = sinks[sink_index];
  JobResult result;
  switch (job.kind) {
    case JobKind::kDiscover:
      return discover(partition, sink, job);
    case JobKind::kVerify:
      return verify(partition, sink, job, now);
    case JobKind::kRecordGap:
      sink.put_gap(partition, job.range);
      return result;
    case JobKind::kArchive:
      break;
    case JobKind::kClaim:
    case JobKind::kWatch:
      require(false, "no storage is claimed where histories are not told apart", job.partition);
      break;
  }
  result.through = reach(partition, job.range, now);
  if (result.through < job.range.first) {
    result.outcome = Outcome::kMissing;
    result.through = kNoLsn;
    return result;
  }
  std::vector<Content> contents;
  for (Lsn lsn = job.range.first; lsn <= result.through; ++lsn)
    contents.push_back(logs[partition].read(lsn, now));
  if (sink.put(partition, {job.range.first, result.through}, coding, contents) == FakeSink::Put::kDifferent) {
    result.outcome = Outcome::kObjectFailed;
    result.conflict = true;
  }
  return result;
}

Lsn World::reach(size_t partition, Range range, TimeMs now) const {
  uint64_t size = 0;
  Lsn lsn = range.first;
  for (; lsn <= range.last && logs[partition].read(lsn, now) != kNoContent; ++lsn) {
    size += size_of(lsn);
    if (size > batch_size && lsn > range.first) break;
  }
  return lsn - 1;
}

JobResult World::discover(size_t partition, FakeSink& sink, const Job& job) const {
  JobResult result;
  const Lsn low = job.range.first;
  if (job.first_look && low > 1 && sink.is_empty(partition)) sink.put_origin(partition, low - 1);
  result.complete_through = sink.list(partition, job.range.first, list_limit, result.archives);
  if (job.check_older) result.gap = sink.hole_before(partition, job.range.first);
  if (job.check_older && report_known_gaps) result.known_gaps = sink.gaps_before(partition, job.range.first);
  if (job.asked) sink.ask(partition, (result.gap ? result.gap->first : low) - 1);
  return result;
}

JobResult World::verify(size_t partition, const FakeSink& sink, const Job& job, TimeMs now) const {
  const std::vector<Content>* contents = sink.find(partition, job.range, job.coding);
  require(contents != nullptr, "only an archive that exists can be verified", job.partition, job.range.first);
  JobResult result;
  for (Lsn lsn = job.part.first; lsn <= job.part.last; ++lsn) {
    const Content content = logs[partition].read(lsn, now);
    const bool missing = content == kNoContent;
    if (missing ? lsn <= job.accept_missing_through
                : content == (*contents)[static_cast<size_t>(lsn - job.range.first)]) {
      result.through = lsn;
      continue;
    }
    if (lsn > job.part.first) break;  // what was equal counts
    result.outcome = missing ? Outcome::kMissing : Outcome::kObjectFailed;
    result.conflict = !missing;
    break;
  }
  return result;
}

}  // namespace tidemark::sim
