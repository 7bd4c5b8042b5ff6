// Verifying: compares what is in the sink already with what the host has, and with its own footer.
#include <array>
#include <optional>

#include "base/sha256.h"
#include "base/stopwatch.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "runtime/job.h"
#include "runtime/loaned_entries.h"
#include "store/compare.h"
#include "store/stream.h"
#include "tar/format.h"

namespace tidemark::runtime {

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
  const ParsedName name = {job.range, ObjectKind::kArchive, job.epoch, job.coding, job.begun};
  const std::string key = object_key(*id.storage, id.id, name);
  // What another run wrote may be visible and not durable yet; head says it is.
  const Result<sink::ObjectInfo> existing = sink_->head(key, &call_);
  if (!existing) return sink_error(existing.error());
  Ended result;
  bool decided = false;
  if (is_whole) {
    // As long as the host has all of it one digest is enough.
    LoanedEntries leases(host_, id, sources_, metrics_);
    Range range = job.range;
    auto failure = lay_out(id, BatchLimits(), job, leases, &range);
    if (failure) {
      const bool missing = failure->result.outcome == core::Outcome::kMissing;
      const bool is_single = job.range.first == job.range.last;
      if (missing && is_single && job.accept_missing_through >= job.range.last) return prove(id, name);
      if (!missing || is_single) return std::move(*failure);
    } else if (range == job.range) {
      result = compare(id, name, existing->size_bytes, leases);
      // In a batch with other content some entries may still be equal; in a damaged one this cannot be known.
      const bool may_be_in_part = result.result.conflict && result.error.status == TIDEMARK_E_EXISTS;
      decided = !may_be_in_part || range.first == range.last;
    }
  }
  if (!decided) {
    const bool is_other = result.result.conflict;
    Ended by_entry = compare_entries(id, job, is_other);
    if (by_entry.result.sealed && is_other) {
      result.result.sealed = true;  // nobody here can tell which of its entries differ; some do
    } else {
      result = std::move(by_entry);
    }
  }
  if (result.result.sealed) result = verify_sealed(id, job, existing->size_bytes, std::move(result));
  if (result.result.outcome == core::Outcome::kDone) {
    const Lsn through = result.result.through == kNoLsn ? job.part.last : result.result.through;
    metrics_.verified(metrics_.storage(*id.storage), through - job.part.first + 1, watch.seconds());
  }
  return result;
}

JobRunner::Ended JobRunner::compare(const PartitionId& id, const ParsedName& name, uint64_t there_bytes,
                                    LoanedEntries& leases) {
  const Result<Digest> digest = leases.source().content_digest();
  if (!digest) return entry_error(digest.error());
  const store::ArchiveContent here = {leases.source().size_bytes(), *digest};
  leases.give_back();
  const std::string key = object_key(*id.storage, id.id, name);
  uint64_t read_bytes = 0;
  std::optional<Slots::Lease> decoder;
  const auto same =
      store::compare_archive(*sink_, key, there_bytes, here, codec_.keys, limits_.verify_depth, &read_bytes,
                             &call_, [&] { decoder.emplace(sources_.take_decoder()); });
  return looked_at(id, name, same ? Status() : same.error(), read_bytes, true);
}

JobRunner::Ended JobRunner::prove(const PartitionId& id, const ParsedName& name) {
  const std::string key = object_key(*id.storage, id.id, name);
  uint64_t read_bytes = 0;
  const auto footer = store::prove_archive(*sink_, key, limits_.verify_depth, &read_bytes, &call_);
  return looked_at(id, name, footer ? Status() : footer.error(), read_bytes, false);
}

JobRunner::Ended JobRunner::verify_sealed(const PartitionId& id, const core::Job& job, uint64_t there_bytes,
                                          Ended sealed) {
  const ParsedName name = {job.range, ObjectKind::kArchive, job.epoch, job.coding, job.begun};
  LoanedEntries leases(host_, id, sources_, metrics_);
  if (job.part != job.range) {
    // One tag stands for all of it.
    Range range = job.range;
    const auto failure = lay_out(id, BatchLimits(), job, leases, &range);
    if (failure && failure->result.outcome == core::Outcome::kCancelled) return *failure;
    if (!failure && range == job.range) {
      Ended whole = compare(id, name, there_bytes, leases);
      const bool says_nothing = whole.result.sealed || whole.error.status == TIDEMARK_E_EXISTS;
      if (!says_nothing) return whole;
    }
  }
  Lsn missing = job.part.first;
  for (; missing <= std::min(job.part.last, job.accept_missing_through); ++missing) {
    leases.give_back();
    Range entry{missing, missing};
    const auto failure = lay_out(id, BatchLimits(), job, leases, &entry);
    if (failure && failure->result.outcome == core::Outcome::kCancelled) return *failure;
    if (!failure || failure->result.outcome != core::Outcome::kMissing) break;
  }
  if (missing == job.part.first) return sealed;
  Ended proven = prove(id, name);
  if (proven.result.outcome == core::Outcome::kDone) proven.result.through = missing - 1;
  return proven;
}

JobRunner::Ended JobRunner::compare_entries(const PartitionId& id, const core::Job& job, bool has_all) {
  Range part = job.part;
  part.last = part.first + std::min(part.last - part.first, limits_.compare_entries - 1);
  const ParsedName name = {job.range, ObjectKind::kArchive, job.epoch, job.coding, job.begun};
  const std::string key = object_key(*id.storage, id.id, name);
  LoanedEntries leases(host_, id, sources_, metrics_);
  uint64_t read_bytes = 0;
  std::optional<Slots::Lease> decoder;
  if (job.coding != Coding::kNone) decoder.emplace(sources_.take_decoder());
  auto there = store::digest_entries(*sink_, key, part, codec_.keys, &read_bytes, &call_);
  decoder.reset();
  Ended result = looked_at(id, name, there ? Status() : there.error(), read_bytes, has_all);
  if (result.result.outcome != core::Outcome::kDone) return result;
  for (Lsn lsn = part.first; lsn <= part.last; ++lsn) {
    Ended entry;
    const Digest& archived = there->at(lsn);
    const Result<Digest> here = digest_of_entry(id, lsn, leases);
    if (!here) {
      entry = entry_error(id, lsn, here.error());
      // Archived, and the host no longer has it.
      if (entry.result.outcome == core::Outcome::kMissing && lsn <= job.accept_missing_through) entry = {};
    } else if (*here != archived) {
      entry = conflict(id, {lsn, lsn}, store::other_content(key, archived, *here), has_all);
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

JobRunner::Ended JobRunner::looked_at(const PartitionId& id, const ParsedName& name, Status status,
                                      uint64_t read_bytes, bool has_all) {
  read_pace_.pay(read_bytes, now_ms());
  Ended result;
  if (!status) {
    const tidemark_status code = status.error().status;
    const bool is_conflict = code == TIDEMARK_E_CORRUPT || code == TIDEMARK_E_EXISTS;
    result = is_conflict ? conflict(id, name.range, std::move(status.error()), has_all)
                         : sink_error(std::move(status.error()));
    result.result.sealed = code == TIDEMARK_E_SEALED;
  }
  result.result.size_bytes = read_bytes;
  return result;
}

// Of the bytes that the entry takes in any archive.
Result<Digest> JobRunner::digest_of_entry(const PartitionId& id, Lsn lsn, LoanedEntries& leases) {
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

}  // namespace tidemark::runtime
