#include "publish/publisher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <functional>
#include <mutex>

#include "http_client.h"
#include "temp_dir.h"

namespace tidemark::publish {
namespace {

struct Lines {
  std::mutex mutex;
  std::vector<std::string> all;

  static void take(void* ctx, int32_t level, tidemark_str /*component*/, tidemark_str message) {
    auto& self = *static_cast<Lines*>(ctx);
    const std::lock_guard<std::mutex> lock(self.mutex);
    self.all.push_back((level == TIDEMARK_LOG_WARN ? "warn " : "info ") + std::string(view(message)));
  }
  std::vector<std::string> get() {
    const std::lock_guard<std::mutex> lock(mutex);
    return all;
  }
};

class PublisherTest : public ::testing::Test {
 protected:
  std::unique_ptr<Publisher> make(const std::string& listen = "") {
    config::Publishing wanted;
    wanted.file = file_;
    wanted.interval_ms = 100;
    std::optional<HttpLibrary> http;
    if (!listen.empty()) {
      wanted.listen = *config::ListenAddress::parse(listen);
      http = *HttpLibrary::load(0);
    }
    return std::make_unique<Publisher>(wanted, http, log_.component("metrics"),
                                       [this](metrics::Format) { return text(++rendered_); });
  }
  static std::string text(int number) { return "# HELP tidemark_rendered " + std::to_string(number) + "\n"; }
  static void wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_TRUE(condition());
  }

  test::TempDir dir_;
  std::string file_;
  Lines lines_;
  log::Log log_{Lines::take, &lines_, TIDEMARK_LOG_DEBUG};
  std::atomic<int> rendered_{0};
};

TEST_F(PublisherTest, ReplacesTheFileAgainAndAgainAndAtTheEnd) {
  file_ = dir_ / "metrics.prom";
  const mode_t before = ::umask(077);
  const auto publisher = make();
  ASSERT_TRUE(publisher->start());
  EXPECT_EQ(test::read_file(file_), text(1)) << "at once";
  wait_until([this] { return rendered_ >= 3; });
  publisher->stop();
  ::umask(before);
  EXPECT_EQ(test::read_file(file_), text(rendered_)) << "the last word";
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U) << "who collects it is another user";
  publisher->stop();
  const int last = rendered_;
  ASSERT_TRUE(publisher->start());
  EXPECT_GT(rendered_, last) << "and again";
}

TEST_F(PublisherTest, WhereNothingIsWantedThereIsNothing) {
  const auto publisher = make();
  ASSERT_TRUE(publisher->start());
  publisher->stop();
  EXPECT_EQ(rendered_, 0);
  EXPECT_TRUE(lines_.get().empty());
}

TEST_F(PublisherTest, TroubleWithTheFileIsToldOnceAndPasses) {
  file_ = dir_ / "none/metrics.prom";
  const auto publisher = make();
  ASSERT_TRUE(publisher->start());
  wait_until([this] { return rendered_ >= 4; });
  ASSERT_EQ(lines_.get().size(), 1U);
  EXPECT_TRUE(lines_.get()[0].starts_with("warn metrics_file: ")) << lines_.get()[0];
  EXPECT_NE(lines_.get()[0].find(file_), std::string::npos) << lines_.get()[0];
  std::filesystem::create_directory(dir_ / "none");
  wait_until([this] { return lines_.get().size() == 2; });
  EXPECT_EQ(lines_.get()[1], "info metrics_file: works again");
  publisher->stop();
  EXPECT_EQ(test::read_file(file_), text(rendered_));
}

TEST_F(PublisherTest, WhatIsNoFileOfMetricsStays) {
  file_ = dir_ / "lineage";
  std::ofstream(file_) << "TIDEMARK-LINEAGE 1\n";
  const auto publisher = make();
  ASSERT_TRUE(publisher->start());
  wait_until([this] { return lines_.get().size() == 1; });
  EXPECT_NE(lines_.get()[0].find(file_ + " is there, and holds something else, which stays"),
            std::string::npos);
  publisher->stop();
  EXPECT_EQ(test::read_file(file_), "TIDEMARK-LINEAGE 1\n");
}

TEST_F(PublisherTest, APortThatIsTakenIsListenedAtOnceItIsFree) {
  auto first = make("127.0.0.1:0");
  ASSERT_TRUE(first->start());
  const std::string said = lines_.get().at(0);
  const std::string place = said.substr(said.find("http://"));
  const auto address = address_of(place);
  EXPECT_NE(get(address, "/metrics").find(" 200 "), std::string::npos);
  const auto second = make(address.text());
  ASSERT_TRUE(second->start()) << "archiving comes first";
  ASSERT_EQ(lines_.get().size(), 2U);
  EXPECT_TRUE(lines_.get()[1].starts_with("warn metrics_listen: ")) << lines_.get()[1];
  first.reset();
  wait_until([this] { return lines_.get().size() == 4; });
  EXPECT_EQ(lines_.get()[2], "info metrics_listen: works again");
  EXPECT_EQ(lines_.get()[3], "info metrics are served at " + place);
  EXPECT_NE(get(address, "/metrics").find(" 200 "), std::string::npos);
  second->stop();
  EXPECT_EQ(get(address, "/metrics"), "");
}

TEST_F(PublisherTest, ASocketThatSomebodyRemovedIsMadeAgain) {
  const std::string path = dir_ / "socket";
  const auto publisher = make("unix:" + path);
  ASSERT_TRUE(publisher->start());
  ASSERT_EQ(lines_.get().size(), 1U);
  std::filesystem::remove(path);
  wait_until([this] { return lines_.get().size() == 2; });
  EXPECT_EQ(lines_.get().at(1), "info metrics are served at " + path);
  EXPECT_NE(get(address_of(path), "/metrics").find(" 200 "), std::string::npos);
  publisher->stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(PublisherTest, ASocketThatIsAnothersNowIsToldOnceAndStays) {
  const std::string path = dir_ / "socket";
  file_ = dir_ / "metrics.prom";  // shows that time passes
  const auto publisher = make("unix:" + path);
  ASSERT_TRUE(publisher->start());
  ASSERT_EQ(lines_.get().size(), 1U);
  const HttpLibrary http = *HttpLibrary::load(0);
  const auto open_another = [&](const std::string& at) {
    return Listener::open(http, address_of(at), [](metrics::Format) { return std::string("another's\n"); });
  };
  // Moved into the place, so that the publisher never sees it empty.
  auto other = open_another(dir_ / "other");
  ASSERT_TRUE(other) << other.error().message;
  std::filesystem::rename(dir_ / "other", path);
  wait_until([this] { return lines_.get().size() == 2; });
  EXPECT_EQ(lines_.get().at(1), "warn metrics_listen: somebody listens at " + path +
                                    " already; archiving continues, and this is tried again");
  const int seen = rendered_;
  wait_until([&] { return rendered_ >= seen + 3; });
  EXPECT_EQ(lines_.get().size(), 2U) << "told once";
  EXPECT_TRUE(get(address_of(path), "/metrics").ends_with("another's\n"));
  other->reset();  // what it left at this path is a socket that nobody listens at
  wait_until([this] { return lines_.get().size() == 4; });
  EXPECT_EQ(lines_.get().at(2), "info metrics_listen: works again");
  EXPECT_EQ(lines_.get().at(3), "info metrics are served at " + path);
  EXPECT_NE(get(address_of(path), "/metrics").find(" 200 "), std::string::npos);
}

// Whoever took the place while nobody looked.
TEST_F(PublisherTest, StopLeavesWhatIsAnothers) {
  const std::string path = dir_ / "socket";
  const auto publisher = make("unix:" + path);
  ASSERT_TRUE(publisher->start());
  test::write_file(dir_ / "other", "precious");
  std::filesystem::rename(dir_ / "other", path);
  publisher->stop();
  EXPECT_EQ(test::read_file(path), "precious");
}

TEST_F(PublisherTest, WhatCannotBeRenderedIsTold) {
  config::Publishing wanted;
  wanted.file = dir_ / "metrics.prom";
  Publisher publisher(wanted, std::nullopt, log_.component("metrics"),
                      [](metrics::Format) -> std::string { throw std::bad_alloc(); });
  ASSERT_TRUE(publisher.start());
  publisher.stop();
  ASSERT_EQ(lines_.get().size(), 1U);
  EXPECT_NE(lines_.get()[0].find("out of memory"), std::string::npos) << lines_.get()[0];
  EXPECT_FALSE(std::filesystem::exists(wanted.file));
}

}  // namespace
}  // namespace tidemark::publish
