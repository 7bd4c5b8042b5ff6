#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;

class GsRemove : public GsSinkTest {};

TEST_F(GsRemove, AbsentIsFine) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  EXPECT_TRUE(sink->remove("k", Call()));
  EXPECT_FALSE(is_stored("k"));
  EXPECT_TRUE(sink->remove("k", Call()));
}

TEST_F(GsRemove, OnlyTheServicesOwnWordCounts) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", "x"));
  change([](imposter::Config& config) {
    config.faults[Fault::kOkPage] = 1;
    config.faults.most_in_a_row = 1;
  });
  const Status page = sink->remove("k", Call());
  EXPECT_EQ(status_of(page), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(page.error().message.find("still there"), std::string::npos);
  fail_with(Fault::kNotFoundPage);
  EXPECT_EQ(status_of(sink->remove("k", Call())), TIDEMARK_E_RETRYABLE);
  heal();
  change([](imposter::Config& config) { config.bucket = "another"; });
  EXPECT_EQ(status_of(sink->remove("k", Call())), TIDEMARK_E_RETRYABLE) << "a bucket that is gone";
}

}  // namespace
}  // namespace tidemark::sinks::gs
