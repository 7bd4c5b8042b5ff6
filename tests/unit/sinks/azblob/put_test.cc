// Creating blobs with one request, and what refusals mean.
#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobPut : public AzblobSinkTest {};

TEST_F(AzblobPut, OneRequestWithConditionAndDigest) {
  start();
  const auto sink = must_open("&access_tier=Cool");
  const uint64_t heads = count("GetBlobProperties");
  EXPECT_TRUE(put(*sink, "a/k", "bytes"));
  EXPECT_EQ(stored("a/k"), "bytes");
  EXPECT_EQ(count("PutBlob"), 1u);
  EXPECT_EQ(count("GetBlobProperties"), heads);
  EXPECT_EQ(last_header("PutBlob", "if-none-match"), "*");
  EXPECT_EQ(last_header("PutBlob", "content-md5"), "SzpiGLs+OnMD6KFxpg/Pkg==") << "of \"bytes\"";
  EXPECT_EQ(last_header("PutBlob", "x-ms-access-tier"), "Cool");
}

// Case 1, google/go-cloud#3635, #3637; case 2, apache/arrow-rs-object-store#830; and what signatures, locks
// and leases say.
TEST_F(AzblobPut, EachWordForABlobThatIsThereIsExists) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "old"));
  for (const az::Word word : {az::Word::kAlreadyExists, az::Word::kNotMet, az::Word::kOverwrite,
                              az::Word::kImmutable, az::Word::kLeased}) {
    store().reconfigure([&](az::Config& config) { config.exists = word; });
    const uint64_t heads = count("GetBlobProperties");
    EXPECT_EQ(code_of(put(*sink, "k", "new")), TIDEMARK_E_EXISTS) << static_cast<int>(word);
    EXPECT_EQ(count("GetBlobProperties"), heads + 1) << "a look decides";
  }
  EXPECT_EQ(stored("k"), "old");
}

// apache/arrow-rs-object-store#830: the other way round, no blob: never EXISTS.
TEST_F(AzblobPut, ARefusalWithoutABlobIsAnError) {
  start();
  const auto sink = must_open();
  store().reconfigure([](az::Config& config) { config.denies = true; });
  const Status denied = put(*sink, "k", "x");
  EXPECT_EQ(code_of(denied), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(denied).find("Storage Blob Data Contributor"), std::string::npos)
      << message_of(denied);
  store().reconfigure([](az::Config& config) { config.denies = false; });
  fail_with(Fault::kConflict);  // 412, whatever is there
  EXPECT_EQ(code_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(is_stored("k"));
}

// Case 9, seen on Azurite: blocks that somebody has left make a conditional put fail for ever, and HEAD finds
// nothing.
TEST_F(AzblobPut, BlocksThatWereLeftAreGotRoundByBlocks) {
  az::Config config;
  config.blocks_count_as_there = true;
  start(config);
  const auto sink = must_open();
  auto left = std::make_shared<imposter::Body>(false);
  left->append("left", 4);
  const std::string id = "TEVGVExFRlRMRUZUTEVGVExFRlRMRUZUTEVGVExFRlQ=";  // as long as ours
  store().store.put_block("p/k", id, left, 100);
  EXPECT_TRUE(put(*sink, "k", "ours"));
  EXPECT_EQ(stored("k"), "ours");
  EXPECT_EQ(count("PutBlockList"), 1u);
  EXPECT_EQ(last_header("PutBlockList", "if-none-match"), "*");
  store().store.put_block("p/empty", id, left, 100);
  EXPECT_TRUE(put(*sink, "empty", ""));
  EXPECT_TRUE(is_stored("empty"));
}

// Azure takes ids of one length under a name: what lies there with another one is in the way until it is
// gone.
TEST_F(AzblobPut, OtherWritersBlocksOfAnotherLengthAreTold) {
  az::Config config;
  config.blocks_count_as_there = true;
  start(config);
  const auto sink = must_open();
  auto left = std::make_shared<imposter::Body>(false);
  left->append("left", 4);
  store().store.put_block("p/k", "c2hvcnQ=", left, 100);
  const Status refused = put(*sink, "k", "ours");
  EXPECT_EQ(code_of(refused), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(message_of(refused).find("within a week"), std::string::npos) << message_of(refused);
}

// Case 17, Azure/Azurite#125, #2405.
TEST_F(AzblobPut, NamesThatAzureWouldChangeAreRefusedAndNotSent) {
  start();
  const auto sink = must_open();
  const uint64_t puts = count("PutBlob");
  for (const char* key :
       {"a\\b", "a\x01", "a\x7F", "a.", "a./b", "\xFF", "\xF0\x9F\x8C\x8A", "a\xEF\xBF\xBF"}) {
    const Status refused = put(*sink, key, "x");
    EXPECT_EQ(code_of(refused), TIDEMARK_E_PERMANENT) << key;
    EXPECT_NE(message_of(refused).find("azblob://tidemark/p/"), std::string::npos) << message_of(refused);
  }
  EXPECT_EQ(count("PutBlob"), puts);
  ASSERT_TRUE(put(*sink, "a/b", "x"));
  std::string got;
  EXPECT_EQ(code_of(get(*sink, "a\\b", &got)), TIDEMARK_E_NOT_FOUND) << "it would be another one";
  EXPECT_TRUE(sink->remove("a\\b", Call(nullptr, nullptr)));
  EXPECT_TRUE(is_stored("a/b"));
}

TEST_F(AzblobPut, ANameTooLongWithThePrefixIsRefused) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(put(*sink, std::string(1022, 'k'), "x"));
  const Status refused = put(*sink, std::string(1023, 'k'), "x");
  EXPECT_EQ(code_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(refused).find("1025 bytes"), std::string::npos) << message_of(refused);
}

TEST_F(AzblobPut, AYesThatProvesNothingIsLookedAfter) {
  start();
  const auto sink = must_open();
  for (const Fault fault : {Fault::kAccepted, Fault::kOkLost, Fault::kOkPage}) {
    fail_with(fault);
    EXPECT_EQ(code_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE) << static_cast<int>(fault);
    EXPECT_FALSE(is_stored("k"));
  }
  heal();
  EXPECT_TRUE(put(*sink, "k", "x"));
}

// What answers are often cut down to on the way.
TEST_F(AzblobPut, AYesWithoutTheDigestIsLookedAfter) {
  start();
  const auto sink = must_open();
  store().reconfigure([](az::Config& config) { config.md5_unsaid = true; });
  const uint64_t heads = count("GetBlobProperties");
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(count("GetBlobProperties"), heads + 1);
  EXPECT_EQ(count("PutBlob"), 1u);
  fail_with(Fault::kOkLost);
  EXPECT_EQ(code_of(put(*sink, "lost", "x")), TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(is_stored("lost"));
}

TEST_F(AzblobPut, AFlippedBitGoesOnceMoreAndThenIsTold) {
  start();
  const auto sink = must_open();
  const std::string body(1000, 'b');
  fail_with(Fault::kFlippedBit);
  const uint64_t puts = count("PutBlob");
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(code_of(put(*sink, "k", body)), i < 10 ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT)
        << "what comes again and again is no accident";
  }
  EXPECT_EQ(count("PutBlob") - puts, 20u) << "each was repeated at once";
  heal();
  EXPECT_TRUE(put(*sink, "k", body));
}

}  // namespace
}  // namespace tidemark::sinks::azblob
