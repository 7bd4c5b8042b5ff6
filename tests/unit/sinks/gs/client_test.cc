// What a request learns from its answers, and what becomes of it where they fail.
#include "gs/client.h"

#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;

class GsClient : public GsSinkTest {};

TEST_F(GsClient, OneRequestPerObjectOverOneConnection) {
  start();
  const auto sink = must_open();
  const uint64_t connections = service().connections(), tokens = service().desk.given();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(put(*sink, std::to_string(i), "x"));
  EXPECT_EQ(count("insert"), 50u);
  EXPECT_EQ(count("describe"), 0u);
  EXPECT_EQ(service().connections(), connections);
  EXPECT_EQ(service().desk.given(), tokens);
}

TEST_F(GsClient, ATokenThatIsRefusedIsReplacedOnce) {
  start();
  const auto sink = must_open();
  service().desk.revoke_all();
  const uint64_t tokens = service().desk.given();
  EXPECT_TRUE(put(*sink, "a", "x"));
  EXPECT_EQ(service().desk.given(), tokens + 1);
  EXPECT_EQ(count("status.401"), 1u);
  service().desk.revoke_all();
  change([](imposter::Config& config) { config.token_life_s = 0; });
  const Status refused = put(*sink, "b", "x");
  EXPECT_EQ(status_of(refused), TIDEMARK_E_RETRYABLE) << "the whole sink waits";
}

struct FaultCase {
  Fault fault;
  tidemark_status status;
  bool is_done;  // although it was not said
};

TEST_F(GsClient, ClassesOfFaults) {
  start();
  const auto sink = must_open("&stall_timeout_ms=1000");
  const FaultCase cases[] = {
      {Fault::kSlowDown, TIDEMARK_E_THROTTLED, false},    {Fault::kInternal, TIDEMARK_E_RETRYABLE, false},
      {Fault::kTooMany, TIDEMARK_E_THROTTLED, false},     {Fault::kResetBefore, TIDEMARK_E_RETRYABLE, false},
      {Fault::kResetMiddle, TIDEMARK_E_RETRYABLE, false}, {Fault::kResetAfter, TIDEMARK_E_RETRYABLE, false},
      {Fault::kLostAnswer, TIDEMARK_E_RETRYABLE, true},   {Fault::kTruncatedXml, TIDEMARK_E_RETRYABLE, true},
      {Fault::kConflict, TIDEMARK_E_RETRYABLE, false},    {Fault::kRedirect, TIDEMARK_E_RETRYABLE, false},
      {Fault::kOkPage, TIDEMARK_E_RETRYABLE, false},      {Fault::kNotFoundPage, TIDEMARK_E_RETRYABLE, false},
      {Fault::kAccepted, TIDEMARK_E_RETRYABLE, false},    {Fault::kOkLost, TIDEMARK_E_RETRYABLE, false},
      {Fault::kFlippedBit, TIDEMARK_E_RETRYABLE, false}};
  for (const FaultCase& one : cases) {
    SCOPED_TRACE(imposter::name_of(one.fault));
    const std::string key = imposter::name_of(one.fault);
    fail_with(one.fault);
    const Status outcome = put(*sink, key, std::string(5000, 'x'));
    EXPECT_EQ(status_of(outcome), one.status) << (outcome ? "" : outcome.error().message);
    if (outcome) continue;
    EXPECT_NE(outcome.error().message.find(key), std::string::npos) << "names the object";
    heal();
    EXPECT_EQ(is_stored(key), one.is_done);
    EXPECT_EQ(status_of(put(*sink, key, std::string(5000, 'x'))),
              one.is_done ? TIDEMARK_E_EXISTS : TIDEMARK_OK);
  }
  EXPECT_EQ(service().shown_at_decoy(), 0u);
}

TEST_F(GsClient, TheUserProjectGoesAlong) {
  imposter::Config config;
  config.project_billed = "payer";
  start(config);
  EXPECT_FALSE(open(url()));
  const auto sink = must_open(std::string("&user_project=payer") + kSmallPieces);
  EXPECT_TRUE(put(*sink, "small", "x"));
  EXPECT_TRUE(put(*sink, "large", bytes_of(700'000)));
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"large", "small"}));
}

TEST_F(GsClient, KeepsRetryAfter) {
  start();
  const auto sink = must_open();
  change([](imposter::Config& config) {
    config.faults[Fault::kTooMany] = 1;
    config.faults.retry_after_s = 17;
  });
  EXPECT_EQ(put(*sink, "k", "x").error().retry_after_ms, 17'000u);
}

}  // namespace
}  // namespace tidemark::sinks::gs
