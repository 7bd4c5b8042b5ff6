#include "log/log.h"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
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
  logger.write(TIDEMARK_LOG_DEBUG, "one");
  logger.line(TIDEMARK_LOG_INFO, [] { return "two " + std::to_string(2); });
  logger.write(TIDEMARK_LOG_WARN, "three");
  logger.write(TIDEMARK_LOG_ERROR, "four");
  log.component("sink-file").write(TIDEMARK_LOG_ERROR, "five");
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
    logger.write(TIDEMARK_LOG_DEBUG, "d");
    logger.write(TIDEMARK_LOG_INFO, "i");
    logger.write(TIDEMARK_LOG_WARN, "w");
    logger.write(TIDEMARK_LOG_ERROR, "e");
    EXPECT_EQ(lines.all.size(), static_cast<size_t>(TIDEMARK_LOG_ERROR + 1 - level)) << level;
    for (const Line& line : lines.all) EXPECT_GE(line.level, level);
  }
}

TEST(Log, AHostWithoutALogHearsNothing) {
  const auto logger = Log(nullptr, nullptr, TIDEMARK_LOG_DEBUG).component("c");
  logger.write(TIDEMARK_LOG_ERROR, "nobody listens");
  EXPECT_FALSE(logger.takes(TIDEMARK_LOG_ERROR));
  logger.line(TIDEMARK_LOG_ERROR, []() -> std::string {
    ADD_FAILURE() << "a line is put together for nobody";
    return {};
  });
}

// Text from elsewhere is data, never a format.
TEST(Log, BracesInMessagesAreHarmless) {
  Lines lines;
  const auto logger = Log(Lines::take, &lines, TIDEMARK_LOG_INFO).component("c");
  const std::string message = "{} {0} {:x} %s";
  logger.write(TIDEMARK_LOG_WARN, message);
  ASSERT_EQ(lines.all.size(), 1U);
  EXPECT_EQ(lines.all[0].message, message);
}

// Whatever hosts, URLs and stores put into it.
TEST(Log, ALineIsOneCleanLine) {
  Lines lines;
  const auto logger = Log(Lines::take, &lines, TIDEMARK_LOG_INFO).component("c");
  logger.write(TIDEMARK_LOG_WARN, "sink is now file:///x/a\nERROR forged\r\x1b[31m\xc2\x9b\x7f");
  logger.write(TIDEMARK_LOG_WARN, "no text: \xff, a name: \xc3\xa4");
  ASSERT_EQ(lines.all.size(), 2U);
  EXPECT_EQ(lines.all[0].message, "sink is now file:///x/a ERROR forged  [31m  ");
  EXPECT_EQ(lines.all[1].message, "no text: \\xff, a name: \xc3\xa4");
}

TEST(Log, KnowsWhoIsInsideTheCallback) {
  struct Watch {
    Log* log = nullptr;
    std::optional<Logger> logger;
    std::vector<size_t> depths;
    static void take(void* ctx, int32_t, tidemark_str, tidemark_str) {
      auto& self = *static_cast<Watch*>(ctx);
      self.depths.push_back(self.log->callbacks_here());
      if (self.depths.size() < 3) self.logger->write(TIDEMARK_LOG_INFO, "inside");
      size_t elsewhere = 99;
      std::thread([&] { elsewhere = self.log->callbacks_here(); }).join();
      EXPECT_EQ(elsewhere, 0U);
    }
  } watch;
  Log log(Watch::take, &watch, TIDEMARK_LOG_INFO);
  watch.log = &log;
  watch.logger = log.component("c");
  EXPECT_EQ(log.callbacks_here(), 0U);
  watch.logger->write(TIDEMARK_LOG_INFO, "outside");
  EXPECT_EQ(watch.depths, (std::vector<size_t>{1, 2, 3}));
  EXPECT_EQ(log.callbacks_here(), 0U);
}

// A logger may outlive the Log it came from.
TEST(Log, LoggersKeepWhatTheyNeed) {
  Lines lines;
  std::optional<Logger> logger;
  {
    const Log log(Lines::take, &lines, TIDEMARK_LOG_INFO);
    logger = log.component("late");
  }
  logger->write(TIDEMARK_LOG_INFO, "still here");
  EXPECT_EQ(lines.all.size(), 1U);
}

TEST(Log, ManyThreads) {
  Lines lines;
  const Log log(Lines::take, &lines, TIDEMARK_LOG_INFO);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log, i] {
      const auto logger = log.component("t" + std::to_string(i));
      for (int n = 0; n < 500; ++n) logger.write(TIDEMARK_LOG_INFO, "line " + std::to_string(n));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines.all.size(), 2000U);
}

TEST(Log, LevelsThatNobodyKnowsAreOff) {
  Lines lines;
  const auto logger = Log(Lines::take, &lines, -1).component("c");
  logger.write(TIDEMARK_LOG_ERROR, "nobody asked for it");
  EXPECT_TRUE(lines.all.empty());
}

}  // namespace
}  // namespace tidemark::log
