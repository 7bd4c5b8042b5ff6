#include "core/ages.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tidemark::core {
namespace {

TEST(Ages, NobodyWaits) {
  Ages ages;
  EXPECT_EQ(ages.oldest(), kNever);
  ages.add(5);
  ages.add(5);
  ages.remove(5);
  EXPECT_EQ(ages.oldest(), 5);
  ages.remove(5);
  EXPECT_EQ(ages.oldest(), kNever);
}

TEST(Ages, OneThatIsOlderThanAllCounts) {
  Ages ages;
  ages.add(100);
  ages.add(40);
  EXPECT_LE(ages.oldest(), 40);
  ages.remove(40);
  ages.add(7);
  EXPECT_LE(ages.oldest(), 7);
  ages.remove(100);
  ages.remove(7);
  EXPECT_EQ(ages.oldest(), kNever);
}

// Against a list of all of them: never younger than the truth, and hardly ever much older.
TEST(Ages, TellsTheOldestToATenth) {
  std::mt19937 random(1);
  Ages ages;
  std::multiset<TimeMs> waiting;
  TimeMs now = 1;
  uint64_t looks = 0, off = 0;
  for (int step = 0; step < 200'000; ++step) {
    now += random() % 50;
    if (random() % 100 < 51) {
      ages.add(now);
      waiting.insert(now);
    } else if (!waiting.empty()) {
      // Mostly the older ones are done first.
      auto one = waiting.begin();
      if (random() % 3 == 0) std::advance(one, random() % std::min<size_t>(waiting.size(), 100));
      ages.remove(*one);
      waiting.erase(one);
    }
    if (waiting.empty()) {
      ASSERT_EQ(ages.oldest(), kNever);
      continue;
    }
    const TimeMs truth = *waiting.begin();
    ASSERT_LE(ages.oldest(), truth);
    ++looks;
    off += static_cast<double>(now - ages.oldest()) > 1.1 * static_cast<double>(now - truth) + 50 ? 1 : 0;
  }
  EXPECT_LT(off, looks / 20);
}

}  // namespace
}  // namespace tidemark::core
