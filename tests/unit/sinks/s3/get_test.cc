#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Fault;

class S3Get : public S3SinkTest {};

TEST_F(S3Get, AReadThatBreaksOffIsAnError) {
  start();
  const auto sink = must_open();
  ASSERT_TRUE(put(*sink, "k", std::string(300'000, 'x')));
  fail_with(Fault::kResetMiddle);
  std::string got;
  EXPECT_EQ(status_of(get(*sink, "k", &got)), TIDEMARK_E_RETRYABLE);
  EXPECT_LT(got.size(), 300'000u);
}

}  // namespace
}  // namespace tidemark::sinks::s3
