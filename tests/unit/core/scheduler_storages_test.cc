// Claims and watches: when a storage may be written, and when no more. See scheduler.h, rule 10.
#include <gtest/gtest.h>

#include "core/lineage_fixture.h"

namespace tidemark::core {
namespace {

class SchedulerStoragesTest : public LineageFixture {};

// ---- Claims -------------------------------------------------------------------------------------

TEST_F(SchedulerStoragesTest, AClaimComesBeforeAnythingElse) {
  notify_of(0, 0, 1, 1);
  notify_of(0, 1, 1, 0);
  const Job job = start_claim();
  notify_of(0, 2, 4, 4);
  expect_no_job();
  EXPECT_EQ(place(0), Place::kWaiting);
  EXPECT_EQ(place(2), Place::kWaiting);
  claimed(job, 7);
  for (const PartitionRef ref : {0, 1, 2}) {
    const Job look = start();
    EXPECT_EQ(look.partition, ref);
    EXPECT_EQ(look.kind, JobKind::kDiscover);
    EXPECT_EQ(look.epoch, 7U);
    EXPECT_EQ(look.storage, 0U);
    finish(look);
  }
  const Job put = start(0, JobKind::kArchive, {1, 1});
  EXPECT_EQ(put.epoch, 7U);
  finish(put);
  acknowledged(1, 0);
  acknowledged(0, 1);
  expect_no_event();
}

TEST_F(SchedulerStoragesTest, EachStorageIsClaimedOnce) {
  notify_of(0, 0, 1, 1);
  notify_of(3, 1, 1, 1);
  const Job first = start_claim(0);
  const Job second = start_claim(3);
  claimed(second, 9);
  const Job look = start(1, JobKind::kDiscover, {1, 1});
  EXPECT_EQ(look.epoch, 9U);
  EXPECT_EQ(look.storage, 3U);
  claimed(first, 2);
  EXPECT_EQ(start(0, JobKind::kDiscover, {1, 1}).epoch, 2U);
  notify_of(3, 2, 1, 1);
  EXPECT_EQ(start(2, JobKind::kDiscover, {1, 1}).epoch, 9U);
  expect_no_job();
}

TEST_F(SchedulerStoragesTest, WhoIsRefusedWaitsAndOthersDoNot) {
  notify_of(0, 0, 1, 2);
  notify_of(1, 1, 1, 1);
  refused(start_claim(0));
  expect_event(EventKind::kFailing, {1, 2});
  claim(1);
  done(1, JobKind::kDiscover, {1, 1});
  done(1, JobKind::kArchive, {1, 1});
  acknowledged(1, 1);
  notify_of(0, 2, 1, 1);
  expect_no_job();
  EXPECT_EQ(place(0), Place::kWaiting);
  EXPECT_EQ(place(2), Place::kWaiting);
  EXPECT_TRUE(scheduler_->idle()) << "a stop does not wait for a person";
  EXPECT_EQ(scheduler_->snapshot(now_).entries_waiting, 3U);

  // Asked again after the longest delay, and said once.
  for (int i = 0; i < 5; ++i) {
    pass(kMaxMs / 2 - 1);
    expect_no_job();
    pass(kMaxMs / 2 + 1);
    refused(start_claim(0));
    expect_no_event();
  }
  pass(kMaxMs);
  claim(0);
  expect_event(EventKind::kRecovered, {1, 1});
  start(0, JobKind::kDiscover, {1, 2});
  start(2, JobKind::kDiscover, {1, 1});
}

// The lineage file, or the machine.
TEST_F(SchedulerStoragesTest, AFailureOfItsOwnIsRetriedSoonAndSaidOnce) {
  notify_of(0, 0, 3, 4);
  finish(start_claim(), Outcome::kEntryFailed);
  expect_event(EventKind::kFailing, {3, 4});
  EXPECT_FALSE(scheduler_->idle());
  expect_no_job();
  EXPECT_LE(scheduler_->wake_at(), now_ + kMinMs);
  for (int i = 0; i < 3; ++i) {
    pass_to_wake();
    finish(start_claim(), Outcome::kEntryFailed);
    expect_no_event();
    EXPECT_LE(scheduler_->wake_at(), now_ + kMaxMs);
  }
  pass_to_wake();
  claim();
  expect_event(EventKind::kRecovered, {3, 3});
  start(0, JobKind::kDiscover, {3, 4});
}

TEST_F(SchedulerStoragesTest, ASinkThatIsDownIsSaidByTheBreaker) {
  notify_of(0, 0, 1, 1);
  notify_of(1, 1, 1, 1);
  finish(start_claim(0), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  expect_no_job();
  EXPECT_FALSE(scheduler_->idle());
  // One at a time asks, and not always the same.
  for (int i = 0; i < 20 && scheduler_->breaker() != Throttle::State::kProbing; ++i) pass_to_wake();
  const Job probe = start_claim(1);
  expect_no_job();
  claimed(probe);
  expect_event(EventKind::kSinkUp);
  pass(kMaxMs);
  claim(0);
  for (int i = 0; i < 2; ++i) finish(start());
  expect_no_event();
}

// The sink works for others: its trouble is with this storage.
TEST_F(SchedulerStoragesTest, AClaimThatFailsAgainAfterTheSinkWorkedIsTheStoragesFailure) {
  notify_of(0, 0, 1, 1);
  notify_of(1, 1, 1, 1);
  finish(start_claim(0), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  for (int i = 0; i < 20 && scheduler_->breaker() != Throttle::State::kProbing; ++i) pass_to_wake();
  claim(1);
  expect_event(EventKind::kSinkUp);
  pass(kMaxMs);
  finish(start_claim(0), Outcome::kSinkFailed);
  expect_event(EventKind::kFailing, {1, 1});
  pass(kMaxMs);
  claim(0);
  expect_event(EventKind::kRecovered, {1, 1});
}

TEST_F(SchedulerStoragesTest, AThrottledClaimIsTriedAgain) {
  notify_of(0, 0, 1, 1);
  finish(start_claim(), Outcome::kSinkThrottled);
  expect_no_event();
  EXPECT_FALSE(scheduler_->idle());
  for (int i = 0; i < 20; ++i) {
    pass_to_wake();
    if (const auto job = scheduler_->next_job(now_)) {
      EXPECT_EQ(job->kind, JobKind::kClaim);
      claimed(*job);
      break;
    }
  }
  start(0, JobKind::kDiscover, {1, 1});
}

// ---- Superseded ---------------------------------------------------------------------------------

TEST_F(SchedulerStoragesTest, WhoIsSupersededAtItsClaimDoesNothing) {
  notify_of(0, 0, 1, 2);
  notify_of(1, 1, 1, 1);
  refused(start_claim(0), true);
  const std::vector<Event> taken = raised();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].kind, EventKind::kSuperseded);
  EXPECT_EQ(taken[0].storage, 0U);
  claim(1);
  done(1, JobKind::kDiscover, {1, 1});
  done(1, JobKind::kArchive, {1, 1});
  acknowledged(1, 1);
  notify_of(0, 0, 1, 3);
  notify_of(0, 2, 1, 1);
  for (int i = 0; i < 3; ++i) {
    pass(kIdleMs);
    while (const auto job = scheduler_->next_job(now_)) {
      EXPECT_EQ(job->kind, JobKind::kWatch);
      EXPECT_EQ(job->storage, 1U);
      watched(*job, false);
    }
  }
  expect_no_ack();
  expect_no_event();
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerStoragesTest, WhoIsSupersededWhileItRunsIsNotAcknowledgedAnyMore) {
  configure(2, 1);
  notify_of(0, 0, 1, 4);  // has a job in flight
  notify_of(0, 1, 1, 1);  // has an acknowledgement that is queued
  notify_of(0, 2, 1, 1);  // has one that the host is at
  notify_of(0, 3, 1, 1);  // backs off
  notify_of(0, 4, 1, 1);  // has one that is to be repeated
  notify_of(1, 5, 1, 1);  // is of another storage
  claim(0);
  claim(1);
  for (PartitionRef ref = 0; ref < 6; ++ref) looked(start(), {});
  const Job first = start(0, JobKind::kArchive, {1, 1});
  for (const PartitionRef ref : {1, 2}) done(ref, JobKind::kArchive, {1, 1});
  finish(start(3, JobKind::kArchive, {1, 1}), Outcome::kEntryFailed);
  done(4, JobKind::kArchive, {1, 1});
  done(5, JobKind::kArchive, {1, 1});
  raised();
  const Ack one = take_ack(1, 1);
  const Ack two = take_ack(2, 1);
  const Ack four = take_ack(4, 1);
  scheduler_->ack_finished(one, true, now_);
  scheduler_->ack_finished(four, false, now_);
  acknowledged(5, 1);
  notify_of(0, 1, 1, 2);
  done(1, JobKind::kArchive, {2, 2});  // to be acknowledged, and is not yet

  pass(kWatchMs);
  EXPECT_TRUE(scheduler_->has_command(now_));
  std::optional<Job> watch;
  std::vector<Job> others;
  while (const auto job = scheduler_->next_job(now_)) {
    if (job->kind == JobKind::kWatch && job->storage == 0) {
      watch = job;
    } else {
      others.push_back(*job);
    }
  }
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->epoch, kEpoch);
  watched(*watch, true);
  ASSERT_EQ(raised().size(), 1U);
  expect_no_ack();
  finish(first);
  for (const Job& job : others) finish(job);
  scheduler_->ack_finished(two, true, now_);
  expect_no_ack();
  for (int i = 0; i < 3; ++i) {
    pass(kMaxMs);
    expect_no_job();
    expect_no_ack();
  }
  for (PartitionRef ref = 0; ref < 5; ++ref) EXPECT_NE(place(ref), Place::kReady) << ref;
  raised();
  EXPECT_TRUE(scheduler_->idle()) << "a drain ends";
  notify_of(0, 0, 1, 9);
  notify_of(0, 6, 1, 9);
  expect_no_job();
  // The other storage is not concerned.
  notify_of(1, 5, 1, 2);
  done(5, JobKind::kArchive, {2, 2});
  acknowledged(5, 2);
}

TEST_F(SchedulerStoragesTest, AQuestionOfWhoIsSupersededIsNotAnswered) {
  make_known(1, {});
  put({1, 1});
  acknowledged(0, 1);
  supersede();
  notify_of(0, 0, 2, 1);  // how far is it?
  expect_no_job();
  expect_no_ack();
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerStoragesTest, WhoIsToldToContinueDoes) {
  configure(1, 1, false);
  make_known(1, {});
  put({1, 1});
  supersede();
  acknowledged(0, 1);
  notify_of(0, 0, 1, 2);
  put({2, 2});
  acknowledged(0, 2);
  notify_of(0, 1, 1, 1);
  done(1, JobKind::kDiscover, {1, 1});
  done(1, JobKind::kArchive, {1, 1});
  acknowledged(1, 1);
  // It is known, and not reported again.
  pass(kWatchMs);
  watched(start_of(0, JobKind::kWatch), true);
  expect_no_event();
}

// Nobody could read what it writes.
TEST_F(SchedulerStoragesTest, WhoseEpochIsGoneStops) {
  make_known(1, {});
  notify_of(0, 0, 1, 2);
  const Job job = start(0, JobKind::kArchive, {1, 1});
  pass(kWatchMs);
  gone(start_of(0, JobKind::kWatch));
  expect_event(EventKind::kSuperseded);
  finish(job, Outcome::kDone);
  pass(10 * kWatchMs);
  expect_no_job();
  expect_no_ack();
}

TEST_F(SchedulerStoragesTest, WhoseEpochIsGoneStopsEvenIfToldToContinue) {
  configure(1, 1, false);
  make_known(1, {});
  supersede();
  pass(kWatchMs);
  gone(start_of(0, JobKind::kWatch));
  expect_event(EventKind::kSuperseded);
  notify_of(0, 0, 1, 2);
  pass(10 * kWatchMs);
  expect_no_job();
  expect_no_ack();
}

// What it would write then nobody told it to.
// The record of an earlier epoch of this run's number was lost, and somebody has written under it.
class SchedulerStoragesNumberTest : public LineageFixture, public testing::WithParamInterface<bool> {};

TEST_P(SchedulerStoragesNumberTest, AnothersArchivesUnderItStopTheRun) {
  configure(1, 1, GetParam());
  notify_of(0, 0, 1, 2);
  notify_of(0, 1, 1, 2);
  notify_of(1, 2, 1, 1);
  claim(0);
  claim(1);
  const Job look = start(0, JobKind::kDiscover, {1, 2});
  EXPECT_TRUE(look.untouched);
  const Job other = start(1, JobKind::kDiscover, {1, 2});
  pass(kWatchMs);
  const Job third = start();  // a watch is on its way, and one is queued
  const Job fourth = start();
  refused(look, true);
  expect_event(EventKind::kSuperseded);
  looked(other, {});
  for (const Job& job : {third, fourth}) {
    if (job.kind == JobKind::kDiscover) {
      looked(job, {});
    } else {
      watched(job, false);
    }
  }
  for (int i = 0; i < 3; ++i) {
    pass(kWatchMs);
    while (const auto job = scheduler_->next_job(now_)) {
      EXPECT_EQ(job->storage, 1U) << "nothing of the storage, no claim and no watch";
      job->kind == JobKind::kDiscover ? looked(*job, {}) : finish(*job);
    }
  }
  expect_no_event();
  while (const auto ack = scheduler_->next_ack()) {
    EXPECT_EQ(ack->partition, 2U);
    scheduler_->ack_finished(*ack, true, now_);
  }
  // Whoever asks a new sink is asked again.
  scheduler_->sink_swapped(now_);
  raised();
  const Job claims = start();
  EXPECT_EQ(claims.kind, JobKind::kClaim);
}
INSTANTIATE_TEST_SUITE_P(WhateverItIsToldToDo, SchedulerStoragesNumberTest, testing::Bool());

// Only before this run has put something is it certain that what is there is not its own.
TEST_F(SchedulerStoragesTest, ALookKnowsWhetherThisRunHasPutSomething) {
  notify_of(0, 0, 1, 2);
  claim();
  Job look = start(0, JobKind::kDiscover, {1, 2});
  EXPECT_TRUE(look.untouched);
  looked(look, {});
  finish_conflict(start_put({1, 1}));  // it may be there, and is looked for
  for (const Event& event : raised()) deliver(event);
  pass(kMaxMs);
  look = start();
  if (look.kind == JobKind::kWatch) {
    watched(look, false);
    look = start();
  }
  ASSERT_EQ(look.kind, JobKind::kDiscover);
  EXPECT_FALSE(look.untouched);
  looked(look, {}, true);

  // At another sink it has another number.
  scheduler_->sink_swapped(now_);
  raised();
  claim(0, 9);
  look = start(0, JobKind::kDiscover, {1, 2});
  EXPECT_TRUE(look.untouched);
  looked(look, {});
  for (const Lsn lsn : {1, 2}) done(0, JobKind::kArchive, {lsn, lsn});
  acknowledged(0, 2);
  raised();
  // Of one that was forgotten meanwhile, nor of any other of its storage, nobody can say.
  pass(kIdleMs);
  ASSERT_EQ(place(0), Place::kUnknown);
  if (const auto watch = scheduler_->next_job(now_)) watched(*watch, false);
  for (const PartitionRef ref : {0, 1}) {
    notify_of(0, ref, 1, 3);
    look = start(ref, JobKind::kDiscover, {1, 3});
    EXPECT_FALSE(look.untouched) << ref;
  }
}

// An archive from before histories were told apart is of the first epoch, and continued under it.
TEST_F(SchedulerStoragesTest, WhatIsThereOfTheFirstEpochMayBeAnybodys) {
  notify_of(0, 0, 1, 2);
  claim(0, kFirstEpoch);
  EXPECT_FALSE(start(0, JobKind::kDiscover, {1, 2}).untouched);
}

TEST_F(SchedulerStoragesTest, ToContinueIsNotToClaim) {
  configure(1, 1, false);
  notify_of(0, 0, 1, 1);
  refused(start_claim(), true);
  ASSERT_EQ(raised().size(), 1U);
  pass(kIdleMs);
  expect_no_job();
  EXPECT_TRUE(scheduler_->idle());
}

// ---- Watches ------------------------------------------------------------------------------------

TEST_F(SchedulerStoragesTest, AWatchIsMadeNowAndThen) {
  make_known(0, {});
  acknowledged(0, 0);
  EXPECT_TRUE(scheduler_->idle()) << "a drain does not wait for watches";
  for (int i = 0; i < 3; ++i) {
    pass(kWatchMs - 1);
    expect_no_job();
    EXPECT_EQ(scheduler_->wake_at(), now_ + 1);
    pass(1);
    const Job job = start_of(0, JobKind::kWatch);
    EXPECT_EQ(job.epoch, kEpoch);
    expect_no_job();
    watched(job, false);
    expect_no_event();
  }
  // Whatever comes out of one, there is another.
  for (const Outcome outcome :
       {Outcome::kObjectFailed, Outcome::kEntryFailed, Outcome::kSinkThrottled, Outcome::kSinkFailed}) {
    pass(kWatchMs);
    finish(start_of(0, JobKind::kWatch), outcome);
    expect_no_event();
  }
  pass(kWatchMs);
  watched(start_of(0, JobKind::kWatch), true);
  EXPECT_EQ(raised().size(), 1U) << "it is superseded";
}

// Where listing fails and writing works, the next entry of an idle engine would wait for the breaker.
TEST_F(SchedulerStoragesTest, AWatchThatFailsStopsNobody) {
  make_known(0, {});
  const uint32_t limit = scheduler_->snapshot(now_).concurrency_limit;
  for (int i = 0; i < 10; ++i) {
    pass(kWatchMs);
    finish(start_of(0, JobKind::kWatch), i % 2 == 0 ? Outcome::kSinkFailed : Outcome::kSinkThrottled);
    EXPECT_EQ(scheduler_->breaker(), Throttle::State::kClosed);
    EXPECT_EQ(scheduler_->snapshot(now_).concurrency_limit, limit);
  }
  notify_of(0, 0, 1, 1);
  put({1, 1});
  expect_no_event();
}

TEST_F(SchedulerStoragesTest, WorkGoesOnWhileItWatches) {
  make_known(0, {});
  pass(kWatchMs);
  const Job watch = start_of(0, JobKind::kWatch);
  notify_of(0, 0, 1, 1);
  put({1, 1});
  watched(watch, false);
  notify_of(0, 0, 1, 2);
  put({2, 2});
}

// Where only reading fails, a watch that is due each time would take every probe, and nothing would be put.
TEST_F(SchedulerStoragesTest, AWatchDoesNotTakeTheProbeOfWhatCanBePut) {
  make_known(0, {});
  notify_of(0, 0, 1, 1);
  finish(start(0, JobKind::kArchive, {1, 1}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  pass(kWatchMs);
  put({1, 1});
  expect_event(EventKind::kSinkUp);
}

// ---- Another sink -------------------------------------------------------------------------------

TEST_F(SchedulerStoragesTest, AtANewSinkAStorageIsClaimedAgain) {
  make_known(1, {});
  put({1, 1});
  acknowledged(0, 1);
  scheduler_->sink_swapped(now_);
  expect_event(EventKind::kSinkChanged);
  expect_no_job();  // nobody asks for it
  notify_of(0, 0, 1, 2);
  claim(0, 9);
  EXPECT_EQ(start(0, JobKind::kDiscover, {2, 2}).epoch, 9U);
}

// Wherever its partitions are.
TEST_F(SchedulerStoragesTest, NothingOfAStorageStartsAtANewSinkBeforeItIsClaimed) {
  configure(2, 1);
  notify_of(0, 0, 1, 2);
  claim();
  looked(start(0, JobKind::kDiscover, {1, 2}), {});
  const Job first = start(0, JobKind::kArchive, {1, 1});
  notify_of(0, 1, 1, 2);
  notify_of(0, 2, 1, 2);
  finish(start(1, JobKind::kDiscover, {1, 2}), Outcome::kEntryFailed);
  const Job look = start(2, JobKind::kDiscover, {1, 2});
  EXPECT_EQ(place(0), Place::kRunning);
  EXPECT_EQ(place(1), Place::kBackingOff);
  raised();
  notify_of(0, 3, 1, 1);
  EXPECT_EQ(place(3), Place::kReady);
  scheduler_->sink_swapped(now_);
  const Job again = start_claim();
  expect_no_job();
  finish(first);
  finish(look);
  expect_no_job();
  for (PartitionRef ref = 0; ref < 4; ++ref) EXPECT_EQ(place(ref), Place::kWaiting) << ref;
  claimed(again, 9);
  for (int i = 0; i < 4; ++i) {
    const Job next = start();
    EXPECT_EQ(next.kind, JobKind::kDiscover);
    EXPECT_EQ(next.epoch, 9U);
  }
}

TEST_F(SchedulerStoragesTest, OnlyPartitionsThatBackOffAreLeftForANewSink) {
  notify_of(0, 0, 1, 1);
  claim();
  finish(start(0, JobKind::kDiscover, {1, 1}), Outcome::kEntryFailed);
  raised();
  scheduler_->sink_swapped(now_);
  claim(0, 9);
  EXPECT_EQ(start(0, JobKind::kDiscover, {1, 1}).epoch, 9U);
}

TEST_F(SchedulerStoragesTest, AClaimOnItsWayIsOfTheOldSink) {
  notify_of(0, 0, 1, 1);
  for (const Outcome outcome : {Outcome::kDone, Outcome::kObjectFailed, Outcome::kSinkFailed}) {
    const Job old = start_claim();
    scheduler_->sink_swapped(now_);
    expect_event(EventKind::kSinkChanged);
    expect_no_job();  // one claim of a storage at a time
    JobResult result;
    result.outcome = outcome;
    result.epoch = 3;
    result.superseded = outcome == Outcome::kObjectFailed;
    scheduler_->job_finished(old, result, now_);
    expect_no_event();
    EXPECT_FALSE(scheduler_->idle());
  }
  claim(0, 9);
  EXPECT_EQ(start(0, JobKind::kDiscover, {1, 1}).epoch, 9U);
}

TEST_F(SchedulerStoragesTest, AClaimThatIsQueuedIsOfTheNewSink) {
  notify_of(0, 0, 1, 1);
  scheduler_->sink_swapped(now_);
  scheduler_->sink_swapped(now_);
  const Job job = start_claim();
  EXPECT_EQ(job.sink_number, scheduler_->sink_number());
  claimed(job);
  start(0, JobKind::kDiscover, {1, 1});
  expect_no_job();
}

TEST_F(SchedulerStoragesTest, AWatchOnItsWayOrQueuedIsOfTheOldSink) {
  make_known(0, {});
  acknowledged(0, 0);
  pass(kWatchMs);
  const Job watch = start_of(0, JobKind::kWatch);
  scheduler_->sink_swapped(now_);
  raised();
  notify_of(0, 0, 1, 1);
  expect_no_job();
  watched(watch, true);
  expect_no_event();
  claim(0, 9);
  done(0, JobKind::kDiscover, {1, 1});
  done(0, JobKind::kArchive, {1, 1});
  acknowledged(0, 1);
  pass(kWatchMs);
  scheduler_->sink_swapped(now_);  // while it is queued
  raised();
  claim(0, 11);
  pass(kWatchMs);
  EXPECT_EQ(start_of(0, JobKind::kWatch).epoch, 11U);
}

TEST_F(SchedulerStoragesTest, ANewSinkIsAskedWhateverTheOldOneSaid) {
  notify_of(0, 0, 1, 1);
  notify_of(1, 1, 1, 1);
  refused(start_claim(0));
  refused(start_claim(1), true);
  expect_no_job();
  ASSERT_EQ(raised().size(), 2U);
  scheduler_->sink_swapped(now_);
  expect_event(EventKind::kSinkChanged);
  claim(0);
  expect_event(EventKind::kRecovered, {1, 1});
  claim(1);
  expect_no_event();
  start(0, JobKind::kDiscover, {1, 1});
  start(1, JobKind::kDiscover, {1, 1});
}

}  // namespace
}  // namespace tidemark::core
