#include "ordered_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>

namespace tidemark::cli {
namespace {

using std::chrono::milliseconds;

TEST(OrderedPool, ResultsComeInTheOrderOfTheWork) {
  OrderedPool pool(4);
  std::vector<int> order;
  for (int i = 0; i < 200; ++i) {
    if (i % 5 == 0) {
      pool.submit_done([&order, i] { order.push_back(i); });
      continue;
    }
    pool.submit([&order, i]() -> OrderedPool::Epilogue {
      std::this_thread::sleep_for(milliseconds(i % 3));
      return [&order, i] { order.push_back(i); };
    });
  }
  while (pool.pending() > 0) {
    if (auto epilogue = pool.take(milliseconds(1000))) (*epilogue)();
  }
  ASSERT_EQ(order.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(OrderedPool, WaitsNoLongerThanItIsTold) {
  OrderedPool pool(1);
  EXPECT_FALSE(pool.take(milliseconds(1)));
  std::atomic<bool> go{false};
  pool.submit([&]() -> OrderedPool::Epilogue {
    while (!go) std::this_thread::sleep_for(milliseconds(1));
    return [] {};
  });
  pool.submit_done([] {});
  EXPECT_FALSE(pool.take(milliseconds(10)));  // the second is done, but it is not its turn
  go = true;
  EXPECT_TRUE(pool.take(milliseconds(10'000)));
  EXPECT_TRUE(pool.take(milliseconds(0)));
}

TEST(OrderedPool, WhatWasNotBegunIsDropped) {
  std::atomic<int> ran{0};
  {
    OrderedPool pool(1);
    for (int i = 0; i < 100; ++i) {
      pool.submit([&]() -> OrderedPool::Epilogue {
        ++ran;
        std::this_thread::sleep_for(milliseconds(20));
        return [] {};
      });
    }
  }
  EXPECT_LT(ran, 100);
}

}  // namespace
}  // namespace tidemark::cli
