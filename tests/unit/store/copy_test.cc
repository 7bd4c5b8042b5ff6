// Copying between two sinks: what is proven, what is put, whose the fault is.
#include "store/copy.h"

#include <cstring>

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class CopyTest : public MaintenanceTest {
 protected:
  Result<Copied> copy(const std::string& key, uint64_t buffer_bytes = kMiB) {
    read_bytes_ = 0;
    return copy_as(wish(key, buffer_bytes));
  }
  Result<Copied> copy_as(const Copying& what, const tidemark_call* call = nullptr) {
    TM_ASSIGN(const CopyResult result, copy_object(fake_.sink(), to_.sink(), what, &failed_, call));
    compared_ = result.compared;
    return result.copied;
  }
  Status compare(const std::string& key, bool whole = false) {
    Copying what = wish(key, kMiB);
    what.read_whole = whole;
    TM_ASSIGN(compared_, compare_copies(fake_.sink(), to_.sink(), what, &failed_, nullptr));
    return {};
  }
  Copying wish(const std::string& key, uint64_t buffer_bytes) {
    return {key, fake_.objects[key].size(), buffer_bytes, false,
            [this](uint64_t read_bytes) { read_bytes_ = read_bytes; }};
  }
  // One that does not fit the buffer.
  std::string add_large(size_t size_bytes = 5 * kMiB) {
    const Range range = {9, 9};
    std::string body(size_bytes, '\0');
    for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 4099);
    test::RawTar tar;
    tar.member('0', lsn_string(9), body);
    const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
    fake_.objects[key] = tar.object(range);
    return key;
  }
  void expect_failed(const Result<Copied>& result, CopySide side, tidemark_status code,
                     const std::string& part) {
    expect_error(result, code, part);
    EXPECT_EQ(failed_, side);
  }

  test::FakeSink to_;
  CopySide failed_ = CopySide::kNone;
  Compared compared_ = Compared::kNothing;
  uint64_t read_bytes_ = 0;
};

TEST_F(CopyTest, TheSameBytesWithOneRequestOfEachSide) {
  for (const std::string& key :
       {add({3, 3}), add({4, 6}), add({7, 8}, ObjectKind::kGap), add({7, 8}, ObjectKind::kAccepted, "lost"),
        add({1, 2}, ObjectKind::kPruned)}) {
    fake_.gets = 0;
    const auto copied = copy(key);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(*copied, Copied::kCopied);
    EXPECT_EQ(fake_.gets, 1);
    EXPECT_EQ(read_bytes_, fake_.objects[key].size());
    const auto again = copy(key);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, Copied::kThere);
    EXPECT_TRUE(to_.proved.contains(key)) << "what is there may not be durable yet";
    const bool is_archive = key.ends_with(".tar");
    EXPECT_EQ(compared_, is_archive ? Compared::kBodies : Compared::kNothing);
    EXPECT_TRUE(compare(key));
    EXPECT_EQ(compared_, is_archive ? Compared::kFooters : Compared::kNothing);
    EXPECT_TRUE(compare(key, true));
    EXPECT_EQ(compared_, is_archive ? Compared::kBodies : Compared::kNothing);
  }
  EXPECT_EQ(to_.objects, fake_.objects);
}

// What the record of an epoch says does not lie in its name: two of one name are two histories.
TEST_F(CopyTest, RecordsOfEpochsAreTheSameByTheirBytes) {
  const std::string key = add_epoch(3, 2, 1);
  const std::string archive = add_of(3, {4, 6});
  for (const std::string& one : {key, archive}) {
    EXPECT_EQ(*copy(one), Copied::kCopied);
    EXPECT_EQ(*copy(one), Copied::kThere);
    EXPECT_TRUE(compare(one));
  }
  EXPECT_EQ(to_.objects, fake_.objects);
  add_epoch(3, 2, 9);
  expect_failed(copy(key), CopySide::kDestination, TIDEMARK_E_EXISTS,
                key + " is the record of another history");
  expect_error(compare(key), TIDEMARK_E_EXISTS, "both sides have an epoch 3");
  EXPECT_NE(to_.objects[key], fake_.objects[key]);
}

TEST_F(CopyTest, OneThatDoesNotFitIsReadInPieces) {
  const std::string key = add_large();
  ASSERT_TRUE(copy(key, 2 * kMiB));
  EXPECT_EQ(fake_.gets, 6);
  EXPECT_TRUE(to_.objects[key] == fake_.objects[key]);
  EXPECT_EQ(read_bytes_, fake_.objects[key].size());
}

TEST_F(CopyTest, NothingOfADamagedOneBecomesVisible) {
  const std::string large = add_large(), single = add({3, 3}), batch = add({4, 6});
  for (const std::string& key : {large, single, batch}) {
    const std::string whole = fake_.objects[key];
    std::vector<std::string> damaged = {whole.substr(0, whole.size() - 512), whole + std::string(512, '\0'),
                                        std::string(600, 'x')};
    for (const size_t at : {size_t{600}, whole.size() - 300, whole.size() - 513}) {
      damaged.push_back(whole);
      damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 1);
    }
    for (const std::string& bytes : damaged) {
      fake_.objects[key] = bytes;
      expect_failed(copy(key, 2 * kMiB), CopySide::kSource, TIDEMARK_E_CORRUPT, key);
      expect_failed(copy(key, 64 * kMiB), CopySide::kSource, TIDEMARK_E_CORRUPT, key);
      EXPECT_EQ(to_.objects.size(), 0u);
    }
    fake_.objects[key] = whole;
  }
}

TEST_F(CopyTest, WhatTheListingSaysOfTheSizeIsHeldAgainstTheObject) {
  const std::string large = add_large(), single = add({3, 3});
  for (const std::string& key : {large, single}) {
    for (const int64_t by : {-512, 512}) {
      Copying what = wish(key, key == large ? 2 * kMiB : kMiB);
      what.size_bytes += static_cast<uint64_t>(by);
      expect_failed(copy_as(what), CopySide::kSource, TIDEMARK_E_CORRUPT, "the sink lists");
    }
  }
  EXPECT_EQ(to_.objects.size(), 0u);
}

// Asks for the body as one that sends parts side by side does, and again.
TEST_F(CopyTest, WhatIsReadTwiceIsTheSame) {
  const std::string key = add_large(40 * kMiB);
  to_.read_back_and_forth = true;
  ASSERT_TRUE(copy(key, 2 * kMiB));
  EXPECT_TRUE(to_.objects[key] == fake_.objects[key]);
  to_.objects.clear();
  fake_.gets = 0;
  fake_.on_get = [&] {
    if (fake_.gets == 45) fake_.objects[key][100] ^= 1;  // all was read once
  };
  expect_failed(copy(key, 2 * kMiB), CopySide::kSource, TIDEMARK_E_CORRUPT, "a second time");
  EXPECT_EQ(to_.objects.size(), 0u);
}

TEST_F(CopyTest, DigestsAreThereBeforeTheFirstByteIfTheDestinationAsks) {
  to_.set_capabilities(TIDEMARK_CAPABILITY_WANTS_SHA256 | TIDEMARK_CAPABILITY_WANTS_CRC32C);
  const std::string large = add_large(), single = add({3, 3}), record = add({1, 2}, ObjectKind::kPruned);
  for (const std::string& key : {large, single, record}) {
    ASSERT_TRUE(copy(key, 2 * kMiB));  // the fake checks them
    EXPECT_TRUE(to_.objects[key] == fake_.objects[key]);
  }
  fake_.objects[large][700] ^= 1;
  to_.objects.clear();
  expect_failed(copy(large, 2 * kMiB), CopySide::kSource, TIDEMARK_E_CORRUPT, "damaged");
  EXPECT_EQ(to_.puts, 3) << "and it is not begun";
}

TEST_F(CopyTest, WhatStandsThereStays) {
  const std::string key = add({3, 3}), large = add_large();
  const std::string other = tar_of({4, 4}).object({4, 4});
  test::RawTar tar;
  tar.member('0', lsn_string(3), "another 3");
  for (const std::string& bytes : {tar.object({3, 3}), other, std::string(100, 'x'), std::string()}) {
    to_.objects[key] = bytes;
    const bool is_sound = bytes == tar.object({3, 3});
    const tidemark_status code = is_sound ? TIDEMARK_E_EXISTS : TIDEMARK_E_CORRUPT;
    expect_failed(copy(key), CopySide::kDestination, code, key);
    const Status compared = compare(key);
    expect_error(compared, code, key);
    EXPECT_EQ(failed_, CopySide::kDestination);
    EXPECT_EQ(to_.objects[key], bytes);
  }
  // A sink that finds something there before it asks for a byte.
  to_.objects[large] = fake_.objects[large];
  const auto there = copy(large, 2 * kMiB);
  ASSERT_TRUE(there);
  EXPECT_EQ(*there, Copied::kThere);
}

TEST_F(CopyTest, RotThatTheFooterDoesNotShow) {
  const std::string key = add({3, 3});
  ASSERT_TRUE(copy(key));
  to_.objects[key][600] ^= 1;
  EXPECT_TRUE(compare(key));
  expect_error(compare(key, true), TIDEMARK_E_CORRUPT, key);
  EXPECT_EQ(failed_, CopySide::kDestination);
  to_.objects[key] = fake_.objects[key];
  fake_.objects[key][600] ^= 1;
  expect_error(compare(key, true), TIDEMARK_E_CORRUPT, key);
  EXPECT_EQ(failed_, CopySide::kSource);
}

TEST_F(CopyTest, TheDamagedSideIsTheOneThatIsAccused) {
  const std::string key = add({3, 3});
  ASSERT_TRUE(copy(key));
  fake_.objects[key] += std::string(512, '\0');
  expect_error(compare(key), TIDEMARK_E_CORRUPT, key);
  EXPECT_EQ(failed_, CopySide::kSource);
}

TEST_F(CopyTest, ErrorsNameTheirSide) {
  const std::string key = add({3, 3});
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  expect_failed(copy(key), CopySide::kSource, TIDEMARK_E_RETRYABLE, "fail");
  fake_.fail_get = TIDEMARK_OK;
  to_.fail_changes_after = 0;
  expect_failed(copy(key), CopySide::kDestination, TIDEMARK_E_CANCELLED, "killed");
  expect_failed(copy_as(wish("db/7/notes.txt", kMiB)), CopySide::kNone, TIDEMARK_E_INVALID, "not the key");
  const std::string absent = object_key("db", 7, {5, 5}, ObjectKind::kArchive);
  const Copying gone = {absent, 2048, kMiB, false, {}};
  expect_failed(copy_as(gone), CopySide::kSource, TIDEMARK_E_NOT_FOUND, "");
  expect_error(compare(key), TIDEMARK_E_NOT_FOUND, "");
  EXPECT_EQ(failed_, CopySide::kDestination);
}

TEST_F(CopyTest, EndsWhenItIsCancelled) {
  const tidemark_call call = {sizeof call, 0, nullptr, [](void*) -> int32_t { return 1; }};
  expect_failed(copy_as(wish(add({3, 3}), kMiB), &call), CopySide::kSource, TIDEMARK_E_CANCELLED, "");
}

}  // namespace
}  // namespace tidemark::store
