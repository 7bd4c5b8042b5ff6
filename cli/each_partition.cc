#include "each_partition.h"

#include <algorithm>

#include "output.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// A sink or a disk that fails so often in a row fails for the rest too.
constexpr int kMostInARow = 3;

}  // namespace

Result<std::vector<PartitionName>> find_partitions(Archive& archive, const Scope& scope, Stop& stop) {
  std::vector<PartitionName> found;
  const auto visit = [&](const Stored& stored) {
    PartitionName name{stored.storage, stored.partition};
    if (stored.kind == TIDEMARK_STORED_FOREIGN || stored.kind == TIDEMARK_STORED_IRREGULAR) return true;
    if (found.empty() || found.back() != name) found.push_back(std::move(name));
    return true;
  };
  TM_TRY(archive.scan(scope, 0, visit, stop));
  return found;
}

int each_partition(const std::vector<PartitionName>& partitions, bool json, const std::string& did,
                   const std::string& where, const std::function<int(const PartitionName&)>& work) {
  std::vector<std::string> failed;
  uint64_t complete = 0, not_tried = 0;
  int worst = kExitOk, in_a_row = 0;
  for (const PartitionName& name : partitions) {
    if (in_a_row == kMostInARow) {
      ++not_tried;
      continue;
    }
    const int code = work(name);
    if (code == kExitInterrupted || code == kExitPipe) return code;
    worst = std::max(worst, code);
    in_a_row = code == kExitSink || code == kExitLocal ? in_a_row + 1 : 0;
    if (code == kExitOk) {
      ++complete;
    } else {
      failed.push_back(partition_text(name.storage, name.id));
    }
  }
  Output output(json);
  Json object;
  object["type"] = "total";
  object["partitions"] = partitions.size();
  object["complete"] = complete;
  object["failed"] = failed;
  object["not_tried"] = not_tried;
  output.object(object);
  for (const std::string& name : failed) output.line("not all of  " + name + ", see above");
  if (not_tried > 0) output.line("not tried   " + count_text(not_tried, "more partition", "more partitions"));
  output.line(did + " " + count_text(complete, "partition", "partitions") + " of " +
              std::to_string(partitions.size()) + where);
  return finish(output, worst);
}

}  // namespace tidemark::cli
