#include "runtime/job.h"

#include "base/guard.h"

namespace tidemark::runtime {
namespace {

std::string name_of(const PartitionId& id, Range range) {
  std::string name = *id.storage + "/" + std::to_string(id.id) + " entry " + std::to_string(range.first);
  if (range.last != range.first) name += ".." + std::to_string(range.last);
  return name;
}

}  // namespace

JobRunner::JobRunner(const tidemark_host& host, metrics::Metrics& metrics, metrics::Stages::Shard& stages,
                     SourcePool& sources, ReadPace& read_pace, const JobLimits& limits, const JobCodec& codec,
                     Lineage* lineage, const std::atomic<bool>& cancelled)
    : host_(host),
      metrics_(metrics),
      stages_(stages),
      sources_(sources),
      read_pace_(read_pace),
      limits_(limits),
      codec_(codec),
      lineage_(lineage),
      cancelled_(cancelled) {
  call_ = {sizeof call_, 0, const_cast<std::atomic<bool>*>(&cancelled),
           [](void* ctx) -> int32_t { return static_cast<std::atomic<bool>*>(ctx)->load() ? 1 : 0; }};
}

JobDone JobRunner::run(const JobCommand& command) noexcept {
  sink_ = command.sink;
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
    metrics_.conflict(metrics_.storage(*command.id.storage));
  } else if (failed) {
    metrics_.failed(metrics_.storage(*command.id.storage));
  }
  return {command.job,     std::move(ended.result), std::move(ended.error),
          ended.begins_at, std::move(ended.notice), ended.is_suspicious};
}

JobRunner::Ended JobRunner::run_kind(const JobCommand& command) {
  switch (command.job.kind) {
    case core::JobKind::kDiscover:
      return discover(command.id, command.job);
    case core::JobKind::kArchive:
      return archive(command.id, command.job);
    case core::JobKind::kVerify:
      return verify(command.id, command.job);
    case core::JobKind::kRecordGap:
      return record_gap(command.id, command.job);
    case core::JobKind::kClaim:
      return claim(command.id);
    case core::JobKind::kWatch:
      return watch(command.id);
  }
  return {};
}

JobRunner::Ended JobRunner::entry_error(const PartitionId& id, Lsn lsn, Error error) const {
  core::Outcome outcome = entry_outcome(error);
  if (error.status == TIDEMARK_E_NOT_FOUND) outcome = core::Outcome::kMissing;
  error.message = name_of(id, {lsn, lsn}) + ": " + error.message;
  return ended(outcome, std::move(error));
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
JobRunner::Ended JobRunner::conflict(const PartitionId& id, Range range, Error error, bool has_all) const {
  const bool is_damaged = error.status == TIDEMARK_E_CORRUPT;
  const char* advice = "; nothing was overwritten";
  if (is_damaged && has_all) advice = "; move it away and it is written again";
  if (is_damaged && !has_all) {
    advice =
        "; the host was not seen to have all of its entries: bring it from a copy, for if it is moved away "
        "those that the host lacks are lost";
  }
  error.message =
      name_of(id, range) + ": " + (is_damaged ? "damaged in the sink: " : "") + error.message + advice;
  Ended result = ended(core::Outcome::kObjectFailed, std::move(error));
  result.result.conflict = true;
  return result;
}

}  // namespace tidemark::runtime
