#include "faulty/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <tuple>
#include <vector>

namespace tidemark::sinks::faulty {
namespace {

using Drawn = std::tuple<uint64_t, bool, bool, bool, bool, bool, double>;

std::vector<Drawn> draw(const FaultRates& rates, int calls) {
  Faults faults(rates);
  std::vector<Drawn> all;
  for (int i = 0; i < calls; ++i) {
    const Lot lot = faults.draw();
    all.emplace_back(lot.delay_ms, lot.error, lot.throttle, lot.no_space, lot.lose_answer, lot.short_read,
                     lot.cut);
  }
  return all;
}

TEST(Faults, SameSeedSameFaults) {
  FaultRates rates;
  rates.delay_jitter_ms = 100;
  rates.error_rate = rates.throttle_rate = rates.no_space_rate = rates.lose_answer_rate =
      rates.short_read_rate = 0.3;
  rates.seed = 42;
  const auto first = draw(rates, 500);
  EXPECT_EQ(first, draw(rates, 500));
  rates.seed = 43;
  EXPECT_NE(first, draw(rates, 500));
}

TEST(Faults, RatesAreAboutRightAndIndependent) {
  FaultRates rates;
  rates.seed = 7;
  rates.error_rate = 0.1;
  rates.throttle_rate = 0.5;
  rates.lose_answer_rate = 0.01;
  Faults faults(rates);
  constexpr int kCalls = 100'000;
  int errors = 0, throttled = 0, both = 0, lost = 0, other = 0;
  for (int i = 0; i < kCalls; ++i) {
    const Lot lot = faults.draw();
    errors += lot.error;
    throttled += lot.throttle;
    both += lot.error && lot.throttle;
    lost += lot.lose_answer;
    other += lot.no_space || lot.short_read;
  }
  // Five standard deviations.
  const auto near = [](int count, double rate) {
    return std::abs(count - kCalls * rate) < 5 * std::sqrt(kCalls * rate * (1 - rate));
  };
  EXPECT_TRUE(near(errors, 0.1)) << errors;
  EXPECT_TRUE(near(throttled, 0.5)) << throttled;
  EXPECT_TRUE(near(both, 0.05)) << both;
  EXPECT_TRUE(near(lost, 0.01)) << lost;
  EXPECT_EQ(other, 0);
}

TEST(Faults, OneRateLeavesTheOthersWhereTheyWere) {
  FaultRates rates;
  rates.error_rate = 0.2;
  const auto before = draw(rates, 300);
  rates.throttle_rate = 0.9;
  rates.delay_jitter_ms = 10;
  const auto after = draw(rates, 300);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(std::get<1>(before[i]), std::get<1>(after[i])) << i;
}

TEST(Faults, EdgesOfRatesAndDelays) {
  FaultRates rates;
  rates.error_rate = 1;
  rates.delay_ms = 5;
  rates.delay_jitter_ms = 3;
  std::vector<int> seen(4);
  for (const Drawn& lot : draw(rates, 1000)) {
    EXPECT_TRUE(std::get<1>(lot));
    ASSERT_GE(std::get<0>(lot), 5u);
    ASSERT_LE(std::get<0>(lot), 8u);
    ++seen[std::get<0>(lot) - 5];
  }
  for (const int count : seen) EXPECT_GT(count, 150);
  for (const Drawn& lot : draw(FaultRates(), 1000)) EXPECT_EQ(lot, Drawn());
}

TEST(Link, BodiesPassOneAfterTheOther) {
  Link link(1'000'000);
  EXPECT_EQ(link.pass_us(500, 10'000), 500U);
  EXPECT_EQ(link.pass_us(1000, 10'100), 1400U) << "after the one before";
  EXPECT_EQ(link.pass_us(0, 10'200), 1300U) << "what has no body waits too";
  EXPECT_EQ(link.pass_us(7, 20'000), 7U) << "nothing is saved up while it is free";
  EXPECT_EQ(Link(0).pass_us(UINT64_MAX, 5), 0U) << "without a limit";
  EXPECT_EQ(Link(Link::kMostBytesPerSecond).pass_us(uint64_t{1} << 40U, 0), 1'000'000U);
}

TEST(Link, ThreadsShareIt) {
  constexpr int kThreads = 4, kBodies = 1000;
  Link link(1'000'000);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> last_us{0};
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kBodies; ++i) {
        const uint64_t end_us = link.pass_us(10, 0);
        uint64_t last = last_us.load();
        while (last < end_us && !last_us.compare_exchange_weak(last, end_us)) {
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(last_us.load(), uint64_t{kThreads} * kBodies * 10);
}

}  // namespace
}  // namespace tidemark::sinks::faulty
