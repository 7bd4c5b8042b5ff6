// What others' clients of this service got wrong, each by the number it has in our list of public bugs and
// with its source. 37 is about the imposter: imposter_test.py.
#include <atomic>
#include <thread>

#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;
using imposter::Refusal;

class GsCase : public GsSinkTest {};

// ClickHouse#115266, #120744: writes without a condition.
TEST_F(GsCase, Case22EveryCreationHasItsCondition) {
  start();
  change([](imposter::Config& config) { config.odd.demands_condition = true; });
  const auto sink = must_open(kSmallPieces);
  EXPECT_TRUE(put(*sink, "small", "x"));
  EXPECT_TRUE(put(*sink, "large", bytes_of(1 << 20)));
  for (const imposter::Logged& line : service().logged()) {
    if (line.operation != "insert" && line.operation != "begin") continue;
    EXPECT_NE(line.target.find("ifGenerationMatch=0"), std::string::npos) << line.target;
  }
  EXPECT_EQ(status_of(put(*sink, "other", "x", 0)), TIDEMARK_E_PERMANENT)
      << "what asks for replacing has none";
}

// google-cloud-cpp#7340, java-storage#1453: the answer is lost, and the next attempt meets its own object.
TEST_F(GsCase, Case23ALostAnswer) {
  start();
  const auto sink = must_open();
  fail_with(Fault::kLostAnswer);
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE);
  heal();
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
  EXPECT_EQ(service().store.creates().at("p/k"), 1u);
}

// xtdb#3449: 412 that is not about the object.
TEST_F(GsCase, Case24APreconditionOfSomethingElse) {
  start();
  const auto sink = must_open(kSmallPieces);
  change([](imposter::Config& config) {
    config.odd.creation = Refusal{412, "orgPolicyViolation", "Public access prevention is enforced", {}};
  });
  for (const std::string& bytes : {std::string("x"), bytes_of(1 << 20)}) {
    const Status refused = put(*sink, "k", bytes);
    EXPECT_EQ(status_of(refused), TIDEMARK_E_PERMANENT);
    EXPECT_NE(refused.error().message.find("Public access prevention"), std::string::npos)
        << refused.error().message;
  }
  heal();
  ASSERT_TRUE(put(*sink, "k", "x"));
  change([](imposter::Config& config) { config.odd.creation = Refusal{412, "other", "m", {}}; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
}

// upload-cloud-storage#388: a role that may create and not replace.
TEST_F(GsCase, Case25NoPermissionToDelete) {
  start();
  const auto sink = must_open(kSmallPieces);
  const Refusal denied = {403, "forbidden", "a does not have storage.objects.delete access", {}};
  change([&](imposter::Config& config) { config.odd.creation = denied; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status_of(put(*sink, "large", bytes_of(1 << 20))), TIDEMARK_E_PERMANENT);
  heal();
  ASSERT_TRUE(put(*sink, "k", "x"));
  change([&](imposter::Config& config) { config.odd.creation = denied; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
}

// delta-rs#2451, trino#19943: one hot object is not a busy service.
TEST_F(GsCase, Case26TooManyMutationsOfOneObject) {
  start();
  const auto sink = must_open();
  change([](imposter::Config& config) { config.odd.creation = imposter::kHotObject; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_RETRYABLE) << "only THROTTLED makes all slower";
  EXPECT_EQ(count("status.429"), 2u) << "the sink waits itself, once";
  std::thread cooling([&] {
    while (count("status.429") == 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    heal();
  });
  EXPECT_TRUE(put(*sink, "cooled", "x"));
  cooling.join();
  change([](imposter::Config& config) { config.odd.creation = imposter::kBusy; });
  EXPECT_EQ(status_of(put(*sink, "k", "x")), TIDEMARK_E_THROTTLED);
}

// google-cloud-cpp#7835, java-storage#2182: 308 without Range means nothing is there.
TEST_F(GsCase, Case27NothingWasKept) {
  for (const int times : {1, 2, 100}) {
    start();
    change([&](imposter::Config& config) { config.odd.forgets_pieces = times; });
    const auto sink = must_open(kSmallPieces);
    const std::string bytes = bytes_of(1 << 20);
    const Status outcome = put(*sink, "k", bytes);
    EXPECT_EQ(status_of(outcome), times == 1 ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE);
    EXPECT_TRUE(times != 1 || stored("k") == bytes);
    EXPECT_EQ(is_stored("k"), times == 1);
    EXPECT_TRUE(service().sessions.open().empty());
  }
}

// itchio/butler#71: less was kept than was sent.
TEST_F(GsCase, Case28LessWasKept) {
  for (const uint64_t kept : {uint64_t{256 << 10}, uint64_t{1}, uint64_t{300'000}}) {
    start();
    change([&](imposter::Config& config) { config.odd.keeps_bytes = kept; });
    const auto sink = must_open(kSmallPieces);
    const std::string bytes = bytes_of(1'300'001);
    const Status ok = put(*sink, "k", bytes);
    EXPECT_TRUE(ok) << ok.error().message;
    EXPECT_TRUE(stored("k") == bytes);
  }
}

// getsentry/objectstore#609: the session is gone in the middle.
TEST_F(GsCase, Case29TheSessionIsGone) {
  start();
  const auto sink = must_open(kSmallPieces);
  for (const int status : {410, 404, 499}) {
    change([&](imposter::Config& config) { config.odd.session_ends = status; });
    EXPECT_EQ(status_of(put(*sink, "k", bytes_of(1 << 20))), TIDEMARK_E_RETRYABLE) << status;
    EXPECT_FALSE(is_stored("k"));
  }
  heal();
  EXPECT_TRUE(put(*sink, "k", bytes_of(1 << 20))) << "in a new one";
}

// learningequality/studio#5975: what was stored is not what was sent.
TEST_F(GsCase, Case30AnotherDigestThanOurs) {
  start();
  const auto sink = must_open(kSmallPieces);
  change([](imposter::Config& config) { config.odd.tells_other_digest = true; });
  for (const char* key : {"small", "large"}) {
    const Status outcome = put(*sink, key, bytes_of(key[0] == 's' ? 10 : 1 << 20));
    EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(log_.count(std::string(key) + ": the service has stored", TIDEMARK_LOG_ERROR), 1u);
  }
}

// wal-g#1277, #1413: a bucket with a retention policy.
TEST_F(GsCase, Case31NothingMayBeRemoved) {
  start();
  change([](imposter::Config& config) {
    config.odd.removal =
        Refusal{403, "retentionPolicyNotMet", "Object is subject to the bucket's policy", {}};
  });
  const auto sink = must_open(kSmallPieces);
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_TRUE(put(*sink, "large", bytes_of(1 << 20)));
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"k", "large"}));
  EXPECT_EQ(service().store.creates().size(), 2u) << "nothing of the sink's own";
  EXPECT_EQ(status_of(sink->remove("k", Call())), TIDEMARK_E_PERMANENT);
}

// wal-g#266: the connection breaks in the body.
TEST_F(GsCase, Case32AResetInTheBody) {
  start();
  const auto sink = must_open();
  fail_with(Fault::kResetMiddle);
  EXPECT_EQ(status_of(put(*sink, "k", bytes_of(4 << 20))), TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(is_stored("k"));
}

// artifact-keeper#2611: a burst at the metadata server.
TEST_F(GsCase, Case33OneFetchForAllThreads) {
  imposter::Config config;
  config.server.threads = 8;
  start(config);
  unsetenv("NO_GCE_CHECK");
  setenv("GCE_METADATA_HOST", service_->endpoint().substr(7).c_str(), 1);
  const auto sink = open("gs://tidemark/p?endpoint=" + service_->endpoint());
  ASSERT_TRUE(sink) << sink.error().message;
  change([](imposter::Config& slower) { slower.token_delay_ms = 200; });
  const uint64_t before = service().desk.given();
  service().desk.revoke_all();
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&, i] { done += put(**sink, "k" + std::to_string(i), "x").has_value() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 64);
  EXPECT_EQ(service().desk.given() - before, 1u);
  EXPECT_FALSE(service().desk.was_crowded());
  unsetenv("GCE_METADATA_HOST");
  setenv("NO_GCE_CHECK", "true", 1);
}

// pgbackrest#2839: what a token service answers is not always a token.
TEST_F(GsCase, Case34AStrangeTokenService) {
  start();
  write_file(dir_ / "subject", imposter::kSubjectToken);
  write_file(dir_ / "account", service_->external_account_json(dir_ / "subject", false));
  change([](imposter::Config& config) { config.token_page = "<html>Bad Gateway</html>"; });
  const tidemark_call raw = {sizeof raw, 500, nullptr, nullptr};
  auto sink = GsSink::open({HostLog(log_.host()), *parse_url(url()), nullptr, 0}, Call(&raw));
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(sink.error().message.find("HTTP 502"), std::string::npos) << sink.error().message;
  change([](imposter::Config& config) {
    config.token_page.clear();
    config.token_refusal = Refusal{403, "PERMISSION_DENIED", "The pool is disabled", {}};
  });
  sink = open(url());
  ASSERT_FALSE(sink);
  EXPECT_NE(sink.error().message.find("HTTP 403, PERMISSION_DENIED: The pool is disabled"), std::string::npos)
      << sink.error().message;
}

// pgbackrest 2cea005f7, 995a8e966: a broken file, and one that is replaced.
TEST_F(GsCase, Case35TheFileWithTheKey) {
  start();
  write_file(dir_ / "account", R"({"type":"service_account","client_email":"a@p.example"})");
  const auto refused = open(url());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(refused.error().message.find("private_key"), std::string::npos) << refused.error().message;
  write_file(dir_ / "account", service_->service_account_json());
  const auto sink = must_open();
  EXPECT_EQ(log_.count("service account archiver@imposter.example"), 1u);
  write_file(dir_ / "account", service_->authorized_user_json());
  service().desk.revoke_all();
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(log_.count("credentials are from a user"), 1u);
  EXPECT_EQ(log_.count("PRIVATE KEY"), 0u);
}

// talos-backup#64: what somebody on the way changes must not be signed.
TEST_F(GsCase, Case36NoHeaderThatChangesOnTheWayIsSigned) {
  start();
  const auto sink = must_open_signed(kSmallPieces);
  EXPECT_TRUE(put(*sink, "small", "x"));
  EXPECT_TRUE(put(*sink, "large", bytes_of(1 << 20)));
  std::string bytes;
  EXPECT_TRUE(get(*sink, "small", &bytes));
  EXPECT_EQ(list(*sink).size(), 2u);
  size_t looked_at = 0;
  for (const imposter::Logged& line : service().logged()) {
    for (const auto& [name, value] : line.headers) {
      EXPECT_NE(name, "accept-encoding");
      if (name != "authorization") continue;
      ++looked_at;
      EXPECT_NE(value.find("SignedHeaders="), std::string::npos);
      for (const char* changed : {"accept", "connection", "expect", "user-agent"}) {
        EXPECT_EQ(value.find(changed), std::string::npos) << value;
      }
    }
  }
  EXPECT_GE(looked_at, 6u);
}

}  // namespace
}  // namespace tidemark::sinks::gs
