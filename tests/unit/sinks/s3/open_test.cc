// Opening a store: what is found out, what is asked again, and what an operator is told.
#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Condition;
using imposter::Fault;
using imposter::Habit;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

class S3Open : public S3SinkTest {
 protected:
  void start_with(std::initializer_list<Habit> habits) {
    imposter::Config config;
    config.habits = habits;
    start(config);
  }
  // Why it cannot be opened.
  std::string refusal(const std::string& more = "", tidemark_status status = TIDEMARK_E_PERMANENT) {
    const auto sink = open(url(more));
    EXPECT_EQ(status_of(sink), status);
    return sink ? "" : sink.error().message;
  }
};

TEST_F(S3Open, APolicyThatDemandsTheConditionIsNoObstacle) {
  start_with({Habit::kDemandsCondition});
  const auto sink = must_open();
  EXPECT_TRUE(sink->traits().conditional_put);
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(status_of(put(*sink, "k", "y")), TIDEMARK_E_EXISTS);
}

TEST_F(S3Open, WithoutUploadsObjectsGoInOneRequest) {
  for (const Habit habit : {Habit::kNoUploads, Habit::kUnknownUploads}) {
    SCOPED_TRACE(imposter::name_of(habit));
    start_with({habit});
    const size_t said = log_.count("no multipart uploads");
    const auto sink = must_open("&multipart_threshold=5MiB&multipart_part_size=5MiB");
    EXPECT_FALSE(sink->traits().multipart);
    EXPECT_EQ(log_.count("no multipart uploads") - said, 1u);
    EXPECT_TRUE(put(*sink, "k", std::string(6 << 20, 'x')));
  }
}

TEST_F(S3Open, ABusyStoreIsAskedAgain) {
  for (const Fault fault : {Fault::kSlowDown, Fault::kInternal, Fault::kTooMany, Fault::kResetBefore,
                            Fault::kLostAnswer, Fault::kTruncatedXml, Fault::kOkPage, Fault::kNotFoundPage}) {
    SCOPED_TRACE(imposter::name_of(fault));
    imposter::Config config;
    config.faults[fault] = 1;
    config.faults.most_in_a_row = 2;
    config.faults.retry_after_s = 0;
    start(config);
    const tidemark_call raw = {sizeof raw, 60'000, nullptr, nullptr};
    const auto sink = open(url(), Call(&raw, nullptr));
    ASSERT_TRUE(sink) << sink.error().message;
    EXPECT_TRUE((*sink)->traits().conditional_put);
    EXPECT_GT(count(std::string("fault.") + imposter::name_of(fault)), 0u);
  }
}

TEST_F(S3Open, PatienceEndsWithTheCall) {
  start();
  fail_with(Fault::kSlowDown);
  const tidemark_call raw = {sizeof raw, 400, nullptr, nullptr};
  const auto sink = open(url(), Call(&raw, nullptr));
  EXPECT_EQ(status_of(sink), TIDEMARK_E_THROTTLED);
  EXPECT_NE(sink.error().message.find("SlowDown"), std::string::npos) << "what the store said, not the time";
  EXPECT_GT(count("ListObjectsV2"), 1u);
}

TEST_F(S3Open, TheOperatorIsToldWhatToChange) {
  const std::pair<Habit, const char*> cases[] = {{Habit::kNamesEndpoint, "s3.elsewhere.example"},
                                                 {Habit::kForbidsPathStyle, "path_style=false"},
                                                 {Habit::kOtherBucketName, "path_style=false"},
                                                 {Habit::kListsBuckets, "path_style=true"},
                                                 {Habit::kOddTruncated, "IsTruncated"}};
  for (const auto& [habit, word] : cases) {
    start_with({habit});
    const std::string message = refusal();
    EXPECT_NE(message.find(word), std::string::npos) << message;
  }
  start_with({Habit::kNoListing});
  EXPECT_NE(refusal("", TIDEMARK_E_RETRYABLE).find("HTTP 204 with nothing is not a page of a listing"),
            std::string::npos);
  start_with({Habit::kStoresNothing});
  EXPECT_NE(refusal().find("the store said that it has the probe"), std::string::npos);
  imposter::Config config;
  config.region = "eu-west-7";
  config.names_region = false;
  start(config);
  EXPECT_NE(refusal().find("set region"), std::string::npos) << "guessed";
  EXPECT_NE(refusal("&region=eu-west-1").find("eu-west-1"), std::string::npos);
  start();
  EXPECT_NE(refusal("&expected_bucket_owner=999999999999").find("s3:ListBucket"), std::string::npos);
}

TEST_F(S3Open, OpenEndsInTime) {
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

TEST_F(S3Open, OpeningNamesWhatIsWrong) {
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

TEST_F(S3Open, OneWarningSaysWhatRemainsPossible) {
  imposter::Config config;
  config.put_condition = Condition::kIgnored;
  start(config);
  must_open();
  EXPECT_EQ(log_.count("can replace an object"), 1u);
}

TEST_F(S3Open, AStoreThatCanEverythingIsAskedNoMoreThanBefore) {
  start();
  must_open();
  EXPECT_EQ(count("ListObjectsV2"), 1u);
  EXPECT_EQ(count("PutObject"), 3u);
  EXPECT_EQ(count("ListMultipartUploads"), 1u);
  EXPECT_EQ(count("HeadObject") + count("GetObject"), 0u);
}

}  // namespace
}  // namespace tidemark::sinks::s3
