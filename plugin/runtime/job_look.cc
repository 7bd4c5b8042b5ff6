// Looking at what the sink holds of a partition, and recording what it will never hold.
#include "base/wall_clock.h"
#include "format/object_name.h"
#include "runtime/job.h"
#include "sink/memory_source.h"
#include "store/store.h"

namespace tidemark::runtime {
namespace {

// Archives taken from one listing; more are looked up when the partition gets there.
constexpr size_t kDiscoverAtOnce = 1024;

}  // namespace

// The record says where its epoch begins: it belongs to the one that continues the history after the gap, or
// it would hide what is archived there.
JobRunner::Ended JobRunner::record_gap(const PartitionId& id, const core::Job& job) {
  uint64_t epoch = job.epoch;
  if (lineage_ != nullptr && !job.own) {
    const auto after =
        store::epoch_after(*sink_, *id.storage, id.id, job.range, lineage_->chain(*id.storage), &call_);
    if (!after) return sink_error(after.error());
    if (*after != 0) epoch = *after;
  }
  // Its beginning by itself, so that readers see in time where the epoch begins, see format/chain.h.
  Range rest = job.range;
  if (lineage_ != nullptr && rest.last - rest.first >= kArchiveEntriesMax) {
    const Range head{rest.first, rest.first + kArchiveEntriesMax - 1};
    Ended put = put_gap_record(id, head, epoch);
    if (put.result.outcome != core::Outcome::kDone) return put;
    rest.first = head.last + 1;
  }
  Ended result = put_gap_record(id, rest, epoch);
  result.result.begun = epoch == job.epoch;
  return result;
}

JobRunner::Ended JobRunner::put_gap_record(const PartitionId& id, Range range, uint64_t epoch) {
  const FooterBlock block = format_footer(
      {.kind = ObjectKind::kGap, .storage = *id.storage, .partition = id.id, .range = range, .epoch = epoch});
  const sink::MemorySource body(*sink_, {block.data(), block.size()});
  const std::string key = object_key(*id.storage, id.id, {range, ObjectKind::kGap, epoch});
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
    return conflict(id, range, std::move(error), true);
  }
  const Result<sink::ObjectInfo> found =
      sink_->head(key, &call_);  // that it is there is not yet that it is durable
  return found ? Ended() : sink_error(found.error());
}

JobRunner::Ended JobRunner::discover(const PartitionId& id, const core::Job& job) {
  const Lsn low = job.range.first;
  Chain chain;
  if (lineage_ != nullptr) chain = lineage_->chain(*id.storage);
  Result<store::Discovery> found = store::discover(
      *sink_, *id.storage, id.id, low,
      {lineage_ != nullptr ? &chain : nullptr, job.check_older, job.first_look, kDiscoverAtOnce}, &call_);
  if (!found) return sink_error(found.error());
  if (lineage_ != nullptr && job.untouched && found->has_newest_epoch) return disown(id, job);
  Ended result;
  if (found->holds_nothing) {
    // Before anything is archived, so that a later run knows this beginning from a hole.
    const Result<bool> written =
        store::write_origin(*sink_, *id.storage, id.id, low, job.epoch, wall_clock_us(), &call_);
    if (!written) return sink_error(written.error());
    if (*written) result.begins_at = low;
  }
  if (Status durable = make_durable(id, job, *found); !durable) return sink_error(durable.error());
  result.result.archives = std::move(found->archives);
  result.result.complete_through = found->complete_through;
  result.result.gap = found->gap;
  result.result.known_gaps = std::move(found->known_gaps);
  result.result.begun = lineage_ != nullptr && found->has_newest_epoch;
  result.result.begun_with = found->newest_begun;
  return result;
}

// Somebody else has archived under the number that this run has claimed. Reading its epoch would mix two
// histories, so it is not continued: not by the next run either.
JobRunner::Ended JobRunner::disown(const PartitionId& id, const core::Job& job) {
  const std::string storage = *id.storage, number = std::to_string(job.epoch);
  if (Status forgotten = lineage_->disown(storage, job.epoch); !forgotten)
    return entry_error(forgotten.error());
  Ended result = ended(
      core::Outcome::kObjectFailed,
      fail(TIDEMARK_E_INVALID,
           "superseded: " + storage + "/" + std::to_string(id.id) + " has archives of epoch " + number +
               ", which this host has claimed and not written there: the record of an earlier epoch " +
               number +
               " was lost, and its number was given again. Nothing more of this storage is archived. To "
               "continue "
               "from the epoch before, under a new number: tidemark takeover URL " +
               storage + " --lineage-file FILE --over " + number +
               " --reason TEXT; what either host wrote under the old one is read with --epoch " + number +
               ". If it was this data that wrote all of it, add --restored-from " + number +
               ": then it is continued, and nothing of it is reported as lost"));
  result.result.superseded = true;
  return result;
}

// What another run wrote may be visible and not durable yet. The sink is asked (head) when an archive is
// read; what lies right before the range may be acknowledged without being read, so it is asked here. One
// head makes sure of the whole folder, see put and head in tidemark/sink.h.
Status JobRunner::make_durable(const PartitionId& id, const core::Job& job, const store::Discovery& found) {
  if (!job.asked) return {};
  std::optional<ParsedName> before = found.older;
  if (!before && !job.check_older && job.range.first > 1) {
    const auto visit = [&](const store::ArchiveInfo& info) {
      if (info.kind != ObjectKind::kOrigin) before = info;
      return !before;
    };
    TM_TRY(store::list(*sink_, *id.storage, id.id, job.range.first - 1, visit, &call_));
  }
  if (!before) return {};
  const std::string key = object_key(*id.storage, id.id, *before);
  const auto there = sink_->head(key, &call_);
  if (there) return {};
  Error error = there.error();
  if (error.status == TIDEMARK_E_NOT_FOUND) {
    error.status = TIDEMARK_E_RETRYABLE;  // to be listed again
    error.message = key + " was listed but is not there: " + error.message;
  }
  return error;
}

}  // namespace tidemark::runtime
