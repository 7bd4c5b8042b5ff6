// Names in a pg_wal.
#include "bridge/wal_directory.h"

#include <gtest/gtest.h>

#include <set>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

TEST(WalDirectory, FilesThatAreArchivedAndNoOthers) {
  PgWal wal;
  wal.segment(5);
  wal.write("00000002.history", "x");
  wal.write("xlogtemp.77", "x");
  wal.ready(segment_name(1, 5, kCluster));
  wal.done("00000002.history");
  std::set<std::string> names;
  const auto note = [&names](const WalFile& file) { names.insert(wal_name(file, kCluster)); };
  ASSERT_TRUE(each_wal_file(wal.wal(), "", kCluster, note));
  EXPECT_EQ(names, (std::set<std::string>{"000000010000000000000005", "00000002.history"}));
  names.clear();
  ASSERT_TRUE(each_wal_file(wal.status(), ".ready", kCluster, note));
  EXPECT_EQ(names, (std::set<std::string>{"000000010000000000000005"}));
  const Status missing = each_wal_file(wal.wal() + "/nowhere", "", kCluster, note);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::postgres
