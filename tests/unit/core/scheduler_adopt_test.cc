// Where this run's epoch begins in a partition, and what of its parents counts until then. See scheduler.h,
// rule 10.
#include <gtest/gtest.h>

#include "core/lineage_fixture.h"

namespace tidemark::core {
namespace {

class SchedulerAdoptTest : public LineageFixture {
 protected:
  SchedulerAdoptTest() { configure(3, 2); }
  // The next job that is neither a watch nor a look, which finds `there`, however long it takes.
  std::optional<Job> next_of_entries(const std::vector<Found>& there) {
    for (int i = 0; i < 40; ++i) {
      const auto job = scheduler_->next_job(now_);
      if (!job) {
        pass_to_wake();
      } else if (job->kind == JobKind::kWatch) {
        watched(*job, false);
      } else if (job->kind == JobKind::kDiscover) {
        looked(*job, there);
      } else {
        return job;
      }
    }
    return std::nullopt;
  }
};

TEST_F(SchedulerAdoptTest, WhatIsContiguousAndEqualCounts) {
  make_known(7, {of_parent({1, 2}), of_parent({3, 3}, 2), of_parent({4, 6}, 4)});
  equal({1, 2});
  acknowledged(0, 2);
  equal({3, 3}, 2);
  equal({4, 6}, 4);
  acknowledged(0, 6);
  // It ends here, and this run's epoch begins.
  put({7, 7});
  acknowledged(0, 7);
  expect_no_event();
}

// Of what a newer epoch of the chain cut off, the rest counts.
TEST_F(SchedulerAdoptTest, OfAnArchiveOnlyItsPartCounts) {
  make_known(9, {of_parent({1, 8}, {1, 4}), of_parent({5, 9}, 2)});
  finish(start_verify({1, 8}, {1, 4}));
  equal({5, 9}, 2);
  acknowledged(0, 9);
  expect_no_job();
  expect_no_event();
}

// As far as the host has it, and more of it later.
TEST_F(SchedulerAdoptTest, APartOfAnArchiveCountsAsFarAsItIsThere) {
  make_known(2, {of_parent({1, 6})});
  finish(start_verify({1, 6}, {1, 2}));
  acknowledged(0, 2);
  notify_of(0, 0, 1, 4);
  finish(start_verify({1, 6}, {3, 4}));
  acknowledged(0, 4);
  notify_of(0, 0, 1, 7);
  finish(start_verify({1, 6}, {5, 6}));
  put({7, 7});
  expect_no_event();
}

// ---- Branching ----------------------------------------------------------------------------------

TEST_F(SchedulerAdoptTest, AtTheFirstThatDiffersTheEpochBegins) {
  make_known(9, {of_parent({1, 2}), of_parent({3, 4}), of_parent({5, 6}), of_parent({9, 12}, 2)});
  equal({1, 2});
  acknowledged(0, 2);
  finish_conflict(start_verify({3, 4}, {3, 4}));
  expect_event(EventKind::kBranched, {3, 12});
  // Its first archive is alone.
  const Job first = start_put({3, 4});
  expect_no_job();
  finish(first);
  acknowledged(0, 4);
  // And nothing of a parent is compared any more, though more than one is on its way.
  const Job second = start_put({5, 6});
  const Job third = start_put({7, 8});
  expect_no_job();  // {9, 9} may grow
  finish(third);
  finish(second);
  put({9, 9});
  acknowledged(0, 9);
  expect_no_event();
  EXPECT_TRUE(scheduler_->idle());
}

// The archive differs somewhere: what is equal counts, and the branch is at the entry.
TEST_F(SchedulerAdoptTest, WithinAnArchiveTheBranchIsAtTheEntry) {
  make_known(4, {of_parent({1, 6})});
  finish_through(start_verify({1, 6}, {1, 4}), 2);
  acknowledged(0, 2);
  finish_conflict(start_verify({1, 6}, {3, 4}));
  expect_event(EventKind::kBranched, {3, 6});
  put({3, 4});
  acknowledged(0, 4);
}

// A part of an encrypted archive cannot be compared: it is written again, and nothing was different.
TEST_F(SchedulerAdoptTest, WhatNobodyCanTellIsWrittenAgain) {
  make_known(4, {of_parent({1, 6})});
  finish_sealed(start_verify({1, 6}, {1, 4}));
  put({1, 2});
  put({3, 4});
  acknowledged(0, 4);
  expect_no_event();
}

// The engine was told of it by an earlier run, and prunes it before it is durable again: what is there
// counts.
TEST_F(SchedulerAdoptTest, WhatNobodyCanTellCountsOnceTheHostLosesIt) {
  make_known(4, {of_parent({1, 6})});
  finish_sealed(start_verify({1, 6}, {1, 4}));
  finish(start_put({1, 2}), Outcome::kMissing);
  looked(start(0, JobKind::kDiscover, {1, 4}), {of_parent({1, 6})});
  Job gone = start_verify({1, 6}, {1, 4});
  EXPECT_EQ(gone.accept_missing_through, 4U);
  JobResult result;
  result.through = 2;
  scheduler_->job_finished(gone, result, now_);
  acknowledged(0, 2);
  // The rest is there, and as before nobody can tell.
  finish_sealed(start_verify({1, 6}, {3, 4}));
  put({3, 4});
  acknowledged(0, 4);
  expect_no_event();
}

// The same if the host says so itself.
TEST_F(SchedulerAdoptTest, WhatNobodyCanTellCountsOnceTheHostSaysThatItIsGone) {
  make_known(4, {of_parent({1, 6})});
  finish_sealed(start_verify({1, 6}, {1, 4}));
  const Job first = start_put({1, 2});
  notify_of(0, 0, 4, 5);
  finish(first, Outcome::kMissing);
  looked(start(0, JobKind::kDiscover, {1, 5}), {of_parent({1, 6})});
  const Job late = start(0, JobKind::kDiscover, {1, 3});
  EXPECT_TRUE(late.late);
  looked(late, {of_parent({1, 6})});
  finish(start_verify({1, 6}, {1, 3}));
  acknowledged(0, 3);
  expect_no_event();
}

// As many archives as one look gives ended with it: what comes after it decides, so that is looked at first.
TEST_F(SchedulerAdoptTest, WhatComesAfterWhatNobodyCanTellIsLookedUp) {
  notify_of(0, 0, 1, 9);
  claim();
  JobResult some;
  some.archives = {of_parent({1, 2}), of_parent({3, 6})};
  some.complete_through = 6;
  scheduler_->job_finished(start(0, JobKind::kDiscover, {1, 9}), some, now_);
  equal({1, 2});
  finish_sealed(start_verify({3, 6}, {3, 6}));
  looked(start(0, JobKind::kDiscover, {3, 9}), {of_parent({3, 6}), of_parent({7, 9})});
  finish_sealed(start_verify({3, 6}, {3, 6}));
  equal({7, 9});
  finish(start_fill({3, 4}, 1));
}

TEST_F(SchedulerAdoptTest, EvenTheFirstOfAllMayDiffer) {
  make_known(1, {of_parent({1, 1})});
  finish_conflict(start_verify({1, 1}, {1, 1}));
  expect_event(EventKind::kBranched, {1, 1});
  expect_no_ack();
  put({1, 1});
  acknowledged(0, 1);
}

// What lies after it is the host's own, so the histories are one up to there: it is filled as a part of that,
// and what follows stays in sight.
TEST_F(SchedulerAdoptTest, WhatIsMissingInBetweenIsFilledUnderTheEpochOfWhatFollows) {
  configure(3, 2);
  make_known(12, {of_parent({1, 1}), of_parent({5, 6}, 2), of_parent({8, 9}, 2)});
  equal({1, 1});
  equal({5, 6}, 2);
  expect_no_begin();
  for (const Range piece : {Range{2, 3}, Range{4, 4}}) {
    const Job fill = start_fill(piece, 2);
    expect_no_job();
    finish(fill);
  }
  acknowledged(0, 4);
  equal({5, 6}, 2);
  equal({8, 9}, 2);
  finish(start_fill({7, 7}, 2));
  equal({8, 9}, 2);
  acknowledged(0, 9);
  put({10, 11});
  put({12, 12});
  acknowledged(0, 12);
  expect_no_event();
}

// Another history, or one that nobody can read: then the epoch begins at the hole.
class SchedulerAfterHoleTest : public SchedulerAdoptTest, public testing::WithParamInterface<bool> {};
TEST_P(SchedulerAfterHoleTest, IfWhatFollowsIsNotTheHostsOwnTheEpochBeginsAtTheHole) {
  configure(3, 4);
  make_known(9, {of_parent({1, 1}), of_parent({3, 3}), of_parent({5, 9})});
  equal({1, 1});
  JobResult other;
  other.outcome = Outcome::kObjectFailed;
  other.conflict = !GetParam();
  other.sealed = GetParam();
  scheduler_->job_finished(start_verify({3, 3}, {3, 3}), other, now_);
  if (other.conflict) expect_event(EventKind::kBranched, {2, 9});
  const Job first = start_put({2, 5});  // over what the parent has
  expect_no_job();
  finish(first);
  put({6, 9});
  acknowledged(0, 9);
  expect_no_event();
}
INSTANTIATE_TEST_SUITE_P(All, SchedulerAfterHoleTest, testing::Bool());

TEST_F(SchedulerAdoptTest, WhatTheHostDoesNotHaveSaysNothingOfAHole) {
  make_known(4, {of_parent({1, 1}), of_parent({5, 9})});
  equal({1, 1});
  put({2, 3});
  put({4, 4});
  acknowledged(0, 4);
  expect_no_event();
}

// Somebody else's archive has its name meanwhile, with other content: it was no part of that history after
// all.
TEST_F(SchedulerAdoptTest, AFillThatMeetsOtherContentIsGivenUp) {
  make_known(4, {of_parent({1, 1}), of_parent({3, 4})});
  equal({1, 1});
  equal({3, 4});
  finish_conflict(start_fill({2, 2}, 1));
  expect_event(EventKind::kBranched, {2, 4});
  put({2, 3});
  put({4, 4});
  acknowledged(0, 4);
  expect_no_event();
}

// So that readers see if the first is lost.
TEST_F(SchedulerAdoptTest, LaterArchivesSayWithWhichEntryTheEpochBegan) {
  configure(1, 4);
  make_known(9, {of_parent({1, 1})});
  equal({1, 1});
  const Job first = start_put({2, 5});
  EXPECT_EQ(first.begun, kNoLsn) << "it is that entry itself";
  finish(first);
  const Job second = start_put({6, 9});
  EXPECT_EQ(second.begun, 2U);
  finish(second, Outcome::kSinkFailed);
  pass(kMaxMs);
  const Job again = start();
  EXPECT_EQ(std::tuple(again.range, again.begun), std::tuple(Range{6, 9}, Lsn{2}));
}

// One that is filled in says it too, as what follows it does.
TEST_F(SchedulerAdoptTest, WhatIsFilledInSaysWithWhichEntryItsEpochBegan) {
  make_known(9, {of_parent({1, 5}), of_parent({6, 6}, 2), {{9, 9}, {9, 9}, 2, Coding::kNone, 6}});
  equal({1, 5});
  equal({6, 6}, 2);
  equal({9, 9}, 2);
  EXPECT_EQ(start_fill({7, 8}, 2).begun, 6U);
}
TEST_F(SchedulerAdoptTest, AFirstThatIsFilledInHasNothingToSay) {
  make_known(9, {of_parent({1, 5}), {{8, 9}, {8, 9}, 2, Coding::kNone, 6}});
  equal({1, 5});
  equal({8, 9}, 2);
  EXPECT_EQ(start_fill({6, 7}, 2).begun, kNoLsn);
}

TEST_F(SchedulerAdoptTest, AFillThatFailsIsTriedAgain) {
  make_known(4, {of_parent({1, 1}), of_parent({3, 4})});
  equal({1, 1});
  finish(start_verify({3, 4}, {3, 4}), Outcome::kSinkFailed);
  pass_to_wake();
  for (int i = 0; i < 4; ++i) {
    const auto job = scheduler_->next_job(now_);
    if (!job) {
      pass_to_wake();
      continue;
    }
    if (job->kind == JobKind::kVerify) {
      EXPECT_TRUE(job->fill);
      finish(*job);
      break;
    }
  }
  finish(start_fill({2, 2}, 1), Outcome::kEntryFailed);
  raised();
  bool is_filled = false;
  for (int i = 0; i < 40 && !is_filled; ++i) {
    const auto job = next_of_entries({of_parent({1, 1}), of_parent({3, 4})});
    ASSERT_TRUE(job);
    is_filled = job->kind == JobKind::kArchive;
    EXPECT_TRUE(job->fill);
    finish(*job);
  }
  EXPECT_TRUE(is_filled);
}

TEST_F(SchedulerAdoptTest, InAnEmptyPartitionTheFirstIsAloneToo) {
  make_known(6, {});
  const Job first = start_put({1, 2});
  expect_no_job();
  notify_of(0, 0, 1, 8);
  expect_no_job();
  finish(first);
  start_put({3, 4});
  start_put({5, 6});
  start_put({7, 8});
}

// Less of it may be taken than was planned.
TEST_F(SchedulerAdoptTest, AFirstArchiveOfLessEntriesIsTheFirstToo) {
  make_known(6, {});
  finish_through(start_put({1, 2}), 1);
  start_put({2, 3});
  start_put({4, 5});
}

// ---- Once it has begun --------------------------------------------------------------------------

class SchedulerFirstFailsTest : public SchedulerAdoptTest, public testing::WithParamInterface<Outcome> {};

TEST_P(SchedulerFirstFailsTest, NothingIsAdoptedOnceItWasTried) {
  make_known(2, {});
  finish(start_put({1, 2}), GetParam());
  raised();
  notify_of(0, 0, 1, 6);
  const auto job = next_of_entries({of_parent({1, 2}), of_parent({3, 6})});
  ASSERT_TRUE(job);
  ASSERT_EQ(job->kind, JobKind::kArchive);
  ASSERT_EQ(job->epoch, kEpoch);
  expect_no_job();  // still the first, alone
  finish(*job);
  put({3, 4});
  put({5, 6});
}

INSTANTIATE_TEST_SUITE_P(Outcomes, SchedulerFirstFailsTest,
                         testing::Values(Outcome::kSinkFailed, Outcome::kEntryFailed, Outcome::kObjectFailed,
                                         Outcome::kSinkThrottled));

// Whether it got there was not known: now it is.
TEST_F(SchedulerAdoptTest, AFirstWhoseAnswerWasLostIsComparedAsThisRunsOwn) {
  make_known(6, {});
  const Job first = start_put({1, 2});
  JobResult lost;
  lost.outcome = Outcome::kObjectFailed;
  lost.conflict = true;
  scheduler_->job_finished(first, lost, now_);
  raised();
  pass(kMaxMs);
  looked(start(0, JobKind::kDiscover, {1, 6}), {of_parent({1, 2}, kEpoch)}, true);
  equal({1, 2}, kEpoch);
  start_put({3, 4});
  start_put({5, 6});
}

// And a look that finds nothing of it brings the parent's not back.
TEST_F(SchedulerAdoptTest, AfterAFirstThatIsNotThereNothingOfAParentCounts) {
  make_known(2, {});
  finish_conflict(start_put({1, 2}));
  for (const Event& event : raised()) deliver(event);
  notify_of(0, 0, 1, 6);
  pass(kMaxMs);
  looked(start(0, JobKind::kDiscover, {1, 6}), {of_parent({1, 2}), of_parent({3, 6})});
  const Job first = start_put({1, 2});
  expect_no_job();
  finish(first);
  start_put({3, 4});
  start_put({5, 6});
}

TEST_F(SchedulerAdoptTest, WithinAnEpochOtherContentIsAConflict) {
  make_known(2, {});
  finish(start_put({1, 2}), Outcome::kSinkFailed);
  raised();
  for (int i = 0; i < 20 && scheduler_->breaker() != Throttle::State::kProbing; ++i) pass_to_wake();
  finish_conflict(start_put({1, 2}));
  const std::vector<Event> taken = raised();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].kind, EventKind::kSinkUp);
  EXPECT_EQ(taken[1].kind, EventKind::kConflict);
  deliver(taken[1]);
  pass(kMaxMs);
  looked(start(0, JobKind::kDiscover, {1, 2}), {of_parent({1, 2}, kEpoch)}, true);
  finish_conflict(start_verify({1, 2}, {1, 2}, kEpoch));
  for (const Event& event : raised()) EXPECT_NE(event.kind, EventKind::kBranched);
  expect_no_ack();
}

// A partition that was forgotten, or another look: something of this run's epoch is there.
TEST_F(SchedulerAdoptTest, WhatWasForgottenHasBegun) {
  make_known(2, {});
  put({1, 2});
  acknowledged(0, 2);
  pass(kIdleMs);
  watched(start_of(0, JobKind::kWatch), false);
  ASSERT_EQ(place(0), Place::kUnknown);
  scheduler_->forgotten().clear();
  notify_of(0, 0, 3, 8);
  looked(start(0, JobKind::kDiscover, {3, 8}), {}, true);
  start_put({3, 4});
  start_put({5, 6});
  start_put({7, 8});
}

TEST_F(SchedulerAdoptTest, AtANewSinkItBeginsAgain) {
  make_known(2, {});
  put({1, 2});
  acknowledged(0, 2);
  scheduler_->sink_swapped(now_);
  raised();
  notify_of(0, 0, 1, 9);
  claim();
  looked(start(0, JobKind::kDiscover, {3, 9}), {of_parent({3, 4})});
  equal({3, 4});
  const Job first = start_put({5, 6});
  expect_no_job();
  finish(first);
  start_put({7, 8});
}

// What was put at the old sink begins nothing at the new one.
TEST_F(SchedulerAdoptTest, AFirstOfTheOldSinkIsNotOneOfTheNew) {
  make_known(2, {});
  const Job old = start_put({1, 2});
  scheduler_->sink_swapped(now_);
  raised();
  finish(old);
  notify_of(0, 0, 1, 9);
  claim();
  looked(start(0, JobKind::kDiscover, {3, 9}), {of_parent({3, 4})});
  equal({3, 4});
  const Job first = start_put({5, 6});
  expect_no_job();
  finish(first);
  start_put({7, 8});
}

// ---- Gaps ---------------------------------------------------------------------------------------

class SchedulerAdoptGapsTest : public SchedulerAdoptTest {
 protected:
  // 1..3 are of a parent and equal; 4..9 are lost, and 10..12 are there, and in the parent.
  Job lose_before_it_begins() {
    make_known(3, {of_parent({1, 3})});
    equal({1, 3});
    acknowledged(0, 3);
    notify_of(0, 0, 10, 12);
    looked(start(0, JobKind::kDiscover, {4, 12}), {of_parent({10, 11})});
    expect_event(EventKind::kGap, {4, 9});
    return start(0, JobKind::kRecordGap, {4, 9});
  }
};

TEST_F(SchedulerAdoptGapsTest, ARecordOfAnotherEpochBeginsNothing) {
  const Job record = lose_before_it_begins();
  EXPECT_FALSE(record.own);
  recorded(record, false);
  equal({10, 11});
  acknowledged(0, 11);
  const Job first = start_put({12, 12});
  finish(first);
  expect_no_event();
}

TEST_F(SchedulerAdoptGapsTest, ARecordOfThisRunsEpochBeginsIt) {
  const Job record = lose_before_it_begins();
  recorded(record, true);
  acknowledged(0, 9);
  // It is the first, and it is durable: the next need not be alone, and nothing is adopted.
  notify_of(0, 0, 10, 15);
  start_put({10, 11});
  start_put({12, 13});
  start_put({14, 15});
}

TEST_F(SchedulerAdoptGapsTest, AfterItHasBegunARecordIsItsOwn) {
  make_known(2, {});
  put({1, 2});
  acknowledged(0, 2);
  notify_of(0, 0, 6, 6);
  looked(start(0, JobKind::kDiscover, {3, 6}), {of_parent({6, 6})}, true);
  expect_event(EventKind::kGap, {3, 5});
  const Job record = start(0, JobKind::kRecordGap, {3, 5});
  EXPECT_TRUE(record.own);
  EXPECT_EQ(record.epoch, kEpoch);
}

// They were said to be lost, and lie below where the epoch begins: there it would hide what comes after.
TEST_F(SchedulerAdoptGapsTest, LateEntriesBelowItAreNotPut) {
  recorded(lose_before_it_begins(), false);
  equal({10, 11});
  put({12, 12});
  acknowledged(0, 12);
  notify_of(0, 0, 4, 12);
  // A parent's archive of them would count.
  const Job look = start_late(JobKind::kDiscover, {4, 9});
  looked(look, {of_parent({6, 7})}, true);
  const Job late = start_late(JobKind::kVerify, {6, 7});
  EXPECT_EQ(late.part, (Range{6, 7}));
  finish(late);
  expect_no_job();
  EXPECT_EQ(place(0), Place::kDormant);
  expect_no_event();
  notify_of(0, 0, 10, 13);
  put({13, 13});
  acknowledged(0, 13);
}

TEST_F(SchedulerAdoptGapsTest, AnArchiveUpToTheLastOfAllLsnsIsNoTrouble) {
  recorded(lose_before_it_begins(), false);
  equal({10, 11});
  notify_of(0, 0, 4, 12);
  looked(start_late(JobKind::kDiscover, {4, 9}), {of_parent({6, kEveryLsn})});
  EXPECT_EQ(start_late(JobKind::kVerify, {6, kEveryLsn}).part, (Range{6, 9}));
}

TEST_F(SchedulerAdoptGapsTest, LateEntriesAreNotPutBeforeItHasBegun) {
  recorded(lose_before_it_begins(), false);
  equal({10, 11});
  notify_of(0, 0, 4, 12);
  looked(start_late(JobKind::kDiscover, {4, 9}), {});
  const Job first = start_put({12, 12});
  finish(first);
  expect_no_job();
  acknowledged(0, 12);
}

TEST_F(SchedulerAdoptGapsTest, LateEntriesAfterWhereItBeganArePut) {
  make_known(2, {});
  put({1, 2});
  acknowledged(0, 2);
  notify_of(0, 0, 6, 6);
  looked(start(0, JobKind::kDiscover, {3, 6}), {}, true);
  expect_event(EventKind::kGap, {3, 5});
  recorded(start(0, JobKind::kRecordGap, {3, 5}), true);
  put({6, 6});
  acknowledged(0, 6);
  notify_of(0, 0, 3, 6);
  looked(start_late(JobKind::kDiscover, {3, 5}), {}, true);
  const Job late = start_late(JobKind::kArchive, {3, 4});
  EXPECT_EQ(late.epoch, kEpoch);
  finish(late);
  EXPECT_EQ(start_late(JobKind::kArchive, {5, 5}).epoch, kEpoch);
}

// A record whose answer was lost began it all the same.
TEST_F(SchedulerAdoptGapsTest, AfterARecordWhoseAnswerWasLostItsEntriesMayBePut) {
  const Job record = lose_before_it_begins();
  finish(record, Outcome::kEntryFailed);
  raised();
  pass(kMaxMs);
  const Job again = start(0, JobKind::kRecordGap, {4, 9});
  recorded(again, true);
  put({10, 11});
  put({12, 12});
  acknowledged(0, 12);
  notify_of(0, 0, 4, 12);
  looked(start_late(JobKind::kDiscover, {4, 9}), {}, true);
  EXPECT_EQ(start_late(JobKind::kArchive, {4, 5}).epoch, kEpoch);
}

// What a run before knew as lost, and this run's low lies after it.
TEST_F(SchedulerAdoptGapsTest, AGapBeforeTheFirstLookIsRecordedBeforeAnythingIsAdopted) {
  notify_of(0, 0, 10, 12);
  claim();
  looked(start(0, JobKind::kDiscover, {10, 12}), {of_parent({10, 12}, 4)}, false, Range{7, 9});
  expect_event(EventKind::kGap, {7, 9});
  const Job record = start(0, JobKind::kRecordGap, {7, 9});
  EXPECT_FALSE(record.own);
  recorded(record, false);
  equal({10, 12}, 4);
  acknowledged(0, 12);
  expect_no_job();
}

}  // namespace
}  // namespace tidemark::core
