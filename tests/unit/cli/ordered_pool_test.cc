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

TEST(OrderedPool, SeveralShareTheirThreads) {
  Workers workers(2);
  std::atomic<int> running{0}, most{0}, ran{0};
  const auto work = [&]() -> OrderedPool::Epilogue {
    const int now = ++running;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
    std::this_thread::sleep_for(milliseconds(2));
    --running;
    ++ran;
    return [] {};
  };
  OrderedPool one(workers), other(workers);
  {
    OrderedPool ended(workers);
    for (int i = 0; i < 50; ++i) ended.submit(work);
  }  // what was not begun is dropped, and does not harm the others
  const int before = ran;
  EXPECT_LT(before, 50);
  for (int i = 0; i < 20; ++i) {
    one.submit(work);
    other.submit(work);
  }
  while (one.pending() + other.pending() > 0) {
    (void)one.take(milliseconds(1));
    (void)other.take(milliseconds(1));
  }
  EXPECT_EQ(ran, before + 40);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace tidemark::cli
