// Archives made entry by entry: begin, add, seal.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>

#include "format/footer.h"
#include "tar/format.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::archive_of;
using test::kTailBytes;
using test::kTinyBuffer;
using test::read_all;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

// Once with all in the buffer, once with everything but the smallest streamed.
class BatchSourceTest : public testing::TestWithParam<size_t> {
 protected:
  BatchSourceTest() : source_({GetParam(), 1 << 20}) { EXPECT_TRUE(source_.begin("db", 7, {})); }

  const std::string& make(Lsn lsn, size_t size_bytes) {
    paths_.push_back(dir_ / std::to_string(lsn));
    write_file(paths_.back(), std::string(size_bytes, static_cast<char>('a' + lsn % 26)));
    return paths_.back();
  }
  // Of one entry that is a file: its header and its padded bytes.
  static uint64_t taken(uint64_t size_bytes) { return kBlockSize + padded(size_bytes); }
  Result<bool> add(Lsn lsn, size_t size_bytes, uint64_t most_bytes = UINT64_MAX) {
    return source_.add({lsn, make(lsn, size_bytes)}, most_bytes);
  }
  void expect_added(const Result<bool>& added) { EXPECT_TRUE(added && *added); }
  void expect_too_much(const Result<bool>& added) { EXPECT_TRUE(added && !*added); }
  // The sealed archive is that of these entries, made in one go.
  void expect_archive_of(Lsn first, Lsn last) {
    source_.seal();
    const auto bytes = read_all(source_);
    ASSERT_TRUE(bytes) << bytes.error().message;
    std::vector<tree::EntryPath> entries;
    std::deque<std::string> paths;
    for (Lsn lsn = first; lsn <= last; ++lsn)
      entries.push_back({lsn, paths.emplace_back(dir_ / std::to_string(lsn))});
    EntrySource whole({8 << 20, 1 << 20});
    ASSERT_TRUE(whole.open("db", 7, entries, {}));
    EXPECT_EQ(*bytes, *read_all(whole));
    EXPECT_EQ(bytes->size(), source_.size_bytes());
    EXPECT_EQ(*source_.object_digest(), *whole.object_digest());
  }

  TempDir dir_;
  std::deque<std::string> paths_;
  EntrySource source_;
};

INSTANTIATE_TEST_SUITE_P(Buffers, BatchSourceTest, testing::Values(8 << 20, kTinyBuffer),
                         [](const auto& buffer) {
                           return buffer.param == kTinyBuffer ? "streamed" : "held";
                         });

TEST_P(BatchSourceTest, TheLimitIsExact) {
  const uint64_t most = 3 * taken(30'000) + kTailBytes;
  expect_added(add(1, 30'000, most));
  expect_added(add(2, 30'000, most));
  expect_added(add(3, 30'000, most));
  expect_too_much(add(4, 0, most));
  expect_archive_of(1, 3);
  EXPECT_EQ(source_.size_bytes(), most);
}

TEST_P(BatchSourceTest, OneByteLessIsOneEntryLess) {
  const uint64_t most = 3 * taken(30'000) + kTailBytes - 1;
  expect_added(add(1, 30'000, most));
  expect_added(add(2, 30'000, most));
  expect_too_much(add(3, 30'000, most));
  expect_archive_of(1, 2);
}

TEST_P(BatchSourceTest, TheFirstIsNeverTooMuch) {
  expect_added(add(1, 200'000, 1));
  expect_too_much(add(2, 0, 1));
  expect_archive_of(1, 1);
  // Byte for byte the archive it would be without batches.
  const auto bytes = read_all(source_);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, archive_of(dir_ / "1", 1, {8 << 20, 1 << 20}));
}

TEST_P(BatchSourceTest, WhatWasTooMuchLeavesNoTrace) {
  expect_added(add(1, 20'000));
  expect_too_much(add(2, 300'000, 100'000));
  expect_added(source_.add({2, make(2, 20'000)}, 100'000));
  expect_too_much(add(3, 300'000, 100'000));
  expect_archive_of(1, 2);
}

TEST_P(BatchSourceTest, SmallEntriesThatOutgrowTheBufferAreStreamedFromTheFirst) {
  for (Lsn lsn = 1; lsn <= 40; ++lsn) expect_added(add(lsn, 3'000));
  expect_archive_of(1, 40);
  EXPECT_EQ(source_.data() == nullptr, GetParam() == kTinyBuffer);
}

TEST_P(BatchSourceTest, AFirstEntryThatFailsFailsAlone) {
  const auto missing = source_.add({1, dir_ / "missing"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, TIDEMARK_E_NOT_FOUND);
  // The source is as good as new: also the same number may come again.
  expect_added(add(1, 10));
  expect_archive_of(1, 1);
}

TEST_P(BatchSourceTest, ALaterEntryThatFailsEndsTheArchiveBeforeIt) {
  for (const size_t size_bytes : {size_t{100}, size_t{90'000}}) {
    ASSERT_TRUE(source_.begin("db", 7, {}));
    expect_added(add(1, size_bytes));
    expect_added(add(2, size_bytes));
    fs::create_directories(dir_ / "3/sub");
    write_file(dir_ / "3/a", std::string(size_bytes, 'a'));
    ASSERT_EQ(mkfifo((dir_ / "3/sub/fifo").c_str(), 0600), 0);
    const std::string path = dir_ / "3";
    const auto failed = source_.add({3, path});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().status, TIDEMARK_E_PERMANENT);
    EXPECT_NE(failed.error().message.find("3/sub/fifo"), std::string::npos) << failed.error().message;
    expect_archive_of(1, 2);
    EXPECT_FALSE(source_.failure());
    fs::remove_all(path);
  }
}

// Laid out only because of the entry that failed: what is left is small again.
TEST_P(BatchSourceTest, ALargeEntryThatFailsLeavesTheSmallOnes) {
  expect_added(add(1, 100));
  expect_added(add(2, 100));
  fs::create_directory(dir_ / "3");
  write_file(dir_ / "3/a", std::string(200'000, 'a'));
  ASSERT_EQ(mkfifo((dir_ / "3/b").c_str(), 0600), 0);
  const std::string path = dir_ / "3";
  EXPECT_FALSE(source_.add({3, path}));
  fs::remove_all(path);
  expect_added(add(3, 200'000));
  expect_archive_of(1, 3);
}

TEST_P(BatchSourceTest, AnEntryThatVanishesBeforeItIsReadMakesNoArchive) {
  expect_added(add(1, 50'000));
  expect_added(add(2, 50'000));
  fs::remove(dir_ / "1");
  source_.seal();
  const auto bytes = read_all(source_);
  if (GetParam() == kTinyBuffer) {
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().status, TIDEMARK_E_CORRUPT);
    ASSERT_TRUE(source_.failure());
    EXPECT_NE(source_.failure()->message.find("vanished"), std::string::npos) << source_.failure()->message;
    return;
  }
  // Held means read: what happens to the file afterwards is of no interest.
  ASSERT_TRUE(bytes);
  EXPECT_NE(bytes->find(std::string(50'000, 'b')), std::string::npos);
}

TEST_P(BatchSourceTest, AnEntryThatChangesBeforeItIsReadMakesNoArchive) {
  if (GetParam() != kTinyBuffer) GTEST_SKIP() << "held means read";
  expect_added(add(1, 50'000));
  expect_added(add(2, 50'000));
  fs::resize_file(dir_ / "2", 49'999);
  source_.seal();
  const auto bytes = read_all(source_);
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().message.find("2: shrank"), std::string::npos) << bytes.error().message;
}

// Packed already, and gone when a larger one makes it necessary to lay all of them out.
TEST_P(BatchSourceTest, AnEntryThatVanishesBetweenPackingAndLayingOut) {
  expect_added(add(1, 1'000));
  fs::remove(dir_ / "1");
  const auto added = add(2, 200'000);
  EXPECT_EQ(added.has_value(), GetParam() != kTinyBuffer);
  source_.seal();
  const auto bytes = read_all(source_);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_NE(bytes->find(std::string(1'000, 'b')), std::string::npos);
}

TEST_P(BatchSourceTest, EntriesFollowEachOther) {
  expect_added(add(5, 10));
  for (const Lsn lsn : {0, 4, 5, 7}) {
    const auto refused = source_.add({lsn, dir_ / "5"});
    ASSERT_FALSE(refused) << lsn;
    EXPECT_EQ(refused.error().status, TIDEMARK_E_INVALID);
  }
  expect_added(add(6, 10));
  expect_archive_of(5, 6);
}

TEST_P(BatchSourceTest, ACancelledAddEndsNothingBeforeIt) {
  test::Countdown countdown = {1'000'000};
  ASSERT_TRUE(source_.begin("db", 7, countdown.call()));
  expect_added(add(1, 1'000));
  countdown.left = 0;
  const auto added = add(2, 1'000);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().status, TIDEMARK_E_CANCELLED);
}

TEST_P(BatchSourceTest, IsUsedAgainAfterAnything) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(source_.begin("db", 7, {}));
    expect_added(add(1, 100'000));
    expect_too_much(add(2, 100'000, 1'000));
    ASSERT_TRUE(source_.begin("db", 7, {}));  // never sealed
    expect_added(add(3, 10));
    expect_archive_of(3, 3);
    source_.close();
    EXPECT_EQ(source_.size_bytes(), 0U);
  }
}

}  // namespace
}  // namespace tidemark::tar
