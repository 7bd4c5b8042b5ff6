#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Fault;

class S3List : public S3SinkTest {};

TEST_F(S3List, ATruncatedListingIsAnError) {
  start();
  const auto sink = must_open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(*sink, std::to_string(i), "x"));
  fail_with(Fault::kTruncatedXml);
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  EXPECT_EQ(status_of(sink->list("", "", visit, Call(nullptr, nullptr))), TIDEMARK_E_RETRYABLE);
}

TEST_F(S3List, ListsPageByPageWithoutTheSinksOwn) {
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

TEST_F(S3List, ListsByBytesWithinACharacter) {
  start();
  const auto sink = must_open();
  for (const char* key : {"a", "\xC3\xA4", "\xC3\xBC", "\xC4\x81"}) ASSERT_TRUE(put(*sink, key, "x"));
  EXPECT_EQ(list(*sink, "\xC3"), (std::vector<std::string>{"\xC3\xA4", "\xC3\xBC"}));
  EXPECT_EQ(list(*sink, "", "\xC3\xB0"), (std::vector<std::string>{"\xC3\xBC", "\xC4\x81"}));
}

using imposter::Habit;

class S3ListFolders : public S3SinkTest {
 protected:
  void start_with(std::initializer_list<Habit> habits, uint64_t max_keys = 3) {
    imposter::Config config;
    config.habits = habits;
    config.max_keys = max_keys;
    start(std::move(config));
    log_.clear();
    sink_ = must_open();
    for (const std::string& key : keys_) ASSERT_TRUE(put(*sink_, key, "x"));
    for (const char* foreign : {"p/.tidemark-probe-0", "p/a/", "p/a//x", "p/a/.x/y", "pq", "q/a/0"}) {
      ASSERT_TRUE(store().store.put(foreign, {}, false));
    }
    requests_ = count("ListObjectsV2");
  }
  Status list_folders(std::string_view prefix, std::string_view after, std::vector<std::string>* found) {
    const Visitor visit(
        [](void* ctx, tidemark_str key, const tidemark_object*) -> int32_t {
          static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(key));
          return 0;
        },
        found);
    return sink_->list_folders(prefix, after, visit, Call(nullptr, nullptr));
  }
  std::vector<std::string> folders(std::string_view prefix, std::string_view after = "") {
    std::vector<std::string> found;
    const Status listed = list_folders(prefix, after, &found);
    EXPECT_TRUE(listed) << listed.error().message;
    return found;
  }
  // Refused without asking again, and told once.
  void expect_given_up(const std::string& why) {
    std::vector<std::string> found;
    EXPECT_EQ(status_of(list_folders("", "", &found)), TIDEMARK_E_UNSUPPORTED);
    const uint64_t asked = count("ListObjectsV2");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(list_folders("a/", "", &found)), TIDEMARK_E_UNSUPPORTED);
    EXPECT_EQ(count("ListObjectsV2"), asked);
    EXPECT_EQ(log_.count("folders are found by listing what is in them"), 1u);
    EXPECT_EQ(log_.count(why), 1u);
  }
  uint64_t asked() { return count("ListObjectsV2") - requests_; }

  const std::vector<std::string> keys_ = {"a/1/x", "a/1/y", "a/10/x", "a/2/x/y", "a/b",
                                          "a/c/1", "b",     "c/1",    "d/1"};
  const std::vector<std::string> level_ = {"a/", "b", "c/", "d/"};
  const std::vector<std::string> below_ = {"a/1/", "a/10/", "a/2/", "a/b", "a/c/"};
  std::unique_ptr<S3Sink> sink_;
  uint64_t requests_ = 0;
};

TEST_F(S3ListFolders, OneRequestForAPageOfThem) {
  start_with({}, 1000);
  EXPECT_EQ(folders(""), level_);
  EXPECT_EQ(folders("a/"), below_);
  EXPECT_EQ(asked(), 2u);
  EXPECT_EQ(folders("a/1"), (std::vector<std::string>{"a/1/", "a/10/"}));
  EXPECT_EQ(folders("a/1/"), (std::vector<std::string>{"a/1/x", "a/1/y"}));
  EXPECT_EQ(folders("none/"), std::vector<std::string>());
  EXPECT_EQ(log_.count("listing what is in them"), 0u);
}

TEST_F(S3ListFolders, InEachBenignStore) {
  for (size_t kind = 0; kind < imposter::kBenignHabits; ++kind) {
    const auto habit = static_cast<Habit>(kind);
    if (habit == Habit::kIgnoresDelimiter || habit == Habit::kRefusesDelimiter) continue;
    SCOPED_TRACE(imposter::name_of(habit));
    start_with({habit});
    EXPECT_EQ(folders(""), level_);
    EXPECT_EQ(folders("a/"), below_);
    for (size_t i = 0; i < below_.size(); ++i) {
      const std::vector<std::string> rest(below_.begin() + static_cast<ptrdiff_t>(i) + 1, below_.end());
      EXPECT_EQ(folders("a/", below_[i]), rest) << below_[i];
      if (below_[i].ends_with('/')) {
        EXPECT_EQ(folders("a/", below_[i] + "x"), rest) << below_[i];
      }
    }
    EXPECT_EQ(folders("", "a"), level_);
    EXPECT_EQ(folders("a/", "a/"), below_);
  }
}

TEST_F(S3ListFolders, NamesOfEveryKind) {
  start_with({}, 2);
  for (const char* key : {"e/b+ %&<>", "e/c+ %2F&</1", "e/\u00E4/1", "e/\u00E4/2", "e/\u00E9/1"})
    ASSERT_TRUE(put(*sink_, key, "x"));
  EXPECT_EQ(folders("e/"), (std::vector<std::string>{"e/b+ %&<>", "e/c+ %2F&</", "e/\u00E4/", "e/\u00E9/"}));
  EXPECT_EQ(folders("e/\xC3"), (std::vector<std::string>{"e/\u00E4/", "e/\u00E9/"}));
  EXPECT_EQ(folders("e/", "e/\u00E4/1"), std::vector<std::string>{"e/\u00E9/"});
  EXPECT_EQ(folders("e/", "e/\xC3\xA5"), std::vector<std::string>{"e/\u00E9/"});
}

TEST_F(S3ListFolders, WhereTheDelimiterIsIgnoredItIsSeen) {
  start_with({Habit::kIgnoresDelimiter});
  expect_given_up("does not put folders together");
}

TEST_F(S3ListFolders, WhereItIsRefusedItIsAskedOnce) {
  start_with({Habit::kRefusesDelimiter});
  expect_given_up("NotImplemented");
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(list(*sink_, "b"), std::vector<std::string>{"b"}) << "all else goes on";
}

TEST_F(S3ListFolders, WhereNothingCanBeTrustedTheListingOfEverythingTells) {
  for (const Habit habit : {Habit::kUnordered, Habit::kStrangers, Habit::kSameToken, Habit::kEmptyPages}) {
    SCOPED_TRACE(imposter::name_of(habit));
    start_with({});
    store().reconfigure([&](imposter::Config& config) { config.habits = {habit}; });
    std::vector<std::string> found;
    EXPECT_EQ(status_of(list_folders("", "", &found)), TIDEMARK_E_UNSUPPORTED);
    EXPECT_EQ(log_.count("folders are found by listing what is in them"), 1u);
  }
}

TEST_F(S3ListFolders, ABadMinuteIsNoReasonToDoWithout) {
  start_with({});
  for (const Fault fault : {Fault::kSlowDown, Fault::kOkPage, Fault::kNotFoundPage, Fault::kTruncatedXml}) {
    SCOPED_TRACE(imposter::name_of(fault));
    fail_with(fault);
    std::vector<std::string> found;
    EXPECT_GE(status_of(list_folders("", "", &found)), TIDEMARK_E_RETRYABLE);
    heal();
    EXPECT_EQ(folders(""), level_);
  }
}

}  // namespace
}  // namespace tidemark::sinks::s3
