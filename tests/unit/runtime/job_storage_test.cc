// Jobs where histories are told apart: claims and watches, and what is written under which epoch.
#include "format/footer.h"
#include "runtime/job_fixture.h"
#include "store/epochs.h"
#include "store/record.h"

namespace tidemark::runtime {
namespace {

using core::JobKind;
using core::Outcome;

class JobStorageTest : public JobTest {
 protected:
  JobStorageTest() { open(); }

  void open() {
    lineage_.reset();
    auto file = lineage::LineageFile::open(path_, lineage::IfMissing::kMake);
    ASSERT_TRUE(file) << file.error().message;
    owner_ = (*file)->owner();
    lineage_ = std::make_unique<Lineage>(std::move(*file));
  }
  JobDone claim() { return run(job_of(JobKind::kClaim, {})); }
  // Epochs 1 to `epoch`, each continuing the one before, are claimed.
  void claim_through(uint64_t epoch) {
    for (uint64_t next = 1; next <= epoch; ++next) {
      const JobDone done = claim();
      expect_done(done);
      ASSERT_EQ(done.result.epoch, next);
    }
  }
  void put_epoch(uint64_t epoch, uint64_t parent, const Id& owner) {
    const Claim how = parent == 0 ? Claim::kFirst : Claim::kRestart;
    const EpochRecord record = {5, owner, {77}, parent, how, "node-9", {}};
    fake_.objects[store::epoch_key(storage_, epoch)] = *store::format_epoch_record(record, storage_, epoch);
  }
  static void expect_refused(const JobDone& done, tidemark_status status, bool is_superseded) {
    EXPECT_EQ(done.result.outcome, Outcome::kObjectFailed) << done.error.message;
    EXPECT_EQ(done.error.status, status) << done.error.message;
    EXPECT_EQ(done.result.superseded, is_superseded);
    EXPECT_FALSE(done.result.conflict);
  }
  JobDone run_of(uint64_t epoch, core::Job job) {
    job.epoch = epoch;
    return run(job);
  }
  JobDone record_gap(uint64_t epoch, Range gap, bool own) {
    core::Job job = job_of(JobKind::kRecordGap, gap);
    job.own = own;
    return run_of(epoch, job);
  }
  std::string key(uint64_t epoch, Range range, ObjectKind kind = ObjectKind::kArchive) const {
    return object_key(storage_, 7, {range, kind, epoch});
  }
  // In the partition.
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& [key, bytes] : fake_.objects)
      if (key.starts_with(storage_ + "/7/")) result.push_back(key);
    return result;
  }
  // What is there is what its name says, and of this epoch.
  void expect_footer(uint64_t epoch, Range range, ObjectKind kind = ObjectKind::kArchive) {
    const std::string name = key(epoch, range, kind);
    ASSERT_TRUE(fake_.objects.contains(name)) << name;
    const std::string_view bytes = fake_.objects[name];
    std::string problem;
    const auto footer = parse_footer(kind, bytes.substr(bytes.size() - kFooterSize), &problem);
    ASSERT_TRUE(footer) << problem;
    EXPECT_EQ(footer->epoch, epoch);
    EXPECT_EQ(footer->range, range);
    EXPECT_EQ(key_of(*footer), name);
  }

  const std::string path_ = dir_ / "lineage";
  Id owner_;
};

// ---- Claims and watches -------------------------------------------------------------------------

TEST_F(JobStorageTest, AClaimGivesTheEpochAndALineForTheLog) {
  const JobDone first = claim();
  expect_done(first);
  EXPECT_EQ(first.result.epoch, 1U);
  EXPECT_EQ(first.notice, "epoch 1 of db is claimed");
  EXPECT_FALSE(first.is_suspicious);
  EXPECT_EQ(lineage_->chain("db").text(), "1");
  open();
  const JobDone second = claim();
  expect_done(second);
  EXPECT_EQ(second.result.epoch, 2U);
  EXPECT_EQ(second.notice, "epoch 2 of db is claimed, it continues epoch 1");
  EXPECT_EQ(lineage_->chain("db").text(), "1-2");
  fake_.objects.clear();
  EXPECT_TRUE(claim().is_suspicious);
  EXPECT_EQ(lineage_->chain("db").text(), "1");
}

TEST_F(JobStorageTest, WhoseTheTroubleOfAClaimIs) {
  claim_through(1);
  for (const char* verb : {"list", "get", "put"}) {
    const auto claim_with = [&](tidemark_status status) {
      fake_.refuse = [=](std::string_view asked) { return asked == verb ? status : TIDEMARK_OK; };
      return claim().result.outcome;
    };
    EXPECT_EQ(claim_with(TIDEMARK_E_RETRYABLE), Outcome::kSinkFailed);
    EXPECT_EQ(claim_with(TIDEMARK_E_THROTTLED), Outcome::kSinkThrottled);
    EXPECT_EQ(claim_with(TIDEMARK_E_PERMANENT), Outcome::kObjectFailed);
    fake_.refuse = nullptr;
  }
  std::filesystem::remove(path_ + ".tmp");
  std::filesystem::create_directory(path_ + ".tmp");
  const JobDone unwritable = claim();
  EXPECT_EQ(unwritable.result.outcome, Outcome::kEntryFailed);
  EXPECT_NE(unwritable.error.message.find(path_), std::string::npos);
  std::filesystem::remove(path_ + ".tmp");
  cancelled_ = true;
  EXPECT_EQ(claim().result.outcome, Outcome::kCancelled);
  cancelled_ = false;
  EXPECT_EQ(lineage_->chain("db").text(), "1");

  fake_.objects[store::epoch_key("db", 2)] = "cut";
  expect_refused(claim(), TIDEMARK_E_CORRUPT, false);
  put_epoch(2, 1, {9});
  expect_refused(claim(), TIDEMARK_E_INVALID, false);
  put_epoch(2, 1, owner_);
  expect_refused(claim(), TIDEMARK_E_INVALID, true);
}

TEST_F(JobStorageTest, AWatchSaysThatItIsSuperseded) {
  claim_through(2);
  const core::Job watch = job_of(JobKind::kWatch, {});
  const JobDone before = run_of(2, watch);
  expect_done(before);
  EXPECT_FALSE(before.result.superseded);
  EXPECT_EQ(before.error.message, "");
  put_epoch(3, 1, owner_);
  const JobDone after = run_of(2, watch);
  expect_done(after);
  EXPECT_TRUE(after.result.superseded);
  EXPECT_NE(after.error.message.find(store::epoch_key("db", 3)), std::string::npos) << after.error.message;
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  EXPECT_EQ(run_of(2, watch).result.outcome, Outcome::kSinkFailed);
}

// Each streak once, whatever it is that fails: the archiver continues meanwhile, and nobody else would say
// it.
TEST_F(JobStorageTest, AWatchThatFailsIsReportedOnce) {
  claim_through(1);
  const core::Job watch = job_of(JobKind::kWatch, {});
  for (const tidemark_status status : {TIDEMARK_E_PERMANENT, TIDEMARK_E_RETRYABLE}) {
    fake_.fail_list = status;
    const JobDone first = run_of(1, watch);
    EXPECT_NE(first.notice.find("whether another host has taken it over cannot be seen: list"),
              std::string::npos)
        << first.notice;
    EXPECT_TRUE(first.is_suspicious);
    EXPECT_EQ(run_of(1, watch).notice, "");
    fake_.fail_list = TIDEMARK_OK;
    const JobDone again = run_of(1, watch);
    EXPECT_NE(again.notice.find("is seen again"), std::string::npos) << again.notice;
    EXPECT_FALSE(again.is_suspicious);
    EXPECT_EQ(run_of(1, watch).notice, "");
  }
  fake_.fail_list = TIDEMARK_E_CANCELLED;
  cancelled_ = true;
  EXPECT_EQ(run_of(1, watch).notice, "");
}

// One after the other, with each look the next; and then again.
TEST_F(JobStorageTest, WatchesProveAllRecordsThatThisHistoryGoesBackTo) {
  claim_through(4);
  const core::Job watch = job_of(JobKind::kWatch, {});
  const auto whole = fake_.objects;
  for (int round = 0; round < 2; ++round) {
    for (const uint64_t epoch : {2, 3}) {
      fake_.objects.erase(store::epoch_key("db", epoch));
      int looks = 1;
      while (!run_of(4, watch).result.epoch_gone && looks < 10) ++looks;
      EXPECT_LE(looks, 4) << epoch;
      fake_.objects = whole;
    }
  }
}

// ---- Archives -----------------------------------------------------------------------------------

TEST_F(JobStorageTest, AnArchiveSaysItsEpochInNameAndFooter) {
  claim_through(3);
  expect_done(run_of(1, job_of(JobKind::kArchive, {1, 1})));
  expect_done(run_of(3, job_of(JobKind::kArchive, {2, 4})));
  EXPECT_EQ(keys(),
            (std::vector<std::string>{"db/7/0000000000001.tar", "db/7/0000000000004-0000000000002.e3.tar"}));
  expect_footer(1, {1, 1});
  expect_footer(3, {2, 4});
  // What is there of the same epoch is compared; what another has is not looked at.
  const JobDone again = run_of(3, job_of(JobKind::kArchive, {2, 4}));
  expect_done(again);
  EXPECT_EQ(again.result.put_us, 0U);
  commit(1, 'z');
  expect_done(run_of(3, job_of(JobKind::kArchive, {1, 1})));
  expect_footer(3, {1, 1});
  commit(2, 'z');
  expect_conflict(run_of(3, job_of(JobKind::kArchive, {2, 4})), TIDEMARK_E_EXISTS, key(3, {2, 4}));
}

TEST_F(JobStorageTest, OfAParentsArchiveThePartThatCountsIsCompared) {
  claim_through(2);
  expect_done(run_of(1, job_of(JobKind::kArchive, {1, 4})));
  commit(3, 'z');
  core::Job job = job_of(JobKind::kVerify, {1, 4});
  job.part = {1, 2};
  const JobDone equal = run_of(1, job);
  expect_done(equal);
  EXPECT_EQ(equal.result.through, 2U);
  job.part = {3, 4};
  expect_conflict(run_of(1, job), TIDEMARK_E_EXISTS, "entry 3");
  EXPECT_EQ(run_of(2, job).error.status, TIDEMARK_E_NOT_FOUND) << "under that epoch there is none";
}

// Archives and records alike, whatever else is there.
TEST_F(JobStorageTest, WithoutALineageFileNothingIsPutBesideALaterEpoch) {
  claim_through(2);
  expect_done(run_of(1, job_of(JobKind::kArchive, {1, 1})));
  expect_done(run_of(2, job_of(JobKind::kArchive, {2, 2})));
  expect_done(record_gap(2, {3, 3}, true));
  lineage_.reset();
  for (const std::string& name : {key(2, {2, 2}), key(2, {3, 3}, ObjectKind::kGap)}) {
    for (const bool check_older : {false, true}) {
      core::Job job = job_of(JobKind::kDiscover, {check_older ? Lsn{4} : Lsn{1}, 4});
      job.check_older = job.first_look = check_older;
      const JobDone refused = run(job);
      EXPECT_EQ(refused.result.outcome, Outcome::kObjectFailed);
      EXPECT_FALSE(refused.result.conflict);
      EXPECT_EQ(refused.error.status, TIDEMARK_E_UNSUPPORTED);
      EXPECT_EQ(refused.error.message.find(name + ": "), 0U) << refused.error.message;
      EXPECT_NE(refused.error.message.find("needs the option lineage_file"), std::string::npos);
    }
    fake_.objects.erase(name);
  }
  expect_done(run(job_of(JobKind::kDiscover, {1, 4})));
}

// ---- Looks --------------------------------------------------------------------------------------

TEST_F(JobStorageTest, ALookFindsWhatCountsInTheChain) {
  claim_through(3);
  expect_done(run_of(1, job_of(JobKind::kArchive, {1, 4})));
  expect_done(run_of(2, job_of(JobKind::kArchive, {3, 3})));
  fake_.objects[key(9, {2, 2})] = "another history's";
  JobDone look = run_of(3, job_of(JobKind::kDiscover, {1, 4}));
  expect_done(look);
  EXPECT_EQ(look.result.archives, (std::vector<core::Found>{{{3, 3}, {3, 3}, 2, Coding::kNone},
                                                            {{1, 4}, {1, 2}, 1, Coding::kNone}}));
  EXPECT_FALSE(look.result.begun);
  expect_done(run_of(3, job_of(JobKind::kArchive, {4, 4})));
  look = run_of(3, job_of(JobKind::kDiscover, {1, 4}));
  EXPECT_TRUE(look.result.begun);
  EXPECT_EQ(look.result.archives.back().epoch, 3U);
}

TEST_F(JobStorageTest, WhereAPartitionBeginsIsOfTheEpoch) {
  claim_through(2);
  fake_.objects[key(9, {1, 1})] = "another history's";
  core::Job job = job_of(JobKind::kDiscover, {3, 4});
  job.check_older = job.first_look = true;
  const JobDone look = run_of(2, job);
  expect_done(look);
  EXPECT_EQ(look.begins_at, 3U);
  EXPECT_FALSE(look.result.begun) << "an origin begins no epoch";
  expect_footer(2, {1, 2}, ObjectKind::kOrigin);
}

// ---- Gap records --------------------------------------------------------------------------------

TEST_F(JobStorageTest, AGapRecordOfItsOwnEpochNeedsNoLook) {
  claim_through(2);
  expect_done(run_of(1, job_of(JobKind::kArchive, {4, 4})));
  fake_.lists = 0;
  const JobDone done = record_gap(2, {2, 3}, true);
  expect_done(done);
  EXPECT_TRUE(done.result.begun);
  EXPECT_EQ(fake_.lists, 0);
  expect_footer(2, {2, 3}, ObjectKind::kGap);
  const JobDone again = record_gap(2, {2, 3}, true);
  expect_done(again);
  EXPECT_TRUE(again.result.begun);
  EXPECT_EQ(keys().size(), 2U);
}

TEST_F(JobStorageTest, AGapRecordIsOfTheEpochThatRulesAfterIt) {
  claim_through(4);
  expect_done(run_of(1, job_of(JobKind::kArchive, {1, 1})));
  expect_done(run_of(2, job_of(JobKind::kArchive, {4, 4})));
  const JobDone of_parent = record_gap(4, {2, 3}, false);
  expect_done(of_parent);
  EXPECT_FALSE(of_parent.result.begun);
  expect_footer(2, {2, 3}, ObjectKind::kGap);
  // The history stays as it was.
  const JobDone look = run_of(4, job_of(JobKind::kDiscover, {4, 4}));
  EXPECT_EQ(look.result.archives, (std::vector<core::Found>{{{4, 4}, {4, 4}, 2, Coding::kNone}}));
  // After this one there is nothing.
  const JobDone own = record_gap(4, {5, 8}, false);
  expect_done(own);
  EXPECT_TRUE(own.result.begun);
  expect_footer(4, {5, 8}, ObjectKind::kGap);
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  EXPECT_EQ(record_gap(4, {9, 9}, false).result.outcome, Outcome::kSinkFailed);
  EXPECT_EQ(keys().size(), 4U);
}

// What begins an epoch says so within as many LSNs as an archive may have.
TEST_F(JobStorageTest, ALongGapIsRecordedInTwo) {
  claim_through(2);
  const Lsn first = 5;
  const Lsn last = first + kArchiveEntriesMax - 1;
  expect_done(record_gap(2, {first, last}, true));
  EXPECT_EQ(keys(), (std::vector<std::string>{key(2, {first, last}, ObjectKind::kGap)}));
  fake_.objects.erase(keys()[0]);
  for (const Lsn end : {last + 1, last + 2, 3 * last, kEveryLsn - 1}) {
    const JobDone done = record_gap(2, {first, end}, true);
    expect_done(done);
    EXPECT_TRUE(done.result.begun);
    EXPECT_EQ(keys().size(), 2U) << end;
    expect_footer(2, {first, last}, ObjectKind::kGap);
    expect_footer(2, {last + 1, end}, ObjectKind::kGap);
    // As after a kill between the two.
    fake_.objects.erase(key(2, {last + 1, end}, ObjectKind::kGap));
    expect_done(record_gap(2, {first, end}, true));
    expect_footer(2, {last + 1, end}, ObjectKind::kGap);
    fake_.objects.erase(key(2, {last + 1, end}, ObjectKind::kGap));
  }
  // The beginning first.
  fake_.objects.erase(key(2, {first, last}, ObjectKind::kGap));
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  fake_.puts = 0;
  EXPECT_EQ(record_gap(2, {first, 2 * last}, true).result.outcome, Outcome::kSinkFailed);
  EXPECT_EQ(fake_.puts, 1);
}

TEST_F(JobStorageTest, WithoutALineageFileALongGapIsOneRecord) {
  lineage_.reset();
  expect_done(run(job_of(JobKind::kRecordGap, {5, 50'000})));
  EXPECT_EQ(keys(), (std::vector<std::string>{key(1, {5, 50'000}, ObjectKind::kGap)}));
}

}  // namespace
}  // namespace tidemark::runtime
