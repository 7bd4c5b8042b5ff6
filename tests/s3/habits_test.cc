// Stores with habits of their own: what is benign works, and what is not is said within the call.
#include <thread>

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Condition;
using imposter::Fault;
using imposter::Habit;

imposter::Config with(std::initializer_list<Habit> habits) {
  imposter::Config config;
  config.habits = habits;
  config.max_keys = 3;
  return config;
}

class S3Habits : public S3SinkTest {
 protected:
  void set_habits(std::initializer_list<Habit> habits) {
    store().reconfigure([&](imposter::Config& config) { config.habits = habits; });
  }
  // Fails with a reason that names `word`, in one call.
  void expect_list_refused(S3Sink& sink, const std::string& word) {
    const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
    const Status refused = sink.list("", "", visit, Call(nullptr, nullptr));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, TIDEMARK_E_PERMANENT);
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
  }
};

TEST_F(S3Habits, AnArchiveIsKeptInEachBenignStore) {
  for (size_t kind = 0; kind < imposter::kBenignHabits; ++kind) {
    const auto habit = static_cast<Habit>(kind);
    SCOPED_TRACE(imposter::name_of(habit));
    start(with({habit}));
    const auto sink = must_open("&multipart_threshold=5MiB&multipart_part_size=5MiB");
    const std::string large(6 << 20, 'l');
    std::vector<std::string> keys;
    for (int i = 0; i < 8; ++i) {
      keys.push_back("a/" + std::to_string(i));
      const Status outcome = put(*sink, keys.back(), "small");
      EXPECT_TRUE(outcome) << outcome.error().message;
    }
    const Status outcome = put(*sink, "large", large);
    EXPECT_TRUE(outcome) << outcome.error().message;
    keys.emplace_back("large");
    EXPECT_EQ(status_of(put(*sink, "a/0", "other")), TIDEMARK_E_EXISTS);
    EXPECT_EQ(list(*sink), keys);
    EXPECT_EQ(list(*sink, "a/", "a/5"), (std::vector<std::string>{"a/6", "a/7"}));
    std::string got;
    EXPECT_TRUE(get(*sink, "large", &got));
    EXPECT_TRUE(got == large);
    EXPECT_EQ(sink->head("a/1", Call(nullptr, nullptr))->size_bytes, 5u);
    EXPECT_EQ(status_of(sink->head("none", Call(nullptr, nullptr))), TIDEMARK_E_NOT_FOUND);
    EXPECT_TRUE(sink->remove("a/1", Call(nullptr, nullptr)));
    EXPECT_FALSE(is_stored("a/1"));
    EXPECT_TRUE(sink->remove("a/1", Call(nullptr, nullptr)));
    EXPECT_TRUE(store().store.uploads().empty());
    EXPECT_FALSE(store().store.contains("p/.tidemark-probe"));
    for (const auto& [key, times] : store().store.creates()) {
      EXPECT_TRUE(times == 1 || key.find(".tidemark-probe-") != std::string::npos) << key;
    }
  }
}

TEST_F(S3Habits, PrefixesThatHaveToBeEncoded) {
  const Habit ideas[] = {Habit::kPlusAlone, Habit::kUnsaidEncoding, Habit::kNeverEncodes,
                         Habit::kOnlySaysEncoding, Habit::kNoToken};
  for (const std::string prefix : {"a+b", "a%20b", "a%2Bb", "a%2541%25+b"}) {
    for (const Habit habit : ideas) {
      SCOPED_TRACE(prefix + " " + imposter::name_of(habit));
      start(with({habit}));
      const auto sink = open(url("", prefix));
      ASSERT_TRUE(sink) << sink.error().message;
      std::vector<std::string> keys;
      for (int i = 0; i < 7; ++i) {
        keys.push_back("main/1/" + std::to_string(i));
        ASSERT_TRUE(put(**sink, keys.back(), "x"));
      }
      EXPECT_EQ(list(**sink), keys);
    }
  }
}

TEST_F(S3Habits, ALostObjectIsNeverAcknowledged) {
  start();
  const auto sink = must_open();
  const Fault faults[] = {Fault::kPutErrorBefore, Fault::kOkPage, Fault::kAccepted, Fault::kOkLost};
  for (const Fault fault : faults) {
    SCOPED_TRACE(imposter::name_of(fault));
    for (const size_t size : {size_t{5}, size_t{300'000}}) {
      const std::string key = imposter::name_of(fault) + std::to_string(size);
      fail_with(fault);
      EXPECT_EQ(status_of(put(*sink, key, std::string(size, 'x'))), TIDEMARK_E_RETRYABLE);
      heal();
      EXPECT_FALSE(is_stored(key));
      EXPECT_TRUE(put(*sink, key, std::string(size, 'x')));
    }
  }
}

// The answer is wrong, and what it speaks of is there.
TEST_F(S3Habits, TheObjectItselfSettlesADoubt) {
  start();
  const auto sink = must_open();
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kPutErrorAfter] = 1;
    config.faults.most_in_a_row = 1;  // the look afterwards gets through
  });
  const uint64_t heads = count("HeadObject");
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(count("HeadObject") - heads, 1u);
  heal();
  // Another object of that size, and of another.
  for (const char* other : {"y", "yy"}) {
    ASSERT_TRUE(put(*sink, std::string("other") + other, other));
    store().reconfigure([](imposter::Config& config) { config.habits = {Habit::kStoresNothing}; });
    const Status outcome = put(*sink, std::string("other") + other, "x", 0);
    EXPECT_TRUE(outcome) << "the ETag is right, and there is no more that a store can say";
    set_habits({});
    store().reconfigure([](imposter::Config& config) {
      config.faults[Fault::kAccepted] = 1;
      config.faults.most_in_a_row = 1;
    });
    EXPECT_EQ(status_of(put(*sink, std::string("other") + other, "x", 0)), TIDEMARK_E_RETRYABLE);
    heal();
  }
}

TEST_F(S3Habits, WhereNothingTellsTheCallerLooks) {
  start(with({Habit::kOpaqueEtag, Habit::kNoChecksumEcho}));
  const auto sink = must_open();
  EXPECT_EQ(sink->traits().etag, Etag::kOpaque);
  store().reconfigure([](imposter::Config& config) {
    config.takes_checksums = true;
    config.faults[Fault::kPutErrorAfter] = 1;
    config.faults.most_in_a_row = 1;
  });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
}

// An ETag that is no digest may be that of nothing: the store's own checksum tells, or a look.
TEST_F(S3Habits, AnAnswerThatTellsNothingIsLookedInto) {
  for (const bool echoes : {true, false}) {
    SCOPED_TRACE(echoes);
    start(echoes ? with({Habit::kOpaqueEtag}) : with({Habit::kOpaqueEtag, Habit::kNoChecksumEcho}));
    const auto sink = must_open();
    store().reconfigure([](imposter::Config& config) { config.faults[Fault::kOkLost] = 1; });
    EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
    store().reconfigure([](imposter::Config& config) { config.faults = {}; });
    const uint64_t heads = count("HeadObject");
    EXPECT_TRUE(put(*sink, "k", "x"));
    EXPECT_EQ(count("HeadObject") - heads, echoes ? 0u : 1u) << "the echo is enough";
  }
}

TEST_F(S3Habits, EtagsAreLearnt) {
  const std::pair<Habit, Etag> cases[] = {{Habit::kOpaqueEtag, Etag::kOpaque},
                                          {Habit::kNoEtagOnPut, Etag::kMd5},
                                          {Habit::kNoEtag, Etag::kNone},
                                          {Habit::kCapitals, Etag::kMd5}};
  for (const auto& [habit, etag] : cases) {
    SCOPED_TRACE(imposter::name_of(habit));
    start(with({habit, Habit::kNoChecksumEcho}));
    const size_t said = log_.count("without an ETag");
    const auto sink = must_open();
    const bool has_none = habit == Habit::kNoEtagOnPut || habit == Habit::kNoEtag;
    EXPECT_EQ(sink->traits().etag, etag);
    EXPECT_EQ(sink->traits().puts_have_etag, !has_none);
    EXPECT_EQ(log_.count("without an ETag") - said, has_none ? 1u : 0u);
    const uint64_t heads = count("HeadObject");
    EXPECT_TRUE(put(*sink, "k", "x"));
    // What the answer does not tell is asked.
    EXPECT_EQ(count("HeadObject") - heads, has_none || etag == Etag::kOpaque ? 1u : 0u);
  }
}

// Nobody is believed who only stands in the way.
TEST_F(S3Habits, APageOfAProxyProvesNothing) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  const Call call(nullptr, nullptr);
  for (const Fault fault : {Fault::kNotFoundPage, Fault::kOkPage}) {
    SCOPED_TRACE(imposter::name_of(fault));
    fail_with(fault);
    std::string got;
    EXPECT_EQ(status_of(sink->head("k", call)), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(status_of(get(*sink, "k", &got)), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(status_of(get(*sink, "k", &got, {0, 1})), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(got, "");
    EXPECT_EQ(status_of(sink->remove("k", call)), TIDEMARK_E_RETRYABLE);
    const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
    EXPECT_EQ(status_of(sink->list("", "", visit, call)), TIDEMARK_E_RETRYABLE);
    heal();
    EXPECT_TRUE(is_stored("k"));
  }
}

TEST_F(S3Habits, AbsenceIsConfirmedWhereNothingShowsWhoSaidSo) {
  start(with({Habit::kNoRequestId}));
  const auto sink = must_open();
  const uint64_t gets = count("GetObject");
  EXPECT_EQ(status_of(sink->head("none", Call(nullptr, nullptr))), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(count("GetObject") - gets, 1u);
  set_habits({});
  EXPECT_EQ(status_of(sink->head("none", Call(nullptr, nullptr))), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(count("GetObject") - gets, 1u) << "else it costs nothing";
}

TEST_F(S3Habits, ARepeatedKeyIsPassedOverAndTold) {
  start(with({Habit::kRepeatsLastKey}));
  const auto sink = must_open();
  std::vector<std::string> keys;
  for (int i = 0; i < 9; ++i) {
    keys.push_back(std::to_string(i));
    ASSERT_TRUE(put(*sink, keys.back(), "x"));
  }
  EXPECT_EQ(list(*sink), keys);
  EXPECT_EQ(log_.count("more than once"), 1u) << "once a listing";
}

// "No more", and a token: what it leads to is part of the listing.
TEST_F(S3Habits, AListingContinuesWhereThereIsATokenWhateverIsTruncated) {
  start(with({}));
  const auto sink = must_open();
  std::vector<std::string> keys;
  for (int i = 0; i < 9; ++i) {
    keys.push_back(std::to_string(i));
    ASSERT_TRUE(put(*sink, keys.back(), "x"));
  }
  set_habits({Habit::kUnsaidMore});
  const uint64_t pages = count("ListObjectsV2");
  EXPECT_EQ(list(*sink), keys);
  EXPECT_EQ(count("ListObjectsV2") - pages, 3u);
}

// Neither "more" nor "no more", and no token: somebody on the way has taken them away, or it is a store that
// leaves out the word where it is false. What comes after the last name tells.
TEST_F(S3Habits, AListingWithoutItsEndIsFollowedToItsEnd) {
  start(with({}));
  const auto sink = must_open();
  std::vector<std::string> keys;
  for (int i = 0; i < 9; ++i) {
    keys.push_back(std::to_string(i));
    ASSERT_TRUE(put(*sink, keys.back(), "x"));
  }
  set_habits({Habit::kUnsaid, Habit::kNoToken});
  EXPECT_EQ(list(*sink), keys);
}

TEST_F(S3Habits, AListingThatCannotBeTrustedIsRefusedAtOnce) {
  start(with({}));
  const auto sink = must_open();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(put(*sink, std::to_string(i), "x"));
  const std::pair<Habit, const char*> cases[] = {{Habit::kSameToken, "does not list in byte order"},
                                                 {Habit::kUnordered, "does not list in byte order"},
                                                 {Habit::kStrangers, "other keys than asked for"},
                                                 {Habit::kListsBuckets, "path_style=true"}};
  for (const auto& [habit, word] : cases) {
    SCOPED_TRACE(imposter::name_of(habit));
    set_habits({habit});
    expect_list_refused(*sink, word);
  }
  store().reconfigure([](imposter::Config& config) {
    config.habits = {Habit::kOddTruncated};
    config.max_keys = 1000;
  });
  expect_list_refused(*sink, "IsTruncated is \"perhaps\"");
}

// Legal, and endless here.
TEST_F(S3Habits, EmptyPagesWithoutEndAreCounted) {
  start(with({}));
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  set_habits({Habit::kEmptyPages});
  const uint64_t pages = count("ListObjectsV2");
  expect_list_refused(*sink, "100 empty pages in a row");
  EXPECT_EQ(count("ListObjectsV2") - pages, 100u);
}

TEST_F(S3Habits, WhatIsWrongWithTheWholeSinkIsNoObjectsFailure) {
  start(with({}));
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  const Call call(nullptr, nullptr);
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  const auto expect_down = [&](const std::string& code) {
    SCOPED_TRACE(code);
    std::string got;
    const Status outcomes[] = {put(*sink, "l", "x"), get(*sink, "k", &got), sink->list("", "", visit, call)};
    for (const Status& outcome : outcomes) {
      EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE);
      EXPECT_EQ(outcome.error().code, code);
    }
  };
  store().reconfigure([](imposter::Config& config) { config.bucket = "another"; });
  expect_down("NoSuchBucket");
  store().reconfigure([](imposter::Config& config) {
    config.bucket = imposter::Config().bucket;
    config.access_key = "ANOTHERKEY0000000001";
  });
  expect_down("InvalidAccessKeyId");
  store().reconfigure([](imposter::Config& config) {
    config.access_key = imposter::Config().access_key;
    config.secret_key = "another-secret-key-00000000000000000001";
  });
  expect_down("SignatureDoesNotMatch");
  store().reconfigure([](imposter::Config& config) {
    config.secret_key = imposter::Config().secret_key;
    config.is_token_expired = true;
  });
  expect_down("ExpiredToken");
  store().reconfigure([](imposter::Config& config) { config.is_token_expired = false; });
  fail_with(Fault::kRedirect);
  expect_down("TemporaryRedirect");
  heal();
  EXPECT_TRUE(put(*sink, "l", "x"));
}

TEST_F(S3Habits, ExpectIsGivenUpWhereItIsRefused) {
  start(with({Habit::kRefusesExpect}));
  const std::string large(2 << 20, 'x');
  {
    const auto sink = must_open();
    EXPECT_TRUE(put(*sink, "a", large));
    const uint64_t refused = count("status.417");
    EXPECT_EQ(refused, 1u);
    EXPECT_TRUE(put(*sink, "b", large));
    EXPECT_EQ(count("status.417"), refused) << "remembered";
    EXPECT_EQ(log_.count("expect=never"), 1u);
  }
  const auto sink = must_open("&expect=never");
  const uint64_t refused = count("status.417");
  EXPECT_TRUE(put(*sink, "c", large));
  EXPECT_EQ(count("status.417"), refused) << "never asked";
}

// A flipped bit on the wire costs a request, not a partition's minutes.
TEST_F(S3Habits, ABodyThatArrivesBrokenIsSentAgainAtOnce) {
  start();
  const auto sink = must_open("&multipart_threshold=5MiB&multipart_part_size=5MiB");
  store().reconfigure([](imposter::Config& config) {
    config.faults[Fault::kFlippedBit] = 1;
    config.faults.most_in_a_row = 1;
  });
  for (const size_t size : {size_t{5}, size_t{300'000}, size_t{6} << 20}) {
    const std::string key = std::to_string(size), bytes(size, 'x');
    const uint64_t broken = count("fault.flipped_bit");
    const Status outcome = put(*sink, key, bytes);
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_GT(count("fault.flipped_bit"), broken);
    std::string got;
    EXPECT_TRUE(get(*sink, key, &got));
    EXPECT_TRUE(got == bytes);
  }
}

TEST_F(S3Habits, AKeyThatHasJustChangedIsTriedAgain) {
  const TempDir dir;
  const std::string file = dir / "credentials";
  const auto write_keys = [&](const std::string& key) {
    write_file(file, "[default]\naws_access_key_id=" + key +
                         "\naws_secret_access_key=" + imposter::Config().secret_key + "\n");
  };
  write_keys(imposter::Config().access_key);
  setenv("AWS_SHARED_CREDENTIALS_FILE", file.c_str(), 1);
  unsetenv("AWS_ACCESS_KEY_ID");
  start();
  const auto sink = open_sink<S3Sink>(url());
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE(put(**sink, "a", "x"));
  store().reconfigure([](imposter::Config& config) { config.access_key = "ANOTHERKEY0000000001"; });
  write_keys("ANOTHERKEY0000000001");
  EXPECT_TRUE(put(**sink, "b", "x")) << "the file is looked at before its time";
  // The store has not heard of the newest one yet.
  write_keys("ANOTHERKEY0000000002");
  store().reconfigure([](imposter::Config& config) { config.access_key = "ANOTHERKEY0000000003"; });
  const Status refused = put(**sink, "c", "x");
  EXPECT_EQ(status_of(refused), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(refused.error().code, "InvalidAccessKeyId");
  unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

// Without create-only: of two hosts that write one name, whoever comes second replaces the first; the first
// must get to know it.
TEST_F(S3Habits, WhoLosesARaceSeesIt) {
  imposter::Config config;
  config.put_condition = Condition::kIgnored;
  start(config);
  const auto one = must_open(), other = must_open();
  store().reconfigure([](imposter::Config& changed) { changed.put_delay_ms = 150; });
  for (int i = 0; i < 5; ++i) {
    const std::string key = std::to_string(i);
    Status first, second;
    std::thread racer([&] { second = put(*other, key, "second"); });
    first = put(*one, key, "first!");
    racer.join();
    const std::optional<imposter::Object> object = store().store.find("p/" + key);
    std::string there;
    ASSERT_TRUE(object && object->read(0, object->size(), &there));
    EXPECT_EQ(status_of(there == "first!" ? first : second), TIDEMARK_OK);
    EXPECT_EQ(status_of(there == "first!" ? second : first), TIDEMARK_E_EXISTS) << "the object is " << there;
  }
  EXPECT_TRUE(put(*one, "alone", "x"));
}

}  // namespace
}  // namespace tidemark::sinks::s3
