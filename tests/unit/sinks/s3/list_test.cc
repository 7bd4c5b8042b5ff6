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

}  // namespace
}  // namespace tidemark::sinks::s3
