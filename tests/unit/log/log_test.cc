#include "log/log.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace tidemark::log {
namespace {

struct Line {
  int32_t level;
  std::string component;
  std::string message;
  friend bool operator==(const Line&, const Line&) = default;
};

struct Lines {
  std::mutex mutex;
  std::vector<Line> all;

  static void take(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
    auto& self = *static_cast<Lines*>(ctx);
    const std::lock_guard<std::mutex> lock(self.mutex);
    self.all.push_back(
        {level, std::string(component.data, component.size), std::string(message.data, message.size)});
  }
};

TEST(Log, LinesArriveBareWithLevelAndComponent) {
  Lines lines;
  const Log log(Lines::take, &lines, TIDEMARK_LOG_DEBUG);
  const auto logger = log.component("archiver");
  logger->debug("one");
  logger->info("two {}", 2);
  logger->warn("three");
  logger->error("four");
  log.component("sink-file")->critical("five");
  EXPECT_EQ(lines.all, (std::vector<Line>{{TIDEMARK_LOG_DEBUG, "archiver", "one"},
                                          {TIDEMARK_LOG_INFO, "archiver", "two 2"},
                                          {TIDEMARK_LOG_WARN, "archiver", "three"},
                                          {TIDEMARK_LOG_ERROR, "archiver", "four"},
                                          {TIDEMARK_LOG_ERROR, "sink-file", "five"}}));
}

TEST(Log, TheLevelDecidesWhatPasses) {
  for (int32_t level = TIDEMARK_LOG_DEBUG; level <= TIDEMARK_LOG_ERROR + 1; ++level) {
    Lines lines;
    const auto logger = Log(Lines::take, &lines, level).component("c");
    logger->debug("d");
    logger->info("i");
    logger->warn("w");
    logger->error("e");
    EXPECT_EQ(lines.all.size(), static_cast<size_t>(TIDEMARK_LOG_ERROR + 1 - level)) << level;
    for (const Line& line : lines.all) EXPECT_GE(line.level, level);
  }
}

TEST(Log, AHostWithoutALogHearsNothing) {
  const auto logger = Log(nullptr, nullptr, TIDEMARK_LOG_DEBUG).component("c");
  logger->error("nobody listens");
  EXPECT_FALSE(logger->should_log(spdlog::level::critical)) << "lines are formatted for nobody";
}

// Text from elsewhere is data, never a format.
TEST(Log, BracesInMessagesAreHarmless) {
  Lines lines;
  const auto logger = Log(Lines::take, &lines, TIDEMARK_LOG_INFO).component("c");
  const std::string message = "{} {0} {:x} %s";
  logger->warn("{}", message);
  ASSERT_EQ(lines.all.size(), 1U);
  EXPECT_EQ(lines.all[0].message, message);
}

// Whatever hosts, URLs and stores put into it.
TEST(Log, ALineIsOneCleanLine) {
  Lines lines;
  const auto logger = Log(Lines::take, &lines, TIDEMARK_LOG_INFO).component("c");
  logger->warn("sink is now {}", "file:///x/a\nERROR forged\r\x1b[31m\xc2\x9b\x7f");
  logger->warn("no text: \xff, a name: \xc3\xa4");
  ASSERT_EQ(lines.all.size(), 2U);
  EXPECT_EQ(lines.all[0].message, "sink is now file:///x/a ERROR forged  [31m  ");
  EXPECT_EQ(lines.all[1].message, "no text: \\xff, a name: \xc3\xa4");
}

TEST(Log, KnowsWhoIsInsideTheCallback) {
  struct Watch {
    Log* log = nullptr;
    std::shared_ptr<spdlog::logger> logger;
    std::vector<size_t> depths;
    static void take(void* ctx, int32_t, tidemark_str, tidemark_str) {
      auto& self = *static_cast<Watch*>(ctx);
      self.depths.push_back(self.log->callbacks_here());
      if (self.depths.size() < 3) self.logger->info("inside");
      size_t elsewhere = 99;
      std::thread([&] { elsewhere = self.log->callbacks_here(); }).join();
      EXPECT_EQ(elsewhere, 0U);
    }
  } watch;
  Log log(Watch::take, &watch, TIDEMARK_LOG_INFO);
  watch.log = &log;
  watch.logger = log.component("c");
  EXPECT_EQ(log.callbacks_here(), 0U);
  watch.logger->info("outside");
  EXPECT_EQ(watch.depths, (std::vector<size_t>{1, 2, 3}));
  EXPECT_EQ(log.callbacks_here(), 0U);
}

// A logger may outlive the Log it came from.
TEST(Log, LoggersKeepWhatTheyNeed) {
  Lines lines;
  std::shared_ptr<spdlog::logger> logger;
  {
    const Log log(Lines::take, &lines, TIDEMARK_LOG_INFO);
    logger = log.component("late");
  }
  logger->info("still here");
  EXPECT_EQ(lines.all.size(), 1U);
}

TEST(Log, ManyThreads) {
  Lines lines;
  const Log log(Lines::take, &lines, TIDEMARK_LOG_INFO);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log, i] {
      const auto logger = log.component("t" + std::to_string(i));
      for (int n = 0; n < 500; ++n) logger->info("line {}", n);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines.all.size(), 2000U);
}

TEST(SpdlogLevel, UnknownLevelsAreOff) {
  EXPECT_EQ(spdlog_level(TIDEMARK_LOG_WARN), spdlog::level::warn);
  EXPECT_EQ(spdlog_level(-1), spdlog::level::off);
  EXPECT_EQ(spdlog_level(99), spdlog::level::off);
}

}  // namespace
}  // namespace tidemark::log
