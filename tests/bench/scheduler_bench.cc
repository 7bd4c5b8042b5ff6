// What the scheduler itself costs: one entry's way through it, with few and with many partitions.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "core/scheduler.h"
#include "partition_store.h"

namespace {

using namespace tidemark::core;

// Every partition is notified of one entry more, and all of it is worked off, as the dispatcher does it.
class Rounds {
 public:
  explicit Rounds(PartitionRef partitions) : partitions_(partitions), scheduler_(SchedulerConfig{}, store_) {
    store_.ensure(partitions);
    run();
  }

  void run() {
    ++high_;
    ++now_;
    for (PartitionRef ref = 0; ref < partitions_; ++ref) scheduler_.notified(ref, {1, high_, 1, high_}, now_);
    drain();
  }

 private:
  void drain() {
    for (;;) {
      const std::optional<Job> job = scheduler_.next_job(now_);
      if (!job) break;
      JobResult result;
      result.complete_through = kEveryLsn;
      scheduler_.job_finished(*job, result, now_);
      while (const std::optional<Ack> ack = scheduler_.next_ack()) scheduler_.ack_finished(*ack, true, now_);
    }
    scheduler_.tick(now_);
    benchmark::DoNotOptimize(scheduler_.wake_at());
  }

  PartitionRef partitions_;
  PartitionStore store_;
  Scheduler scheduler_;
  Lsn high_ = 0;
  TimeMs now_ = 0;
};

// notified + next_job + job_finished + next_ack + ack_finished.
void BM_EntryCycle(benchmark::State& state) {
  Rounds rounds(static_cast<PartitionRef>(state.range(0)));
  for (auto _ : state) rounds.run();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_EntryCycle)->Arg(1'000)->Arg(30'000)->Arg(300'000);

// The same from nothing: each partition becomes known and is discovered first.
void BM_FirstEntry(benchmark::State& state) {
  for (auto _ : state) Rounds rounds(static_cast<PartitionRef>(state.range(0)));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_FirstEntry)->Arg(1'000)->Arg(300'000);

void BM_Snapshot(benchmark::State& state) {
  PartitionStore store;
  store.ensure(static_cast<PartitionRef>(state.range(0)));
  Scheduler scheduler(SchedulerConfig{}, store);
  for (PartitionRef ref = 0; ref < state.range(0); ++ref) scheduler.notified(ref, {1, 1, 1, 1}, 0);
  for (auto _ : state) benchmark::DoNotOptimize(scheduler.snapshot(1));
}
BENCHMARK(BM_Snapshot)->Arg(1'000)->Arg(300'000)->Unit(benchmark::kMicrosecond);

// Every partition fails and backs off: a timer for each.
void BM_FailAndWake(benchmark::State& state) {
  SchedulerConfig config;
  const auto partitions = static_cast<PartitionRef>(state.range(0));
  PartitionStore store;
  store.ensure(partitions);
  Scheduler scheduler(config, store);
  TimeMs now = 0;
  for (PartitionRef ref = 0; ref < partitions; ++ref) scheduler.notified(ref, {1, 1, 1, 1}, now);
  JobResult failure;
  failure.outcome = Outcome::kEntryFailed;
  for (auto _ : state) {
    while (const std::optional<Job> job = scheduler.next_job(now)) scheduler.job_finished(*job, failure, now);
    scheduler.events().clear();
    now += config.retry.max_ms;
    while (scheduler.wake_at() <= now) scheduler.tick(now);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_FailAndWake)->Arg(1'000)->Arg(300'000);

// Not a time: the counter bytes_each is the memory a dormant partition holds.
void BM_DormantMemory(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    auto rounds = std::make_unique<Rounds>(static_cast<PartitionRef>(state.range(0)));
    bytes = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before);
  }
  state.counters["bytes_each"] = bytes / static_cast<double>(state.range(0));
  state.counters["sizeof"] = sizeof(PartitionState);
}
BENCHMARK(BM_DormantMemory)->Arg(300'000)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
