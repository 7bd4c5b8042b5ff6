// Removing many objects at once, for sinks that offer it.
#include <tidemark/draft/remove_many.h>

#include <thread>

#include "harness.h"

namespace conformance {
namespace {

class RemoveMany : public SinkTest {
 protected:
  void SetUp() override {
    many_ = extension(sink_);
    if (many_ == nullptr) GTEST_SKIP() << "removes one by one";
  }
  static const tidemark_draft_remove_many_api* extension(const OpenSink& sink) {
    const tidemark_sink_api* api = config().api;
    if (!TIDEMARK_HAS(api, tidemark_sink_api, get_extension) || api->get_extension == nullptr) return nullptr;
    return static_cast<const tidemark_draft_remove_many_api*>(
        api->get_extension(sink.handle(), TIDEMARK_EXT_DRAFT_REMOVE_MANY));
  }
  Outcome remove_many(const OpenSink& sink, const std::vector<std::string>& keys,
                      const tidemark_call* call = nullptr) {
    std::vector<tidemark_str> raw;
    for (const std::string& one : keys) raw.push_back(str(one));
    Outcome outcome;
    outcome.status = many_->remove_many(sink.handle(), raw.data(), static_cast<uint32_t>(raw.size()), call,
                                        &outcome.error);
    return outcome;
  }
  std::vector<std::string> put_some(std::vector<std::string> names) {
    for (std::string& name : names) {
      name = key(name);
      EXPECT_STATUS(sink_.put(name, "bytes of " + name), TIDEMARK_OK);
    }
    return names;
  }
  // OK, or a sink that cannot with this store: then nothing else is asked of it.
  bool is_taken(const Outcome& outcome) {
    if (outcome.status != TIDEMARK_E_UNSUPPORTED) return true;
    EXPECT_STATUS(outcome, TIDEMARK_E_UNSUPPORTED);
    std::cout << "not with this store: " << outcome.message() << "\n";
    return false;
  }

  const tidemark_draft_remove_many_api* many_ = nullptr;
};

TEST_F(RemoveMany, IsAWholeTable) {
  ASSERT_TRUE(TIDEMARK_HAS(many_, tidemark_draft_remove_many_api, remove_many));
  ASSERT_NE(many_->remove_many, nullptr);
  EXPECT_GE(many_->keys_max, 1u);
  EXPECT_EQ(config().api->get_extension(sink_.handle(), "tidemark.draft.remove_many/0"), nullptr);
  EXPECT_EQ(config().api->get_extension(sink_.handle(), ""), nullptr);
}

TEST_F(RemoveMany, RemovesTheseAndNoOther) {
  const auto gone = put_some({"a/1", "a/2", "b/1"});
  const auto stay = put_some({"a/3", "a/4x", "b"});
  const Outcome outcome = remove_many(sink_, gone);
  if (!is_taken(outcome)) return;
  EXPECT_STATUS(outcome, TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(prefix_), stay);
  for (const std::string& one : gone) expect_absent(one);
  EXPECT_STATUS(remove_many(sink_, gone), TIDEMARK_OK) << "absent is OK";
  EXPECT_STATUS(remove_many(sink_, {stay[0], gone[0], stay[0]}), TIDEMARK_OK) << "twice is OK";
  EXPECT_EQ(sink_.keys(prefix_), (std::vector<std::string>{stay[1], stay[2]}));
  EXPECT_STATUS(remove_many(sink_, {}), TIDEMARK_OK);
}

// Whatever it says, what is left can be removed, and OK means that nothing is.
TEST_F(RemoveMany, NamesOfEveryKind) {
  const auto keys = put_some({" leading and trailing ", "plus+per%cent%20", "a&b<c>d\"e'f]]>", "&amp;&#38;",
                              "\xC3\xA4\xE6\x97\xA5\xF0\x9F\x8C\x8A", std::string(255, 'n')});
  const Outcome outcome = remove_many(sink_, keys);
  if (is_taken(outcome)) {
    EXPECT_STATUS(outcome, TIDEMARK_OK);
  }
  if (outcome.status == TIDEMARK_OK) {
    EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
  }
  for (const std::string& one : keys) EXPECT_STATUS(sink_.remove(one), TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
}

TEST_F(RemoveMany, AsManyAsItSays) {
  const auto some = put_some({"first", "last"});
  std::vector<std::string> keys = {some[0]};
  for (uint32_t i = 2; i < std::min<uint32_t>(many_->keys_max, 2000); ++i) {
    keys.push_back(key("absent/" + std::to_string(i)));
  }
  keys.push_back(some[1]);
  const Outcome outcome = remove_many(sink_, keys);
  if (is_taken(outcome)) {
    EXPECT_STATUS(outcome, TIDEMARK_OK);
    EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
  }
  if (many_->keys_max > 10'000) return;
  keys.resize(many_->keys_max + 1, some[0]);
  EXPECT_STATUS(remove_many(sink_, keys), TIDEMARK_E_INVALID);
}

TEST_F(RemoveMany, OneThatIsNotAKeyChangesNothing) {
  const auto keys = put_some({"a", "b"});
  for (const char* wrong : {"", "/a", "a/", "a//b", "../a", "a/.hidden"}) {
    const Outcome outcome = remove_many(sink_, {keys[0], wrong, keys[1]});
    EXPECT_STATUS(outcome, TIDEMARK_E_INVALID) << wrong;
  }
  const tidemark_str broken[] = {str(keys[0]), {nullptr, 5}};
  EXPECT_EQ(many_->remove_many(sink_.handle(), broken, 2, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(many_->remove_many(sink_.handle(), nullptr, 2, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(many_->remove_many(nullptr, broken, 1, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(sink_.keys(prefix_), keys);
}

TEST_F(RemoveMany, AReaderMayNot) {
  const auto keys = put_some({"a", "b"});
  const OpenSink reader(/*reads_only=*/true);
  EXPECT_STATUS(remove_many(reader, keys), TIDEMARK_E_INVALID);
  EXPECT_EQ(sink_.keys(prefix_), keys);
}

TEST_F(RemoveMany, ACallThatHasEndedChangesNothing) {
  const auto keys = put_some({"a", "b"});
  Cancel cancel;
  cancel.now();
  EXPECT_STATUS(remove_many(sink_, keys, cancel.call()), TIDEMARK_E_CANCELLED);
  EXPECT_EQ(sink_.keys(prefix_), keys);
}

TEST_F(RemoveMany, ByManyAtATime) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("k" + std::to_string(100 + i));
  const auto keys = put_some(names);
  std::vector<std::thread> threads;
  std::vector<Outcome> outcomes(4);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    threads.emplace_back([&, i] { outcomes[i] = remove_many(sink_, keys); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Outcome& outcome : outcomes) {
    if (is_taken(outcome)) {
      EXPECT_STATUS(outcome, TIDEMARK_OK);
    }
  }
  if (outcomes.front().status == TIDEMARK_OK) {
    EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace conformance
