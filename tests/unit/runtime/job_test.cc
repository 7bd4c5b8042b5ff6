// Jobs that meet what is in the sink already: what is read, what counts, and what an operator is told.
#include "runtime/job.h"

#include "base/sha256.h"
#include "base/wall_clock.h"
#include "codec/coded_object.h"
#include "format/footer.h"
#include "runtime/job_fixture.h"
#include "store/store.h"

namespace tidemark::runtime {
namespace {

using core::JobKind;
using core::Outcome;

TEST_F(JobTest, WhatAPutFindsThereIsRead) {
  expect_done(archive({1, 1}));
  const JobDone again = archive({1, 1});
  expect_done(again);
  EXPECT_EQ(again.result.put_us, 0U);
  EXPECT_EQ(fake_.gets, 1);
  object({1, 1})[600] ^= 1;
  expect_damaged(archive({1, 1}));
}

TEST_F(JobTest, AnArchiveSaysWhenItWasMade) {
  const int64_t before_us = wall_clock_us();
  expect_done(archive({1, 1}));
  const std::string first = object({1, 1});
  const auto footer =
      parse_footer(ObjectKind::kArchive, std::string_view(first).substr(first.size() - kFooterSize), nullptr);
  ASSERT_TRUE(footer);
  EXPECT_GE(footer->made_us, before_us);
  EXPECT_LE(footer->made_us, wall_clock_us());
  // Made again at another time it is still the same archive.
  expect_done(archive({1, 1}));
  EXPECT_EQ(object({1, 1}), first);
}

// Else each of their files is opened again while they are encoded. Large ones were cut too, to an archive
// each.
TEST_F(JobTest, OnlyBatchesOfSmallEntriesAreCutToTheMemory) {
  for (Lsn lsn = 11; lsn <= 70; ++lsn) test::write_file(dir_ / std::to_string(lsn), "small");
  limits_.batch = {16 << 20, 48 << 10};
  const JobDone small = archive({11, 70});
  expect_done(small);
  EXPECT_GT(small.result.through, 50U);
  EXPECT_LT(small.result.through, 60U);
  EXPECT_LE(object({11, small.result.through}).size(), 48U << 10U);
  limits_.batch.held_bytes = 8 << 10;
  EXPECT_EQ(archive({1, 4}).result.through, 4U);
  limits_.batch.most_bytes = 8 << 10;
  EXPECT_EQ(archive({2, 4}).result.through, 2U);
}

// An empty range, or one that was archived by another run: its end is acknowledged without any other look.
TEST_F(JobTest, WhatIsAcknowledgedAtOnceIsProvedDurableFirst) {
  for (const Range range : {Range{1, 1}, Range{2, 3}}) expect_done(archive(range));
  for (const bool check_older : {true, false}) {
    core::Job job = job_of(JobKind::kDiscover, {4, 3});
    job.check_older = job.first_look = check_older;
    fake_.proved.clear();
    expect_done(run(job));
    EXPECT_TRUE(fake_.proved.empty()) << "nobody asked";
    job.asked = true;
    expect_done(run(job));
    EXPECT_EQ(fake_.proved.size(), 2U);
    fake_.fail_head = TIDEMARK_E_RETRYABLE;
    EXPECT_EQ(run(job).result.outcome, Outcome::kSinkFailed);
    fake_.fail_head = TIDEMARK_E_NOT_FOUND;  // removed meanwhile: to be listed again
    EXPECT_EQ(run(job).result.outcome, Outcome::kSinkFailed);
    fake_.fail_head = TIDEMARK_OK;
  }
}

TEST_F(JobTest, ByTheFooterAlone) {
  limits_.verify_depth = store::Depth::kFooter;
  expect_done(archive({1, 1}));
  std::string& there = object({1, 1});
  const std::string good = there;
  there[600] ^= 1;
  expect_done(archive({1, 1}));
  const JobDone verified = verify({1, 1});
  expect_done(verified);
  EXPECT_EQ(verified.result.size_bytes, kFooterSize);
  there = good.substr(0, 512) + good.substr(good.size() - 512);
  expect_damaged(archive({1, 1}));
  expect_damaged(verify({1, 1}));
}

// Reading a large archive takes its time; the host may have its entry back meanwhile.
TEST_F(JobTest, TheEntriesGoBackBeforeTheSinkIsRead) {
  expect_done(archive({1, 3}));
  fake_.on_get = [&] { EXPECT_EQ(on_loan_, 0); };
  expect_done(verify({1, 3}));
  expect_done(archive({1, 3}));
  EXPECT_EQ(fake_.gets, 2);
  EXPECT_EQ(acquired_, 9);
}

TEST_F(JobTest, DamageIsToldFromAnotherHistory) {
  expect_done(archive({2, 2}));
  commit(2, 'z');
  expect_conflict(verify({2, 2}), TIDEMARK_E_EXISTS, "holds other content");
  expect_conflict(archive({2, 2}), TIDEMARK_E_EXISTS, "nothing was overwritten");
  object({2, 2})[600] ^= 1;
  expect_damaged(verify({2, 2}));
  object({2, 2}).clear();
  expect_damaged(verify({2, 2}));
}

TEST_F(JobTest, OfADamagedBatchNothingCounts) {
  expect_done(archive({1, 4}));
  object({1, 4})[object({1, 4}).size() - 2000] ^= 1;
  for (const store::Depth depth : {store::Depth::kFull, store::Depth::kFooter}) {
    limits_.verify_depth = depth;
    expect_damaged(verify({1, 4}, {2, 3}), false);
  }
  limits_.verify_depth = store::Depth::kFull;
  fake_.gets = 0;
  expect_damaged(verify({1, 4}));
  EXPECT_EQ(fake_.gets, 1) << "read once";
}

TEST_F(JobTest, OfABatchWithOtherContentWhatIsEqualCounts) {
  for (const store::Depth depth : {store::Depth::kFull, store::Depth::kFooter}) {
    limits_.verify_depth = depth;
    expect_done(archive({1, 4}));
    commit(3, 'z');
    const JobDone first = verify({1, 4});
    expect_done(first);
    EXPECT_EQ(first.result.through, 2U);
    expect_conflict(verify({1, 4}, {3, 4}), TIDEMARK_E_EXISTS, "entry 3");
    commit(3, 'd');
  }
}

// Too large to be held whole: digested as they are streamed.
TEST_F(JobTest, OfABatchOfLargeEntriesEachIsCompared) {
  constexpr size_t kLargeBytes = 3 << 20;
  for (const Lsn lsn : {1, 2}) test::write_file(dir_ / std::to_string(lsn), std::string(kLargeBytes, 'x'));
  expect_done(archive({1, 2}));
  lose(1);
  expect_done(verify({1, 2}, {2, 2}));
  test::write_file(dir_ / "2", std::string(kLargeBytes, 'y'));
  expect_conflict(verify({1, 2}, {2, 2}), TIDEMARK_E_EXISTS, "entry 2");
}

// There is nothing to compare it with; it has to be what it says all the same.
TEST_F(JobTest, AnArchiveWhoseEntryIsGone) {
  expect_done(archive({1, 1}));
  lose(1);
  EXPECT_EQ(verify({1, 1}).result.outcome, Outcome::kMissing);
  expect_done(verify({1, 1}, 1));
  object({1, 1})[600] ^= 1;
  expect_damaged(verify({1, 1}, 1), false);
  limits_.verify_depth = store::Depth::kFooter;
  expect_done(verify({1, 1}, 1));
  object({1, 1}).resize(600);
  expect_damaged(verify({1, 1}, 1), false);
}

class PacedJobTest : public JobTest {
 protected:
  PacedJobTest() { limits_.verify_depth = store::Depth::kFull; }
  JobDone run_paced(const core::Job& job) {
    JobRunner runner(host_, metrics_, metrics_.stages(0), sources_, paced_, limits_,
                     {codec_.encoding, codec_.keys}, nullptr, cancelled_);
    return runner.run({job, {&storage_, 7}, sink_});
  }
  ReadPace paced_{1};  // a byte a second
};

TEST_F(PacedJobTest, WhoMustWaitComesAgainLaterAndHoldsNothing) {
  expect_done(archive({1, 1}));
  core::Job job = job_of(JobKind::kVerify, {1, 1});
  job.part = job.range;
  const JobDone read = run_paced(job);
  expect_done(read);
  EXPECT_EQ(read.result.size_bytes, object({1, 1}).size());
  const int before = acquired_;
  const JobDone deferred = run_paced(job);
  EXPECT_EQ(deferred.result.outcome, Outcome::kDeferred);
  EXPECT_GT(deferred.result.retry_after_ms, 1000U);
  EXPECT_EQ(deferred.error.message, "");
  EXPECT_EQ(acquired_, before);
  EXPECT_EQ(fake_.gets, 1);
  limits_.verify_depth = store::Depth::kFooter;
  expect_done(run_paced(job));
}

// Its LSNs are held, so it is not put again; and it counts for nothing, because nobody here can read it.
TEST_F(JobTest, WhatNobodyCanReadHereIsSaidByName) {
  expect_done(archive({1, 3}));
  fake_.objects.clear();
  const ParsedKey sealed{storage_, 7, {{1, 3}, ObjectKind::kArchive, 1, Coding::kAge}};
  const std::string key = object_key(storage_, 7, sealed.name);
  fake_.objects[key] = test::coded_object(sealed, std::string(4096, 't'));
  const JobDone looked = run(job_of(JobKind::kDiscover, {1, 3}));
  expect_done(looked);
  EXPECT_EQ(looked.result.archives, std::vector<core::Found>({{{1, 3}, {1, 3}, kFirstEpoch, Coding::kAge}}));
  core::Job job = job_of(JobKind::kVerify, {1, 3});
  job.part = job.range;
  job.coding = Coding::kAge;
  const JobDone whole = run(job);
  EXPECT_EQ(whole.result.outcome, Outcome::kObjectFailed);
  EXPECT_TRUE(whole.result.sealed);
  EXPECT_EQ(whole.error.status, TIDEMARK_E_SEALED);
  EXPECT_EQ(whole.error.message.find(key + ": its tag was made with the tag key"), 0U) << whole.error.message;
  job.part = {2, 3};
  const JobDone part = run(job);
  EXPECT_TRUE(part.result.sealed);
  EXPECT_EQ(part.error.message.find(key + ": it is encrypted, and no identity"), 0U) << part.error.message;
  fake_.objects.clear();
  EXPECT_EQ(verify({1, 3}).error.status, TIDEMARK_E_NOT_FOUND);
}

class SealedJobTest : public JobTest {
 protected:
  // An encrypted archive of [1,3] as the host has them, and the key of its tag, but no identity.
  SealedJobTest() {
    expect_done(archive({1, 3}));
    const std::string plain = object({1, 3});
    fake_.objects.clear();
    const ParsedKey sealed{storage_, 7, {{1, 3}, ObjectKind::kArchive, 1, Coding::kAge}};
    key_ = object_key(storage_, 7, sealed.name);
    fake_.objects[key_] = test::coded_object(sealed, plain.substr(0, plain.size() - kFooterSize));
    codec_.keys = test::keys_of({}, test::kTagKey);
  }
  JobDone verify(Range part, Lsn accept_missing_through = kNoLsn) {
    core::Job job = job_of(JobKind::kVerify, {1, 3});
    job.part = part;
    job.coding = Coding::kAge;
    job.accept_missing_through = accept_missing_through;
    return run(job);
  }
  static void expect_sealed(const JobDone& done) {
    EXPECT_EQ(done.result.outcome, Outcome::kObjectFailed);
    EXPECT_TRUE(done.result.sealed) << done.error.message;
    EXPECT_FALSE(done.result.conflict);
  }
  std::string key_;
};

TEST_F(SealedJobTest, APartIsComparedByAllOfIt) {
  expect_done(verify({1, 3}));
  expect_done(verify({2, 3}));
  expect_done(verify({1, 2}));
  commit(3, 'x');
  const JobDone whole = verify({1, 3});
  EXPECT_TRUE(whole.result.conflict && whole.result.sealed)
      << "some of it differs, and nobody can tell which";
  EXPECT_EQ(whole.error.status, TIDEMARK_E_EXISTS) << whole.error.message;
  expect_sealed(verify({1, 2}));
  lose(3);
  expect_sealed(verify({1, 2}, 3));
}

// The engine had been told of it and pruned it.
TEST_F(SealedJobTest, WhatTheHostNoLongerHasCounts) {
  lose(1);
  expect_sealed(verify({1, 3}));
  const JobDone first = verify({1, 3}, 3);
  expect_done(first);
  EXPECT_EQ(first.result.through, 1U);
  expect_sealed(verify({2, 3}, 3));
  lose(2);
  lose(3);
  const JobDone most = verify({1, 3}, 2);
  expect_done(most);
  EXPECT_EQ(most.result.through, 2U);
  EXPECT_EQ(verify({1, 3}, 3).result.through, 3U);
  fake_.objects[key_][600] ^= 1;
  expect_damaged(verify({1, 3}, 3), false);
}

// Of the budget, though nothing is compressed here.
TEST_F(JobTest, WhoDecodesHasMemoryForIt) {
  expect_done(archive({1, 3}));
  const std::string plain = object({1, 3});
  const ParsedKey coded{storage_, 7, {{1, 3}, ObjectKind::kArchive, 1, Coding::kZstd}};
  fake_.objects.clear();
  fake_.objects[object_key(storage_, 7, coded.name)] =
      test::coded_object(coded, plain.substr(0, plain.size() - kFooterSize));
  uint32_t most = 0;
  fake_.on_get = [&] { most = std::max(most, sources_.decoders().in_use); };
  core::Job job = job_of(JobKind::kVerify, {1, 3});
  job.part = job.range;
  job.coding = Coding::kZstd;
  expect_done(run(job));
  EXPECT_EQ(most, 1U);
  EXPECT_EQ(sources_.decoders().in_use, 0U);
  job.part = {2, 3};
  most = 0;
  expect_done(run(job));
  EXPECT_EQ(most, 1U);
  EXPECT_EQ(sources_.decoders().in_use, 0U);
  // By the footer alone nothing is decoded.
  job.part = job.range;
  limits_.verify_depth = store::Depth::kFooter;
  most = 0;
  expect_done(run(job));
  EXPECT_EQ(most, 0U);
}

// It was sent already; what the look back costs, others wait for.
TEST_F(PacedJobTest, APutThatFindsSomethingIsNotDeferredButCounts) {
  expect_done(archive({1, 1}));
  expect_done(run_paced(job_of(JobKind::kArchive, {1, 1})));
  expect_done(run_paced(job_of(JobKind::kArchive, {1, 1})));
  core::Job job = job_of(JobKind::kVerify, {1, 1});
  job.part = job.range;
  EXPECT_EQ(run_paced(job).result.outcome, Outcome::kDeferred);
}

TEST_F(JobTest, StopEndsTheReading) {
  expect_done(archive({1, 1}));
  fake_.on_get = [&] { cancelled_ = true; };
  EXPECT_EQ(verify({1, 1}).result.outcome, Outcome::kCancelled);
  cancelled_ = false;
  EXPECT_EQ(archive({1, 1}).result.outcome, Outcome::kCancelled);
}

// "It exists", and then "there is no such object": neither alone tells what is wrong.
TEST_F(JobTest, WhatAPutFoundAndNobodyElseFindsIsToldWhole) {
  fake_.puts_find_something = true;
  const JobDone done = archive({1, 1});
  EXPECT_EQ(done.result.outcome, Outcome::kObjectFailed);
  EXPECT_EQ(done.error.status, TIDEMARK_E_NOT_FOUND);
  const size_t put = done.error.message.find("exists; but it is not there: ");
  EXPECT_NE(put, std::string::npos) << done.error.message;
  EXPECT_NE(done.error.message.find("no such object", put), std::string::npos) << done.error.message;
}

TEST_F(JobTest, ASinkThatFailsIsTheSinksFailure) {
  expect_done(archive({1, 1}));
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  EXPECT_EQ(verify({1, 1}).result.outcome, Outcome::kSinkFailed);
  EXPECT_EQ(archive({1, 1}).result.outcome, Outcome::kSinkFailed);
  fake_.fail_get = TIDEMARK_E_THROTTLED;
  EXPECT_EQ(verify({1, 1}).result.outcome, Outcome::kSinkThrottled);
}

TEST_F(JobTest, AGapRecordThatIsThereIsReadToo) {
  const core::Job job = job_of(JobKind::kRecordGap, {5, 8});
  expect_done(run(job));
  expect_done(run(job));
  EXPECT_EQ(fake_.gets, 1);
  std::string& there = object({5, 8}, ObjectKind::kGap);
  const std::string good = there;
  there[20] ^= 1;
  expect_damaged(run(job));
  there = good + "x";
  expect_damaged(run(job));
  there.clear();
  expect_damaged(run(job));
}

}  // namespace
}  // namespace tidemark::runtime
