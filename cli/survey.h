// One partition as its objects show it: counts, times, what is missing, which records say what is not so.
// Memory does not grow with the number of objects. Pure; one thread.
#ifndef TIDEMARK_CLI_SURVEY_H
#define TIDEMARK_CLI_SURVEY_H

#include <cstdint>
#include <deque>
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

  // In the order of keys. Records only after they were read and found right.
  void add(const Stored& stored);
  // A record that is damaged explains nothing. An archive that is damaged, or something irregular under an
  // archive's name, counts as there: what is wrong is the object, and its LSNs are not missing besides.
  void add_damaged(const Stored& stored);
  bool is_of(const Stored& stored) const {
    return stored.partition == partition && stored.storage == storage;
  }

  const std::string storage;
  const uint64_t partition;
  Coverage coverage;
  uint64_t archives = 0, archive_bytes = 0;
  uint64_t first = 0, last = 0;  // oldest and newest LSN that an archive holds; 0: none
  int64_t oldest_us = 0, newest_us = 0;
  uint64_t gap_records = 0, accepted_records = 0, foreign = 0, damaged = 0;
  uint64_t pruned_through = 0;

  // Whether anything of ours is there, whole or damaged.
  bool holds_something() const { return archives > 0 || records_ > 0 || damaged > 0; }
  // The lowest of the origin records says that nothing up to here was ever there. 0: no record says so, or
  // what lies there was pruned.
  uint64_t origin_through() const;
  // An archive or a gap has LSNs that the origin record says were never there: then these count.
  bool origin_is_overruled() const { return !origin_key.empty() && known_from_ <= origin_last_; }
  std::string origin_key;  // of that record; empty: there is none

  // Records that say that LSNs are lost which an archive holds, each once, as soon as both were added. An
  // archive that reaches back over more than 1,000 records is compared with the newest of them.
  std::vector<std::string> take_overruled() { return std::exchange(overruled_, {}); }
  // Archives lie wholly in what was pruned: a prune that was stopped, or somebody put them back.
  bool has_remnants() const { return archives > 0 && lowest_last_ <= pruned_through; }

 private:
  struct LossRecord {
    uint64_t first, last;
    std::string key;
  };
  void add_archive(const Stored& stored);
  void add_loss(const Stored& stored);

  uint64_t records_ = 0;
  uint64_t known_from_ = UINT64_MAX;  // the lowest LSN of archives and gap records
  uint64_t origin_last_ = 0;
  uint64_t lowest_last_ = UINT64_MAX;  // the lowest last LSN of an archive
  std::deque<LossRecord> losses_;      // the newest that no archive has contradicted, ascending
  std::vector<std::string> overruled_;
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
