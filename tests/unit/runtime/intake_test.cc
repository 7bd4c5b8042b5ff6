#include "runtime/intake.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

namespace tidemark::runtime {
namespace {

using Name = std::pair<std::string, uint64_t>;

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest() { intake_.set_gate(Intake::Gate::kOpen); }

  bool notify(uint64_t id, Lsn low, Lsn high, std::string_view storage = "db") {
    bool became_pending = false;
    const Status status = intake_.notify(storage, id, low, high, &became_pending);
    EXPECT_TRUE(status) << status.error().message;
    return became_pending;
  }
  std::vector<Notification> drain(size_t at_most = 10'000) {
    std::vector<Notification> all(at_most);
    all.resize(intake_.drain(all).size());
    return all;
  }
  void expect_refused(tidemark_status status, std::string_view culprit, Lsn low, Lsn high,
                      std::string_view storage = "db") {
    bool became_pending = true;
    const Status result = intake_.notify(storage, 1, low, high, &became_pending);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, status);
    EXPECT_NE(result.error().message.find(culprit), std::string::npos) << result.error().message;
    EXPECT_FALSE(became_pending);
  }
  Name name_of(core::PartitionRef ref) {
    const PartitionId id = intake_.id_of(ref);
    return {*id.storage, id.id};
  }

  Intake intake_;
};

TEST_F(IntakeTest, TheGateDecides) {
  intake_.set_gate(Intake::Gate::kNotStarted);
  expect_refused(TIDEMARK_E_INVALID, "start", 1, 1);
  intake_.set_gate(Intake::Gate::kStopping);
  expect_refused(TIDEMARK_E_CANCELLED, "stopping", 1, 1);
  EXPECT_FALSE(intake_.pending());
  intake_.set_gate(Intake::Gate::kOpen);
  EXPECT_TRUE(notify(1, 1, 1));
}

TEST_F(IntakeTest, RangesAreChecked) {
  expect_refused(TIDEMARK_E_INVALID, "low is 0", 0, 5);
  expect_refused(TIDEMARK_E_INVALID, "low 7 is more than one above high 5", 7, 5);
  expect_refused(TIDEMARK_E_INVALID, "18446744073709551615", 1, UINT64_MAX);
  EXPECT_TRUE(drain().empty());
  notify(1, 6, 5);
  notify(2, 1, 0);
  notify(3, 1, UINT64_MAX - 1);
  notify(4, UINT64_MAX, UINT64_MAX - 1);
  EXPECT_EQ(drain().size(), 4U);
}

TEST_F(IntakeTest, NamesAreChecked) {
  for (const std::string& bad : {std::string(), std::string(".."), std::string("a/b"), std::string(129, 'x'),
                                 std::string("a\0b", 3)}) {
    expect_refused(TIDEMARK_E_INVALID, "storage name", 1, 1, bad);
  }
  notify(1, 1, 1, std::string(128, 'x'));
}

TEST_F(IntakeTest, OnlyTheFirstOneWakes) {
  EXPECT_FALSE(intake_.pending());
  EXPECT_TRUE(notify(1, 1, 1));
  EXPECT_TRUE(intake_.pending());
  for (uint64_t id = 1; id <= 100; ++id) EXPECT_FALSE(notify(id, 1, 2));
  EXPECT_EQ(drain().size(), 100U);
  EXPECT_FALSE(intake_.pending());
  EXPECT_TRUE(notify(50, 1, 3));
}

TEST_F(IntakeTest, NotificationsOfAPartitionAreMerged) {
  notify(1, 3, 9);
  notify(1, 2, 5);
  notify(1, 4, 7);
  const std::vector<Notification> all = drain();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].notice.low, 4U);
  EXPECT_EQ(all[0].notice.high, 9U);
  EXPECT_EQ(all[0].notice.oldest_low, 2U);
  EXPECT_EQ(all[0].notice.oldest_high, 5U);
  // Nothing of it comes back.
  notify(1, 5, 6);
  const std::vector<Notification> next = drain();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].partition, all[0].partition);
  EXPECT_EQ(next[0].notice.high, 6U);
  EXPECT_EQ(next[0].notice.oldest_low, 5U);
}

TEST_F(IntakeTest, PartitionsAreToldApartByStorageAndNumber) {
  notify(1, 1, 1, "a");
  notify(1, 1, 2, "b");
  notify(2, 1, 3, "a");
  std::map<Name, Lsn> seen;
  std::set<core::PartitionRef> refs;
  for (const Notification& n : drain()) {
    seen[name_of(n.partition)] = n.notice.high;
    refs.insert(n.partition);
  }
  EXPECT_EQ(seen, (std::map<Name, Lsn>{{{"a", 1}, 1}, {{"b", 1}, 2}, {{"a", 2}, 3}}));
  EXPECT_EQ(refs.size(), 3U);
}

TEST_F(IntakeTest, DrainFillsNoMoreThanThereIsRoom) {
  for (uint64_t id = 0; id < 1000; ++id) notify(id, 1, 1);
  std::set<core::PartitionRef> refs;
  size_t total = 0;
  while (intake_.pending()) {
    const std::vector<Notification> some = drain(7);
    ASSERT_LE(some.size(), 7U);
    total += some.size();
    for (const Notification& n : some) refs.insert(n.partition);
  }
  EXPECT_EQ(total, 1000U);
  EXPECT_EQ(refs.size(), 1000U);
  EXPECT_TRUE(drain(0).empty());
}

// One that is notified over and over does not keep the others waiting.
TEST_F(IntakeTest, DrainIsFair) {
  for (uint64_t id = 0; id < 64; ++id) notify(id, 1, 1);
  std::set<uint64_t> seen;
  for (int step = 0; step < 64 * 17 && seen.size() < 64; ++step) {
    const std::vector<Notification> one = drain(1);
    for (const Notification& n : one) {
      const uint64_t id = name_of(n.partition).second;
      seen.insert(id);
      notify(id, 1, 2);
    }
  }
  EXPECT_EQ(seen.size(), 64U);
}

TEST_F(IntakeTest, AForgottenNumberIsGivenAgain) {
  notify(1, 1, 1);
  const core::PartitionRef ref = drain().at(0).partition;
  intake_.forget(ref);
  notify(1, 1, 1);
  EXPECT_EQ(drain().at(0).partition, ref);
}

TEST_F(IntakeTest, APartitionWithSomethingPendingIsNotForgotten) {
  notify(1, 1, 1);
  const core::PartitionRef ref = drain().at(0).partition;
  notify(1, 1, 2);
  intake_.forget(ref);
  EXPECT_EQ(name_of(ref), (Name{"db", 1}));
  EXPECT_EQ(drain().at(0).partition, ref);
}

TEST_F(IntakeTest, ResetForgetsEverything) {
  for (uint64_t id = 0; id < 100; ++id) notify(id, 1, 1);
  intake_.reset();
  EXPECT_FALSE(intake_.pending());
  EXPECT_TRUE(drain().empty());
  EXPECT_TRUE(notify(1, 1, 1));
  EXPECT_EQ(drain().size(), 1U);
}

TEST_F(IntakeTest, StorageNamesAreLimited) {
  for (size_t i = 0; i < kMaxStorages; ++i) notify(1, 1, 1, "s" + std::to_string(i));
  expect_refused(TIDEMARK_E_NO_SPACE, "storage names", 1, 1, "one.more");
  notify(2, 1, 1, "s0");  // known ones continue
  intake_.reset();
  notify(1, 1, 1, "one.more");
}

// Against a plain map. Few numbers and many steps, so that holes in the table open and close everywhere.
TEST_F(IntakeTest, RandomStepsAgainstAModel) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    intake_.reset();
    std::mt19937 random(seed);
    const uint64_t names = 50 + random() % 1500;
    std::map<Name, core::PartitionRef> known;
    std::map<Name, core::Notice> pending;
    for (int step = 0; step < 40'000; ++step) {
      const uint32_t dice = random() % 100;
      if (dice < 60) {
        const Name name = {random() % 2 == 0 ? "a" : "b", random() % names};
        const Lsn low = 1 + random() % 50;
        const Lsn high = low - 1 + random() % 50;
        notify(name.second, low, high, name.first);
        const auto [at, is_new] = pending.try_emplace(name, core::Notice{low, high, low, high});
        if (!is_new) at->second.merge({low, high, low, high});
      } else if (dice < 75) {
        for (const Notification& n : drain(1 + random() % 40)) {
          const Name name = name_of(n.partition);
          ASSERT_EQ(pending.count(name), 1U) << name.second;
          const core::Notice& expected = pending[name];
          ASSERT_EQ(n.notice.low, expected.low);
          ASSERT_EQ(n.notice.high, expected.high);
          ASSERT_EQ(n.notice.oldest_low, expected.oldest_low);
          ASSERT_EQ(n.notice.oldest_high, expected.oldest_high);
          pending.erase(name);
          const auto [at, is_new] = known.try_emplace(name, n.partition);
          ASSERT_EQ(at->second, n.partition) << "the number of a known partition changed";
        }
      } else if (!known.empty()) {
        auto at = known.lower_bound({random() % 2 == 0 ? "a" : "b", random() % names});
        if (at == known.end()) at = known.begin();
        intake_.forget(at->second);
        if (pending.count(at->first) == 0) known.erase(at);
      }
      ASSERT_EQ(intake_.pending(), !pending.empty());
    }
    // No two partitions share a number.
    std::set<core::PartitionRef> refs;
    for (const auto& [name, ref] : known) {
      EXPECT_TRUE(refs.insert(ref).second);
      EXPECT_EQ(name_of(ref), name);
    }
  }
}

TEST_F(IntakeTest, ManyThreadsAndOneThatDrains) {
  constexpr uint64_t kPartitions = 300;
  constexpr Lsn kHigh = 200;
  std::atomic<int> running{4};
  std::vector<std::thread> threads;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (Lsn high = 1; high <= kHigh; ++high) {
        const uint64_t first = random() % kPartitions;
        for (uint64_t i = 0; i < kPartitions; ++i) notify((first + i) % kPartitions, 1, high);
      }
      --running;
    });
  }
  std::map<Name, Lsn> highest;
  while (running > 0 || intake_.pending()) {
    for (const Notification& n : drain(64)) {
      Lsn& high = highest[name_of(n.partition)];
      high = std::max(high, n.notice.high);
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(highest.size(), kPartitions);
  for (const auto& [name, high] : highest) EXPECT_EQ(high, kHigh) << name.second;
}

TEST_F(IntakeTest, WhatWasPutBackIsGivenOutAgainWithWhatCameMeanwhile) {
  notify(1, 1, 5);
  const std::vector<Notification> first = drain();
  ASSERT_EQ(first.size(), 1U);
  notify(1, 3, 9);
  intake_.put_back(first[0]);
  notify(2, 1, 1);
  const std::vector<Notification> again = drain();
  ASSERT_EQ(again.size(), 2U);
  const auto one = std::find_if(again.begin(), again.end(),
                                [&](const Notification& n) { return n.partition == first[0].partition; });
  ASSERT_NE(one, again.end());
  EXPECT_EQ(one->notice.low, 3U);
  EXPECT_EQ(one->notice.high, 9U);
  EXPECT_EQ(one->notice.oldest_low, 1U);
  EXPECT_FALSE(intake_.pending());
}

// What is known of partitions that were not forgotten stays where it was, whatever is given back around it.
TEST_F(IntakeTest, StatesStayWhileChunksComeAndGo) {
  std::map<uint64_t, core::PartitionRef> kept;
  for (int round = 0; round < 5; ++round) {
    for (uint64_t id = 0; id < 5'000; ++id) {
      if (!kept.contains(id)) notify(id, 1, 1);
    }
    for (const Notification& n : drain()) {
      const uint64_t id = name_of(n.partition).second;
      core::PartitionState& state = intake_.states()[n.partition];
      EXPECT_EQ(state.place, core::Place::kUnknown);
      if (id % 97 == static_cast<uint64_t>(round)) {
        state.high = id;
        kept[id] = n.partition;
      } else {
        intake_.forget(n.partition);
      }
    }
    for (const auto& [id, ref] : kept) {
      EXPECT_EQ(name_of(ref).second, id);
      EXPECT_EQ(intake_.states()[ref].high, id);
    }
  }
}

}  // namespace
}  // namespace tidemark::runtime
