// What threads say, in order, bounded, and equal warnings once a minute.
#include "bridge/messages.h"

#include <gtest/gtest.h>
#include <tidemark/base.h>

namespace tidemark::postgres {
namespace {

TEST(Messages, InOrderAndOnceAMinute) {
  Messages messages;
  messages.add(TIDEMARK_LOG_WARN, "one", 0);
  messages.add(TIDEMARK_LOG_WARN, "two", 1);
  messages.add(TIDEMARK_LOG_WARN, "one", 59'999);
  messages.add(TIDEMARK_LOG_INFO, "three", 2);
  messages.add(TIDEMARK_LOG_INFO, "three", 3);
  for (const char* text : {"one", "two", "three", "three"}) EXPECT_EQ(messages.take()->text, text);
  EXPECT_FALSE(messages.take());
  messages.add(TIDEMARK_LOG_WARN, "one", 60'000);
  EXPECT_TRUE(messages.take());
}

TEST(Messages, IsBoundedAndSaysSo) {
  Messages messages;
  for (size_t i = 0; i < 10 * Messages::kWaitingMax; ++i)
    messages.add(TIDEMARK_LOG_INFO, std::to_string(i), 0);
  size_t taken = 0;
  std::string last;
  while (const auto message = messages.take()) {
    ++taken;
    last = message->text;
  }
  EXPECT_EQ(taken, Messages::kWaitingMax + 1);
  EXPECT_EQ(last, std::to_string(9 * Messages::kWaitingMax) + " messages were dropped: there were too many");
}

}  // namespace
}  // namespace tidemark::postgres
