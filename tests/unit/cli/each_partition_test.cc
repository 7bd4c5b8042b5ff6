#include "each_partition.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace tidemark::cli {
namespace {

std::vector<PartitionName> names(size_t count) {
  std::vector<PartitionName> all;
  for (size_t i = 0; i < count; ++i) all.push_back({"main", i});
  return all;
}

PartitionOutcome ended(int code) { return {code, {}, {}, {}}; }

TEST(SideBySide, AtMostSoManyAtATime) {
  std::atomic<int> running{0}, most{0};
  const auto outcomes = side_by_side(40, 3, names(40), [&](size_t i) {
    const int now = ++running;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --running;
    return ended(static_cast<int>(i % 2));
  });
  EXPECT_LE(most, 3);
  EXPECT_GT(most, 1);
  for (size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i]->code, static_cast<int>(i % 2));
}

TEST(SideBySide, BadDataOfOneIsNoReasonToStop) {
  const auto outcomes = side_by_side(20, 1, names(20), [](size_t) { return ended(kExitData); });
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome);
}

TEST(SideBySide, ASinkThatFailsAgainAndAgainFailsForTheRest) {
  const auto outcomes =
      side_by_side(9, 1, names(9), [](size_t i) { return ended(i == 2 ? kExitOk : kExitSink); });
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(outcomes[i].has_value(), i < 6) << i;
  // What is under way beside it is not in a row.
  std::atomic<int> called{0};
  (void)side_by_side(50, 4, names(50), [&](size_t) {
    ++called;
    return ended(kExitLocal);
  });
  EXPECT_GE(called, 6);
  EXPECT_LT(called, 12);
}

TEST(SideBySide, NobodyReadsTheOutputAnyMore) {
  const auto outcomes =
      side_by_side(9, 1, names(9), [](size_t i) { return ended(i == 3 ? kExitPipe : kExitOk); });
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(outcomes[i].has_value(), i < 4) << i;
}

}  // namespace
}  // namespace tidemark::cli
