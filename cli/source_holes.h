// What the source of a copy lacks by itself: LSNs between those that it lists which no archive has and no
// record explains. A copy cannot bring them, and says so; the destination may have them from elsewhere. Of
// each partition what its first piece is and how many LSNs are missing; verify lists all. And the records of
// epochs that it lacks: without them nobody can tell whose history the copy is. One thread.
#ifndef TIDEMARK_CLI_SOURCE_HOLES_H
#define TIDEMARK_CLI_SOURCE_HOLES_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "history.h"
#include "history_surveys.h"

namespace tidemark::cli {

struct LackingPartition {
  std::string storage;
  uint64_t partition = 0;
  Range first;          // of the pieces
  uint64_t pieces = 0;  // the same piece of several histories counts once
  uint64_t lsns = 0;
};

class SourceHoles {
 public:
  using Tell = std::function<void(const LackingPartition&)>;
  // Of an epoch: its record continues what it cannot; or the first object that is of one without a record.
  using TellLineage = std::function<void(const Stored&, const std::string& why)>;
  SourceHoles(Archive& source, Tell tell, TellLineage tell_lineage)
      : histories_(source, std::nullopt), tell_(std::move(tell)), tell_lineage_(std::move(tell_lineage)) {}

  // All that the source lists of partitions, in the order of keys. Records count as what they say they are,
  // and archives as there: whether they are right is found out where they are read.
  Result<void> add(const Stored& stored, Stop& stop);
  // After the last.
  void finish();

 private:
  Result<void> begin(const Stored& stored, Stop& stop);
  void look_at_records();
  Result<void> look_at_epoch(const Stored& stored, Stop& stop);
  void count(const Stored& stored, const EpochCut::Parts& parts);
  void take(const std::vector<Missing>& missing);

  Histories histories_;
  const Tell tell_;
  const TellLineage tell_lineage_;
  std::string storage_;
  std::shared_ptr<const Lineage> lineage_;  // of it
  Leaves leaves_;
  std::set<uint64_t> strangers_;  // epochs of it without a record that were told
  std::optional<EpochCut> cut_;
  std::optional<HistorySurveys> surveys_;  // of the partition that is listed
  LackingPartition lacking_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SOURCE_HOLES_H
