// Another cluster's files, and what is no segment, are told by the first page.
#include "bridge/first_page.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

const WalFile kFile{WalKind::kSegment, 3, 7, 0};

std::string problem(const std::array<uint8_t, kFirstPageBytes>& page, const WalFile& file = kFile,
                    uint16_t magic = kMagic15) {
  const Status checked = check_first_page(page, file, kCluster, magic);
  return checked ? "" : checked.error().message;
}

TEST(FirstPage, OfItsOwnClusterIsTaken) {
  EXPECT_EQ(problem(first_page(3, 7)), "");
  EXPECT_EQ(problem(first_page(1, 7)), "");  // where timeline 3 begins, as far as it is timeline 1's
  EXPECT_EQ(problem(first_page(3, 7), kFile, 0), "");
}

TEST(FirstPage, EachFieldCanBeWrong) {
  EXPECT_NE(problem(first_page(3, 7, {1, 1 << 20})).find("system identifier 1,"), std::string::npos);
  EXPECT_NE(problem(first_page(3, 8)).find("of another segment"), std::string::npos);
  EXPECT_NE(problem(first_page(4, 7)).find("later timeline"), std::string::npos);
  auto page = first_page(3, 7);
  page[0] ^= 1;
  EXPECT_NE(problem(page).find("this release"), std::string::npos);
  EXPECT_EQ(problem(page, kFile, 0), "");
  page[1] = 0;
  EXPECT_NE(problem(page, kFile, 0).find("magic"), std::string::npos);
  page = first_page(3, 7);
  page[2] = 0;
  EXPECT_NE(problem(page).find("does not begin a segment"), std::string::npos);
  page = first_page(3, 7);
  page[34] = 0x20;
  EXPECT_NE(problem(page).find("segments of 2097152 bytes"), std::string::npos);
  EXPECT_EQ(problem(page).find("00000003000000000000000"), 0U);  // names the file
}

TEST(FirstPage, OfAFile) {
  PgWal wal;
  wal.segment(7, 'x', 3);
  const std::string path = wal.wal() + "/" + wal_name(kFile, kCluster);
  EXPECT_TRUE(check_wal_file(path, kFile, kCluster, kMagic15));
  const auto missing = check_wal_file(path + "x", kFile, kCluster, kMagic15);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, TIDEMARK_E_NOT_FOUND);
  std::filesystem::resize_file(path, 8192);
  const auto cut = check_wal_file(path, kFile, kCluster, kMagic15);
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("has 8192 bytes"), std::string::npos);
}

TEST(FirstPage, SmallFilesAreSmall) {
  PgWal wal;
  const WalFile history{WalKind::kHistory, 2, 0, 0};
  wal.write("00000002.history", "1\t0/3000000\tno recovery target specified\n");
  EXPECT_TRUE(check_wal_file(wal.wal() + "/00000002.history", history, kCluster, kMagic15));
  std::filesystem::resize_file(wal.wal() + "/00000002.history", (1 << 20) + 1);
  EXPECT_FALSE(check_wal_file(wal.wal() + "/00000002.history", history, kCluster, kMagic15));
  ASSERT_EQ(::mkfifo((wal.wal() + "/fifo").c_str(), 0600), 0);
  EXPECT_FALSE(check_wal_file(wal.wal() + "/fifo", history, kCluster, kMagic15));
}

}  // namespace
}  // namespace tidemark::postgres
