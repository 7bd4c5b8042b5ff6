// The concurrency limit against sinks of known capacity: a closed loop in simulated time, always with work.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <queue>
#include <random>

#include "core/throttle.h"

namespace tidemark::core {
namespace {

constexpr uint32_t kWorkers = 32;
constexpr double kBaseMs = 20;

// Serves `capacity` puts at once and queues the others; each takes base_ms * noise().
class Sink {
 public:
  uint32_t capacity = kWorkers;
  double base_ms = kBaseMs;
  std::function<double()> noise = [] { return 1.0; };
  double shared = 0;  // a put takes longer by this power of how many are on their way

  // When a put that begins now ends.
  double put(double now, size_t others) {
    while (free_.size() > capacity) free_.pop();
    while (free_.size() < capacity) free_.push(now);
    const double begin = std::max(now, free_.top());
    free_.pop();
    const double end = begin + base_ms * noise() * std::pow(static_cast<double>(others + 1), shared);
    free_.push(end);
    return end;
  }

 private:
  std::priority_queue<double, std::vector<double>, std::greater<>> free_;
};

class FollowTest : public testing::Test {
 protected:
  struct Seen {
    double per_second;
    double running;  // on average
  };

  // Goes on for that long and says what came of it.
  Seen run(double ms) {
    const double begin = now_;
    const double until = now_ + ms;
    uint64_t done = 0;
    double running_ms = 0;
    while (now_ < until) {
      while (throttle_.may_start(static_cast<uint32_t>(flights_.size()), static_cast<TimeMs>(now_)) &&
             flights_.size() < kWorkers) {
        flights_.push({sink_.put(now_, flights_.size()), now_, throttle_.start()});
      }
      const Flight flight = flights_.top();
      running_ms += (flight.end - now_) * static_cast<double>(flights_.size());
      now_ = flight.end;
      const auto put_us = static_cast<uint64_t>((flight.end - flight.begin) * 1000);
      throttle_.succeeded(flight.generation, {put_us, 4096}, static_cast<uint32_t>(flights_.size()),
                          static_cast<TimeMs>(now_));
      flights_.pop();
      ++done;
    }
    return {static_cast<double>(done) * 1000 / (now_ - begin), running_ms / (now_ - begin)};
  }

  struct Flight {
    double end;
    double begin;
    uint32_t generation;
    bool operator<(const Flight& other) const { return end > other.end; }
  };
  Throttle throttle_{kWorkers, {100, 1'000}};
  Sink sink_;
  std::priority_queue<Flight> flights_;
  double now_ = 0;
  std::mt19937 random_{1};
};

TEST_F(FollowTest, ASinkThatTakesAllGetsAllSoon) {
  run(250);
  EXPECT_EQ(throttle_.limit(), kWorkers);
  const Seen seen = run(60'000);
  EXPECT_GT(seen.per_second, 0.99 * kWorkers * 1000 / kBaseMs);
}

TEST_F(FollowTest, ASinkThatServesFewIsGivenLittleMoreAndStaysBusy) {
  for (const uint32_t capacity : {1U, 2U, 4U, 8U}) {
    throttle_.reset();
    sink_.capacity = capacity;
    run(60'000);
    const Seen seen = run(600'000);
    EXPECT_GT(seen.per_second, 0.97 * capacity * 1000 / kBaseMs) << capacity;
    EXPECT_LE(seen.running, 3 * capacity) << capacity;
  }
}

TEST_F(FollowTest, ASinkThatLosesCapacityAndWinsItBackIsFollowed) {
  run(60'000);
  sink_.capacity = 4;
  run(180'000);
  const Seen less = run(300'000);
  EXPECT_LE(less.running, 11);
  EXPECT_GT(less.per_second, 0.97 * 4 * 1000 / kBaseMs);
  sink_.capacity = kWorkers;
  run(60'000);
  EXPECT_GT(run(300'000).per_second, 0.95 * kWorkers * 1000 / kBaseMs);
}

// A file system whose flushes share their commits.
TEST_F(FollowTest, ASinkThatBecomesSlowerButBringsMoreGetsAll) {
  sink_.shared = 0.5;
  run(60'000);
  EXPECT_EQ(throttle_.limit(), kWorkers);
}

// The network is slower from now on, whatever is on its way.
TEST_F(FollowTest, ASinkThatBecomesSlowByItselfStillGetsAll) {
  run(60'000);
  sink_.base_ms = 10 * kBaseMs;
  run(60'000);
  EXPECT_GT(run(300'000).per_second, 0.95 * kWorkers * 100 / kBaseMs);
}

TEST_F(FollowTest, NoiseCostsLittle) {
  std::lognormal_distribution<double> noise(0, 0.4);
  sink_.noise = [&] { return noise(random_); };
  run(60'000);
  const double mean = std::exp(0.4 * 0.4 / 2);
  EXPECT_GT(run(600'000).per_second, 0.95 * kWorkers * 1000 / kBaseMs / mean);
}

// A local directory: what the machine does at the same time must not slow it down.
TEST_F(FollowTest, WhatIsQuickAnywayGetsAll) {
  sink_.base_ms = 0.2;
  std::lognormal_distribution<double> noise(0, 1);
  sink_.noise = [&] { return noise(random_); };
  run(1'000);
  EXPECT_EQ(throttle_.limit(), kWorkers);
  run(10'000);
  EXPECT_EQ(throttle_.limit(), kWorkers);
}

}  // namespace
}  // namespace tidemark::core
