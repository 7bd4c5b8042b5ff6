#include "publish/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <thread>
#include <vector>

#include "http_client.h"
#include "temp_dir.h"

namespace tidemark::publish {
namespace {

std::string render(metrics::Format format) {
  return format == metrics::Format::kText ? "text 1\n" : "open 1\n# EOF\n";
}

class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = HttpLibrary::load(0);
    ASSERT_TRUE(loaded) << loaded.error().message;
    http_ = *loaded;
  }
  auto open(const std::string& address, Render to_render = render) {
    return Listener::open(http_, *config::ListenAddress::parse(address), std::move(to_render));
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  HttpLibrary http_;
  test::TempDir dir_;
};

TEST_F(ListenerTest, GivesWhatIsAskedFor) {
  for (const std::string& address : {std::string("127.0.0.1:0"), "unix:" + (dir_ / "socket")}) {
    const auto listener = open(address);
    ASSERT_TRUE(listener) << listener.error().message;
    const auto place = address_of((*listener)->place());
    std::string answer = get(place, "/metrics");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\ntext 1\n")) << answer;
    answer = get(place, "/metrics?x=y", "Accept: application/openmetrics-text; version=1.0.0\r\n");
    EXPECT_TRUE(has(answer, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\nopen 1\n# EOF\n")) << answer;
    EXPECT_TRUE(get(place, "/").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(get(place, "/metrics/").starts_with("HTTP/1.1 404 "));
    answer = ask(place, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n")) << answer;
  }
}

TEST_F(ListenerTest, RefusesWhatChanges) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_TRUE(listener);
  const auto place = address_of((*listener)->place());
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"}) {
    const std::string answer =
        ask(place, std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << method << ": " << answer;
    EXPECT_TRUE(has(answer, "Allow: GET, HEAD\r\n")) << answer;
  }
}

// Whoever reaches the port can do no more than be told no.
TEST_F(ListenerTest, StaysWhateverItIsSent) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_TRUE(listener);
  const auto place = address_of((*listener)->place());
  const std::string long_line(1U << 20U, 'a');
  (void)ask(place, "GET /" + long_line + " HTTP/1.1\r\n\r\n");
  (void)ask(place, "GET /metrics HTTP/1.1\r\nX: " + long_line + "\r\n\r\n");
  (void)ask(place, std::string_view("\0\1\2\xff\r\n\r\n", 8), 1);
  EXPECT_TRUE(has(get(place, "/metrics"), " 200 "));
}

TEST_F(ListenerTest, ManyAtOnce) {
  const auto listener = open("127.0.0.1:0");
  ASSERT_TRUE(listener);
  const auto place = address_of((*listener)->place());
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) answered += has(get(place, "/metrics"), "text 1") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 200);
}

TEST_F(ListenerTest, WhatCannotBeRenderedEndsOneConnection) {
  std::atomic<bool> fails = true;
  const auto listener = open("127.0.0.1:0", [&](metrics::Format format) {
    if (fails) throw std::bad_alloc();
    return render(format);
  });
  ASSERT_TRUE(listener);
  const auto place = address_of((*listener)->place());
  EXPECT_EQ(get(place, "/metrics"), "");
  fails = false;
  EXPECT_TRUE(has(get(place, "/metrics"), " 200 "));
}

TEST_F(ListenerTest, APortThatIsTakenIsNamed) {
  const auto first = open("127.0.0.1:0");
  ASSERT_TRUE(first);
  const std::string place = address_of((*first)->place()).text();
  const auto second = open(place);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().sys_errno, EADDRINUSE);
  EXPECT_TRUE(has(second.error().message, place)) << second.error().message;
}

TEST_F(ListenerTest, ASocketThatAKilledProcessLeftIsReplaced) {
  const std::string path = dir_ / "socket";
  const auto address = *config::ListenAddress::parse("unix:" + path);
  {
    const UniqueFd left(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(left.get(), address.address(), address.size()), 0);
  }
  {
    const auto listener = open("unix:" + path);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_TRUE(has(get(address, "/metrics"), " 200 "));
    // One that is in use stays, and so does what is no socket.
    const auto second = open("unix:" + path);
    ASSERT_FALSE(second);
    EXPECT_TRUE(has(second.error().message, "somebody listens at " + path)) << second.error().message;
    EXPECT_TRUE(has(get(address, "/metrics"), " 200 "));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "it goes with its listener";
  test::write_file(path, "precious");
  const auto third = open("unix:" + path);
  ASSERT_FALSE(third);
  EXPECT_TRUE(has(third.error().message, "not a socket")) << third.error().message;
  EXPECT_EQ(test::read_file(path), "precious");
}

// To connect is to write: group members could not scrape what the usual umask leaves.
TEST_F(ListenerTest, ASocketIsForOwnerAndGroupWhateverTheUmaskIs) {
  for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
    const mode_t before = ::umask(mask);
    const auto listener = open("unix:" + (dir_ / "socket"));
    ::umask(before);
    ASSERT_TRUE(listener) << listener.error().message;
    struct stat status {};
    ASSERT_EQ(::stat((dir_ / "socket").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0660U) << std::oct << mask;
  }
}

TEST_F(ListenerTest, WhatAnotherMadeInItsPlaceStays) {
  const std::string path = dir_ / "socket";
  const auto address = *config::ListenAddress::parse("unix:" + path);
  auto first = open("unix:" + path);
  ASSERT_TRUE(first) << first.error().message;
  std::filesystem::remove(path);
  const auto second = open("unix:" + path);
  ASSERT_TRUE(second) << second.error().message;
  first->reset();
  EXPECT_TRUE(has(get(address, "/metrics"), " 200 "))
      << "the first one's end removed the second one's socket";
}

TEST_F(ListenerTest, ADirectoryThatIsNotThereIsNamed) {
  const auto listener = open("unix:" + (dir_ / "none/socket"));
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().sys_errno, ENOENT);
  EXPECT_TRUE(has(listener.error().message, dir_ / "none/socket")) << listener.error().message;
}

}  // namespace
}  // namespace tidemark::publish
