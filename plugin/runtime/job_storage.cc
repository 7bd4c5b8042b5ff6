// Storages whose histories are told apart: claims an epoch, and watches for a newer one.
#include "lineage/claim.h"
#include "lineage/watch.h"
#include "runtime/job.h"
#include "runtime/lineage.h"

namespace tidemark::runtime {

JobRunner::Ended JobRunner::claim(const PartitionId& id) {
  lineage::Claimed claimed = lineage_->claim(*sink_, *id.storage, &call_);
  Ended result;
  switch (claimed.trouble) {
    case lineage::Trouble::kNone:
      result.result.epoch = claimed.epoch;
      result.notice = std::move(claimed.notice);
      result.is_suspicious = claimed.is_suspicious;
      return result;
    case lineage::Trouble::kSink:
      return sink_error(std::move(claimed.error));
    case lineage::Trouble::kFile:
      return entry_error(std::move(claimed.error));
    case lineage::Trouble::kRefused:
      return ended(core::Outcome::kObjectFailed, std::move(claimed.error));
    case lineage::Trouble::kSuperseded:
      result = ended(core::Outcome::kObjectFailed, std::move(claimed.error));
      result.result.superseded = true;
      return result;
  }
  return result;
}

JobRunner::Ended JobRunner::watch(const PartitionId& id) {
  Result<lineage::Watched> watched = lineage_->watch(*sink_, *id.storage, &call_);
  if (!watched) {
    Ended result = sink_error(std::move(watched.error()));
    if (result.result.outcome == core::Outcome::kCancelled) return result;
    // Reported once: a store that lists nothing more may be one that takes archives for months.
    result.is_suspicious = lineage_->watch_ended(*id.storage, false);
    if (result.is_suspicious) {
      result.notice = *id.storage +
                      ": whether another host has taken it over cannot be seen: " + result.error.message +
                      "; looks again, without another line until it can";
    }
    return result;
  }
  Ended result;
  if (lineage_->watch_ended(*id.storage, true))
    result.notice = *id.storage + ": whether another host has taken it over is seen again";
  result.result.superseded = watched->is_superseded;
  result.result.epoch_gone = watched->is_gone;
  result.error = std::move(watched->error);
  return result;
}

}  // namespace tidemark::runtime
