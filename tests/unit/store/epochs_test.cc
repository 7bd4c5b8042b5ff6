// Reading the records of epochs, and the history that they tell.
#include "store/epochs.h"

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class EpochsTest : public MaintenanceTest {
 protected:
  std::string chain(uint64_t epoch = 0) {
    const auto chain = read_chain(fake_.sink(), "db", epoch, nullptr);
    EXPECT_TRUE(chain) << chain.error().message;
    return chain ? chain->text() : "";
  }
};

TEST_F(EpochsTest, ListsTheirNumbersByNameAlone) {
  for (const uint64_t epoch : {1U, 2U, 36U, 40U}) fake_.objects[epoch_key("db", epoch)] = "not looked at";
  fake_.objects["db/epoch/notes.txt"] = "";
  fake_.objects["db/epoch/0000000000000.epoch"] = "";
  fake_.objects["db/7/0000000000001.tar"] = "";
  fake_.objects[epoch_key("dbx", 50)] = "";
  const auto from = [&](uint64_t first) { return *list_epochs(fake_.sink(), "db", first, nullptr); };
  EXPECT_EQ(from(1), (std::vector<uint64_t>{1, 2, 36, 40}));
  EXPECT_EQ(from(2), (std::vector<uint64_t>{2, 36, 40}));
  EXPECT_EQ(from(3), (std::vector<uint64_t>{36, 40}));
  EXPECT_EQ(from(41), (std::vector<uint64_t>{}));
  EXPECT_EQ(fake_.lists, 4);
  EXPECT_EQ(fake_.gets, 0);
}

TEST_F(EpochsTest, ReadsWhatARecordSays) {
  const std::string key = add_epoch(9, 4, 0xab);
  const auto record = read_epoch(fake_.sink(), "db", 9, nullptr);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->parent, 4U);
  EXPECT_EQ(record->owner[0], 0xab);
  EXPECT_EQ(record->made_us, kNow);
  EXPECT_EQ(record->host, "node-1");
  const auto all = read_epochs(fake_.sink(), "db", nullptr);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (EpochRecords{{9, *record}}));
}

TEST_F(EpochsTest, ADamagedRecordIsNamed) {
  const std::string key = add_epoch(9, 4);
  const std::string good = fake_.objects[key];
  fake_.objects[epoch_key("db", 8)] = good;  // that of another epoch
  expect_error(read_epoch(fake_.sink(), "db", 8, nullptr), TIDEMARK_E_CORRUPT, epoch_key("db", 8));
  for (size_t size = 0; size < good.size(); size += 7) {
    fake_.objects[key] = good.substr(0, size);
    expect_error(read_epoch(fake_.sink(), "db", 9, nullptr), TIDEMARK_E_CORRUPT, key);
  }
  fake_.objects[key] = good;
  fake_.objects[key][10] ^= 1;
  expect_error(read_epoch(fake_.sink(), "db", 9, nullptr), TIDEMARK_E_CORRUPT, key);
  expect_error(read_epochs(fake_.sink(), "db", nullptr), TIDEMARK_E_CORRUPT, epoch_key("db", 8));
  expect_error(read_chain(fake_.sink(), "db", 9, nullptr), TIDEMARK_E_CORRUPT, key);
}

TEST_F(EpochsTest, AHistoryIsAnEpochAndItsParents) {
  EXPECT_EQ(chain(), "1") << "an archive without records";
  EXPECT_EQ(chain(1), "1");
  add_epoch(1, 0);
  add_epoch(2, 1);
  add_epoch(3, 2);
  add_epoch(4, 2);
  add_epoch(6, 4);
  EXPECT_EQ(chain(), "1-2,4,6") << "the newest, unless another is asked for";
  EXPECT_EQ(chain(3), "1-3");
  EXPECT_EQ(chain(1), "1");
}

// What was there before anybody recorded an epoch is of the first.
TEST_F(EpochsTest, TheFirstEpochNeedsNoRecord) {
  add_epoch(2, 1);
  EXPECT_EQ(chain(), "1-2");
  EXPECT_EQ(chain(1), "1");
}

TEST_F(EpochsTest, AnEpochMayContinueNothing) {
  add_epoch(1, 0);
  add_epoch(2, 0);
  EXPECT_EQ(chain(), "2");
}

TEST_F(EpochsTest, WhatIsMissingIsNamed) {
  expect_error(read_chain(fake_.sink(), "db", 4, nullptr), TIDEMARK_E_NOT_FOUND, "there is no epoch 4 of db");
  add_epoch(4, 3);
  expect_error(read_chain(fake_.sink(), "db", 0, nullptr), TIDEMARK_E_CORRUPT,
               "db/epoch/0000000000003.epoch: is not there, although epoch 4 continues it");
  expect_error(read_chain(fake_.sink(), "db", 9, nullptr), TIDEMARK_E_NOT_FOUND, "there is no epoch 9 of db");
}

TEST_F(EpochsTest, AHistoryIsOfOneOwner) {
  add_epoch(1, 0, 1);
  add_epoch(2, 1, 2);
  expect_error(read_chain(fake_.sink(), "db", 0, nullptr), TIDEMARK_E_CORRUPT,
               "db/epoch/0000000000002.epoch: continues epoch 1, which is of another owner");
  EXPECT_EQ(chain(1), "1");
}

TEST_F(EpochsTest, TheSinksErrorsArePassedOn) {
  add_epoch(1, 0);
  fake_.fail_get = TIDEMARK_E_THROTTLED;
  expect_error(read_chain(fake_.sink(), "db", 0, nullptr), TIDEMARK_E_THROTTLED, "");
  expect_error(read_epochs(fake_.sink(), "db", nullptr), TIDEMARK_E_THROTTLED, "");
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  expect_error(read_chain(fake_.sink(), "db", 0, nullptr), TIDEMARK_E_RETRYABLE, "");
  expect_error(list_epochs(fake_.sink(), "a/b", 1, nullptr), TIDEMARK_E_INVALID, "storage name");
  expect_error(read_epoch(fake_.sink(), "db", 0, nullptr), TIDEMARK_E_INVALID, "epochs begin with 1");
}

}  // namespace
}  // namespace tidemark::store
