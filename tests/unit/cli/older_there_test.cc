#include "older_there.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(OlderThere, NothingOfItsOwnIsHidden) {
  OlderThere older;
  EXPECT_EQ(older.hidden_by(5), 0u);
  older.add(3, 3, false);
  older.add(4, 5, false);
  EXPECT_EQ(older.hidden_by(5), 0u);
}

TEST(OlderThere, WhatReachesUpToTheRecordIsHidden) {
  OlderThere older;
  older.add(1, 1, true);
  older.add(2, 4, true);
  older.add(5, 5, false);
  EXPECT_EQ(older.hidden_by(5), 1u);
  older.add(6, 6, false);  // the one after the record
  EXPECT_EQ(older.hidden_by(5), 1u);
}

TEST(OlderThere, AfterAHoleTheRecordExplainsIt) {
  OlderThere older;
  older.add(1, 2, true);
  EXPECT_EQ(older.hidden_by(5), 0u) << "3 to 5 are missing";
  older.add(6, 6, false);
  EXPECT_EQ(older.hidden_by(5), 0u);
  OlderThere again;
  again.add(1, 1, true);
  again.add(4, 5, true);
  EXPECT_EQ(again.hidden_by(5), 5u) << "these reach it";
  OlderThere after;
  after.add(7, 7, true);
  EXPECT_EQ(after.hidden_by(5), 0u) << "it lies after the record";
}

TEST(OlderThere, ArchivesThatOverlap) {
  OlderThere older;
  older.add(1, 3, true);
  older.add(2, 4, false);
  older.add(1, 5, false);
  EXPECT_EQ(older.hidden_by(5), 3u);
}

}  // namespace
}  // namespace tidemark::cli
