#include "history_surveys.h"

#include <algorithm>

namespace tidemark::cli {

Leaves leaves_of(const Lineage& lineage) {
  Leaves leaves;
  for (const uint64_t epoch : lineage.leaves()) {
    auto chain = lineage.chain_of(epoch);
    if (!chain) continue;  // leaves() has those only of which it can be told
    leaves.epochs.push_back(epoch);
    leaves.chains.push_back(*std::move(chain));
  }
  return leaves;
}

HistorySurveys::HistorySurveys(const std::string& storage, uint64_t partition, const Leaves& leaves)
    : leaves_(leaves) {
  for (const uint64_t epoch : leaves.epochs)
    surveys_.push_back({leaves.epochs.size() > 1 ? epoch : 0, Survey(storage, partition)});
}

void HistorySurveys::add(const Stored& stored, const EpochCut::Parts& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]) surveys_[i].survey.add(counted(stored, *parts[i]));
  }
}

void HistorySurveys::add_damaged(const Stored& stored, const EpochCut::Parts& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i]) surveys_[i].survey.add_damaged(counted(stored, *parts[i]));
  }
}

uint64_t HistorySurveys::pruned_through() const {
  uint64_t through = 0;
  for (const Of& of : surveys_) through = std::max(through, of.survey.pruned_through);
  return through;
}

std::vector<HistoryEnd> HistorySurveys::ends() const {
  std::vector<HistoryEnd> ends;
  for (size_t i = 0; i < surveys_.size(); ++i)
    ends.push_back({leaves_.epochs[i], leaves_.chains[i], surveys_[i].survey.coverage.last()});
  return ends;
}

bool HistorySurveys::has_remnants() const {
  return std::any_of(surveys_.begin(), surveys_.end(), [](const Of& of) { return of.survey.has_remnants(); });
}

std::vector<std::vector<Overlap>> HistoryOverlaps::add(const Stored& stored, const EpochCut::Parts& parts,
                                                       bool is_new) {
  std::vector<std::vector<Overlap>> all;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i]) continue;
    std::vector<Overlap> found = overlaps_[i].add(*parts[i], stored.key, is_new);
    if (!found.empty() && std::find(all.begin(), all.end(), found) == all.end())
      all.push_back(std::move(found));
  }
  return all;
}

bool HistoryOverlaps::lost_some() const {
  return std::any_of(overlaps_.begin(), overlaps_.end(), [](const Overlaps& one) { return one.lost_some(); });
}

}  // namespace tidemark::cli
