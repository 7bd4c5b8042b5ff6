#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

class GsOpen : public GsSinkTest {
 protected:
  void expect_failure(const std::string& url, tidemark_status status, const std::string& words) {
    const auto sink = open(url);
    ASSERT_FALSE(sink);
    EXPECT_EQ(sink.error().status, status) << sink.error().message;
    EXPECT_NE(sink.error().message.find(words), std::string::npos) << sink.error().message;
  }
};

TEST_F(GsOpen, LeavesNothing) {
  start();
  ASSERT_TRUE(open(url()));
  EXPECT_EQ(count("list"), 1u);
  EXPECT_EQ(count("begin"), 1u);
  EXPECT_EQ(count("cancel"), 1u);
  EXPECT_TRUE(service().store.creates().empty());
  EXPECT_TRUE(service().sessions.open().empty());
}

TEST_F(GsOpen, ForReadingChangesNothing) {
  start();
  ASSERT_TRUE(open(url(), true));
  EXPECT_EQ(count("list"), 1u);
  EXPECT_EQ(count("begin"), 0u);
}

TEST_F(GsOpen, ABucketThatIsNotThere) {
  start();
  expect_failure(
      "gs://another/p?endpoint=" + service_->endpoint() + "&credentials_file=" + (dir_ / "account"),
      TIDEMARK_E_PERMANENT, "bucket does not exist");
}

TEST_F(GsOpen, WithoutCredentials) {
  start();
  expect_failure("gs://tidemark/p?endpoint=" + service_->endpoint(), TIDEMARK_E_PERMANENT,
                 "no credentials found");
  expect_failure("gs://tidemark/p?anonymous=true&endpoint=" + service_->endpoint(), TIDEMARK_E_PERMANENT,
                 "Anonymous caller");
  EXPECT_EQ(count("token"), 0u);
}

TEST_F(GsOpen, ACreationThatIsRefused) {
  start();
  change([](imposter::Config& config) { config.odd.demands_condition = true; });
  EXPECT_TRUE(open(url())) << "the proof has its condition";
  fail_with(imposter::Fault::kOkPage);
  expect_failure(url(), TIDEMARK_E_PERMANENT, "is a proxy in the way?");
}

TEST_F(GsOpen, TriesAgainWhileTheServiceIsBusy) {
  start();
  change([](imposter::Config& config) {
    config.faults[imposter::Fault::kSlowDown] = 1;
    config.faults.most_in_a_row = 1;
  });
  EXPECT_TRUE(open(url()));
}

TEST_F(GsOpen, EveryKindOfAccount) {
  start();
  write_file(dir_ / "account", service_->authorized_user_json());
  EXPECT_TRUE(open(url()));
  write_file(dir_ / "subject", imposter::kSubjectToken);
  for (const bool impersonates : {false, true}) {
    write_file(dir_ / "account", service_->external_account_json(dir_ / "subject", impersonates));
    const auto sink = open(url());
    EXPECT_TRUE(sink) << sink.error().message;
  }
}

TEST_F(GsOpen, TheMachinesOwnTokenComesLast) {
  start();
  unsetenv("NO_GCE_CHECK");
  setenv("GCE_METADATA_HOST", service_->endpoint().substr(7).c_str(), 1);
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("no_proxy", "", 1);
  const std::string endpoint = "gs://tidemark/p?proxy=none&endpoint=" + service_->endpoint();
  EXPECT_TRUE(open(endpoint)) << "never asked through a proxy";
  expect_failure(endpoint + "&metadata=never", TIDEMARK_E_PERMANENT, "metadata=never");
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  unsetenv("GCE_METADATA_HOST");
  setenv("NO_GCE_CHECK", "true", 1);
}

}  // namespace
}  // namespace tidemark::sinks::gs
