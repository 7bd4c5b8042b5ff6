// The machine's metadata server; what is asked of it is in exchange.h.
#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

class GsMetadata : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.variables.erase("NO_GCE_CHECK");
    world_.variables["GCE_METADATA_HOST"] = "127.0.0.1:1";
  }
  Result<Token> token(TokenOptions options = {}) { return world_.provider(std::move(options))->get(Call()); }
  void expect_failure(tidemark_status status, const std::string& words) {
    const Result<Token> got = token();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().status, status) << got.error().message;
    EXPECT_NE(got.error().message.find(words), std::string::npos) << got.error().message;
  }
  const Headers kFlavor = {{"metadata-flavor", "Google"}};
  World world_;
};

TEST_F(GsMetadata, GivesTheMachinesToken) {
  world_.expect(200, token_json("m1"), kFlavor);
  const Result<Token> got = token();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->bearer.reveal(), "m1");
  ASSERT_EQ(world_.asked.size(), 1u);
  EXPECT_EQ(world_.asked[0].url,
            "http://127.0.0.1:1/computeMetadata/v1/instance/service-accounts/default/token");
  EXPECT_EQ(world_.asked[0].flavor, "Google");
  EXPECT_FALSE(world_.asked[0].use_proxy);
  EXPECT_GT(world_.asked[0].timeout_ms, 0u) << "bounded";
}

TEST_F(GsMetadata, IsAskedTwiceWhereItIsBusy) {
  world_.expect(503, "", kFlavor);
  world_.expect(200, token_json("m1"), kFlavor);
  EXPECT_TRUE(token());
  world_.answers.push_back(fail(TIDEMARK_E_RETRYABLE, "Connection refused"));
  world_.answers.push_back(fail(TIDEMARK_E_RETRYABLE, "Connection refused"));
  expect_failure(TIDEMARK_E_PERMANENT,
                 "no answer from the metadata server \"127.0.0.1:1\" (Connection refused)");
  EXPECT_TRUE(world_.answers.empty());
}

TEST_F(GsMetadata, ItsRefusalsAreNotTheObjects) {
  world_.expect(404, "", kFlavor);
  expect_failure(TIDEMARK_E_PERMANENT, "no service account");
  world_.expect(403, "", kFlavor);
  expect_failure(TIDEMARK_E_PERMANENT, "HTTP 403");
  world_.expect(500, "", kFlavor);
  world_.expect(500, "", kFlavor);
  expect_failure(TIDEMARK_E_RETRYABLE, "HTTP 500");
}

TEST_F(GsMetadata, WhoeverElseAnswersIsNotOne) {
  world_.expect(200, token_json("of a portal"));
  expect_failure(TIDEMARK_E_PERMANENT, "does not say that it is a metadata server");
}

TEST_F(GsMetadata, IsLeftOut) {
  const Result<Token> by_option = token({.asks_metadata = false});
  ASSERT_FALSE(by_option);
  EXPECT_NE(by_option.error().message.find("metadata=never"), std::string::npos);
  world_.variables["NO_GCE_CHECK"] = "True";
  expect_failure(TIDEMARK_E_PERMANENT, "NO_GCE_CHECK");
  EXPECT_TRUE(world_.asked.empty());
}

TEST_F(GsMetadata, ItsHostHasToBeOne) {
  for (const char* host : {"host/path", "user@host", "host:x"}) {
    world_.variables["GCE_METADATA_HOST"] = host;
    expect_failure(TIDEMARK_E_PERMANENT, "GCE_METADATA_HOST");
  }
  EXPECT_TRUE(world_.asked.empty());
}

}  // namespace
}  // namespace tidemark::sinks::gs
