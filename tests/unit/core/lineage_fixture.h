// A scheduler where histories are told apart, for tests that name one rule each.
#ifndef TIDEMARK_UNIT_LINEAGE_FIXTURE_H
#define TIDEMARK_UNIT_LINEAGE_FIXTURE_H

#include "core/scheduler_fixture.h"

namespace tidemark::core {

class LineageFixture : public SchedulerFixture {
 protected:
  static constexpr uint32_t kWatchMs = 10'000;
  static constexpr uint64_t kEpoch = 5;  // this run's, after the chain of others

  LineageFixture() { configure(1, 1); }
  void configure(uint32_t inflight, uint32_t batch, bool stops = true) {
    SchedulerConfig config;
    config.workers = 4;
    config.partition_inflight = inflight;
    config.batch_entries = batch;
    config.retry = {kMinMs, kMaxMs};
    config.partition_idle_ms = kIdleMs;
    config.lineage = true;
    config.epoch_watch_ms = kWatchMs;
    config.stop_if_superseded = stops;
    scheduler_ = std::make_unique<Scheduler>(config, partitions_);
  }

  void notify_of(StorageRef storage, PartitionRef ref, Lsn low, Lsn high) {
    partitions_.ensure(ref);
    scheduler_->notified(ref, {low, high, low, high}, now_, storage);
  }
  Job start_of(StorageRef storage, JobKind kind) {
    const Job job = start();
    EXPECT_EQ(job.kind, kind);
    EXPECT_EQ(job.storage, storage);
    EXPECT_EQ(job.partition, kNoPartition);
    return job;
  }
  Job start_claim(StorageRef storage = 0) { return start_of(storage, JobKind::kClaim); }
  void claimed(const Job& job, uint64_t epoch = kEpoch) {
    JobResult result;
    result.epoch = epoch;
    scheduler_->job_finished(job, result, now_);
  }
  void claim(StorageRef storage = 0, uint64_t epoch = kEpoch) { claimed(start_claim(storage), epoch); }
  void refused(const Job& job, bool is_superseded = false) {
    JobResult result;
    result.outcome = Outcome::kObjectFailed;
    result.superseded = is_superseded;
    scheduler_->job_finished(job, result, now_);
  }
  void watched(const Job& job, bool is_superseded) {
    JobResult result;
    result.superseded = is_superseded;
    scheduler_->job_finished(job, result, now_);
  }
  void gone(const Job& job) {
    JobResult result;
    result.epoch_gone = true;
    scheduler_->job_finished(job, result, now_);
  }
  // A newer epoch is seen by the watch, which is due.
  void supersede(StorageRef storage = 0) {
    pass(kWatchMs);
    watched(start_of(storage, JobKind::kWatch), true);
    const std::vector<Event> taken = raised();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].kind, EventKind::kSuperseded);
    EXPECT_EQ(taken[0].storage, storage);
  }

  static Found of_parent(Range name, Range part, uint64_t epoch = 1) {
    return {name, part, epoch, Coding::kNone};
  }
  static Found of_parent(Range name, uint64_t epoch = 1) { return of_parent(name, name, epoch); }
  // What a look found; with something of this run's epoch if it has `begun`.
  void looked(const Job& job, std::vector<Found> archives, bool begun = false,
              std::optional<Range> gap = std::nullopt) {
    JobResult result;
    result.archives = std::move(archives);
    result.complete_through = kEveryLsn;
    result.begun = begun;
    result.gap = gap;
    scheduler_->job_finished(job, result, now_);
  }
  void recorded(const Job& job, bool begun) {
    JobResult result;
    result.begun = begun;
    scheduler_->job_finished(job, result, now_);
  }
  // Partition 0 of storage 0 has 1..high, and its look found these.
  void make_known(Lsn high, std::vector<Found> archives) {
    notify_of(0, 0, 1, high);
    claim();
    looked(start(0, JobKind::kDiscover, {1, high}), std::move(archives));
  }
  // The next job compares what this archive holds of `part`.
  Job start_verify(Range name, Range part, uint64_t epoch = 1) {
    const Job job = start(0, JobKind::kVerify, name);
    EXPECT_EQ(job.part, part);
    EXPECT_EQ(job.epoch, epoch);
    return job;
  }
  void equal(Range name, uint64_t epoch = 1) { finish(start_verify(name, name, epoch)); }
  // It is archived under this run's epoch.
  Job start_put(Range range) {
    const Job job = start(0, JobKind::kArchive, range);
    EXPECT_EQ(job.epoch, kEpoch);
    EXPECT_FALSE(job.late);
    return job;
  }
  void put(Range range) { finish(start_put(range)); }
  // It is archived as a part of what lies after it.
  Job start_fill(Range range, uint64_t epoch) {
    const Job job = start(0, JobKind::kArchive, range);
    EXPECT_TRUE(job.fill);
    EXPECT_EQ(job.epoch, epoch);
    return job;
  }
  void expect_no_begin() const { EXPECT_EQ(scheduler_->partition(0).begun, Begun::kNo); }
};

}  // namespace tidemark::core

#endif  // TIDEMARK_UNIT_LINEAGE_FIXTURE_H
