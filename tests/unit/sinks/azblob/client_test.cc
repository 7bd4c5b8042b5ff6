// What a request learns from its answers, and what becomes of it where they fail.
#include "azblob/client.h"

#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobClient : public AzblobSinkTest {
 protected:
  // TLS, and a client of Entra on the same port.
  void start_tls(az::Config config = {}) {
    const std::string script =
        std::string(S3_TEST_CERTIFICATES) + " " + (dir_ / "") + " >" + (dir_ / "log") + " 2>&1";
    ASSERT_EQ(system(script.c_str()), 0);
    config.server.tls_certificate_file = dir_ / "server.pem";
    config.server.tls_key_file = dir_ / "server.key";
    start(std::move(config));
  }
  std::string token_url() {
    return url("&ca_file=" + (dir_ / "ca.pem") + "&tenant_id=" + store().config()->tenant +
               "&client_id=" + store().config()->client_id + "&authority_host=" + store_->host());
  }
  Secrets client() { return {{"client_secret", store().config()->client_secret}}; }

  TempDir dir_;
};

TEST_F(AzblobClient, CorrectsItsClockByTheStores) {
  for (const int64_t ahead_s : {86'400, -7200}) {
    az::Config config;
    config.clock_ahead_s = ahead_s;
    start(config);
    const auto sink = must_open();
    const uint64_t refused = count("status.403");
    EXPECT_GT(refused, 0u);
    EXPECT_TRUE(put(*sink, "k", "x"));
    EXPECT_EQ(count("status.403"), refused) << "remembered";
  }
  EXPECT_EQ(log_.count("the clock of this machine"), 2u);
}

TEST_F(AzblobClient, AClientOfEntraGetsATokenAndAnotherOneOnceItIsRefused) {
  start_tls();
  auto sink = open(token_url(), client());
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_TRUE(put(**sink, "a", "x"));
  EXPECT_EQ(store().access.exchanges(), 1u);
  EXPECT_EQ(last_header("PutBlob", "authorization").substr(0, 22), "Bearer imposter.token.");
  store().access.revoke_tokens();
  EXPECT_TRUE(put(**sink, "b", "x"));
  EXPECT_EQ(store().access.exchanges(), 2u);
  EXPECT_EQ(log_.count("imposter.token"), 0u);
  EXPECT_EQ(log_.count(store().config()->client_secret), 0u);
  // A wrong secret is told in Entra's words, without the secret.
  const auto refused = open(token_url(), {{"client_secret", "wrong-secret"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(refused.error().message.find("AADSTS7000215"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find("wrong-secret"), std::string::npos);
  EXPECT_EQ(refused.error().message.find("Trace"), std::string::npos) << "one line";
}

// pgbackrest#2839: a gateway's page in place of a token.
TEST_F(AzblobClient, APageInPlaceOfATokenIsToldByItsStatus) {
  az::Config config;
  config.tokens_are_pages = true;
  start_tls(config);
  const tidemark_call brief = {sizeof brief, 2000, nullptr, nullptr};
  const auto refused = open(token_url(), client(), Call(&brief, nullptr));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("HTTP 502"), std::string::npos) << refused.error().message;
}

// Case 19, azure-sdk-for-rust#1739, quickwit#6687.
TEST_F(AzblobClient, AFederatedTokenIsReadAnewAtEachExchange) {
  start_tls();
  write_file(dir_ / "token", store().config()->federated_token + "\n");
  auto sink = open(token_url() + "&federated_token_file=" + (dir_ / "token"), {});
  ASSERT_TRUE(sink) << sink.error().message;
  store().reconfigure([](az::Config& config) { config.federated_token = "the-second-one"; });
  write_file(dir_ / "token", "the-second-one\n");
  store().access.revoke_tokens();
  EXPECT_TRUE(put(**sink, "b", "x"));
  EXPECT_EQ(store().access.exchanges(), 2u);
}

TEST_F(AzblobClient, TheMachinesIdentityIsAskedLast) {
  start_tls();
  az::Imposter machine{az::Config()};
  setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.host().c_str(), 1);
  unsetenv("TIDEMARK_AZURE_METADATA_DISABLED");
  const std::string with_ca = url("&ca_file=" + (dir_ / "ca.pem"));
  // Its tokens are another's: what matters is that it was asked, and how.
  const auto refused = open(with_ca, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("InvalidAuthenticationInfo"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(machine.service().access.exchanges(), 2u) << "once more after it was refused";
  EXPECT_FALSE(open(with_ca + "&managed_identity=never", {}));
  setenv("TIDEMARK_AZURE_METADATA_DISABLED", "true", 1);
  EXPECT_FALSE(open(with_ca, {}));
  EXPECT_EQ(machine.service().access.exchanges(), 2u) << "neither asks";
  unsetenv("AZURE_POD_IDENTITY_AUTHORITY_HOST");
}

// Case 14, tikv#11812, and codes of load.
TEST_F(AzblobClient, LoadIsThrottled) {
  for (const bool has_mark : {true, false}) {
    az::Config config;
    config.has_mark = has_mark;
    start(config);
    const auto sink = must_open();
    fail_with(Fault::kSlowDown);
    const Status busy = put(*sink, "k", "x");
    EXPECT_EQ(code_of(busy), TIDEMARK_E_THROTTLED);
    EXPECT_NE(message_of(busy).find("ServerBusy"), std::string::npos) << message_of(busy);
    EXPECT_NE(message_of(busy).find("currently unable"), std::string::npos) << message_of(busy);
    EXPECT_EQ(busy.error().retry_after_ms, 1000u);
    fail_with(Fault::kTooMany);
    const Status timed_out = put(*sink, "k", "x");
    EXPECT_EQ(code_of(timed_out), TIDEMARK_E_THROTTLED) << message_of(timed_out);
  }
}

TEST_F(AzblobClient, NobodyElseIsShownWhatProvesUs) {
  start();
  const auto sink = must_open();
  fail_with(Fault::kRedirect);
  EXPECT_EQ(code_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(store().proven_at_decoy(), 0u);
}

TEST_F(AzblobClient, WhatIsWrongWithTheWholeSinkMakesItWait) {
  start();
  const auto sink = must_open();
  store().reconfigure([](az::Config& config) { config.container = "another"; });
  EXPECT_EQ(code_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE) << "it may be made again";
  store().reconfigure([](az::Config& config) {
    config.container = "tidemark";
    config.account = "another";
  });
  EXPECT_EQ(code_of(put(*sink, "k", "x")), TIDEMARK_E_PERMANENT) << "no such account at this host";
}

TEST_F(AzblobClient, ABrokenConnectionIsRetryable) {
  start();
  const auto sink = must_open();
  for (const Fault fault : {Fault::kResetBefore, Fault::kResetAfter, Fault::kLostAnswer}) {
    fail_with(fault);
    const tidemark_status status = code_of(put(*sink, "k", "x"));
    EXPECT_TRUE(status == TIDEMARK_E_RETRYABLE || status == TIDEMARK_E_EXISTS) << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace tidemark::sinks::azblob
