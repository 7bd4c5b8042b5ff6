// Everything that is stored, by name.
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class ScanTest : public MaintenanceTest {
 protected:
  ScanTest() {
    add({1, 1});
    add({2, 5});
    add({6, 8}, ObjectKind::kGap);
    add({6, 8}, ObjectKind::kAccepted, "lost");
    add({1, 1}, ObjectKind::kPruned);
    for (const char* key : {"db/7/notes", "db/7/sub/0000000000001.tar", "db/x/0000000000001.tar", "db/loose",
                            "top", "db/1/0000000000001.tar", "db/10/0000000000001.tar",
                            "db/100/0000000000001.tar", "other/7/0000000000001.tar",
                            "other/7/0000000000002.e3.tar.zst", "other/epoch/0000000000003.epoch"}) {
      fake_.objects[key] = "x";
    }
  }
  std::vector<std::string> scanned(std::string_view storage, std::optional<uint64_t> partition,
                                   Lsn from = 0) {
    std::vector<std::string> found;
    const Status status = scan(
        fake_.sink(), storage, partition, from,
        [&](const StoredInfo& info) {
          std::string line(info.key);
          if (info.folder) line += " in " + std::to_string(info.folder->partition);
          if (info.name) {
            line +=
                " " + std::to_string(info.name->range.first) + "-" + std::to_string(info.name->range.last);
            if (info.name->epoch > kFirstEpoch) line += " e" + std::to_string(info.name->epoch);
            const bool is_epoch = info.name->kind == ObjectKind::kEpoch;
            EXPECT_EQ(info.folder.has_value(), !is_epoch);
            const auto key = parse_object_key(info.key);
            EXPECT_EQ(object_key(key->storage, key->partition, *info.name), info.key);
          }
          found.push_back(line);
          return true;
        },
        nullptr);
    EXPECT_TRUE(status);
    return found;
  }
};

TEST_F(ScanTest, GivesEverythingAndSaysWhatItIs) {
  EXPECT_EQ(scanned("", {}),
            (std::vector<std::string>{
                "db/1/0000000000001.tar in 1 1-1", "db/10/0000000000001.tar in 10 1-1",
                "db/100/0000000000001.tar in 100 1-1", "db/7/0000000000001-0000000000001.pruned in 7 1-1",
                "db/7/0000000000001.tar in 7 1-1", "db/7/0000000000005-0000000000002.tar in 7 2-5",
                "db/7/0000000000008-0000000000006.accepted in 7 6-8",
                "db/7/0000000000008-0000000000006.gap in 7 6-8", "db/7/notes in 7",
                "db/7/sub/0000000000001.tar in 7", "db/loose", "db/x/0000000000001.tar",
                "other/7/0000000000001.tar in 7 1-1", "other/7/0000000000002.e3.tar.zst in 7 2-2 e3",
                "other/epoch/0000000000003.epoch 0-0 e3", "top"}));
  EXPECT_EQ(scanned("other", 7), (std::vector<std::string>{"other/7/0000000000001.tar in 7 1-1",
                                                           "other/7/0000000000002.e3.tar.zst in 7 2-2 e3"}));
  EXPECT_EQ(scanned("d", {}), std::vector<std::string>());
}

TEST_F(ScanTest, OnePartitionNeverShowsAnothers) {
  EXPECT_EQ(scanned("db", 1), std::vector<std::string>{"db/1/0000000000001.tar in 1 1-1"});
  EXPECT_EQ(scanned("db", 10), std::vector<std::string>{"db/10/0000000000001.tar in 10 1-1"});
  EXPECT_EQ(scanned("db", 7, 5),
            (std::vector<std::string>{"db/7/0000000000005-0000000000002.tar in 7 2-5",
                                      "db/7/0000000000008-0000000000006.accepted in 7 6-8",
                                      "db/7/0000000000008-0000000000006.gap in 7 6-8", "db/7/notes in 7",
                                      "db/7/sub/0000000000001.tar in 7"}));
}

TEST_F(ScanTest, RefusesAndPassesOn) {
  const auto ignore = [](const StoredInfo&) { return true; };
  expect_error(scan(fake_.sink(), "", 7, 0, ignore, nullptr), TIDEMARK_E_INVALID, "without a storage name");
  expect_error(scan(fake_.sink(), "db", {}, 5, ignore, nullptr), TIDEMARK_E_INVALID, "needs a partition");
  expect_error(scan(fake_.sink(), "a/b", {}, 0, ignore, nullptr), TIDEMARK_E_INVALID, "storage name");
  fake_.fail_list_after = 0;
  expect_error(scan(fake_.sink(), "", {}, 0, ignore, nullptr), TIDEMARK_E_RETRYABLE, "broke off");
  fake_.fail_list_after.reset();
  int visits = 0;
  EXPECT_TRUE(scan(
      fake_.sink(), "", {}, 0, [&](const StoredInfo&) { return ++visits < 2; }, nullptr));
  EXPECT_EQ(visits, 2);
}

TEST_F(ScanTest, GoesOnBehindWhatItHasSeenWhenAListingBreaksOff) {
  const auto all = scanned("", {});
  const int lists = fake_.lists;
  for (const size_t names : {1, 3, 5}) {
    fake_.fail_list_after = names;
    EXPECT_EQ(scanned("", {}), all) << names;
  }
  EXPECT_GT(fake_.lists, lists + 3);
}

}  // namespace
}  // namespace tidemark::store
