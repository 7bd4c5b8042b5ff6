#include "runtime/doorbell.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace tidemark::runtime {
namespace {

// Sleepers take what bringers bring, as the dispatcher's workers do. A lost ring leaves work and everybody
// asleep, for good.
class Desk {
 public:
  void bring() {
    work_.fetch_add(1);
    bell_.ring();
  }
  void serve() {
    while (!closed_) {
      if (take()) continue;
      bell_.prepare();
      if (work_ > 0 || closed_) {
        bell_.cancel();
        continue;
      }
      bell_.wait();
    }
  }
  void close() {
    closed_ = true;
    bell_.ring_all();
  }
  bool wait_until_done(int count) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (done_ < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return done_ == count;
  }

 private:
  bool take() {
    int left = work_.load();
    while (left > 0) {
      if (!work_.compare_exchange_weak(left, left - 1)) continue;
      ++done_;
      return true;
    }
    return false;
  }

  Doorbell bell_;
  std::atomic<int> work_{0};
  std::atomic<int> done_{0};
  std::atomic<bool> closed_{false};
};

class DoorbellTest : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(DoorbellTest, NoRingIsLost) {
  const auto [sleepers, bringers] = GetParam();
  Desk desk;
  std::vector<std::thread> threads;
  for (int i = 0; i < sleepers; ++i) threads.emplace_back([&] { desk.serve(); });
  int brought = 0;
  // Waves, so that between them everybody falls asleep.
  for (int wave = 0; wave < 200; ++wave) {
    std::vector<std::thread> others;
    for (int i = 1; i < bringers; ++i) others.emplace_back([&] { desk.bring(); });
    for (int i = 0; i < 20; ++i) desk.bring();
    for (std::thread& other : others) other.join();
    brought += 20 + bringers - 1;
    const bool all_done = desk.wait_until_done(brought);
    EXPECT_TRUE(all_done) << "a ring was lost in wave " << wave;
    if (!all_done) break;
  }
  desk.close();
  for (std::thread& thread : threads) thread.join();
}
INSTANTIATE_TEST_SUITE_P(SleepersAndBringers, DoorbellTest,
                         ::testing::Values(std::pair(1, 1), std::pair(1, 3), std::pair(4, 1),
                                           std::pair(4, 3)));

TEST(Doorbell, RingAllWakesEverybody) {
  Doorbell bell;
  std::atomic<int> prepared{0}, woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&] {
      bell.prepare();
      ++prepared;
      bell.wait();
      ++woken;
    });
  }
  while (prepared < 5) std::this_thread::yield();
  bell.ring_all();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, 5);
}

// A ring for somebody who cancelled wakes the next one for nothing, which is allowed; the one after it is
// not spoiled.
TEST(Doorbell, ARingForOneWhoCancelledIsHarmless) {
  Doorbell bell;
  bell.prepare();
  bell.ring();
  bell.cancel();
  bell.prepare();
  bell.wait();
  bell.prepare();
  std::thread ringer([&] { bell.ring(); });
  bell.wait();
  ringer.join();
}

}  // namespace
}  // namespace tidemark::runtime
