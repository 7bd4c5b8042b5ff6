#include "history.h"

#include <algorithm>
#include <cassert>

#include "text.h"

namespace tidemark::cli {

namespace {

// Sorts what one history has of a partition by the last LSN that counts: an archive that was cut is listed
// after others that end where it is cut, or later. One is cut by less than kArchiveEntriesMax LSNs, a record
// may be by more and comes as soon as it can. One thread.
class SortedByPart {
 public:
  explicit SortedByPart(const std::function<bool(const Stored&)>& visit) : visit_(visit) {}

  bool add(const Stored& stored) {
    const uint64_t whole_last = std::max(stored.last, stored.name_last);
    waiting_.emplace(stored.last, stored);
    while (!waiting_.empty() && waiting_.begin()->first + kArchiveEntriesMax <= whole_last) {
      if (!give()) return false;
    }
    return true;
  }
  bool finish() {
    while (!waiting_.empty()) {
      if (!give()) return false;
    }
    return true;
  }

 private:
  bool give() {
    const Stored stored = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    if (visit_(stored)) return true;
    waiting_.clear();
    return false;
  }

  const std::function<bool(const Stored&)>& visit_;
  std::multimap<uint64_t, Stored> waiting_;  // equal ones in the order in which they came
};

}  // namespace

Stored counted(const Stored& stored, Range part) {
  Stored cut = stored;
  if (part.last < stored.last) cut.name_last = stored.last;
  cut.first = part.first;
  cut.last = part.last;
  return cut;
}

EpochCut::EpochCut(std::vector<Chain> chains) : chains_(std::move(chains)), parts_(chains_.size()) {
  for (const Chain& chain : chains_) {
    is_long_ = is_long_ || chain.is_long();
    begins_.emplace_back(chain);
  }
}

// As if each name were looked at: all histories are but the first epoch, of which nothing is cut.
bool EpochCut::give_whole(const Stored& stored, const Proof& proof, const Visit& visit) {
  const bool is_named = stored.kind != TIDEMARK_STORED_FOREIGN && stored.last > 0;
  const bool counts = stored.epoch <= kFirstEpoch || stored.kind == TIDEMARK_STORED_PRUNED;
  const auto part =
      is_named && counts ? std::optional<Range>(Range{stored.first, stored.last}) : std::nullopt;
  std::fill(parts_.begin(), parts_.end(), part);
  return visit(stored, proof, parts_);
}

bool EpochCut::add(const Stored& stored, const Proof& proof, const Visit& visit) {
  if (!is_long_) return give_whole(stored, proof, visit);
  const auto key =
      stored.kind != TIDEMARK_STORED_FOREIGN && stored.last > 0 ? parse_object_key(stored.key) : std::nullopt;
  // What has no name of ours keeps its place, and says nothing.
  const ParsedName name = key ? key->name : ParsedName{{1, newest_last_}, ObjectKind::kPruned};
  newest_last_ = std::max(newest_last_, name.range.last);
  if (key) {
    for (EpochBeginnings& begins : begins_) begins.see(name);
  }
  held_.push_back({name, !key, stored, proof});
  while (!held_.empty() && newest_last_ - held_.front().name.range.last >= kArchiveEntriesMax) {
    const Held next = std::move(held_.front());
    held_.pop_front();
    if (give(next.name, next.is_foreign, next.stored, next.proof, visit)) continue;
    held_.clear();
    return false;
  }
  return true;
}

bool EpochCut::finish(const Visit& visit) {
  for (const Held& held : std::exchange(held_, {})) {
    if (!give(held.name, held.is_foreign, held.stored, held.proof, visit)) return false;
  }
  return true;
}

bool EpochCut::give(const ParsedName& name, bool is_foreign, const Stored& stored, const Proof& proof,
                    const Visit& visit) {
  for (size_t i = 0; i < begins_.size(); ++i) parts_[i] = is_foreign ? std::nullopt : begins_[i].counts(name);
  return visit(stored, proof, parts_);
}

Result<std::shared_ptr<const Lineage>> Histories::lineage(const std::string& storage, Stop& stop) {
  {
    MutexLock lock(mutex_);
    if (const auto known = known_.find(storage); known != known_.end()) return known->second;
  }
  TM_ASSIGN(Lineage read, read_lineage(archive_, storage, stop));
  MutexLock lock(mutex_);
  // Of two that read it at the same time one counts, for all.
  return known_.emplace(storage, std::make_shared<const Lineage>(std::move(read))).first->second;
}

Result<Chain> Histories::chosen(const std::string& storage, Stop& stop) {
  TM_ASSIGN(const auto known, lineage(storage, stop));
  return known->chain_of(epoch_.value_or(known->newest()));
}

// One that was begun after the records were read is another history than the one that is read.
Result<bool> Histories::is_recorded_later(const std::string& storage, uint64_t epoch, Stop& stop) {
  {
    MutexLock lock(mutex_);
    if (const auto known = later_.find({storage, epoch}); known != later_.end()) return known->second;
  }
  bool is_recorded = false;
  const auto visit = [&](const Stored& stored) {
    is_recorded = is_epoch(stored) && stored.epoch == epoch;
    return !is_recorded;
  };
  TM_TRY(archive_.scan_folders({epoch_folder(storage)}, "", visit, stop));
  MutexLock lock(mutex_);
  later_[{storage, epoch}] = is_recorded;
  return is_recorded;
}

Result<std::optional<std::string>> Histories::stranger_text(const Stored& stored, Stop& stop) {
  const auto key = parse_object_key(stored.key);
  // What was pruned is said to every history, also after the epoch that it was said in was dropped.
  if (stored.kind == TIDEMARK_STORED_PRUNED) return std::optional<std::string>();
  if (!key || key->name.epoch == kFirstEpoch) return std::optional<std::string>();
  TM_ASSIGN(const auto known, lineage(stored.storage, stop));
  if (known->is_recorded(key->name.epoch)) return std::optional<std::string>();
  TM_ASSIGN(const bool is_new, is_recorded_later(stored.storage, key->name.epoch, stop));
  if (is_new) return std::optional<std::string>();
  return std::optional(without_record_text(stored.storage, key->name.epoch));
}

std::map<std::string, std::shared_ptr<const Lineage>> Histories::known() {
  MutexLock lock(mutex_);
  return known_;
}

void Histories::forget() {
  MutexLock lock(mutex_);
  known_.clear();
  later_.clear();
}

Result<void> Histories::each(const ListObjects& list, uint64_t from,
                             const std::function<bool(const Stored&)>& visit, Stop& stop, uint64_t* reached) {
  bool is_over = false;
  const std::function<bool(const Stored&)> give = [&](const Stored& stored) {
    const bool lies_before = stored.last > 0 && stored.last < from;
    if (!is_over && !lies_before) is_over = !visit(stored);
    return !is_over;
  };
  std::optional<SortedByPart> sorted;
  std::string name;  // of the partition that is being listed
  HistoryCut* listing = nullptr;
  const auto take = [&](const Stored& stored, const Proof&) {
    if (!sorted && !listing->is_long()) return give(stored);
    const std::string of = stored.storage.empty() ? "" : partition_text(stored.storage, stored.partition);
    if (sorted && of != name && !sorted->finish()) return false;
    if (!sorted || of != name) sorted.emplace(give);
    name = of;
    return of.empty() || stored.last == 0 ? give(stored) : sorted->add(stored);
  };
  HistoryCut cut(*this, take, stop);
  listing = &cut;
  const auto listed = list([&](const Stored& stored) { return cut.add(stored, {}); });
  TM_TRY(cut.finish());
  TM_TRY(listed);
  if (sorted) sorted->finish();
  if (reached != nullptr) *reached = cut.reached();
  return {};
}

Result<void> Histories::scan(const Scope& scope, uint64_t from,
                             const std::function<bool(const Stored&)>& visit, Stop& stop, uint64_t* reached) {
  uint64_t begin = from;
  if (!scope.storage.empty()) {  // the records first: what is begun later is another history
    TM_ASSIGN(const Chain chain, chosen(scope.storage, stop));
    if (scope.partition && chain.is_long()) begin = 0;
  }
  return each([&](const auto& give) { return archive_.scan(scope, begin, give, stop); }, from, visit, stop,
              reached);
}

Result<void> HistoryCut::begin(const Stored& stored) {
  partition_ = stored.partition;
  if (storage_ != stored.storage || chains_.empty()) {
    storage_ = stored.storage;
    chains_.clear();
    TM_ASSIGN(const auto lineage, histories_.lineage(storage_, stop_));
    TM_ASSIGN(Chain chain, histories_.chosen(storage_, stop_));
    chains_.push_back(std::move(chain));
    continued_at_.clear();
    for (const auto& [number, epoch] : lineage->epochs()) {
      if (epoch.parent == chains_.front().newest()) continued_at_.emplace(number, 0);
    }
    ends_ = visit_all_ ? lineage->ends() : std::vector<LineageEnd>();
    for (size_t i = 0; ends_.size() > 1 && i < ends_.size(); ++i) {
      TM_ASSIGN(Chain other, lineage->chain_of(ends_[i].epoch));
      chains_.push_back(std::move(other));
    }
  }
  for (auto& [child, begins] : continued_at_) begins = 0;
  is_plain_ = chains_.size() == 1 && !chains_.front().is_long();
  cut_.emplace(chains_);
  return {};
}

bool HistoryCut::give(const Stored& stored, const Proof& proof, const EpochCut::Parts& parts) {
  if (parts.size() > 1) visit_all_(stored, ends_, EpochCut::Parts(parts.begin() + 1, parts.end()));
  if (!names_entries(stored)) {
    is_over_ = !visit_(stored, proof);
  } else if (parts.front()) {
    const Range part = *parts.front();
    const bool is_whole = part == Range{stored.first, stored.last};
    is_over_ = !(is_whole ? visit_(stored, proof) : visit_(counted(stored, part), proof));
  } else if (const auto child = continued_at_.find(stored.epoch); child != continued_at_.end()) {
    const bool begins = stored.kind == TIDEMARK_STORED_ARCHIVE || stored.kind == TIDEMARK_STORED_GAP;
    const auto key = begins ? parse_object_key(stored.key) : std::nullopt;
    const uint64_t first = !key ? 0 : key->name.begun != kNoLsn ? key->name.begun : key->name.range.first;
    if (first > 0) child->second = child->second == 0 ? first : std::min(child->second, first);
  } else if (const auto why = histories_.stranger_text(stored, stop_); !why) {
    failed_ = why.error();
  } else if (*why) {
    failed_ = Error{kExitData, printable(stored.key) + ": " + **why, TIDEMARK_E_CORRUPT};
  }
  return !is_over_ && !failed_;
}

uint64_t HistoryCut::reached() const {
  uint64_t last = 0;
  for (const auto& [child, begins] : continued_at_) last = std::max(last, begins > 0 ? begins - 1 : 0);
  return last;
}

bool HistoryCut::end_partition() {
  if (!cut_) return true;
  cut_->finish([this](const Stored& stored, const Proof& proof, const EpochCut::Parts& parts) {
    return give(stored, proof, parts);
  });
  cut_.reset();
  return !is_over_ && !failed_;
}

bool HistoryCut::add(const Stored& stored, const Proof& proof) {
  if (is_over_ || failed_) return false;
  const bool is_of = cut_ && stored.partition == partition_ && stored.storage == storage_;
  if (is_of && is_plain_ && stored.epoch <= kFirstEpoch) {
    is_over_ = !visit_(stored, proof);
    return !is_over_;
  }
  if (!is_of && !end_partition()) return false;
  if (stored.storage.empty()) {
    is_over_ = !visit_(stored, proof);
    return !is_over_;
  }
  if (!cut_) {
    if (auto begun = begin(stored); !begun) {
      failed_ = begun.error();
      return false;
    }
  }
  return cut_->add(stored, proof, [this](const Stored& one, const Proof& of, const EpochCut::Parts& parts) {
    return give(one, of, parts);
  });
}

Result<void> HistoryCut::finish() {
  if (!is_over_ && !failed_) end_partition();
  if (failed_) return *failed_;
  return {};
}

}  // namespace tidemark::cli
