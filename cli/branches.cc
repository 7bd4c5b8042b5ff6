#include "branches.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

const char* how_text(const History& history) {
  switch (history.record ? history.record->how : 0) {
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

namespace {

// What one history alone has of an object.
struct Alone {
  uint64_t end;  // of that history
  uint64_t from;
  bool is_whole;  // no other has anything of it
};

// Histories count an object from its first LSN on; they differ in how much of it. One that was taken over is
// a part of those that continue it, so it has for itself what none of the others counts.
std::optional<Alone> alone(const std::vector<LineageEnd>& ends, const EpochCut::Parts& parts) {
  const LineageEnd* longest = nullptr;
  Range most{}, rest{};  // what the one with the most counts, and the one after it
  for (const bool is_leaf : {true, false}) {
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i] || ends[i].is_leaf != is_leaf) continue;
      // Of two that were taken over the older one: what only that has was written under it.
      const bool is_same_older = !is_leaf && longest != nullptr && !longest->is_leaf &&
                                 parts[i]->last == most.last && ends[i].epoch < longest->epoch;
      if (parts[i]->last > most.last) {
        if (longest == nullptr || longest->is_leaf) rest = most;
        most = *parts[i];
        longest = &ends[i];
      } else if (is_same_older) {
        longest = &ends[i];
      } else if (is_leaf) {
        rest.last = std::max(rest.last, parts[i]->last);
      }
    }
  }
  if (longest == nullptr || most.last <= rest.last) return std::nullopt;
  return Alone{longest->epoch, std::max(most.first, rest.last + 1), rest.last == 0};
}

}  // namespace

void Branches::add(const Stored& stored, const std::vector<LineageEnd>& ends, const EpochCut::Parts& parts) {
  if (stored.kind != TIDEMARK_STORED_ARCHIVE && stored.kind != TIDEMARK_STORED_GAP) return;
  const auto found = alone(ends, parts);
  if (!found) return;
  const uint64_t held = stored.kind == TIDEMARK_STORED_ARCHIVE ? 1 : 0;
  const uint64_t archives = found->is_whole ? held : 0;
  const uint64_t size_bytes = archives > 0 ? stored.size_bytes : 0;
  MutexLock lock(mutex_);
  Branch& branch = branches_[stored.storage][found->end];
  branch.archives += archives;
  branch.size_bytes += size_bytes;
  auto only = branch.partitions.find(stored.partition);
  if (only == branch.partitions.end()) {
    if (branch.partitions.size() == kMostPartitions) {
      ++branch.partitions_left_out;
      return;
    }
    only = branch.partitions.emplace(stored.partition, History::Only{}).first;
  }
  only->second.begins = std::min(only->second.begins, found->from);
  only->second.archives += archives;
  only->second.size_bytes += size_bytes;
  only->second.shared += held - archives;
}

std::vector<History> Branches::histories(const std::string& storage, const Lineage& lineage) const {
  std::vector<History> histories;
  if (lineage.epochs().empty()) return histories;
  std::map<uint64_t, Branch> told;
  for (const uint64_t leaf : lineage.leaves()) told.emplace(leaf, Branch{});
  MutexLock lock(mutex_);
  if (const auto of_storage = branches_.find(storage); of_storage != branches_.end()) {
    for (const auto& [end, branch] : of_storage->second) told[end] = branch;
  }
  for (auto at = told.rbegin(); at != told.rend(); ++at) {
    History history;
    history.storage = storage;
    history.epoch = at->first;
    history.is_newest = at->first == lineage.newest();
    history.is_alone = told.size() == 1;
    history.runs = lineage.history_of(at->first).size();
    const auto own = lineage.own_epochs(at->first);
    history.is_taken_over = own.empty();
    const auto fork = lineage.epochs().find(own.empty() ? at->first : own.front());
    if (fork != lineage.epochs().end()) history.parent = fork->second.parent;
    const auto record = lineage.epochs().find(at->first);
    if (record != lineage.epochs().end()) history.record = record->second;
    history.archives = at->second.archives;
    history.size_bytes = at->second.size_bytes;
    history.partitions = at->second.partitions;
    history.partitions_left_out = at->second.partitions_left_out;
    histories.push_back(std::move(history));
  }
  return histories;
}

namespace {

Json history_json(const History& history) {
  Json object;
  object["type"] = "history";
  object["storage"] = history.storage;
  object["epoch"] = history.epoch;
  object["newest"] = history.is_newest;
  object["runs"] = history.runs;
  object["branches_from"] = history.parent;
  object["how"] = history.record ? Json(how_text(history)) : Json();
  object["host"] = history.record ? Json(history.record->host) : Json();
  object["made"] = history.record ? Json(utc_text(history.record->made_us)) : Json();
  object["archives"] = history.archives;
  object["size_bytes"] = history.size_bytes;
  object["partitions"] = Json::array();
  if (history.is_alone) return object;
  for (const auto& [partition, only] : history.partitions) {
    Json one;
    one["partition"] = partition;
    one["begins"] = only.begins;
    one["begins_key"] = "@" + lsn_text(only.begins);
    one["archives"] = only.archives;
    one["size_bytes"] = only.size_bytes;
    one["shared"] = only.shared;
    object["partitions"].push_back(one);
  }
  return object;
}

}  // namespace

void tell(const History& history, Output& output) {
  if (output.json()) return output.object(history_json(history));
  const std::string name =
      "epoch " + std::to_string(history.epoch) + ", " + count_text(history.runs, "run", "runs");
  if (history.is_alone) return output.line(history.storage + ": " + name);
  output.line(history.storage + ": " + name +
              (history.is_newest ? " (the newest)"
                                 : " (tidemark restore --epoch " + std::to_string(history.epoch) + ")") +
              (history.is_taken_over ? ", after it was taken over"
               : history.parent > 0  ? ", branches from epoch " + std::to_string(history.parent)
                                     : "") +
              "; only here: " + count_text(history.archives, "archive", "archives") + ", " +
              output.bytes(history.size_bytes));
  for (const auto& [partition, only] : history.partitions) {
    output.line(
        "  " + partition_text(history.storage, partition) + " from LSN " + both(only.begins) +
        " on: " + count_text(only.archives, "archive", "archives") + ", " + output.bytes(only.size_bytes) +
        (only.shared > 0
             ? ", and the end of " + count_text(only.shared, "archive", "archives") + " that others have, too"
             : ""));
  }
  if (history.partitions_left_out > 0) output.line("  and more partitions");
}

}  // namespace tidemark::cli
