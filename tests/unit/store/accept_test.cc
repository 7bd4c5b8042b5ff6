// Accepting a loss.
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class AcceptTest : public MaintenanceTest {
 protected:
  Status accept(Range lost, std::string_view reason = "the disk died") {
    return accept_gap(fake_.sink(), Chain(), {"db", 7, lost, reason, kNow}, nullptr);
  }
};

TEST_F(AcceptTest, LeavesARecord) {
  add({1, 3});
  add({4, 6}, ObjectKind::kGap);
  add({7, 9});
  ASSERT_TRUE(accept({4, 6}));
  const auto record = read_record(fake_.sink(), "db/7/0000000000006-0000000000004.accepted", nullptr);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->made_us, kNow);
  EXPECT_EQ(record->reason, "the disk died");
  EXPECT_EQ(fake_.objects.size(), 4u);
}

TEST_F(AcceptTest, WhatIsHeldIsNotLost) {
  add({1, 3});
  const std::string batch = add({6, 9});
  for (const Range lost : {Range{3, 5}, Range{4, 6}, Range{7, 8}, Range{1, 20}}) {
    expect_error(accept(lost), TIDEMARK_E_INVALID, "they are not lost");
  }
  expect_error(accept({4, 6}), TIDEMARK_E_INVALID, batch);
  EXPECT_EQ(fake_.objects.size(), 2u);
  EXPECT_TRUE(accept({4, 5}));
}

TEST_F(AcceptTest, OnceOnly) {
  ASSERT_TRUE(accept({4, 6}));
  expect_error(accept({4, 6}, "again"), TIDEMARK_E_EXISTS, "accepted before");
  expect_error(accept({5, 5}), TIDEMARK_E_EXISTS, "accepted before");
  EXPECT_TRUE(accept({4, 7})) << "more than was accepted";
  EXPECT_EQ(read_record(fake_.sink(), "db/7/0000000000006-0000000000004.accepted", nullptr)->reason,
            "the disk died");
}

// A record that proves nothing accepts nothing: it is named, not taken for the acceptance.
TEST_F(AcceptTest, ADamagedRecordAcceptsNothing) {
  ASSERT_TRUE(accept({4, 6}));
  const std::string key = "db/7/0000000000006-0000000000004.accepted";
  fake_.objects[key][0] ^= 1;
  expect_error(accept({4, 6}), TIDEMARK_E_CORRUPT, key);
  expect_error(accept({4, 6}), TIDEMARK_E_CORRUPT, "move it away");
  fake_.objects.erase(key);
  EXPECT_TRUE(accept({4, 6}));
}

// Whose history it is, the epoch in the name says: that of whoever continued after the hole.
TEST_F(AcceptTest, TheRecordIsOfTheEpochThatRulesAfterIt) {
  add({1, 9});
  add_of(2, {5, 5});
  add_of(2, {8, 8});
  add_of(3, {12, 12});
  const auto accepted = [&](const char* chain, Range lost) {
    const auto before = fake_.objects;
    const Status status =
        accept_gap(fake_.sink(), *Chain::parse(chain), {"db", 7, lost, "lost", kNow}, nullptr);
    EXPECT_TRUE(status) << status.error().message;
    for (const auto& [key, object] : fake_.objects) {
      if (before.contains(key)) continue;
      EXPECT_TRUE(read_record(fake_.sink(), key, nullptr));
      return key.substr(5);
    }
    return std::string();
  };
  EXPECT_EQ(accepted("1-3", {6, 7}), "0000000000007-0000000000006.e2.accepted");
  EXPECT_EQ(accepted("1-3", {9, 11}), "000000000000b-0000000000009.e3.accepted");
  EXPECT_EQ(accepted("1-2", {9, 11}), "000000000000b-0000000000009.e2.accepted");
}

TEST_F(AcceptTest, WhatAnotherHistoryHoldsIsLostInThisOne) {
  const std::string batch = add({1, 9});
  add_of(2, {5, 5});
  add_of(2, {8, 8});
  const Chain chain = *Chain::parse("1-2");
  EXPECT_TRUE(accept_gap(fake_.sink(), chain, {"db", 7, {6, 7}, "lost", kNow}, nullptr));
  expect_error(accept_gap(fake_.sink(), chain, {"db", 7, {6, 6}, "lost", kNow}, nullptr), TIDEMARK_E_EXISTS,
               "accepted before");
  expect_error(accept_gap(fake_.sink(), chain, {"db", 7, {4, 4}, "lost", kNow}, nullptr), TIDEMARK_E_INVALID,
               batch);
  expect_error(accept_gap(fake_.sink(), Chain(), {"db", 7, {6, 7}, "lost", kNow}, nullptr),
               TIDEMARK_E_INVALID, batch);
}

TEST_F(AcceptTest, RefusesWhatIsNoLoss) {
  expect_error(accept({0, 3}), TIDEMARK_E_INVALID, "LSNs begin with 1");
  expect_error(accept({4, 3}), TIDEMARK_E_INVALID, "not a range");
  expect_error(accept({4, 6}, ""), TIDEMARK_E_INVALID, "the reason is empty");
  expect_error(accept({4, 6}, "a\nb"), TIDEMARK_E_INVALID, "control character");
  expect_error(accept_gap(fake_.sink(), Chain(), {"a/b", 7, {4, 6}, "x", kNow}, nullptr), TIDEMARK_E_INVALID,
               "storage name");
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  expect_error(accept({4, 6}), TIDEMARK_E_RETRYABLE, "told to fail");
  EXPECT_TRUE(fake_.objects.empty());
}

}  // namespace
}  // namespace tidemark::store
