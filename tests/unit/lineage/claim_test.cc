// Claims at a sink: which requests are made, what is remembered when, and what an operator is told.
#include "lineage/claim.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "format/record.h"
#include "lineage/watch.h"
#include "store/epochs.h"
#include "store/maintenance_fixture.h"

namespace tidemark::lineage {
namespace {

class LineageClaimTest : public store::MaintenanceTest {
 protected:
  LineageClaimTest() { open(); }

  void open() {
    file_.reset();
    auto file = LineageFile::open(path_, IfMissing::kMake);
    ASSERT_TRUE(file) << file.error().message;
    file_ = std::move(*file);
  }
  // The data directory as it is now; later another one, and its copy.
  std::string saved() const { return test::read_file(path_); }
  void restore(const std::string& text) {
    file_.reset();
    test::write_file(path_, text);
    open();
  }

  Claimed claim() {
    count_from_here();
    return claim_epoch(fake_.sink(), "db", *file_, nullptr);
  }
  Claimed claim_ok() {
    Claimed claimed = claim();
    EXPECT_EQ(claimed.trouble, Trouble::kNone) << claimed.error.message;
    return claimed;
  }
  Result<Watched> watch(uint64_t own, uint64_t also = 0) {
    const Id owner = file_->owner();
    for (const core::RememberedEpoch& one : file_->remembered("db")) {
      if (one.epoch == own)
        return watch_epochs(fake_.sink(), "db", {owner, one.claim, one.chain, also}, nullptr);
    }
    return fail(TIDEMARK_E_INVALID, "it is not remembered");
  }
  Claimed take_over_of(uint64_t over, std::string_view reason = "the old host is gone") {
    count_from_here();
    return take_over(fake_.sink(), "db", *file_, {over, 0, reason}, nullptr);
  }
  Claimed restored_from(uint64_t epoch, uint64_t over) {
    return take_over(fake_.sink(), "db", *file_, {over, epoch, "the disk is lost"}, nullptr);
  }
  void expect_trouble(const Claimed& claimed, Trouble trouble, tidemark_status status,
                      const std::vector<std::string>& parts) const {
    EXPECT_EQ(claimed.trouble, trouble);
    EXPECT_EQ(claimed.error.status, status) << claimed.error.message;
    for (const std::string& part : parts)
      EXPECT_NE(claimed.error.message.find(part), std::string::npos) << part << ": " << claimed.error.message;
  }
  EpochRecord record(uint64_t epoch) {
    const auto record = store::read_epoch(fake_.sink(), "db", epoch, nullptr);
    EXPECT_TRUE(record) << record.error().message;
    return record ? *record : EpochRecord();
  }
  // Somebody with the same data.
  void put_epoch(uint64_t epoch, uint64_t parent, uint8_t claim, const Id& owner) {
    const Claim how = parent == 0 ? Claim::kFirst : Claim::kRestart;
    const EpochRecord record = {kNow, owner, {claim}, parent, how, "node-9", {}};
    fake_.objects[store::epoch_key("db", epoch)] = *store::format_epoch_record(record, "db", epoch);
  }
  // What the sink does when a record is put: `then` runs before, and its status is the answer.
  void at_put(std::function<tidemark_status()> then) {
    fake_.refuse = [this, then = std::move(then)](std::string_view verb) -> tidemark_status {
      if (verb != "put") return TIDEMARK_OK;
      const auto once = then;
      fake_.refuse = nullptr;  // and with it this
      return once();
    };
  }
  void count_from_here() { fake_.lists = fake_.gets = fake_.puts = 0; }
  std::vector<std::string> remembered() {
    std::vector<std::string> result;
    for (const core::RememberedEpoch& epoch : file_->remembered("db")) result.push_back(epoch.chain.text());
    return result;
  }

  std::string path_ = dir_ / "lineage";
  std::unique_ptr<LineageFile> file_;
};

TEST_F(LineageClaimTest, TheFirstOfAnArchive) {
  const Claimed claimed = claim_ok();
  EXPECT_EQ(claimed.epoch, 1U);
  EXPECT_EQ(claimed.chain.text(), "1");
  EXPECT_EQ(claimed.notice, "epoch 1 of db is claimed");
  EXPECT_FALSE(claimed.is_suspicious);
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_EQ(fake_.gets, 0);
  EXPECT_EQ(fake_.puts, 1);
  const EpochRecord there = record(1);
  EXPECT_EQ(there.owner, file_->owner());
  EXPECT_EQ(there.parent, 0U);
  EXPECT_EQ(there.how, Claim::kFirst);
  EXPECT_NE(there.host, "");
  EXPECT_EQ(there.reason, "");
  EXPECT_GT(there.made_us, 0);
  const auto remembered = file_->remembered("db");
  ASSERT_EQ(remembered.size(), 1U);
  EXPECT_EQ(remembered[0].claim, there.claim);
  EXPECT_EQ(remembered[0].archive, there.claim);
  EXPECT_EQ(remembered[0].epoch, 1U);
}

TEST_F(LineageClaimTest, ARestartContinuesWithAListingAReadAndAPut) {
  claim_ok();
  for (uint64_t epoch = 2; epoch <= 70; ++epoch) {
    open();
    const Claimed claimed = claim_ok();
    ASSERT_EQ(claimed.epoch, epoch);
    ASSERT_EQ(claimed.chain.text(), "1-" + std::to_string(epoch));
    ASSERT_FALSE(claimed.is_suspicious);
    ASSERT_EQ(fake_.lists, 1);
    ASSERT_EQ(fake_.gets, 1);
    ASSERT_EQ(fake_.puts, 1);
    ASSERT_LE(file_->remembered("db").size(), 2U);
  }
  const EpochRecord there = record(70);
  EXPECT_EQ(there.how, Claim::kRestart);
  EXPECT_EQ(there.parent, 69U);
  EXPECT_EQ(there.owner, record(1).owner);
  EXPECT_NE(there.claim, record(69).claim);
}

TEST_F(LineageClaimTest, WhatWasArchivedWithoutRecordsIsTheFirstEpochs) {
  add({1, 5});
  EXPECT_EQ(claim_ok().chain.text(), "1");
}

TEST_F(LineageClaimTest, EachStorageHasItsOwn) {
  claim_ok();
  EXPECT_EQ(claim_ok().epoch, 2U);
  EXPECT_EQ(claim_epoch(fake_.sink(), "metrics", *file_, nullptr).epoch, 1U);
  EXPECT_EQ(claim_ok().epoch, 3U);
}

TEST_F(LineageClaimTest, AnotherOwnersArchiveIsRefused) {
  put_epoch(1, 0, 1, {9});
  const std::string before = saved();
  expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_INVALID,
                 {"this archive belongs to another owner", store::epoch_key("db", 1), "node-9", hex(Id{9}),
                  hex(file_->owner()), path_, "wrong url or storage name", "bring that file back"});
  EXPECT_EQ(saved(), before);
  EXPECT_EQ(fake_.objects.size(), 1U);
}

TEST_F(LineageClaimTest, WhoWasRestoredIsSuperseded) {
  claim_ok();
  const std::string older = saved();
  claim_ok();
  restore(older);
  const size_t objects = fake_.objects.size();
  expect_trouble(claim(), Trouble::kSuperseded, TIDEMARK_E_INVALID,
                 {"superseded: " + store::epoch_key("db", 2), path_ + " remembers epoch 1",
                  "tidemark takeover URL db --lineage-file " + path_ + " --over 2 --reason TEXT"});
  EXPECT_EQ(fake_.objects.size(), objects);
  EXPECT_EQ(saved(), older);
}

// A clone that never archived this storage.
TEST_F(LineageClaimTest, WhoRemembersNothingIsSupersededToo) {
  put_epoch(1, 0, 1, file_->owner());
  expect_trouble(claim(), Trouble::kSuperseded, TIDEMARK_E_INVALID, {"remembers none"});
}

// ---- What happens in between --------------------------------------------------------------------

TEST_F(LineageClaimTest, WhoLosesTheRaceIsSuperseded) {
  claim_ok();
  at_put([&] {
    put_epoch(2, 1, 77, file_->owner());
    return TIDEMARK_OK;  // and so finds it
  });
  expect_trouble(claim(), Trouble::kSuperseded, TIDEMARK_E_INVALID,
                 {store::epoch_key("db", 2) + " was claimed on node-9"});
  EXPECT_EQ(record(2).claim, Id{77});
  // It stays so: what was remembered of the try is not what is there.
  open();
  EXPECT_EQ(claim().trouble, Trouble::kSuperseded);
}

TEST_F(LineageClaimTest, WhoLosesTheRaceForTheFirstIsRefused) {
  at_put([&] {
    put_epoch(1, 0, 77, {9});
    return TIDEMARK_OK;
  });
  EXPECT_EQ(claim().trouble, Trouble::kRefused);
}

// The put before was given up and gets there late: it is known again, and the next number is taken.
TEST_F(LineageClaimTest, AnEarlierTryOfOursThatGotThereIsContinued) {
  claim_ok();
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  EXPECT_EQ(claim().trouble, Trouble::kSink);
  fake_.refuse = nullptr;
  const core::RememberedEpoch tried = file_->remembered("db").back();
  EXPECT_EQ(tried.epoch, 2U);
  at_put([&] {
    const EpochRecord record = {kNow, file_->owner(), tried.claim, 1, Claim::kRestart, "node-1", {}};
    fake_.objects[store::epoch_key("db", 2)] = *store::format_epoch_record(record, "db", 2);
    return TIDEMARK_OK;
  });
  const Claimed claimed = claim_ok();
  EXPECT_EQ(claimed.epoch, 3U);
  EXPECT_EQ(claimed.chain.text(), "1-3");
  EXPECT_EQ(record(3).parent, 2U);
}

// The same without a race; and after a kill between the two.
TEST_F(LineageClaimTest, ATryThatGotThereAfterAllIsContinued) {
  fake_.stores_nothing = true;
  claim_ok();
  fake_.stores_nothing = false;
  const core::RememberedEpoch tried = file_->remembered("db").back();
  EpochRecord record = {kNow, file_->owner(), tried.claim, 0, Claim::kFirst, "node-1", {}};
  fake_.objects[store::epoch_key("db", 1)] = *store::format_epoch_record(record, "db", 1);
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1-2");
}

TEST_F(LineageClaimTest, ALostAnswerIsReadAndCounts) {
  for (uint64_t epoch = 1; epoch <= 2; ++epoch) {
    // Stored, and then said to be there: what a sink says that tried again by itself.
    fake_.on_put = [](std::string_view) { return TIDEMARK_E_EXISTS; };
    const Claimed claimed = claim_ok();
    EXPECT_EQ(claimed.epoch, epoch);
    EXPECT_EQ(fake_.puts, 1);
    EXPECT_TRUE(fake_.proved.contains(store::epoch_key("db", epoch)));
    EXPECT_EQ(fake_.objects.size(), epoch);
  }
}

// A lost answer that was an error: the next try finds its own record.
TEST_F(LineageClaimTest, ATryWhoseAnswerNeverCameIsContinued) {
  fake_.on_put = [](std::string_view) { return TIDEMARK_E_RETRYABLE; };
  EXPECT_EQ(claim().trouble, Trouble::kSink);
  fake_.on_put = nullptr;
  EXPECT_EQ(claim_ok().chain.text(), "1-2");
}

// Nobody knows whether the last try got there and was lost since: so it is finished, and continued.
TEST_F(LineageClaimTest, TriesThatNeverGetThereAreForgottenWithTheNextClaim) {
  claim_ok();
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(claim().trouble, Trouble::kSink);
  fake_.refuse = nullptr;
  EXPECT_EQ(remembered(), (std::vector<std::string>{"1", "1-2"}));
  const Id last = file_->remembered("db").back().claim;
  EXPECT_EQ(claim_ok().epoch, 3U);
  EXPECT_EQ(record(2).claim, last);
  EXPECT_EQ(record(2).how, Claim::kRestart);
  EXPECT_EQ(record(2).parent, 1U);
  EXPECT_EQ(claim_ok().epoch, 4U);
  EXPECT_EQ(claim_ok().epoch, 5U);
  EXPECT_EQ(remembered(), (std::vector<std::string>{"1-4", "1-5"}));
}

// What was archived under its number is continued, and its number is not given to another run.
TEST_F(LineageClaimTest, TheLostRecordOfTheNewestEpochIsWrittenAgain) {
  for (int i = 0; i < 3; ++i) claim_ok();
  const EpochRecord lost = record(3);
  fake_.objects.erase(store::epoch_key("db", 3));
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1-4");
  EXPECT_EQ(record(3).claim, lost.claim);
  EXPECT_EQ(record(3).parent, lost.parent);
  EXPECT_EQ(record(3).how, lost.how);
  EXPECT_EQ(fake_.puts, 2);
  EXPECT_EQ(store::read_chain(fake_.sink(), "db", 0, nullptr)->text(), "1-4");

  // Not over one that is there and was not listed.
  fake_.leaves_out = [](int, std::string_view key) { return key.ends_with("4.epoch"); };
  const auto before = fake_.objects;
  expect_trouble(claim(), Trouble::kSink, TIDEMARK_E_RETRYABLE,
                 {"4.epoch is there, and the sink does not list it"});
  EXPECT_EQ(fake_.objects, before);
  fake_.leaves_out = nullptr;

  // Nor over another's.
  fake_.objects.erase(store::epoch_key("db", 4));
  at_put([&] {
    put_epoch(4, 3, 77, file_->owner());
    return TIDEMARK_OK;
  });
  EXPECT_EQ(claim().trouble, Trouble::kSuperseded);
}

// Of a takeover it says so: what it took over may have gone on.
TEST_F(LineageClaimTest, TheLostRecordOfATakeOverIsOneAgain) {
  claim_ok();
  put_epoch(2, 1, 77, file_->owner());
  ASSERT_EQ(take_over_of(2).epoch, 3U);
  const EpochRecord lost = record(3);
  fake_.objects.erase(store::epoch_key("db", 3));
  fake_.objects.erase(store::epoch_key("db", 2));  // that branch was dropped
  EXPECT_EQ(claim_ok().chain.text(), "1,3-4");
  EXPECT_EQ(record(3).claim, lost.claim);
  EXPECT_EQ(record(3).how, Claim::kTakeover);
  EXPECT_NE(record(3).reason.find("written again"), std::string::npos);
}

// However often the claim at one sink fails, the other can still be continued.
TEST_F(LineageClaimTest, TriesAtOneSinkDoNotDriveOutAnother) {
  claim_ok();
  claim_ok();
  const auto first_sink = std::move(fake_.objects);
  for (const bool has_claimed : {true, false}) {
    fake_.objects.clear();
    if (has_claimed) claim_ok();
    fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
    for (int i = 0; i < 70; ++i) ASSERT_EQ(claim().trouble, Trouble::kSink);
    fake_.refuse = nullptr;
    fake_.objects = first_sink;
    EXPECT_EQ(claim_ok().epoch, has_claimed ? 3U : 4U) << "3 is remembered, and not in this copy";
    fake_.objects = first_sink;
  }
}

TEST_F(LineageClaimTest, GivesUpWhenOthersAreAlwaysQuicker) {
  // They are ours, each a late one: else it would be refused.
  fake_.refuse = [&](std::string_view verb) {
    if (verb != "put") return TIDEMARK_OK;
    const core::RememberedEpoch tried = file_->remembered("db").back();
    EpochRecord record = {kNow, file_->owner(), tried.claim, tried.epoch - 1, Claim::kRestart, "node-1", {}};
    if (tried.epoch == 1) record.how = Claim::kFirst;
    fake_.objects[store::epoch_key("db", tried.epoch)] =
        *store::format_epoch_record(record, "db", tried.epoch);
    return TIDEMARK_OK;
  };
  expect_trouble(claim(), Trouble::kSink, TIDEMARK_E_RETRYABLE, {"db: others claim its epochs"});
  EXPECT_EQ(fake_.puts, 16);
}

// ---- What cannot be read or written -------------------------------------------------------------

// The record is there, so nobody was quicker: it is the listing that is not to be relied on.
TEST_F(LineageClaimTest, AListingThatLeavesRecordsOutIsSaid) {
  claim_ok();
  fake_.leaves_out = [](int, std::string_view) { return true; };
  const std::string left_out = "db/epoch/0000000000001.epoch is there, and the sink does not list it";
  expect_trouble(claim(), Trouble::kSink, TIDEMARK_E_RETRYABLE, {left_out});
  fake_.leaves_out = nullptr;
  claim_ok();
  EXPECT_EQ(remembered().back(), "1-2");
}

TEST_F(LineageClaimTest, ADamagedNewestRecordIsRefused) {
  claim_ok();
  const std::string key = store::epoch_key("db", 1);
  const std::string good = fake_.objects[key];
  for (size_t size = 0; size < good.size(); size += 11) {
    fake_.objects[key] = good.substr(0, size);
    expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                   {key, "nothing of this storage is archived until it is mended"});
    expect_trouble(take_over_of(1), Trouble::kRefused, TIDEMARK_E_CORRUPT, {key});
  }
  fake_.objects[key] = good;
  EXPECT_EQ(claim_ok().epoch, 2U);
}

// Without it nobody reads what is archived: so nothing is, until it is back.
TEST_F(LineageClaimTest, NothingIsClaimedWhereTheRecordOfAnOlderEpochIsLost) {
  for (int i = 0; i < 4; ++i) claim_ok();
  const auto whole = fake_.objects;
  const std::string before = saved();
  for (const uint64_t epoch : {2, 3}) {
    fake_.objects.erase(store::epoch_key("db", epoch));
    expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                   {store::epoch_key("db", epoch) + " is not there, although epoch 4",
                    "tidemark takeover URL db --lineage-file " + path_ + " --over 4 --reason TEXT"});
    EXPECT_EQ(fake_.puts, 0);
    EXPECT_EQ(saved(), before);
    fake_.objects = whole;
  }
  // The first needs none: what was archived before there were records has none either.
  fake_.objects.erase(store::epoch_key("db", 1));
  EXPECT_EQ(claim_ok().chain.text(), "1-5");
}

TEST_F(LineageClaimTest, ACutRecordOfAnOlderEpochIsRefused) {
  for (int i = 0; i < 3; ++i) claim_ok();
  const std::string key = store::epoch_key("db", 2);
  const std::string good = fake_.objects[key];
  for (const size_t size : {size_t{0}, size_t{100}, kFooterSize, kRecordMax + 1}) {
    fake_.objects[key].resize(size);
    expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                   {key, "move it away, and then: tidemark takeover URL db"});
    expect_trouble(take_over_of(3), Trouble::kRefused, TIDEMARK_E_CORRUPT, {key});
  }
  fake_.objects.erase(key);
  EXPECT_EQ(take_over_of(3).records_written_again, 1U);
  EXPECT_EQ(claim_ok().chain.text(), "1-5");
}

TEST_F(LineageClaimTest, ARecordThatIsNotListedIsNotLost) {
  for (int i = 0; i < 3; ++i) claim_ok();
  fake_.leaves_out = [](int, std::string_view key) { return key.ends_with("2.epoch"); };
  const std::string left_out = "db/epoch/0000000000002.epoch is there, and the sink does not list it";
  expect_trouble(claim(), Trouble::kSink, TIDEMARK_E_RETRYABLE, {left_out});
  expect_trouble(take_over_of(3), Trouble::kSink, TIDEMARK_E_RETRYABLE, {left_out});
  EXPECT_EQ(fake_.puts, 0);
  fake_.leaves_out = nullptr;
  EXPECT_EQ(claim_ok().chain.text(), "1-4");
}

TEST_F(LineageClaimTest, WhatTheSinkSaysIsTheSinksTrouble) {
  claim_ok();
  for (const char* verb : {"list", "get", "put"}) {
    for (const tidemark_status status : {TIDEMARK_E_THROTTLED, TIDEMARK_E_RETRYABLE, TIDEMARK_E_PERMANENT}) {
      fake_.refuse = [&](std::string_view asked) { return asked == verb ? status : TIDEMARK_OK; };
      expect_trouble(claim(), Trouble::kSink, status, {"no " + std::string(verb) + " for you"});
    }
  }
  fake_.refuse = nullptr;
  EXPECT_EQ(claim_ok().epoch, 3U) << "after the last try";
}

TEST_F(LineageClaimTest, WhatIsNotRememberedIsNotClaimed) {
  claim_ok();
  const std::string before = saved();
  std::filesystem::create_directory(path_ + ".tmp");
  expect_trouble(claim(), Trouble::kFile, TIDEMARK_E_PERMANENT, {"lineage file " + path_});
  EXPECT_EQ(fake_.puts, 0);
  EXPECT_EQ(fake_.objects.size(), 1U);
  EXPECT_EQ(saved(), before);
  std::filesystem::remove(path_ + ".tmp");
  EXPECT_EQ(claim_ok().epoch, 2U);
}

TEST_F(LineageClaimTest, ItIsRememberedBeforeItIsClaimed) {
  claim_ok();
  std::string at_put_time;
  at_put([&] {
    at_put_time = saved();
    return TIDEMARK_OK;
  });
  claim_ok();
  EXPECT_EQ(at_put_time, saved());
  restore(at_put_time);  // killed right after the put
  EXPECT_EQ(claim_ok().epoch, 3U);
}

TEST_F(LineageClaimTest, AnEmptySinkIsSuspiciousIfSomeAreRemembered) {
  claim_ok();
  claim_ok();
  const auto first_sink = std::move(fake_.objects);
  fake_.objects.clear();
  const Claimed claimed = claim_ok();
  EXPECT_EQ(claimed.epoch, 1U);
  EXPECT_EQ(claimed.chain.text(), "1");
  EXPECT_TRUE(claimed.is_suspicious);
  EXPECT_NE(claimed.notice.find(path_ + " remembers some"), std::string::npos) << claimed.notice;
  // Both go on, each as itself.
  EXPECT_EQ(claim_ok().chain.text(), "1-2");
  fake_.objects = first_sink;
  const Claimed again = claim_ok();
  EXPECT_EQ(again.epoch, 3U);
}

// What is remembered was drawn a moment ago, by the try whose record was not taken.
TEST_F(LineageClaimTest, AFirstClaimThatIsTriedAgainIsNotSuspicious) {
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  EXPECT_EQ(claim().trouble, Trouble::kSink);
  fake_.refuse = nullptr;
  EXPECT_FALSE(claim_ok().is_suspicious);
  fake_.objects.clear();
  EXPECT_TRUE(claim_ok().is_suspicious) << "it was there once";
}

TEST_F(LineageClaimTest, AnEmptySinkIsNotSuspiciousIfAllWasForgotten) {
  claim_ok();
  ASSERT_TRUE(file_->forget_durably("db", 1));
  fake_.objects.clear();
  EXPECT_FALSE(claim_ok().is_suspicious);
}

// ---- take_over ----------------------------------------------------------------------------------

// The data may have been set back before it was archived in the other one: then nobody compared it.
TEST_F(LineageClaimTest, ASinkOfBeforeIsSuspicious) {
  claim_ok();
  const auto first = fake_.objects;
  fake_.objects.clear();
  claim_ok();
  const auto second = fake_.objects;
  open();
  fake_.objects = first;
  const Claimed back = claim_ok();
  EXPECT_TRUE(back.is_suspicious);
  EXPECT_NE(back.notice.find("it continues epoch 1: this sink is one of before"), std::string::npos)
      << back.notice;
  open();
  EXPECT_FALSE(claim_ok().is_suspicious) << "it is the one used last";
  fake_.objects = second;
  EXPECT_TRUE(claim_ok().is_suspicious);
}

TEST_F(LineageClaimTest, ATakeOverContinuesWhatThisDataRemembers) {
  claim_ok();
  const std::string older = saved();
  claim_ok();
  claim_ok();
  restore(older);
  ASSERT_EQ(claim().trouble, Trouble::kSuperseded);
  const Claimed taken = take_over_of(3);
  EXPECT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.epoch, 4U);
  EXPECT_EQ(taken.chain.text(), "1,4");
  const EpochRecord there = record(4);
  EXPECT_EQ(there.parent, 1U);
  EXPECT_EQ(there.how, Claim::kTakeover);
  EXPECT_EQ(there.reason, "the old host is gone");
  // And from then on it starts as ever.
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1,4-5");
}

TEST_F(LineageClaimTest, ATakeOverContinuesTheNewestThatIsRemembered) {
  claim_ok();
  claim_ok();
  EXPECT_EQ(remembered(), (std::vector<std::string>{"1", "1-2"}));
  put_epoch(3, 2, 77, file_->owner());
  EXPECT_EQ(take_over_of(3).chain.text(), "1-2,4");
}

TEST_F(LineageClaimTest, ATakeOverByWhoNeverArchivedContinuesNothing) {
  put_epoch(1, 0, 1, file_->owner());
  const Claimed taken = take_over_of(1);
  EXPECT_EQ(taken.chain.text(), "2");
  EXPECT_EQ(record(2).parent, 0U);
}

// The newest that is remembered and was claimed: not a try that never got there, nor one of another host.
TEST_F(LineageClaimTest, ATakeOverContinuesWhatIsThere) {
  claim_ok();
  claim_ok();
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  claim();
  fake_.refuse = nullptr;
  EXPECT_EQ(remembered().back(), "1-3");
  put_epoch(3, 2, 77, file_->owner());
  put_epoch(4, 3, 78, file_->owner());
  const Claimed taken = take_over_of(4);
  EXPECT_EQ(taken.chain.text(), "1-2,5");
  EXPECT_EQ(record(5).parent, 2U);
}

TEST_F(LineageClaimTest, ATakeOverIsOfTheNewestThatTheOperatorSaw) {
  claim_ok();
  put_epoch(2, 1, 77, file_->owner());
  const std::string before = saved();
  for (const uint64_t over : {0, 1, 3}) {
    expect_trouble(take_over_of(over), Trouble::kRefused, TIDEMARK_E_INVALID,
                   {"the newest epoch of db is 2, not " + std::to_string(over)});
  }
  EXPECT_EQ(fake_.objects.size(), 2U);
  EXPECT_EQ(saved(), before);
}

TEST_F(LineageClaimTest, ATakeOverThatLosesARaceIsNotRepeated) {
  claim_ok();
  put_epoch(2, 1, 77, file_->owner());
  at_put([&] {
    put_epoch(3, 2, 78, file_->owner());
    return TIDEMARK_OK;
  });
  const Claimed taken = take_over_of(2);
  EXPECT_EQ(taken.trouble, Trouble::kSink);
  EXPECT_EQ(taken.error.status, TIDEMARK_E_EXISTS) << taken.error.message;
  EXPECT_EQ(fake_.puts, 1);
  EXPECT_EQ(take_over_of(3).chain.text(), "1,4");
}

// Every reader tells the same history again, and it is the data's own.
TEST_F(LineageClaimTest, ATakeOverWritesLostRecordsAgain) {
  claim_ok();
  claim_ok();
  const std::string older = saved();
  put_epoch(3, 2, 77, file_->owner());
  EXPECT_EQ(take_over_of(3).chain.text(), "1-2,4");
  for (int i = 0; i < 3; ++i) claim_ok();
  const EpochRecord newest = record(7);
  for (const uint64_t epoch : {2, 4, 5, 6}) fake_.objects.erase(store::epoch_key("db", epoch));
  ASSERT_EQ(claim().trouble, Trouble::kRefused);

  // Stopped between two of them.
  int puts_left = 2;
  fake_.refuse = [&](std::string_view verb) {
    return verb == "put" && puts_left-- <= 0 ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
  expect_trouble(take_over_of(7), Trouble::kSink, TIDEMARK_E_RETRYABLE, {"no put for you"});
  fake_.refuse = nullptr;
  ASSERT_EQ(claim().trouble, Trouble::kRefused);

  const Claimed taken = take_over_of(7);
  ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.records_written_again, 2U);
  EXPECT_EQ(taken.chain.text(), "1-2,4-8");
  EXPECT_EQ(store::read_chain(fake_.sink(), "db", 0, nullptr)->text(), "1-2,4-8");
  EXPECT_EQ(store::read_chain(fake_.sink(), "db", 3, nullptr)->text(), "1-3");
  EXPECT_EQ(record(7), newest);
  EXPECT_EQ(record(4).parent, 2U);
  EXPECT_EQ(record(4).owner, file_->owner());
  EXPECT_NE(record(4).reason.find("written again"), std::string::npos);
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1-2,4-9");
  // Who remembers epoch 2 does not take the one that was written again for its own: its claim was lost.
  restore(older);
  EXPECT_EQ(claim().trouble, Trouble::kSuperseded);
}

// Without any record the file alone knows what was here; to begin anew would hide all of it.
TEST_F(LineageClaimTest, WhereAllRecordsAreLostNothingIsClaimed) {
  for (int i = 0; i < 4; ++i) claim_ok();
  const EpochRecord lost = record(4);
  fake_.objects.clear();
  add({1, 5});
  const std::string before = saved();
  expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                 {"4.epoch is not there, with all other records of epochs",
                  "tidemark takeover URL db --lineage-file " + path_ + " --over 4 --reason TEXT"});
  EXPECT_EQ(saved(), before);
  EXPECT_EQ(fake_.puts, 0);
  for (const uint64_t over : {1, 3, 5})
    expect_trouble(take_over_of(over), Trouble::kRefused, TIDEMARK_E_INVALID,
                   {"remembers epoch 4 as the last", "--over 4"});
  const Claimed taken = take_over_of(4);
  ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.records_written_again, 4U);
  EXPECT_EQ(taken.chain.text(), "1-5");
  EXPECT_EQ(record(4).claim, lost.claim);
  EXPECT_EQ(store::read_chain(fake_.sink(), "db", 0, nullptr)->text(), "1-5");
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1-6");
}

TEST_F(LineageClaimTest, AListingThatLeavesAllRecordsOutIsSaid) {
  for (int i = 0; i < 3; ++i) claim_ok();
  add({1, 5});
  fake_.leaves_out = [](int, std::string_view key) { return key.ends_with(".epoch"); };
  expect_trouble(claim(), Trouble::kSink, TIDEMARK_E_RETRYABLE,
                 {"3.epoch is there, and the sink does not list it"});
}

TEST_F(LineageClaimTest, ADamagedFirstRecordIsRefused) {
  for (int i = 0; i < 3; ++i) claim_ok();
  const std::string key = store::epoch_key("db", 1);
  fake_.objects[key] = "";
  expect_trouble(claim(), Trouble::kRefused, TIDEMARK_E_CORRUPT, {key, "move it away"});
  fake_.objects.erase(key);
  EXPECT_EQ(claim_ok().chain.text(), "1-4");
}

// Of what it remembers the newest were lost.
TEST_F(LineageClaimTest, ATakeOverWritesTheNewestRecordsAgain) {
  for (int i = 0; i < 4; ++i) claim_ok();
  const EpochRecord lost = record(4);
  for (const uint64_t epoch : {3, 4}) fake_.objects.erase(store::epoch_key("db", epoch));
  ASSERT_EQ(claim().trouble, Trouble::kSuperseded);
  const Claimed taken = take_over_of(2);
  ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.records_written_again, 2U);
  EXPECT_EQ(taken.chain.text(), "1-5");
  EXPECT_EQ(record(4).claim, lost.claim);
  EXPECT_EQ(record(5).parent, 4U);
}

// And another host has archived after that, or their branch was dropped: what it goes back to is there.
TEST_F(LineageClaimTest, ATakeOverOverANewerHistoryKeepsItsOwn) {
  for (const bool is_one_left : {false, true}) {
    fake_.objects.clear();
    file_.reset();
    std::filesystem::remove(path_);
    open();
    for (int i = 0; i < 5; ++i) claim_ok();
    fake_.objects.erase(store::epoch_key("db", 5));
    if (!is_one_left) fake_.objects.erase(store::epoch_key("db", 4));
    put_epoch(6, 3, 77, file_->owner());
    ASSERT_EQ(claim().trouble, Trouble::kSuperseded);
    const Claimed taken = take_over_of(6);
    ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
    EXPECT_EQ(taken.chain.text(), "1-5,7");
    EXPECT_EQ(taken.records_written_again, is_one_left ? 1U : 2U);
    EXPECT_EQ(store::read_chain(fake_.sink(), "db", 0, nullptr)->text(), "1-5,7");
    EXPECT_EQ(store::read_chain(fake_.sink(), "db", 6, nullptr)->text(), "1-3,6");
  }
}

// One that is damaged and as long as before is found by who reads it: so a takeover reads all.
TEST_F(LineageClaimTest, ATakeOverReadsAllThatItGoesBackTo) {
  for (int i = 0; i < 4; ++i) claim_ok();
  const std::string key = store::epoch_key("db", 2);
  const std::string good = fake_.objects[key];
  fake_.objects[key].back() ^= 1;
  expect_trouble(take_over_of(4), Trouble::kRefused, TIDEMARK_E_CORRUPT, {key});
  fake_.objects[key] = good;
  const Id owner = file_->owner();
  fake_.objects.erase(store::epoch_key("db", 3));
  put_epoch(3, 1, 77, owner);
  expect_trouble(take_over_of(4), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                 {"the records of db say that epoch 4 goes back to 1,3-4, and " + path_ + " remembers 1-4"});
}

// What it remembers is of another place, or nobody can tell.
TEST_F(LineageClaimTest, ATakeOverInAnotherPlaceContinuesNothing) {
  for (int i = 0; i < 3; ++i) claim_ok();
  fake_.objects.clear();
  put_epoch(1, 0, 77, file_->owner());
  EXPECT_EQ(take_over_of(1).chain.text(), "2");
}

TEST_F(LineageClaimTest, ATakeOverOfWhatNobodyCanTellIsRefused) {
  for (int i = 0; i < 4; ++i) claim_ok();
  for (const uint64_t epoch : {1, 3, 4}) fake_.objects.erase(store::epoch_key("db", epoch));
  const auto before = fake_.objects;
  expect_trouble(
      take_over_of(2), Trouble::kRefused, TIDEMARK_E_CORRUPT,
      {"this data remembers epoch 4 of db", "4.epoch is not there", "if it is: --restored-from 4"});
  EXPECT_EQ(fake_.objects, before);
  const Claimed taken = restored_from(4, 2);
  ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.chain.text(), "1-5");
  EXPECT_EQ(taken.records_written_again, 3U);
  // From then on the first says again what the place is called.
  for (const uint64_t epoch : {4, 5}) fake_.objects.erase(store::epoch_key("db", epoch));
  EXPECT_EQ(take_over_of(3).chain.text(), "1-6");
}

// A copy of the place that another host continued. Nobody can tell here how far its history is this data's.
TEST_F(LineageClaimTest, ATakeOverInACopyThatAnotherContinuedIsRefused) {
  for (int i = 0; i < 5; ++i) claim_ok();
  put_epoch(4, 3, 77, file_->owner());
  put_epoch(5, 4, 78, file_->owner());
  const auto before = fake_.objects;
  expect_trouble(take_over_of(5), Trouble::kRefused, TIDEMARK_E_CORRUPT,
                 {"another host has claimed that number here", "tidemark info", "--restored-from EPOCH"});
  EXPECT_EQ(fake_.objects, before);
  EXPECT_EQ(restored_from(3, 5).chain.text(), "1-3,6");
}

// What another host wrote, whose records are lost, is never taken for this data's own.
TEST_F(LineageClaimTest, ATakeOverClaimsANumberThatNothingHas) {
  claim_ok();
  claim_ok();
  fake_.objects["db/1/000000000000c.e7.tar"] = "whatever it is";
  EXPECT_EQ(take_over_of(2).chain.text(), "1-2,8");
  EXPECT_EQ(claim_ok().chain.text(), "1-2,8-9");
  // A name that somebody made up uses up no numbers.
  const std::string made_up = "db/1/000000000000c.e18446744073709551615.tar";
  fake_.objects[made_up] = "";
  expect_trouble(take_over_of(9), Trouble::kRefused, TIDEMARK_E_CORRUPT, {made_up, "move it away"});
}

// The last one used, where the file remembers two places.
TEST_F(LineageClaimTest, WhatIsWrittenAgainIsOfThePlaceThatWasUsedLast) {
  for (int i = 0; i < 6; ++i) claim_ok();
  fake_.objects.clear();
  for (int i = 0; i < 3; ++i) claim_ok();
  ASSERT_EQ(remembered(), (std::vector<std::string>{"1-5", "1-6", "1-2", "1-3"}));
  fake_.objects.clear();
  add({1, 5});
  EXPECT_EQ(take_over_of(3).chain.text(), "1-4");
}

// The same call again finishes what was stopped between any two records.
TEST_F(LineageClaimTest, ATakeOverThatWasStoppedIsRepeated) {
  for (int i = 0; i < 5; ++i) claim_ok();
  const std::string before = saved();
  for (int puts = 0; puts <= 5; ++puts) {
    restore(before);
    fake_.objects.clear();
    add({1, 5});
    int puts_left = puts;
    fake_.refuse = [&](std::string_view verb) {
      return verb == "put" && puts_left-- <= 0 ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
    };
    EXPECT_EQ(take_over_of(5).trouble, Trouble::kSink) << puts;
    fake_.refuse = nullptr;
    const Claimed taken = take_over_of(5);
    ASSERT_EQ(taken.trouble, Trouble::kNone) << puts << ": " << taken.error.message;
    const std::string whole = puts < 5 ? "1-6" : "1-7";  // after what was claimed before, maybe
    EXPECT_EQ(taken.chain.text(), whole) << puts;
    EXPECT_EQ(store::read_chain(fake_.sink(), "db", 0, nullptr)->text(), whole);
  }
}

// ---- A lost engine, restored ----------------------------------------------------------------------

TEST_F(LineageClaimTest, WhatWasRestoredContinues) {
  const Id lost = {9};
  put_epoch(1, 0, 1, lost);
  put_epoch(2, 1, 2, lost);
  put_epoch(3, 1, 3, lost);
  const Claimed taken = restored_from(2, 3);
  ASSERT_EQ(taken.trouble, Trouble::kNone) << taken.error.message;
  EXPECT_EQ(taken.epoch, 4U);
  EXPECT_EQ(taken.chain.text(), "1-2,4");
  EXPECT_EQ(record(4).owner, lost);
  EXPECT_EQ(record(4).parent, 2U);
  EXPECT_EQ(record(4).how, Claim::kTakeover);
  // It is the owner's from now on, and starts as ever.
  open();
  EXPECT_EQ(file_->owner(), lost);
  EXPECT_EQ(claim_ok().chain.text(), "1-2,4-5");
}

TEST_F(LineageClaimTest, TheFileOfWhatWasRestoredIsMadeWithItsOwner) {
  std::filesystem::remove(path_);
  file_.reset();
  auto file = LineageFile::open(path_, IfMissing::kMakeLater);
  ASSERT_TRUE(file) << file.error().message;
  file_ = std::move(*file);
  put_epoch(1, 0, 1, {9});
  expect_trouble(restored_from(2, 1), Trouble::kRefused, TIDEMARK_E_INVALID, {"there is no epoch 2 of db"});
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(restored_from(1, 1).trouble, Trouble::kNone);
  open();
  EXPECT_EQ(file_->owner(), Id{9});
}

// What is remembered of it is enough where the claim itself was lost: a second try, or the host, continues.
TEST_F(LineageClaimTest, WhatWasRestoredIsRememberedBeforeItIsClaimed) {
  put_epoch(1, 0, 1, {9});
  fake_.refuse = [](std::string_view verb) { return verb == "put" ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  EXPECT_EQ(restored_from(1, 1).trouble, Trouble::kSink);
  fake_.refuse = nullptr;
  open();
  EXPECT_EQ(claim_ok().chain.text(), "1-3");
}

TEST_F(LineageClaimTest, WhatIsRestoredIsNotPutOverAnotherHistory) {
  put_epoch(1, 0, 1, {9});
  ASSERT_TRUE(file_->remember_durably("other", std::nullopt, {{1}, 1, {1}, Chain()}));
  const std::string before = saved();
  expect_trouble(restored_from(1, 1), Trouble::kFile, TIDEMARK_E_INVALID,
                 {path_, "has archived other", "is it the wrong file?"});
  expect_trouble(restored_from(1, 2), Trouble::kRefused, TIDEMARK_E_INVALID, {"the newest epoch of db is 1"});
  EXPECT_EQ(saved(), before);
  EXPECT_EQ(fake_.objects.size(), 1U);
}

TEST_F(LineageClaimTest, WhatIsRestoredIsOfTheNewestsOwner) {
  put_epoch(1, 0, 1, {8});
  put_epoch(2, 0, 2, {9});
  const std::string before = saved();
  expect_trouble(restored_from(1, 2), Trouble::kFile, TIDEMARK_E_INVALID,
                 {"epoch 1 of db is of another owner"});
  EXPECT_EQ(saved(), before);
}

TEST_F(LineageClaimTest, ATakeOverOfAnothersOrOfNothingIsRefused) {
  expect_trouble(take_over_of(1), Trouble::kRefused, TIDEMARK_E_INVALID,
                 {"db has no epoch at this sink", "start the host"});
  put_epoch(1, 0, 1, {9});
  expect_trouble(take_over_of(1), Trouble::kRefused, TIDEMARK_E_INVALID,
                 {"this archive belongs to another owner",
                  "tidemark takeover URL db --lineage-file " + path_ + " --over 1 --restored-from EPOCH"});
  for (const char* reason : {"", "two\nlines"}) {
    expect_trouble(take_over_of(1, reason), Trouble::kRefused, TIDEMARK_E_INVALID, {"reason"});
  }
}

// ---- watch --------------------------------------------------------------------------------------

TEST_F(LineageClaimTest, AWatchIsAListingAndARead) {
  for (int i = 0; i < 3; ++i) claim_ok();
  count_from_here();
  const size_t before = fake_.names_listed;
  auto watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_FALSE(watched->is_superseded);
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_EQ(fake_.gets, 1);
  EXPECT_EQ(fake_.names_listed, before + 1) << "its own";

  put_epoch(5, 3, 77, file_->owner());
  watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_TRUE(watched->is_superseded);
  EXPECT_NE(
      watched->error.message.find("superseded: " + store::epoch_key("db", 5) + " was claimed on node-9"),
      std::string::npos)
      << watched->error.message;
  EXPECT_NE(watched->error.message.find("epoch 3"), std::string::npos) << watched->error.message;
  // Whatever the record says: it is there.
  fake_.objects[store::epoch_key("db", 5)] = "";
  watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_TRUE(watched->is_superseded);
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  EXPECT_FALSE(watch(3));
}

// What is written under an epoch without a record nobody can read.
TEST_F(LineageClaimTest, AWatchSeesThatItsOwnRecordIsGone) {
  for (int i = 0; i < 3; ++i) claim_ok();
  const std::string own = store::epoch_key("db", 3);
  const std::string record = fake_.objects[own];
  put_epoch(5, 3, 77, file_->owner());
  for (const bool is_alone : {false, true}) {
    fake_.objects.erase(own);
    if (is_alone) fake_.objects.clear();
    const auto watched = watch(3);
    ASSERT_TRUE(watched) << watched.error().message;
    EXPECT_TRUE(watched->is_gone);
    EXPECT_EQ(watched->error.status, TIDEMARK_E_INVALID);
    EXPECT_EQ(watched->error.message.find(own), 0U) << watched->error.message;
  }
  fake_.objects[own] = record;
  auto watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_FALSE(watched->is_gone);
  // Damaged it helps nobody either.
  fake_.objects[own].back() ^= 1;
  watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_TRUE(watched->is_gone);
  EXPECT_NE(watched->error.message.find("Move it away and start the host again"), std::string::npos)
      << watched->error.message;
  fake_.objects.erase(own);
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  EXPECT_FALSE(watch(3)) << "nobody knows";
}

// One answer is not believed, and none that the listing contradicts.
TEST_F(LineageClaimTest, ARecordThatCannotBeFoundOnceIsNotGone) {
  for (int i = 0; i < 3; ++i) claim_ok();
  for (const uint64_t also : {0, 2}) {
    int left_out = also == 0 ? 1 : 2;  // of the other's two, the first
    fake_.refuse = [&left_out](std::string_view verb) {
      return verb == "get" && --left_out == 0 ? TIDEMARK_E_NOT_FOUND : TIDEMARK_OK;
    };
    const auto watched = watch(3, also);
    ASSERT_TRUE(watched) << watched.error().message;
    EXPECT_LE(left_out, 0);
    EXPECT_FALSE(watched->is_gone) << watched->error.message;
  }
  fake_.refuse = [](std::string_view verb) { return verb == "get" ? TIDEMARK_E_NOT_FOUND : TIDEMARK_OK; };
  const auto watched = watch(3);
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(watched.error().message.find("3.epoch is listed, and cannot be found"), std::string::npos)
      << watched.error().message;
  // Of the older one, after the own.
  int gets = 0;
  fake_.refuse = [&gets](std::string_view verb) {
    return verb == "get" && ++gets > 1 ? TIDEMARK_E_NOT_FOUND : TIDEMARK_OK;
  };
  const auto older = watch(3, 2);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(older.error().message.find("2.epoch is listed, and cannot be found"), std::string::npos)
      << older.error().message;
}

// One answer that it is not there costs nothing, and two cost a try: the listing has it.
TEST_F(LineageClaimTest, AClaimReadsTwiceToo) {
  claim_ok();
  for (const int misses : {1, 2}) {
    int left = misses;
    fake_.refuse = [&left](std::string_view verb) {
      return verb == "get" && left-- > 0 ? TIDEMARK_E_NOT_FOUND : TIDEMARK_OK;
    };
    const Claimed claimed = claim();
    EXPECT_EQ(claimed.trouble == Trouble::kNone, misses == 1) << claimed.error.message;
    if (misses == 1) continue;
    EXPECT_EQ(claimed.trouble, Trouble::kSink);
    EXPECT_EQ(claimed.error.status, TIDEMARK_E_RETRYABLE) << claimed.error.message;
  }
}

// The place was set back, and another host has begun the epoch again.
TEST_F(LineageClaimTest, AWatchSeesAnotherClaimOfItsOwnEpoch) {
  for (int i = 0; i < 3; ++i) claim_ok();
  put_epoch(3, 2, 77, file_->owner());
  const auto watched = watch(3);
  ASSERT_TRUE(watched) << watched.error().message;
  EXPECT_TRUE(watched->is_superseded);
  EXPECT_NE(watched->error.message.find(
                "3.epoch was claimed on node-9, and is not the record that this host wrote"),
            std::string::npos)
      << watched->error.message;
}

// Whatever it looks like in a listing.
TEST_F(LineageClaimTest, AWatchProvesAnOlderRecordWithEachLook) {
  for (int i = 0; i < 4; ++i) claim_ok();
  const auto whole = fake_.objects;
  const std::string key = store::epoch_key("db", 3);
  const auto expect_gone = [&](const char* part) {
    const auto watched = watch(4, 3);
    ASSERT_TRUE(watched) << watched.error().message;
    EXPECT_TRUE(watched->is_gone);
    EXPECT_FALSE(watched->is_superseded);
    EXPECT_EQ(watched->error.status, TIDEMARK_E_INVALID);
    for (const char* expected : {key.c_str(), part, "tidemark takeover write it again, with --over 4"})
      EXPECT_NE(watched->error.message.find(expected), std::string::npos) << watched->error.message;
    fake_.objects = whole;
  };
  for (uint64_t epoch = 1; epoch < 4; ++epoch) EXPECT_FALSE(watch(4, epoch)->is_gone);
  fake_.objects[key].back() ^= 1;
  expect_gone("not the record its name promises");
  fake_.objects.erase(key);
  expect_gone("not");
  put_epoch(3, 1, 77, file_->owner());
  expect_gone("epoch 3 of this data continues epoch 2");
  put_epoch(3, 2, 77, {9});
  expect_gone("of another history");
  fake_.objects.erase(store::epoch_key("db", 1));
  EXPECT_FALSE(watch(4, 1)->is_gone) << "the first needs none";
}

}  // namespace
}  // namespace tidemark::lineage
