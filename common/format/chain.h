// Which epochs make one history, and what of each of them counts.
//
// A chain is an epoch, its parent, the parent of that, and so on. In a partition each epoch is one unbroken
// run of archives: its first one there is the lowest, and was durable before the next was begun; the others
// say where that was, so that its loss is a hole and not the parent's. So names alone tell the history: going
// from the newest epoch of the chain to its parents, each rules from its lowest LSN on.
//
// Where all that an epoch had was pruned, an origin record of the epoch says that it rules from right after
// there on: what it hid stays hidden. The record that something was pruned is of the newest epoch that was
// recorded then, and counts in every history, but not for what a newer epoch has: that was written later.
// An archive of an older epoch that reaches beyond what was pruned stays; nothing of it counts up to there in
// a history in which another epoch rules after it, for what had hidden it may be gone.
//
// Pure; one owner, one thread at a time.
#ifndef TIDEMARK_COMMON_FORMAT_CHAIN_H
#define TIDEMARK_COMMON_FORMAT_CHAIN_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/object_name.h"
#include "format/types.h"

namespace tidemark {

// Of one archive, at most. What begins an epoch in a partition has no more either, be it an archive or a gap
// record: so where it begins is known as soon as names that end so many LSNs later were seen.
inline constexpr Lsn kArchiveEntriesMax = 4096;
inline constexpr size_t kChainRangesMax = 1000;

class Chain {
 public:
  // Of an archive without records of epochs: the first alone.
  Chain() : ranges_{{kFirstEpoch, kFirstEpoch}} {}
  // `parents` has each recorded epoch with its parent, 0 for none. On nothing, `problem` says which record is
  // missing; that parents are below their children is checked where records are read.
  static std::optional<Chain> of(uint64_t epoch, const std::map<uint64_t, uint64_t>& parents,
                                 std::string* problem);
  // Nobody's history: what an epoch without a parent continues.
  static Chain none();

  bool contains(uint64_t epoch) const;
  uint64_t newest() const { return ranges_.empty() ? 0 : ranges_.back().last; }
  // What one of its epochs continues; 0: nothing.
  uint64_t before(uint64_t epoch) const;
  // The next of its epochs; 0: none.
  uint64_t after(uint64_t epoch) const;
  // The lowest of its epochs, from `from` on, that is not among these, which ascend.
  std::optional<uint64_t> lowest_not_in(std::span<const uint64_t> epochs, uint64_t from) const;
  // More than the first epoch: names have to be looked at together to know what counts.
  bool is_long() const { return ranges_.size() > 1 || newest() != kFirstEpoch; }
  // With a child on top, which is above all of them. False: more than kChainRangesMax.
  bool extend(uint64_t child);

  // "1-5,7": ascending, no two of them adjacent; "" is none(). Parsing accepts exactly what text() makes.
  std::string text() const;
  static std::optional<Chain> parse(std::string_view text);
  friend bool operator==(const Chain&, const Chain&) = default;

 private:
  struct Epochs {
    uint64_t first, last;
    friend bool operator==(const Epochs&, const Epochs&) = default;
  };
  std::vector<Epochs> ranges_;  // ascending, apart
};

// Where the epochs of one partition begin, as far as names were seen. Memory grows with the epochs that rule
// somewhere, never with names.
class EpochBeginnings {
 public:
  explicit EpochBeginnings(const Chain& chain) : chain_(&chain) {}

  void see(const ParsedName& name);
  // What of a name counts in the chain; nothing: it is of another history, or was cut off by a newer epoch.
  // Right for names of which all that begins at or below their last LSN was seen.
  std::optional<Range> counts(const ParsedName& name) const;
  // The epoch that rules at an LSN; 0: none does.
  uint64_t ruler(Lsn lsn) const;

 private:
  Lsn limit(uint64_t epoch) const;
  bool is_hidden_by_pruned(const ParsedName& name) const;

  const Chain* chain_;
  std::optional<ParsedName> pruned_;  // the record that reaches furthest
  // Ascending by epoch and by LSN: an epoch that begins after a newer one rules nowhere.
  std::vector<std::pair<uint64_t, Lsn>> begins_;
};

// What counts of the names of one partition, while they are listed: each is given out again, in the same
// order, as soon as it is known. Holds back the names of kArchiveEntriesMax LSNs, or those of one archive in
// a chain that is not long.
template <class Item>
class ChainCut {
 public:
  explicit ChainCut(const Chain& chain) : is_long_(chain.is_long()), begins_(chain) {}

  // In ascending order of last LSNs. `visit(item, name, part)`: see EpochBeginnings::counts.
  // False: a visit said so; the rest is dropped.
  template <class Visit>
  bool add(const ParsedName& name, Item item, const Visit& visit) {
    begins_.see(name);
    held_.emplace_back(name, std::move(item));
    const Lsn newest = name.range.last;
    while (!held_.empty()) {
      const Lsn last = held_.front().first.range.last;
      if (is_long_ && newest - last < kArchiveEntriesMax) break;
      if (!give(visit)) return false;
    }
    return true;
  }
  template <class Visit>
  bool finish(const Visit& visit) {
    while (!held_.empty()) {
      if (!give(visit)) return false;
    }
    return true;
  }

 private:
  template <class Visit>
  bool give(const Visit& visit) {
    auto [name, item] = std::move(held_.front());
    held_.pop_front();
    if (visit(item, name, begins_.counts(name))) return true;
    held_.clear();
    return false;
  }

  const bool is_long_;
  EpochBeginnings begins_;
  std::deque<std::pair<ParsedName, Item>> held_;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_CHAIN_H
