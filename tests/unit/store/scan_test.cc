// Everything that is stored, by name.
#include <algorithm>

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

class LevelTest : public ScanTest {
 protected:
  static std::string line_of(const StoredInfo& info) {
    switch (info.folder_kind) {
      case FolderKind::kStorage:
        return std::string(info.key) + " storage";
      case FolderKind::kPartition:
        return std::string(info.key) + " partition " + std::to_string(info.folder->partition);
      case FolderKind::kOther:
        return std::string(info.key) + " other";
      default:
        return std::string(info.key);
    }
  }
  std::vector<std::string> level(std::string_view storage, std::string_view after = "",
                                 size_t most = SIZE_MAX) {
    std::vector<std::string> found;
    const auto visit = [&](const StoredInfo& info) {
      EXPECT_FALSE(info.folder_kind != FolderKind::kNone && info.name) << info.key;
      found.push_back(line_of(info));
      return found.size() < most;
    };
    EXPECT_TRUE(scan_level(fake_.sink(), storage, after, visit, nullptr));
    return found;
  }
  std::vector<std::string> in_folders(const std::vector<std::string_view>& folders,
                                      std::string_view after = "", size_t most = SIZE_MAX) {
    std::vector<std::string> found;
    const auto visit = [&](const StoredInfo& info) {
      found.emplace_back(info.key);
      return found.size() < most;
    };
    EXPECT_TRUE(scan_folders(fake_.sink(), folders, after, visit, nullptr));
    return found;
  }
  // Which keys lie in one of these folders.
  std::vector<std::string> expected(const std::vector<std::string_view>& folders,
                                    std::string_view after = "") const {
    std::vector<std::string> found;
    for (const std::string& key : keys()) {
      const bool lies_there = std::any_of(folders.begin(), folders.end(),
                                          [&](std::string_view folder) { return key.starts_with(folder); });
      if (lies_there && key > after) found.push_back(key);
    }
    return found;
  }
};

TEST_F(LevelTest, StoragesPartitionsAndWhatLiesBesideThem) {
  fake_.objects["lost+found/x"] = fake_.objects["db-/loose"] = "x";
  EXPECT_EQ(level(""), (std::vector<std::string>{"db-/ storage", "db/ storage", "lost+found/ other",
                                                 "other/ storage", "top"}));
  EXPECT_EQ(level("db"),
            (std::vector<std::string>{"db/1/ partition 1", "db/10/ partition 10", "db/100/ partition 100",
                                      "db/7/ partition 7", "db/loose", "db/x/ other"}));
  EXPECT_EQ(level("db", "db/100/0000000000001.tar"),
            (std::vector<std::string>{"db/7/ partition 7", "db/loose", "db/x/ other"}));
  EXPECT_EQ(level("db", "db/7/", 1), std::vector<std::string>{"db/loose"});
  EXPECT_EQ(level("none"), std::vector<std::string>());
  fake_.objects["db/007/a"] = fake_.objects["db/18446744073709551616/a"] = "x";
  EXPECT_EQ(level("db", "db/0")[0], "db/007/ other") << "not as a partition is written";
  EXPECT_EQ(level("db", "db/100/")[0], "db/18446744073709551616/ other");
}

TEST_F(LevelTest, FoldersByThemselvesAndTogether) {
  const std::vector<std::vector<std::string_view>> cases = {
      {"db/7/"}, {"db/"}, {""}, {"db/1/", "db/10/"}, {"db/10/", "db/100/", "db/7/"}, {"db/", "other/"}};
  for (const auto& folders : cases) {
    for (const char* after : {"", "db/10/", "db/10/0000000000001.tar", "db/7/notes", "db/7/sub/", "p", "z"}) {
      EXPECT_EQ(in_folders(folders, after), expected(folders, after))
          << folders.front() << " and " << folders.size() - 1 << " more after " << after;
    }
    EXPECT_EQ(in_folders(folders, "", 1), std::vector<std::string>{expected(folders)[0]});
  }
}

// One request for all where the store has pages, and each directory by itself where it has none.
TEST_F(LevelTest, AsManyListingsAsTheSinkIsBestServedWith) {
  for (const uint32_t page_keys : {1, 1000}) {
    test::FakeSink fake(false, page_keys);
    for (const char* key : {"db/1/a", "db/2/a", "db/2/b", "db/3/a", "db/4/a"}) fake.objects[key] = "x";
    size_t visits = 0;
    const auto count = [&](const StoredInfo&) { return ++visits < 100; };
    const std::vector<std::string_view> folders = {"db/1/", "db/2/", "db/3/"};
    EXPECT_TRUE(scan_folders(fake.sink(), folders, "", count, nullptr));
    EXPECT_EQ(visits, 4u);
    EXPECT_EQ(fake.lists, page_keys == 1 ? 3 : 1);
    EXPECT_TRUE(scan_level(fake.sink(), "db", "", count, nullptr));
    EXPECT_EQ(fake.folder_lists, 1);
    EXPECT_EQ(fake.lists, page_keys == 1 ? 3 : 1) << "nothing more";
  }
}

TEST_F(LevelTest, GoesOnAfterWhatItHasSeenWhenAListingBreaksOff) {
  const auto all = level("db");
  const auto some = expected({"db/10/", "db/100/", "db/7/"});
  for (const size_t names : {1, 2, 3}) {
    fake_.fail_list_after = names;
    EXPECT_EQ(level("db"), all) << names;
    EXPECT_EQ(in_folders({"db/10/", "db/100/", "db/7/"}), some) << names;
  }
  const auto ignore = [](const StoredInfo&) { return true; };
  fake_.fail_list_after = 0;
  expect_error(scan_level(fake_.sink(), "db", "", ignore, nullptr), TIDEMARK_E_RETRYABLE, "broke off");
}

TEST_F(LevelTest, RefusesWhatAreNoNeighbours) {
  const auto ignore = [](const StoredInfo&) { return true; };
  const std::vector<std::vector<std::string_view>> wrong = {
      {}, {"db/7"}, {"/"}, {"", "db/"}, {"db/7/", "db/1/"}, {"db/7/", "db/7/"}, {"db/", "other/7/"}};
  for (const auto& folders : wrong) {
    expect_error(scan_folders(fake_.sink(), folders, "", ignore, nullptr), TIDEMARK_E_INVALID, "");
  }
  expect_error(scan_level(fake_.sink(), "a/b", "", ignore, nullptr), TIDEMARK_E_INVALID, "storage name");
}

}  // namespace
}  // namespace tidemark::store
