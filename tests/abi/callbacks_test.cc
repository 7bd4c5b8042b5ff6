// Control functions from inside callbacks are refused and change nothing; and what a log gets to see.
#include <atomic>
#include <functional>
#include <thread>

#include "peer.h"

namespace tidemark::abi_test {
namespace {

struct LogLine {
  int32_t level;
  std::string text;
};

// Runs `inside` once in the callback that is asked for.
class Callbacks : public PluginTest {
 protected:
  void TearDown() override {
    if (archiver_ == nullptr) return;
    ErrorOut error;
    EXPECT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
  }

  void begin(const std::string& where, std::function<void()> inside) {
    where_ = where;
    inside_ = std::move(inside);
    inner_ = host_.table();
    tidemark_host& table = host_.table();
    table.ctx = this;
    table.acquire_entry = [](void* ctx, const tidemark_partition* p, tidemark_lsn lsn, tidemark_entry* out,
                             tidemark_error* error) {
      auto& self = *static_cast<Callbacks*>(ctx);
      self.enter("acquire");
      return self.inner_.acquire_entry(self.inner_.ctx, p, lsn, out, error);
    };
    table.release_entry = [](void* ctx, const tidemark_partition* p, tidemark_entry* entry) {
      auto& self = *static_cast<Callbacks*>(ctx);
      self.enter("release");
      self.inner_.release_entry(self.inner_.ctx, p, entry);
    };
    table.acknowledge = [](void* ctx, const tidemark_partition* p, tidemark_lsn lsn, tidemark_error* error) {
      auto& self = *static_cast<Callbacks*>(ctx);
      self.enter("acknowledge");
      return self.inner_.acknowledge(self.inner_.ctx, p, lsn, error);
    };
    table.event = [](void* ctx, const tidemark_event*) { static_cast<Callbacks*>(ctx)->enter("event"); };
    table.log = [](void* ctx, int32_t level, tidemark_str, tidemark_str message) {
      auto& self = *static_cast<Callbacks*>(ctx);
      {
        const std::lock_guard<std::mutex> lock(self.log_mutex_);
        self.lines_.push_back({level, std::string(message.data, message.size)});
        self.log_threads_.push_back(std::this_thread::get_id());
      }
      self.enter("log");
    };
    create({option("retry_min_ms", "1"), option("retry_max_ms", "5")});
    open_file_sink();
    ErrorOut error;
    ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  }
  // Every callback runs: entry 2 is missing for a while, which is an event.
  void archive_three() {
    ErrorOut error;
    host_.commit(1, "one");
    host_.commit(3, "three");
    ASSERT_EQ(notify("orders", 1, 3, &error), TIDEMARK_OK) << error.message;
    ASSERT_TRUE(host_.wait_for_acknowledge(1));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!seen_event_ && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ASSERT_TRUE(seen_event_);
    host_.commit(2, "two");
    ASSERT_TRUE(host_.wait_for_acknowledge(3)) << "it archives after what was refused";
  }
  void enter(const std::string& callback) {
    if (callback == "event") seen_event_ = true;
    if (callback == where_ && (always_ || armed_.exchange(false))) {
      inside_();
      done_ = true;
    }
  }
  size_t count_lines(int32_t level, std::string_view part) {
    const std::lock_guard<std::mutex> lock(log_mutex_);
    size_t count = 0;
    for (const LogLine& line : lines_) {
      count += line.level == level && line.text.find(part) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  std::string where_;
  std::function<void()> inside_;
  std::atomic<bool> armed_{false}, always_{false}, done_{false}, seen_event_{false};
  tidemark_host inner_{};
  std::mutex log_mutex_;
  std::vector<LogLine> lines_;
  std::vector<std::thread::id> log_threads_;
};

class FromCallback : public Callbacks, public ::testing::WithParamInterface<const char*> {};

TEST_P(FromCallback, ControlFunctionsAreRefused) {
  ASSERT_NO_FATAL_FAILURE(begin(GetParam(), [this] {
    ErrorOut error;
    expect_invalid(set_sink("file://" + sink_dir_.path(), &error), error, "set_sink must not be called");
    expect_invalid(api_->start(archiver_, &error), error, "start must not be called");
    expect_invalid(api_->stop(archiver_, 0, &error), error, "stop must not be called");
    api_->destroy(archiver_);
  }));
  armed_ = true;
  ASSERT_NO_FATAL_FAILURE(archive_three());
  EXPECT_TRUE(done_);
  EXPECT_EQ(count_lines(TIDEMARK_LOG_ERROR, "destroy must not be called from a callback"), 1u);
}

// The log comes on the caller's own thread too.
TEST_F(Callbacks, ControlFunctionsAreRefusedInALineOfSetSink) {
  ASSERT_NO_FATAL_FAILURE(begin("log", [this] {
    ErrorOut error;
    expect_invalid(set_sink("file://" + sink_dir_.path(), &error), error, "set_sink must not be called");
    expect_invalid(api_->stop(archiver_, 0, &error), error, "stop must not be called");
    api_->destroy(archiver_);
  }));
  armed_ = true;
  ErrorOut error;
  EXPECT_EQ(set_sink("file://" + sink_dir_.path(), &error), TIDEMARK_OK) << error.message;
  EXPECT_TRUE(done_);
  ASSERT_NO_FATAL_FAILURE(archive_three());
  EXPECT_EQ(count_lines(TIDEMARK_LOG_ERROR, "destroy must not be called from a callback"), 1u);
}

INSTANTIATE_TEST_SUITE_P(, FromCallback,
                         ::testing::Values("acquire", "release", "acknowledge", "event", "log"));

// A host that destroys in each line of its log, that of the refusal included.
TEST_F(Callbacks, DestroyInEveryLineEnds) {
  ASSERT_NO_FATAL_FAILURE(begin("log", [this] { api_->destroy(archiver_); }));
  always_ = true;
  ASSERT_NO_FATAL_FAILURE(archive_three());
  // "failing" and "recovered": the second comes after the acknowledgement.
  constexpr std::string_view kRefusal = "destroy must not be called from a callback";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (count_lines(TIDEMARK_LOG_ERROR, kRefusal) < 2 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_GE(count_lines(TIDEMARK_LOG_ERROR, kRefusal), 2u);
  tidemark_archiver* const archiver = std::exchange(archiver_, nullptr);
  ErrorOut error;
  EXPECT_EQ(api_->stop(archiver, 0, &error), TIDEMARK_OK) << error.message;
  always_ = false;
  api_->destroy(archiver);
}

// As archiver.h says: on the caller's thread, and until destroy.
TEST_F(Callbacks, TheLogComesOnTheCallersThreadAndAfterStop) {
  ASSERT_NO_FATAL_FAILURE(begin("none", [] {}));
  ErrorOut error;
  ASSERT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK);
  size_t before = 0;
  {
    const std::lock_guard<std::mutex> lock(log_mutex_);
    before = lines_.size();
  }
  ASSERT_EQ(set_sink("file://" + sink_dir_.path(), &error), TIDEMARK_OK) << error.message;
  const std::lock_guard<std::mutex> lock(log_mutex_);
  ASSERT_GT(lines_.size(), before);
  for (size_t i = before; i < log_threads_.size(); ++i)
    EXPECT_EQ(log_threads_[i], std::this_thread::get_id());
}

TEST_F(Callbacks, ALineOfTheLogIsOneCleanLine) {
  ASSERT_NO_FATAL_FAILURE(begin("none", [] {}));
  ErrorOut error;
  const std::string url = "file://" + sink_dir_.path() + "/a%0AERROR%20forged%1B%5B31m%C2%9B%7F%FF";
  ASSERT_EQ(set_sink(url, &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(set_sink("file://" + sink_dir_.path() + "/raw\nline\x1b[31m", &error), TIDEMARK_OK)
      << error.message;
  const std::lock_guard<std::mutex> lock(log_mutex_);
  ASSERT_FALSE(lines_.empty());
  for (const LogLine& line : lines_) {
    for (const char c : line.text) {
      EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7F) << line.text;
    }
    EXPECT_EQ(line.text.find("\xC2\x9B"), std::string::npos) << line.text;
    EXPECT_EQ(line.text.find('\xFF'), std::string::npos) << line.text;
  }
}

TEST_F(Callbacks, ALongPathKeepsItsReason) {
  ASSERT_NO_FATAL_FAILURE(create());
  ErrorOut error;
  const std::string deep = "/" + std::string(4999, 'p');
  const tidemark_status status = set_sink("file://" + deep, &error);
  EXPECT_NE(status, TIDEMARK_OK);
  const std::string message = error.message;
  EXPECT_NE(message.find("File name too long"), std::string::npos) << message;
  EXPECT_NE(message.find("..."), std::string::npos) << message;
}

}  // namespace
}  // namespace tidemark::abi_test
