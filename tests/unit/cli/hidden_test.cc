#include "hidden.h"

#include <gtest/gtest.h>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

Stored hiding(uint64_t first, uint64_t last, uint64_t epoch) {
  Stored stored;
  stored.kind = TIDEMARK_STORED_ARCHIVE;
  stored.storage = "main";
  stored.partition = 1;
  stored.first = first;
  stored.last = last;
  stored.epoch = epoch;
  stored.key = object_key("main", 1, {{first, last}, ObjectKind::kArchive, epoch});
  return stored;
}

std::string newest(const HiddenParts& parts, Range missing) {
  const auto found = parts.newest(missing);
  return found ? found->key : "";
}

TEST(HiddenPartsTest, NamesTheNewestThatHasSomethingOfIt) {
  HiddenParts parts;
  parts.add(hiding(1, 9, 1), Range{1, 4});
  parts.add(hiding(5, 6, 2), std::nullopt);
  parts.add(hiding(8, 9, 3), Range{8, 9});
  EXPECT_EQ(newest(parts, {5, 6}), hiding(5, 6, 2).key);
  EXPECT_EQ(newest(parts, {7, 7}), hiding(1, 9, 1).key);
  EXPECT_EQ(newest(parts, {6, 7}), hiding(5, 6, 2).key);
  EXPECT_EQ(newest(parts, {10, 12}), "");
}

TEST(HiddenPartsTest, WhatCountsIsNotMissed) {
  HiddenParts parts;
  parts.add(hiding(1, 9, 1), Range{1, 2});
  parts.add(hiding(3, 4, 2), Range{3, 4});
  parts.add(hiding(7, 8, 2), Range{7, 8});
  parts.add(hiding(5, 6, 2), Range{5, 6});  // cut ones come later than their LSNs
  EXPECT_EQ(newest(parts, {3, 8}), "");
  EXPECT_EQ(newest(parts, {1, 9}), hiding(1, 9, 1).key) << "9 is missing";
}

TEST(HiddenPartsTest, WhatAnotherHasIsForgottenWhenThereIsTooMuch) {
  HiddenParts parts;
  for (uint64_t lsn = 1; lsn <= 20'000; ++lsn) {
    parts.add(hiding(lsn, lsn, 1), std::nullopt);
    if (lsn % 100 != 0) parts.add(hiding(lsn, lsn, 2), Range{lsn, lsn});
  }
  EXPECT_EQ(newest(parts, {199, 201}), hiding(200, 200, 1).key);
  EXPECT_EQ(newest(parts, {20'000, 20'000}), hiding(20'000, 20'000, 1).key);
  EXPECT_EQ(newest(parts, {201, 299}), "");
}

TEST(HiddenPartsTest, TheLastLsnThatThereIs) {
  HiddenParts parts;
  parts.add(hiding(UINT64_MAX - 1, UINT64_MAX, 1), Range{UINT64_MAX - 1, UINT64_MAX - 1});
  parts.add(hiding(UINT64_MAX, UINT64_MAX, 2), Range{UINT64_MAX, UINT64_MAX});
  EXPECT_EQ(newest(parts, {1, UINT64_MAX}), "");
}

}  // namespace
}  // namespace tidemark::cli
