#include "source_holes.h"

#include "format/types.h"

namespace tidemark::cli {

Result<void> SourceHoles::add(const Stored& stored, Stop& stop) {
  if (!surveys_ || lacking_.storage != stored.storage || lacking_.partition != stored.partition) {
    finish();
    TM_TRY(begin(stored, stop));
  }
  TM_TRY(look_at_epoch(stored, stop));
  cut_->add(stored, {}, [this](const Stored& one, const Proof&, const EpochCut::Parts& parts) {
    count(one, parts);
    return true;
  });
  return {};
}

void SourceHoles::finish() {
  if (!surveys_) return;
  cut_->finish([this](const Stored& one, const Proof&, const EpochCut::Parts& parts) {
    count(one, parts);
    return true;
  });
  for (HistorySurveys::Of& of : surveys_->each()) take(of.survey.coverage.finish());
  surveys_.reset();
  if (lacking_.pieces > 0) tell_(lacking_);
}

Result<void> SourceHoles::begin(const Stored& stored, Stop& stop) {
  if (storage_ != stored.storage) {
    TM_ASSIGN(lineage_, histories_.lineage(stored.storage, stop));
    storage_ = stored.storage;
    leaves_ = leaves_of(*lineage_);
    strangers_.clear();
    look_at_records();
  }
  cut_.emplace(leaves_.chains);
  surveys_.emplace(stored.storage, stored.partition, leaves_);
  lacking_ = {stored.storage, stored.partition, {}, 0, 0};
  return {};
}

// Those that are damaged are found where they are read.
void SourceHoles::look_at_records() {
  for (const auto& [number, epoch] : lineage_->epochs()) {
    const std::string problem = lineage_->problem_of(epoch);
    if (problem.empty()) continue;
    Stored record;
    record.kind = TIDEMARK_STORED_EPOCH;
    record.epoch = number;
    record.key = epoch_key(storage_, number);
    tell_lineage_(record, problem);
  }
}

Result<void> SourceHoles::look_at_epoch(const Stored& stored, Stop& stop) {
  if (stored.epoch <= kFirstEpoch || lineage_->is_recorded(stored.epoch) || strangers_.contains(stored.epoch))
    return {};
  TM_ASSIGN(const auto why, histories_.stranger_text(stored, stop));
  if (!why) return {};
  strangers_.insert(stored.epoch);
  tell_lineage_(stored, *why);
  return {};
}

void SourceHoles::count(const Stored& stored, const EpochCut::Parts& parts) {
  if (stored.kind == TIDEMARK_STORED_IRREGULAR) {
    surveys_->add_damaged(stored, parts);
  } else {
    surveys_->add(stored, parts);
  }
  for (HistorySurveys::Of& of : surveys_->each()) take(of.survey.coverage.take_settled());
}

void SourceHoles::take(const std::vector<Missing>& missing) {
  for (const Missing& piece : missing) {
    if (piece.cause != Cause::kUnknown || !surveys_->is_new(piece)) continue;
    if (lacking_.pieces++ == 0 || piece.range.first < lacking_.first.first) lacking_.first = piece.range;
    lacking_.lsns += size_of(piece.range);
  }
}

}  // namespace tidemark::cli
