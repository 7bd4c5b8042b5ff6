#include "branches.h"

#include <algorithm>
#include <optional>

#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

namespace {

const char* how_text(int32_t how) {
  switch (how) {
    case TIDEMARK_CLAIM_FIRST:
      return "first";
    case TIDEMARK_CLAIM_RESTART:
      return "restart";
    case TIDEMARK_CLAIM_TAKEOVER:
      return "takeover";
    default:
      return "unknown";
  }
}

}  // namespace

void Branches::add(const Stored& stored, const std::vector<uint64_t>& ends, const EpochCut::Parts& parts) {
  if (stored.kind != TIDEMARK_STORED_ARCHIVE && stored.kind != TIDEMARK_STORED_GAP) return;
  const auto counts = [](const std::optional<Range>& part) { return part.has_value(); };
  if (std::count_if(parts.begin(), parts.end(), counts) != 1) return;
  const auto part = std::find_if(parts.begin(), parts.end(), counts);
  const uint64_t end = ends[static_cast<size_t>(part - parts.begin())];
  const uint64_t archives = stored.kind == TIDEMARK_STORED_ARCHIVE ? 1 : 0;
  const uint64_t size_bytes = archives > 0 ? stored.size_bytes : 0;
  MutexLock lock(mutex_);
  Branch& branch = branches_[stored.storage][end];
  branch.archives += archives;
  branch.size_bytes += size_bytes;
  auto only = branch.partitions.find(stored.partition);
  if (only == branch.partitions.end()) {
    if (branch.partitions.size() == kMostPartitions) {
      ++branch.partitions_left_out;
      return;
    }
    only = branch.partitions.emplace(stored.partition, Only{}).first;
  }
  only->second.begins = std::min(only->second.begins, (*part)->first);
  only->second.archives += archives;
  only->second.size_bytes += size_bytes;
}

void Branches::tell(const std::string& storage, const Lineage& lineage, Output& output) const {
  if (lineage.epochs().empty()) return;
  const auto leaves = lineage.leaves();
  MutexLock lock(mutex_);
  std::map<uint64_t, Branch> told;
  for (const uint64_t leaf : leaves) told.emplace(leaf, Branch{});
  if (const auto of_storage = branches_.find(storage); of_storage != branches_.end()) {
    for (const auto& [end, branch] : of_storage->second) told[end] = branch;
  }
  for (auto end = told.rbegin(); end != told.rend(); ++end) {
    tell_branch(storage, lineage, end->first, end->second, told.size() == 1, output);
  }
}

void Branches::tell_branch(const std::string& storage, const Lineage& lineage, uint64_t end,
                           const Branch& branch, bool is_alone, Output& output) const {
  const auto history = lineage.history_of(end);
  const auto own = lineage.own_epochs(end);
  const bool is_newest = end == lineage.newest();
  const auto record = lineage.epochs().find(end);
  const bool is_taken_over = own.empty();
  const uint64_t first_own = is_taken_over ? end : own.front();
  const auto fork = lineage.epochs().find(first_own);
  const uint64_t parent = fork != lineage.epochs().end() ? fork->second.parent : 0;
  Json object;
  object["type"] = "history";
  object["storage"] = storage;
  object["epoch"] = end;
  object["newest"] = is_newest;
  object["runs"] = history.size();
  object["branches_from"] = parent;
  object["how"] = record != lineage.epochs().end() ? Json(how_text(record->second.how)) : Json();
  object["host"] = record != lineage.epochs().end() ? Json(record->second.host) : Json();
  object["made"] = record != lineage.epochs().end() ? Json(utc_text(record->second.made_us)) : Json();
  object["archives"] = branch.archives;
  object["size_bytes"] = branch.size_bytes;
  object["partitions"] = Json::array();
  const std::string name = "epoch " + std::to_string(end) + ", " + count_text(history.size(), "run", "runs");
  if (is_alone) {
    output.object(object);
    output.line(storage + ": " + name);
    return;
  }
  output.line(storage + ": " + name +
              (is_newest ? " (the newest)" : " (tidemark restore --epoch " + std::to_string(end) + ")") +
              (is_taken_over ? ", after it was taken over"
               : parent > 0  ? ", branches from epoch " + std::to_string(parent)
                             : "") +
              "; only here: " + count_text(branch.archives, "archive", "archives") + ", " +
              output.bytes(branch.size_bytes));
  for (const auto& [partition, only] : branch.partitions) {
    Json one;
    one["partition"] = partition;
    one["begins"] = only.begins;
    one["begins_key"] = "@" + lsn_text(only.begins);
    one["archives"] = only.archives;
    one["size_bytes"] = only.size_bytes;
    object["partitions"].push_back(one);
    output.line("  " + partition_text(storage, partition) + " from LSN " + both(only.begins) + " on: " +
                count_text(only.archives, "archive", "archives") + ", " + output.bytes(only.size_bytes));
  }
  output.object(object);
  if (branch.partitions_left_out > 0) output.line("  and more partitions");
}

}  // namespace tidemark::cli
