// Negotiation, opening, and callers that are older, newer or careless.
#include <cstring>
#include <thread>

#include "harness.h"

namespace conformance {
namespace {

TEST(Negotiation, OtherMajorsAreDeclined) {
  EXPECT_EQ(config().entry(0), nullptr);
  EXPECT_EQ(config().entry(999), nullptr);
}

TEST(Negotiation, TableIsComplete) {
  const tidemark_sink_api* api = config().entry(TIDEMARK_SINK_ABI_MAJOR);
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api, config().entry(TIDEMARK_SINK_ABI_MAJOR));
  EXPECT_EQ(api->abi_major, TIDEMARK_SINK_ABI_MAJOR);
  ASSERT_TRUE(TIDEMARK_HAS(api, tidemark_sink_api, get_extension));
  EXPECT_LT(api->struct_size, 65536u);
  ASSERT_NE(api->name, nullptr);
  EXPECT_NE(*api->name, '\0');
  ASSERT_NE(api->version, nullptr);
  EXPECT_NE(*api->version, '\0');
  for (const void* function :
       {reinterpret_cast<const void*>(api->open), reinterpret_cast<const void*>(api->close),
        reinterpret_cast<const void*>(api->put), reinterpret_cast<const void*>(api->head),
        reinterpret_cast<const void*>(api->get), reinterpret_cast<const void*>(api->list),
        reinterpret_cast<const void*>(api->remove), reinterpret_cast<const void*>(api->get_extension)}) {
    EXPECT_NE(function, nullptr);
  }
}

TEST(Open, UnknownOptionIsNamed) {
  auto options = config().options;
  options.emplace_back("no_such_option", "1");
  tidemark_sink* sink = nullptr;
  const Outcome outcome = try_open(config().url, options, nullptr, &sink);
  EXPECT_STATUS(outcome, TIDEMARK_E_INVALID);
  EXPECT_NE(outcome.message().find("no_such_option"), std::string::npos) << outcome;
  EXPECT_EQ(sink, nullptr);
}

TEST(Open, UnknownOptionInTheUrlIsNamed) {
  const char joint = config().url.find('?') == std::string::npos ? '?' : '&';
  tidemark_sink* sink = nullptr;
  const Outcome outcome =
      try_open(config().url + joint + "no_such_option=1", config().options, nullptr, &sink);
  EXPECT_STATUS(outcome, TIDEMARK_E_INVALID);
  EXPECT_NE(outcome.message().find("no_such_option"), std::string::npos) << outcome;
  EXPECT_EQ(sink, nullptr);
}

TEST(Open, BadUrls) {
  for (const char* url : {"", "no url", "://", "nosuchscheme:///x", "%"}) {
    tidemark_sink* sink = nullptr;
    EXPECT_STATUS(try_open(url, config().options, nullptr, &sink), TIDEMARK_E_INVALID) << url;
    EXPECT_EQ(sink, nullptr);
  }
  tidemark_sink* sink = nullptr;
  EXPECT_STATUS(try_open(config().url + (config().url.find('?') == std::string::npos ? "?" : "&") + "a=%zz",
                         config().options, nullptr, &sink),
                TIDEMARK_E_INVALID);
}

TEST(Open, CancelledBefore) {
  Cancel cancel;
  cancel.now();
  tidemark_sink* sink = nullptr;
  EXPECT_STATUS(try_open(config().url, config().options, cancel.call(), &sink), TIDEMARK_E_CANCELLED);
  EXPECT_EQ(sink, nullptr);
}

TEST(Open, NullErrorIsFine) {
  tidemark_sink* sink = nullptr;
  EXPECT_EQ(config().api->open(nullptr, str("nosuchscheme:///x"), nullptr, 0, nullptr, &sink, nullptr),
            TIDEMARK_E_INVALID);
  EXPECT_EQ(config().api->open(nullptr, str(config().url), nullptr, 0, nullptr, nullptr, nullptr),
            TIDEMARK_E_INVALID);
}

TEST(Open, ErrorOfAnOlderCallerIsNotOverrun) {
  tidemark_error error;
  std::memset(&error, 0x5A, sizeof error);
  const tidemark_error before = error;
  error.struct_size = offsetof(tidemark_error, code);
  tidemark_sink* sink = nullptr;
  EXPECT_EQ(config().api->open(nullptr, str("nosuchscheme:///x"), nullptr, 0, nullptr, &sink, &error),
            TIDEMARK_E_INVALID);
  EXPECT_EQ(std::memcmp(error.code, before.code, sizeof error.code), 0);
  EXPECT_EQ(std::memcmp(error.message, before.message, sizeof error.message), 0);
}

TEST(Open, ClosingNothingIsFine) { config().api->close(nullptr); }

class Peer : public SinkTest {};

TEST_F(Peer, ShortErrorStruct) {
  tidemark_error error;
  std::memset(&error, 0x5A, sizeof error);
  error.struct_size = 4;
  tidemark_error expected = error;
  tidemark_object object = {sizeof object, 0, 0, 0};
  EXPECT_EQ(config().api->head(sink_.handle(), str(key("absent")), nullptr, &object, &error),
            TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(std::memcmp(&error, &expected, sizeof error), 0) << "wrote behind struct_size";
  EXPECT_EQ(config().api->head(sink_.handle(), str(key("absent")), nullptr, &object, nullptr),
            TIDEMARK_E_NOT_FOUND);
}

TEST_F(Peer, HeadKeepsToTheStructOfTheCaller) {
  ASSERT_STATUS(sink_.put(key("a"), "123"), TIDEMARK_OK);
  tidemark_object older = {offsetof(tidemark_object, modified_us), 0, 0, 77};
  ASSERT_EQ(config().api->head(sink_.handle(), str(key("a")), nullptr, &older, nullptr), TIDEMARK_OK);
  EXPECT_EQ(older.size_bytes, 3u);
  EXPECT_EQ(older.modified_us, 77);
  EXPECT_EQ(older.struct_size, offsetof(tidemark_object, modified_us));

  struct {
    tidemark_object object;
    uint64_t future;
  } newer = {{sizeof newer, 0, 0, 0}, 77};
  ASSERT_EQ(config().api->head(sink_.handle(), str(key("a")), nullptr, &newer.object, nullptr), TIDEMARK_OK);
  EXPECT_EQ(newer.object.size_bytes, 3u);
  EXPECT_LE(newer.object.struct_size, sizeof newer);
  EXPECT_GE(newer.object.struct_size, sizeof(tidemark_object));
}

TEST_F(Peer, SourceOfAnOlderCallerHasNoData) {
  Body body("from read");
  tidemark_source source = *body.source();
  source.struct_size = offsetof(tidemark_source, data);
  source.data = reinterpret_cast<const uint8_t*>(1);  // not ours to look at
  ASSERT_EQ(config().api->put(sink_.handle(), str(key("a")), &source, 0, nullptr, nullptr), TIDEMARK_OK);
  expect_object(key("a"), "from read");
}

TEST_F(Peer, CallOfAnOlderCallerHasNoCancellation) {
  tidemark_call call = {offsetof(tidemark_call, ctx), 60'000, nullptr,
                        reinterpret_cast<int32_t (*)(void*)>(1)};
  Body body("x");
  EXPECT_STATUS(sink_.put(key("a"), body, 0, &call), TIDEMARK_OK);
}

TEST_F(Peer, NullArgumentsAreErrors) {
  Body body("x");
  const tidemark_sink_api* api = config().api;
  const std::string name = key("a");
  EXPECT_EQ(api->put(sink_.handle(), str(name), nullptr, 0, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api->put(nullptr, str(name), body.source(), 0, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api->get(sink_.handle(), str(name), 0, 1, nullptr, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api->head(sink_.handle(), str(name), nullptr, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api->list(sink_.handle(), str(""), str(""), nullptr, nullptr, nullptr, nullptr),
            TIDEMARK_E_INVALID);
}

TEST_F(Peer, UnknownExtension) {
  EXPECT_EQ(config().api->get_extension(sink_.handle(), "tidemark.no-such-thing/1"), nullptr);
}

TEST_F(Peer, ReopenSeesTheSame) {
  // A sink that keeps objects in its own memory only starts empty; nothing is promised then.
  if (!keeps_bodies()) GTEST_SKIP() << "keeps nothing across instances";
  const std::string bytes = make_body(100'000);
  ASSERT_STATUS(sink_.put(key("a/b"), bytes), TIDEMARK_OK);
  OpenSink second;
  std::string got;
  ASSERT_STATUS(second.get(key("a/b"), &got), TIDEMARK_OK);
  EXPECT_TRUE(got == bytes);
  EXPECT_EQ(second.keys(prefix_), std::vector<std::string>{key("a/b")});
  ASSERT_STATUS(second.remove(key("a/b")), TIDEMARK_OK);
  expect_absent(key("a/b"));
}

}  // namespace
}  // namespace conformance
