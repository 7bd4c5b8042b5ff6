// What the sink makes of stores that differ, answer badly or fail.
#include "s3/s3_sink.h"

#include <openssl/sha.h>

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Condition;
using imposter::Fault;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPrompt{2500};  // the contract says 1 s; the rest is for a busy machine

TEST_F(S3SinkTest, LeavesNothingOfTheProbe) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(store().store.list("", "", 10).empty());
  EXPECT_TRUE(store().store.uploads().empty());
  EXPECT_TRUE(sink->traits().conditional_put);
  EXPECT_TRUE(sink->traits().conditional_complete);
  EXPECT_EQ(sink->traits().checksum, Checksum::kCrc32c);
  EXPECT_EQ(log_.count("the store"), 0u) << "nothing to say about one that can everything";
}

TEST_F(S3SinkTest, FindsOutWhatTheStoreCan) {
  for (const Condition put : {Condition::kHonoured, Condition::kIgnored, Condition::kNotImplemented}) {
    for (const Condition complete : {Condition::kHonoured, Condition::kIgnored, Condition::kNotImplemented}) {
      for (const bool checksums : {true, false}) {
        imposter::Config config;
        config.put_condition = put;
        config.complete_condition = complete;
        config.takes_checksums = checksums;
        start(config);
        const size_t said = log_.count("does not honour");
        const auto sink = must_open();
        EXPECT_EQ(sink->traits().conditional_put, put == Condition::kHonoured);
        EXPECT_EQ(sink->traits().conditional_complete, complete == Condition::kHonoured);
        EXPECT_EQ(sink->traits().checksum, checksums ? Checksum::kCrc32c : Checksum::kMd5);
        EXPECT_TRUE(sink->traits().multipart);
        EXPECT_TRUE(store().store.list("", "", 10).empty());
        EXPECT_TRUE(store().store.uploads().empty());
        const size_t lacks = (put != Condition::kHonoured) + (complete != Condition::kHonoured);
        EXPECT_EQ(log_.count("does not honour") - said, lacks);
        EXPECT_TRUE(this->put(*sink, "k", "x"));
        EXPECT_EQ(status_of(this->put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
        EXPECT_EQ(log_.count("does not honour") - said, lacks) << "said once";
      }
    }
  }
}

TEST_F(S3SinkTest, OneRequestPerObjectOverOneConnection) {
  start();
  const auto sink = must_open();
  const uint64_t puts = count("PutObject"), connections = store().connections();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(put(*sink, std::to_string(i), "x"));
  EXPECT_EQ(count("PutObject") - puts, 50u);
  EXPECT_EQ(count("HeadObject"), 0u);
  EXPECT_EQ(store().connections(), connections);
}

TEST_F(S3SinkTest, LearnsTheRegionFromTheAnswer) {
  for (const bool redirects : {false, true}) {
    imposter::Config config;
    config.region = "eu-west-7";
    config.redirects_region = redirects;
    start(config);
    const auto sink = must_open();
    EXPECT_TRUE(put(*sink, "k", "x"));
    EXPECT_EQ(store().signed_at_decoy(), 0u);
  }
  EXPECT_EQ(log_.count("eu-west-7"), 2u) << "once a sink";
}

TEST_F(S3SinkTest, CorrectsItsClockByTheStores) {
  for (const int64_t ahead_s : {86'400, -7200}) {
    imposter::Config config;
    config.clock_ahead_s = ahead_s;
    start(config);
    const auto sink = must_open();
    const uint64_t refused = count("status.403");
    EXPECT_TRUE(put(*sink, "k", "x"));
    EXPECT_EQ(count("status.403"), refused) << "remembered";
  }
}

TEST_F(S3SinkTest, RefreshesAnExpiredTokenAndRepeatsOnce) {
  const TempDir dir;
  const auto write_keys = [&](const std::string& token) {
    write_file(dir / "credentials", "[default]\naws_access_key_id=" + imposter::Config().access_key +
                                        "\naws_secret_access_key=" + imposter::Config().secret_key +
                                        "\naws_session_token=" + token + "\n");
  };
  write_keys("old");
  setenv("AWS_SHARED_CREDENTIALS_FILE", (dir / "credentials").c_str(), 1);
  unsetenv("AWS_ACCESS_KEY_ID");
  imposter::Config config;
  config.session_token = "old";
  start(config);
  const auto sink = open_sink<S3Sink>(url());
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE(put(**sink, "a", "x"));
  store().reconfigure([](imposter::Config& changed) { changed.session_token = "new"; });
  write_keys("new");
  EXPECT_TRUE(put(**sink, "b", "x"));
  store().reconfigure([](imposter::Config& changed) { changed.is_token_expired = true; });
  const Status refused = put(**sink, "c", "x");
  EXPECT_EQ(status_of(refused), TIDEMARK_E_RETRYABLE) << "the whole sink waits for another one";
  EXPECT_EQ(refused.error().code, "ExpiredToken");
  unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

struct FaultCase {
  Fault fault;
  tidemark_status status;
  bool is_done;  // although it was not said
};

TEST_F(S3SinkTest, ClassesOfFaults) {
  start();
  const auto sink = must_open("&stall_timeout_ms=1000");
  const FaultCase cases[] = {{Fault::kSlowDown, TIDEMARK_E_THROTTLED, false},
                             {Fault::kInternal, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kTooMany, TIDEMARK_E_THROTTLED, false},
                             {Fault::kResetBefore, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kResetMiddle, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kResetAfter, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kLostAnswer, TIDEMARK_E_RETRYABLE, true},
                             {Fault::kConflict, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kRedirect, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kPutErrorBefore, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kOkPage, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kNotFoundPage, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kAccepted, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kOkLost, TIDEMARK_E_RETRYABLE, false},
                             {Fault::kFlippedBit, TIDEMARK_E_RETRYABLE, false}};
  for (const FaultCase& one : cases) {
    SCOPED_TRACE(imposter::name_of(one.fault));
    const std::string key = imposter::name_of(one.fault);
    fail_with(one.fault);
    const Status outcome = put(*sink, key, std::string(5000, 'x'));
    EXPECT_EQ(status_of(outcome), one.status) << (outcome ? "" : outcome.error().message);
    EXPECT_NE(outcome.error().message.find(key), std::string::npos) << "names the object";
    heal();
    EXPECT_EQ(is_stored(key), one.is_done);
    EXPECT_EQ(status_of(put(*sink, key, std::string(5000, 'x'))),
              one.is_done ? TIDEMARK_E_EXISTS : TIDEMARK_OK);
  }
  EXPECT_EQ(store().signed_at_decoy(), 0u);
}

TEST_F(S3SinkTest, KeepsRetryAfter) {
  start();
  const auto sink = must_open();
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kTooMany] = 1;
    config.faults.retry_after_s = 17;
  });
  EXPECT_EQ(put(*sink, "k", "x").error().retry_after_ms, 17'000u);
}

TEST_F(S3SinkTest, AStallIsNoticed) {
  start();
  const auto sink = must_open("&stall_timeout_ms=1000");
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kStall] = 1;
    config.faults.stall_ms = 20'000;
  });
  const auto begin = steady_clock::now();
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(S3SinkTest, CancelledWhileTheStoreIsSilent) {
  start();
  const auto sink = must_open();
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kStall] = 1;
    config.faults.stall_ms = 20'000;
  });
  TestSource source{"x"};
  const CancelledAfter cancelled(milliseconds(300));
  EXPECT_EQ(status_of(sink->put("k", Source(source.get(), cancelled.call()), 0, cancelled.call())),
            TIDEMARK_E_CANCELLED);
  EXPECT_LT(cancelled.late(), kPrompt);
}

TEST_F(S3SinkTest, OpenEndsInTime) {
  start();
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kStall] = 1;
    config.faults.stall_ms = 20'000;
  });
  const tidemark_call raw = {sizeof raw, 500, nullptr, nullptr};
  const auto begin = steady_clock::now();
  const auto sink = open(url(), Call(&raw, nullptr));
  EXPECT_EQ(status_of(sink), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(sink.error().message.find("127.0.0.1"), std::string::npos) << "names who did not answer";
  EXPECT_LT(steady_clock::now() - begin, milliseconds(500) + kPrompt);
}

TEST_F(S3SinkTest, ATruncatedListingIsAnError) {
  start();
  const auto sink = must_open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(*sink, std::to_string(i), "x"));
  fail_with(Fault::kTruncatedXml);
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  EXPECT_EQ(status_of(sink->list("", "", visit, Call(nullptr, nullptr))), TIDEMARK_E_RETRYABLE);
}

TEST_F(S3SinkTest, ListsPageByPageWithoutTheSinksOwn) {
  imposter::Config config;
  config.max_keys = 3;
  start(config);
  const auto sink = must_open();
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) {
    keys.push_back("a/" + std::to_string(i));
    ASSERT_TRUE(put(*sink, keys.back(), "x"));
  }
  for (const char* foreign : {"p/.tidemark-probe-0", "p/a/.x/y", "p/a/", "pq", "q/a/0"}) {
    ASSERT_TRUE(store().store.put(foreign, {}, false));
  }
  EXPECT_EQ(list(*sink), keys);
  EXPECT_EQ(list(*sink, "a/", "a/6"), (std::vector<std::string>{"a/7", "a/8", "a/9"}));
  EXPECT_EQ(list(*sink, "a/5", "a/5"), std::vector<std::string>());
  EXPECT_EQ(list(*sink, "", "a/8\xFF"), std::vector<std::string>{"a/9"});
  EXPECT_EQ(list(*sink, "a\xFF"), std::vector<std::string>());
}

TEST_F(S3SinkTest, ListsByBytesWithinACharacter) {
  start();
  const auto sink = must_open();
  for (const char* key : {"a", "\xC3\xA4", "\xC3\xBC", "\xC4\x81"}) ASSERT_TRUE(put(*sink, key, "x"));
  EXPECT_EQ(list(*sink, "\xC3"), (std::vector<std::string>{"\xC3\xA4", "\xC3\xBC"}));
  EXPECT_EQ(list(*sink, "", "\xC3\xB0"), (std::vector<std::string>{"\xC3\xBC", "\xC4\x81"}));
}

TEST_F(S3SinkTest, AReadThatBreaksOffIsAnError) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", std::string(300'000, 'x')));
  fail_with(Fault::kResetMiddle);
  std::string got;
  EXPECT_EQ(status_of(get(*sink, "k", &got)), TIDEMARK_E_RETRYABLE);
  EXPECT_LT(got.size(), 300'000u);
}

TEST_F(S3SinkTest, DigestsOfTheCallerAreSent) {
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

TEST_F(S3SinkTest, AnExistingObjectCostsNoBody) {
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

TEST_F(S3SinkTest, HeadersOfNewObjects) {
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

TEST_F(S3SinkTest, OpeningNamesWhatIsWrong) {
  start();
  const auto message_of = [&](const std::string& where) {
    const auto sink = open(where);
    EXPECT_EQ(status_of(sink), TIDEMARK_E_PERMANENT) << where;
    return sink ? "" : sink.error().message;
  };
  EXPECT_NE(message_of("s3://missing?endpoint=" + store_->endpoint()).find("NoSuchBucket"),
            std::string::npos);
  store().reconfigure([](imposter::Config& config) { config.is_token_expired = true; });
  EXPECT_NE(message_of(url()).find("ExpiredToken"), std::string::npos);
  const tidemark_call raw = {sizeof raw, 300, nullptr, nullptr};
  const auto refused = open("s3://tidemark?endpoint=http://127.0.0.1:1", Call(&raw, nullptr));
  EXPECT_EQ(status_of(refused), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(refused.error().message.find("127.0.0.1"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find(imposter::Config().secret_key), std::string::npos);
}

TEST_F(S3SinkTest, ANameTooLongWithThePrefixIsRefused) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(put(*sink, std::string(1022, 'k'), "x"));
  EXPECT_EQ(status_of(put(*sink, std::string(1023, 'k'), "x")), TIDEMARK_E_PERMANENT);
}

}  // namespace
}  // namespace tidemark::sinks::s3
