// Many removals in one request, and stores that do not take it or answer it in their own way.
#include <thread>

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Fault;
using imposter::Habit;

class S3RemoveMany : public S3SinkTest {
 protected:
  void start_with(std::initializer_list<Habit> habits, const std::string& more = "") {
    imposter::Config config;
    config.habits = habits;
    start(std::move(config));
    sink_ = must_open(more);
    for (const std::string& key : keys_) ASSERT_TRUE(put(*sink_, key, "x"));
    requests_ = count("DeleteObjects");
    ASSERT_EQ(requests_, 0u) << "nothing is asked before it is needed";
  }
  Status remove_many(const std::vector<std::string>& keys) {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    return sink_->remove_many(views, Call(nullptr, nullptr));
  }
  Status remove_many() { return remove_many(keys_); }
  std::vector<std::string> left() {
    std::vector<std::string> found;
    for (const std::string& key : keys_) {
      if (is_stored(key)) found.push_back(key);
    }
    return found;
  }
  // What is refused once is refused without asking, and told once.
  void expect_given_up(const std::string& why, uint64_t asked = 1) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(remove_many()), TIDEMARK_E_UNSUPPORTED);
    EXPECT_EQ(count("DeleteObjects"), asked);
    EXPECT_EQ(log_.count("objects are removed one by one"), 1u);
    EXPECT_EQ(log_.count(why), 1u);
    EXPECT_EQ(left(), keys_);
  }

  const std::vector<std::string> keys_ = {"a/1", "a/2", "a/3", "b/ <&>\"']]>", "b/\u00E4+%20", "c/  "};
  std::unique_ptr<S3Sink> sink_;
  uint64_t requests_ = 0;
};

TEST_F(S3RemoveMany, OneRequestRemovesAll) {
  start_with({});
  ASSERT_TRUE(put(*sink_, "stays", "x"));
  const Status outcome = remove_many();
  EXPECT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(left(), std::vector<std::string>());
  EXPECT_TRUE(is_stored("stays"));
  EXPECT_EQ(count("DeleteObjects"), 1u);
  EXPECT_TRUE(remove_many()) << "absent is gone";
  EXPECT_TRUE(remove_many({"a/1", "stays", "a/1"}));
  EXPECT_FALSE(is_stored("stays"));
  EXPECT_EQ(log_.count("one by one"), 0u);
}

TEST_F(S3RemoveMany, AsManyAsAStoreTakes) {
  start_with({});
  std::vector<std::string> many;
  for (uint32_t i = 0; i < S3Sink::kRemovalsMax; ++i) {
    many.push_back(std::string(900, i % 2 == 0 ? '&' : 'n') + std::to_string(i));
  }
  ASSERT_TRUE(put(*sink_, many.front(), "x"));
  ASSERT_TRUE(put(*sink_, many.back(), "x"));
  const Status outcome = remove_many(many);
  EXPECT_TRUE(outcome) << outcome.error().message;
  EXPECT_FALSE(is_stored(many.front()));
  EXPECT_FALSE(is_stored(many.back()));
}

// Of a store that knows no checksums, and where bodies are not signed.
TEST_F(S3RemoveMany, DigestsAsTheStoreTakesThem) {
  imposter::Config config;
  config.takes_checksums = false;
  config.takes_unsigned = true;
  start(std::move(config));
  sink_ = must_open();
  for (const std::string& key : keys_) ASSERT_TRUE(put(*sink_, key, "x"));
  const Status outcome = remove_many();
  EXPECT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(left(), std::vector<std::string>());
}

TEST_F(S3RemoveMany, StoresThatDoNotTakeItAreAskedOnce) {
  const std::pair<Habit, const char*> kinds[] = {{Habit::kNoRemovals, "NotImplemented"},
                                                 {Habit::kMalformedRemovals, "MalformedXML"},
                                                 {Habit::kDeniesRemovals, "it needs s3:DeleteObject"}};
  for (const auto& [habit, why] : kinds) {
    SCOPED_TRACE(imposter::name_of(habit));
    log_.clear();
    start_with({habit});
    expect_given_up(why);
    EXPECT_TRUE(sink_->remove(keys_.front(), Call(nullptr, nullptr)));
    EXPECT_FALSE(is_stored(keys_.front()));
  }
}

// Once it may be somebody on the way who has a bad minute.
TEST_F(S3RemoveMany, APageInTheWayIsAskedTwice) {
  start_with({Habit::kUnknownRemovals});
  EXPECT_EQ(status_of(remove_many()), TIDEMARK_E_RETRYABLE);
  expect_given_up("not the store's answer", 2);
  start_with({Habit::kUnknownRemovals});
  for (int i = 0; i < 3; ++i) {
    store().reconfigure([](imposter::Config& config) { config.habits = {Habit::kUnknownRemovals}; });
    EXPECT_EQ(status_of(remove_many()), TIDEMARK_E_RETRYABLE);
    store().reconfigure([](imposter::Config& config) { config.habits = {}; });
    EXPECT_TRUE(remove_many()) << "what comes between counts from the start";
  }
}

TEST_F(S3RemoveMany, ARefusalOfOneKeyIsTold) {
  start_with({Habit::kKeepsFirst});
  const Status outcome = remove_many();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(outcome.error().code, "AccessDenied");
  for (const char* part : {"\"p/a/1\"", "object lock", "and 5 more"}) {
    EXPECT_NE(outcome.error().message.find(part), std::string::npos) << outcome.error().message;
  }
  EXPECT_EQ(left(), std::vector<std::string>{"a/1"});
  EXPECT_EQ(log_.count("one by one"), 0u) << "the next may be taken";
  EXPECT_FALSE(remove_many());
  EXPECT_EQ(count("DeleteObjects"), 2u);
}

TEST_F(S3RemoveMany, OnlyWhatIsNamedIsGone) {
  start_with({Habit::kForgetsFirst});
  const Status outcome = remove_many();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(outcome.error().message.find("\"p/a/1\""), std::string::npos) << outcome.error().message;
  EXPECT_EQ(left(), std::vector<std::string>{"a/1"});
}

TEST_F(S3RemoveMany, NoSuchKeyIsGone) {
  start_with({Habit::kMissesAbsent});
  EXPECT_TRUE(remove_many());
  EXPECT_EQ(left(), std::vector<std::string>());
}

TEST_F(S3RemoveMany, AYesThatSaysNothingIsNone) {
  start_with({Habit::kEmptyRemovals});
  const Status outcome = remove_many();
  EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(outcome.error().message.find("nothing"), std::string::npos) << outcome.error().message;
  for (const Fault fault : {Fault::kOkPage, Fault::kTruncatedXml, Fault::kSlowDown, Fault::kInternal,
                            Fault::kResetBefore, Fault::kLostAnswer}) {
    SCOPED_TRACE(imposter::name_of(fault));
    start_with({});
    fail_with(fault);
    const tidemark_status wanted = fault == Fault::kSlowDown ? TIDEMARK_E_THROTTLED : TIDEMARK_E_RETRYABLE;
    EXPECT_EQ(status_of(remove_many()), wanted);
    heal();
    EXPECT_TRUE(remove_many()) << "none of these lasts";
    EXPECT_EQ(left(), std::vector<std::string>());
  }
}

// Keys, tokens and the clock are of the whole sink, and may be mended.
TEST_F(S3RemoveMany, WhatIsOfTheWholeSinkDoesNotTurnItOff) {
  start_with({});
  store().reconfigure([](imposter::Config& config) { config.is_token_expired = true; });
  EXPECT_EQ(status_of(remove_many()), TIDEMARK_E_RETRYABLE);
  store().reconfigure([](imposter::Config& config) { config.is_token_expired = false; });
  store().access.accept({"SOMEBODYELSES", "key", ""});
  EXPECT_EQ(status_of(remove_many()), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(left(), keys_);
  store().access.accept({imposter::Config().access_key, imposter::Config().secret_key, ""});
  const Status outcome = remove_many();
  EXPECT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(log_.count("one by one"), 0u);
}

// Nobody can know; `prune` and `verify` find what is left.
TEST_F(S3RemoveMany, AStoreThatLiesIsBelieved) {
  start_with({Habit::kRemovesNone});
  EXPECT_TRUE(remove_many());
  EXPECT_EQ(left(), keys_);
}

TEST_F(S3RemoveMany, BenignHabitsChangeNothing) {
  for (const Habit habit : {Habit::kPrefixedNames, Habit::kBlankFirst, Habit::kNoRequestId}) {
    SCOPED_TRACE(imposter::name_of(habit));
    start_with({habit});
    const Status outcome = remove_many();
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(left(), std::vector<std::string>());
  }
}

TEST_F(S3RemoveMany, KeysThatXmlCannotSayGoOneByOne) {
  start_with({});
  for (const std::string odd :
       {"tab\there", "line\nend", "bell\a", "del\x7F", "not utf8 \xFF", "\xEF\xBF\xBF"}) {
    EXPECT_EQ(status_of(remove_many({"a/1", odd})), TIDEMARK_E_UNSUPPORTED) << odd;
  }
  EXPECT_EQ(count("DeleteObjects"), 0u);
  EXPECT_EQ(left(), keys_);
  EXPECT_TRUE(remove_many()) << "the next has other keys";
}

TEST_F(S3RemoveMany, ACallEndsInTime) {
  start_with({});
  store().reconfigure([](imposter::Config& config) { config.delay_ms = 5000; });
  const CancelledAfter soon(std::chrono::milliseconds(100));
  const std::vector<std::string_view> views(keys_.begin(), keys_.end());
  EXPECT_EQ(status_of(sink_->remove_many(views, soon.call())), TIDEMARK_E_CANCELLED);
  EXPECT_LT(soon.late(), std::chrono::seconds(2));
}

TEST_F(S3RemoveMany, ManyThreadsAtATime) {
  start_with({});
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { done += remove_many() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 8);
  EXPECT_EQ(left(), std::vector<std::string>());
}

}  // namespace
}  // namespace tidemark::sinks::s3
