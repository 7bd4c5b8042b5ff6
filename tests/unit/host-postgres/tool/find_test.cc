// What a listing says of a file: whether a recovery may end there hangs on it.
#include "tool/find.h"

#include <gtest/gtest.h>
#include <tidemark/maintenance.h>

namespace tidemark::postgres {
namespace {

struct Listed {
  int32_t kind;
  uint64_t first, last;
};

Find looked(uint64_t lsn, const std::vector<Listed>& listing, bool all = false) {
  Find find(lsn, all);
  for (const Listed& one : listing) {
    if (one.last < lsn) continue;  // a scan begins there
    if (!find.add(one.kind, one.first, one.last, std::to_string(one.first) + "-" + std::to_string(one.last)))
      break;
  }
  return find;
}
constexpr int32_t kArchive = TIDEMARK_STORED_ARCHIVE;

TEST(Find, Held) {
  const std::vector<Listed> listing = {{TIDEMARK_STORED_ORIGIN, 1, 4}, {kArchive, 5, 5}, {kArchive, 6, 9}};
  EXPECT_EQ(looked(5, listing).finding(), Finding::kHeld);
  EXPECT_EQ(looked(7, listing).keys().at(0), "6-9");
  EXPECT_EQ(looked(9, listing).finding(), Finding::kHeld);
}

TEST(Find, TheEndOnlyIfNothingLiesAfter) {
  EXPECT_EQ(looked(5, {}).finding(), Finding::kEnd);
  EXPECT_EQ(looked(10, {{kArchive, 5, 9}}).finding(), Finding::kEnd);
  const Find hole = looked(5, {{kArchive, 4, 4}, {kArchive, 7, 8}, {kArchive, 9, 9}});
  EXPECT_EQ(hole.finding(), Finding::kHole);
  EXPECT_EQ(hole.first_after(), 7U);
}

TEST(Find, BeforeTheBeginning) {
  EXPECT_EQ(looked(3, {{TIDEMARK_STORED_ORIGIN, 1, 4}, {kArchive, 5, 5}}).finding(), Finding::kBefore);
  EXPECT_EQ(looked(3, {{TIDEMARK_STORED_PRUNED, 1, 4}, {kArchive, 5, 5}}).finding(), Finding::kBefore);
  EXPECT_EQ(looked(4, {{TIDEMARK_STORED_PRUNED, 1, 4}, {kArchive, 3, 5}}).finding(), Finding::kHeld);
}

TEST(Find, WhatIsRecordedAsLostIsAHole) {
  EXPECT_EQ(looked(5, {{TIDEMARK_STORED_GAP, 5, 6}}).finding(), Finding::kHole);
  EXPECT_EQ(looked(5, {{TIDEMARK_STORED_ACCEPTED, 5, 6}}).finding(), Finding::kHole);
  EXPECT_EQ(looked(7, {{TIDEMARK_STORED_GAP, 5, 6}}).finding(), Finding::kEnd);
  EXPECT_EQ(looked(5, {{TIDEMARK_STORED_GAP, 5, 6}, {kArchive, 5, 5}}).finding(), Finding::kHeld);
  EXPECT_EQ(looked(5, {{TIDEMARK_STORED_FOREIGN, 0, 0}}).finding(), Finding::kEnd);
}

TEST(Find, AnArchiveThatOverlapsMayComeAfterOneThatBeginsLater) {
  EXPECT_EQ(looked(5, {{kArchive, 6, 8}, {kArchive, 4, 10}}).finding(), Finding::kHeld);
  EXPECT_EQ(looked(5, {{kArchive, 6, 5 + 4096}, {kArchive, 1, 9000}}).finding(), Finding::kHole);
}

TEST(Find, All) {
  const Find find = looked(5, {{kArchive, 5, 5}, {kArchive, 5, 7}, {kArchive, 6, 6}, {kArchive, 4, 9}}, true);
  EXPECT_EQ(find.keys(), (std::vector<std::string>{"5-5", "5-7", "4-9"}));
}

}  // namespace
}  // namespace tidemark::postgres
