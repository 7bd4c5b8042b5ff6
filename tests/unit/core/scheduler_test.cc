#include "core/scheduler.h"

#include "scheduler_fixture.h"

namespace tidemark::core {
namespace {

using enum JobKind;

class SchedulerTest : public SchedulerFixture {};

// ---- Rule 1: discovery --------------------------------------------------------------------------

TEST_F(SchedulerTest, LooksBeforeItUploads) {
  notify(0, 1, 2);
  const Job look = start(0, kDiscover, {1, 2});
  EXPECT_TRUE(look.check_older);
  expect_no_job();
  finish(look);
  archived(0, 1);
  archived(0, 2);
  acknowledged(0, 2);
  EXPECT_TRUE(scheduler_->idle());
  expect_no_event();
}

TEST_F(SchedulerTest, VerifiesWhatIsThereAndFillsHoles) {
  notify(0, 1, 6);
  found(start(0, kDiscover, {1, 6}), {{1, 1}, {3, 5}});
  done(0, kVerify, {1, 1});
  archived(0, 2);
  done(0, kVerify, {3, 5});
  acknowledged(0, 5);
  archived(0, 6);
  acknowledged(0, 6);
}

TEST_F(SchedulerTest, WhatIsArchivedAndGoneMayCountAsArchived) {
  notify(0, 1, 2);
  found(start(0, kDiscover, {1, 2}), {{1, 4}});
  notify(0, 1, 3);  // 3 was written since: that it is there proves nothing
  const Job job = start(0, kVerify, {1, 4});
  EXPECT_EQ(job.part, (Range{1, 3}));
  EXPECT_EQ(job.accept_missing_through, 2U);
  finish_through(job, 2);
  acknowledged(0, 2);
  const Job rest = start(0, kVerify, {1, 4});
  EXPECT_EQ(rest.part, (Range{3, 3}));
  finish(rest, Outcome::kMissing);
  expect_event(EventKind::kFailing, {1, 4});
}

TEST_F(SchedulerTest, WhatIsNeitherArchivedNorThereIsRetriedUntilLowPassesIt) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
  expect_event(EventKind::kFailing, {1, 1});
  pass_to_wake();
  finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
  expect_no_event();
  notify(0, 2, 2);
  done(0, kDiscover, {1, 2});
  expect_event(EventKind::kGap, {1, 1});
  done(0, kRecordGap, {1, 1});
  archived(0, 2);
  acknowledged(0, 2);
}

TEST_F(SchedulerTest, AHoleBeforeTheFirstLookIsAGap) {
  notify(0, 5, 5);
  found(start(0, kDiscover, {5, 5}), {}, Range{3, 4});
  expect_event(EventKind::kGap, {3, 4});
  expect_no_ack();
  done(0, kRecordGap, {3, 4});
  archived(0, 5);
  acknowledged(0, 5);
}

TEST_F(SchedulerTest, AnArchiveThatBeginsLaterIsNoGap) {
  notify(0, 11, 11);
  done(0, kDiscover, {11, 11});
  archived(0, 11);
  acknowledged(0, 11);
  expect_no_event();
}

TEST_F(SchedulerTest, ABatchThatReachesAboveHighIsComparedAgainAsHighGrows) {
  notify(0, 1, 2);
  found(start(0, kDiscover, {1, 2}), {{1, 4}});
  const Job first = start(0, kVerify, {1, 4});
  EXPECT_EQ(first.part, (Range{1, 2}));
  finish(first);
  acknowledged(0, 2);
  notify(0, 1, 4);
  const Job second = start(0, kVerify, {1, 4});
  EXPECT_EQ(second.part, (Range{3, 4}));
  finish(second);
  acknowledged(0, 4);
  notify(0, 1, 5);
  archived(0, 5);
}

TEST_F(SchedulerTest, ACutAnswerIsContinued) {
  notify(0, 1, 9);
  const Job look = start(0, kDiscover, {1, 9});
  JobResult cut;
  cut.archives = {{1, 1}, {2, 2}};
  cut.complete_through = 2;
  scheduler_->job_finished(look, cut, now_);
  done(0, kVerify, {1, 1});
  done(0, kVerify, {2, 2});
  const Job again = start(0, kDiscover, {3, 9});
  EXPECT_FALSE(again.check_older);
  finish(again);
  archived(0, 3);
}

TEST_F(SchedulerTest, AnAnswerThatKnowsNothingIsNotAskedForAgain) {
  notify(0, 5, 6);
  JobResult nothing;  // complete_through is none
  scheduler_->job_finished(start(0, kDiscover, {5, 6}), nothing, now_);
  archived(0, 5);
}

TEST_F(SchedulerTest, OtherContentIsAConflictAndNotAcknowledged) {
  notify(0, 1, 1);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});
  finish_conflict(start(0, kVerify, {1, 1}));
  expect_event(EventKind::kConflict, {1, 1});
  expect_no_ack();
  EXPECT_GE(scheduler_->wake_at(), now_ + kMaxMs / 2);
}

TEST_F(SchedulerTest, WhatIsKnownToDifferBecomesAGapOnceTheHostLosesIt) {
  notify(0, 1, 2);
  found(start(0, kDiscover, {1, 2}), {{1, 1}, {2, 2}});
  finish_conflict(start(0, kVerify, {1, 1}));
  events();
  notify(0, 2, 2);
  found(start(0, kDiscover, {1, 2}), {{1, 1}, {2, 2}});
  expect_event(EventKind::kGap, {1, 1});
  done(0, kRecordGap, {1, 1});
  done(0, kVerify, {2, 2});
  acknowledged(0, 2);
}

TEST_F(SchedulerTest, ARefusedVerificationLooksAgain) {
  notify(0, 1, 1);
  found(start(0, kDiscover, {1, 1}), {{1, 1}});
  finish(start(0, kVerify, {1, 1}), Outcome::kObjectFailed);
  pass(kMaxMs);
  done(0, kDiscover, {1, 1});
  archived(0, 1);
}

// ---- Rule 2: answers ----------------------------------------------------------------------------

TEST_F(SchedulerTest, ARepeatedNotificationIsAcknowledgedAgain) {
  archive_all(0, 3);
  notify(0, 1, 3);
  expect_no_job();
  acknowledged(0, 3);
  expect_no_ack();
}

TEST_F(SchedulerTest, ALateNotificationIsAnsweredWithThePosition) {
  archive_all(0, 3);
  notify(0, 1, 1);
  acknowledged(0, 3);
}

TEST_F(SchedulerTest, TheEmptyRangeIsAnsweredAfterDiscovery) {
  notify(0, 8, 7);
  expect_no_ack();
  done(0, kDiscover, {8, 7});
  acknowledged(0, 7);
}

TEST_F(SchedulerTest, AMergedQuestionIsAnsweredAtOnce) {
  archive_all(0, 3);
  scheduler_->notified(0, {1, 4, 1, 3}, now_);
  acknowledged(0, 3);
  archived(0, 4);
  acknowledged(0, 4);
}

TEST_F(SchedulerTest, AnAnswerWaitsForTheGapBeforeIt) {
  archive_all(0, 3);
  notify(0, 7, 6);
  done(0, kDiscover, {4, 6});
  expect_event(EventKind::kGap, {4, 6});
  expect_no_ack();
  done(0, kRecordGap, {4, 6});
  acknowledged(0, 6);
}

// ---- Rule 3: gaps -------------------------------------------------------------------------------

TEST_F(SchedulerTest, ALowBeyondNextIsAGap) {
  archive_all(0, 3);
  notify(0, 11, 13);
  expect_no_event();
  done(0, kDiscover, {4, 13});
  expect_event(EventKind::kGap, {4, 10});
  done(0, kRecordGap, {4, 10});
  for (const Lsn lsn : {11, 12, 13}) archived(0, lsn);
  acknowledged(0, 13);
}

TEST_F(SchedulerTest, AJobInFlightWhenTheGapIsFoundStillCounts) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  const Job first = start(0, kArchive, {1, 1});
  notify(0, 5, 6);
  expect_no_event();
  finish(first);
  done(0, kDiscover, {2, 6});
  expect_event(EventKind::kGap, {2, 4});
  expect_no_ack();  // 1 ends before low
  done(0, kRecordGap, {2, 4});
  archived(0, 5);
  archived(0, 6);
  acknowledged(0, 6);
}

TEST_F(SchedulerTest, AFailedJobWhoseEntryIsGoneIsAGapAndNoFailure) {
  notify(0, 1, 1);
  done(0, kDiscover, {1, 1});
  const Job first = start(0, kArchive, {1, 1});
  notify(0, 5, 6);
  finish(first, Outcome::kMissing);
  expect_no_event();
  done(0, kDiscover, {1, 6});
  expect_event(EventKind::kGap, {1, 4});
  done(0, kRecordGap, {1, 4});
  archived(0, 5);
}

TEST_F(SchedulerTest, AnAcknowledgementNeverCoversAnUnrecordedGap) {
  archive_all(0, 3);
  notify(0, 6, 6);
  done(0, kDiscover, {4, 6});
  expect_event(EventKind::kGap, {4, 5});
  const Job record = start(0, kRecordGap, {4, 5});
  finish(record, Outcome::kObjectFailed);
  expect_no_ack();
  pass(kMaxMs);
  done(0, kRecordGap, {4, 5});
  acknowledged(0, 5);
}

TEST_F(SchedulerTest, ArchivesInAGapSplitIt) {
  notify(0, 1, 9);
  found(start(0, kDiscover, {1, 9}), {{3, 3}, {4, 5}});
  notify(0, 8, 9);
  found(start(0, kDiscover, {1, 9}), {{3, 3}, {4, 5}});
  expect_event(EventKind::kGap, {1, 2});
  done(0, kRecordGap, {1, 2});
  expect_event(EventKind::kGap, {6, 7});
  expect_no_ack();
  done(0, kRecordGap, {6, 7});
  read_passed({3, 5}, {{3, 3}, {4, 5}});
  archived(0, 8);
}

TEST_F(SchedulerTest, ABatchIsPassedOnlyUpToLow) {
  notify(0, 1, 6);
  found(start(0, kDiscover, {1, 6}), {{1, 6}});
  notify(0, 3, 6);
  found(start(0, kDiscover, {1, 6}), {{1, 6}});  // low grew since
  found(start_late(kDiscover, {1, 2}), {{1, 6}});
  const Job passed = start_late(kVerify, {1, 6});
  EXPECT_EQ(passed.part, (Range{1, 2}));
  finish_through(passed, 2);
  acknowledged(0, 2);
  done(0, kVerify, {1, 6});  // 3 to 6 are still there to be compared
  acknowledged(0, 6);
}

TEST_F(SchedulerTest, WhatIsLostBeforeTheFirstLookIsAGapToo) {
  partitions_.ensure(0);
  scheduler_->notified(0, {11, 13, 1, 3}, now_);  // [1,3] and [11,13], merged
  found(start(0, kDiscover, {1, 13}), {{1, 1}, {2, 2}});
  expect_event(EventKind::kGap, {3, 10});
}

TEST_F(SchedulerTest, AnOlderNotificationDuringTheFirstLookWidensIt) {
  notify(0, 11, 13);
  const Job narrow = start(0, kDiscover, {11, 13});
  notify(0, 1, 3);
  finish(narrow);
  expect_no_ack();
  done(0, kDiscover, {1, 13});
  expect_event(EventKind::kGap, {1, 10});
}

// ---- Rule 4: merging ----------------------------------------------------------------------------

TEST_F(SchedulerTest, GrowingNotificationsAreOneWork) {
  notify(0, 1, 5);
  notify(0, 1, 6);
  notify(0, 1, 7);
  done(0, kDiscover, {1, 7});
  for (Lsn lsn = 1; lsn <= 7; ++lsn) archived(0, lsn);
  acknowledged(0, 7);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerTest, ReorderedNotificationsNeverShrinkTheWork) {
  notify(0, 3, 5);
  done(0, kDiscover, {3, 5});
  notify(0, 3, 4);
  archived(0, 3);
  archived(0, 4);
  archived(0, 5);
}

TEST_F(SchedulerTest, PruningBehindIsNoGap) {
  notify(0, 1, 5);
  done(0, kDiscover, {1, 5});
  archived(0, 1);
  archived(0, 2);
  acknowledged(0, 2);
  notify(0, 2, 5);
  notify(0, 3, 5);
  expect_no_event();
  archived(0, 3);
}

// ---- Rules 5 and 6: one job each, in turn --------------------------------------------------------

TEST_F(SchedulerTest, OneJobAPartition) {
  notify(0, 1, 9);
  done(0, kDiscover, {1, 9});
  start(0, kArchive, {1, 1});
  expect_no_job();
}

TEST_F(SchedulerTest, NeverMoreJobsThanWorkers) {
  for (PartitionRef ref = 0; ref < 6; ++ref) notify(ref, 1, 1);
  for (PartitionRef ref = 0; ref < 4; ++ref) start(ref, kDiscover, {1, 1});
  expect_no_job();
  EXPECT_FALSE(scheduler_->has_command(now_));
}

TEST_F(SchedulerTest, PartitionsTakeTurns) {
  for (PartitionRef ref = 0; ref < 3; ++ref) notify(ref, 1, 2);
  for (PartitionRef ref = 0; ref < 3; ++ref) done(ref, kDiscover, {1, 2});
  for (const Lsn lsn : {1, 2}) {
    for (PartitionRef ref = 0; ref < 3; ++ref) archived(ref, lsn);
  }
}

TEST_F(SchedulerTest, IdlePartitionsAreForgottenAndKnownAgain) {
  archive_all(0, 3);
  EXPECT_EQ(scheduler_->wake_at(), now_ + kIdleMs);
  pass(kIdleMs - 1);
  EXPECT_TRUE(scheduler_->forgotten().empty());
  pass(1);
  EXPECT_EQ(scheduler_->forgotten(), Scheduler::Forgotten{0});
  EXPECT_EQ(place(0), Place::kUnknown);
  EXPECT_EQ(scheduler_->wake_at(), kNever);
  notify(0, 7, 7);  // another partition by now
  EXPECT_TRUE(start(0, kDiscover, {7, 7}).check_older);
}

TEST_F(SchedulerTest, APartitionIsNotForgottenBeforeItsAcknowledgementIsTaken) {
  notify(0, 1, 0);
  done(0, kDiscover, {1, 0});
  const Ack ack = take_ack(0, 0);
  pass(kIdleMs);
  EXPECT_TRUE(scheduler_->forgotten().empty());
  EXPECT_GT(scheduler_->wake_at(), now_);
  scheduler_->ack_finished(ack, true, now_);
  pass(kIdleMs);
  EXPECT_EQ(scheduler_->forgotten().size(), 1U);
}

TEST_F(SchedulerTest, ANotificationKeepsAPartitionKnown) {
  archive_all(0, 1);
  pass(kIdleMs - 1);
  notify(0, 1, 2);
  archived(0, 2);
  acknowledged(0, 2);
  pass(1);
  EXPECT_TRUE(scheduler_->forgotten().empty());
}

TEST_F(SchedulerTest, ADormantPartitionIsSmall) { EXPECT_LE(sizeof(PartitionState), 200U); }

}  // namespace
}  // namespace tidemark::core
