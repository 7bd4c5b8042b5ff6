// Backups' labels, and from where on segments are kept.
#include "tool/catalog.h"

#include <gtest/gtest.h>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

constexpr char kLabel[] = R"(START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
STOP WAL LOCATION: 0/3000050 (file 000000010000000000000003)
CHECKPOINT LOCATION: 0/2000060
BACKUP METHOD: streamed
START TIME: 2026-11-29 10:00:00 UTC
LABEL: pg_basebackup base backup
STOP TIME: 2026-11-29 10:00:01 UTC
)";

TEST(Catalog, ABackup) {
  const auto file = parse_wal_name("000000010000000000000002.00000028.backup", kUsualCluster);
  ASSERT_TRUE(file);
  const auto backup = parse_backup(kLabel, *file, kUsualCluster);
  ASSERT_TRUE(backup);
  EXPECT_EQ(backup->start, 0x2000028U);
  EXPECT_EQ(backup->stop, 0x3000050U);
  EXPECT_EQ(backup->label, "pg_basebackup base backup");
  EXPECT_EQ(backup->stop_time, "2026-11-29 10:00:01 UTC");
  EXPECT_FALSE(parse_backup("", *file, kUsualCluster));
  EXPECT_FALSE(parse_backup("START WAL LOCATION: 0/2000028\n", *file, kUsualCluster));  // no end
  EXPECT_FALSE(parse_backup(
      kLabel, *parse_wal_name("000000010000000000000002.00000060.backup", kUsualCluster), kUsualCluster));
}

Catalog forked() {
  Catalog catalog;
  for (const uint32_t number : {1, 2, 3, 4}) catalog.timelines[number].number = number;
  catalog.timelines[2].ancestors = {{1, 0x5000000, ""}};
  catalog.timelines[3].ancestors = {{1, 0x5000000, ""}, {2, 0x9000000, ""}};
  catalog.timelines[4].ancestors = {{1, 0x4000000, ""}};
  const auto add = [&catalog](uint32_t timeline, uint64_t segment) {
    Backup backup;
    backup.timeline = timeline;
    backup.start = segment << 24 | 0x28;
    backup.stop = backup.start + 100;
    catalog.backups.push_back(backup);
  };
  add(1, 2);
  add(2, 7);
  add(3, 12);
  return catalog;
}

TEST(Catalog, WhatIsKept) {
  using Kept = std::map<uint32_t, uint64_t>;
  EXPECT_EQ(keep_from(forked(), 0, kUsualCluster), (Kept{{1, 2}, {2, 2}, {3, 2}}));
  EXPECT_EQ(keep_from(forked(), 1, kUsualCluster), (Kept{{1, 7}, {2, 7}, {3, 7}}));
  EXPECT_EQ(keep_from(forked(), 2, kUsualCluster), (Kept{{1, 12}, {2, 12}, {3, 12}}));  // never timeline 4
}

}  // namespace
}  // namespace tidemark::postgres
