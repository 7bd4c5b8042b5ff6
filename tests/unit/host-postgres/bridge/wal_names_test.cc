// Names of PostgreSQL's files and where they lie: both ways, and nothing else is taken for one.
#include "bridge/wal_names.h"

#include <gtest/gtest.h>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

constexpr uint32_t kMiB = 1 << 20;

TEST(WalNames, EachKindHasAPlace) {
  struct {
    const char* name;
    Place place;
  } const cases[] = {
      {"000000010000000000000001", {"7412345678901234567.16M", 1, 1}},
      {"0000000A00000002000000FF", {"7412345678901234567.16M", 10, 2 * 256 + 255}},
      {"FFFFFFFFFFFFFFFF000000FF", {"7412345678901234567.16M", 4294967295U, 0xFFFFFFFFFFULL}},
      {"00000002.history", {"7412345678901234567.history", 2, 1}},
      {"000000010000000000000002.00000028.backup", {"7412345678901234567.backup.1", 0x2000028, 1}},
      {"00000003000000000000000D.partial", {"7412345678901234567.partial.3", 13, 1}},
  };
  for (const auto& one : cases) {
    const auto file = parse_wal_name(one.name, kUsualCluster);
    ASSERT_TRUE(file) << one.name;
    EXPECT_EQ(wal_name(*file, kUsualCluster), one.name);
    EXPECT_EQ(place_of(*file, kUsualCluster), one.place) << one.name;
    const auto back = file_at(one.place.storage, one.place.partition, one.place.lsn, kUsualCluster);
    ASSERT_TRUE(back) << one.name;
    EXPECT_EQ(*back, *file) << one.name;
  }
}

TEST(WalNames, ASegmentsNumberDependsOnItsSize) {
  const auto file = parse_wal_name("000000010000000100000FFF", kCluster);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->segment, 4096 + 4095U);
  EXPECT_EQ(place_of(*file, kCluster).storage, "7412345678901234567.1M");
  EXPECT_FALSE(parse_wal_name("000000010000000100000FFF", kUsualCluster));  // 256 in a file id
  EXPECT_EQ(segment_name(1, 8191, kCluster), "000000010000000100000FFF");
}

TEST(WalNames, WhatIsNoneIsRefused) {
  for (const char* name : {"",
                           "00000001",
                           "00000001.histor",
                           "00000000.history",
                           "0000000a.history",
                           "00000001.history ",
                           "000000010000000000000000",  // segment 0 never exists
                           "000000000000000000000001",  // nor timeline 0
                           "00000001000000000000000a",  // lower case
                           "0000000100000000000000011",
                           "00000001000000000000001",
                           "000000010000000000000100",  // 256 is the next file id's
                           "000000010000000000000001.partia",
                           "000000010000000000000001.partial.partial",
                           "000000010000000000000001.28.backup",
                           "000000010000000000000001.0000002g.backup",
                           "000000010000000000000001.01000000.backup",  // not in a segment of 16 MiB
                           "000000010000000000000001.00000028.backup.gz",
                           "000000010000000000000001x00000028.backup",
                           "../../../../../../etc/passwd",
                           "RECOVERYXLOG"}) {
    EXPECT_FALSE(parse_wal_name(name, kUsualCluster)) << name;
  }
}

TEST(WalNames, APlaceOfNoFileIsNone) {
  EXPECT_FALSE(file_at("7412345678901234567.16M", 0, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.16M", 1, 0, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.1M", 1, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.16M", uint64_t{1} << 32, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.16M", 1, uint64_t{1} << 40, kUsualCluster));
  EXPECT_FALSE(file_at("741234567890123456.16M", 1, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.history", 2, 2, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.backup.", 2, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.backup.01", 0x2000028, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.backup.0", 0x2000028, 1, kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.backup.1", 0x28, 1, kUsualCluster));  // segment 0
  EXPECT_FALSE(file_at("7412345678901234567.partial.1x", 3, 1, kUsualCluster));
  EXPECT_FALSE(file_at("main", 1, 1, kUsualCluster));
}

// Of two servers that left a timeline in the same segment.
TEST(WalNames, ASecondPartialSegment) {
  const std::string name = "000000010000000000000003.partial";
  const auto file = parse_kept_name(name + ".to.3", kUsualCluster);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->promoted_to, 3U);
  EXPECT_EQ(wal_name(*file, kUsualCluster), name);
  EXPECT_EQ(kept_name(*file, kUsualCluster), name + ".to.3");
  EXPECT_EQ(place_of(*file, kUsualCluster), (Place{"7412345678901234567.partial.1.to.3", 3, 1}));
  EXPECT_EQ(file_at("7412345678901234567.partial.1.to.3", 3, 1, kUsualCluster), file);
  EXPECT_EQ(parse_kept_name(name, kUsualCluster), parse_wal_name(name, kUsualCluster));
  EXPECT_FALSE(parse_wal_name(name + ".to.3", kUsualCluster));
  for (const char* wrong : {".to.", ".to.0", ".to.03", ".to.x", ".to.4294967296", ".to.3.to.4"}) {
    EXPECT_FALSE(parse_kept_name(name + wrong, kUsualCluster)) << wrong;
    EXPECT_FALSE(file_at(std::string("7412345678901234567.partial.1") + wrong, 3, 1, kUsualCluster)) << wrong;
  }
  EXPECT_FALSE(parse_kept_name("000000010000000000000003.to.3", kUsualCluster));
  EXPECT_FALSE(file_at("7412345678901234567.backup.1.to.3", 0x3000028, 1, kUsualCluster));
}

TEST(WalNames, SizesOfSegments) {
  for (uint64_t mib = 1; mib <= 1024; mib *= 2) EXPECT_TRUE(is_segment_size(mib * kMiB));
  EXPECT_FALSE(is_segment_size(0));
  EXPECT_FALSE(is_segment_size(kMiB / 2));
  EXPECT_FALSE(is_segment_size(3 * uint64_t{kMiB}));
  EXPECT_FALSE(is_segment_size(2048 * uint64_t{kMiB}));
}

}  // namespace
}  // namespace tidemark::postgres
