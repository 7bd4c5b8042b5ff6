// Gaps at their edges: told before they are acknowledged, told whatever happens, and undone where an entry
// turns up after all.
#include <mutex>

#include "harness.h"

namespace tidemark::integration {
namespace {

class GapsScenario : public Scenario {
 protected:
  // Partitions whose entries 2..4 are lost.
  void lose(const Partition& p) {
    notify(p, 1, 1);
    ASSERT_TRUE(host_.wait_for_acknowledge(p, 1));
    notify(p, 5, 5);
  }
  void commit_around_a_hole(const Partition& p) {
    host_.commit_range(p, 1, 1);
    host_.commit_range(p, 5, 5);
  }
  size_t logged_gaps() const {
    const std::vector<std::string> lines = host_.log_lines();
    return static_cast<size_t>(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("gap: ") != std::string::npos;
    }));
  }
};

// With a callback that takes no time, where an acknowledgement could most easily overtake.
TEST_F(GapsScenario, EveryGapIsToldBeforeItIsAcknowledged) {
  constexpr uint64_t kPartitions = 500;
  std::mutex mutex;
  std::set<Partition> told;
  std::atomic<uint64_t> overtaken{0};
  host_.on_event = [&](const SeenEvent& seen) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (seen.kind == TIDEMARK_EVENT_GAP) told.insert(seen.partition);
  };
  host_.on_acknowledge = [&](const Partition& p, Lsn lsn, tidemark_error*) -> tidemark_status {
    const std::lock_guard<std::mutex> lock(mutex);
    if (lsn >= 2 && !told.contains(p)) ++overtaken;
    return TIDEMARK_OK;
  };
  create({{"workers", "8"}});
  ASSERT_EQ(set_sink("faulty:///"), TIDEMARK_OK);
  start();
  for (uint64_t id = 1; id <= kPartitions; ++id) {
    commit_around_a_hole({"orders", id});
    notify({"orders", id}, 1, 1);
  }
  for (uint64_t id = 1; id <= kPartitions; ++id) ASSERT_TRUE(host_.wait_for_acknowledge({"orders", id}, 1));
  for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 5, 5);
  drain();
  EXPECT_EQ(overtaken, 0U);
  for (uint64_t id = 1; id <= kPartitions; ++id) EXPECT_EQ(host_.acknowledged({"orders", id}), 5U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP).size(), kPartitions);
  EXPECT_EQ(metrics()["tidemark_gaps_total"], static_cast<double>(kPartitions));
}

// A callback that takes long holds up the acknowledgements of partitions with a gap, and no other's; what was
// decided is counted and logged at once, and delivered before stop returns.
TEST_F(GapsScenario, ASlowCallback) {
  const Partition first{"orders", 1}, second{"orders", 2}, sound{"orders", 3};
  for (const Partition& p : {first, second}) commit_around_a_hole(p);
  host_.commit_range(sound, 1, 3);
  Gate gate;
  std::atomic<int> entered{0};
  host_.on_event = [&](const SeenEvent&) {
    ++entered;
    gate.pass();
  };
  begin();
  lose(first);
  ASSERT_TRUE(host_.wait_until([&] { return entered == 1; }));
  lose(second);
  ASSERT_TRUE(host_.wait_until([&] { return metrics().at("tidemark_gaps_total") == 2; }));
  ASSERT_TRUE(host_.wait_until([&] { return logged_gaps() == 2; }));
  EXPECT_EQ(host_.events().size(), 0U);
  notify(sound, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(sound, 3));
  ASSERT_TRUE(host_.wait_until([&] { return objects().size() == 9; }));
  EXPECT_EQ(host_.acknowledged(first), 1U);
  EXPECT_EQ(host_.acknowledged(second), 1U);
  std::thread opener([&] {
    // stop() has begun once notify says so.
    const tidemark_partition partition = {str(p_.storage), p_.id};
    ErrorOut error;
    while (api_->notify(archiver_, &partition, 1, 0, &error) != TIDEMARK_E_CANCELLED)
      std::this_thread::yield();
    gate.open();
  });
  stop(0);
  opener.join();
  const std::vector<SeenEvent> told = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].partition, first);
  EXPECT_EQ(told[1].partition, second);
  EXPECT_EQ(metrics()["tidemark_gaps_total"], 2);
}

// Hosts without the callback have no use for waiting.
TEST_F(GapsScenario, WithoutAnEventCallback) {
  commit_around_a_hole(p_);
  host_.drop_event_callback();
  begin();
  lose(p_);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  EXPECT_EQ(logged_gaps(), 1U);
}

TEST_F(GapsScenario, AnEntryThatTurnsUpLateIsArchived) {
  commit_around_a_hole(p_);
  begin();
  lose(p_);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  host_.commit_range(p_, 3, 3);
  // Whoever hears an answer may prune: it must be there by then.
  host_.safe_in(archive_.path().string());
  const size_t before = host_.acknowledgements(p_).size();
  notify(p_, 3, 5);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledgements(p_).size() > before; }));
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 5U);
  expect_archived(p_, 3, 3);
  EXPECT_EQ(host_.events().size(), 1U) << "what is still missing was told already";
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"archived\"}"], 3);
}

// Two threads of a host overtake each other at the beginning of a run.
TEST_F(GapsScenario, WhatLiesBelowTheFirstLookIsLookedFor) {
  host_.commit_range(p_, 5, 8);
  begin();
  notify(p_, 5, 7);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 7));
  host_.commit_range(p_, 3, 3);
  std::atomic<bool> too_early{false};
  host_.on_acknowledge = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    if (host_.events(TIDEMARK_EVENT_GAP).empty() || !std::filesystem::exists(archive_ / gap_key(p_, 4, 4)) ||
        !std::filesystem::exists(archive_ / archive_key(p_, 3)))
      too_early = true;
    return TIDEMARK_OK;
  };
  host_.excuse(p_, 4, 4);
  notify(p_, 3, 8);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 8));
  EXPECT_FALSE(too_early);
  const std::vector<SeenEvent> told = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, 4U);
  EXPECT_EQ(told[0].last, 4U);
  expect_archived(p_, 3, 3);
  expect_archived(p_, 5, 8);
}

// A low that is overtaken by a higher one, before what an earlier run archived was compared.
class PassedByName : public GapsScenario, public testing::WithParamInterface<bool> {};

TEST_P(PassedByName, IsReadBeforeItIsAcknowledged) {
  const bool is_claimed_again = GetParam();
  host_.commit_range(p_, 1, 6);
  begin();
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  destroy();
  std::filesystem::resize_file(archive_ / archive_key(p_, 4), 0);
  host_.excuse(p_, 4, 4);
  Gate gate;
  std::atomic<bool> is_first{true};
  host_.on_acquire = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    if (is_first.exchange(false)) gate.pass();  // until all are there
    return TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 6);
  if (!is_claimed_again) {
    for (const Lsn lsn : {2, 3, 4, 5}) host_.prune(p_, lsn);
  }
  notify(p_, 6, 6);
  if (is_claimed_again) notify(p_, 1, 6);
  gate.open();
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_CONFLICT).size(), 1U);
  const std::vector<SeenEvent> told = host_.events(TIDEMARK_EVENT_GAP);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, 4U);
  EXPECT_EQ(told[0].last, 4U);
}

INSTANTIATE_TEST_SUITE_P(Gaps, PassedByName, testing::Bool(),
                         [](const auto& of) { return of.param ? "AndClaimedAgain" : "AndPruned"; });

TEST_F(GapsScenario, ALateNotificationOfWhatIsGoneChangesNothing) {
  commit_around_a_hole(p_);
  begin();
  lose(p_);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  const std::vector<std::string> before = prints(archive_);
  for (int i = 0; i < 3; ++i) {
    const size_t answers = host_.acknowledgements(p_).size();
    notify(p_, 1, 5);
    ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledgements(p_).size() > answers; }));
  }
  host_.commit_range(p_, 6, 6);
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  drain();
  EXPECT_EQ(host_.events().size(), 1U);
  EXPECT_EQ(prints(archive_).size(), before.size() + 1);
}

// What another run archived and this host no longer has is archived, not lost.
TEST_F(GapsScenario, WhatAnEarlierRunArchivedIsNoGap) {
  host_.commit_range(p_, 1, 8);
  begin();
  notify(p_, 1, 8);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 8));
  begin_again();
  notify(p_, 4, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  for (const Lsn lsn : {4, 5, 6}) host_.prune(p_, lsn);
  notify(p_, 7, 8);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 8));
  drain();
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(objects(), keys(p_, 1, 8));
}

}  // namespace
}  // namespace tidemark::integration
