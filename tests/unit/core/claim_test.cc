// Who may claim the next epoch: every verdict.
#include "core/claim.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidemark::core {
namespace {

constexpr Id kOwner = {1};
constexpr Id kOther = {2};

RememberedEpoch remembered(uint64_t epoch, uint8_t claim, uint8_t archive = 1) {
  RememberedEpoch one;
  one.archive = {archive};
  one.epoch = epoch;
  one.claim = {claim};
  return one;
}

TEST(DecideClaimTest, AnybodyBeginsAnArchiveWithoutRecords) {
  const ClaimDecision first = decide_claim(kOwner, {}, std::nullopt);
  EXPECT_EQ(first.verdict, ClaimVerdict::kMay);
  EXPECT_EQ(first.epoch, kFirstEpoch);
  EXPECT_EQ(first.continues, std::nullopt);
  // Whatever is remembered of it: this sink was emptied, or is another.
  const std::vector<RememberedEpoch> some = {remembered(7, 7)};
  const ClaimDecision emptied = decide_claim(kOwner, some, std::nullopt);
  EXPECT_EQ(emptied.verdict, ClaimVerdict::kMay);
  EXPECT_EQ(emptied.epoch, kFirstEpoch);
  EXPECT_EQ(emptied.continues, std::nullopt);
}

TEST(DecideClaimTest, WhoRemembersTheNewestContinuesIt) {
  const std::vector<RememberedEpoch> some = {remembered(3, 3), remembered(9, 9, 2), remembered(4, 4)};
  for (size_t i = 0; i < some.size(); ++i) {
    const NewestEpoch newest = {some[i].epoch, kOwner, some[i].claim};
    const ClaimDecision decision = decide_claim(kOwner, some, newest);
    EXPECT_EQ(decision.verdict, ClaimVerdict::kMay);
    EXPECT_EQ(decision.epoch, some[i].epoch + 1);
    EXPECT_EQ(decision.continues, i);
  }
}

// The last one that continues the newest, and only of the same archive.
TEST(DecideClaimTest, WhatIsNotRecordedIsFinishedFirst) {
  const auto with_chain = [](uint64_t epoch, uint8_t claim, const char* chain, uint8_t archive = 1) {
    RememberedEpoch one = remembered(epoch, claim, archive);
    one.chain = *Chain::parse(chain);
    return one;
  };
  const std::vector<RememberedEpoch> some = {with_chain(3, 3, "1-3"),      with_chain(4, 4, "1-4"),
                                             with_chain(4, 5, "1-4"),      with_chain(4, 6, "1-2,4"),
                                             with_chain(5, 7, "1-3,5", 2), with_chain(2, 8, "1-2")};
  EXPECT_EQ(decide_claim(kOwner, some, NewestEpoch{3, kOwner, {3}}).unfinished, 2U);
  EXPECT_EQ(decide_claim(kOwner, some, NewestEpoch{2, kOwner, {8}}).unfinished, 3U);
  for (const auto& [epoch, claim] : {std::pair<uint64_t, uint8_t>{4, 4}, {4, 6}, {5, 7}, {3, 9}})
    EXPECT_EQ(decide_claim(kOwner, some, NewestEpoch{epoch, kOwner, {claim}}).unfinished, std::nullopt);
  EXPECT_EQ(decide_claim(kOwner, some, std::nullopt).unfinished, std::nullopt);
}

// It was restored to an older state, or another took over; a number alone says nothing.
TEST(DecideClaimTest, WhoDoesNotRememberTheNewestIsSuperseded) {
  const std::vector<RememberedEpoch> some = {remembered(3, 3), remembered(4, 4)};
  for (const NewestEpoch newest : {NewestEpoch{5, kOwner, {5}}, NewestEpoch{4, kOwner, {5}},
                                   NewestEpoch{3, kOwner, {4}}, NewestEpoch{2, kOwner, {2}}}) {
    const ClaimDecision decision = decide_claim(kOwner, some, newest);
    EXPECT_EQ(decision.verdict, ClaimVerdict::kSuperseded) << newest.epoch;
    EXPECT_EQ(decision.continues, std::nullopt);
  }
  EXPECT_EQ(decide_claim(kOwner, {}, NewestEpoch{1, kOwner, {1}}).verdict, ClaimVerdict::kSuperseded);
}

TEST(DecideClaimTest, AnotherOwnersIsRefusedWhateverIsRemembered) {
  const std::vector<RememberedEpoch> some = {remembered(4, 4)};
  EXPECT_EQ(decide_claim(kOwner, some, NewestEpoch{4, kOther, {4}}).verdict, ClaimVerdict::kOtherOwner);
  EXPECT_EQ(decide_claim(kOwner, {}, NewestEpoch{1, kOther, {1}}).verdict, ClaimVerdict::kOtherOwner);
}

}  // namespace
}  // namespace tidemark::core
