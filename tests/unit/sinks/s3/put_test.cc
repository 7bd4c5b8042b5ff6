#include <openssl/sha.h>

#include "http/digests.h"
#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

class S3Put : public S3SinkTest {};

TEST_F(S3Put, DigestsOfTheCallerAreSent) {
  start();
  const auto sink = must_open();
  TestSource source{"123456789"};
  tidemark_source raw = *source.get();
  uint8_t sha256[32];
  SHA256(reinterpret_cast<const uint8_t*>("123456789"), 9, sha256);
  uint32_t crc32c = 0xE3069283;
  raw.sha256 = sha256;
  raw.crc32c = &crc32c;
  int reads = 0;
  source.on_read = [&](uint64_t offset) { reads += offset == 0; };
  const Call call(nullptr, nullptr);
  EXPECT_TRUE(sink->put("good", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call));
  EXPECT_EQ(reads, 1) << "no pass for what is known";
  crc32c ^= 1;
  const uint64_t puts = count("PutObject");
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(status_of(sink->put("bad", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)),
              i < 10 ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT)
        << "what comes again and again is no accident";
  }
  EXPECT_EQ(count("PutObject") - puts, 20u) << "each was repeated at once";
  EXPECT_FALSE(is_stored("bad"));
}

TEST_F(S3Put, AnExistingObjectCostsNoBody) {
  start();
  const auto sink = must_open();
  TestSource source{std::string(4 << 20, 'x')};
  tidemark_source raw = *source.get();
  uint8_t sha256[32];
  SHA256(reinterpret_cast<const uint8_t*>(source.bytes.data()), source.bytes.size(), sha256);
  Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
  digests.update(source.bytes.data(), source.bytes.size());
  const uint32_t crc32c = digests.crc32c();
  raw.sha256 = sha256;
  raw.crc32c = &crc32c;
  const Call call(nullptr, nullptr);
  ASSERT_TRUE(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call));
  int reads = 0;
  source.on_read = [&](uint64_t) { ++reads; };
  EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)), TIDEMARK_E_EXISTS);
  EXPECT_EQ(reads, 0);
}

TEST_F(S3Put, HeadersOfNewObjects) {
  start();
  const auto sink = must_open(
      "&storage_class=STANDARD_IA&sse=aws:kms&sse_kms_key_id=key-1&tags=a%3Db%26c%3Dd&object_lock_mode="
      "GOVERNANCE"
      "&object_lock_days=3&expected_bucket_owner=123456789012");
  ASSERT_TRUE(put(*sink, "k", "x"));
  const std::deque<imposter::Logged> logged = store().logged();
  const auto value = [&](const std::string& name) {
    for (const auto& [key, text] : logged.back().headers) {
      if (key == name) return text;
    }
    return std::string();
  };
  EXPECT_EQ(value("x-amz-storage-class"), "STANDARD_IA");
  EXPECT_EQ(value("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(value("x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
  EXPECT_EQ(value("x-amz-tagging"), "a=b&c=d");
  EXPECT_EQ(value("x-amz-object-lock-mode"), "GOVERNANCE");
  EXPECT_EQ(value("x-amz-object-lock-retain-until-date").size(), 20u);
  EXPECT_EQ(value("x-amz-expected-bucket-owner"), "123456789012");
}

TEST_F(S3Put, ANameTooLongWithThePrefixIsRefused) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(put(*sink, std::string(1022, 'k'), "x"));
  EXPECT_EQ(status_of(put(*sink, std::string(1023, 'k'), "x")), TIDEMARK_E_PERMANENT);
}

}  // namespace
}  // namespace tidemark::sinks::s3
