#include "format/chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tidemark {
namespace {

using Parents = std::map<uint64_t, uint64_t>;
using Part = std::pair<ParsedName, std::optional<Range>>;

Chain chain_of(uint64_t epoch, const Parents& parents) {
  std::string problem;
  const auto chain = Chain::of(epoch, parents, &problem);
  EXPECT_TRUE(chain) << problem;
  return chain.value_or(Chain::none());
}

std::string problem_of(uint64_t epoch, const Parents& parents) {
  std::string problem;
  EXPECT_FALSE(Chain::of(epoch, parents, &problem));
  return problem;
}

ParsedName name(Range range, uint64_t epoch, ObjectKind kind = ObjectKind::kArchive) {
  return {range, kind, epoch};
}

TEST(Chain, TellsWhatAnEpochContinuesAndWhatIsMissing) {
  const Chain chain = *Chain::parse("2-4,7,9-10");
  const std::vector<uint64_t> before = {0, 2, 3, 4, 7, 9};
  const std::vector<uint64_t> epochs = {2, 3, 4, 7, 9, 10};
  for (size_t i = 0; i < epochs.size(); ++i) EXPECT_EQ(chain.before(epochs[i]), before[i]) << epochs[i];

  std::vector<uint64_t> there = {1, 2, 3, 4, 5, 7, 9, 10, 12};
  EXPECT_EQ(chain.lowest_not_in(there, 1), std::nullopt);
  for (const uint64_t missing : epochs) {
    std::vector<uint64_t> rest = there;
    std::erase(rest, missing);
    EXPECT_EQ(chain.lowest_not_in(rest, 1), missing);
    EXPECT_EQ(chain.lowest_not_in(rest, missing), missing);
    EXPECT_EQ(chain.lowest_not_in(rest, missing + 1), std::nullopt);
  }
  EXPECT_EQ(chain.lowest_not_in({}, 1), 2U);
  EXPECT_EQ(chain.lowest_not_in({}, 5), 7U);
  EXPECT_EQ(chain.lowest_not_in({}, 10), 10U);
  EXPECT_EQ(Chain::none().lowest_not_in(there, 1), std::nullopt);

  const std::vector<uint64_t> after = {2, 2, 3, 4, 7, 7, 7, 9, 9, 10, 0, 0};
  for (uint64_t epoch = 0; epoch < after.size(); ++epoch)
    EXPECT_EQ(chain.after(epoch), after[epoch]) << epoch;
}

TEST(Chain, IsAnEpochAndItsParents) {
  const Parents parents = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 4}, {7, 5}, {8, 3}};
  const Chain chain = chain_of(7, parents);
  EXPECT_EQ(chain.text(), "1-2,4-5,7");
  EXPECT_EQ(chain.newest(), 7U);
  for (const uint64_t in : {1U, 2U, 4U, 5U, 7U}) EXPECT_TRUE(chain.contains(in)) << in;
  for (const uint64_t out : {0U, 3U, 6U, 8U, 9U}) EXPECT_FALSE(chain.contains(out)) << out;
  EXPECT_EQ(chain_of(8, parents).text(), "1-3,8");
  EXPECT_EQ(chain_of(1, parents), Chain());
  EXPECT_EQ(Chain::none().text(), "");
  EXPECT_EQ(Chain::none().newest(), 0U);
}

TEST(Chain, OnlyTheFirstEpochAloneIsNotLong) {
  EXPECT_FALSE(Chain().is_long());
  EXPECT_TRUE(Chain::parse("1-2")->is_long());
  EXPECT_TRUE(Chain::parse("2")->is_long());
  EXPECT_TRUE(Chain::parse("1,3")->is_long());
}

TEST(Chain, NamesTheRecordThatIsMissing) {
  EXPECT_EQ(problem_of(4, {{1, 0}}), "there is no epoch 4");
  EXPECT_EQ(problem_of(4, {{1, 0}, {4, 3}}), "the record of epoch 3, which epoch 4 continues, is not there");
}

TEST(Chain, HasSoManyBranchesAndNoMore) {
  Parents parents;
  uint64_t newest = 0;
  for (size_t i = 0; i < kChainRangesMax; ++i) {
    parents[newest + 2] = newest;
    newest += 2;
  }
  EXPECT_TRUE(chain_of(newest, parents).extend(newest + 1)) << "no new branch";
  parents[newest + 2] = newest;
  EXPECT_EQ(problem_of(newest + 2, parents), "the history of epoch 2002 has more than 1000 branches");
}

TEST(Chain, ParsesExactlyWhatItSays) {
  for (const char* text : {"", "1", "1-5", "1-5,7", "2,4,6-9", "18446744073709551615"}) {
    const auto chain = Chain::parse(text);
    ASSERT_TRUE(chain) << text;
    EXPECT_EQ(chain->text(), text);
  }
  for (const char* bad : {"0", "1-1", "5-1", "1,2", "1-3,4", "1-3,3", "4,1", ",1", "1,", "1 ", "01", "1-",
                          "-1", "1,,3", "1-2-3", "x", "18446744073709551616"}) {
    EXPECT_FALSE(Chain::parse(bad)) << bad;
  }
}

// lineage.md: going from an epoch to its parents, each rules from its lowest LSN on.
class Model {
 public:
  Model(std::vector<ParsedName> names, std::vector<uint64_t> epochs)
      : names_(std::move(names)), epochs_(std::move(epochs)) {
    std::sort(epochs_.rbegin(), epochs_.rend());
  }

  // Below what each epoch rules, a newer one not yet.
  std::optional<Range> counts(const ParsedName& of) const {
    const bool is_pruned = of.kind == ObjectKind::kPruned;
    if (!is_pruned && of.kind != ObjectKind::kOrigin && is_hidden(of)) return std::nullopt;
    Lsn top = kNoLsn;
    for (const uint64_t epoch : epochs_) {
      if (is_pruned && epoch <= of.epoch) break;
      if (epoch == of.epoch) return part(of, top);
      const Lsn low = lowest(epoch);
      if (low != kNoLsn) top = top == kNoLsn ? low : std::min(top, low);
    }
    return is_pruned ? part(of, top) : std::nullopt;
  }

 private:
  // It begins in what was pruned, after which the history is another epoch's.
  bool is_hidden(const ParsedName& of) const {
    ParsedName pruned;
    for (const ParsedName& one : names_) {
      if (one.kind == ObjectKind::kPruned && one.range.last > pruned.range.last) pruned = one;
    }
    if (of.epoch > pruned.epoch || of.range.first > pruned.range.last) return false;
    return std::any_of(epochs_.begin(), epochs_.end(), [&](uint64_t epoch) {
      const Lsn low = lowest(epoch);
      return epoch > of.epoch && low != kNoLsn && low <= pruned.range.last + 1;
    });
  }
  Lsn lowest(uint64_t epoch) const {
    Lsn low = kNoLsn;
    for (const ParsedName& one : names_) {
      const bool begins = one.kind == ObjectKind::kArchive || one.kind == ObjectKind::kGap;
      const bool is_origin = one.kind == ObjectKind::kOrigin && one.epoch != kFirstEpoch;
      if (one.epoch != epoch || (!begins && !is_origin)) continue;
      const Lsn first = begins ? one.range.first : one.range.last + 1;
      low = low == kNoLsn ? first : std::min(low, first);
    }
    return low;
  }
  static std::optional<Range> part(const ParsedName& of, Lsn top) {
    if (of.kind == ObjectKind::kOrigin || top == kNoLsn) return of.range;
    if (of.range.first >= top) return std::nullopt;
    return Range{of.range.first, std::min(of.range.last, top - 1)};
  }

  const std::vector<ParsedName> names_;
  std::vector<uint64_t> epochs_;  // of the chain, descending
};

std::vector<Part> cut_all(const Chain& chain, const std::vector<ParsedName>& names) {
  std::vector<Part> given;
  ChainCut<int> cut(chain);
  const auto visit = [&](int item, const ParsedName& of, std::optional<Range> counted) {
    EXPECT_EQ(item, static_cast<int>(given.size())) << "in the order in which they came";
    given.emplace_back(of, counted);
    return true;
  };
  int next = 0;
  for (const ParsedName& of : names) EXPECT_TRUE(cut.add(of, next++, visit));
  EXPECT_TRUE(cut.finish(visit));
  return given;
}

// Each epoch of a partition begins where it may, in batches and single entries, with records between them.
std::vector<ParsedName> some_names(std::mt19937_64& random, uint64_t epochs, Lsn longest) {
  std::vector<ParsedName> names;
  for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
    if (random() % 4 == 0) continue;  // begun nowhere
    Lsn next = 1 + random() % 60;
    for (uint64_t left = random() % 12; left > 0; --left) {
      const Lsn last = next + (random() % 3 == 0 ? random() % longest : random() % 4);
      const auto kind = random() % 8 == 0 ? ObjectKind::kGap : ObjectKind::kArchive;
      names.push_back(name({next, last}, epoch, kind));
      if (random() % 8 == 0) names.push_back(name({next, last}, epoch, ObjectKind::kAccepted));
      next = last + 1;
    }
    if (random() % 6 == 0) names.push_back(name({1, 1 + random() % 20}, epoch, ObjectKind::kOrigin));
    if (random() % 6 == 0) names.push_back(name({1, 1 + random() % 20}, epoch, ObjectKind::kPruned));
  }
  std::sort(names.begin(), names.end(), [](const ParsedName& a, const ParsedName& b) {
    return object_key("s", 1, a) < object_key("s", 1, b);
  });
  return names;
}

TEST(ChainCut, GivesWhatTheModelReads) {
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t epochs = 1 + random() % 6;
    Parents parents;
    for (uint64_t epoch = 1; epoch <= epochs; ++epoch) parents[epoch] = random() % epoch;
    const Chain chain = chain_of(1 + random() % epochs, parents);
    std::vector<uint64_t> in_chain;
    for (uint64_t at = chain.newest(); at != 0; at = parents[at]) in_chain.push_back(at);
    const Lsn longest = seed % 2 == 0 ? 8 : kArchiveEntriesMax;
    const auto names = some_names(random, epochs, longest);
    const Model model(names, in_chain);
    const auto given = cut_all(chain, names);
    ASSERT_EQ(given.size(), names.size()) << seed;
    for (size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(given[i].first, names[i]) << seed;
      ASSERT_EQ(given[i].second, model.counts(names[i]))
          << "seed " << seed << ", " << object_key("s", 1, names[i]) << " in " << chain.text();
    }
  }
}

TEST(ChainCut, CutsWhatANewerEpochRules) {
  const auto given = cut_all(*Chain::parse("1-2"), {name({5, 5}, 2), name({6, 6}, 2), name({1, 10}, 1),
                                                    name({11, 11}, 1), name({12, 12}, 3)});
  EXPECT_EQ(given[0].second, (Range{5, 5}));
  EXPECT_EQ(given[2].second, (Range{1, 4}));
  EXPECT_EQ(given[3].second, std::nullopt);
  EXPECT_EQ(given[4].second, std::nullopt) << "of another history";
}

TEST(ChainCut, GapAndOriginBeginAnEpochAndOthersDoNot) {
  const Chain chain = *Chain::parse("1-2");
  for (const auto kind : {ObjectKind::kAccepted, ObjectKind::kPruned}) {
    const auto given = cut_all(chain, {name({1, 3}, 2, kind), name({1, 4}, 1)});
    EXPECT_EQ(given[1].second, (Range{1, 4}));
  }
  const auto gap = cut_all(chain, {name({2, 3}, 2, ObjectKind::kGap), name({1, 4}, 1)});
  EXPECT_EQ(gap[1].second, (Range{1, 1}));
  const auto origin =
      cut_all(chain, {name({1, 3}, 2, ObjectKind::kOrigin), name({1, 4}, 1), name({5, 5}, 1)});
  EXPECT_EQ(origin[1].second, (Range{1, 3}));
  EXPECT_EQ(origin[2].second, std::nullopt);
}

TEST(ChainCut, PrunedCountsInEveryHistoryAndOriginInItsOwn) {
  const auto given =
      cut_all(Chain(), {name({1, 3}, 2, ObjectKind::kPruned), name({1, 3}, 2, ObjectKind::kOrigin),
                        name({1, 5}, 1, ObjectKind::kOrigin)});
  EXPECT_EQ(given[0].second, (Range{1, 3}));
  EXPECT_EQ(given[1].second, std::nullopt);
  EXPECT_EQ(given[2].second, (Range{1, 5}));
}

// The archive of 5, with which the epoch began, is lost: then 5 is missing, and is not the parent's.
TEST(ChainCut, WhereAnEpochBeganIsSaidByItsLaterArchivesToo) {
  ParsedName later = name({6, 6}, 2);
  later.begun = 5;
  const auto given =
      cut_all(*Chain::parse("1-2"), {name({1, 4}, 1), name({5, 5}, 1), later, name({7, 7}, 1)});
  EXPECT_EQ(given[0].second, (Range{1, 4}));
  EXPECT_EQ(given[1].second, std::nullopt);
  EXPECT_EQ(given[2].second, (Range{6, 6}));
  EXPECT_EQ(given[3].second, std::nullopt);
  later.begun = kNoLsn;
  EXPECT_EQ(cut_all(*Chain::parse("1-2"), {name({5, 5}, 1), later})[0].second, (Range{5, 5}));
}

// A host that was set back to 4 after all up to 9 was pruned: what it writes is not what was pruned.
TEST(ChainCut, PrunedSaysNothingOfWhatANewerEpochHas) {
  const std::vector<ParsedName> names = {name({5, 6}, 3), name({1, 9}, 2, ObjectKind::kPruned),
                                         name({10, 10}, 2)};
  const auto newer = cut_all(*Chain::parse("1-3"), names);
  EXPECT_EQ(newer[0].second, (Range{5, 6}));
  EXPECT_EQ(newer[1].second, (Range{1, 4}));
  EXPECT_EQ(newer[2].second, std::nullopt);
  const auto older = cut_all(*Chain::parse("1-2"), names);
  EXPECT_EQ(older[1].second, (Range{1, 9}));
  const auto all = cut_all(*Chain::parse("1-3"), {name({1, 6}, 3), name({1, 9}, 2, ObjectKind::kPruned)});
  EXPECT_EQ(all[1].second, std::nullopt) << "it has all of it";
}

// Epoch 2 had 10 to 12 before epoch 3 continued it; a batch of epoch 1, of before the branch, reaches beyond.
TEST(ChainCut, WhatWasHiddenByWhatIsPrunedStaysHidden) {
  const ParsedName straddles = name({6, 14}, 1);
  const std::vector<ParsedName> names = {name({1, 12}, 3, ObjectKind::kPruned), straddles, name({13, 14}, 3)};
  EXPECT_EQ(cut_all(*Chain::parse("1-3"), names)[1].second, std::nullopt);
  EXPECT_EQ(cut_all(Chain(), names)[1].second, (Range{6, 14})) << "its own history has nothing else";
  const std::vector<ParsedName> before = {name({10, 12}, 2), straddles, name({13, 14}, 3)};
  EXPECT_EQ(cut_all(*Chain::parse("1-3"), before)[1].second, (Range{6, 9})) << "as long as it is there";
  // What was written after it was pruned is not hidden by it.
  const std::vector<ParsedName> again = {name({1, 12}, 1, ObjectKind::kPruned), name({6, 14}, 2),
                                         name({13, 14}, 3)};
  EXPECT_EQ(cut_all(*Chain::parse("1-3"), again)[1].second, (Range{6, 12}));
}

TEST(ChainCut, HoldsBackNothingWhereNamesAloneTell) {
  const auto held = [](const Chain& chain, Lsn last) {
    ChainCut<int> cut(chain);
    int given = 0;
    const auto visit = [&](int, const ParsedName&, std::optional<Range>) { return ++given > 0; };
    cut.add(name({1, 1}, 1), 0, visit);
    cut.add(name({last, last}, 1), 0, visit);
    return 2 - given;
  };
  EXPECT_EQ(held(Chain(), 2), 0);
  EXPECT_EQ(held(*Chain::parse("1-2"), kArchiveEntriesMax), 2);
  EXPECT_EQ(held(*Chain::parse("1-2"), kArchiveEntriesMax + 1), 1)
      << "an archive that began at 1 would end before";
}

TEST(ChainCut, AVisitMayStopIt) {
  const Chain chain = *Chain::parse("1-2");
  ChainCut<int> cut(chain);
  int given = 0;
  const auto visit = [&](int, const ParsedName&, std::optional<Range>) { return ++given < 2; };
  for (Lsn lsn = 1; lsn <= 3; ++lsn) EXPECT_TRUE(cut.add(name({lsn, lsn}, 1), 0, visit));
  EXPECT_FALSE(cut.finish(visit));
  EXPECT_EQ(given, 2);
  EXPECT_TRUE(cut.finish(visit)) << "the rest is dropped";
}

TEST(EpochBeginnings, TellsWhoRules) {
  const Chain chain = *Chain::parse("1-3");
  EpochBeginnings begins(chain);
  EXPECT_EQ(begins.ruler(1), 0U);
  begins.see(name({3, 9}, 1));
  begins.see(name({7, 7}, 3));
  begins.see(name({8, 8}, 2));  // after a newer one: rules nowhere
  EXPECT_EQ(begins.ruler(2), 0U);
  EXPECT_EQ(begins.ruler(3), 1U);
  EXPECT_EQ(begins.ruler(6), 1U);
  EXPECT_EQ(begins.ruler(7), 3U);
  EXPECT_EQ(begins.ruler(kEveryLsn), 3U);
}

}  // namespace
}  // namespace tidemark
