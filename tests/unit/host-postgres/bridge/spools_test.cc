// Spools beside the real pg_wal, and nothing else.
#include "bridge/spools.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "temp_dir.h"

namespace tidemark::postgres {
namespace {

TEST(Spools, BesideTheRealDirectory) {
  const test::TempDir dir;
  for (const char* name :
       {"data", "fast/pg_wal", "fast/tidemark.spool-1", "fast/tidemark.spool-2", "fast/other"})
    std::filesystem::create_directories(dir / name);
  std::ofstream(dir / "fast/tidemark.spool-1/file") << "x";
  std::filesystem::create_directory_symlink(dir / "fast/pg_wal", dir / "data/pg_wal");
  const std::string parent = spool_parent(dir / "data/pg_wal");
  EXPECT_EQ(parent, std::filesystem::canonical(dir / "fast").string());
  EXPECT_EQ(remove_spools(parent), 2U);
  EXPECT_EQ(remove_spools(parent), 0U);
  EXPECT_TRUE(std::filesystem::exists(dir / "fast/other") && std::filesystem::exists(dir / "fast/pg_wal"));
  EXPECT_EQ(spool_parent(dir / "nowhere"), "");
  EXPECT_EQ(remove_spools(""), 0U);
}

}  // namespace
}  // namespace tidemark::postgres
