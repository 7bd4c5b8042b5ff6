// Which partitions there are: by all that is stored, or, again and again, by the names of their folders.
//
// One thread each; others list for it meanwhile.
#ifndef TIDEMARK_CLI_FIND_PARTITIONS_H
#define TIDEMARK_CLI_FIND_PARTITIONS_H

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"
#include "each_partition.h"
#include "history.h"
#include "irregular.h"

namespace tidemark::cli {

// Those of the scope that have an archive or a record in the chosen history, in the order of their keys, and
// in `irregular` what may hide others. Everything is listed, `jobs` partitions at a time.
Result<std::vector<PartitionName>> find_partitions(Histories& histories, const Scope& scope, unsigned jobs,
                                                   Irregular& irregular);

// The same without what may hide others, at the price of a request or two for a thousand partitions: only of
// one that was not there the last time something is listed, to see whether it holds anything.
class PartitionFinder {
 public:
  // `known` were found before; jobs: requests at a time.
  PartitionFinder(Histories& histories, const Scope& scope, unsigned jobs,
                  const std::vector<PartitionName>& known);
  Result<std::vector<PartitionName>> look(Stop& stop);

 private:
  Result<std::vector<std::string>> list_storages(Stop& stop);
  Result<std::vector<PartitionName>> list_partitions(const std::string& storage, Stop& stop);
  Result<bool> holds_something(const PartitionName& name, Stop& stop);
  bool is_known(const PartitionName& name) const { return known_.count({name.storage, name.id}) > 0; }
  // Calls `work` with 0, 1, ... below `count`, several at a time; the first error.
  Result<void> each(size_t count, const std::function<Result<void>(size_t)>& work) const;

  Histories& histories_;
  const Scope scope_;
  const unsigned jobs_;
  std::set<std::pair<std::string, uint64_t>> known_;  // of the last look
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_FIND_PARTITIONS_H
