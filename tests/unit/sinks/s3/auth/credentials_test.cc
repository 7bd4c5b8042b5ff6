#include "s3/auth/credentials.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <thread>

#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kSecondUs = 1'000'000;

// Names of this process's threads.
int threads_named(const std::string& name) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    count += read_file(entry.path() / "comm") == name + "\n";
  }
  return count;
}

// A container's endpoint that gives new credentials each time, lasting `life_us`; can fail, and be held.
class FakeEndpoint {
 public:
  explicit FakeEndpoint(World* world) : world_(world) {
    world->variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/c";
    world->server = [this](const HttpRequest&, const Call& call) { return serve(call); };
  }

  std::atomic<int64_t> life_us = 60 * kMinuteUs;
  std::atomic<bool> fails = false;
  std::atomic<int> asked = 0;

  void hold() { set_held(true); }
  void let_go() { set_held(false); }
  // Until somebody waits in a held endpoint.
  void wait_for_visitor() {
    std::unique_lock<std::mutex> lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return inside_ > 0; }));
  }

 private:
  void set_held(bool held) {
    const std::lock_guard<std::mutex> lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  Result<HttpAnswer> serve(const Call& call) {
    const int number = ++asked;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      ++inside_;
      changed_.notify_all();
      while (held_ && call.check()) changed_.wait_for(lock, milliseconds(5));
      --inside_;
    }
    if (Status ok = call.check(); !ok) return ok.error();
    // 404: the chain does not ask twice, so that the count is that of the refreshes.
    if (fails) return answer(404, "");
    return answer(
        200, world_->metadata_json("ID" + std::to_string(number), format_iso_time(world_->now_us + life_us)));
  }

  World* world_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int inside_ = 0;
};

struct Log {
  std::mutex mutex;
  std::vector<std::string> lines;
  tidemark_sink_host host = {};

  Log() {
    host.struct_size = sizeof host;
    host.ctx = this;
    host.log = [](void* ctx, int32_t level, tidemark_str message) {
      auto& log = *static_cast<Log*>(ctx);
      const std::lock_guard<std::mutex> lock(log.mutex);
      log.lines.push_back((level == TIDEMARK_LOG_WARN ? "warn: " : "info: ") + std::string(view(message)));
    };
  }
  std::vector<std::string> take() {
    const std::lock_guard<std::mutex> lock(mutex);
    return std::exchange(lines, {});
  }
};

class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override { make(); }
  void make(CredentialOptions options = {}) {
    auto made = make_provider(std::move(options), world_.fetch(), HostLog(&log_.host), world_.surroundings());
    ASSERT_TRUE(made) << made.error().message;
    provider_ = std::move(*made);
  }
  std::string get() {
    const Result<Credentials> credentials = provider_->get(no_limit());
    return credentials ? credentials->access_key_id : credentials.error().message;
  }
  // What get() gives once the thread has done its work.
  std::string get_until(const std::string& id) {
    std::string got;
    for (int i = 0; i < 2000 && got != id; ++i) {
      got = get();
      std::this_thread::sleep_for(milliseconds(5));
    }
    return got;
  }
  void pass_us(int64_t us) { world_.now_us += us; }
  // Until the thread has seen the service fail for the `count`th time, after the first fetch.
  void wait_for_failures(int count) {
    for (int i = 0; i < 4000 && world_.shares_taken < count; ++i)
      std::this_thread::sleep_for(milliseconds(5));
    ASSERT_EQ(world_.shares_taken, count);
    EXPECT_EQ(endpoint_.asked, count + 1);
  }
  std::vector<std::string> take_lines(size_t count) {
    std::vector<std::string> lines = log_.take();
    for (int i = 0; i < 2000 && lines.size() < count; ++i) {
      std::this_thread::sleep_for(milliseconds(5));
      for (std::string& line : log_.take()) lines.push_back(std::move(line));
    }
    return lines;
  }

  Log log_;
  World world_;
  FakeEndpoint endpoint_{&world_};
  std::unique_ptr<CredentialsProvider> provider_;
};

TEST_F(CredentialsTest, RefusesOptionsThatDoNotBelongTogether) {
  const auto refused = [&](CredentialOptions options, const char* word) {
    const auto made = make_provider(std::move(options), world_.fetch(), HostLog(nullptr));
    ASSERT_FALSE(made) << word;
    EXPECT_EQ(made.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(made.error().message.find(word), std::string::npos) << made.error().message;
  };
  refused({"ID", {}, {}, "", "", ""}, "belong together");
  refused({"", Secret("s"), {}, "", "", ""}, "belong together");
  refused({"", {}, Secret("t"), "", "", ""}, "session_token");
  refused({"ID", Secret("s"), {}, "p", "", ""}, "not both");
}

TEST_F(CredentialsTest, FetchesOnceAndKeepsThem) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(), "ID1");
  pass_us(44 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 1);
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
  EXPECT_EQ(log_.take(), std::vector<std::string>({"info: credentials are from the container's endpoint at "
                                                   "127.0.0.1, good until 2024-02-29T13:00:00Z"}));
}

TEST_F(CredentialsTest, FifteenMinutesAheadAThreadFetchesAndNobodyWaits) {
  EXPECT_EQ(get(), "ID1");
  endpoint_.hold();
  pass_us(45 * kMinuteUs);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(), "ID1");  // while the endpoint does not answer
  endpoint_.wait_for_visitor();
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(threads_named("tm-s3-creds"), 1);
  endpoint_.let_go();
  EXPECT_EQ(get_until("ID2"), "ID2");
  EXPECT_EQ(endpoint_.asked, 2);
  provider_.reset();
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
}

TEST_F(CredentialsTest, FiveMinutesAheadCallersWaitAndOneOfThemFetches) {
  EXPECT_EQ(get(), "ID1");
  endpoint_.hold();
  pass_us(55 * kMinuteUs);
  std::vector<std::thread> callers;
  std::atomic<int> done = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      EXPECT_EQ(get(), "ID2");
      ++done;
    });
  }
  endpoint_.wait_for_visitor();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(done, 0);
  endpoint_.let_go();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(endpoint_.asked, 2);
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
}

TEST_F(CredentialsTest, UsesTheOldOnesWhileThereAreNoNew) {
  EXPECT_EQ(get(), "ID1");
  log_.take();
  endpoint_.fails = true;
  pass_us(56 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 2);
  EXPECT_EQ(log_.take(),
            std::vector<std::string>(
                {"warn: no new credentials, the old ones are used: "
                 "credentials, container: the container's endpoint at 127.0.0.1: answered HTTP 404"}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 2);  // not more than once in five seconds
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 3);
  EXPECT_TRUE(log_.take().empty());  // nothing new

  endpoint_.fails = false;
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "ID4");
  EXPECT_EQ(log_.take().size(), 1U);  // good again
}

// Of a place that is no service: whoever writes the token file, or runs the process, is asked for new ones.
TEST_F(CredentialsTest, OfAWebIdentityAreNotUsedOnceTheyHaveExpired) {
  world_.variables.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  world_.write("token", "web");
  world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world_.path("token");
  world_.variables["AWS_ROLE_ARN"] = "arn:role";
  std::atomic<bool> fails = false;
  world_.server = [&](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    if (fails) return answer(400, "");
    return answer(200, sts_xml("AssumeRoleWithWebIdentity", "WEB", world_.in_minutes(60)));
  };
  EXPECT_EQ(get(), "WEB");
  log_.take();
  fails = true;
  pass_us(60 * kMinuteUs - 1);
  EXPECT_EQ(get(), "WEB");
  const std::vector<std::string> lines = log_.take();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("warn: no new credentials, the old ones are used until 2024-02-29T13:00:00Z: "),
            std::string::npos)
      << lines[0];
  pass_us(5 * kSecondUs);
  const Result<Credentials> late = provider_->get(no_limit());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().status, TIDEMARK_E_RETRYABLE);  // it has worked before
  EXPECT_EQ(late.error().http_status, 400);
  fails = false;
  EXPECT_NE(get().find("HTTP 400"), std::string::npos);  // still held back
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "WEB");
  EXPECT_EQ(log_.take().size(), 1U);  // good again
}

// Their service is down when they expire: they are used, nobody waits, and it is asked now and then.
TEST_F(CredentialsTest, OfAServiceThatIsDownAreUsedAfterTheyHaveExpired) {
  world_.share = 0.5;
  EXPECT_EQ(get(), "ID1");
  log_.take();
  endpoint_.fails = true;
  pass_us(60 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  wait_for_failures(1);
  const std::vector<std::string> lines = take_lines(1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("warn: the credentials of the container's endpoint at 127.0.0.1 expired at "
                          "2024-02-29T13:00:00Z"),
            std::string::npos)
      << lines[0];
  EXPECT_NE(lines[0].find("answered HTTP 404"), std::string::npos) << lines[0];
  pass_us(7 * kMinuteUs + 29 * kSecondUs);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 2);
  pass_us(kSecondUs);  // half way between 5 and 10 minutes
  world_.share = 0;
  EXPECT_EQ(get(), "ID1");
  wait_for_failures(2);
  pass_us(5 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  wait_for_failures(3);
  EXPECT_TRUE(log_.take().empty()) << "said once";

  endpoint_.fails = false;
  pass_us(10 * kMinuteUs);
  EXPECT_EQ(get_until("ID5"), "ID5");
  EXPECT_EQ(take_lines(1).size(), 1U);  // good again
  endpoint_.fails = true;
  pass_us(60 * kMinuteUs);
  EXPECT_EQ(get(), "ID5");
  EXPECT_EQ(take_lines(1).size(), 1U);  // another outage, reported again
}

// The service is up, and gives what has expired.
TEST_F(CredentialsTest, ThatHaveExpiredWhenTheServiceGivesThemAreUsed) {
  endpoint_.life_us = -kMinuteUs;
  EXPECT_EQ(get(), "ID1");
  const std::vector<std::string> lines = log_.take();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("expired at 2024-02-29T11:59:00Z"), std::string::npos) << lines[0];
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(endpoint_.asked, 1);
  pass_us(10 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(get_until("ID2"), "ID2");
  EXPECT_TRUE(log_.take().empty());
}

TEST_F(CredentialsTest, ThatHaveExpiredAndAStoreRefusesAreNotTakenAgain) {
  bool renewed = false;
  world_.server = [&](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    ++endpoint_.asked;
    return answer(200, world_.metadata_json(renewed ? "NEW" : "OLD", "2024-02-29T11:00:00Z"));
  };
  const Credentials old = provider_->get(no_limit()).value();
  EXPECT_EQ(old.access_key_id, "OLD");
  provider_->expired(old);
  const Result<Credentials> refused = provider_->get(no_limit());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(refused.error().message.find("the store refuses them"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(endpoint_.asked, 2);
  EXPECT_FALSE(provider_->get(no_limit()));
  EXPECT_EQ(endpoint_.asked, 2);  // held back
  renewed = true;
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "NEW");  // old by our clock too, but the store has not refused these
}

TEST_F(CredentialsTest, WithoutAnyTheFirstErrorIsToldAsItIs) {
  endpoint_.fails = true;
  const Result<Credentials> none = provider_->get(no_limit());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_TRUE(log_.take().empty());
  EXPECT_FALSE(provider_->get(no_limit()));
  EXPECT_EQ(endpoint_.asked, 1);
  endpoint_.fails = false;
  world_.now_us -= 60 * kMinuteUs;  // a clock that was set back does not hold anybody for an hour
  EXPECT_EQ(get(), "ID2");
}

TEST_F(CredentialsTest, OfAShortLifeAreNotFetchedAllTheTime) {
  endpoint_.life_us = 4 * kMinuteUs;
  EXPECT_EQ(get(), "ID1");
  pass_us(2 * kMinuteUs - 1);
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
  pass_us(1);
  EXPECT_EQ(get_until("ID2"), "ID2");  // by the thread
  pass_us(3 * kMinuteUs);
  EXPECT_EQ(get(), "ID3");  // by the caller
}

TEST_F(CredentialsTest, ThatAStoreCallsExpiredAreReplacedAtOnce) {
  const Credentials first = provider_->get(no_limit()).value();
  provider_->expired(first);
  EXPECT_EQ(get(), "ID2");
  provider_->expired(first);  // somebody who was slow
  EXPECT_EQ(get(), "ID2");
  EXPECT_EQ(endpoint_.asked, 2);
  endpoint_.fails = true;
  provider_->expired(provider_->get(no_limit()).value());
  EXPECT_NE(get().find("HTTP 404"), std::string::npos);  // not the rejected ones
  endpoint_.fails = false;
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "ID4");
}

TEST_F(CredentialsTest, AreWaitedForNoLongerThanTheCallerWants) {
  endpoint_.hold();
  std::thread first([&] { EXPECT_EQ(get(), "ID1"); });
  endpoint_.wait_for_visitor();
  const tidemark_call raw = {sizeof raw, 100, nullptr, nullptr};
  const auto begin = std::chrono::steady_clock::now();
  const Result<Credentials> late = provider_->get(Call(&raw, nullptr));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().status, TIDEMARK_E_RETRYABLE);
  endpoint_.let_go();
  first.join();
}

TEST_F(CredentialsTest, ACancelledFetchIsTakenOverByWhoWaits) {
  endpoint_.hold();
  std::atomic<bool> cancelled = false;
  const tidemark_call raw = {sizeof raw, 0, &cancelled, [](void* flag) -> int32_t {
                               return *static_cast<std::atomic<bool>*>(flag) ? 1 : 0;
                             }};
  std::thread first([&] {
    const Result<Credentials> credentials = provider_->get(Call(&raw, nullptr));
    ASSERT_FALSE(credentials);
    EXPECT_EQ(credentials.error().status, TIDEMARK_E_CANCELLED);
  });
  endpoint_.wait_for_visitor();
  std::thread second([&] { EXPECT_EQ(get(), "ID2"); });
  std::this_thread::sleep_for(milliseconds(20));
  cancelled = true;
  first.join();
  endpoint_.let_go();
  second.join();
}

TEST_F(CredentialsTest, ClosingCancelsWhatTheThreadDoes) {
  EXPECT_EQ(get(), "ID1");
  endpoint_.hold();
  pass_us(46 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  endpoint_.wait_for_visitor();
  const auto begin = std::chrono::steady_clock::now();
  provider_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
  endpoint_.let_go();
}

TEST_F(CredentialsTest, AnExceptionInAFetchIsAnError) {
  world_.server = [](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    throw std::runtime_error("thrown by a library");
  };
  EXPECT_EQ(get(), "credentials: thrown by a library");
  world_.server = nullptr;
  world_.exchanges.push_back(
      {"GET", "http://127.0.0.1/c", {}, answer(200, world_.metadata_json("X", world_.in_minutes(60)))});
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "X");
}

// The thread of a sink must not take the host's signals.
TEST_F(CredentialsTest, TheThreadHasEverySignalBlocked) {
  EXPECT_EQ(get(), "ID1");
  endpoint_.hold();
  pass_us(46 * kMinuteUs);
  EXPECT_EQ(get(), "ID1");
  endpoint_.wait_for_visitor();
  bool seen = false;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    if (read_file(entry.path() / "comm") != "tm-s3-creds\n") continue;
    const std::string status = read_file(entry.path() / "status");
    const uint64_t blocked = std::stoull(status.substr(status.find("SigBlk:") + 7), nullptr, 16);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM}) {
      EXPECT_TRUE(blocked >> (number - 1) & 1) << number;
    }
    seen = true;
  }
  EXPECT_TRUE(seen);
  endpoint_.let_go();
}

class RotationTest : public CredentialsTest {
 protected:
  void SetUp() override {
    world_.variables.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    world_.server = nullptr;  // nobody is to be asked
    write("FIRST");
    make();
    EXPECT_EQ(get(), "FIRST");
    log_.take();
  }
  // As a tool would: a new file in place of the old one.
  void write(const std::string& id) {
    world_.write(".aws/new",
                 "[default]\naws_access_key_id=" + id + "\naws_secret_access_key=secret of " + id + "\n");
    std::filesystem::rename(world_.path(".aws/new"), world_.path(".aws/credentials"));
  }
};

TEST_F(RotationTest, IsSeenWithinASecond) {
  write("SECOND");
  EXPECT_EQ(get(), "FIRST");  // looked at a moment ago
  pass_us(kSecondUs);
  EXPECT_EQ(get(), "SECOND");
  EXPECT_EQ(provider_->get(no_limit())->secret_access_key.reveal(), "secret of SECOND");
  EXPECT_EQ(log_.take(), std::vector<std::string>({"info: credentials are from profile \"default\""}));
  pass_us(3600 * kSecondUs);
  EXPECT_EQ(get(), "SECOND");
  EXPECT_TRUE(log_.take().empty());
}

TEST_F(RotationTest, WrittenInPlaceIsSeenToo) {
  world_.write(".aws/credentials", "[default]\naws_access_key_id=THIRD\naws_secret_access_key=s\n");
  pass_us(kSecondUs);
  EXPECT_EQ(get(), "THIRD");
}

TEST_F(RotationTest, ToABrokenFileKeepsTheOldOnesAndTriesAgain) {
  world_.write(".aws/credentials", "[default\n");
  pass_us(kSecondUs);
  EXPECT_EQ(get(), "FIRST");
  const std::vector<std::string> lines = log_.take();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("warn: no new credentials, the old ones are used: credentials, profile: "),
            std::string::npos)
      << lines[0];
  write("SECOND");
  EXPECT_EQ(get(), "FIRST");
  pass_us(5 * kSecondUs);
  EXPECT_EQ(get(), "SECOND");
}

TEST_F(RotationTest, OfAFileThatWasNotThere) {
  world_.write(".aws/config", "[profile default]\naws_session_token = t\n");
  pass_us(kSecondUs);
  EXPECT_EQ(provider_->get(no_limit())->session_token.reveal(), "t");
}

TEST_F(RotationTest, ToAnotherPlaceOfTheChain) {
  std::filesystem::remove(world_.path(".aws/credentials"));
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  world_.exchanges.push_back({"GET",
                              "http://169.254.170.2/c",
                              {},
                              answer(200, world_.metadata_json("TASK", world_.in_minutes(60)))});
  pass_us(kSecondUs);
  EXPECT_EQ(get(), "TASK");
  EXPECT_EQ(log_.take().size(), 1U);
}

// While one caller waits for what a changed file leads to, the others work on.
TEST_F(RotationTest, HoldsUpOneCallerOnly) {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false, held = true;
  world_.server = [&](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    std::unique_lock<std::mutex> lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [&] { return !held; });
    return answer(200, sts_xml("AssumeRole", "ROLE", world_.in_minutes(60)));
  };
  world_.write(".aws/config", "[default]\nrole_arn = r\nsource_profile = default\n");
  pass_us(kSecondUs);
  std::thread one([&] { EXPECT_EQ(get(), "ROLE"); });
  {
    std::unique_lock<std::mutex> lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return inside; }));
  }
  EXPECT_EQ(get(), "FIRST");
  {
    const std::lock_guard<std::mutex> lock(mutex);
    held = false;
    changed.notify_all();
  }
  one.join();
  EXPECT_EQ(get(), "ROLE");
}

TEST(Credentials, ManyThreadsMayAskWhileAllKindsOfThingsHappen) {
  World world;
  FakeEndpoint endpoint(&world);
  endpoint.life_us = 20 * kMinuteUs;
  auto made = make_provider({}, world.fetch(), HostLog(nullptr), world.surroundings());
  ASSERT_TRUE(made);
  std::vector<std::thread> callers;
  std::atomic<bool> stop = false;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; !stop; ++n) {
        const Result<Credentials> credentials = (*made)->get(no_limit());
        if (!credentials) continue;
        EXPECT_EQ(credentials->secret_access_key.reveal(), "secret of " + credentials->access_key_id);
        EXPECT_GT(credentials->expires_us, world.now_us - 30 * kMinuteUs);
        if (n % 50 == i) (*made)->expired(*credentials);
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    world.now_us += 1 * kMinuteUs;
    endpoint.fails = i % 10 == 0;
    std::this_thread::sleep_for(milliseconds(3));
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  made->reset();
  EXPECT_EQ(threads_named("tm-s3-creds"), 0);
  EXPECT_GT(endpoint.asked, 5);
}

}  // namespace
}  // namespace tidemark::sinks::s3
