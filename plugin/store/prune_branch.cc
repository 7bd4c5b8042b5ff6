#include <algorithm>
#include <cassert>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/epochs.h"
#include "store/maintenance.h"
#include "store/removal.h"

namespace tidemark::store {
namespace {

Error refused(const BranchPruning& what, const std::string& why) {
  return fail(TIDEMARK_E_INVALID, "epoch " + std::to_string(what.epoch) + " of " + std::string(what.storage) +
                                      " " + why + "; nothing was removed");
}

bool is_continued(const EpochRecords& records, uint64_t epoch, const std::set<uint64_t>& but) {
  return std::any_of(records.begin(), records.end(), [&](const auto& record) {
    return record.second.parent == epoch && but.count(record.first) == 0;
  });
}

// The epoch, and what it continues as long as nobody else does.
Result<std::set<uint64_t>> find_doomed(const BranchPruning& what, const EpochRecords& records,
                                       const Chain& newest) {
  const bool is_recorded = records.count(what.epoch) != 0;
  // Of one that was dropped while its host still wrote, something may be left; of one to come, nothing yet.
  if (!is_recorded && (what.epoch <= kFirstEpoch || what.epoch > newest.newest()))
    return refused(what, "has no record (tidemark info shows the histories)");
  if (newest.contains(what.epoch)) return refused(what, "is in the history of the newest epoch");
  if (is_continued(records, what.epoch, {}))
    return refused(what, "is continued by another one; drop that first (tidemark info shows the histories)");
  std::set<uint64_t> doomed;
  for (uint64_t at = what.epoch; at != 0 && !newest.contains(at) && !is_continued(records, at, doomed);) {
    doomed.insert(at);
    const auto record = records.find(at);
    at = record != records.end() ? record->second.parent : 0;
  }
  return doomed;
}

class BranchPruner {
 public:
  BranchPruner(sink::Sink& sink, const BranchPruning& what, std::set<uint64_t> doomed,
               const std::function<bool(const StoredInfo&)>& visit, const Call& deadline)
      : sink_(sink),
        what_(what),
        doomed_(std::move(doomed)),
        deadline_(deadline),
        removal_(sink, what.dry_run, visit, deadline) {}

  Status run();

 private:
  // False: it was not the last.
  Result<bool> next_page(std::string* start_after, std::vector<Doomed>* names);

  sink::Sink& sink_;
  const BranchPruning& what_;
  const std::set<uint64_t> doomed_;
  const Call& deadline_;
  Removal removal_;
  std::vector<Doomed> records_;  // of the epochs themselves, which go last
};

Result<bool> BranchPruner::next_page(std::string* start_after, std::vector<Doomed>* names) {
  TM_ASSIGN(const auto call, deadline_.next_call());
  bool is_last = true;
  TM_TRY(sink_.list(
      std::string(what_.storage) + "/", *start_after,
      [&](std::string_view key, const sink::ObjectInfo& object) {
        const auto parsed = object.is_irregular ? std::nullopt : parse_object_key(key);
        // What says that something was pruned counts in every history.
        if (!parsed || parsed->name.kind == ObjectKind::kPruned || doomed_.count(parsed->name.epoch) == 0)
          return true;
        Doomed name{std::string(key), object.size_bytes, object.modified_us};
        if (parsed->name.kind == ObjectKind::kEpoch) {
          records_.push_back(std::move(name));
          return true;
        }
        *start_after = name.key;
        names->push_back(std::move(name));
        is_last = names->size() < Removal::kPageNames;
        return is_last;
      },
      &call));
  return is_last;
}

Status BranchPruner::run() {
  std::string start_after;
  for (bool is_last = false; !is_last && !removal_.is_stopped();) {
    std::vector<Doomed> names;
    records_.clear();
    TM_ASSIGN(is_last, next_page(&start_after, &names));
    if (!names.empty()) TM_TRY(removal_.remove(names));
  }
  // The newest first: whenever this is stopped, no record is left whose parent is gone.
  std::reverse(records_.begin(), records_.end());
  for (const Doomed& name : records_) {
    if (removal_.is_stopped()) break;
    TM_TRY(removal_.remove({name}));
  }
  return {};
}

}  // namespace

Status prune_branch(sink::Sink& sink, const BranchPruning& what,
                    const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  const Call deadline(call);
  TM_ASSIGN(const auto look, deadline.next_call());
  TM_ASSIGN(const EpochRecords records, read_epochs(sink, what.storage, &look));
  if (records.empty()) return refused(what, "has no record (tidemark info shows the histories)");
  TM_ASSIGN(const Chain newest, chain_of(what.storage, records.rbegin()->first, records));
  TM_ASSIGN(auto doomed, find_doomed(what, records, newest));
  assert(doomed.count(what.epoch) > 0);
  return BranchPruner(sink, what, std::move(doomed), visit, deadline).run();
}

}  // namespace tidemark::store
