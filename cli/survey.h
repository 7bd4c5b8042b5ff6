// One partition as its listing shows it: counts, times, what is missing, what overlaps. Memory does not grow
// with the number of objects. Pure; one thread.
#ifndef TIDEMARK_CLI_SURVEY_H
#define TIDEMARK_CLI_SURVEY_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"
#include "coverage.h"

namespace tidemark::cli {

class Survey {
 public:
  Survey(std::string of_storage, uint64_t of_partition)
      : storage(std::move(of_storage)), partition(of_partition) {}

  // In the order of keys; gives what the new object overlaps.
  std::vector<Overlap> add(const Stored& stored);
  bool is_of(const Stored& stored) const {
    return stored.partition == partition && stored.storage == storage;
  }

  const std::string storage;
  const uint64_t partition;
  Coverage coverage;
  Overlaps overlaps;
  uint64_t archives = 0, archive_bytes = 0;
  uint64_t first = 0, last = 0;  // oldest and newest LSN that an archive holds; 0: none
  int64_t oldest_us = 0, newest_us = 0;
  uint64_t gap_records = 0, accepted_records = 0, foreign = 0;
  uint64_t pruned_through = 0;

  // The lowest of the origin records says that nothing up to here was ever there. 0: no record says so, or
  // what lies there was pruned.
  uint64_t origin_through() const;
  // An archive or a gap has LSNs that the origin record says were never there: then these count.
  bool origin_is_overruled() const { return !origin_key.empty() && known_from_ <= origin_last_; }
  std::string origin_key;  // of that record; empty: there is none

 private:
  uint64_t known_from_ = UINT64_MAX;  // the lowest LSN of archives and gap records
  uint64_t origin_last_ = 0;
};

// Splits a listing into surveys and calls `end` for each that is finished.
// What lies in no partition's folder belongs to none and is not given to it.
template <class End>
class SurveyOf {
 public:
  explicit SurveyOf(End end) : end_(std::move(end)) {}
  Survey& of(const Stored& stored) {
    if (survey_ && !survey_->is_of(stored)) finish();
    if (!survey_) survey_.emplace(stored.storage, stored.partition);
    return *survey_;
  }
  void finish() {
    if (survey_) end_(*survey_);
    survey_.reset();
  }

 private:
  End end_;
  std::optional<Survey> survey_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SURVEY_H
