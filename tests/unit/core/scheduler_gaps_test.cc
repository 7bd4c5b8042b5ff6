// Rule 3 of the scheduler where a host is slow to take events, and before the first low of a run.
#include "scheduler_fixture.h"

namespace tidemark::core {
namespace {

using enum JobKind;

class SchedulerGapsTest : public SchedulerFixture {
 protected:
  void found_known(const Job& job, std::vector<Range> gaps) {
    JobResult result;
    result.complete_through = kEveryLsn;
    result.known_gaps = std::move(gaps);
    scheduler_->job_finished(job, result, now_);
  }
};

// ---- No gap without a look ----------------------------------------------------------------------

TEST_F(SchedulerGapsTest, WhatAnotherRunArchivedIsNoGap) {
  notify(0, 236, 236);
  found(start(0, kDiscover, {236, 236}), {{236, 236}, {237, 237}, {238, 238}, {239, 239}});
  done(0, kVerify, {236, 236});
  acknowledged(0, 236);
  notify(0, 239, 240);
  found(start(0, kDiscover, {237, 240}), {{237, 237}, {238, 238}, {239, 239}});
  expect_no_event();
  expect_no_ack();
  read_passed({237, 238}, {{237, 237}, {238, 238}});
  done(0, kVerify, {239, 239});
  archived(0, 240);
  acknowledged(0, 240);
}

TEST_F(SchedulerGapsTest, OneListingIsEnoughForAGap) {
  deliver(lose_up_to(0, 11, 12));
  done(0, kRecordGap, {4, 10});
  archived(0, 11);
  archived(0, 12);
  acknowledged(0, 12);
  expect_no_job();
}

TEST_F(SchedulerGapsTest, WhatWasListedBeforeLowGrewIsListedAgain) {
  archive_all(0, 3);
  notify(0, 11, 12);
  const Job look = start(0, kDiscover, {4, 12});
  notify(0, 21, 22);
  finish(look);  // it tells of nothing above 12
  deliver(raised(EventKind::kGap, {4, 12}));
  done(0, kRecordGap, {4, 12});
  found(start(0, kDiscover, {13, 22}), {{13, 20}});
  expect_no_event();
  read_passed({13, 20}, {{13, 20}});
  archived(0, 21);
}

TEST_F(SchedulerGapsTest, PruningBehindCostsNoListing) {
  archive_all(0, 3);
  notify(0, 3, 5);
  archived(0, 4);
  notify(0, 5, 5);
  archived(0, 5);
  acknowledged(0, 5);
}

TEST_F(SchedulerGapsTest, AGapEndsABackoff) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  finish(start(0, kArchive, {1, 1}), Outcome::kMissing);
  expect_event(EventKind::kFailing, {1, 1});
  EXPECT_EQ(place(0), Place::kBackingOff);
  notify(0, 2, 2);
  done(0, kDiscover, {1, 2});
  expect_event(EventKind::kGap, {1, 1});
}

// ---- The host is told first -------------------------------------------------------------------------

TEST_F(SchedulerGapsTest, NoAcknowledgementPassesAnUndeliveredGap) {
  const Event gap = lose_up_to(0, 6, 7);
  done(0, kRecordGap, {4, 5});
  archived(0, 6);
  archived(0, 7);
  expect_no_ack();
  EXPECT_FALSE(scheduler_->idle());
  deliver(gap);
  acknowledged(0, 7);
  EXPECT_TRUE(scheduler_->idle());
}

// The host has nothing of it left, and may have heard of more in an earlier run.
TEST_F(SchedulerGapsTest, WhatEndsBeforeLowIsNotAcknowledged) {
  notify(0, 1, 2);
  done(0, kDiscover, {1, 2});
  const Job first = start(0, kArchive, {1, 1});
  notify(0, 5, 5);
  finish(first);
  done(0, kDiscover, {2, 5});
  const Event gap = raised(EventKind::kGap, {2, 4});
  done(0, kRecordGap, {2, 4});
  expect_no_ack();
  archived(0, 5);
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 5);
}

TEST_F(SchedulerGapsTest, AnAnswerWaitsForTheEvent) {
  const Event gap = lose_up_to(0, 7, 6);
  done(0, kRecordGap, {4, 6});
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 6);
}

TEST_F(SchedulerGapsTest, OthersDoNotWait) {
  const Event gap = lose_up_to(0, 6, 6);
  done(0, kRecordGap, {4, 5});
  archived(0, 6);
  archive_all(1, 4);
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 6);
}

TEST_F(SchedulerGapsTest, OneGapAtATimeIsOnItsWayToTheHost) {
  const Event gap = lose_up_to(0, 6, 6);
  done(0, kRecordGap, {4, 5});
  archived(0, 6);
  notify(0, 9, 9);
  done(0, kDiscover, {7, 9});
  EXPECT_TRUE(raised().empty());
  expect_no_job();
  EXPECT_FALSE(scheduler_->idle());
  deliver(gap);
  expect_event(EventKind::kGap, {7, 8});
  expect_no_ack();  // it ends before low
  done(0, kRecordGap, {7, 8});
  archived(0, 9);
  acknowledged(0, 9);
}

TEST_F(SchedulerGapsTest, ASwapLosesNoEvent) {
  const Event gap = lose_up_to(0, 6, 6);
  scheduler_->sink_swapped(now_);
  raised(EventKind::kSinkChanged, {});
  const Job look = start(0, kDiscover, {4, 6});
  EXPECT_TRUE(look.first_look) << "nothing is written to a sink before";
  finish(look);
  done(0, kRecordGap, {4, 5});
  archived(0, 6);
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 6);
}

TEST_F(SchedulerGapsTest, APartitionIsNotForgottenBeforeTheHostHeardOfItsGap) {
  const Event gap = lose_up_to(0, 7, 6);
  done(0, kRecordGap, {4, 6});
  EXPECT_EQ(place(0), Place::kDormant);
  pass(kIdleMs);
  EXPECT_TRUE(scheduler_->forgotten().empty());
  EXPECT_GT(scheduler_->wake_at(), now_);
  deliver(gap);
  acknowledged(0, 6);
  pass(kIdleMs);
  EXPECT_TRUE(scheduler_->forgotten().empty());
  EXPECT_EQ(place(0), Place::kKept);
  EXPECT_EQ(scheduler_->wake_at(), kNever);
  EXPECT_EQ(scheduler_->snapshot(now_).partitions_dormant, 1U);
}

TEST_F(SchedulerGapsTest, AnEntryOfAGapIsArchivedHoweverLateItTurnsUp) {
  deliver(lose_up_to(0, 7, 6));
  done(0, kRecordGap, {4, 6});
  acknowledged(0, 6);
  pass(kIdleMs);
  pass(kIdleMs);
  notify(0, 5, 6);
  found(start(0, kDiscover, {5, 6}), {});
  archived(0, 5);
  done(0, kArchive, {6, 6});
  acknowledged(0, 6);
  pass(kIdleMs);
  EXPECT_EQ(place(0), Place::kKept);  // entry 4 is missing yet
}

// notify(5, 8) and notify(7, 8), in an order that nobody knows any more.
TEST_F(SchedulerGapsTest, WhatAMergedNotificationClaimsIsLookedFor) {
  archive_all(0, 3);
  scheduler_->notified(0, {7, 8, 5, 8}, now_);
  done(0, kDiscover, {4, 8});
  expect_event(EventKind::kGap, {4, 6});
  done(0, kRecordGap, {4, 6});
  expect_no_ack();
  found(start(0, kDiscover, {5, 6}), {});
  archived(0, 5);
  expect_no_ack();
  finish(start(0, kArchive, {6, 6}), Outcome::kMissing);
  acknowledged(0, 6);
  archived(0, 7);
}

TEST_F(SchedulerGapsTest, WhatIsClaimedBeforeTheFirstLookIsLookedFor) {
  notify(0, 7, 8);
  const Job look = start(0, kDiscover, {7, 8});
  notify(0, 5, 8);
  finish(look);
  found(start(0, kDiscover, {5, 8}), {{6, 6}});
  expect_event(EventKind::kGap, {5, 5});
  done(0, kRecordGap, {5, 5});
  found(start(0, kDiscover, {5, 6}), {{6, 6}});
  expect_no_ack();
  archived(0, 5);
  finish_through(start(0, kVerify, {6, 6}), 6);
  acknowledged(0, 6);
}

// What another run left right before the first LSN may be visible and not durable yet.
TEST_F(SchedulerGapsTest, AQuestionAfterTheFirstLookIsAnsweredAfterAnother) {
  notify(0, 5, 5);
  const Job first = start(0, kDiscover, {5, 5});
  EXPECT_FALSE(first.asked);
  finish(first);
  notify(0, 5, 4);
  expect_no_ack();
  const Job second = start(0, kDiscover, {5, 5});
  EXPECT_TRUE(second.asked);
  finish(second);
  acknowledged(0, 4);
  archived(0, 5);
  acknowledged(0, 5);
}

TEST_F(SchedulerGapsTest, WhatLowPassesDuringALookIsRead) {
  notify(0, 1, 6);
  const Job look = start(0, kDiscover, {1, 6});
  notify(0, 4, 6);
  found(look, {{1, 3}});
  expect_no_ack();
  read_passed({1, 3}, {{1, 3}});
  acknowledged(0, 3);
}

// A conflict continues: it is reported again as soon as the host has taken the last one.
TEST_F(SchedulerGapsTest, OneConflictAtATimeIsOnItsWayToTheHost) {
  notify(0, 1, 2);
  found(start(0, kDiscover, {1, 2}), {{1, 1}, {2, 2}});
  finish_conflict(start(0, kVerify, {1, 1}));
  const Event first = raised(EventKind::kConflict, {1, 1});
  pass(kMaxMs);
  done(0, kVerify, {1, 1});  // put right
  raised(EventKind::kRecovered, {1, 1});
  finish_conflict(start(0, kVerify, {2, 2}));
  raised(EventKind::kFailing, {2, 2});
  deliver(first);
  pass(kMaxMs);
  finish_conflict(start(0, kVerify, {2, 2}));
  raised(EventKind::kConflict, {2, 2});
}

// ---- Known from an earlier run -----------------------------------------------------------------

TEST_F(SchedulerGapsTest, WhatAnEarlierRunRecordedIsToldOnceMore) {
  notify(0, 10, 10);
  found_known(start(0, kDiscover, {10, 10}), {{2, 4}, {5, 9}});
  archived(0, 10);
  const Event first = raised(EventKind::kGap, {2, 4});
  EXPECT_TRUE(first.known);
  expect_no_ack();
  deliver(first);
  const Event second = raised(EventKind::kGap, {5, 9});
  EXPECT_TRUE(second.known);
  expect_no_ack();
  deliver(second);
  acknowledged(0, 10);
  expect_no_event();
}

TEST_F(SchedulerGapsTest, WhatIsArchivedWhileItsReportWaitsIsNotReported) {
  notify(0, 18, 18);
  found_known(start(0, kDiscover, {18, 18}), {{2, 4}, {6, 8}, {10, 14}, {16, 17}});
  const Event first = raised(EventKind::kGap, {2, 4});  // its callback takes its time
  notify(0, 3, 18);
  found(start_late(kDiscover, {3, 17}), {});
  for (Lsn lsn = 3; lsn <= 17; ++lsn) {
    const bool is_there = lsn <= 4 || lsn == 7 || (lsn >= 10 && lsn <= 14) || lsn == 16;
    finish(start_late(kArchive, {lsn, lsn}), is_there ? Outcome::kDone : Outcome::kMissing);
  }
  archived(0, 18);
  EXPECT_TRUE(raised().empty());
  deliver(first);
  for (const Range left : {Range{6, 6}, Range{8, 8}, Range{17, 17}}) {
    const Event event = raised(EventKind::kGap, left);
    EXPECT_TRUE(event.known);
    expect_no_ack();
    deliver(event);
  }
  for (const Range lost : {Range{5, 5}, Range{9, 9}, Range{15, 15}}) {
    const Event event = raised(EventKind::kGap, lost);
    EXPECT_FALSE(event.known);
    deliver(event);
    done(0, kRecordGap, lost);
  }
  acknowledged(0, 18);
}

TEST_F(SchedulerGapsTest, AnAnswerWaitsForWhatIsKnownToo) {
  notify(0, 10, 9);
  found_known(start(0, kDiscover, {10, 9}), {{8, 9}});
  expect_no_ack();
  deliver(raised(EventKind::kGap, {8, 9}));
  acknowledged(0, 9);
}

TEST_F(SchedulerGapsTest, AGapThatFollowsWaitsForWhatIsKnown) {
  notify(0, 10, 10);
  found_known(start(0, kDiscover, {10, 10}), {{8, 9}});
  const Event known = raised(EventKind::kGap, {8, 9});
  notify(0, 12, 12);
  done(0, kDiscover, {10, 12});
  EXPECT_TRUE(raised().empty());
  deliver(known);
  EXPECT_FALSE(raised(EventKind::kGap, {10, 11}).known);
}

TEST_F(SchedulerGapsTest, AnEntryOfAKnownGapMayTurnUpLate) {
  notify(0, 10, 10);
  found_known(start(0, kDiscover, {10, 10}), {{8, 9}});
  expect_event(EventKind::kGap, {8, 9});
  archived(0, 10);
  acknowledged(0, 10);
  notify(0, 9, 10);
  finish(start_late(kDiscover, {9, 9}));
  finish(start_late(kArchive, {9, 9}));
  acknowledged(0, 10);
}

// ---- Holes behind archives, before the first low -------------------------------------------------

TEST_F(SchedulerGapsTest, AHoleBehindArchivesIsAGapOfItsOwn) {
  notify(0, 10, 10);
  found(start(0, kDiscover, {10, 10}), {{10, 10}}, Range{6, 8});
  const Event gap = raised(EventKind::kGap, {6, 8});
  EXPECT_FALSE(gap.known);
  done(0, kRecordGap, {6, 8});
  const Job look = start(0, kDiscover, {10, 10});
  EXPECT_TRUE(look.check_older);
  found(look, {{10, 10}});
  done(0, kVerify, {10, 10});
  expect_no_ack();
  deliver(gap);
  acknowledged(0, 10);
  expect_no_event();
  expect_no_job();
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerGapsTest, HolesAreToldOneAfterTheOther) {
  notify(0, 20, 19);
  found(start(0, kDiscover, {20, 19}), {}, Range{6, 8});
  const Event first = raised(EventKind::kGap, {6, 8});
  done(0, kRecordGap, {6, 8});
  found(start(0, kDiscover, {20, 19}), {}, Range{12, 12});
  EXPECT_TRUE(raised().empty());
  expect_no_job();
  expect_no_ack();
  deliver(first);
  const Event second = raised(EventKind::kGap, {12, 12});
  expect_no_ack();  // another hole lies before low
  done(0, kRecordGap, {12, 12});
  found(start(0, kDiscover, {20, 19}), {}, Range{18, 19});  // up to low: nothing lies after it
  deliver(second);
  expect_event(EventKind::kGap, {18, 19});
  done(0, kRecordGap, {18, 19});
  acknowledged(0, 19);
  expect_no_job();
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerGapsTest, WhatIsKnownRightBeforeLowIsToldBesideAHole) {
  notify(0, 13, 13);
  const Job look = start(0, kDiscover, {13, 13});
  JobResult result;
  result.complete_through = kEveryLsn;
  result.gap = {6, 8};
  result.known_gaps = {{10, 12}};
  scheduler_->job_finished(look, result, now_);
  const Event known = raised(EventKind::kGap, {10, 12});
  EXPECT_TRUE(known.known);
  deliver(known);
  EXPECT_FALSE(raised(EventKind::kGap, {6, 8}).known);
}

// Low grows before the hole is reported: what lies between is still not taken for lost.
TEST_F(SchedulerGapsTest, LowGrowsWhileAHoleIsLookedInto) {
  notify(0, 10, 11);
  const Job look = start(0, kDiscover, {10, 11});
  notify(0, 12, 12);
  found(look, {{10, 10}}, Range{6, 8});
  expect_event(EventKind::kGap, {6, 8});
  done(0, kRecordGap, {6, 8});
  const Job again = start(0, kDiscover, {10, 12});
  EXPECT_TRUE(again.check_older);
  found(again, {{10, 10}});
  expect_event(EventKind::kGap, {11, 11});
  done(0, kRecordGap, {11, 11});
  read_passed({10, 10}, {{10, 10}});
  archived(0, 12);
  acknowledged(0, 12);
}

// Another sink need not hold what lay between.
TEST_F(SchedulerGapsTest, ASwapEndsTheLookBack) {
  notify(0, 10, 10);
  found(start(0, kDiscover, {10, 10}), {}, Range{6, 8});
  expect_event(EventKind::kGap, {6, 8});
  done(0, kRecordGap, {6, 8});
  scheduler_->sink_swapped(now_);
  events();
  const Job look = start(0, kDiscover, {9, 10});
  EXPECT_FALSE(look.check_older);
  found(look, {});
  expect_event(EventKind::kGap, {9, 9});
}

// A sink that does not show what was recorded holds nothing up.
TEST_F(SchedulerGapsTest, AHoleThatIsFoundAgainIsNotToldAgain) {
  notify(0, 10, 10);
  found(start(0, kDiscover, {10, 10}), {}, Range{6, 8});
  expect_event(EventKind::kGap, {6, 8});
  done(0, kRecordGap, {6, 8});
  found(start(0, kDiscover, {10, 10}), {}, Range{6, 8});
  const Job look = start(0, kDiscover, {9, 10});
  EXPECT_FALSE(look.check_older);
  found(look, {{9, 9}});
  read_passed({9, 9}, {{9, 9}});
  archived(0, 10);
  expect_no_event();
  acknowledged(0, 10);
}

}  // namespace
}  // namespace tidemark::core
