#include "metrics/storages.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace tidemark::metrics {
namespace {

TEST(Storages, EachHasItsOwnNumbers) {
  prometheus::Registry registry;
  Storages storages(registry);
  storages.row("a").entries.Increment(3);
  storages.row("b").entries.Increment(4);
  storages.row("a").archived_at.Set(5);
  EXPECT_EQ(storages.row("a").entries.Value(), 3);
  EXPECT_EQ(storages.row("b").entries.Value(), 4);
  EXPECT_EQ(storages.row("b").archived_at.Value(), 0);
}

TEST(Storages, TheirNumberIsBounded) {
  prometheus::Registry registry;
  Storages storages(registry);
  for (int i = 0; i < 1000; ++i) storages.row("storage-" + std::to_string(i)).gaps.Increment();
  EXPECT_EQ(storages.row("storage-0").gaps.Value(), 1);
  EXPECT_EQ(storages.row("storage-63").gaps.Value(), 1);
  EXPECT_EQ(storages.row("storage-64").gaps.Value(), 1000 - Storages::kMost);
  EXPECT_EQ(&storages.row("storage-64").gaps, &storages.row("yet another").gaps);
  for (const auto& family : registry.Collect()) {
    EXPECT_EQ(family.metric.size(), Storages::kMost + 1) << family.name;
    std::set<std::string> names;
    for (const auto& metric : family.metric) names.insert(metric.label.at(0).value);
    EXPECT_EQ(names.count("(other)"), 1U);
  }
}

TEST(Storages, FromManyThreads) {
  prometheus::Registry registry;
  Storages storages(registry);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) storages.row("s" + std::to_string(j % 100)).failed.Increment();
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (int j = 0; j < 64; ++j) sum += storages.row("s" + std::to_string(j)).failed.Value();
  EXPECT_EQ(storages.row("s99").failed.Value(), 4000 - sum);
}

}  // namespace
}  // namespace tidemark::metrics
