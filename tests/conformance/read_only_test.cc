// A sink that is opened to be read, and what a sink tells of its options.
#include <cstring>
#include <set>

#include "harness.h"

namespace conformance {
namespace {

class ReadOnly : public SinkTest {};

TEST_F(ReadOnly, ReadsWhatIsThere) {
  if (!keeps_bodies()) GTEST_SKIP() << "keeps nothing across instances";
  const std::string bytes = make_body(70'000);
  ASSERT_STATUS(sink_.put(key("a/b"), bytes), TIDEMARK_OK);
  OpenSink reader(/*reads_only=*/true);
  tidemark_object object;
  ASSERT_STATUS(reader.head(key("a/b"), &object), TIDEMARK_OK);
  EXPECT_EQ(object.size_bytes, bytes.size());
  std::string got;
  ASSERT_STATUS(reader.get(key("a/b"), &got), TIDEMARK_OK);
  EXPECT_TRUE(got == bytes);
  EXPECT_EQ(reader.keys(prefix_), std::vector<std::string>{key("a/b")});
  EXPECT_STATUS(reader.head(key("absent"), &object), TIDEMARK_E_NOT_FOUND);
}

TEST_F(ReadOnly, RefusesToChangeAnything) {
  ASSERT_STATUS(sink_.put(key("a"), "before"), TIDEMARK_OK);
  OpenSink reader(/*reads_only=*/true);
  for (const uint32_t flags : {0U, TIDEMARK_PUT_IF_ABSENT}) {
    EXPECT_STATUS(reader.put(key("a"), "after", flags), TIDEMARK_E_INVALID);
    EXPECT_STATUS(reader.put(key("b"), "new", flags), TIDEMARK_E_INVALID);
  }
  EXPECT_STATUS(reader.remove(key("a")), TIDEMARK_E_INVALID);
  EXPECT_STATUS(reader.remove(key("absent")), TIDEMARK_E_INVALID);
  expect_object(key("a"), "before");
  expect_absent(key("b"));
}

TEST_F(ReadOnly, AHostThatDoesNotSaySoMayWrite) {
  tidemark_sink_host host = {};
  host.struct_size = offsetof(tidemark_sink_host, flags);
  host.flags = TIDEMARK_OPEN_READ_ONLY;  // behind what this host has
  tidemark_sink* sink = nullptr;
  ASSERT_STATUS(try_open(config().url, config().options, nullptr, &sink, &host), TIDEMARK_OK);
  Body body("x");
  EXPECT_EQ(config().api->put(sink, str(key("a")), body.source(), 0, nullptr, nullptr), TIDEMARK_OK);
  config().api->close(sink);
}

TEST(ToldOptions, AreTextForPeople) {
  const tidemark_sink_api* api = config().api;
  if (!TIDEMARK_HAS(api, tidemark_sink_api, option_count) || api->options == nullptr) {
    GTEST_SKIP() << "tells nothing of its options";
  }
  ASSERT_GT(api->option_count, 0u);
  ASSERT_LE(api->option_count, TIDEMARK_OPTIONS_MAX);
  std::set<std::string> names;
  for (uint32_t i = 0; i < api->option_count; ++i) {
    const tidemark_sink_option& option = api->options[i];
    ASSERT_NE(option.name, nullptr);
    ASSERT_NE(option.fallback, nullptr) << option.name;
    ASSERT_NE(option.help, nullptr) << option.name;
    EXPECT_TRUE(names.insert(option.name).second) << option.name << " is reported twice";
    EXPECT_NE(*option.name, '\0');
    EXPECT_NE(*option.help, '\0') << option.name;
    for (const char* text : {option.name, option.fallback, option.help}) {
      EXPECT_EQ(std::strpbrk(text, "\r\n\t"), nullptr) << option.name << ": more than a line: " << text;
    }
  }
}

TEST(ToldOptions, AreKnown) {
  const tidemark_sink_api* api = config().api;
  if (!TIDEMARK_HAS(api, tidemark_sink_api, option_count)) GTEST_SKIP() << "tells nothing of its options";
  for (uint32_t i = 0; i < api->option_count; ++i) {
    const std::string name = api->options[i].name;
    if (name.ends_with('*')) continue;
    // Given twice it is refused for that, whatever its values; an unknown one is refused as unknown.
    tidemark_sink* sink = nullptr;
    const Outcome outcome = try_open(config().url, {{name, ""}, {name, ""}}, nullptr, &sink);
    EXPECT_STATUS(outcome, TIDEMARK_E_INVALID) << name;
    EXPECT_NE(outcome.message().find(name), std::string::npos) << outcome;
    EXPECT_EQ(outcome.message().find("unknown"), std::string::npos) << outcome;
  }
}

}  // namespace
}  // namespace conformance
