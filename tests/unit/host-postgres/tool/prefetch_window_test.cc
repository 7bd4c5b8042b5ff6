// The window slides as its segments are taken, and ends when it is of no use any more.
#include "tool/prefetch_window.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tidemark::postgres {
namespace {

constexpr uint64_t kLong = 600'000;

class PrefetchWindowTest : public ::testing::Test {
 protected:
  PrefetchWindow::Callbacks callbacks() {
    return {[this](uint64_t segment) {
              const std::scoped_lock lock(mutex_);
              return there_.count(segment) != 0;
            },
            [this] { return is_wanted_.load(); },
            [this](uint64_t first, uint64_t last) {
              const std::scoped_lock lock(mutex_);
              announced_ = {first, last};
            }};
  }
  void bring(PrefetchWindow& window, uint64_t segment) {
    {
      const std::scoped_lock lock(mutex_);
      there_.insert(segment);
    }
    window.brought(segment);
  }
  void take(uint64_t segment) {
    const std::scoped_lock lock(mutex_);
    there_.erase(segment);
  }
  std::pair<uint64_t, uint64_t> announced() {
    const std::scoped_lock lock(mutex_);
    return announced_;
  }

  std::mutex mutex_;
  std::set<uint64_t> there_;
  std::pair<uint64_t, uint64_t> announced_;
  std::atomic<bool> is_wanted_{true};
};

using Range = std::pair<uint64_t, uint64_t>;

TEST_F(PrefetchWindowTest, SlidesAsSegmentsAreTaken) {
  PrefetchWindow window(5, 3, kLong, callbacks());
  EXPECT_EQ(announced(), Range(5, 7)) << "before anything is brought";
  for (const uint64_t segment : {5, 6, 7}) EXPECT_EQ(window.next(), segment);
  bring(window, 6);
  bring(window, 5);
  bring(window, 7);
  std::vector<uint64_t> more;
  std::thread helper([&] {
    while (const auto segment = window.next()) {
      more.push_back(*segment);
      if (*segment == 9) return;
      bring(window, *segment);
    }
  });
  take(5);
  while (announced() != Range(6, 8)) std::this_thread::yield();
  take(6);
  helper.join();
  EXPECT_EQ(more, (std::vector<uint64_t>{8, 9}));
  EXPECT_EQ(announced(), Range(7, 9));
}

TEST_F(PrefetchWindowTest, WhatIsUnderWayWasNotTaken) {
  PrefetchWindow window(5, 3, kLong, callbacks());
  EXPECT_EQ(window.next(), 5U);
  EXPECT_EQ(window.next(), 6U);
  window.brought(6);  // and taken at once, though 5 comes first
  EXPECT_EQ(window.next(), 7U);
  EXPECT_EQ(announced(), Range(5, 7));
  window.brought(5);
  EXPECT_EQ(window.next(), 8U);
  EXPECT_EQ(announced(), Range(7, 9));
}

TEST_F(PrefetchWindowTest, EndsWhereOneCannotBeBrought) {
  PrefetchWindow window(5, 8, kLong, callbacks());
  EXPECT_EQ(window.next(), 5U);
  EXPECT_EQ(window.next(), 6U);
  bring(window, 5);
  window.end();
  EXPECT_EQ(window.next(), std::nullopt);
  EXPECT_EQ(announced(), Range(5, 6)) << "nobody is to wait for more";
}

TEST_F(PrefetchWindowTest, EndsWhenNothingIsTakenForLong) {
  PrefetchWindow window(5, 1, 30, callbacks());
  EXPECT_EQ(window.next(), 5U);
  bring(window, 5);
  EXPECT_EQ(window.next(), std::nullopt);
  EXPECT_EQ(announced(), Range(5, 5)) << "it can be taken all the same";
}

TEST_F(PrefetchWindowTest, EndsWhenItIsNotWanted) {
  PrefetchWindow window(5, 1, kLong, callbacks());
  EXPECT_EQ(window.next(), 5U);
  bring(window, 5);
  std::thread helper([&] { EXPECT_EQ(window.next(), std::nullopt); });
  is_wanted_ = false;
  helper.join();
}

}  // namespace
}  // namespace tidemark::postgres
