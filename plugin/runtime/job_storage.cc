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
      result.claimed = std::move(claimed.notice);
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
  if (!watched) return sink_error(std::move(watched.error()));
  Ended result;
  result.result.superseded = watched->is_superseded;
  result.result.epoch_gone = watched->is_gone;
  result.error = std::move(watched->error);
  return result;
}

}  // namespace tidemark::runtime
