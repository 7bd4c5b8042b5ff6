#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/coverage.h"
#include "store/epochs.h"
#include "store/list.h"
#include "store/maintenance.h"
#include "store/record.h"
#include "store/removal.h"
#include "store/stream.h"

namespace tidemark::store {
namespace {

constexpr size_t kRecordsMax = 100'000;  // that are read before anything is removed
constexpr size_t kStrangersMax = 10'000;

class Pruner {
 public:
  Pruner(sink::Sink& sink, const Pruning& what, const std::function<bool(const StoredInfo&)>& visit,
         const Call& deadline)
      : sink_(sink), what_(what), deadline_(deadline), removal_(sink, what.dry_run, visit, deadline) {}

  Status run();

 private:
  struct Page {
    std::vector<Doomed> names;
    bool is_last = true;
  };

  struct Survey;
  Status survey();
  Result<std::vector<Chain>> find_histories();
  Result<Survey> list_all(const std::vector<Chain>& histories, const std::set<std::string>& damaged);
  Status check_strangers(const std::map<uint64_t, std::string>& strangers);
  Status find_damaged(const std::vector<std::string>& records, std::set<std::string>* damaged);
  Status record();
  Status put(ObjectKind kind, uint64_t epoch);
  Lsn mark() const { return std::max(through_, recorded_); }
  bool stays(const ParsedName& name) const;
  Status remove_all(bool pruned_records);
  Result<Page> next_page(const std::string& start_after, bool pruned_records);

  sink::Sink& sink_;
  const Pruning& what_;
  const Call& deadline_;
  Removal removal_;
  Lsn through_ = kNoLsn;   // the last LSN of what goes
  Lsn recorded_ = kNoLsn;  // how far records say that it went
  std::string recorded_key_;
  uint64_t newest_ = kFirstEpoch;  // that is recorded
  std::set<uint64_t> rulers_;      // right after what goes, in any history, if nothing else says so then
};

// What the names say, without the records that are damaged.
struct Pruner::Survey {
  core::Coverage coverage;
  std::vector<std::string> records;  // keys
  Lsn through = kNoLsn, recorded = kNoLsn;
  std::string recorded_key;
  bool has_begun = false;
  std::map<uint64_t, std::string> strangers;  // epochs of other histories, with a key each
  std::set<uint64_t> rulers;

  // `part` is what counts of it.
  void add(const std::string& key, const ParsedName& name, Range part, Lsn before) {
    if (name.kind != ObjectKind::kArchive) records.push_back(key);
    const bool is_origin = name.kind == ObjectKind::kOrigin;
    // An origin after anything else does not say that nothing was there before it.
    if (!is_origin || !has_begun) coverage.add(part);
    if (name.kind != ObjectKind::kAccepted) has_begun = true;
    if (name.kind == ObjectKind::kPruned && part.last > recorded) {
      recorded = part.last;
      recorded_key = key;
    }
    // It is removed with what came after it, never alone: its LSNs were never there, so not pruned either.
    if (part.last < before && !is_origin) through = std::max(through, part.last);
  }
};

// Of each epoch that nobody continues; the newest is one, and comes last.
Result<std::vector<Chain>> Pruner::find_histories() {
  TM_ASSIGN(const auto call, deadline_.next_call());
  TM_ASSIGN(const EpochRecords records, read_epochs(sink_, what_.storage, &call));
  if (records.empty()) return std::vector<Chain>(1);
  newest_ = records.rbegin()->first;
  std::set<uint64_t> leaves;
  for (const auto& [epoch, record] : records) {
    leaves.erase(record.parent);
    leaves.insert(epoch);
  }
  std::vector<Chain> histories;
  for (const uint64_t leaf : leaves) {
    TM_ASSIGN(auto history, chain_of(what_.storage, leaf, records));
    histories.push_back(std::move(history));
  }
  return histories;
}

Result<Pruner::Survey> Pruner::list_all(const std::vector<Chain>& histories,
                                        const std::set<std::string>& damaged) {
  const Chain& chain = histories.back();
  Survey found;
  std::vector<EpochBeginnings> beginnings(histories.begin(), histories.end());
  std::map<uint64_t, Lsn> stays;  // the lowest LSN of what is left of an epoch, as far as it was listed
  const auto visit = [&](const std::string& key, const ParsedName& name, const std::optional<Range>& part) {
    if (part) {
      found.add(key, name, *part, what_.before);
    } else if (!chain.contains(name.epoch) && name.kind != ObjectKind::kPruned &&
               found.strangers.size() < kStrangersMax) {
      found.strangers.emplace(name.epoch, key);
    }
    return found.records.size() <= kRecordsMax;
  };
  ChainCut<std::string> cut(chain);
  size_t names_after = 0;
  Status status = list_within(
      sink_, what_.storage, what_.partition, 1,
      [&](const ArchiveInfo& info) {
        if (damaged.contains(std::string(info.key))) return true;
        for (EpochBeginnings& one : beginnings) one.see(info);
        const bool begins = info.kind == ObjectKind::kArchive || info.kind == ObjectKind::kGap;
        if (begins && info.range.last >= what_.before) {
          Lsn& first = stays.try_emplace(info.epoch, info.range.first).first->second;
          first = std::min(first, info.range.first);
        }
        if (!cut.add(info, std::string(info.key), visit)) return false;
        if (info.range.last < what_.before) return true;
        const bool may_begin_before = chain.is_long() && info.range.last - what_.before < kArchiveEntriesMax;
        return may_begin_before || ++names_after < kOverlapNames;
      },
      deadline_);
  if (!status) return std::move(status.error());
  cut.finish(visit);
  const Lsn through = std::max(found.through, found.recorded);
  for (const EpochBeginnings& one : beginnings) found.rulers.insert(one.ruler(through + 1));
  std::erase_if(found.rulers, [&](uint64_t epoch) {
    const auto rest = stays.find(epoch);
    return epoch <= kFirstEpoch || (rest != stays.end() && rest->second <= through + 1);
  });
  if (found.records.size() <= kRecordsMax) return found;
  return fail(TIDEMARK_E_INVALID, "more than " + std::to_string(kRecordsMax) + " records lie before entry " +
                                      std::to_string(what_.before) + "; prune in smaller steps");
}

// What is of no known history may be what somebody needs.
Status Pruner::check_strangers(const std::map<uint64_t, std::string>& strangers) {
  if (strangers.empty()) return {};
  TM_ASSIGN(const auto call, deadline_.next_call());
  TM_ASSIGN(const auto recorded, list_epochs(sink_, what_.storage, kFirstEpoch, &call));
  for (const auto& [epoch, key] : strangers) {
    const bool is_known = epoch == kFirstEpoch || std::binary_search(recorded.begin(), recorded.end(), epoch);
    if (is_known) continue;
    return fail(TIDEMARK_E_INVALID, about(key, without_record(what_.storage, epoch)).message);
  }
  return {};
}

// A record explains what is missing only if it is right, not by its name.
Status Pruner::find_damaged(const std::vector<std::string>& records, std::set<std::string>* damaged) {
  for (const std::string& key : records) {
    TM_ASSIGN(const auto parsed, parse_key(key));
    const auto object = read_record_object(sink_, key, parsed, deadline_);
    if (object) continue;
    const tidemark_status status = object.error().status;
    if (status != TIDEMARK_E_CORRUPT && status != TIDEMARK_E_NOT_FOUND) return object.error();
    damaged->insert(key);
  }
  return {};
}

// How far it may go, and whether it would remove all traces of a hole.
Status Pruner::survey() {
  std::set<std::string> damaged;
  TM_ASSIGN(const auto histories, find_histories());
  TM_ASSIGN(auto found, list_all(histories, damaged));
  TM_TRY(check_strangers(found.strangers));
  TM_TRY(find_damaged(found.records, &damaged));
  if (!damaged.empty()) {
    TM_ASSIGN(found, list_all(histories, damaged));
  }
  through_ = found.through;
  recorded_ = found.recorded;
  recorded_key_ = found.recorded_key;
  rulers_ = std::move(found.rulers);
  if (const auto hole = found.coverage.hole_through(through_)) {
    const std::string why = damaged.empty()
                                ? "no record says why"
                                : "no record that is right says why; " + *damaged.begin() + " is damaged";
    return fail(TIDEMARK_E_INVALID, "entries " + std::to_string(hole->first) + " to " +
                                        std::to_string(hole->last) + " of " + std::string(what_.storage) +
                                        "/" + std::to_string(what_.partition) + " are missing and " + why +
                                        "; accept their loss first, or prune before " +
                                        std::to_string(hole->first) + " only");
  }
  return {};
}

// Durable before anything goes. A run that was stopped has written it already.
Status Pruner::record() {
  assert(!what_.dry_run && through_ != kNoLsn);
  // First what keeps hidden what these epochs hid, should nothing else be left of them.
  for (const uint64_t epoch : rulers_) {
    TM_TRY(put(ObjectKind::kOrigin, epoch));
  }
  if (recorded_ >= through_) {
    TM_ASSIGN(const auto parsed, parse_key(recorded_key_));
    return prove_record(sink_, recorded_key_, parsed, deadline_);
  }
  // It counts in every history, but not for what is written later.
  return put(ObjectKind::kPruned, newest_);
}

Status Pruner::put(ObjectKind kind, uint64_t epoch) {
  const ParsedKey parsed = {what_.storage, what_.partition, {{1, mark()}, kind, epoch}};
  const std::string key = object_key(what_.storage, what_.partition, parsed.name);
  TM_ASSIGN(const auto made, format_record({kind, what_.now_us, {}}, parsed));
  Status put = put_record(sink_, key, made, deadline_);
  if (put || put.error().status != TIDEMARK_E_EXISTS) return put;
  return prove_record(sink_, key, parsed, deadline_);
}

// What says how far it went, and from where on an epoch rules.
bool Pruner::stays(const ParsedName& name) const {
  const bool says_so =
      name.kind == ObjectKind::kPruned || (name.kind == ObjectKind::kOrigin && rulers_.contains(name.epoch));
  return says_so && name.range.last >= mark();
}

Result<Pruner::Page> Pruner::next_page(const std::string& start_after, bool pruned_records) {
  TM_ASSIGN(const auto call, deadline_.next_call());
  const std::string prefix = partition_prefix(what_.storage, what_.partition);
  Page page;
  Status status = sink_.list(
      prefix, start_after,
      [&](std::string_view key, const sink::ObjectInfo& object) {
        if (!key.starts_with(prefix) || object.is_irregular) return true;
        const auto name = parse_object_name(key.substr(prefix.size()));
        if (!name || (name->kind == ObjectKind::kPruned) != pruned_records) return true;
        if (name->range.last > through_) return false;
        if (stays(*name)) return true;
        page.names.push_back({std::string(key), object.size_bytes, object.modified_us});
        page.is_last = page.names.size() < Removal::kPageNames;
        return page.is_last;
      },
      &call);
  if (!status) return std::move(status.error());
  return page;
}

Status Pruner::remove_all(bool pruned_records) {
  std::string start_after;
  while (!removal_.is_stopped()) {
    TM_ASSIGN(const auto page, next_page(start_after, pruned_records));
    TM_TRY(removal_.remove(page.names));
    if (page.is_last) return {};
    assert(page.names.size() == Removal::kPageNames);
    start_after = page.names.back().key;
  }
  return {};
}

Status Pruner::run() {
  TM_TRY(survey());
  if (through_ == kNoLsn) return {};
  assert(through_ < what_.before);
  if (!what_.dry_run) {
    TM_TRY(record());
  }
  // Older records of pruning go last: until then they are what remains if the newer should be lost.
  TM_TRY(remove_all(false));
  return remove_all(true);
}

}  // namespace

Status prune(sink::Sink& sink, const Pruning& what, const std::function<bool(const StoredInfo&)>& visit,
             const tidemark_call* call) {
  if (what.before == kNoLsn) return fail(TIDEMARK_E_INVALID, "nothing lies before entry 0");
  const Call deadline(call);
  return Pruner(sink, what, visit, deadline).run();
}

}  // namespace tidemark::store
