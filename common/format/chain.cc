#include "format/chain.h"

#include <algorithm>
#include <cassert>

namespace tidemark {

std::optional<Chain> Chain::of(uint64_t epoch, const std::map<uint64_t, uint64_t>& parents,
                               std::string* problem) {
  std::vector<uint64_t> epochs;
  uint64_t child = 0;
  for (uint64_t at = epoch; at != 0;) {
    const auto record = parents.find(at);
    if (record == parents.end()) {
      *problem = child == 0 ? "there is no epoch " + std::to_string(at)
                            : "the record of epoch " + std::to_string(at) + ", which epoch " +
                                  std::to_string(child) + " continues, is not there";
      return std::nullopt;
    }
    assert(record->second < at);
    epochs.push_back(at);
    child = at;
    at = record->second;
  }
  Chain chain = none();
  for (auto next = epochs.rbegin(); next != epochs.rend(); ++next) {
    if (chain.extend(*next)) continue;
    *problem = "the history of epoch " + std::to_string(epoch) + " has more than " +
               std::to_string(kChainRangesMax) + " branches";
    return std::nullopt;
  }
  return chain;
}

Chain Chain::none() {
  Chain chain;
  chain.ranges_.clear();
  return chain;
}

bool Chain::contains(uint64_t epoch) const {
  const auto range = std::lower_bound(ranges_.begin(), ranges_.end(), epoch,
                                      [](const Epochs& r, uint64_t value) { return r.last < value; });
  return range != ranges_.end() && range->first <= epoch;
}

uint64_t Chain::before(uint64_t epoch) const {
  uint64_t before = 0;
  for (const Epochs& range : ranges_) {
    if (range.first >= epoch) break;
    before = std::min(range.last, epoch - 1);
  }
  return before;
}

uint64_t Chain::after(uint64_t epoch) const {
  for (const Epochs& range : ranges_) {
    if (range.last > epoch) return std::max(range.first, epoch + 1);
  }
  return 0;
}

std::optional<uint64_t> Chain::lowest_not_in(std::span<const uint64_t> epochs, uint64_t from) const {
  for (const Epochs& range : ranges_) {
    if (range.last < from) continue;
    uint64_t expected = std::max(range.first, from);
    for (auto at = std::lower_bound(epochs.begin(), epochs.end(), expected);; ++at, ++expected) {
      if (at == epochs.end() || *at != expected) return expected;
      if (expected == range.last) break;
    }
  }
  return std::nullopt;
}

bool Chain::extend(uint64_t child) {
  assert(child > newest());
  if (!ranges_.empty() && ranges_.back().last + 1 == child) {
    ranges_.back().last = child;
    return true;
  }
  if (ranges_.size() == kChainRangesMax) return false;
  ranges_.push_back({child, child});
  return true;
}

std::string Chain::text() const {
  std::string text;
  for (const Epochs& epochs : ranges_) {
    if (!text.empty()) text += ',';
    text += std::to_string(epochs.first);
    if (epochs.last != epochs.first) text.append("-").append(std::to_string(epochs.last));
  }
  return text;
}

std::optional<Chain> Chain::parse(std::string_view text) {
  Chain chain = none();
  while (!text.empty()) {
    if (!chain.ranges_.empty()) {
      if (!text.starts_with(',')) return std::nullopt;
      text.remove_prefix(1);
    }
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(word.size());
    const size_t dash = word.find('-');
    const auto first = parse_decimal(word.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_decimal(word.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last) return std::nullopt;
    if (dash != std::string_view::npos && *first == *last) return std::nullopt;
    const bool is_apart = chain.ranges_.empty() || (chain.newest() < *first && chain.newest() + 1 != *first);
    if (!is_apart || chain.ranges_.size() == kChainRangesMax) return std::nullopt;
    chain.ranges_.push_back({*first, *last});
  }
  return chain;
}

void EpochBeginnings::see(const ParsedName& name) {
  if (name.kind == ObjectKind::kPruned && (!pruned_ || pruned_->range.last < name.range.last)) pruned_ = name;
  const bool begins = name.kind == ObjectKind::kArchive || name.kind == ObjectKind::kGap;
  const bool has_begun = name.kind == ObjectKind::kOrigin && name.epoch != kFirstEpoch;
  if ((!begins && !has_begun) || !chain_->contains(name.epoch)) return;
  if (has_begun && name.range.last == kEveryLsn) return;
  const Lsn own_first = name.begun != kNoLsn ? name.begun : name.range.first;
  const Lsn first = begins ? own_first : name.range.last + 1;
  auto at = std::lower_bound(begins_.begin(), begins_.end(), name.epoch,
                             [](const auto& begin, uint64_t epoch) { return begin.first < epoch; });
  if (at != begins_.end() && at->first == name.epoch) {
    if (at->second <= first) return;
    at->second = first;
  } else {
    // A newer one that begins no later rules all that this one has.
    if (at != begins_.end() && at->second <= first) return;
    at = begins_.insert(at, {name.epoch, first});
  }
  auto older = at;
  while (older != begins_.begin() && std::prev(older)->second >= first) --older;
  begins_.erase(older, at);
}

// The first LSN that a newer epoch rules.
Lsn EpochBeginnings::limit(uint64_t epoch) const {
  const auto newer = std::upper_bound(begins_.begin(), begins_.end(), epoch,
                                      [](uint64_t value, const auto& begin) { return value < begin.first; });
  return newer == begins_.end() ? kNoLsn : newer->second;
}

// Its last LSNs are then cut off where that other epoch begins: at the latest right after what was pruned.
bool EpochBeginnings::is_hidden_by_pruned(const ParsedName& name) const {
  return pruned_ && name.epoch <= pruned_->epoch && name.range.first <= pruned_->range.last &&
         ruler(pruned_->range.last + 1) > name.epoch;
}

std::optional<Range> EpochBeginnings::counts(const ParsedName& name) const {
  const bool is_of_all = name.kind == ObjectKind::kPruned;  // whatever was there then
  if (!is_of_all && !chain_->contains(name.epoch)) return std::nullopt;
  if (name.kind == ObjectKind::kOrigin) return name.range;
  if (!is_of_all && is_hidden_by_pruned(name)) return std::nullopt;
  const Lsn limit_lsn = limit(name.epoch);
  if (limit_lsn == kNoLsn || name.range.last < limit_lsn) return name.range;
  if (name.range.first >= limit_lsn) return std::nullopt;
  return Range{name.range.first, limit_lsn - 1};
}

uint64_t EpochBeginnings::ruler(Lsn lsn) const {
  for (auto begin = begins_.rbegin(); begin != begins_.rend(); ++begin) {
    if (begin->second <= lsn) return begin->first;
  }
  return 0;
}

}  // namespace tidemark
