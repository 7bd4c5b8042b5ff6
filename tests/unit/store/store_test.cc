// Listing, footers, fetching and restoring.
#include "store/store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "store/fake_sink.h"
#include "tar/raw_tar.h"
#include "tar/source_tools.h"

namespace tidemark::store {
namespace {

using test::FakeSink;
using test::RawTar;
using test::read_file;
namespace fs = std::filesystem;

constexpr size_t kPieceBytes = 4 << 20;

std::string lsn_string(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

// An archive of file entries, each with its own number as content.
std::string object_of(Range range) {
  RawTar tar;
  for (Lsn lsn = range.first;; ++lsn) {
    tar.member('0', lsn_string(lsn), "entry " + std::to_string(lsn));
    if (lsn == range.last) break;  // of 2^64 - 1 there is no next
  }
  return tar.object(range);
}

class StoreTest : public testing::Test {
 protected:
  std::string add(Range range) {
    const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
    fake_.objects[key] = object_of(range);
    return key;
  }
  std::string add_gap(Range range) {
    const std::string key = object_key("db", 7, range, ObjectKind::kGap);
    const auto record =
        format_footer({.kind = ObjectKind::kGap, .storage = "db", .partition = 7, .range = range});
    fake_.objects[key].assign(record.data(), record.size());
    return key;
  }
  std::string listed(Lsn from) {
    std::string text;
    const Status status = list(
        fake_.sink(), "db", 7, from,
        [&](const ArchiveInfo& info) {
          text += std::to_string(info.range.first) + "-" + std::to_string(info.range.last) +
                  (info.kind == ObjectKind::kGap ? " gap;" : ";");
          EXPECT_EQ(info.key, object_key("db", 7, info.range, info.kind));
          EXPECT_EQ(info.size_bytes, fake_.objects[std::string(info.key)].size());
          EXPECT_EQ(info.modified_us, 1'700'000'000'000'000);
          return true;
        },
        nullptr);
    EXPECT_TRUE(status);
    return text;
  }
  Status fetch_into(const std::string& key, std::string& out, const tidemark_call* call = nullptr) {
    const tidemark_writer writer = {&out, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                      static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                             size);
                                      return TIDEMARK_OK;
                                    }};
    return fetch(fake_.sink(), key, codec::no_keys(), writer, call);
  }
  template <typename T>
  void expect_error(const T& result, tidemark_status code, const std::string& part) {
    ASSERT_FALSE(result) << part;
    EXPECT_EQ(result.error().status, code) << result.error().message;
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  }

  FakeSink fake_;
  test::TempDir dir_;
};

TEST_F(StoreTest, ListsWhatReachesTheWantedEntry) {
  add({1, 1});
  add({2, 5});
  add_gap({6, 8});
  add({9, 9});
  add({10, 40});
  EXPECT_EQ(listed(1), "1-1;2-5;6-8 gap;9-9;10-40;");
  EXPECT_EQ(listed(2), "2-5;6-8 gap;9-9;10-40;");
  EXPECT_EQ(listed(5), "2-5;6-8 gap;9-9;10-40;");
  EXPECT_EQ(listed(6), "6-8 gap;9-9;10-40;");
  EXPECT_EQ(listed(40), "10-40;");
  EXPECT_EQ(listed(41), "");
  EXPECT_EQ(listed(UINT64_MAX), "");
}

TEST_F(StoreTest, ListsTheOldestAndTheNewestLsn) {
  add({1, 1});
  add({UINT64_MAX, UINT64_MAX});
  EXPECT_EQ(listed(0), "1-1;18446744073709551615-18446744073709551615;");
  EXPECT_EQ(listed(UINT64_MAX), "18446744073709551615-18446744073709551615;");
}

TEST_F(StoreTest, SkipsForeignNamesAndOtherPartitions) {
  add({5, 5});
  for (const char* key : {"db/7/0000000000005.TAR", "db/7/README", "db/7/0000000000006.tar.tmp", "db/7/x/y",
                          "db/7/0000000000000.tar", "db/7/~", "db/70/0000000000006.tar",
                          "db/8/0000000000006.tar", "db/6/0000000000006.tar", "dc/7/0000000000006.tar"}) {
    fake_.objects[key] = "x";
  }
  EXPECT_EQ(listed(1), "5-5;");
}

TEST_F(StoreTest, AVisitorMayStopAListing) {
  add({1, 1});
  add({2, 2});
  int visits = 0;
  EXPECT_TRUE(list(
      fake_.sink(), "db", 7, 1, [&](const ArchiveInfo&) { return ++visits < 1; }, nullptr));
  EXPECT_EQ(visits, 1);
}

TEST_F(StoreTest, AListingThatBreaksOffIsAnError) {
  for (Lsn lsn = 1; lsn <= 5; ++lsn) add({lsn, lsn});
  fake_.fail_list_after = 3;
  const auto ignore = [](const ArchiveInfo&) { return true; };
  expect_error(list(fake_.sink(), "db", 7, 1, ignore, nullptr), TIDEMARK_E_RETRYABLE,
               "db/7/: the listing broke off");
  expect_error(discover(fake_.sink(), "db", 7, 1, {}, nullptr), TIDEMARK_E_RETRYABLE, "broke off");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 2, dir_.path().string(), kPieceBytes}, nullptr),
               TIDEMARK_E_RETRYABLE, "broke off");
  expect_error(list(fake_.sink(), "a/b", 7, 1, ignore, nullptr), TIDEMARK_E_INVALID, "storage name");
}

TEST_F(StoreTest, ReadsAFooterInOneSmallRequest) {
  const std::string key = add({3, 9});
  const auto footer = read_footer(fake_.sink(), key, nullptr);
  ASSERT_TRUE(footer) << footer.error().message;
  EXPECT_EQ(footer->storage, "db");
  EXPECT_EQ(footer->partition, 7u);
  EXPECT_EQ(footer->range, (Range{3, 9}));
  EXPECT_EQ(fake_.gets, 1);
}

// Where its size is known no store has to be asked for that; and an old one does no harm.
TEST_F(StoreTest, ReadsAFooterAtAKnownSize) {
  const std::string key = add({3, 9});
  const uint64_t size_bytes = fake_.objects[key].size();
  for (const uint64_t known :
       {size_bytes, uint64_t{0}, uint64_t{512}, size_bytes - 1, size_bytes + 1, UINT64_MAX}) {
    fake_.gets = fake_.gets_from_the_end = 0;
    const auto footer = read_footer(fake_.sink(), key, nullptr, known);
    ASSERT_TRUE(footer) << known << ": " << footer.error().message;
    EXPECT_EQ(footer->range, (Range{3, 9}));
    EXPECT_EQ(fake_.gets_from_the_end, known == size_bytes ? 0 : 1) << known;
    EXPECT_LE(fake_.gets, 2);
  }
  fake_.objects[key].back() ^= 1;
  expect_error(read_footer(fake_.sink(), key, nullptr, size_bytes), TIDEMARK_E_CORRUPT, key);
}

TEST_F(StoreTest, AFooterThatIsNoneIsCorruptAndNamed) {
  const std::string key = add({3, 3});
  const std::string good = fake_.objects[key];
  fake_.objects[key] = "";
  expect_error(read_footer(fake_.sink(), key, nullptr), TIDEMARK_E_CORRUPT,
               key + ": the object has no valid footer: it ends after 0 bytes");
  fake_.objects[key] = good.substr(good.size() - 511);
  expect_error(read_footer(fake_.sink(), key, nullptr), TIDEMARK_E_CORRUPT, "511 bytes");
  fake_.objects[key] = good.substr(0, good.size() - 512);
  expect_error(read_footer(fake_.sink(), key, nullptr), TIDEMARK_E_CORRUPT, "does not begin with its mark");
  fake_.objects[key] = object_of({4, 4});
  expect_error(read_footer(fake_.sink(), key, nullptr), TIDEMARK_E_CORRUPT,
               "another archive: db/7/0000000000004.tar");
  fake_.objects.clear();
  expect_error(read_footer(fake_.sink(), key, nullptr), TIDEMARK_E_NOT_FOUND, key);
  expect_error(read_footer(fake_.sink(), "db/7/x", nullptr), TIDEMARK_E_INVALID, "'db/7/x' is not the key");
  expect_error(read_footer(fake_.sink(), add_gap({1, 2}), nullptr), TIDEMARK_E_INVALID, "is a record");
}

TEST_F(StoreTest, FetchesWhatIsStored) {
  const std::string archive = add({3, 9});
  const std::string gap = add_gap({10, 12});
  for (const size_t chunk : {1, 7, 511, 512, 513, 1 << 20}) {
    fake_.chunk_bytes = chunk;
    for (const std::string& key : {archive, gap}) {
      std::string bytes;
      const Status status = fetch_into(key, bytes);
      ASSERT_TRUE(status) << status.error().message;
      EXPECT_EQ(bytes, fake_.objects[key]);
    }
  }
}

TEST_F(StoreTest, FetchNeverCallsDamageGood) {
  const std::string key = add({3, 3});
  const std::string good = fake_.objects[key];
  for (size_t at = 0; at < good.size(); at += 13) {
    fake_.objects[key][at] ^= 1;
    std::string bytes;
    const Status status = fetch_into(key, bytes);
    ASSERT_FALSE(status) << at;
    EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_NE(status.error().message.find(key), std::string::npos) << status.error().message;
    EXPECT_LT(bytes.size(), good.size()) << "the footer is held back";
    fake_.objects[key] = good;
  }
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "x", good.substr(0, 700), object_of({4, 4})}) {
    fake_.objects[key] = bad;
    std::string bytes;
    expect_error(fetch_into(key, bytes), TIDEMARK_E_CORRUPT, key);
  }
  const std::string gap = add_gap({5, 6});
  for (const std::string& bad : {std::string(), std::string(512, '\0'), fake_.objects[gap] + "x"}) {
    fake_.objects[gap] = bad;
    std::string bytes;
    expect_error(fetch_into(gap, bytes), TIDEMARK_E_CORRUPT, gap);
    EXPECT_EQ(bytes, "");
  }
}

TEST_F(StoreTest, FetchPassesOnWhatTheOthersSay) {
  const std::string key = add({3, 3});
  const tidemark_writer full = {
      nullptr, [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_E_NO_SPACE; }};
  expect_error(fetch(fake_.sink(), key, codec::no_keys(), full, nullptr), TIDEMARK_E_NO_SPACE, key);
  std::string bytes;
  fake_.fail_get = TIDEMARK_E_THROTTLED;
  expect_error(fetch_into(key, bytes), TIDEMARK_E_THROTTLED, key);
  expect_error(fetch_into("nonsense", bytes), TIDEMARK_E_INVALID, "'nonsense' is not the key");
}

TEST_F(StoreTest, CancellationAndDeadlinesHoldForTheWhole) {
  const std::string key = add({3, 3});
  std::string bytes;
  tidemark_call call = {sizeof call, 0, nullptr, [](void*) { return 1; }};
  expect_error(fetch_into(key, bytes, &call), TIDEMARK_E_CANCELLED, "cancelled");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, &call),
               TIDEMARK_E_CANCELLED, "cancelled");
  expect_error(discover(fake_.sink(), "db", 7, 3, {}, &call), TIDEMARK_E_CANCELLED, "cancelled");
  call = {sizeof call, 60'000, nullptr, nullptr};
  ASSERT_TRUE(fetch_into(key, bytes, &call));
  EXPECT_GT(fake_.last_timeout_ms, 50'000u);
  EXPECT_LE(fake_.last_timeout_ms, 60'000u);
  call.timeout_ms = 20;
  fake_.on_get = [] { std::this_thread::sleep_for(std::chrono::milliseconds(40)); };
  expect_error(fetch_into(key, bytes, &call), TIDEMARK_E_RETRYABLE, "20 ms");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, &call),
               TIDEMARK_E_RETRYABLE, "20 ms");
  EXPECT_TRUE(fs::is_empty(dir_.path()));
}

TEST_F(StoreTest, RestoresFromSinglesAndBatches) {
  add({1, 1});
  const std::string batch = add({2, 5});
  add({6, 6});
  for (Lsn lsn = 1; lsn <= 6; ++lsn) {
    const auto restored =
        restore(fake_.sink(), Chain(), {"db", 7, lsn, dir_.path().string(), kPieceBytes}, nullptr);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_TRUE(restored->damaged.empty());
    if (lsn == 3) {
      EXPECT_EQ(restored->key, batch);
    }
    EXPECT_EQ(read_file(dir_ / lsn_string(lsn)), "entry " + std::to_string(lsn));
  }
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr),
               TIDEMARK_E_EXISTS, lsn_string(3));
}

TEST_F(StoreTest, RestoresWhatIsLargerThanOneRequest) {
  test::write_file(dir_ / "entry", std::string(9 << 20, 'e'));
  fake_.chunk_bytes = 1 << 20;
  fake_.objects["db/7/0000000000003.tar"] = test::archive_of(dir_ / "entry", 3);
  const auto restored =
      restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(read_file(dir_ / lsn_string(3)), read_file(dir_ / "entry"));
  EXPECT_EQ(fake_.gets, 3);
}

TEST_F(StoreTest, RefusesByNameWhatNobodyCanDecryptHere) {
  const std::string coded = object_key("db", 7, {{4, 6}, ObjectKind::kArchive, 1, Coding::kZstdAge});
  fake_.objects[coded] = object_of({4, 6});
  add({3, 3});
  EXPECT_TRUE(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr));
  const auto refused =
      restore(fake_.sink(), Chain(), {"db", 7, 5, dir_.path().string(), kPieceBytes}, nullptr);
  expect_error(refused, TIDEMARK_E_SEALED, coded + ": it is encrypted, and no identity");
  // Another copy of it does.
  const std::string plain = add({5, 5});
  const auto restored =
      restore(fake_.sink(), Chain(), {"db", 7, 5, dir_.path().string(), kPieceBytes}, nullptr);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->key, plain);
}

TEST_F(StoreTest, SaysWhetherAMissingEntryIsAKnownGap) {
  add({1, 1});
  add_gap({2, 4});
  add({5, 5});
  const std::string out = dir_.path().string();
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, out, kPieceBytes}, nullptr), TIDEMARK_E_NOT_FOUND,
               "entries 2 to 4 are recorded as a gap");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 6, out, kPieceBytes}, nullptr), TIDEMARK_E_NOT_FOUND,
               "no archive of db/7 holds entry 6");
  expect_error(restore(fake_.sink(), Chain(), {"db", 8, 1, out, kPieceBytes}, nullptr), TIDEMARK_E_NOT_FOUND,
               "db/8");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 0, out, kPieceBytes}, nullptr), TIDEMARK_E_INVALID,
               "entry 0");
  EXPECT_TRUE(fs::is_empty(dir_.path()));
}

TEST_F(StoreTest, TakesAnotherCopyWhenOneIsDamaged) {
  const std::string single = add({3, 3});
  const std::string small = add({2, 5});
  const std::string large = add({1, 9});
  fake_.objects[single] = "";
  fake_.objects[small][600] ^= 1;
  const auto restored =
      restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->key, large);
  ASSERT_EQ(restored->damaged.size(), 2u);
  EXPECT_NE(restored->damaged[0].message.find(single), std::string::npos) << restored->damaged[0].message;
  EXPECT_NE(restored->damaged[1].message.find(small), std::string::npos) << restored->damaged[1].message;
  EXPECT_EQ(read_file(dir_ / lsn_string(3)), "entry 3");

  fs::remove(dir_ / lsn_string(3));
  fake_.objects[large].back() = 'x';
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr),
               TIDEMARK_E_CORRUPT, single);
  EXPECT_TRUE(fs::is_empty(dir_.path()));
}

TEST_F(StoreTest, ASinkThatFailsIsNotTakenForDamage) {
  add({3, 3});
  add({1, 9});
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr),
               TIDEMARK_E_RETRYABLE, "told to fail");
  EXPECT_EQ(fake_.gets, 1);
}

TEST_F(StoreTest, AnObjectThatShrinksWhileItIsRestoredIsCorrupt) {
  test::write_file(dir_ / "entry", std::string(9 << 20, 'e'));
  fake_.chunk_bytes = 1 << 20;
  const std::string key = "db/7/0000000000003.tar";
  fake_.objects[key] = test::archive_of(dir_ / "entry", 3);
  fake_.on_get = [&] {
    if (fake_.gets == 2) fake_.objects[key].resize(1 << 20);
  };
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 3, dir_.path().string(), kPieceBytes}, nullptr),
               TIDEMARK_E_CORRUPT, key + ": ends after");
}

}  // namespace
}  // namespace tidemark::store
