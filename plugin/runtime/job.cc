#include "runtime/job.h"

#include <array>
#include <chrono>

#include "base/guard.h"
#include "base/sha256.h"
#include "base/stopwatch.h"
#include "base/wall_clock.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "runtime/host.h"
#include "sink/memory_source.h"
#include "store/compare.h"
#include "store/store.h"
#include "tar/format.h"

namespace tidemark::runtime {
namespace {

// Archives taken from one listing; more are looked up when the partition gets there.
constexpr size_t kDiscoverAtOnce = 1024;

std::string name_of(const PartitionId& id, Range range) {
  std::string name = *id.storage + "/" + std::to_string(id.id) + " entry " + std::to_string(range.first);
  if (range.last != range.first) name += ".." + std::to_string(range.last);
  return name;
}

tidemark_status read_source(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                            tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_ASSIGN(const size_t count, static_cast<tar::EntrySource*>(ctx)->read(offset, buffer, size));
    *out_size = count;
    return {};
  });
}

}  // namespace

// Memory and entries on loan: each entry is given back exactly once, whatever happens, after the source let
// go of its files.
class JobRunner::Leases {
 public:
  Leases(const tidemark_host& host, const PartitionId& id, SourcePool& sources, metrics::Metrics& metrics)
      : host_(host), partition_(abi_partition(id)), memory_(sources.take()) {
    if (memory_.waited()) metrics.waited_for_memory();
  }
  ~Leases() { give_back(); }
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  tar::EntrySource& source() const { return memory_.source(); }

  std::chrono::nanoseconds acquire_time() const { return acquire_time_; }

  // Acquires the entry and adds it to the source; *taken as add() of the source says.
  Status add(Lsn lsn, uint64_t most_bytes, bool* taken) {
    const Stopwatch acquiring;
    const Result<std::string_view> path = acquire(lsn);
    acquire_time_ += acquiring.elapsed();
    if (!path) return path.error();
    TM_ASSIGN(const bool added, source().add({lsn, *path}, most_bytes));
    *taken = added;
    return {};
  }

  // The entries; the memory stays.
  void give_back() {
    source().close();
    for (tidemark_entry& entry : entries_) host_.release_entry(host_.ctx, &partition_, &entry);
    entries_.clear();
  }

 private:
  Result<std::string_view> acquire(Lsn lsn) {
    tidemark_error error = empty_abi_error();
    entries_.push_back({sizeof(tidemark_entry), 0, {nullptr, 0}, nullptr});  // before there is a loan to lose
    tidemark_entry& entry = entries_.back();
    const tidemark_status status = host_.acquire_entry(host_.ctx, &partition_, lsn, &entry, &error);
    if (status != TIDEMARK_OK) {
      entries_.pop_back();
      return from_abi(status, error, "acquire_entry");
    }
    const std::string_view path = view(entry.path);
    if (path.empty() || path.front() != '/') {
      return fail(TIDEMARK_E_INVALID,
                  "acquire_entry gave the path '" + std::string(path) + "', which is not absolute");
    }
    return path;
  }

  const tidemark_host& host_;
  const tidemark_partition partition_;
  const SourcePool::Lease memory_;
  std::vector<tidemark_entry> entries_;
  std::chrono::nanoseconds acquire_time_{0};
};

JobRunner::JobRunner(const tidemark_host& host, sink::Slot& slot, metrics::Metrics& metrics,
                     metrics::Stages::Shard& stages, SourcePool& sources, ReadPace& read_pace,
                     const JobLimits& limits, const std::atomic<bool>& cancelled)
    : host_(host),
      slot_(slot),
      metrics_(metrics),
      stages_(stages),
      sources_(sources),
      read_pace_(read_pace),
      limits_(limits),
      cancelled_(cancelled) {
  call_ = {sizeof call_, 0, const_cast<std::atomic<bool>*>(&cancelled),
           [](void* ctx) -> int32_t { return static_cast<std::atomic<bool>*>(ctx)->load() ? 1 : 0; }};
}

JobDone JobRunner::run(const JobCommand& command) noexcept {
  sink_ = slot_.get();
  put_through_ = kNoLsn;
  Ended ended;
  try {
    ended = run_kind(command);
  } catch (...) {
    ended = {};
    ended.result.outcome = core::Outcome::kEntryFailed;
    ended.result.through = put_through_;
    ended.error = current_error();
  }
  sink_.reset();
  const core::Outcome outcome = ended.result.outcome;
  const bool failed = outcome != core::Outcome::kDone && outcome != core::Outcome::kCancelled &&
                      outcome != core::Outcome::kDeferred;
  if (failed && ended.result.conflict) {
    metrics_.conflict();
  } else if (failed) {
    metrics_.failed();
  }
  return {command.job, std::move(ended.result), std::move(ended.error), ended.begins_at};
}

JobRunner::Ended JobRunner::run_kind(const JobCommand& command) {
  switch (command.job.kind) {
    case core::JobKind::kDiscover:
      return discover(command.id, command.job);
    case core::JobKind::kArchive:
      return archive(command.id, command.job.range);
    case core::JobKind::kVerify:
      return verify(command.id, command.job);
    case core::JobKind::kRecordGap:
      return record_gap(command.id, command.job.range);
  }
  return {};
}

JobRunner::Ended JobRunner::archive(const PartitionId& id, Range range) {
  const Stopwatch watch;
  Leases leases(host_, id, sources_, metrics_);
  if (auto failure = lay_out(id, limits_.batch_bytes, leases, &range)) return std::move(*failure);
  const tar::EntrySource& body = leases.source();
  const uint64_t size_bytes = body.size_bytes();
  Ended result = put_laid_out(id, range, leases);
  stages_.add(metrics::Stage::kStat, body.times().stat);
  stages_.add(metrics::Stage::kRead, body.times().read);
  result.result.through = range.last;
  result.result.size_bytes = size_bytes;
  const uint64_t entries = range.last - range.first + 1;
  if (result.result.outcome != core::Outcome::kDone) return result;
  if (result.existed) {
    metrics_.verified(entries, watch.seconds());
  } else {
    metrics_.archived(entries, size_bytes, watch.seconds());
  }
  return result;
}

JobRunner::Ended JobRunner::put_laid_out(const PartitionId& id, Range range, Leases& leases) {
  tar::EntrySource& body = leases.source();
  Digest digest;
  tidemark_source source = {sizeof source, 0,           body.size_bytes(), nullptr,
                            &body,         read_source, body.data(),       nullptr};
  if (sink_->wants_sha256()) {
    const Result<Digest> whole = body.object_digest();
    if (!whole) return entry_error(whole.error());
    digest = *whole;
    source.sha256 = digest.data();
  }
  uint32_t crc32c = 0;
  if (sink_->wants_crc32c()) {
    const Result<uint32_t> whole = body.object_crc32c();
    if (!whole) return entry_error(whole.error());
    crc32c = *whole;
    source.crc32c = &crc32c;
  }
  const std::string key = object_key(*id.storage, id.id, range, ObjectKind::kArchive);
  put_through_ = range.last;
  const Stopwatch putting;
  const auto read_before = body.times().read;
  const Status status = put(key, source);
  const auto took = putting.elapsed() - (body.times().read - read_before);
  stages_.add(metrics::Stage::kPut, took);
  if (status) {
    Ended done;
    // At least 1: it did put something.
    done.result.put_us = std::max<int64_t>(1, std::chrono::ceil<std::chrono::microseconds>(took).count());
    return done;
  }
  if (const std::optional<Error>& own = body.failure()) return entry_error(*own);
  if (status.error().status != TIDEMARK_E_EXISTS) return sink_error(status.error());
  // Somebody's, or our own of which the answer was lost: which of them cannot be told, so it is read.
  const Result<sink::ObjectInfo> existing = sink_->head(key, &call_);
  if (!existing && existing.error().status == TIDEMARK_E_NOT_FOUND) {
    Error error = existing.error();
    error.message = status.error().message + "; and yet it is not there: " + error.message;
    return sink_error(std::move(error));
  }
  if (!existing) return sink_error(existing.error());
  Ended result = compare(id, range, existing->size_bytes, leases);
  result.existed = true;
  return result;
}

JobRunner::Ended JobRunner::verify(const PartitionId& id, const core::Job& job) {
  const Stopwatch watch;
  const bool is_whole = job.part == job.range;
  if (limits_.verify_depth == store::Depth::kFull || !is_whole) {
    if (const uint32_t wait_ms = read_pace_.ask(now_ms()); wait_ms > 0) {
      Ended deferred;
      deferred.result.outcome = core::Outcome::kDeferred;
      deferred.result.retry_after_ms = wait_ms;
      return deferred;
    }
  }
  const std::string key = object_key(*id.storage, id.id, job.range, ObjectKind::kArchive);
  // What another life wrote may be visible and not durable yet; head says it is.
  const Result<sink::ObjectInfo> existing = sink_->head(key, &call_);
  if (!existing) return sink_error(existing.error());
  Ended result;
  bool is_told = false;
  if (is_whole) {
    // As long as all of it is there one digest tells.
    Leases leases(host_, id, sources_, metrics_);
    Range range = job.range;
    auto failure = lay_out(id, UINT64_MAX, leases, &range);
    if (failure) {
      const bool missing = failure->result.outcome == core::Outcome::kMissing;
      const bool is_single = job.range.first == job.range.last;
      if (missing && is_single && job.trusted >= job.range.last) return prove(id, range);
      if (!missing || is_single) return std::move(*failure);
    } else if (range == job.range) {
      result = compare(id, range, existing->size_bytes, leases);
      // Of a batch with other content some entries may be equal all the same; of a damaged one nobody can
      // tell.
      const bool may_be_in_part = result.result.conflict && result.error.status == TIDEMARK_E_EXISTS;
      is_told = !may_be_in_part || range.first == range.last;
    }
  }
  if (!is_told) result = compare_entries(id, job);
  if (result.result.outcome == core::Outcome::kDone) {
    const Lsn through = result.result.through == kNoLsn ? job.part.last : result.result.through;
    metrics_.verified(through - job.part.first + 1, watch.seconds());
  }
  return result;
}

JobRunner::Ended JobRunner::record_gap(const PartitionId& id, Range range) {
  const FooterBlock block = format_gap_record(*id.storage, id.id, range);
  const sink::MemorySource body(*sink_, {block.data(), block.size()});
  const std::string key = object_key(*id.storage, id.id, range, ObjectKind::kGap);
  const auto source = body.source();
  if (!source) return entry_error(source.error());
  const Status status = put(key, **source);
  if (status) return {};
  if (status.error().status != TIDEMARK_E_EXISTS) return sink_error(status.error());

  std::string existing;
  const auto keep = [&existing, &block](const void* data, size_t size) {
    existing.append(static_cast<const char*>(data), std::min(size, block.size() + 1 - existing.size()));
    return true;
  };
  if (Status got = sink_->get(key, 0, block.size() + 1, keep, &call_); !got) return sink_error(got.error());
  if (existing != std::string_view(block.data(), block.size())) {
    Error error;
    error.status = TIDEMARK_E_CORRUPT;
    error.message = key + " is not the gap record of these entries";
    return conflict(id, range, std::move(error));
  }
  const Result<sink::ObjectInfo> found =
      sink_->head(key, &call_);  // that it is there is not yet that it is durable
  return found ? Ended() : sink_error(found.error());
}

JobRunner::Ended JobRunner::discover(const PartitionId& id, const core::Job& job) {
  const Lsn low = job.range.first;
  Result<store::Discovery> found = store::discover(
      *sink_, *id.storage, id.id, low, {job.check_older, job.first_look, kDiscoverAtOnce}, &call_);
  if (!found) return sink_error(found.error());
  Ended result;
  if (found->holds_nothing) {
    // Before anything is archived, so that a later run can tell this beginning from a hole.
    const Result<bool> written =
        store::write_origin(*sink_, *id.storage, id.id, low, wall_clock_us(), &call_);
    if (!written) return sink_error(written.error());
    if (*written) result.begins_at = low;
  }
  if (Status durable = make_durable(id, job, *found); !durable) return sink_error(durable.error());
  result.result.archives = std::move(found->archives);
  result.result.complete_through = found->complete_through;
  result.result.gap = found->gap;
  result.result.known_gaps = std::move(found->known_gaps);
  return result;
}

// What another run wrote may be visible and not durable yet. Archives of which the host still has the entries
// are asked for when they are compared; those before them are passed, or acknowledged, without that. One
// question stands for all that was listed, see put and head in tidemark/sink.h.
Status JobRunner::make_durable(const PartitionId& id, const core::Job& job, const store::Discovery& found) {
  std::optional<ParsedName> passed = job.asked ? found.older : std::nullopt;
  for (const Range& range : found.archives) {
    if (range.first < job.low) passed = {range, ObjectKind::kArchive};
  }
  if (job.asked && !passed && !job.check_older && job.range.first > 1) {
    const Lsn before = job.range.first - 1;
    const auto visit = [&](const store::ArchiveInfo& info) {
      if (info.kind != ObjectKind::kOrigin) passed = {info.range, info.kind};
      return !passed;
    };
    if (Status listed = store::list(*sink_, *id.storage, id.id, before, visit, &call_); !listed)
      return listed;
  }
  if (!passed) return {};
  const std::string key = object_key(*id.storage, id.id, passed->range, passed->kind);
  const auto there = sink_->head(key, &call_);
  if (there) return {};
  Error error = there.error();
  if (error.status == TIDEMARK_E_NOT_FOUND) {
    error.status = TIDEMARK_E_RETRYABLE;  // to be listed again
    error.message = key + " was listed and is not there: " + error.message;
  }
  return error;
}

std::optional<JobRunner::Ended> JobRunner::lay_out(const PartitionId& id, uint64_t most_bytes, Leases& leases,
                                                   Range* range) {
  if (Status begun = leases.source().begin(*id.storage, id.id, Call(&call_)); !begun) {
    return ended(core::Outcome::kEntryFailed, begun.error());
  }
  const Lsn last = range->last;
  for (Lsn lsn = range->first;; ++lsn) {
    bool taken = false;
    Status status = leases.add(lsn, most_bytes, &taken);
    // What fails is met again as the first of another job, and holds up only itself.
    if (!status && (lsn == range->first || entry_outcome(status.error()) == core::Outcome::kCancelled)) {
      return entry_error(id, lsn, std::move(status.error()));
    }
    if (!taken) break;
    range->last = lsn;
    if (lsn == last) break;
  }
  stages_.add(metrics::Stage::kAcquire, leases.acquire_time());
  leases.source().seal();
  return std::nullopt;
}

JobRunner::Ended JobRunner::entry_error(const PartitionId& id, Lsn lsn, Error error) const {
  core::Outcome outcome = entry_outcome(error);
  if (error.status == TIDEMARK_E_NOT_FOUND) outcome = core::Outcome::kMissing;
  error.message = name_of(id, {lsn, lsn}) + ": " + error.message;
  return ended(outcome, std::move(error));
}

JobRunner::Ended JobRunner::compare(const PartitionId& id, Range range, uint64_t there_bytes,
                                    Leases& leases) {
  const Result<Digest> digest = leases.source().content_digest();
  if (!digest) return entry_error(digest.error());
  const store::ArchiveContent here = {leases.source().size_bytes(), *digest};
  leases.give_back();
  const std::string key = object_key(*id.storage, id.id, range, ObjectKind::kArchive);
  uint64_t read_bytes = 0;
  Status status =
      store::compare_archive(*sink_, key, there_bytes, here, limits_.verify_depth, &read_bytes, &call_);
  return looked_at(id, range, std::move(status), read_bytes);
}

JobRunner::Ended JobRunner::prove(const PartitionId& id, Range range) {
  const std::string key = object_key(*id.storage, id.id, range, ObjectKind::kArchive);
  uint64_t read_bytes = 0;
  Status status = store::prove_archive(*sink_, key, limits_.verify_depth, &read_bytes, &call_);
  return looked_at(id, range, std::move(status), read_bytes);
}

JobRunner::Ended JobRunner::compare_entries(const PartitionId& id, const core::Job& job) {
  Range part = job.part;
  part.last = part.first + std::min(part.last - part.first, limits_.compare_entries - 1);
  const std::string key = object_key(*id.storage, id.id, job.range, ObjectKind::kArchive);
  Leases leases(host_, id, sources_, metrics_);
  uint64_t read_bytes = 0;
  auto there = store::digest_entries(*sink_, key, part, &read_bytes, &call_);
  Ended result = looked_at(id, job.range, there ? Status() : there.error(), read_bytes);
  if (result.result.outcome != core::Outcome::kDone) return result;
  for (Lsn lsn = part.first; lsn <= part.last; ++lsn) {
    Ended entry;
    const Digest& archived = there->at(lsn);
    const Result<Digest> here = digest_of_entry(id, lsn, leases);
    if (!here) {
      entry = entry_error(id, lsn, here.error());
      // Archived, and the host no longer has it.
      if (entry.result.outcome == core::Outcome::kMissing && lsn <= job.trusted) entry = {};
    } else if (*here != archived) {
      entry = conflict(id, {lsn, lsn}, store::other_content(key, archived, *here));
    }
    if (entry.result.outcome != core::Outcome::kDone) {
      // What was found equal counts; this one is met again as the first of another job.
      const bool is_first = lsn == part.first || entry.result.outcome == core::Outcome::kCancelled;
      entry.result.size_bytes = result.result.size_bytes;
      return is_first ? std::move(entry) : std::move(result);
    }
    result.result.through = lsn;
  }
  return result;
}

JobRunner::Ended JobRunner::looked_at(const PartitionId& id, Range range, Status status,
                                      uint64_t read_bytes) {
  read_pace_.pay(read_bytes, now_ms());
  Ended result;
  if (!status) {
    const tidemark_status code = status.error().status;
    const bool is_conflict = code == TIDEMARK_E_CORRUPT || code == TIDEMARK_E_EXISTS;
    result =
        is_conflict ? conflict(id, range, std::move(status.error())) : sink_error(std::move(status.error()));
  }
  result.result.size_bytes = read_bytes;
  return result;
}

// Of the bytes that the entry takes in any archive.
Result<Digest> JobRunner::digest_of_entry(const PartitionId& id, Lsn lsn, Leases& leases) {
  constexpr size_t kPieceBytes = 16 << 10;
  leases.give_back();
  tar::EntrySource& source = leases.source();
  TM_TRY(source.begin(*id.storage, id.id, Call(&call_)));
  bool taken = false;
  TM_TRY(leases.add(lsn, UINT64_MAX, &taken));
  source.seal();
  const uint64_t size_bytes = source.size_bytes() - tar::kEndMarkSize - kFooterSize;
  Sha256 sha256;
  if (source.data() != nullptr) {
    sha256.update(source.data(), size_bytes);
    return sha256.finish();
  }
  std::array<uint8_t, kPieceBytes> piece;
  for (uint64_t offset = 0; offset < size_bytes;) {
    const size_t most = std::min<uint64_t>(piece.size(), size_bytes - offset);
    TM_ASSIGN(const size_t count, source.read(offset, piece.data(), most));
    sha256.update(piece.data(), count);
    offset += count;
  }
  // To the end: only there is it known that nothing changed meanwhile.
  TM_TRY(source.content_digest());
  return sha256.finish();
}

Status JobRunner::put(const std::string& key, const tidemark_source& source) {
  return sink_->put(key, source, TIDEMARK_PUT_IF_ABSENT, &call_);
}

JobRunner::Ended JobRunner::ended(core::Outcome outcome, Error error) const {
  Ended result;
  result.result.outcome = outcome;
  result.error = std::move(error);
  return result;
}

// CANCELLED is what the plugin asked for only while it stops; a callback that says so at any other time has
// failed.
core::Outcome JobRunner::entry_outcome(const Error& error) const {
  const bool is_stopping = error.status == TIDEMARK_E_CANCELLED && cancelled_.load();
  return is_stopping ? core::Outcome::kCancelled : core::Outcome::kEntryFailed;
}

JobRunner::Ended JobRunner::entry_error(Error error) const {
  const core::Outcome outcome = entry_outcome(error);
  return ended(outcome, std::move(error));
}

JobRunner::Ended JobRunner::sink_error(Error error) const {
  // It is this process that has no memory, not the sink that is down.
  if (is_out_of_memory(error)) return ended(core::Outcome::kEntryFailed, std::move(error));
  core::Outcome outcome =
      is_retryable(error.status) ? core::Outcome::kSinkFailed : core::Outcome::kObjectFailed;
  if (error.status == TIDEMARK_E_THROTTLED) outcome = core::Outcome::kSinkThrottled;
  if (error.status == TIDEMARK_E_CANCELLED) {
    outcome = cancelled_.load() ? core::Outcome::kCancelled : core::Outcome::kSinkFailed;
  }
  const uint32_t retry_after_ms = error.retry_after_ms;
  Ended result = ended(outcome, std::move(error));
  result.result.retry_after_ms = retry_after_ms;
  return result;
}

// CORRUPT: what is there is damaged. Else another history has written it.
JobRunner::Ended JobRunner::conflict(const PartitionId& id, Range range, Error error) const {
  const bool is_damaged = error.status == TIDEMARK_E_CORRUPT;
  error.message = name_of(id, range) + ": " + (is_damaged ? "damaged in the sink: " : "") + error.message +
                  (is_damaged ? "; move it away and it is written anew" : "; nothing was overwritten");
  Ended result = ended(core::Outcome::kObjectFailed, std::move(error));
  result.result.conflict = true;
  return result;
}

}  // namespace tidemark::runtime
