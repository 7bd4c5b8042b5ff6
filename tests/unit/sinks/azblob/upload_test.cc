// Large objects in blocks.
#include "azblob/upload.h"

#include <thread>

#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr size_t kSmall = 1 << 20;

std::string bytes_of(size_t size, char first) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + i * 7 + i / 251);
  return bytes;
}

class AzblobUpload : public AzblobSinkTest {
 protected:
  std::unique_ptr<AzblobSink> must_open_small() { return must_open("&block_threshold=1MiB&block_size=1MiB"); }
};

// Case 8, xtdb/xtdb#3516, Azure/azure-sdk-for-net#47370, stowage#11: one length, whatever the number.
TEST_F(AzblobUpload, IdsHaveOneLengthForEver) {
  const Result<std::string> nonce = new_nonce();
  ASSERT_TRUE(nonce);
  for (const uint64_t index :
       {uint64_t{0}, uint64_t{9}, uint64_t{10}, uint64_t{12}, uint64_t{100'001}, kBlocksMax}) {
    EXPECT_EQ(block_id(*nonce, index).size(), 44u) << index;
  }
  EXPECT_NE(block_id(*nonce, 1), block_id(*nonce, 2));
  EXPECT_NE(*nonce, *new_nonce());
  start();
  const auto sink = must_open_small();
  ASSERT_TRUE(put(*sink, "k", bytes_of(12 * kSmall, 'a')));
  EXPECT_EQ(store().store.id_sizes(), std::set<size_t>{44});
}

// Case 11, medusa#705, clickhouse-backup#317.
TEST_F(AzblobUpload, BlocksAreNeverTooMany) {
  constexpr uint64_t kTiB = uint64_t{1} << 40;
  for (const uint64_t size : {uint64_t{1}, 64 * kMiB, 2 * kTiB, 100 * kTiB, kBlobBytesMax}) {
    const uint64_t block = block_size_bytes(size, kMiB);
    EXPECT_LE((size + block - 1) / block, kBlocksMax) << size;
    EXPECT_LE(block, kBlockBytesMax);
    EXPECT_EQ(block % kMiB, 0u);
  }
  EXPECT_EQ(block_size_bytes(5 * kMiB, 32 * kMiB), 32 * kMiB);
}

// Case 3, apache/opendal#8028.
TEST_F(AzblobUpload, TheListHasTheCondition) {
  start();
  const auto sink = must_open_small();
  const std::string bytes = bytes_of(3 * kSmall + 5, 'a');
  ASSERT_TRUE(put(*sink, "k", bytes));
  EXPECT_EQ(stored("k"), bytes);
  EXPECT_EQ(count("PutBlock"), 4u + 1) << "and the proof at open";
  EXPECT_EQ(last_header("PutBlockList", "if-none-match"), "*");
  EXPECT_EQ(last_header("PutBlockList", "x-ms-blob-content-type"), "application/octet-stream");
  EXPECT_EQ(code_of(put(*sink, "k", bytes_of(2 * kSmall, 'b'))), TIDEMARK_E_EXISTS);
  EXPECT_EQ(stored("k"), bytes);
}

TEST_F(AzblobUpload, AYesWithoutTheDigestIsLookedAfter) {
  start();
  const auto sink = must_open_small();
  const std::string bytes = bytes_of(3 * kSmall + 5, 'a');
  ASSERT_TRUE(put(*sink, "proven", bytes));
  EXPECT_EQ(count("GetBlobProperties"), 1u) << "before it";
  store().reconfigure([](az::Config& config) { config.md5_unsaid = true; });
  EXPECT_TRUE(put(*sink, "k", bytes));
  EXPECT_EQ(stored("k"), bytes);
  EXPECT_EQ(count("GetBlobProperties"), 3u) << "before and after it";
  EXPECT_TRUE(put(*sink, "k", bytes_of(2 * kSmall, 'b'), 0)) << "also where it replaces";
  fail_with(Fault::kOkLost);
  for (const uint32_t flags : {uint32_t{TIDEMARK_PUT_IF_ABSENT}, 0u}) {
    EXPECT_EQ(code_of(put(*sink, "lost", bytes, flags)), TIDEMARK_E_RETRYABLE);
    EXPECT_FALSE(is_stored("lost"));
  }
}

// Case 4, ClickHouse#93105.
TEST_F(AzblobUpload, WithoutTheFlagItReplacesWithoutACondition) {
  start();
  const auto sink = must_open_small();
  ASSERT_TRUE(put(*sink, "k", bytes_of(2 * kSmall, 'a'), 0));
  ASSERT_TRUE(put(*sink, "k", bytes_of(2 * kSmall, 'b'), 0));
  EXPECT_EQ(stored("k"), bytes_of(2 * kSmall, 'b'));
  EXPECT_EQ(last_header("PutBlockList", "if-none-match"), "-");
}

// Case 5, Azure/azure-sdk-for-java#6017.
TEST_F(AzblobUpload, AnExistingNameCostsOneHeadAndNoBlock) {
  start();
  const auto sink = must_open_small();
  ASSERT_TRUE(put(*sink, "k", "old"));
  TestSource source{std::string(8 * kSmall, 'x')};
  int reads = 0;
  source.on_read = [&](uint64_t) { ++reads; };
  const uint64_t heads = count("GetBlobProperties"), blocks = count("PutBlock");
  const Call call(nullptr, nullptr);
  EXPECT_EQ(code_of(sink->put("k", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_EXISTS);
  EXPECT_EQ(count("GetBlobProperties"), heads + 1);
  EXPECT_EQ(count("PutBlock"), blocks);
  EXPECT_EQ(reads, 0);
}

// Case 6, artifact-keeper#3920: the other's list has thrown away our blocks.
TEST_F(AzblobUpload, TheLoserOfTwoWritersGetsExists) {
  start();
  const auto ours = must_open_small(), theirs = must_open_small();
  const std::string other = bytes_of(3 * kSmall, 't');
  TestSource source{bytes_of(3 * kSmall, 'o')};
  bool done = false;
  source.on_read = [&](uint64_t offset) {
    if (offset < 2 * kSmall || done) return;
    done = true;
    EXPECT_TRUE(put(*theirs, "k", other));
  };
  const Call call(nullptr, nullptr);
  EXPECT_EQ(code_of(ours->put("k", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_EXISTS);
  EXPECT_EQ(stored("k"), other) << "all of one writer";
}

// The same where the winner's blob has been removed meanwhile: 400 InvalidBlockList, and nothing there.
TEST_F(AzblobUpload, BlocksThatAreGoneAreSentAgainLater) {
  start();
  // One after the other: the first block is there when the third is read.
  const auto ours = must_open("&block_threshold=1MiB&block_size=1MiB&block_parallel=1"),
             theirs = must_open_small();
  TestSource source{bytes_of(3 * kSmall, 'o')};
  bool done = false;
  source.on_read = [&](uint64_t offset) {
    if (offset < 2 * kSmall || done) return;
    done = true;
    EXPECT_TRUE(put(*theirs, "k", "other"));
    EXPECT_TRUE(theirs->remove("k", Call(nullptr, nullptr)));
  };
  const Call call(nullptr, nullptr);
  const Status refused = ours->put("k", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call);
  EXPECT_EQ(code_of(refused), TIDEMARK_E_RETRYABLE) << message_of(refused);
  EXPECT_FALSE(is_stored("k"));
}

// Case 7, pgbackrest#1055.
TEST_F(AzblobUpload, BlocksOfTwoWritersAreNeverMixed) {
  start();
  const auto sink = must_open_small();
  for (int round = 0; round < 5; ++round) {
    const std::string key = "k" + std::to_string(round);
    const std::string a = bytes_of(4 * kSmall, 'a'), b = bytes_of(4 * kSmall, 'b');
    Status first, second;
    std::thread one([&] { first = put(*sink, key, a); });
    second = put(*sink, key, b);
    one.join();
    const std::string there = stored(key);
    EXPECT_TRUE(there == a || there == b) << "mixed";
    EXPECT_EQ((first ? 1 : 0) + (second ? 1 : 0), 1);
    EXPECT_EQ(there == a, first.has_value());
  }
}

// Case 13, xtdb/xtdb#3629: nothing is ever taken back.
TEST_F(AzblobUpload, ASourceThatFailsLeavesItsBlocksAndNothingElse) {
  start();
  const auto sink = must_open_small();
  struct Failing {
    static tidemark_status read(void*, uint64_t offset, void* buffer, size_t size, size_t* out,
                                tidemark_error*) {
      if (offset >= 3 * kSmall) return TIDEMARK_E_CORRUPT;
      *out = std::min(size, 3 * kSmall - static_cast<size_t>(offset));
      std::fill_n(static_cast<char*>(buffer), *out, 'x');
      return TIDEMARK_OK;
    }
  };
  const tidemark_source raw = {sizeof raw, 0, 8 * kSmall, nullptr, nullptr, Failing::read, nullptr, nullptr};
  const Call call(nullptr, nullptr);
  EXPECT_EQ(code_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)), TIDEMARK_E_CORRUPT);
  EXPECT_FALSE(is_stored("k"));
  EXPECT_EQ(count("DeleteBlob"), 0u);
  EXPECT_EQ(count("PutBlockList"), 0u);
}

// Case 10, rclone#5583, minio#11251, sftpgo#419.
TEST_F(AzblobUpload, TooManyBlocksLeftAreToldWithTheCause) {
  az::Config config;
  config.blocks_max = 2;
  start(config);
  const auto sink = must_open_small();
  const Status refused = put(*sink, "k", bytes_of(4 * kSmall, 'a'));
  EXPECT_EQ(code_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(refused).find("BlockCountExceedsLimit"), std::string::npos) << message_of(refused);
  EXPECT_NE(message_of(refused).find("within a week"), std::string::npos) << message_of(refused);
}

TEST_F(AzblobUpload, AListOfUnknownOutcomeIsLookedAfter) {
  start();
  const auto sink = must_open_small();
  // Blocks go through, the list's answer is lost each time.
  fail_with(Fault::kLostAnswer, 0.5);
  for (int i = 0; i < 12; ++i) {
    const Status put_one = put(*sink, "k" + std::to_string(i), bytes_of(kSmall + 1, 'a'));
    if (put_one) continue;
    EXPECT_TRUE(put_one.error().status == TIDEMARK_E_EXISTS || put_one.error().status == TIDEMARK_E_RETRYABLE)
        << message_of(put_one);
  }
  heal();
  for (int i = 0; i < 12; ++i) {
    const std::string key = "k" + std::to_string(i);
    const Status again = put(*sink, key, bytes_of(kSmall + 1, 'a'));
    EXPECT_TRUE(again || again.error().status == TIDEMARK_E_EXISTS);
    EXPECT_EQ(stored(key), bytes_of(kSmall + 1, 'a'));
  }
}

TEST_F(AzblobUpload, ABlockThatDidNotArriveAsSentGoesOnceMore) {
  start();
  const auto sink = must_open_small();
  fail_with(Fault::kFlippedBit, 0.3);
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    const std::string key = "k" + std::to_string(i);
    if (!put(*sink, key, bytes_of(2 * kSmall, 'a'))) continue;
    ++done;
    EXPECT_EQ(stored(key), bytes_of(2 * kSmall, 'a'));
  }
  EXPECT_GT(done, 0);
}

}  // namespace
}  // namespace tidemark::sinks::azblob
