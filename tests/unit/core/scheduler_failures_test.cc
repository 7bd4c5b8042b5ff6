// Rules 7 to 9 of the scheduler: what happens when something fails, and the numbers it shows.
#include "scheduler_fixture.h"

namespace tidemark::core {
namespace {

using enum JobKind;

class SchedulerFailuresTest : public SchedulerFixture {
 protected:
  // Partition 0 could not be put, partition 1 was: the next failure of 0 is its own.
  void fail_while_another_succeeds() {
    for (const PartitionRef ref : {0U, 1U}) notify(ref, 1, 1);
    for (const PartitionRef ref : {0U, 1U}) done(ref, kDiscover, {1, 1});
    finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
    pass_to_wake();
    archived(1, 1);
  }
};

// ---- What has to wait for others ----------------------------------------------------------------

TEST_F(SchedulerFailuresTest, WhoIsDeferredComesAgainThenAndNobodyIsToldOfIt) {
  notify(0, 1, 1);
  notify(1, 1, 1);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});
  done(1, kDiscover, {1, 1});
  for (int i = 0; i < 3; ++i) {
    JobResult later;
    later.outcome = Outcome::kDeferred;
    later.retry_after_ms = 5000;
    scheduler_->job_finished(start(0, kVerify, {1, 1}), later, now_);
    EXPECT_EQ(scheduler_->wake_at(), now_ + 5000) << "as long as it was told, however often";
    EXPECT_EQ(scheduler_->snapshot(now_).partitions_backing_off, 0U) << "nothing failed";
    EXPECT_EQ(scheduler_->snapshot(now_).partitions_active, i == 0 ? 2U : 1U);
    if (i == 0) archived(1, 1);
    expect_no_job();
    pass_to_wake();
  }
  done(0, kVerify, {1, 1});
  expect_no_event();
}

TEST_F(SchedulerFailuresTest, ANewSinkDoesNotWaitForWhatTheOldOneRead) {
  notify(0, 1, 1);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});
  JobResult later;
  later.outcome = Outcome::kDeferred;
  later.retry_after_ms = 5000;
  const Job verify = start(0, kVerify, {1, 1});
  scheduler_->sink_swapped(now_);
  scheduler_->job_finished(verify, later, now_);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});
  scheduler_->job_finished(start(0, kVerify, {1, 1}), later, now_);
  expect_no_job();
  scheduler_->sink_swapped(now_);
  start(0, kDiscover, {1, 1});
}

// ---- Rule 7: the entry and the object -----------------------------------------------------------

TEST_F(SchedulerFailuresTest, AFailingEntryHoldsUpItsPartitionAlone) {
  notify(0, 1, 2);
  notify(1, 1, 2);
  done(0, kDiscover, {1, 2});
  done(1, kDiscover, {1, 2});
  finish(start(0, kArchive, {1, 1}), Outcome::kEntryFailed);
  expect_event(EventKind::kFailing, {1, 1});
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
  archived(1, 1);
  archived(1, 2);
  expect_no_job();
  EXPECT_GT(scheduler_->wake_at(), now_);
  EXPECT_LE(scheduler_->wake_at(), now_ + kMinMs);
}

TEST_F(SchedulerFailuresTest, RecoveryIsToldOnce) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  for (int i = 0; i < 3; ++i) {
    finish(start(0, kArchive, {1, 1}), Outcome::kEntryFailed);
    pass_to_wake();
  }
  expect_event(EventKind::kFailing, {1, 1});
  archived(0, 1);
  expect_event(EventKind::kRecovered, {1, 1});
  archived(0, 2);
  expect_no_event();
}

TEST_F(SchedulerFailuresTest, ARefusedObjectWaitsLong) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kObjectFailed);
  expect_event(EventKind::kFailing, {1, 1});
  EXPECT_GE(scheduler_->wake_at(), now_ + kMaxMs / 2);
  EXPECT_LE(scheduler_->wake_at(), now_ + kMaxMs);
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
}

TEST_F(SchedulerFailuresTest, AConflictAfterAFailureIsToldToo) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kEntryFailed);
  events();
  pass_to_wake();
  finish_conflict(start(0, kArchive, {1, 1}));
  expect_event(EventKind::kConflict, {1, 1});
  pass(kMaxMs);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});  // another batch could slip past it
  finish_conflict(start(0, kVerify, {1, 1}));
  expect_no_event();
}

TEST_F(SchedulerFailuresTest, ARefusedDiscoveryOfTheEmptyRangeWaitsToo) {
  notify(0, 5, 4);
  finish(start(0, kDiscover, {5, 4}), Outcome::kObjectFailed);
  expect_no_job();
  EXPECT_EQ(place(0), Place::kBackingOff);
  pass(kMaxMs);
  done(0, kDiscover, {5, 4});
  acknowledged(0, 4);
}

TEST_F(SchedulerFailuresTest, NothingIsLostWhileBackingOff) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kEntryFailed);
  notify(0, 1, 3);
  expect_no_job();
  pass_to_wake();
  for (const Lsn lsn : {1, 2, 3}) archived(0, lsn);
  acknowledged(0, 3);
}

// ---- Rule 7: the sink ---------------------------------------------------------------------------

TEST_F(SchedulerFailuresTest, AFailingSinkStopsEverything) {
  for (PartitionRef ref = 0; ref < 3; ++ref) notify(ref, 1, 1);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  expect_no_job();
  EXPECT_FALSE(scheduler_->has_command(now_));
  EXPECT_LE(scheduler_->wake_at(), now_ + kMinMs);
}

TEST_F(SchedulerFailuresTest, OneProbeThenStepByStep) {
  for (PartitionRef ref = 0; ref < 6; ++ref) notify(ref, 1, 1);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  events();
  pass_to_wake();
  const Job probe = start(1, kDiscover, {1, 1});
  expect_no_job();
  finish(probe);
  expect_event(EventKind::kSinkUp);
  const Job only = start(2, kDiscover, {1, 1});
  expect_no_job();
  finish(only);
  start();
  start();
  expect_no_job();
}

TEST_F(SchedulerFailuresTest, ABrokenSinkFailsNoPartition) {
  notify(0, 1, 1);
  for (int i = 0; i < 5; ++i) {
    finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
    EXPECT_EQ(place(0), Place::kReady);
    pass_to_wake();
  }
  expect_event(EventKind::kSinkDown);
}

TEST_F(SchedulerFailuresTest, ASinkThatFailsForOnePartitionOnlyIsThatPartitionsFault) {
  notify(0, 1, 1);
  notify(1, 1, 2);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  pass_to_wake();
  done(1, kDiscover, {1, 2});
  events();
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  expect_event(EventKind::kFailing, {1, 1});
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
  archived(1, 1);
}

// It is tried again before the others have something to put: that must not stop them once more.
TEST_F(SchedulerFailuresTest, WhoIsAtFaultStaysSoUntilItSucceeds) {
  fail_while_another_succeeds();
  acknowledged(1, 1);
  events();
  for (int i = 0; i < 3; ++i) {
    finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
    EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
    pass(kMaxMs);
  }
  expect_event(EventKind::kFailing, {1, 1});
  archived(0, 1);
  expect_event(EventKind::kRecovered, {1, 1});
  notify(0, 1, 2);
  finish(start(0, kArchive, {2, 2}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
}

TEST_F(SchedulerFailuresTest, WhoWasAtFaultIsNotSoAtANewSink) {
  fail_while_another_succeeds();
  finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
  events();
  scheduler_->sink_swapped(now_);
  expect_event(EventKind::kSinkChanged);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
}

// Case 26, delta-rs#2451, trino#19943: a name that a store is asked to change too often is RETRYABLE, of one
// partition, and not THROTTLED: once others have shown that the sink works nobody has to be slower for it.
TEST_F(SchedulerFailuresTest, OneHotObjectLeavesTheConcurrencyAsItIs) {
  notify(0, 1, 1);
  notify(1, 1, 50);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkFailed);
  pass_to_wake();
  done(1, kDiscover, {1, 50});
  events();
  uint32_t limit = scheduler_->snapshot(now_).concurrency_limit;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const Job job = start();
    const bool is_hot = job.partition == 0;
    finish(job, is_hot ? Outcome::kSinkFailed : Outcome::kDone);
    refused += is_hot ? 1 : 0;
    EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
    EXPECT_GE(scheduler_->snapshot(now_).concurrency_limit, limit);
    limit = scheduler_->snapshot(now_).concurrency_limit;
    pass(kMaxMs);
  }
  EXPECT_GE(refused, 10);
  EXPECT_GE(limit, 2U);
  Job other = start();
  while (other.partition == 0) {
    finish(other, Outcome::kSinkFailed);
    other = start();
  }
  finish(other, Outcome::kSinkThrottled);
  EXPECT_LT(scheduler_->snapshot(now_).concurrency_limit, limit) << "which is what a busy store gets";
}

// S3 asks to slow down by prefix, and a partition has one of its own.
TEST_F(SchedulerFailuresTest, OneHotPrefixSlowsNobodyElse) {
  notify(0, 1, 1);
  notify(1, 1, 50);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkThrottled);
  done(1, kDiscover, {1, 50});
  const uint32_t limit = scheduler_->snapshot(now_).concurrency_limit;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const Job job = start();
    finish(job, job.partition == 0 ? Outcome::kSinkThrottled : Outcome::kDone);
    refused += job.partition == 0 ? 1 : 0;
    ASSERT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
    ASSERT_GE(scheduler_->snapshot(now_).concurrency_limit, limit);
    pass(kMaxMs);
  }
  EXPECT_GE(refused, 10);
  expect_event(EventKind::kFailing, {1, 1});
}

TEST_F(SchedulerFailuresTest, ThrottlingHalvesTheConcurrency) {
  for (PartitionRef ref = 0; ref < 6; ++ref) notify(ref, 1, 1);
  finish(start(0, kDiscover, {1, 1}), Outcome::kSinkThrottled);
  start();
  start();
  expect_no_job();
  expect_no_event();
  EXPECT_EQ(scheduler_->snapshot(now_).concurrency_limit, 2U);
}

TEST_F(SchedulerFailuresTest, ASinksHintIsFollowed) {
  notify(0, 1, 1);
  JobResult result;
  result.outcome = Outcome::kSinkThrottled;
  result.retry_after_ms = 700;
  scheduler_->job_finished(start(0, kDiscover, {1, 1}), result, now_);
  expect_event(EventKind::kSinkDown);
  EXPECT_EQ(scheduler_->wake_at(), now_ + 700);
}

TEST_F(SchedulerFailuresTest, AnEntryThatFailsAsProbeLeavesTheQuestionOpen) {
  notify(0, 1, 1);
  notify(1, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(1, kDiscover, {1, 1}), Outcome::kSinkFailed);
  pass_to_wake();
  finish(start(0, kArchive, {1, 1}), Outcome::kEntryFailed);
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kProbing);
  done(1, kDiscover, {1, 1});
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
}

TEST_F(SchedulerFailuresTest, ALoneMissingEntryDoesNotKeepTheBreakerFromClosing) {
  notify(0, 1, 1);
  notify(1, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(1, kDiscover, {1, 1}), Outcome::kSinkFailed);
  pass_to_wake();
  finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kProbing);
  done(1, kDiscover, {1, 1});
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
  done(1, kArchive, {1, 1});
  pass_to_wake();
  done(0, kDiscover, {1, 1});
  // Once it is closed the entry is retried without a further look.
  for (int i = 0; i < 3; ++i) {
    finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
    pass_to_wake();
  }
}

// Nobody knows whether the sink can be written to again until something is.
TEST_F(SchedulerFailuresTest, AnEntryThatIsMissingClosesNoBreakerThatAPutOpened) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
  for (int i = 0; i < 3; ++i) {
    pass_to_wake();
    finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
    EXPECT_EQ(scheduler_->breaker(), Throttle::State::kProbing);
  }
  pass_to_wake();
  done(0, kArchive, {1, 1});
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
}

// A full disk can be listed: what is found there is no end of the outage, and no proof against the others.
TEST_F(SchedulerFailuresTest, LooksDoNotCloseABreakerThatAPutOpened) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  int looks = 0;
  for (PartitionRef ref = 1; ref < 6; ++ref) {
    notify(ref, 1, 1);
    pass_to_wake();
    for (bool failed = false; !failed;) {
      const Job job = start();
      failed = job.kind == kArchive;
      looks += failed ? 0 : 1;
      finish(job, failed ? Outcome::kSinkFailed : Outcome::kDone);
      EXPECT_NE(scheduler_->breaker(), Throttle::State::kClosed);
      expect_no_event();
    }
  }
  EXPECT_GT(looks, 2);
}

// Two puts at once on a disk that fills up: the one had room yet, which is no proof against the other.
TEST_F(SchedulerFailuresTest, WhatBeganBeforeTheOutageIsNoProofThatThePartitionIsAtFault) {
  for (const PartitionRef ref : {0U, 1U}) notify(ref, 1, 1);
  for (const PartitionRef ref : {0U, 1U}) done(ref, kDiscover, {1, 1});
  const Job fails = start(0, kArchive, {1, 1});
  const Job had_room = start(1, kArchive, {1, 1});
  finish(fails, Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  finish(had_room);
  for (int i = 0; i < 3; ++i) {
    pass_to_wake();
    finish(start(0, kArchive, {1, 1}), Outcome::kSinkFailed);
    EXPECT_EQ(scheduler_->breaker(), Throttle::State::kOpen);
    expect_no_event();
  }
  pass_to_wake();
  done(0, kArchive, {1, 1});
  expect_event(EventKind::kSinkUp);
}

TEST_F(SchedulerFailuresTest, NoProbeWithoutAFreeWorkerAndNoBusyWaiting) {
  for (PartitionRef ref = 0; ref < 5; ++ref) notify(ref, 1, 1);
  std::vector<Job> stuck;
  for (int i = 0; i < 3; ++i) stuck.push_back(start());
  finish(start(), Outcome::kSinkFailed);
  pass_to_wake();
  stuck.push_back(start());  // the probe: four workers are busy again
  expect_no_job();
  pass(1);
  EXPECT_GT(scheduler_->wake_at(), now_);
}

// ---- Swaps --------------------------------------------------------------------------------------

TEST_F(SchedulerFailuresTest, ASwapDiscoversAnewAndKeepsWhatIsAcknowledged) {
  notify(0, 1, 3);
  done(0, kDiscover, {1, 3});
  archived(0, 1);
  acknowledged(0, 1);
  scheduler_->sink_swapped(now_);
  const Job look = start(0, kDiscover, {2, 3});
  EXPECT_FALSE(look.check_older);
  EXPECT_EQ(look.sink_number, 1U);
  finish(look);
  archived(0, 2);
}

TEST_F(SchedulerFailuresTest, JobsOfTheOldSinkStillCount) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  const Job old = start(0, kArchive, {1, 1});
  scheduler_->sink_swapped(now_);
  finish(old);
  acknowledged(0, 1);
  done(0, kDiscover, {2, 2});
}

TEST_F(SchedulerFailuresTest, DiscoveryOfTheOldSinkDoesNotCount) {
  notify(0, 1, 2);
  const Job old = start(0, kDiscover, {1, 2});
  scheduler_->sink_swapped(now_);
  found(old, {{1, 1}, {2, 2}});
  EXPECT_TRUE(start(0, kDiscover, {1, 2}).check_older);
}

TEST_F(SchedulerFailuresTest, FailuresOfTheOldSinkSayNothingOfTheNew) {
  notify(0, 1, 1);
  notify(1, 1, 1);
  const Job a = start(0, kDiscover, {1, 1});
  const Job b = start(1, kDiscover, {1, 1});
  scheduler_->sink_swapped(now_);
  expect_event(EventKind::kSinkChanged);
  finish(a, Outcome::kSinkFailed);
  finish(b, Outcome::kObjectFailed);
  expect_no_event();
  EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
  done(0, kDiscover, {1, 1});
  done(1, kDiscover, {1, 1});
}

TEST_F(SchedulerFailuresTest, ASwapEndsTheBreakerAndAllBackoff) {
  notify(0, 1, 1);
  notify(1, 1, 1);
  done(0, kDiscover, {1, 1});
  done(1, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kObjectFailed);
  finish(start(1, kArchive, {1, 1}), Outcome::kSinkFailed);
  events();
  scheduler_->sink_swapped(now_);
  const std::vector<Event> swapped = events();
  ASSERT_EQ(swapped.size(), 2U);
  EXPECT_EQ(swapped[0].kind, EventKind::kSinkUp);
  EXPECT_EQ(swapped[1].kind, EventKind::kSinkChanged);
  done(1, kDiscover, {1, 1});
  done(0, kDiscover, {1, 1});
}

// ---- Rule 8: acknowledgements -------------------------------------------------------------------

TEST_F(SchedulerFailuresTest, AFailedAcknowledgementIsRepeatedAfterADelay) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  archived(0, 1);
  acknowledged(0, 1, false);
  expect_no_ack();
  EXPECT_FALSE(scheduler_->idle());
  pass_to_wake();
  acknowledged(0, 1);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerFailuresTest, ANewerPositionReplacesAFailedOne) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  archived(0, 1);
  acknowledged(0, 1, false);
  archived(0, 2);
  expect_no_ack();
  pass_to_wake();
  acknowledged(0, 2);
  expect_no_ack();
}

TEST_F(SchedulerFailuresTest, AFailedAnswerIsRepeatedToo) {
  archive_all(0, 2);
  notify(0, 1, 2);
  acknowledged(0, 2, false);
  pass_to_wake();
  acknowledged(0, 2);
}

TEST_F(SchedulerFailuresTest, NeverTwoAcknowledgementsAtOnce) {
  notify(0, 1, 3);
  done(0, kDiscover, {1, 3});
  archived(0, 1);
  const Ack first = take_ack(0, 1);
  archived(0, 2);
  archived(0, 3);
  expect_no_ack();
  scheduler_->ack_finished(first, true, now_);
  acknowledged(0, 3);
}

// ---- Rule 9 and the numbers ---------------------------------------------------------------------

TEST_F(SchedulerFailuresTest, ACancelledJobChangesNothing) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  finish(start(0, kArchive, {1, 1}), Outcome::kCancelled);
  expect_no_event();
  expect_no_ack();
  EXPECT_EQ(scheduler_->partition(0).next, 1U);
}

TEST_F(SchedulerFailuresTest, CountsPartitionsByState) {
  archive_all(0, 1);
  notify(1, 1, 1);
  done(1, kDiscover, {1, 1});
  finish(start(1, kArchive, {1, 1}), Outcome::kEntryFailed);
  notify(2, 1, 4);
  notify(3, 1, 1);
  start(2, kDiscover, {1, 4});
  now_ += 70;
  const Snapshot s = scheduler_->snapshot(now_);
  EXPECT_EQ(s.partitions_dormant, 1U);
  EXPECT_EQ(s.partitions_backing_off, 1U);
  EXPECT_EQ(s.partitions_active, 2U);
  EXPECT_EQ(s.queue_depth, 1U);
  EXPECT_EQ(s.jobs_running, 1U);
  EXPECT_EQ(s.entries_waiting, 6U);
  EXPECT_EQ(s.oldest_waiting_ms, 70);
}

TEST_F(SchedulerFailuresTest, TheAgeOfTheOldestFollowsTheWork) {
  make_known(0);
  notify(0, 1, 1);
  pass(100);
  notify(0, 1, 2);
  pass(10);
  EXPECT_EQ(scheduler_->snapshot(now_).oldest_waiting_ms, 110);
  archived(0, 1);
  EXPECT_EQ(scheduler_->snapshot(now_).oldest_waiting_ms, 10);
  archived(0, 2);
  EXPECT_EQ(scheduler_->snapshot(now_).oldest_waiting_ms, 0);
}

// Nothing is left that could be archived at last.
TEST_F(SchedulerFailuresTest, ALookThatSucceedsAtLastIsARecovery) {
  notify(0, 5, 4);
  finish(start(0, JobKind::kDiscover, {5, 4}), Outcome::kObjectFailed);
  expect_event(EventKind::kFailing, {5, 4});
  pass_to_wake();
  done(0, JobKind::kDiscover, {5, 4});
  expect_event(EventKind::kRecovered, {4, 4});
  acknowledged(0, 4);
}

}  // namespace
}  // namespace tidemark::core
