// Drives a Scheduler by hand, for tests that name one rule each.
#ifndef TIDEMARK_UNIT_SCHEDULER_FIXTURE_H
#define TIDEMARK_UNIT_SCHEDULER_FIXTURE_H

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/print_range.h"
#include "core/scheduler.h"
#include "partition_store.h"

namespace tidemark::core {

class SchedulerFixture : public testing::Test {
 protected:
  static constexpr uint32_t kIdleMs = 600'000;
  static constexpr uint32_t kMinMs = 100;
  static constexpr uint32_t kMaxMs = 1'000;

  explicit SchedulerFixture(uint32_t workers = 4) {
    SchedulerConfig config;
    config.workers = workers;
    config.retry = {kMinMs, kMaxMs};
    config.partition_idle_ms = kIdleMs;
    partitions_.ensure(0);
    scheduler_ = std::make_unique<Scheduler>(config, partitions_);
  }

  void notify(PartitionRef ref, Lsn low, Lsn high) {
    partitions_.ensure(ref);
    scheduler_->notified(ref, {low, high, low, high}, now_);
  }

  // The next job must be this one.
  Job start(PartitionRef ref, JobKind kind, Range range) {
    const std::optional<Job> job = scheduler_->next_job(now_);
    EXPECT_TRUE(job.has_value());
    if (!job) return {};
    EXPECT_EQ(job->partition, ref);
    EXPECT_EQ(job->kind, kind);
    EXPECT_EQ(job->range, range);
    return *job;
  }
  Job start() {
    const std::optional<Job> job = scheduler_->next_job(now_);
    EXPECT_TRUE(job.has_value());
    return job.value_or(Job());
  }
  void expect_no_job() { EXPECT_FALSE(scheduler_->next_job(now_).has_value()); }

  void finish(const Job& job, Outcome outcome = Outcome::kDone) {
    JobResult result;
    result.outcome = outcome;
    result.complete_through = kEveryLsn;
    scheduler_->job_finished(job, result, now_);
  }
  void finish_through(const Job& job, Lsn through) {
    JobResult result;
    result.through = through;
    scheduler_->job_finished(job, result, now_);
  }
  void finish_conflict(const Job& job) {
    JobResult result;
    result.outcome = Outcome::kObjectFailed;
    result.conflict = true;
    scheduler_->job_finished(job, result, now_);
  }
  void finish_sealed(const Job& job) {
    JobResult result;
    result.outcome = Outcome::kObjectFailed;
    result.sealed = true;
    scheduler_->job_finished(job, result, now_);
  }
  void found(const Job& job, std::vector<Found> archives, std::optional<Range> gap = std::nullopt) {
    JobResult result;
    result.archives = std::move(archives);
    result.complete_through = kEveryLsn;
    result.gap = gap;
    scheduler_->job_finished(job, result, now_);
  }
  // A job of this kind that is done at once.
  void done(PartitionRef ref, JobKind kind, Range range) { finish(start(ref, kind, range)); }
  void archived(PartitionRef ref, Lsn lsn) { done(ref, JobKind::kArchive, {lsn, lsn}); }
  // Known, discovered in an empty archive, and with nothing to do: next is 1.
  void make_known(PartitionRef ref) {
    notify(ref, 1, 0);
    done(ref, JobKind::kDiscover, {1, 0});
    acknowledged(ref, 0);
  }
  // Every entry up to high is archived and acknowledged.
  void archive_all(PartitionRef ref, Lsn high) {
    notify(ref, 1, high);
    done(ref, JobKind::kDiscover, {1, high});
    for (Lsn lsn = 1; lsn <= high; ++lsn) archived(ref, lsn);
    acknowledged(ref, high);
  }

  // Entries 1..3 are archived, [4, low - 1] is found to be a gap: its event, not delivered yet.
  Event lose_up_to(PartitionRef ref, Lsn low, Lsn high) {
    archive_all(ref, 3);
    notify(ref, low, high);
    done(ref, JobKind::kDiscover, {4, high});
    return raised(EventKind::kGap, {4, low - 1});
  }
  // The same, told and recorded, and all up to high archived and acknowledged.
  void pass_gap(PartitionRef ref, Lsn low, Lsn high) {
    deliver(lose_up_to(ref, low, high));
    done(ref, JobKind::kRecordGap, {4, low - 1});
    for (Lsn lsn = low; lsn <= high; ++lsn) archived(ref, lsn);
    acknowledged(ref, high);
  }
  Job start_late(JobKind kind, Range range) {
    const Job job = start(0, kind, range);
    EXPECT_TRUE(job.late);
    return job;
  }

  // What low passed because the sink names these archives is looked up and read.
  void read_passed(Range range, const std::vector<Range>& archives) {
    found(start_late(JobKind::kDiscover, range), {archives.begin(), archives.end()});
    for (const Range& archive : archives) {
      const Job job = start_late(JobKind::kVerify, archive);
      EXPECT_EQ(job.accept_missing_through, job.part.last);
      finish_through(job, job.part.last);
    }
  }

  Ack take_ack(PartitionRef ref, Lsn lsn) {
    const std::optional<Ack> ack = scheduler_->next_ack();
    EXPECT_TRUE(ack.has_value());
    if (!ack) return {};
    EXPECT_EQ(ack->partition, ref);
    EXPECT_EQ(ack->lsn, lsn);
    return *ack;
  }
  void acknowledged(PartitionRef ref, Lsn lsn, bool ok = true) {
    scheduler_->ack_finished(take_ack(ref, lsn), ok, now_);
  }
  void expect_no_ack() { EXPECT_FALSE(scheduler_->next_ack().has_value()); }

  // What was raised, and not delivered yet.
  std::vector<Event> raised() {
    const std::vector<Event> taken(scheduler_->events().begin(), scheduler_->events().end());
    scheduler_->events().clear();
    return taken;
  }
  Event raised(EventKind kind, Range range) {
    const std::vector<Event> taken = raised();
    EXPECT_EQ(taken.size(), 1U);
    if (taken.empty()) return {};
    EXPECT_EQ(taken[0].kind, kind);
    EXPECT_EQ(taken[0].range, range);
    return taken[0];
  }
  void deliver(const Event& event) { scheduler_->event_delivered(event, now_); }
  // What was raised; a quick host has it at once.
  std::vector<Event> events() {
    std::vector<Event> taken = raised();
    for (const Event& event : taken) deliver(event);
    return taken;
  }
  void expect_event(EventKind kind, Range range = {}) {
    const std::vector<Event> taken = events();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].kind, kind);
    EXPECT_EQ(taken[0].range, range);
  }
  void expect_no_event() { EXPECT_TRUE(events().empty()); }

  void pass(TimeMs ms) {
    now_ += ms;
    scheduler_->tick(now_);
  }
  void pass_to_wake() {
    const TimeMs at = scheduler_->wake_at();
    ASSERT_NE(at, kNever);
    now_ = std::max(now_, at);
    scheduler_->tick(now_);
  }
  Place place(PartitionRef ref) const { return scheduler_->partition(ref).place; }

  PartitionStore partitions_;
  std::unique_ptr<Scheduler> scheduler_;
  TimeMs now_ = 1'000;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_UNIT_SCHEDULER_FIXTURE_H
