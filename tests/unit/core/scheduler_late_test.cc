// Rule 3 of the scheduler where a host turns out to have had the entries after all.
#include "scheduler_fixture.h"

namespace tidemark::core {
namespace {

using enum JobKind;

class SchedulerLateTest : public SchedulerFixture {
 protected:
  // 5..7 are archived, and nothing was ever known of what lies before.
  void begin_at_5() {
    notify(0, 5, 7);
    done(0, kDiscover, {5, 7});
    for (Lsn lsn = 5; lsn <= 7; ++lsn) archived(0, lsn);
    acknowledged(0, 7);
  }
};

TEST_F(SchedulerLateTest, AnEntryThatTurnsUpLateIsArchived) {
  pass_gap(0, 6, 7);
  notify(0, 5, 7);
  expect_no_ack();
  finish(start_late(kDiscover, {5, 5}));
  expect_no_ack();
  finish(start_late(kArchive, {5, 5}));
  acknowledged(0, 7);
  EXPECT_TRUE(scheduler_->idle());
  // Once is enough.
  notify(0, 5, 7);
  acknowledged(0, 7);
  expect_no_event();
}

TEST_F(SchedulerLateTest, ALateEntryThatIsMissingAgainIsOldNews) {
  pass_gap(0, 6, 7);
  notify(0, 4, 7);
  finish(start_late(kDiscover, {4, 5}));
  finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
  finish(start_late(kArchive, {5, 5}), Outcome::kMissing);
  expect_no_event();
  acknowledged(0, 7);
  EXPECT_TRUE(scheduler_->idle());
  // It may be there the next time.
  notify(0, 4, 7);
  finish(start_late(kDiscover, {4, 5}));
  finish(start_late(kArchive, {4, 4}));
  finish(start_late(kArchive, {5, 5}));
  acknowledged(0, 7);
}

TEST_F(SchedulerLateTest, AClaimOfManyThatAreNotThereIsGivenUp) {
  pass_gap(0, 1'000'000, 1'000'000);
  notify(0, 10, 1'000'000);
  finish(start_late(kDiscover, {10, 999'999}));
  for (Lsn lsn = 10; lsn < 10 + Gaps::kMostMisses; ++lsn)
    finish(start_late(kArchive, {lsn, lsn}), Outcome::kMissing);
  acknowledged(0, 1'000'000);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerLateTest, WhatIsArchivedCountsAlsoIfItIsGoneAgain) {
  pass_gap(0, 8, 8);
  notify(0, 4, 8);
  found(start_late(kDiscover, {4, 7}), {{5, 6}});
  finish(start_late(kArchive, {4, 4}));
  const Job verify = start_late(kVerify, {5, 6});
  EXPECT_EQ(verify.part, (Range{5, 6}));
  EXPECT_EQ(verify.accept_missing_through, 6U);
  finish(verify);
  finish(start_late(kArchive, {7, 7}));
  acknowledged(0, 8);
}

TEST_F(SchedulerLateTest, AFailingLateEntryIsRetriedAndTold) {
  pass_gap(0, 6, 6);
  notify(0, 5, 6);
  finish(start_late(kDiscover, {5, 5}));
  finish(start_late(kArchive, {5, 5}), Outcome::kEntryFailed);
  expect_event(EventKind::kFailing, {5, 5});
  expect_no_ack();
  expect_no_job();
  pass_to_wake();
  finish(start_late(kArchive, {5, 5}));
  expect_event(EventKind::kRecovered, {5, 5});
  acknowledged(0, 6);
}

TEST_F(SchedulerLateTest, ALateEntryThatDiffersHoldsUpNothing) {
  pass_gap(0, 7, 7);
  notify(0, 5, 7);
  found(start_late(kDiscover, {5, 6}), {{5, 5}});
  finish_conflict(start_late(kVerify, {5, 5}));
  expect_event(EventKind::kConflict, {5, 5});
  finish(start_late(kArchive, {6, 6}));
  acknowledged(0, 7);
}

// The archive appeared between the look and the put.
TEST_F(SchedulerLateTest, ToPassALateEntryThatDiffersIsNoRecovery) {
  pass_gap(0, 6, 6);
  notify(0, 5, 6);
  finish(start_late(kDiscover, {5, 5}));
  finish_conflict(start_late(kArchive, {5, 5}));
  expect_event(EventKind::kConflict, {5, 5});
  pass(kMaxMs);
  found(start_late(kDiscover, {5, 5}), {{5, 5}});
  finish_conflict(start_late(kVerify, {5, 5}));
  expect_no_event();
  acknowledged(0, 6);
}

TEST_F(SchedulerLateTest, ABrokenSinkKeepsALateEntryWaiting) {
  pass_gap(0, 6, 6);
  notify(0, 5, 6);
  finish(start_late(kDiscover, {5, 5}));
  finish(start_late(kArchive, {5, 5}), Outcome::kSinkFailed);
  expect_event(EventKind::kSinkDown);
  expect_no_ack();
  pass_to_wake();
  // Whether it was put is not known.
  found(start_late(kDiscover, {5, 5}), {{5, 5}});
  finish(start_late(kVerify, {5, 5}));
  expect_no_event();
  acknowledged(0, 6);
  notify(0, 7, 7);
  done(0, kArchive, {7, 7});
  expect_event(EventKind::kSinkUp);
}

TEST_F(SchedulerLateTest, ALateEntryIsLookedUpInTheSinkOfNow) {
  pass_gap(0, 6, 6);
  notify(0, 5, 6);
  finish(start_late(kDiscover, {5, 5}));
  scheduler_->sink_swapped(now_);
  finish(start_late(kDiscover, {5, 5}));
  finish(start_late(kArchive, {5, 5}));
  acknowledged(0, 6);
}

// The acknowledgement was queued before, and the host could prune the entry as soon as it heard.
TEST_F(SchedulerLateTest, AQueuedAcknowledgementWaitsForALateEntry) {
  pass_gap(0, 6, 6);
  notify(0, 6, 6);  // a question
  EXPECT_TRUE(scheduler_->has_command(now_));
  notify(0, 5, 6);
  expect_no_ack();
  finish(start_late(kDiscover, {5, 5}));
  finish(start_late(kArchive, {5, 5}));
  acknowledged(0, 6);
}

TEST_F(SchedulerLateTest, AClaimWhileTheEntryIsLookedForIsANewOne) {
  pass_gap(0, 6, 6);
  notify(0, 5, 6);
  finish(start_late(kDiscover, {5, 5}));
  const Job first = start_late(kArchive, {5, 5});
  notify(0, 5, 6);
  finish(first, Outcome::kMissing);
  finish(start_late(kArchive, {5, 5}));
  acknowledged(0, 6);
}

// low went up and came back before the gap was found.
TEST_F(SchedulerLateTest, AnEntryMayTurnUpBeforeItsGapIsFound) {
  archive_all(0, 3);
  notify(0, 6, 6);
  const Job look = start(0, kDiscover, {4, 6});
  notify(0, 5, 6);
  finish(look);
  expect_event(EventKind::kGap, {4, 5});
  done(0, kRecordGap, {4, 5});
  finish(start_late(kDiscover, {5, 5}));
  finish(start_late(kArchive, {5, 5}));
  archived(0, 6);
  acknowledged(0, 6);
}

// ---- Below the first look -----------------------------------------------------------------------

TEST_F(SchedulerLateTest, WhatLiesBelowTheFirstLookIsArchived) {
  begin_at_5();
  notify(0, 3, 8);
  expect_no_ack();
  const Job look = start_late(kDiscover, {3, 4});
  EXPECT_FALSE(look.check_older);
  found(look, {{3, 3}});
  const Job verify = start_late(kVerify, {3, 3});
  EXPECT_EQ(verify.part, (Range{3, 3}));
  finish_through(verify, 3);
  finish(start_late(kArchive, {4, 4}));
  archived(0, 8);
  acknowledged(0, 8);
  expect_no_event();
  notify(0, 3, 8);
  acknowledged(0, 8);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerLateTest, WhatOfItIsNotThereIsAGap) {
  begin_at_5();
  notify(0, 2, 7);
  finish(start_late(kDiscover, {2, 4}));
  finish(start_late(kArchive, {2, 2}), Outcome::kMissing);
  finish(start_late(kArchive, {3, 3}));
  finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
  const Event first = raised(EventKind::kGap, {2, 2});
  EXPECT_FALSE(first.known);
  expect_no_ack();
  done(0, kRecordGap, {2, 2});
  expect_no_ack();
  expect_no_job();  // one after the other
  deliver(first);
  deliver(raised(EventKind::kGap, {4, 4}));
  expect_no_ack();
  done(0, kRecordGap, {4, 4});
  acknowledged(0, 7);
  // A gap as any other.
  notify(0, 2, 7);
  found(start_late(kDiscover, {2, 2}), {});
  finish(start_late(kArchive, {2, 2}));
  found(start_late(kDiscover, {4, 4}), {});
  finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
  acknowledged(0, 7);
  expect_no_event();
}

// Also what no notification names: 4 was there if 3 and 5 were.
TEST_F(SchedulerLateTest, AllOfItIsLookedFor) {
  begin_at_5();
  notify(0, 3, 3);
  found(start_late(kDiscover, {3, 4}), {});
  finish(start_late(kArchive, {3, 3}));
  finish(start_late(kArchive, {4, 4}));
  acknowledged(0, 7);
}

TEST_F(SchedulerLateTest, OrdinaryEntriesDoNotWaitForTheHost) {
  begin_at_5();
  notify(0, 4, 8);
  finish(start_late(kDiscover, {4, 4}));
  finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
  const Event gap = raised(EventKind::kGap, {4, 4});
  done(0, kRecordGap, {4, 4});
  archived(0, 8);
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 8);
}

TEST_F(SchedulerLateTest, AKnownGapBelowTheFirstLookIsNotToldTwice) {
  notify(0, 5, 5);
  JobResult result;
  result.complete_through = kEveryLsn;
  result.known_gaps = {{2, 3}};
  scheduler_->job_finished(start(0, kDiscover, {5, 5}), result, now_);
  expect_event(EventKind::kGap, {2, 3});
  archived(0, 5);
  acknowledged(0, 5);
  notify(0, 2, 5);
  found(start_late(kDiscover, {2, 4}), {{4, 4}});
  finish(start_late(kArchive, {2, 2}), Outcome::kMissing);
  finish(start_late(kArchive, {3, 3}), Outcome::kMissing);
  const Job verify = start_late(kVerify, {4, 4});
  finish_through(verify, 4);
  acknowledged(0, 5);
  expect_no_event();
}

TEST_F(SchedulerLateTest, ARecordThatFailsIsRetriedAndTold) {
  begin_at_5();
  notify(0, 4, 7);
  finish(start_late(kDiscover, {4, 4}));
  finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
  expect_event(EventKind::kGap, {4, 4});
  finish(start(0, kRecordGap, {4, 4}), Outcome::kObjectFailed);
  expect_event(EventKind::kFailing, {4, 4});
  expect_no_ack();
  pass_to_wake();
  done(0, kRecordGap, {4, 4});
  expect_event(EventKind::kRecovered, {7, 7});
  acknowledged(0, 7);
}

TEST_F(SchedulerLateTest, WhatAnotherSinkLacksMayBeInThisOne) {
  begin_at_5();
  deliver([&] {
    notify(0, 8, 8);
    finish(start(0, kArchive, {8, 8}));
    acknowledged(0, 8);
    notify(0, 11, 11);
    done(0, kDiscover, {9, 11});
    const Event gap = raised(EventKind::kGap, {9, 10});
    done(0, kRecordGap, {9, 10});
    notify(0, 4, 11);
    finish(start_late(kDiscover, {4, 4}));
    finish(start_late(kArchive, {4, 4}), Outcome::kMissing);
    scheduler_->sink_swapped(now_);
    return gap;
  }());
  raised(EventKind::kSinkChanged, {});
  const Job look = start_late(kDiscover, {4, 4});
  EXPECT_TRUE(look.first_look);
  found(look, {{4, 4}});
  finish_through(start_late(kVerify, {4, 4}), 4);
  expect_no_event();
}

// ---- What was passed because the sink names it --------------------------------------------------

TEST_F(SchedulerLateTest, WhatIsPassedByItsNameIsReadBeforeItCounts) {
  notify(0, 1, 6);
  found(start(0, kDiscover, {1, 6}), {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}});
  const Job first = start(0, kVerify, {1, 1});
  notify(0, 6, 6);
  finish_through(first, 1);
  found(start(0, kDiscover, {2, 6}), {{2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}});
  expect_no_ack();
  found(start_late(kDiscover, {2, 5}), {{2, 2}, {3, 3}, {4, 4}, {5, 5}});
  finish_through(start_late(kVerify, {2, 2}), 2);
  finish_through(start_late(kVerify, {3, 3}), 3);
  finish_conflict(start_late(kVerify, {4, 4}));
  expect_event(EventKind::kConflict, {4, 4});
  finish_through(start_late(kVerify, {5, 5}), 5);
  expect_event(EventKind::kGap, {4, 4});
  expect_no_ack();
  done(0, kRecordGap, {4, 4});
  finish_through(start(0, kVerify, {6, 6}), 6);
  acknowledged(0, 6);
}

TEST_F(SchedulerLateTest, WhatIsPassedAndClaimedIsReadOnce) {
  notify(0, 1, 4);
  const Job look = start(0, kDiscover, {1, 4});
  notify(0, 4, 4);
  notify(0, 2, 4);
  found(look, {{1, 1}, {2, 2}, {3, 3}, {4, 4}});
  expect_no_ack();
  read_passed({1, 3}, {{1, 1}, {2, 2}, {3, 3}});
  acknowledged(0, 3);
  finish_through(start(0, kVerify, {4, 4}), 4);
  acknowledged(0, 4);
  expect_no_job();
}

TEST_F(SchedulerLateTest, WhatIsPassedByItsNameAndGoneWhenItIsReadIsAGap) {
  notify(0, 1, 3);
  found(start(0, kDiscover, {1, 3}), {{1, 1}, {2, 2}, {3, 3}});
  notify(0, 3, 3);
  found(start(0, kDiscover, {1, 3}), {{1, 1}, {2, 2}, {3, 3}});
  found(start_late(kDiscover, {1, 2}), {{1, 1}});
  finish_through(start_late(kVerify, {1, 1}), 1);
  finish(start_late(kArchive, {2, 2}), Outcome::kMissing);
  expect_event(EventKind::kGap, {2, 2});
  expect_no_ack();
  done(0, kRecordGap, {2, 2});
  acknowledged(0, 2);
}

}  // namespace
}  // namespace tidemark::core
