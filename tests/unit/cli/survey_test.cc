#include "survey.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

Stored object(int32_t kind, uint64_t first, uint64_t last, const std::string& suffix) {
  return {kind, "main", 1, first, last, 10, 100, std::to_string(last) + "-" + std::to_string(first) + suffix};
}
Stored surveyed(uint64_t first, uint64_t last) {
  return object(TIDEMARK_STORED_ARCHIVE, first, last, ".tar");
}
Stored gap(uint64_t first, uint64_t last) { return object(TIDEMARK_STORED_GAP, first, last, ".gap"); }

using Keys = std::vector<std::string>;

TEST(Survey, ARecordOfALossIsOverruledByArchivesOnBothSides) {
  Survey survey("main", 1);
  survey.add(surveyed(1, 4));
  survey.add(gap(4, 6));  // reaches into the one before
  EXPECT_EQ(survey.take_overruled(), Keys{"6-4.gap"});
  survey.add(gap(7, 8));
  survey.add(gap(9, 10));
  EXPECT_TRUE(survey.take_overruled().empty());
  survey.add(surveyed(10, 12));  // reaches back
  EXPECT_EQ(survey.take_overruled(), Keys{"10-9.gap"});
  survey.add(surveyed(8, 13));
  EXPECT_EQ(survey.take_overruled(), Keys{"8-7.gap"});
  survey.add(surveyed(1, 14));
  EXPECT_TRUE(survey.take_overruled().empty());
  EXPECT_TRUE(survey.coverage.finish().empty());
}

TEST(Survey, WhatIsDamagedExplainsNothing) {
  Survey survey("main", 1);
  survey.add(surveyed(1, 1));
  for (const auto& [kind, suffix] : {std::pair{TIDEMARK_STORED_GAP, ".gap"},
                                     {TIDEMARK_STORED_ACCEPTED, ".accepted"},
                                     {TIDEMARK_STORED_PRUNED, ".pruned"},
                                     {TIDEMARK_STORED_ORIGIN, ".origin"},
                                     {TIDEMARK_STORED_IRREGULAR, ".pruned"}}) {
    survey.add_damaged(object(kind, 1, 3, suffix));
  }
  survey.add(surveyed(5, 5));
  EXPECT_EQ(survey.damaged, 5u);
  EXPECT_EQ(survey.coverage.finish(), (std::vector<Missing>{{{2, 4}, Cause::kUnknown}}));
  EXPECT_EQ(survey.pruned_through, 0u);
  EXPECT_EQ(survey.origin_through(), 0u);
}

TEST(Survey, AnArchiveThatIsDamagedIsNotMissingBesides) {
  Survey survey("main", 1);
  survey.add_damaged(surveyed(1, 2));
  survey.add_damaged(object(TIDEMARK_STORED_IRREGULAR, 3, 3, ".tar"));
  survey.add(surveyed(4, 4));
  EXPECT_TRUE(survey.coverage.finish().empty());
  EXPECT_TRUE(survey.holds_something());
}

TEST(Survey, RemnantsLieWhollyInWhatWasPruned) {
  Survey survey("main", 1);
  survey.add(object(TIDEMARK_STORED_PRUNED, 1, 4, ".pruned"));
  survey.add(surveyed(4, 5));
  EXPECT_FALSE(survey.has_remnants());
  Survey killed("main", 1);
  killed.add(surveyed(3, 3));
  EXPECT_FALSE(killed.has_remnants());
  killed.add(object(TIDEMARK_STORED_PRUNED, 1, 4, ".pruned"));
  EXPECT_TRUE(killed.has_remnants());
}

TEST(Survey, ForeignObjectsAloneAreNothing) {
  Survey survey("main", 1);
  survey.add(object(TIDEMARK_STORED_FOREIGN, 0, 0, ""));
  EXPECT_FALSE(survey.holds_something());
  EXPECT_EQ(survey.foreign, 1u);
}

}  // namespace
}  // namespace tidemark::cli
