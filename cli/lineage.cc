#include "lineage.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "format/object_name.h"
#include "ordered_pool.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr unsigned kReaders = 16;  // records are small: it is the store that answers slowly

// What came of reading one record.
struct Outcome {
  uint64_t number = 0;
  Result<Epoch> epoch;
};

// A record that was listed and is damaged, or not there, is one that nobody can read.
bool is_damage(const Error& error) {
  return error.status == TIDEMARK_E_CORRUPT || error.status == TIDEMARK_E_NOT_FOUND;
}

std::vector<Outcome> read_all(Archive& archive, const std::vector<Stored>& records, Stop& stop) {
  std::vector<Outcome> outcomes(records.size());
  const auto read = [&](size_t i) {
    outcomes[i] = {records[i].epoch, archive.read_epoch(records[i].key, stop)};
  };
  if (records.size() < 2) {
    for (size_t i = 0; i < records.size(); ++i) read(i);
    return outcomes;
  }
  OrderedPool pool(static_cast<unsigned>(std::min<size_t>(kReaders, records.size())));
  for (size_t i = 0; i < records.size(); ++i) {
    pool.submit([&read, i]() -> OrderedPool::Epilogue {
      read(i);
      return [] {};
    });
  }
  while (pool.pending() > 0) {
    if (const auto done = pool.take(std::chrono::milliseconds(100))) (*done)();
  }
  return outcomes;
}

}  // namespace

std::string epoch_key(const std::string& storage, uint64_t epoch) {
  return object_key(storage, 0, {{}, ObjectKind::kEpoch, epoch});
}

std::string epoch_folder(const std::string& storage) { return storage + "/epoch/"; }

std::string without_record_text(const std::string& storage, uint64_t epoch) {
  return "epoch " + std::to_string(epoch) +
         " has no record, so that nobody knows whose history this is; copy " + epoch_key(storage, epoch) +
         " too, or let tidemark takeover write it again from its host's lineage file; or if that branch was "
         "dropped while its host still wrote, remove the rest: tidemark prune URL " +
         storage + " --branch " + std::to_string(epoch);
}

uint64_t Lineage::newest() const {
  const uint64_t right = epochs_.empty() ? kFirstEpoch : epochs_.rbegin()->first;
  return damaged_.empty() ? right : std::max(right, damaged_.rbegin()->first);
}

std::string Lineage::problem_of(const Epoch& epoch) const {
  if (epoch.parent == 0) return {};
  const auto parent = epochs_.find(epoch.parent);
  const std::string continues = "continues epoch " + std::to_string(epoch.parent);
  if (parent == epochs_.end()) {
    if (is_recorded(epoch.parent)) return {};
    return continues + ", whose record " + epoch_key(storage_, epoch.parent) +
           " is not there; bring it from a copy, or let tidemark takeover write it again from its host's "
           "lineage file";
  }
  if (parent->second.owner == epoch.owner) return {};
  return continues +
         ", which is of another owner; one of the two records is not of this storage, move it away";
}

Result<Chain> Lineage::chain_of(uint64_t epoch) const {
  std::map<uint64_t, uint64_t> parents;
  for (uint64_t at = epoch; at != 0;) {
    if (const auto damaged = damaged_.find(at); damaged != damaged_.end()) {
      return Error{kExitData,
                   damaged->second + "; bring it from a copy (--epoch N reads the history of another epoch)",
                   TIDEMARK_E_CORRUPT};
    }
    const auto record = epochs_.find(at);
    if (record == epochs_.end()) {
      if (at != kFirstEpoch)
        return usage_error("there is no epoch " + std::to_string(at) + " of " + storage_ +
                           " (tidemark ls shows their records)");
      parents.emplace(kFirstEpoch, 0);
      break;
    }
    if (const std::string problem = problem_of(record->second); !problem.empty())
      return Error{kExitData, epoch_key(storage_, at) + ": " + problem, TIDEMARK_E_CORRUPT};
    parents.emplace(at, record->second.parent);
    at = record->second.parent;
  }
  std::string problem;
  auto chain = Chain::of(epoch, parents, &problem);
  if (!chain) return Error{kExitData, storage_ + ": " + problem, TIDEMARK_E_UNSUPPORTED};
  return *std::move(chain);
}

std::vector<uint64_t> Lineage::leaves() const {
  std::set<uint64_t> told, continued;  // whose histories can be told
  const auto can_continue = [&](uint64_t parent) {
    return parent == 0 || told.count(parent) > 0 || (parent == kFirstEpoch && damaged_.count(parent) == 0);
  };
  for (const auto& [number, epoch] : epochs_) {  // parents come before their children
    if (!can_continue(epoch.parent) || !problem_of(epoch).empty()) continue;
    told.insert(number);
    continued.insert(epoch.parent);
  }
  // What was there before anybody recorded an epoch.
  if (epochs_.count(kFirstEpoch) == 0 && damaged_.count(kFirstEpoch) == 0) told.insert(kFirstEpoch);
  std::vector<uint64_t> leaves;
  for (auto epoch = told.rbegin(); epoch != told.rend(); ++epoch) {
    if (continued.count(*epoch) == 0 && chain_of(*epoch)) leaves.push_back(*epoch);
  }
  return leaves;
}

std::vector<LineageEnd> Lineage::ends() const {
  std::vector<LineageEnd> ends;
  for (const uint64_t leaf : leaves()) ends.push_back({leaf, true});
  std::set<uint64_t> taken_over, continued;
  for (const auto& [number, epoch] : epochs_) {
    (epoch.how == TIDEMARK_CLAIM_TAKEOVER ? taken_over : continued).insert(epoch.parent);
  }
  for (const uint64_t parent : taken_over) {
    const bool is_known = epochs_.count(parent) > 0 || (parent == kFirstEpoch && is_recorded(parent));
    if (is_known && continued.count(parent) == 0 && chain_of(parent)) ends.push_back({parent, false});
  }
  std::sort(ends.begin(), ends.end(),
            [](const LineageEnd& a, const LineageEnd& b) { return a.epoch > b.epoch; });
  return ends;
}

std::vector<uint64_t> Lineage::history_of(uint64_t epoch) const {
  std::vector<uint64_t> history;
  while (epoch != 0) {
    history.push_back(epoch);
    const auto record = epochs_.find(epoch);
    epoch = record != epochs_.end() ? record->second.parent : 0;
  }
  std::reverse(history.begin(), history.end());
  return history;
}

std::vector<uint64_t> Lineage::own_epochs(uint64_t leaf) const {
  std::vector<uint64_t> own = history_of(leaf);
  for (const uint64_t other : leaves()) {
    if (other == leaf) continue;
    const auto chain = chain_of(other);
    if (chain) std::erase_if(own, [&](uint64_t epoch) { return chain->contains(epoch); });
  }
  return own;
}

Result<Lineage> read_lineage(Archive& archive, const std::string& storage, Stop& stop) {
  std::vector<Stored> records;
  const auto visit = [&](const Stored& stored) {
    if (is_epoch(stored)) records.push_back(stored);
    return true;
  };
  TM_TRY(archive.scan_folders({epoch_folder(storage)}, "", visit, stop));
  Lineage lineage(storage);
  for (const Outcome& outcome : read_all(archive, records, stop)) {
    if (outcome.epoch) {
      lineage.add(*outcome.epoch);
    } else if (is_damage(outcome.epoch.error())) {
      lineage.add_damaged(outcome.number, outcome.epoch.error().message);
    } else {
      return outcome.epoch.error();
    }
  }
  return lineage;
}

}  // namespace tidemark::cli
