// Many threads, many notifications, many partitions.
#include <algorithm>
#include <random>

#include "harness.h"

namespace tidemark::integration {
namespace {

class CrowdScenario : public Scenario {};

TEST_F(CrowdScenario, NotifyFromInsideAcknowledge) {
  constexpr Lsn kEntries = 30;
  host_.commit_range(p_, 1, kEntries);
  host_.on_acknowledge = [&](const Partition& p, Lsn lsn, tidemark_error*) -> tidemark_status {
    if (lsn < kEntries) notify(p, 1, lsn + 1);
    return TIDEMARK_OK;
  };
  begin({{"workers", "1"}});
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, kEntries));
  EXPECT_EQ(objects(), keys(p_, 1, kEntries));
  EXPECT_TRUE(host_.events().empty());
}

// From every other callback, too.
TEST_F(CrowdScenario, NotifyFromInsideAnyCallback) {
  host_.commit_range(p_, 1, 2);
  host_.commit_range({"orders", 8}, 1, 1);
  std::atomic<bool> fails{true};
  // The end of the test may come while a callback still runs.
  const auto tell = [&](const Partition& p, Lsn high) {
    const tidemark_partition partition = {str(p.storage), p.id};
    const tidemark_status status = api_->notify(archiver_, &partition, 1, high, nullptr);
    EXPECT_TRUE(status == TIDEMARK_OK || status == TIDEMARK_E_CANCELLED) << status;
  };
  host_.on_acquire = [&](const Partition& p, Lsn, tidemark_error*) -> tidemark_status {
    tell(p_, 2);
    return p.id == 7 && fails.exchange(false) ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  host_.on_event = [&](const SeenEvent&) { tell({"orders", 8}, 1); };
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  ASSERT_TRUE(host_.wait_for_acknowledge({"orders", 8}, 1));
  drain();  // events may still be on their way
}

// Late, twice and in any order, from eight threads at once.
TEST_F(CrowdScenario, EightThreadsNotifyInDisorder) {
  constexpr uint64_t kPartitions = 10;
  constexpr Lsn kEntries = 12;
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, kEntries);
  begin();
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 8; ++seed) {
    threads.emplace_back([this, seed] {
      std::mt19937 random(seed);
      std::vector<std::pair<uint64_t, Lsn>> sent;
      for (uint64_t id = 1; id <= kPartitions; ++id) {
        for (Lsn high = 1; high <= kEntries; ++high) sent.insert(sent.end(), 2, {id, high});
      }
      std::shuffle(sent.begin(), sent.end(), random);
      for (const auto& [id, high] : sent) notify({"orders", id}, 1, high);
    });
  }
  for (std::thread& thread : threads) thread.join();
  drain();
  for (uint64_t id = 1; id <= kPartitions; ++id) {
    EXPECT_EQ(host_.acknowledged({"orders", id}), kEntries);
  }
  EXPECT_EQ(objects().size(), kPartitions * kEntries);
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"archived\"}"], kPartitions * kEntries);
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"verified\"}"], 0);
  EXPECT_EQ(host_.acquired(), kPartitions * kEntries) << "an entry was read twice";
  EXPECT_TRUE(host_.events().empty());
}

// The same engine prunes as it goes, as a real one does: low and high move while threads notify.
TEST_F(CrowdScenario, PruningWhileOthersNotify) {
  constexpr uint64_t kPartitions = 4;
  constexpr Lsn kEntries = 25;
  std::atomic<Lsn> low[kPartitions + 1];
  for (uint64_t id = 1; id <= kPartitions; ++id) {
    host_.commit_range({"orders", id}, 1, kEntries);
    low[id] = 1;
  }
  host_.on_acknowledge = [&](const Partition& p, Lsn lsn, tidemark_error*) -> tidemark_status {
    const Lsn first = low[p.id].exchange(lsn + 1);
    for (Lsn old = first; old <= lsn; ++old) host_.prune(p, old);
    return TIDEMARK_OK;
  };
  begin();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (Lsn high = 1; high <= kEntries; ++high) {
        for (uint64_t id = 1; id <= kPartitions; ++id) {
          const Lsn oldest = low[id];
          notify({"orders", id}, oldest, std::max(high, oldest - 1));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  drain();
  for (uint64_t id = 1; id <= kPartitions; ++id) EXPECT_EQ(host_.acknowledged({"orders", id}), kEntries);
  EXPECT_EQ(objects().size(), kPartitions * kEntries);
  for (const SeenEvent& seen : host_.events()) ADD_FAILURE() << "event " << seen.kind << " " << seen.message;
}

// ---- Very many partitions: a host that keeps nothing, so that what grows is the plugin's ----------

class CountingHost {
 public:
  CountingHost() {
    test::write_file(entry_, "entry");
    table_.struct_size = sizeof table_;
    table_.ctx = this;
    table_.acquire_entry = [](void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_entry* out,
                              tidemark_error*) -> tidemark_status {
      out->path = str(static_cast<CountingHost*>(ctx)->entry_);
      return TIDEMARK_OK;
    };
    table_.release_entry = [](void*, const tidemark_partition*, tidemark_entry*) {};
    table_.acknowledge = [](void* ctx, const tidemark_partition*, tidemark_lsn lsn,
                            tidemark_error*) -> tidemark_status {
      auto& self = *static_cast<CountingHost*>(ctx);
      if (lsn == 1) ++self.acknowledged;
      return TIDEMARK_OK;
    };
    table_.event = [](void* ctx, const tidemark_event*) { ++static_cast<CountingHost*>(ctx)->events; };
  }
  const tidemark_host& table() const { return table_; }

  std::atomic<uint64_t> acknowledged{0};
  std::atomic<uint64_t> events{0};

 private:
  test::TempDir dir_;
  const std::string entry_ = dir_ / "entry";
  tidemark_host table_{};
};

void notify_each_once(const tidemark_archiver_api* api, tidemark_archiver* archiver, uint64_t first,
                      uint64_t end) {
  ErrorOut error;
  for (uint64_t id = first; id < end; ++id) {
    const tidemark_partition partition = {str("orders"), id};
    ASSERT_EQ(api->notify(archiver, &partition, 1, 1, &error), TIDEMARK_OK) << error.message;
  }
}

// Of this process, in memory.
class Crowd : public Scenario, public ::testing::WithParamInterface<uint64_t> {};

TEST_P(Crowd, EachPartitionNotifiesOnce) {
  const uint64_t partitions = GetParam();
  valve_.stores = false;
  CountingHost host;
  ErrorOut error;
  ASSERT_EQ(api_->create(&host.table(), nullptr, 0, &archiver_, &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(set_sink(file_url(archive_), valve_options(), &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  // The workers' buffers are not what is measured: let them grow first.
  constexpr uint64_t kFirst = 1'000;
  notify_each_once(api_, archiver_, 0, kFirst);
  ASSERT_TRUE(host_.wait_until([&] { return host.acknowledged == kFirst; }));
  const auto before = static_cast<double>(resident_bytes());
  notify_each_once(api_, archiver_, kFirst, partitions);
  ASSERT_TRUE(host_.wait_until([&] { return host.acknowledged == partitions; }));
  ASSERT_TRUE(
      host_.wait_until([&] { return metrics().at("tidemark_partitions{state=\"dormant\"}") == partitions; }));
#ifndef TIDEMARK_TEST_SANITIZED
  const double bytes =
      (static_cast<double>(resident_bytes()) - before) / static_cast<double>(partitions - kFirst);
  RecordProperty("bytes_per_partition", static_cast<int>(bytes));
  EXPECT_LE(bytes, 250);
#else
  (void)before;
#endif
  EXPECT_EQ(host.events, 0U);
  const Metrics now = metrics();
  EXPECT_EQ(now.at("tidemark_archives_total{result=\"archived\"}"), static_cast<double>(partitions));
  EXPECT_EQ(now.at("tidemark_entries_waiting"), 0);
  ASSERT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
}
// Not only when the archiver stops.
TEST_P(Crowd, WhatIsForgottenGivesItsMemoryBack) {
  const uint64_t partitions = GetParam();
  valve_.stores = false;
  CountingHost host;
  ErrorOut error;
  const std::string idle_ms = std::to_string(partitions / 10);  // longer than archiving takes
  const tidemark_option idle = {str("partition_idle_ms"), str(idle_ms), 0, 0};
  ASSERT_EQ(api_->create(&host.table(), &idle, 1, &archiver_, &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(set_sink(file_url(archive_), valve_options(), &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  constexpr uint64_t kFirst = 1'000;
  notify_each_once(api_, archiver_, 0, kFirst);
  ASSERT_TRUE(host_.wait_until([&] { return host.acknowledged == kFirst; }));
  const auto before = static_cast<double>(resident_bytes());
  notify_each_once(api_, archiver_, kFirst, partitions);
  ASSERT_TRUE(host_.wait_until([&] { return host.acknowledged == partitions; }));
  const auto peak = static_cast<double>(resident_bytes());
  ASSERT_TRUE(host_.wait_until([&] { return metrics().at("tidemark_partitions{state=\"dormant\"}") == 0; }));
#ifndef TIDEMARK_TEST_SANITIZED
  EXPECT_LE(static_cast<double>(resident_bytes()), before + (peak - before) / 3);
#else
  (void)before, (void)peak;
#endif
  ASSERT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
}
INSTANTIATE_TEST_SUITE_P(Short, Crowd, ::testing::Values(30'000));
INSTANTIATE_TEST_SUITE_P(Long, Crowd, ::testing::Values(300'000));

}  // namespace
}  // namespace tidemark::integration
