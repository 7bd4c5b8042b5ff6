#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;
using Keys = std::vector<std::string>;

class GsList : public GsSinkTest {
 protected:
  Status list_of(GsSink& sink, std::string_view prefix, bool by_folders, Keys* keys,
                 std::string_view after = {}) {
    const Visitor visit(
        [](void* ctx, tidemark_str key, const tidemark_object*) -> int32_t {
          static_cast<Keys*>(ctx)->emplace_back(view(key));
          return 0;
        },
        keys);
    return by_folders ? sink.list_folders(prefix, after, visit, Call())
                      : sink.list(prefix, after, visit, Call());
  }
};

TEST_F(GsList, PagesAndAnInclusiveStart) {
  imposter::Config config;
  config.page_size = 3;
  start(config);
  const auto sink = must_open();
  Keys all;
  for (int i = 10; i < 30; ++i) {
    all.push_back("k" + std::to_string(i));
    ASSERT_TRUE(put(*sink, all.back(), "x"));
  }
  service().store.put("p/k10/", {}, false);         // somebody's "folder"
  service().store.put("p/.tidemark-x", {}, false);  // the sink's own
  service().store.put("q/other", {}, false);
  EXPECT_EQ(list(*sink), all);
  EXPECT_EQ(list(*sink, "k1"), Keys(all.begin(), all.begin() + 10));
  EXPECT_EQ(list(*sink, "", "k12"), Keys(all.begin() + 3, all.end())) << "the start itself is not wanted";
  EXPECT_EQ(list(*sink, "", "k12x"), Keys(all.begin() + 3, all.end()));
  EXPECT_EQ(list(*sink, "k2", "a"), Keys(all.begin() + 10, all.end()));
  EXPECT_EQ(list(*sink, "k1", "z"), Keys());
}

TEST_F(GsList, Folders) {
  imposter::Config config;
  config.page_size = 2;
  start(config);
  const auto sink = must_open();
  for (const char* key : {"a/1", "a/2", "b", "c/d/1", "c/e", "d"}) ASSERT_TRUE(put(*sink, key, "x"));
  Keys keys;
  ASSERT_TRUE(list_of(*sink, "", true, &keys));
  EXPECT_EQ(keys, (Keys{"a/", "b", "c/", "d"}));
  keys.clear();
  ASSERT_TRUE(list_of(*sink, "c/", true, &keys));
  EXPECT_EQ(keys, (Keys{"c/d/", "c/e"}));
  keys.clear();
  ASSERT_TRUE(list_of(*sink, "", true, &keys, "a/"));
  EXPECT_EQ(keys, (Keys{"b", "c/", "d"}));
}

TEST_F(GsList, IsCompleteOrAnError) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  for (const Fault fault : {Fault::kTruncatedXml, Fault::kOkPage, Fault::kNotFoundPage, Fault::kResetMiddle,
                            Fault::kRedirect, Fault::kInternal}) {
    SCOPED_TRACE(imposter::name_of(fault));
    fail_with(fault);
    Keys keys;
    EXPECT_EQ(status_of(list_of(*sink, "", false, &keys)), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(keys, Keys());
  }
  heal();
  change([](imposter::Config& config) { config.bucket = "another"; });
  Keys keys;
  EXPECT_EQ(status_of(list_of(*sink, "", false, &keys)), TIDEMARK_E_RETRYABLE) << "the whole sink waits";
}

}  // namespace
}  // namespace tidemark::sinks::gs
