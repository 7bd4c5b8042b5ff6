// Restoring an entry that several histories have.
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class RestoreEpochsTest : public MaintenanceTest {
 protected:
  std::string key_of(const char* chain, Lsn lsn) {
    const auto restored = restore(chain, lsn);
    EXPECT_TRUE(restored) << restored.error().message;
    std::filesystem::remove_all(dir_ / lsn_string(lsn));
    return restored ? restored->key : "";
  }
  Result<Restored> restore(const char* chain, Lsn lsn) {
    const std::string out = dir_.path().string();
    return store::restore(fake_.sink(), *Chain::parse(chain), {"db", 7, lsn, out, 1 << 20}, nullptr);
  }
};

TEST_F(RestoreEpochsTest, TheNewestEpochOfTheChainCounts) {
  for (const uint64_t epoch : {1U, 2U, 3U}) add_epoch(epoch, epoch - 1);
  const std::string batch = add({1, 9});
  const std::string second = add_of(2, {5, 6});
  const std::string third = add_of(3, {6, 6});
  EXPECT_EQ(key_of("1-3", 4), batch);
  EXPECT_EQ(key_of("1-3", 5), second);
  EXPECT_EQ(key_of("1-3", 6), third);
  EXPECT_EQ(key_of("1-2", 6), second);
  EXPECT_EQ(key_of("1", 6), batch);
  EXPECT_EQ(key_of("3", 6), third);
  expect_error(restore("3", 5), TIDEMARK_E_NOT_FOUND, "no archive of db/7 holds entry 5");
}

// A copy of the entry of another history is no remedy.
TEST_F(RestoreEpochsTest, WhatIsDamagedIsNotReplacedByAnotherHistory) {
  add({5, 5});
  const std::string second = add_of(2, {5, 5});
  fake_.objects[second][0] ^= 1;
  expect_error(restore("1-2", 5), TIDEMARK_E_CORRUPT, second);
  const std::string copy = add_of(2, {4, 6});
  EXPECT_EQ(key_of("1-2", 5), copy);
}

// The archive of 5, with which the epoch began, is lost: the parent's entry is not read in its place.
TEST_F(RestoreEpochsTest, WhatIsLostIsNotReplacedByAnotherHistory) {
  const std::string first = add({5, 5});
  const ParsedName later = {{6, 6}, ObjectKind::kArchive, 2, Coding::kNone, 5};
  fake_.objects[object_key("db", 7, later)] = "";
  expect_error(restore("1-2", 5), TIDEMARK_E_NOT_FOUND, "no archive of db/7 holds entry 5");
  EXPECT_EQ(key_of("1", 5), first);
}

TEST_F(RestoreEpochsTest, OfACodedNewerOneTheOlderIsNoReplacement) {
  add({5, 5});
  const std::string coded = object_key("db", 7, {{5, 5}, ObjectKind::kArchive, 2, Coding::kAge});
  fake_.objects[coded] = std::string(1000, 'a');
  expect_error(restore("1-2", 5), TIDEMARK_E_SEALED, coded + ": it is encrypted, and no identity");
}

TEST_F(RestoreEpochsTest, AnEpochWithoutARecordIsNamed) {
  add_epoch(1, 0);
  add({5, 5});
  const std::string stranger = add_of(7, {5, 5});
  expect_error(restore("1", 5), TIDEMARK_E_CORRUPT, stranger + ": epoch 7 has no record");
  add_epoch(7, 0);
  EXPECT_EQ(key_of("1", 5), "db/7/0000000000005.tar") << "now it is known to be another history";
}

TEST_F(RestoreEpochsTest, RecordsOfOtherHistoriesExplainNothing) {
  add_epoch(2, 1);
  add_of(2, {5, 5}, ObjectKind::kGap);
  expect_error(restore("1-2", 5), TIDEMARK_E_NOT_FOUND, "recorded as a gap");
  const auto other = restore("1", 5);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "no archive of db/7 holds entry 5");
}

}  // namespace
}  // namespace tidemark::store
