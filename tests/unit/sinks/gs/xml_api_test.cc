// The sink with an HMAC key: all by the XML API, and as safe.
#include "gs/api.h"
#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;
using imposter::Refusal;

class GsXmlApi : public GsSinkTest {
 protected:
  // What the last request of this kind had in a header; "(none)".
  std::string sent(const std::string& operation, const std::string& name) {
    std::string found = "(none)";
    for (const imposter::Logged& line : service().logged()) {
      if (line.operation != operation) continue;
      found = "(none)";
      for (const auto& [key, value] : line.headers) found = key == name ? value : found;
    }
    return found;
  }
};

TEST_F(GsXmlApi, ThereAndBack) {
  start();
  const auto sink = must_open_signed(kSmallPieces);
  const std::string odd = "a b+c%d/\xC3\xA4&<>'\"", large = bytes_of(1'300'001);
  EXPECT_TRUE(put(*sink, odd, "0123456789"));
  EXPECT_TRUE(put(*sink, "large", large));
  EXPECT_TRUE(put(*sink, "nothing", ""));
  EXPECT_EQ(list(*sink), (std::vector<std::string>{odd, "large", "nothing"}));
  EXPECT_EQ(list(*sink, "l"), (std::vector<std::string>{"large"}));
  EXPECT_EQ(list(*sink, "", "large"), (std::vector<std::string>{"nothing"}));
  std::string bytes;
  EXPECT_TRUE(get(*sink, odd, &bytes, {-3, UINT64_MAX}));
  EXPECT_EQ(bytes, "789");
  bytes.clear();
  EXPECT_TRUE(get(*sink, "large", &bytes));
  EXPECT_TRUE(bytes == large);
  bytes.clear();
  EXPECT_TRUE(get(*sink, "nothing", &bytes, {5, 5}));
  EXPECT_EQ(bytes, "");
  const Result<ObjectInfo> info = sink->head("large", Call());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, large.size());
  EXPECT_GT(info->modified_us, 1'600'000'000'000'000);
  EXPECT_TRUE(sink->remove(odd, Call()));
  EXPECT_TRUE(sink->remove(odd, Call())) << "what is not there is removed";
  EXPECT_EQ(status_of(sink->head(odd, Call())), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status_of(get(*sink, odd, &bytes)), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(service().desk.given(), 0u) << "no token is asked for";
  EXPECT_TRUE(service().sessions.open().empty());
}

TEST_F(GsXmlApi, EveryCreationHasItsConditionAndItsDigest) {
  start();
  change([](imposter::Config& config) { config.odd.demands_condition = true; });
  const auto sink = must_open_signed(kSmallPieces);
  for (const std::string& bytes : {std::string("123456789"), bytes_of(1 << 20)}) {
    const std::string key = std::to_string(bytes.size());
    EXPECT_TRUE(put(*sink, key, bytes));
    EXPECT_EQ(status_of(put(*sink, key, "other")), TIDEMARK_E_EXISTS);
    EXPECT_EQ(status_of(put(*sink, key, bytes_of(600'000))), TIDEMARK_E_EXISTS);
    EXPECT_TRUE(stored(key) == bytes);
    EXPECT_EQ(service().store.creates().at("p/" + key), 1u);
  }
  EXPECT_EQ(sent("insert", "x-goog-if-generation-match"), "0");
  EXPECT_EQ(sent("begin", "x-goog-if-generation-match"), "0");
  EXPECT_TRUE(sent("send", "x-goog-hash").starts_with("crc32c="));
  EXPECT_EQ(sent("send", "authorization"), "(none)") << "a session's address is proof enough";
  EXPECT_EQ(status_of(put(*sink, "other", "x", 0)), TIDEMARK_E_PERMANENT) << "who replaces has no condition";
}

TEST_F(GsXmlApi, WhatBelongsToTheBucketIsSaidInHeaders) {
  imposter::Config config;
  config.project_billed = "payer";
  start(config);
  const std::string key = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
  EXPECT_FALSE(open_signed());
  const auto sink = must_open_signed("&user_project=payer&kms_key=" + key + kSmallPieces);
  EXPECT_TRUE(put(*sink, "small", "x"));
  EXPECT_TRUE(put(*sink, "large", bytes_of(700'000)));
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"large", "small"}));
  EXPECT_EQ(sent("insert", "x-goog-user-project"), "payer");
  EXPECT_EQ(sent("begin", "x-goog-encryption-kms-key-name"), key);
}

TEST_F(GsXmlApi, AWrongSecretIsNamedAndNotShown) {
  start();
  const auto sink = open_signed("", "another/secret");
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(sink.error().message.find("SignatureDoesNotMatch, HTTP 403)"), std::string::npos)
      << sink.error().message;
  EXPECT_EQ(sink.error().message.find("another"), std::string::npos);
}

TEST_F(GsXmlApi, TheClockOfTheServiceIsLearnt) {
  imposter::Config config;
  config.clock_offset_s = -40 * 60;
  start(config);
  const auto sink = must_open_signed();
  EXPECT_EQ(log_.count("requests are signed by the store's", TIDEMARK_LOG_WARN), 1u);
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(count("status.403"), 1u);
}

// What HEAD says of an object may be about the bucket.
TEST_F(GsXmlApi, ABucketThatIsGoneIsNoMissingObject) {
  start();
  const auto sink = must_open_signed();
  change([](imposter::Config& config) { config.bucket = "another"; });
  const Result<ObjectInfo> info = sink->head("k", Call());
  EXPECT_EQ(status_of(info), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(info.error().message.find("NoSuchBucket"), std::string::npos) << info.error().message;
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
}

TEST_F(GsXmlApi, APageThatSaysNotFoundIsNotBelieved) {
  start();
  const auto sink = must_open_signed();
  fail_with(Fault::kNotFoundPage);
  EXPECT_EQ(status_of(sink->head("k", Call())), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status_of(sink->remove("k", Call())), TIDEMARK_E_RETRYABLE);
}

TEST_F(GsXmlApi, RefusalsAreDecidedByALook) {
  start();
  const auto sink = must_open_signed();
  const Refusal denied = {403, "forbidden", "a does not have storage.objects.delete access", {}};
  change([&](imposter::Config& config) { config.odd.creation = denied; });
  const Status refused = put(*sink, "k", "x");
  EXPECT_EQ(status_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(refused.error().message.find("storage.objects.create"), std::string::npos)
      << refused.error().message;
  heal();
  ASSERT_TRUE(put(*sink, "k", "x"));
  change([&](imposter::Config& config) { config.odd.creation = denied; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
}

TEST_F(GsXmlApi, ClassesOfFaults) {
  start();
  const auto sink = must_open_signed("&stall_timeout_ms=1000");
  struct Case {
    Fault fault;
    tidemark_status status;
    bool is_done;  // although it was not said
  };
  const Case cases[] = {{Fault::kSlowDown, TIDEMARK_E_THROTTLED, false},
                        {Fault::kInternal, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kTooMany, TIDEMARK_E_THROTTLED, false},
                        {Fault::kResetBefore, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kResetMiddle, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kResetAfter, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kLostAnswer, TIDEMARK_E_RETRYABLE, true},
                        {Fault::kConflict, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kRedirect, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kOkPage, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kAccepted, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kOkLost, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kFlippedBit, TIDEMARK_E_RETRYABLE, false},
                        {Fault::kNotFoundPage, TIDEMARK_E_RETRYABLE, false}};
  for (const Case& one : cases) {
    SCOPED_TRACE(imposter::name_of(one.fault));
    const std::string key = imposter::name_of(one.fault);
    fail_with(one.fault);
    const Status outcome = put(*sink, key, std::string(5000, 'x'));
    EXPECT_EQ(status_of(outcome), one.status) << (outcome ? "" : outcome.error().message);
    heal();
    EXPECT_EQ(is_stored(key), one.is_done);
    EXPECT_EQ(status_of(put(*sink, key, std::string(5000, 'x'))),
              one.is_done ? TIDEMARK_E_EXISTS : TIDEMARK_OK);
  }
  EXPECT_EQ(service().shown_at_decoy(), 0u);
}

TEST_F(GsXmlApi, AListingThatIsCutIsAskedForAgain) {
  start();
  const auto sink = must_open_signed();
  ASSERT_TRUE(put(*sink, "k", "x"));
  fail_with(Fault::kTruncatedXml);
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  const Status cut = sink->list("", "", visit, Call());
  EXPECT_EQ(status_of(cut), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(cut.error().message.find("incomplete XML"), std::string::npos) << cut.error().message;
}

TEST_F(GsXmlApi, KeysAreFoundInTheEnvironmentToo) {
  start();
  setenv("GS_ACCESS_KEY_ID", imposter::kHmacId, 1);
  setenv("GS_SECRET_ACCESS_KEY", imposter::kHmacSecret, 1);
  const auto sink = open("gs://tidemark/p?endpoint=" + service_->endpoint());
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_TRUE(put(**sink, "k", "x"));
  EXPECT_EQ(service().desk.given(), 0u);
  EXPECT_TRUE(open(url())) << "a file that is named is asked first";
  EXPECT_EQ(service().desk.given(), 1u);
  unsetenv("GS_SECRET_ACCESS_KEY");
  EXPECT_EQ(status_of(open("gs://tidemark/p?endpoint=" + service_->endpoint())), TIDEMARK_E_INVALID);
  unsetenv("GS_ACCESS_KEY_ID");
}

}  // namespace
}  // namespace tidemark::sinks::gs
