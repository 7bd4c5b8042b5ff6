// The plugin with the S3 sink as a host meets it: what a wrong url or option does to a sink that works, and
// swaps under load.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "harness.h"
#include "imposter/imposter.h"
#include "option_flags.h"

namespace tidemark::integration {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kLimitMs = 5000;
const std::string kAccessKey = imposter::Config().access_key;
const std::string kSecretKey = imposter::Config().secret_key;

// A port of loopback where connections are taken by the kernel and never answered.
class DeadEnd {
 public:
  DeadEnd() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (bind(socket_, raw, size) != 0 || listen(socket_, 16) != 0 || getsockname(socket_, raw, &size) != 0) {
      throw std::runtime_error("no port to be had");
    }
    port_ = ntohs(address.sin_port);
  }
  ~DeadEnd() { close(socket_); }
  DeadEnd(const DeadEnd&) = delete;
  DeadEnd& operator=(const DeadEnd&) = delete;
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  uint16_t port_ = 0;
};

class S3Scenario : public Scenario {
 protected:
  void SetUp() override {
    // Nothing of the machine's own.
    for (const char* name :
         {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
      unsetenv(name);
    }
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_CONFIG_FILE", (archive_ / "none").c_str(), 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", (archive_ / "none").c_str(), 1);
  }

  static Options keys() { return {{"access_key_id", kAccessKey}, {"secret_access_key", kSecretKey}}; }
  static std::string url_at(const std::string& endpoint, const std::string& more = "",
                            const std::string& bucket = "tidemark") {
    return "s3://" + bucket + "/p?endpoint=" + endpoint + more;
  }
  std::string url(const std::string& more = "") { return url_at(store_.endpoint(), more); }

  // The file sink at work, with one entry of it archived.
  void begin_with_files() {
    host_.commit_range(p_, 1, kEntries);
    begin();
    expect_at_work();
  }
  // Whatever sink there is takes the next entry.
  void expect_at_work() {
    ++next_;
    notify(p_, 1, next_);
    EXPECT_TRUE(host_.wait_for_acknowledge(p_, next_));
    EXPECT_EQ(objects().size(), next_) << "in the old sink";
  }

  // set_sink fails in time, names the cause, tells no secret, and changes nothing.
  void expect_refused(const std::string& bad_url, const Options& options, const std::string& cause,
                      tidemark_status status) {
    SCOPED_TRACE(bad_url);
    std::vector<tidemark_option> list;
    for (const auto& [key, value] : options) list.push_back({str(key), str(value), test::flags_of(key), 0});
    const tidemark_call call = {sizeof call, kLimitMs, nullptr, nullptr};
    ErrorOut error;
    const auto begin = Clock::now();
    EXPECT_EQ(api_->set_sink(archiver_, str(bad_url), list.data(), static_cast<uint32_t>(list.size()), &call,
                             &error),
              status)
        << error.message;
    EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(kLimitMs + 1500));
    EXPECT_THAT(std::string(error.message), HasSubstr(cause));
    for (const auto& [key, value] : options) {
      if (key.find("secret") == std::string::npos && key.find("token") == std::string::npos) continue;
      EXPECT_EQ(std::string(error.message).find(value), std::string::npos) << "a secret in a message";
    }
    expect_at_work();
  }

  static constexpr Lsn kEntries = 40;
  imposter::Imposter store_{imposter::Config{}};
  Lsn next_ = 0;
};

TEST_F(S3Scenario, BadInputLeavesTheOldSinkAtWork) {
  begin_with_files();
  expect_refused(url("&nosuch=1"), keys(), "nosuch", TIDEMARK_E_INVALID);
  expect_refused(url("&region=x&region=y"), keys(), "region", TIDEMARK_E_INVALID);
  expect_refused(url("&stall_timeout_ms=soon"), keys(), "stall_timeout_ms", TIDEMARK_E_INVALID);
  expect_refused(url_at("ftp://127.0.0.1"), keys(), "endpoint", TIDEMARK_E_INVALID);
  expect_refused(url_at("127.0.0.1:80"), keys(), "endpoint", TIDEMARK_E_INVALID);
  expect_refused(url("&secret_access_key=visible"), {{"access_key_id", kAccessKey}}, "secret_access_key",
                 TIDEMARK_E_INVALID);
  expect_refused("s3:///p", keys(), "bucket", TIDEMARK_E_INVALID);
  EXPECT_EQ(store_.service().logged().size(), 0) << "nobody was asked";
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], 0);
  EXPECT_TRUE(host_.events().empty());
}

TEST_F(S3Scenario, WhatAStoreRefusesLeavesTheOldSinkAtWork) {
  begin_with_files();
  expect_refused(url(), {{"access_key_id", "SOMEBODYELSE"}, {"secret_access_key", kSecretKey}},
                 "InvalidAccessKeyId", TIDEMARK_E_PERMANENT);
  expect_refused(url(), {{"access_key_id", kAccessKey}, {"secret_access_key", "not-the-secret"}},
                 "SignatureDoesNotMatch", TIDEMARK_E_PERMANENT);
  expect_refused(url_at(store_.endpoint(), "", "another-bucket"), keys(), "NoSuchBucket",
                 TIDEMARK_E_PERMANENT);
  expect_refused(url("&expected_bucket_owner=999999999999"), keys(), "AccessDenied", TIDEMARK_E_PERMANENT);
  expect_refused(url("&storage_class=COLD"), keys(), "storage class", TIDEMARK_E_PERMANENT);
  store_.service().reconfigure([](imposter::Config& config) { config.names_region = false; });
  expect_refused(url("&region=eu-north-1"), keys(), "region", TIDEMARK_E_PERMANENT);
  store_.service().reconfigure([](imposter::Config& config) { config.is_token_expired = true; });
  Options with_token = keys();
  with_token["session_token"] = "a-token-that-has-had-its-day";
  expect_refused(url(), with_token, "ExpiredToken", TIDEMARK_E_PERMANENT);
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], 0);
  EXPECT_TRUE(store_.service().store.creates().empty());
}

TEST_F(S3Scenario, AStoreThatCannotBeReachedLeavesTheOldSinkAtWork) {
  begin_with_files();
  expect_refused(url_at("http://127.0.0.1:1"), keys(), "127.0.0.1", TIDEMARK_E_RETRYABLE);
  expect_refused(url_at("http://no-such-host.invalid"), keys(), "no-such-host.invalid", TIDEMARK_E_RETRYABLE);
  const DeadEnd dead_end;
  expect_refused(url_at(dead_end.endpoint()), keys(), "127.0.0.1", TIDEMARK_E_RETRYABLE);
}

TEST_F(S3Scenario, ACertificateNobodyTrustsLeavesTheOldSinkAtWork) {
  const test::TempDir directory;
  const std::string command =
      std::string(S3_TEST_CERTIFICATES) + " '" + directory.path().string() + "' >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  imposter::Config config;
  config.server.tls_certificate_file = directory / "server.pem";
  config.server.tls_key_file = directory / "server.key";
  imposter::Imposter store(config);
  begin_with_files();
  expect_refused(url_at(store.endpoint()), keys(), "certificate", TIDEMARK_E_PERMANENT);
  expect_refused(url_at(store.endpoint(), "&ca_file=/no/such/file"), keys(), "ca_file", TIDEMARK_E_PERMANENT);
  EXPECT_EQ(store.service().logged().size(), 0) << "nothing was said before the certificate was known";
  ErrorOut error;
  EXPECT_EQ(set_sink(url_at(store.endpoint(), "&ca_file=" + (directory / "ca.pem")), keys(), &error),
            TIDEMARK_OK)
      << error.message;
}

// A region that was guessed wrong is no error where the store names the right one.
TEST_F(S3Scenario, TheRegionIsLearntFromTheStore) {
  for (const bool redirects : {false, true}) {
    store_.service().reconfigure([&](imposter::Config& config) {
      config.region = "eu-west-7";
      config.redirects_region = redirects;
    });
    create();
    ErrorOut error;
    EXPECT_EQ(set_sink(url("&region=us-east-1"), keys(), &error), TIDEMARK_OK) << error.message;
    destroy();
  }
}

// What is wrong with the bucket or the keys is one event for all, and ends by itself.
TEST_F(S3Scenario, ABucketThatIsGoneIsTheSinksFailure) {
  create({{"workers", "4"}, {"retry_min_ms", "20"}, {"retry_max_ms", "100"}});
  ErrorOut error;
  ASSERT_EQ(set_sink(url(), keys(), &error), TIDEMARK_OK) << error.message;
  start();
  const Partition partitions[] = {{"orders", 1}, {"orders", 2}, {"orders", 3}};
  for (const Partition& p : partitions) {
    host_.commit_range(p, 1, 2);
    notify(p, 1, 1);
    ASSERT_TRUE(host_.wait_for_acknowledge(p, 1));
  }
  store_.service().reconfigure([](imposter::Config& config) { config.bucket = "another"; });
  for (const Partition& p : partitions) notify(p, 1, 2);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_DOWN));
  EXPECT_THAT(host_.events(TIDEMARK_EVENT_SINK_DOWN).front().message, HasSubstr("NoSuchBucket"));
  store_.service().reconfigure([](imposter::Config& config) { config.bucket = imposter::Config().bucket; });
  for (const Partition& p : partitions) EXPECT_TRUE(host_.wait_for_acknowledge(p, 2));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_DOWN).size(), 1u);
  EXPECT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_SINK_UP));
}

TEST_F(S3Scenario, BackAndForthUnderLoad) {
  constexpr uint64_t kPartitions = 6;
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, kEntries);
  create({{"workers", "6"}});
  ErrorOut error;
  ASSERT_EQ(set_sink(file_url(archive_), {}, &error), TIDEMARK_OK) << error.message;
  start();
  int swaps = 0;
  for (Lsn high = 1; high <= kEntries; ++high) {
    for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, high);
    if (high % 5 != 0) continue;
    // Each sink gets something, however slow it is: the entry that was notified first after the last swap.
    ASSERT_TRUE(host_.wait_for_acknowledge({"orders", 1}, high - 4));
    const bool to_store = ++swaps % 2 == 1;
    ASSERT_EQ(to_store ? set_sink(url(), keys(), &error) : set_sink(file_url(archive_), {}, &error),
              TIDEMARK_OK)
        << error.message;
  }
  drain();
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], swaps);
  for (const auto& [key, count] : store_.service().store.creates()) {
    EXPECT_TRUE(count == 1 || !key.ends_with(".tar")) << key << " was created " << count << " times";
  }
  size_t in_store = 0;
  for (const bool looks_in_store : {true, false}) {
    ASSERT_EQ(looks_in_store ? set_sink(url(), keys(), &error) : set_sink(file_url(archive_), {}, &error),
              TIDEMARK_OK)
        << error.message;
    for (uint64_t id = 1; id <= kPartitions; ++id) {
      const Partition p = {"orders", id};
      EXPECT_EQ(host_.acknowledged(p), kEntries);
      for (Lsn lsn = 1; lsn <= kEntries; ++lsn) {
        const bool is_in_store = store_.service().store.contains("p/" + archive_key(p, lsn));
        if (is_in_store != looks_in_store) continue;
        expect_archived(p, lsn, lsn);
        in_store += is_in_store ? 1 : 0;
      }
    }
  }
  EXPECT_GT(in_store, 0u);
  EXPECT_LT(in_store, kPartitions * kEntries);
}

}  // namespace
}  // namespace tidemark::integration
