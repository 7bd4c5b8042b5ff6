#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobRemove : public AzblobSinkTest {
 protected:
  Status remove(AzblobSink& sink, std::string_view key) { return sink.remove(key, Call(nullptr, nullptr)); }
};

// Case 20b, seen on Azurite.
TEST_F(AzblobRemove, ABlobGoesWithItsSnapshots) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  store().store.add_snapshot("p/k");
  EXPECT_TRUE(remove(*sink, "k"));
  EXPECT_FALSE(is_stored("k"));
  EXPECT_TRUE(remove(*sink, "k")) << "what is not there is gone";
}

// Case 20b, seen on Azurite: never RETRYABLE.
TEST_F(AzblobRemove, WhatIsLeasedOrKeptIsToldAsThat) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "leased", "x"));
  ASSERT_TRUE(put(*sink, "kept", "x"));
  store().store.lease("p/leased");
  const Status leased = remove(*sink, "leased");
  EXPECT_EQ(code_of(leased), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(leased).find("lease"), std::string::npos) << message_of(leased);
  store().reconfigure([](az::Config& config) { config.is_immutable = true; });
  const Status kept = remove(*sink, "kept");
  EXPECT_EQ(code_of(kept), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(kept).find("retention policy"), std::string::npos) << message_of(kept);
  EXPECT_TRUE(put(*sink, "new", "x")) << "and new ones can be put";
}

TEST_F(AzblobRemove, AYesOfSomebodyElseIsLookedAfter) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  for (const Fault fault : {Fault::kOkPage, Fault::kNotFoundPage}) {
    fail_with(fault);
    EXPECT_EQ(code_of(remove(*sink, "k")), TIDEMARK_E_RETRYABLE);
  }
  EXPECT_TRUE(is_stored("k"));
}

}  // namespace
}  // namespace tidemark::sinks::azblob
