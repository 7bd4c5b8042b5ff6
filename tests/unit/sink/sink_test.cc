#include "sink/sink.h"

#include <gtest/gtest.h>

#include "sink/fake_table.h"

namespace tidemark::sink {
namespace {

using test::scripted;

class SinkTest : public ::testing::Test {
 protected:
  SinkTest() { scripted = test::ScriptedTable(); }

  void make_fail(tidemark_status status) {
    scripted.status = status;
    scripted.message = "the far side says so";
    scripted.retry_after_ms = 123;
  }
  static void expect_failure(const Status& status, tidemark_status wanted, const std::string& where) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().status, wanted);
    EXPECT_EQ(status.error().message, where + ": the far side says so");
    EXPECT_EQ(status.error().retry_after_ms, 123U);
  }

  tidemark_sink_api table_ = test::fake_table();
  Sink sink_{&table_, nullptr, nullptr};
};

TEST_F(SinkTest, CallsAreHandedOn) {
  const tidemark_call call = {sizeof call, 5, nullptr, nullptr};
  const tidemark_source source = {};
  EXPECT_TRUE(sink_.put("k", source, TIDEMARK_PUT_IF_ABSENT, &call));
  EXPECT_EQ(scripted.flags, TIDEMARK_PUT_IF_ABSENT);
  EXPECT_EQ(scripted.call, &call);
  EXPECT_TRUE(sink_.remove("k", nullptr));
  EXPECT_EQ(scripted.call, nullptr);
  const auto info = sink_.head("k", &call);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size_bytes, 10U);
  EXPECT_EQ(info->modified_us, 77);
  EXPECT_EQ(scripted.calls, (std::vector<std::string>{"put k", "remove k", "head k"}));
}

TEST_F(SinkTest, FailuresNameTheCallAndTheKey) {
  make_fail(TIDEMARK_E_THROTTLED);
  const tidemark_source source = {};
  expect_failure(sink_.put("k", source, 0, nullptr), TIDEMARK_E_THROTTLED, "put k");
  expect_failure(sink_.remove("k", nullptr), TIDEMARK_E_THROTTLED, "remove k");
  expect_failure(sink_.get(
                     "k", 0, 1, [](const void*, size_t) { return true; }, nullptr),
                 TIDEMARK_E_THROTTLED, "get k");
  expect_failure(sink_.list(
                     "p/", "s", [](std::string_view, const ObjectInfo&) { return true; }, nullptr),
                 TIDEMARK_E_THROTTLED, "list p/");
  const auto head = sink_.head("k", nullptr);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().message, "head k: the far side says so");
}

// A sink that says nothing: the status at least.
TEST_F(SinkTest, AFailureWithoutAMessageTellsItsStatus) {
  scripted.status = 4711;
  const Status status = sink_.remove("k", nullptr);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, 4711);
  EXPECT_EQ(status.error().message, "remove k: failed with status 4711");
}

TEST_F(SinkTest, GetStopsWhenTheWriterWantsNoMore) {
  std::string got;
  const auto take = [&](const void* data, size_t size) {
    got.append(static_cast<const char*>(data), size);
    return got.size() < 4;
  };
  const Status status = sink_.get("k", 0, UINT64_MAX, take, nullptr);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(got, "0123");
}

TEST_F(SinkTest, ListStopsWhenTheVisitorWantsNoMoreWhichIsNoError) {
  std::vector<std::string> seen;
  const auto visit = [&](std::string_view key, const ObjectInfo& info) {
    EXPECT_EQ(info.size_bytes, 3U);
    EXPECT_EQ(info.modified_us, 5);
    seen.emplace_back(key);
    return seen.size() < 2;
  };
  EXPECT_TRUE(sink_.list("a/", "", visit, nullptr));
  EXPECT_EQ(seen, (std::vector<std::string>{"a/1", "a/2"}));
}

TEST_F(SinkTest, CapabilitiesAreReadWhenAsked) {
  EXPECT_FALSE(sink_.wants_sha256());
  table_.capabilities = TIDEMARK_CAPABILITY_WANTS_SHA256 | 0x80U;
  EXPECT_TRUE(sink_.wants_sha256());
  EXPECT_FALSE(sink_.wants_crc32c());
  table_.capabilities = TIDEMARK_CAPABILITY_WANTS_CRC32C;
  EXPECT_FALSE(sink_.wants_sha256());
  EXPECT_TRUE(sink_.wants_crc32c());
}

class SinkRemovesMany : public SinkTest {
 protected:
  ~SinkRemovesMany() override { scripted.many = nullptr; }  // it is borrowed from a test
  // Opens a sink with the extension, or without.
  void open(const tidemark_draft_remove_many_api* many) {
    scripted.many = many;
    many_sink_ = std::make_unique<Sink>(&table_, nullptr, nullptr);
  }
  Status remove_many(size_t stop_after = SIZE_MAX, const tidemark_call* call = nullptr) {
    gone_.clear();
    scripted.calls.clear();
    const std::vector<std::string_view> keys = {"a", "b", "c", "d", "e"};
    return many_sink_->remove_many(
        keys,
        [&](size_t index) {
          gone_.push_back(index);
          return gone_.size() < stop_after;
        },
        call);
  }
  using Calls = std::vector<std::string>;

  const tidemark_draft_remove_many_api offer_ = {sizeof offer_, 2, test::fake_calls::remove_many};
  std::unique_ptr<Sink> many_sink_;
  std::vector<size_t> gone_;
  const std::vector<size_t> all_ = {0, 1, 2, 3, 4};
  const Calls one_by_one_ = {"remove a", "remove b", "remove c", "remove d", "remove e"};
};

TEST_F(SinkRemovesMany, AsManyAtATimeAsItTakes) {
  open(&offer_);
  EXPECT_TRUE(remove_many());
  EXPECT_EQ(gone_, all_);
  EXPECT_EQ(scripted.calls, (Calls{"remove_many a b", "remove_many c d", "remove e"}));
}

TEST_F(SinkRemovesMany, OneByOneWhereItIsNotOffered) {
  open(nullptr);
  EXPECT_TRUE(remove_many());
  EXPECT_EQ(gone_, all_);
  EXPECT_EQ(scripted.calls, one_by_one_);
  const tidemark_draft_remove_many_api odd[] = {
      {offsetof(tidemark_draft_remove_many_api, remove_many), 2, test::fake_calls::remove_many},
      {sizeof offer_, 0, test::fake_calls::remove_many},
      {sizeof offer_, 2, nullptr}};
  for (const auto& many : odd) {
    open(&many);
    EXPECT_TRUE(remove_many());
    EXPECT_EQ(scripted.calls, one_by_one_);
  }
  table_.get_extension = nullptr;
  open(&offer_);
  EXPECT_TRUE(remove_many());
  EXPECT_EQ(scripted.calls, one_by_one_);
}

TEST_F(SinkRemovesMany, InDoubtOneByOne) {
  constexpr tidemark_status kKinds[] = {TIDEMARK_E_UNSUPPORTED, TIDEMARK_E_RETRYABLE, TIDEMARK_E_PERMANENT,
                                        4711};
  for (const tidemark_status status : kKinds) {
    open(&offer_);
    scripted.many_status = status;
    EXPECT_TRUE(remove_many());
    EXPECT_EQ(gone_, all_);
    EXPECT_EQ(scripted.calls, (Calls{"remove_many a b", "remove a", "remove b", "remove_many c d", "remove c",
                                     "remove d", "remove e"}));
    make_fail(TIDEMARK_E_PERMANENT);
    expect_failure(remove_many(), TIDEMARK_E_PERMANENT, "remove a");
    EXPECT_TRUE(gone_.empty());
    scripted = test::ScriptedTable();
  }
}

TEST_F(SinkRemovesMany, NothingMoreOnceItIsCancelled) {
  open(&offer_);
  scripted.many_status = TIDEMARK_E_CANCELLED;
  const Status status = remove_many();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(status.error().message, "remove a: many are too many");
  EXPECT_EQ(scripted.calls, Calls{"remove_many a b"});
  scripted.many_status = TIDEMARK_E_UNSUPPORTED;
  const tidemark_call call = {sizeof call, 0, nullptr,
                              [](void*) { return scripted.calls.size() >= 2 ? 1 : 0; }};
  EXPECT_EQ(remove_many(SIZE_MAX, &call).error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(scripted.calls, (Calls{"remove_many a b", "remove a"}));
  EXPECT_EQ(gone_, std::vector<size_t>{0});
}

TEST_F(SinkRemovesMany, StopsWhenItIsTold) {
  open(&offer_);
  EXPECT_TRUE(remove_many(1));
  EXPECT_EQ(gone_.size(), 1u);
  EXPECT_EQ(scripted.calls, Calls{"remove_many a b"});
  open(nullptr);
  EXPECT_TRUE(remove_many(3));
  EXPECT_EQ(scripted.calls, (Calls{"remove a", "remove b", "remove c"}));
}

// First the sink is closed, then what it leans on goes.
TEST_F(SinkTest, TheLibraryGoesLast) {
  const auto library =
      std::shared_ptr<void>(nullptr, [](void*) { scripted.calls.emplace_back("library gone"); });
  auto sink = std::make_unique<Sink>(&table_, nullptr, library);
  const std::weak_ptr<void> watch = library;
  const_cast<std::shared_ptr<void>&>(library).reset();
  EXPECT_FALSE(watch.expired());
  sink.reset();
  EXPECT_EQ(scripted.calls, (std::vector<std::string>{"close", "library gone"}));
}

}  // namespace
}  // namespace tidemark::sink
