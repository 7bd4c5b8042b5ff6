#include "archive_list.h"

#include <gtest/gtest.h>

#include <vector>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

Stored archive(uint64_t first, uint64_t last) {
  return {TIDEMARK_STORED_ARCHIVE,
          "main",
          7,
          first,
          last,
          last * 100,
          5,
          object_key("main", 7, {first, last}, ObjectKind::kArchive)};
}

std::vector<Stored> listed(const ArchiveList& list, uint64_t from, size_t most = SIZE_MAX) {
  std::vector<Stored> found;
  list.each(from, [&](const Stored& one) {
    found.push_back(one);
    return found.size() < most;
  });
  return found;
}

TEST(ArchiveList, GivesWhatItWasGiven) {
  ListingRoom room{100};
  ArchiveList list({"main", 7}, room);
  for (const auto& [first, last] : std::vector<Range>{{1, 1}, {2, 5}, {4, 9}, {10, 10}})
    list.add(archive(first, last));
  ASSERT_TRUE(list.has_all());
  const auto all = listed(list, 0);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].key, archive(2, 5).key);
  EXPECT_EQ(all[1].size_bytes, 500u);
  EXPECT_EQ(all[1].kind, TIDEMARK_STORED_ARCHIVE);
  EXPECT_EQ(all[1].storage, "main");
  EXPECT_EQ(all[1].partition, 7u);
  EXPECT_EQ(listed(list, 5).front().key, archive(2, 5).key) << "it reaches 5";
  EXPECT_EQ(listed(list, 6).front().key, archive(4, 9).key);
  EXPECT_EQ(listed(list, 0, 2).size(), 2u);
  EXPECT_TRUE(listed(list, 11).empty());
}

TEST(ArchiveList, GivesTheKeysOfLaterEpochs) {
  ListingRoom room{100};
  ArchiveList list({"main", 7}, room);
  std::vector<std::string> keys;
  for (const Lsn begun : {kNoLsn, Lsn{2}, Lsn{2}, Lsn{1}}) {
    const Lsn lsn = keys.size() + 3;
    Stored one = archive(lsn, lsn);
    one.epoch = 2;
    one.key = object_key("main", 7, {{lsn, lsn}, ObjectKind::kArchive, 2, Coding::kNone, begun});
    keys.push_back(one.key);
    list.add(one);
  }
  std::vector<std::string> given;
  for (const Stored& one : listed(list, 0)) given.push_back(one.key);
  EXPECT_EQ(given, keys);
}

TEST(ArchiveList, ListsShareOneLimitAndGiveTheirRoomBack) {
  ListingRoom room{3};
  ArchiveList one({"main", 7}, room);
  one.add(archive(1, 1));
  one.add(archive(2, 2));
  {
    ArchiveList other({"main", 8}, room);
    other.add(archive(1, 1));
    EXPECT_TRUE(other.has_all());
    other.add(archive(2, 2));
    EXPECT_FALSE(other.has_all());
    EXPECT_EQ(room, 1u);
    other.add(archive(3, 3));
    EXPECT_FALSE(other.has_all()) << "a part is of no use";
    EXPECT_EQ(room, 1u);
  }
  one.add(archive(3, 3));
  EXPECT_TRUE(one.has_all());
  EXPECT_EQ(listed(one, 0).size(), 3u);
}

}  // namespace
}  // namespace tidemark::cli
