// The sink as a whole with what lies around it: variables, shared files, certificates, a machine's role,
// proxies. A strict store in this process answers.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>

#include "../option_flags.h"
#include "http/iso_time.h"
#include "loopback.h"
#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

const std::string kKey = imposter::Config().access_key;
const std::string kSecret = imposter::Config().secret_key;

// The environment of this process: nothing of the machine's own, and a home that is empty.
class SurroundingsTest : public S3SinkTest {
 protected:
  SurroundingsTest() {
    for (const char* name : {"AWS_PROFILE",
                             "AWS_DEFAULT_PROFILE",
                             "AWS_ACCESS_KEY_ID",
                             "AWS_SECRET_ACCESS_KEY",
                             "AWS_SESSION_TOKEN",
                             "AWS_SECURITY_TOKEN",
                             "AWS_REGION",
                             "AWS_DEFAULT_REGION",
                             "AWS_CONFIG_FILE",
                             "AWS_SHARED_CREDENTIALS_FILE",
                             "AWS_CA_BUNDLE",
                             "AWS_ENDPOINT_URL",
                             "AWS_ENDPOINT_URL_S3",
                             "AWS_ENDPOINT_URL_STS",
                             "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                             "AWS_USE_FIPS_ENDPOINT",
                             "AWS_USE_DUALSTACK_ENDPOINT",
                             "AWS_WEB_IDENTITY_TOKEN_FILE",
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                             "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                             "http_proxy",
                             "https_proxy",
                             "HTTPS_PROXY",
                             "all_proxy",
                             "ALL_PROXY",
                             "no_proxy",
                             "NO_PROXY"}) {
      set(name, nullptr);
    }
    set("AWS_EC2_METADATA_DISABLED", "true");
    set("HOME", (home_ / "").c_str());
    std::filesystem::create_directory(home_ / ".aws");
  }
  ~SurroundingsTest() override {
    for (const auto& [name, value] : before_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
  }

  void set(const std::string& name, const char* value) {
    const char* old = std::getenv(name.c_str());
    before_.emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    value == nullptr ? unsetenv(name.c_str()) : setenv(name.c_str(), value, 1);
  }
  void set(const std::string& name, const std::string& value) { set(name, value.c_str()); }
  void set_keys() {
    set("AWS_ACCESS_KEY_ID", kKey);
    set("AWS_SECRET_ACCESS_KEY", kSecret);
  }
  void write(const std::string& name, const std::string& text) { write_file(home_ / (".aws/" + name), text); }
  void start_tls() {
    const std::string command = S3_TEST_CERTIFICATES " '" + (home_ / "") + "' >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0);
    imposter::Config config;
    config.server.tls_certificate_file = home_ / "server.pem";
    config.server.tls_key_file = home_ / "server.key";
    start(config);
  }

  Result<std::unique_ptr<S3Sink>> open_plain(const std::string& url,
                                             const std::map<std::string, std::string>& options = {},
                                             uint32_t timeout_ms = 0) {
    std::vector<tidemark_option> list;
    for (const auto& [key, value] : options)
      list.push_back({abi_str(key), abi_str(value), test::flags_of(key), 0});
    const tidemark_call raw = {sizeof raw, timeout_ms, nullptr, nullptr};
    return S3Sink::open(
        {HostLog(log_.host()), *parse_url(url), list.data(), static_cast<uint32_t>(list.size())},
        Call(&raw, nullptr));
  }
  // Opens and stores a thing.
  void expect_works(const std::string& url, const std::map<std::string, std::string>& options = {}) {
    SCOPED_TRACE(url);
    const Result<std::unique_ptr<S3Sink>> sink = open_plain(url, options);
    ASSERT_TRUE(sink) << sink.error().message;
    const std::string key = "k" + std::to_string(++keys_);
    const Status stored = put(**sink, key, "bytes");
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(is_stored(key));
  }
  void expect_refused(const std::string& url, tidemark_status status, const std::string& words,
                      const std::map<std::string, std::string>& options = {}) {
    const Result<std::unique_ptr<S3Sink>> sink = open_plain(url, options);
    ASSERT_FALSE(sink) << url;
    EXPECT_EQ(sink.error().status, status) << sink.error().message;
    EXPECT_NE(sink.error().message.find(words), std::string::npos) << sink.error().message;
  }
  static std::map<std::string, std::string> keys() {
    return {{"access_key_id", kKey}, {"secret_access_key", kSecret}};
  }

  TempDir home_;
  std::map<std::string, std::optional<std::string>> before_;
  int keys_ = 0;
};

TEST_F(SurroundingsTest, TheEnvironmentAloneIsEnough) {
  start();
  set("AWS_ENDPOINT_URL_S3", store_->endpoint());
  set_keys();
  expect_works("s3://tidemark/p");
  set("AWS_ENDPOINT_URL_S3", nullptr);
  set("AWS_ENDPOINT_URL", store_->endpoint() + "/");
  expect_works("s3://tidemark/p");
}

TEST_F(SurroundingsTest, AProfileAloneIsEnough) {
  start_tls();
  write("config", "[profile store]\nendpoint_url = " + store_->endpoint() + "\n");
  write("credentials",
        "[store]\n  aws_access_key_id = " + kKey + "\n  aws_secret_access_key = " + kSecret + "\n");
  set("AWS_PROFILE", "store");
  expect_refused("s3://tidemark/p", TIDEMARK_E_PERMANENT, "certificate");
  write("config", "[profile store]\nendpoint_url = " + store_->endpoint() +
                      "\nca_bundle = " + (home_ / "ca.pem") + "\n");
  expect_works("s3://tidemark/p");
  set("AWS_CA_BUNDLE", home_ / "none.pem");  // comes first
  expect_refused("s3://tidemark/p", TIDEMARK_E_PERMANENT, "none.pem");
  expect_works("s3://tidemark/p?ca_file=" + (home_ / "ca.pem"));  // comes before that
  set("AWS_CA_BUNDLE", nullptr);
  set("AWS_PROFILE", "stoer");
  expect_refused("s3://tidemark/p?endpoint=" + store_->endpoint() + "&ca_file=" + (home_ / "ca.pem"),
                 TIDEMARK_E_PERMANENT, "there is no profile \"stoer\", which AWS_PROFILE names,");
}

TEST_F(SurroundingsTest, AnEndpointMayHaveAPath) {
  imposter::Config config;
  config.path = "/storage/v1/s3";
  start(config);
  const std::string endpoint = "HTTP" + store_->endpoint().substr(4) + "/storage/v1/s3/";
  expect_works("s3://tidemark/p?endpoint=" + endpoint, keys());
  set("AWS_ENDPOINT_URL_S3", endpoint);
  expect_works("s3://tidemark/p", keys());
  set("AWS_ENDPOINT_URL_S3", store_->endpoint() + "/storage/v2/s3");
  expect_refused("s3://tidemark/p", TIDEMARK_E_PERMANENT, "NoSuchRoute", keys());
}

// Keys from the options, and a home that tells nothing: one line, and the store is open.
TEST_F(SurroundingsTest, SharedFilesThatAreNoUseDoNotKeepFromOpening) {
  start();
  const std::string url = "s3://tidemark/p?endpoint=" + store_->endpoint();
  std::filesystem::create_directory(home_ / ".aws/config");
  expect_works(url, keys());
  EXPECT_EQ(log_.count(".aws/config\": not a regular file"), 1u);
  EXPECT_EQ(log_.count("requests are signed for us-east-1"), 1u);
  write("credentials", "this is no file of keys\n");
  expect_works(url, keys());
  EXPECT_EQ(log_.count(".aws/credentials\", line 1"), 1u);
  set_keys();
  expect_works(url);
  set("AWS_PROFILE", "typo");
  std::filesystem::remove(home_ / ".aws/credentials");
  expect_works(url);
  EXPECT_EQ(log_.count("there is no profile \"typo\""), 1u);
}

TEST_F(SurroundingsTest, WhatIsSetAndWrongIsRefused) {
  set_keys();
  set("AWS_ENDPOINT_URL", "127.0.0.1:9000");
  expect_refused("s3://tidemark/p", TIDEMARK_E_INVALID, "AWS_ENDPOINT_URL");
  set("AWS_ENDPOINT_URL", nullptr);
  expect_refused("s3://base--use1-az5--x-s3", TIDEMARK_E_INVALID, "S3 Express");
}

// A machine's metadata service, which has a role that is the store's user.
class Machine {
 public:
  std::atomic<bool> is_down = false;
  std::atomic<int> asked = 0;
  std::atomic<int64_t> life_us = 3'600'000'000;
  std::string url() const { return server_.url(); }

 private:
  void serve(int fd) {
    std::string buffer;
    const std::string head = LoopbackServer::read_head(fd, &buffer);
    if (head.empty()) return;
    ++asked;
    const std::string roles = "GET /latest/meta-data/iam/security-credentials/";
    std::string body = "TOKEN";
    if (head.starts_with(roles + "r ")) {
      body = R"({"Code":"Success","AccessKeyId":")" + kKey + R"(","SecretAccessKey":")" + kSecret +
             R"(","Token":"role-token","Expiration":")" + format_iso_time(wall_clock_us() + life_us) + "\"}";
    } else if (head.starts_with(roles)) {
      body = "r";
    }
    if (is_down) body = "out of order";
    LoopbackServer::send_all(fd, std::string("HTTP/1.1 ") + (is_down ? "503 Down" : "200 OK") +
                                     "\r\nConnection: close\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  LoopbackServer server_{[this](int fd) { serve(fd); }};
};

TEST_F(SurroundingsTest, AProfileWithARegionOnlyLeavesKeysToTheMachine) {
  imposter::Config config;
  config.session_token = "role-token";
  config.region = "eu-west-3";
  config.names_region = false;
  start(config);
  Machine machine;
  write("config", "[profile lean]\nregion = eu-west-3\n");
  set("AWS_PROFILE", "lean");
  set("AWS_EC2_METADATA_DISABLED", nullptr);
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.url());
  set("http_proxy", "http://127.0.0.1:1");  // never for the machine's own service
  expect_works("s3://tidemark/p?proxy=none&endpoint=" + store_->endpoint());
  EXPECT_EQ(log_.count("credentials are from the instance's role \"r\""), 1u);
  set("AWS_PROFILE", "laen");
  expect_refused("s3://tidemark/p?proxy=none&endpoint=" + store_->endpoint(), TIDEMARK_E_PERMANENT,
                 "there is no profile \"laen\"");
}

// The service gives what has expired, or nothing any more; the store still takes it, and then no longer.
TEST_F(SurroundingsTest, CredentialsOutliveTheirTimeWhileTheirServiceIsDown) {
  imposter::Config config;
  config.session_token = "role-token";
  start(config);
  Machine machine;
  machine.life_us = -60'000'000;
  set("AWS_EC2_METADATA_DISABLED", nullptr);
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.url());
  const Result<std::unique_ptr<S3Sink>> sink = open_plain("s3://tidemark/p?endpoint=" + store_->endpoint());
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_EQ(log_.count("they are used as long as the store takes them"), 1u);
  const int asked = machine.asked;
  machine.is_down = true;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(put(**sink, "k" + std::to_string(i), "x"));
  EXPECT_EQ(machine.asked, asked);
  store().reconfigure([](imposter::Config& now) { now.is_token_expired = true; });
  const Status refused = put(**sink, "late", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, TIDEMARK_E_RETRYABLE) << refused.error().message;
  EXPECT_GT(machine.asked, asked) << "asked again as soon as the store refused them";
  EXPECT_FALSE(is_stored("late"));
  EXPECT_EQ(log_.count("they are used as long as the store takes them"), 1u) << "said once";
}

// A proxy that forwards requests and tunnels, and wants a password if it has one.
class Proxy {
 public:
  std::string authorization;  // what the header has to be; empty: anything
  std::atomic<bool> is_broken = false;
  std::string refusal = "502 Bad Gateway";  // what a broken one says
  std::atomic<bool> drips = false;          // an answer that never ends, a byte at a time
  std::string dripping_head = "";           // what comes of it at once
  std::atomic<int> forwarded = 0, tunnels = 0, denied = 0;
  uint16_t port() const { return server_.port(); }
  std::string url() const { return server_.url(); }

 private:
  static int connect_to(std::string_view host) {
    const size_t colon = host.find(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(std::string(host.substr(colon + 1)))));
    inet_pton(AF_INET, std::string(host.substr(0, colon)).c_str(), &address.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    return -1;
  }
  // Both ways until one side ends.
  static void pump(int one, int other) {
    pollfd waits[] = {{one, POLLIN, 0}, {other, POLLIN, 0}};
    std::vector<char> piece(64 * 1024);
    while (poll(waits, 2, -1) > 0) {
      for (int i = 0; i < 2; ++i) {
        if (waits[i].revents == 0) continue;
        const ssize_t got = recv(waits[i].fd, piece.data(), piece.size(), 0);
        if (got <= 0) return;
        if (!LoopbackServer::send_all(waits[1 - i].fd, {piece.data(), static_cast<size_t>(got)})) return;
      }
    }
  }
  // Takes the body and answers a byte at a time, quicker than what counts as a stall.
  void drip(int fd, const std::string& head, size_t got_bytes) const {
    if (head.find("Expect: 100-continue") != std::string::npos) {
      LoopbackServer::send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    const std::string length = header_of(head, "Content-Length");
    const size_t size = length.empty() ? 0 : std::stoul(length);
    std::vector<char> piece(64 * 1024);
    while (got_bytes < size) {
      const ssize_t got = recv(fd, piece.data(), piece.size(), 0);
      if (got <= 0) return;
      got_bytes += static_cast<size_t>(got);
    }
    if (!LoopbackServer::send_all(fd, dripping_head)) return;
    while (LoopbackServer::send_all(fd, "x")) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  static std::string header_of(const std::string& head, const std::string& name) {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  // One request a connection: "Connection: close" goes to the server and comes back to the client.
  void serve(int fd) {
    std::string rest;
    std::string head = LoopbackServer::read_head(fd, &rest);
    if (head.empty()) return;
    if (is_broken) {
      LoopbackServer::send_all(fd,
                               "HTTP/1.1 " + refusal + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    if (drips) return drip(fd, head, rest.size());
    if (!authorization.empty() && header_of(head, "Proxy-Authorization") != authorization) {
      ++denied;
      LoopbackServer::send_all(fd,
                               "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
                               "realm=\"p\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const size_t begin = head.find(' ') + 1;
    std::string target = head.substr(begin, head.find(' ', begin) - begin);
    const bool is_tunnel = head.starts_with("CONNECT ");
    const std::string host = is_tunnel ? target : header_of(head, "Host");
    if (!is_tunnel && !target.starts_with("http://" + host + "/")) return;
    const int server = connect_to(host);
    if (server < 0) return;
    if (is_tunnel) {
      ++tunnels;
      LoopbackServer::send_all(fd, "HTTP/1.1 200 Connection established\r\n\r\n");
    } else {
      ++forwarded;
      head.replace(begin, target.size(), target.substr(7 + host.size()));
      for (const char* own : {"Proxy-Connection", "Proxy-Authorization"}) {
        const size_t at = head.find(std::string("\r\n") + own + ": ");
        if (at != std::string::npos) head.erase(at, head.find("\r\n", at + 2) - at);
      }
      head.insert(head.size() - 2, "Connection: close\r\n");
      LoopbackServer::send_all(server, head);
    }
    LoopbackServer::send_all(server, rest);
    pump(fd, server);
    close(server);
  }
  LoopbackServer server_{[this](int fd) { serve(fd); }};
};

TEST_F(SurroundingsTest, AProxyIsAskedForEverything) {
  start();
  Proxy proxy;
  const std::string url = "s3://tidemark/p?endpoint=" + store_->endpoint();
  expect_works(url + "&proxy=" + proxy.url(), keys());
  const int by_option = proxy.forwarded;
  EXPECT_EQ(static_cast<size_t>(by_option), store().logged().size()) << "no request went past it";
  EXPECT_EQ(proxy.tunnels, 0);

  set("http_proxy", proxy.url());
  expect_works(url, keys());
  const int by_variable = proxy.forwarded;
  EXPECT_GT(by_variable, by_option);
  expect_works(url + "&proxy=none", keys());
  set("no_proxy", "127.0.0.1");
  expect_works(url, keys());
  EXPECT_EQ(proxy.forwarded, by_variable) << "neither of these through it";
}

TEST_F(SurroundingsTest, AProxyTunnelsToAStoreWithTls) {
  start_tls();
  Proxy proxy;
  const std::string url = "s3://tidemark/p?ca_file=" + (home_ / "ca.pem") + "&endpoint=" + store_->endpoint();
  expect_works(url + "&proxy=" + proxy.url(), keys());
  EXPECT_GT(proxy.tunnels, 0);
  EXPECT_EQ(proxy.forwarded, 0);
  set("https_proxy", proxy.url());
  const int before = proxy.tunnels;
  expect_works(url, keys());
  EXPECT_GT(proxy.tunnels, before);
}

TEST_F(SurroundingsTest, AProxysPasswordIsForTheProxyAlone) {
  start();
  Proxy proxy;
  proxy.authorization = "Basic bWU6aHVzaA==";  // me:hush
  const std::string url = "s3://tidemark/p?endpoint=" + store_->endpoint();
  std::map<std::string, std::string> options = keys();
  options["proxy"] = "http://me:hush@127.0.0.1:" + std::to_string(proxy.port());
  expect_works(url, options);
  EXPECT_EQ(proxy.denied, 0);
  for (const auto& request : store().logged()) {
    for (const auto& [name, value] : request.headers) EXPECT_NE(name, "proxy-authorization");
  }
  const size_t seen = store().logged().size();
  options["proxy"] = proxy.url();
  const Result<std::unique_ptr<S3Sink>> denied = open_plain(url, options);
  ASSERT_FALSE(denied);
  EXPECT_NE(denied.error().message.find("407"), std::string::npos) << denied.error().message;
  EXPECT_EQ(denied.error().message.find("hush"), std::string::npos);
  EXPECT_GT(proxy.denied, 0);
  EXPECT_EQ(store().logged().size(), seen);
}

// Whoever reads it learns which proxy, and where it is set; never its password.
TEST_F(SurroundingsTest, AProxyThatFailsIsNamedWithItsSource) {
  struct Refusal {
    const char* line;
    tidemark_status status;
    const char* words;
  };
  const Refusal refusals[] = {
      {"407 Proxy Authentication Required", TIDEMARK_E_PERMANENT, "the proxy wants a user and a password"},
      {"403 Forbidden", TIDEMARK_E_PERMANENT, "403"},
      {"502 Bad Gateway", TIDEMARK_E_RETRYABLE, "502"}};
  const auto expect_named = [&](const std::string& url, const Refusal& refusal, const std::string& where,
                                const std::string& from, std::map<std::string, std::string> options) {
    const uint32_t timeout_ms = refusal.status == TIDEMARK_E_RETRYABLE ? 1500 : 0;  // or it is asked again
    const Result<std::unique_ptr<S3Sink>> sink = open_plain(url, options, timeout_ms);
    ASSERT_FALSE(sink);
    const std::string& message = sink.error().message;
    EXPECT_EQ(sink.error().status, refusal.status) << message;
    EXPECT_NE(message.find(refusal.words), std::string::npos) << message;
    EXPECT_NE(message.find("through the proxy http://" + where + " (from " + from + ")"), std::string::npos)
        << message;
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  };
  Proxy proxy;
  proxy.is_broken = true;
  const std::string where = "127.0.0.1:" + std::to_string(proxy.port());
  const std::string with_password = "http://me:hush@" + where;
  const Refusal nobody = {"", TIDEMARK_E_RETRYABLE, "connect"};
  for (const bool tls : {true, false}) {
    SCOPED_TRACE(tls);
    if (tls) {
      start_tls();
    } else {
      start();
    }
    const std::string url =
        "s3://tidemark/p?ca_file=" + (home_ / "ca.pem") + "&endpoint=" + store_->endpoint();
    for (const std::string name : {tls ? "https_proxy" : "http_proxy", "all_proxy", "ALL_PROXY"}) {
      SCOPED_TRACE(name);
      set(name, with_password);
      for (const Refusal& refusal : refusals) {
        proxy.refusal = refusal.line;
        expect_named(url, refusal, where, name, keys());
      }
      set(name, nullptr);
    }
    std::map<std::string, std::string> options = keys();
    options["proxy"] = with_password;
    proxy.refusal = refusals[0].line;
    expect_named(url, refusals[0], where, "option \"proxy\"", options);
    options["proxy"] = "http://me:hush@127.0.0.1:1";
    expect_named(url, nobody, "127.0.0.1:1", "option \"proxy\"", options);
  }
  std::map<std::string, std::string> options = keys();
  options["proxy"] = "gopher://me:hush@127.0.0.1:1";
  const auto sink = open_plain("s3://tidemark/p?endpoint=" + store_->endpoint(), options);
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().status, TIDEMARK_E_PERMANENT) << sink.error().message;
  EXPECT_NE(sink.error().message.find("not a proxy's url"), std::string::npos) << sink.error().message;
  EXPECT_EQ(sink.error().message.find("hush"), std::string::npos) << sink.error().message;
}

// A byte now and then is no stall, and still there is an end to it, also in calls without a limit of their
// own.
TEST_F(SurroundingsTest, AnAnswerThatDripsForEverIsGivenUp) {
  start();
  Proxy proxy;
  const std::string url =
      "s3://tidemark/p?multipart_threshold=64MiB&stall_timeout_ms=1000&connect_timeout_ms=100&proxy=" +
      proxy.url() + "&endpoint=" + store_->endpoint();
  const Result<std::unique_ptr<S3Sink>> sink = open_plain(url, keys());
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE(put(**sink, "there", "bytes"));
  proxy.drips = true;
  const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  const Call call(nullptr, nullptr);
  proxy.dripping_head = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
  const Status outcomes[] = {(*sink)->list("", "", visit, call), (*sink)->remove("there", call),
                             put(**sink, "small", "x"), put(**sink, "large", std::string(2 << 20, 'x'))};
  for (const Status& outcome : outcomes) {
    EXPECT_EQ(status_of(outcome), TIDEMARK_E_RETRYABLE);
    EXPECT_NE(outcome.error().message.find("is not whole after 2100 ms"), std::string::npos)
        << outcome.error().message;
  }
  proxy.dripping_head = "HTTP/1.1 200 OK\r\nx-a: ";
  EXPECT_EQ(status_of((*sink)->head("there", call)), TIDEMARK_E_RETRYABLE);
  proxy.dripping_head = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
  expect_refused(url, TIDEMARK_E_RETRYABLE, "the answer of 127.0.0.1", keys());
}

TEST_F(SurroundingsTest, CertificatesThatDoNotFitSayWhichAndWhy) {
  start_tls();
  const std::string url = "s3://tidemark/p?endpoint=" + store_->endpoint();
  set_keys();
  set("AWS_CA_BUNDLE", home_ / "none.pem");
  expect_refused(url, TIDEMARK_E_PERMANENT, "is what AWS_CA_BUNDLE names a readable PEM file?");
  set("AWS_CA_BUNDLE", nullptr);
  expect_refused(url + "&ca_file=" + (home_ / "none.pem"), TIDEMARK_E_PERMANENT,
                 "is what option \"ca_file\" names");
  write("config", "[default]\nca_bundle = " + (home_ / "none.pem") + "\n");
  expect_refused(url, TIDEMARK_E_PERMANENT, "is what ca_bundle of profile \"default\" names");
  write("config", "");
  // A certificate of the right issuer's, for other names; and the right one, of another issuer.
  const std::string other =
      "s3://tidemark/p?endpoint=https://other.localhost:" + std::to_string(store_->port());
  expect_refused(other + "&ca_file=" + (home_ / "ca.pem"), TIDEMARK_E_PERMANENT,
                 "is another host's: is endpoint right?");
  const std::string own = home_ / "other";
  std::filesystem::create_directory(own);
  ASSERT_EQ(std::system((S3_TEST_CERTIFICATES " '" + own + "' >/dev/null 2>&1").c_str()), 0);
  set("AWS_CA_BUNDLE", own + "/ca.pem");
  expect_refused(url, TIDEMARK_E_PERMANENT, "which AWS_CA_BUNDLE names");
  set("AWS_CA_BUNDLE", nullptr);
  expect_refused(url, TIDEMARK_E_PERMANENT, "give that with ca_file");
}

TEST_F(SurroundingsTest, TheWrongSchemeIsGuessed) {
  set_keys();
  start_tls();
  const std::string port = std::to_string(store_->port());
  const auto plain = open_plain("s3://tidemark/p?endpoint=http://127.0.0.1:" + port, {}, 1500);
  ASSERT_FALSE(plain);
  EXPECT_NE(plain.error().message.find("is the endpoint https:// instead of http://?"), std::string::npos)
      << plain.error().message;
  const LoopbackServer http([](int fd) {
    char piece[4096];
    if (recv(fd, piece, sizeof piece, 0) > 0)
      LoopbackServer::send_all(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  start();
  for (const int served : {int{http.port()}, int{store_->port()}}) {
    const auto tls =
        open_plain("s3://tidemark/p?endpoint=https://127.0.0.1:" + std::to_string(served), {}, 4000);
    ASSERT_FALSE(tls);
    EXPECT_NE(tls.error().message.find("is the endpoint http:// instead of https://?"), std::string::npos)
        << tls.error().message;
  }
}

TEST_F(SurroundingsTest, AProcessThatIsWaitedForIsTold) {
  start();
  write("config", "[default]\ncredential_process = sleep 100\n");
  const auto sink = open_plain("s3://tidemark/p?endpoint=" + store_->endpoint(), {}, 3500);
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(sink.error().message.find("credential_process of profile \"default\""), std::string::npos)
      << sink.error().message;
  EXPECT_EQ(log_.count("waiting for the credential_process of profile \"default\""), 1u);
}

TEST_F(SurroundingsTest, AProxyThatIsBrokenIsTriedAgainLater) {
  start();
  Proxy proxy;
  proxy.is_broken = true;
  const std::string url = "s3://tidemark/p?endpoint=" + store_->endpoint();
  expect_refused(url + "&proxy=" + proxy.url(), TIDEMARK_E_RETRYABLE, "502", keys());
  expect_refused(url + "&proxy=http://127.0.0.1:1", TIDEMARK_E_RETRYABLE, "127.0.0.1", keys());
  EXPECT_TRUE(store().logged().empty());
}

}  // namespace
}  // namespace tidemark::sinks::s3
