#include "coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tidemark::cli {
namespace {

TEST(Coverage, WhatLiesBetweenIsMissing) {
  Coverage coverage;
  coverage.add_present({1, 3});
  coverage.add_present({5, 5});
  coverage.add_gap({6, 7});
  coverage.add_present({9, 9});
  EXPECT_EQ(coverage.last(), 9u);
  EXPECT_EQ(
      coverage.finish(),
      (std::vector<Missing>{{{4, 4}, Cause::kUnknown}, {{6, 7}, Cause::kGap}, {{8, 8}, Cause::kUnknown}}));
}

TEST(Coverage, TheBeginningIsMissingUntilSomethingExplainsIt) {
  Coverage lost;
  lost.add_present({4, 4});
  EXPECT_EQ(lost.finish(), (std::vector<Missing>{{{1, 3}, Cause::kUnknown}}));
  Coverage pruned;
  pruned.add_present({3, 3});
  pruned.add_present({1, 3});
  EXPECT_TRUE(pruned.finish().empty());
  Coverage later(4);
  later.add_present({1, 2});
  later.add_present({3, 5});
  EXPECT_EQ(later.last(), 5u);
  EXPECT_TRUE(later.finish().empty());
}

TEST(Coverage, RecordsReachBack) {
  Coverage coverage;
  coverage.add_present({1, 1});
  coverage.add_present({8, 8});
  coverage.add_gap({5, 9});
  EXPECT_EQ(coverage.finish(),
            (std::vector<Missing>{{{2, 4}, Cause::kUnknown}, {{5, 7}, Cause::kGap}, {{9, 9}, Cause::kGap}}));
}

TEST(Coverage, MemoryIsBoundedAndTheBeginningIsKept) {
  Coverage coverage(1, 3);
  for (uint64_t lsn = 2; lsn <= 12; lsn += 2) coverage.add_present({lsn, lsn});
  EXPECT_EQ(coverage.take_settled(),
            (std::vector<Missing>{
                {{3, 3}, Cause::kUnknown}, {{5, 5}, Cause::kUnknown}, {{7, 7}, Cause::kUnknown}}));
  coverage.add_present({1, 12});
  EXPECT_TRUE(coverage.finish().empty());
}

TEST(Coverage, TheLastNumberThereIs) {
  Coverage coverage;
  coverage.add_present({1, UINT64_MAX});
  coverage.add_present({5, UINT64_MAX});
  coverage.add_gap({UINT64_MAX, UINT64_MAX});
  EXPECT_TRUE(coverage.finish().empty());
}

TEST(Coverage, AnOriginIsTheLowerEnd) {
  Coverage coverage;
  coverage.add_origin({1, 12});
  EXPECT_EQ(coverage.last(), 12u);
  coverage.add_present({14, 20});
  EXPECT_EQ(coverage.finish(),
            (std::vector<Missing>{{{1, 12}, Cause::kOrigin}, {{13, 13}, Cause::kUnknown}}));
}

TEST(Coverage, AnOriginSaysNothingOfWhatLiesAfterTheFirst) {
  Coverage coverage;
  coverage.add_present({3, 3});
  coverage.add_present({5, 5});
  coverage.add_origin({1, 12});
  coverage.add_present({13, 13});
  EXPECT_EQ(coverage.finish(),
            (std::vector<Missing>{
                {{1, 2}, Cause::kOrigin}, {{4, 4}, Cause::kUnknown}, {{6, 12}, Cause::kUnknown}}));
  Coverage two;
  two.add_origin({1, 2});
  two.add_origin({1, 9});
  two.add_present({11, 11});
  EXPECT_EQ(two.finish(), (std::vector<Missing>{{{1, 2}, Cause::kOrigin}, {{3, 10}, Cause::kUnknown}}));
  Coverage reached;  // a batch and a gap that reach back over it
  reached.add_origin({1, 12});
  reached.add_gap({9, 13});
  reached.add_present({11, 20});
  EXPECT_EQ(reached.finish(), (std::vector<Missing>{{{1, 8}, Cause::kOrigin}, {{9, 10}, Cause::kGap}}));
  Coverage pruned;
  pruned.add_present({1, 4});
  pruned.add_origin({1, 12});
  pruned.add_present({13, 13});
  EXPECT_EQ(pruned.finish(), (std::vector<Missing>{{{5, 12}, Cause::kUnknown}}));
}

// Against sets of numbers, with objects of every kind in the order of their keys.
TEST(Coverage, AgreesWithCountingOneByOne) {
  enum Kind { kArchive, kAcceptedRecord, kGapRecord, kOriginRecord };
  for (unsigned seed = 0; seed < 4000; ++seed) {
    std::mt19937 random(seed);
    struct Object {
      Range range;
      Kind kind;
    };
    std::vector<Object> objects;
    for (unsigned i = 0; i < 12; ++i) {
      const uint64_t last = random() % 30 + 1;
      const uint64_t first = std::max<uint64_t>(1, last - std::min<uint64_t>(last, random() % 6));
      const Kind kind = random() % 16 == 0 ? kOriginRecord : static_cast<Kind>(random() % 3);
      objects.push_back({{kind == kOriginRecord ? 1 : first, last}, kind});
    }
    std::sort(objects.begin(), objects.end(),
              [](const Object& a, const Object& b) { return a.range.last < b.range.last; });
    const uint64_t from = random() % 5 + 1;
    Coverage coverage(from);
    std::set<uint64_t> present, recorded;
    uint64_t begin = UINT64_MAX, origin = UINT64_MAX, last = from - 1;
    for (const auto& [range, kind] : objects) {
      const bool counts = kind != kOriginRecord || (begin == UINT64_MAX && origin == UINT64_MAX);
      if (kind == kArchive) coverage.add_present(range);
      if (kind == kAcceptedRecord) coverage.add_accepted(range);
      if (kind == kGapRecord) coverage.add_gap(range);
      if (kind == kOriginRecord) coverage.add_origin(range);
      if (kind == kOriginRecord) origin = std::min(origin, range.last);
      if (kind == kArchive || kind == kGapRecord) begin = std::min(begin, range.first);
      for (uint64_t lsn = range.first; kind != kOriginRecord && lsn <= range.last; ++lsn)
        (kind == kGapRecord ? recorded : present).insert(lsn);
      if (counts) last = std::max(last, range.last);
    }
    std::set<std::pair<uint64_t, Cause>> expected, told;
    for (uint64_t lsn = from; lsn <= last; ++lsn) {
      if (present.count(lsn) > 0) continue;
      const bool before = origin != UINT64_MAX && lsn <= origin && lsn < begin;
      expected.insert({lsn, recorded.count(lsn) > 0 ? Cause::kGap
                            : before                ? Cause::kOrigin
                                                    : Cause::kUnknown});
    }
    for (const Missing& missing : coverage.finish()) {
      for (uint64_t lsn = missing.range.first; lsn <= missing.range.last; ++lsn)
        EXPECT_TRUE(told.insert({lsn, missing.cause}).second) << "seed " << seed;
    }
    EXPECT_EQ(told, expected) << "seed " << seed;
    EXPECT_EQ(coverage.last(), last) << "seed " << seed;
  }
}

TEST(Overlaps, AllThatShareSomeTheNewestFirst) {
  Overlaps overlaps;
  EXPECT_TRUE(overlaps.add({1, 4}, "a", false).empty());
  EXPECT_TRUE(overlaps.add({5, 5}, "b").empty());
  EXPECT_TRUE(overlaps.add({6, 8}, "c").empty());
  EXPECT_EQ(
      overlaps.add({3, 9}, "d", false),
      (std::vector<Overlap>{{"c", "d", {6, 8}, true}, {"b", "d", {5, 5}, true}, {"a", "d", {3, 4}, false}}));
  EXPECT_EQ(overlaps.add({1, 9}, "e"), (std::vector<Overlap>{{"d", "e", {3, 9}, false},
                                                             {"c", "e", {6, 8}, true},
                                                             {"b", "e", {5, 5}, true},
                                                             {"a", "e", {1, 4}, false}}));
}

TEST(Overlaps, SaysWhenItForgot) {
  Overlaps overlaps(2);
  for (uint64_t lsn = 1; lsn <= 5; ++lsn) overlaps.add({lsn, lsn}, std::to_string(lsn));
  EXPECT_FALSE(overlaps.lost_some());
  EXPECT_EQ(overlaps.add({4, 6}, "x").size(), 2u);
  EXPECT_FALSE(overlaps.lost_some());
  overlaps.add({2, 7}, "y");
  EXPECT_TRUE(overlaps.lost_some());
  Overlaps to_the_end(1);
  for (const char* key : {"a", "b"}) to_the_end.add({5, UINT64_MAX}, key);
  EXPECT_FALSE(to_the_end.lost_some());
  to_the_end.add({4, UINT64_MAX}, "c");
  EXPECT_TRUE(to_the_end.lost_some());
}

}  // namespace
}  // namespace tidemark::cli
