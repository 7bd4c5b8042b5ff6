// What a request learns from its answers, and what becomes of it where they fail.
#include "s3/client.h"

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Fault;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

class S3Client : public S3SinkTest {};

TEST_F(S3Client, OneRequestPerObjectOverOneConnection) {
  start();
  const auto sink = must_open();
  const uint64_t puts = count("PutObject"), connections = store().connections();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(put(*sink, std::to_string(i), "x"));
  EXPECT_EQ(count("PutObject") - puts, 50u);
  EXPECT_EQ(count("HeadObject"), 0u);
  EXPECT_EQ(store().connections(), connections);
}

TEST_F(S3Client, LearnsTheRegionFromTheAnswer) {
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

TEST_F(S3Client, CorrectsItsClockByTheStores) {
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

TEST_F(S3Client, RefreshesAnExpiredTokenAndRepeatsOnce) {
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

TEST_F(S3Client, ClassesOfFaults) {
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

TEST_F(S3Client, KeepsRetryAfter) {
  start();
  const auto sink = must_open();
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kTooMany] = 1;
    config.faults.retry_after_s = 17;
  });
  EXPECT_EQ(put(*sink, "k", "x").error().retry_after_ms, 17'000u);
}

TEST_F(S3Client, AStallIsNoticed) {
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

TEST_F(S3Client, CancelledWhileTheStoreIsSilent) {
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

}  // namespace
}  // namespace tidemark::sinks::s3
