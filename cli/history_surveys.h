// One partition in each of the histories that it has: a survey of each, and which archives overlap. Fed with
// what EpochCut gives. Pure; one thread each.
#ifndef TIDEMARK_CLI_HISTORY_SURVEYS_H
#define TIDEMARK_CLI_HISTORY_SURVEYS_H

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gone.h"
#include "history.h"
#include "survey.h"

namespace tidemark::cli {

// The histories of a storage: each ends with an epoch that no other continues. The newest first.
struct Leaves {
  std::vector<uint64_t> epochs;
  std::vector<Chain> chains;
};
Leaves leaves_of(const Lineage& lineage);

class HistorySurveys {
 public:
  HistorySurveys(const std::string& storage, uint64_t partition, const Leaves& leaves);

  void add(const Stored& stored, const EpochCut::Parts& parts);
  // As Survey has it: of an archive that is damaged the LSNs are not missing besides.
  void add_damaged(const Stored& stored, const EpochCut::Parts& parts);

  struct Of {
    uint64_t epoch;  // the leaf; 0: there is but one history
    Survey survey;
  };
  std::deque<Of>& each() { return surveys_; }
  uint64_t pruned_through() const;
  std::vector<HistoryEnd> ends() const;  // of each
  bool has_remnants() const;
  // Whether it is told for the first time: what histories have in common they lack in common.
  bool is_new(const Missing& missing) {
    return told_.emplace(missing.range.first, missing.range.last, static_cast<int>(missing.cause)).second;
  }
  bool is_new(const std::string& what) { return told_texts_.insert(what).second; }

 private:
  const Leaves leaves_;
  std::deque<Of> surveys_;
  std::set<std::tuple<uint64_t, uint64_t, int>> told_;
  std::set<std::string> told_texts_;
};

// Archives that hold the same entries in one history.
class HistoryOverlaps {
 public:
  explicit HistoryOverlaps(size_t histories) : overlaps_(histories) {}
  // Of each history in which there are any, see Overlaps::add(); what is alike in two of them once.
  std::vector<std::vector<Overlap>> add(const Stored& stored, const EpochCut::Parts& parts, bool is_new);
  bool lost_some() const;

 private:
  std::deque<Overlaps> overlaps_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HISTORY_SURVEYS_H
