#include "gone.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "format/object_name.h"

namespace tidemark::cli {

namespace {

ObjectKind kind_of(int32_t kind) {
  switch (kind) {
    case TIDEMARK_STORED_GAP:
      return ObjectKind::kGap;
    case TIDEMARK_STORED_ACCEPTED:
      return ObjectKind::kAccepted;
    case TIDEMARK_STORED_PRUNED:
      return ObjectKind::kPruned;
    case TIDEMARK_STORED_ORIGIN:
      return ObjectKind::kOrigin;
    default:
      return ObjectKind::kArchive;
  }
}

ParsedName name_of(const Checked& object) {
  return {{object.first, object.last}, kind_of(object.kind), object.epoch, object.coding, object.begun};
}

Gone gone_of(const std::string& name, const Checked& newest, Range range) {
  const size_t slash = name.rfind('/');
  const auto partition = parse_decimal(name.substr(slash + 1));
  const std::string storage = name.substr(0, slash);
  Gone gone;
  gone.storage = storage;
  gone.partition = partition.value_or(0);
  gone.newest_key = object_key(storage, gone.partition, name_of(newest));
  gone.first = range.first;
  gone.through = range.last;
  return gone;
}

// One history, as it is and as it was when all that is lost was there.
class Judge {
 public:
  Judge(const HistoryEnd& history, const CheckedObjects& lost, const CheckedObjects& there,
        uint64_t pruned_through)
      : history_(history), there_(there), pruned_through_(pruned_through), now_(history.chain) {
    for (const Checked& object : there) now_.see(name_of(object));
    then_.emplace(now_);
    for (const Checked& object : lost) then_->see(name_of(object));
    // A damaged record is there, whatever it says.
    last_ = std::max(history.last, pruned_through);
    for (const Checked& object : there) {
      if (const auto part = now_.counts(name_of(object))) last_ = std::max(last_, part->last);
    }
  }

  uint64_t epoch() const { return history_.epoch; }
  uint64_t last() const { return last_; }
  std::optional<Range> counted(const Checked& lost) const { return then_->counts(name_of(lost)); }

  // Of an archive that counted: those of its LSNs that an older epoch is read for, and the newest of these.
  std::optional<std::pair<uint64_t, Range>> read_instead(const Checked& lost, Range counted) const {
    std::optional<std::pair<uint64_t, Range>> found;
    if (lost.kind != TIDEMARK_STORED_ARCHIVE || lost.epoch <= kFirstEpoch || lost.last <= pruned_through_)
      return found;
    const auto from = std::lower_bound(there_.begin(), there_.end(), lost.first,
                                       [](const Checked& one, uint64_t first) { return one.last < first; });
    for (auto one = from; one != there_.end() && one->last - lost.first < 2 * kArchiveEntriesMax; ++one) {
      if (one->kind != TIDEMARK_STORED_ARCHIVE || one->epoch >= lost.epoch) continue;
      const auto part = now_.counts(name_of(*one));
      const auto both = part ? overlap(*part, counted) : std::nullopt;
      if (!both) continue;
      if (!found) found = {one->epoch, *both};
      found->first = std::max(found->first, one->epoch);
      found->second = {std::min(found->second.first, both->first), std::max(found->second.last, both->last)};
    }
    return found;
  }

 private:
  const HistoryEnd& history_;
  const CheckedObjects& there_;
  const uint64_t pruned_through_;
  EpochBeginnings now_;
  std::optional<EpochBeginnings> then_;
  uint64_t last_ = 0;
};

void add(PartitionLosses& losses, Gone gone) {
  const auto is_same = [&](const Gone& one) {  // histories have it in common
    gone.history = one.history;
    return one == gone;
  };
  const uint64_t history = gone.history;
  if (std::any_of(losses.gone.begin(), losses.gone.end(), is_same)) return;
  gone.history = history;
  losses.gone.push_back(std::move(gone));
}

// What counts in no history that is judged: the end of one that was taken over. If its epoch was dropped
// nobody misses it; only the newest cannot have been.
bool is_missed_by_none(const Checked& object, const std::vector<HistoryEnd>& histories) {
  const auto has = [&](const HistoryEnd& one) { return one.chain.contains(object.epoch); };
  const auto is_older = [&](const HistoryEnd& one) { return object.epoch < one.epoch; };
  return std::none_of(histories.begin(), histories.end(), has) &&
         std::any_of(histories.begin(), histories.end(), is_older);
}

}  // namespace

PartitionLosses find_gone(const std::string& name, const CheckedObjects& lost, const CheckedObjects& there,
                          const std::vector<HistoryEnd>& histories, uint64_t pruned_through) {
  PartitionLosses losses;
  std::vector<bool> is_counted(lost.size()), is_told(lost.size());
  const auto tell = [&](size_t i, Range range, uint64_t read_instead, uint64_t history) {
    Gone gone = gone_of(name, lost[i], range);
    gone.read_instead = read_instead;
    gone.history = histories.size() > 1 ? history : 0;
    add(losses, std::move(gone));
  };
  uint64_t last = pruned_through;
  for (const Checked& object : there) last = std::max(last, object.last);
  std::vector<std::pair<size_t, std::pair<Range, uint64_t>>> ends;
  for (const HistoryEnd& history : histories) {
    const Judge judge(history, lost, there, pruned_through);
    last = std::max(last, judge.last());
    std::optional<std::pair<size_t, uint64_t>> newest;
    for (size_t i = 0; i < lost.size(); ++i) {
      const auto counted = judge.counted(lost[i]);
      if (!counted) continue;
      is_counted[i] = true;
      if (const auto older = judge.read_instead(lost[i], *counted)) {
        tell(i, older->second, older->first, judge.epoch());
        is_told[i] = true;
      }
      if (counted->last <= judge.last()) continue;
      is_told[i] = true;
      if (!newest || newest->second <= counted->last) newest = {i, counted->last};
    }
    if (newest) ends.push_back({newest->first, {{judge.last() + 1, newest->second}, judge.epoch()}});
  }
  for (const auto& [i, end] : ends) tell(i, end.first, 0, end.second);
  std::optional<size_t> newest;
  for (size_t i = 0; i < lost.size(); ++i) {
    if (lost[i].last > last) is_told[i] = is_told[i] || !is_missed_by_none(lost[i], histories);
    if (is_told[i]) losses.of.push_back(lost[i]);
    if (is_told[i] && !is_counted[i]) newest = i;
  }
  uint64_t told_through = 0;
  for (const Gone& gone : losses.gone) told_through = std::max(told_through, gone.through);
  if (newest && lost[*newest].last > told_through) tell(*newest, {last + 1, lost[*newest].last}, 0, 0);
  return losses;
}

Gone all_gone(const std::string& name, const Checked& newest) {
  return gone_of(name, newest, {1, newest.last});
}

}  // namespace tidemark::cli
