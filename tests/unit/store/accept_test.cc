// Accepting a loss.
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class AcceptTest : public MaintenanceTest {
 protected:
  Status accept(Range lost, std::string_view reason = "the disk died") {
    return accept_gap(fake_.sink(), "db", 7, lost, reason, kNow, nullptr);
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

TEST_F(AcceptTest, RefusesWhatIsNoLoss) {
  expect_error(accept({0, 3}), TIDEMARK_E_INVALID, "LSNs begin with 1");
  expect_error(accept({4, 3}), TIDEMARK_E_INVALID, "not a range");
  expect_error(accept({4, 6}, ""), TIDEMARK_E_INVALID, "the reason is empty");
  expect_error(accept({4, 6}, "a\nb"), TIDEMARK_E_INVALID, "control character");
  expect_error(accept_gap(fake_.sink(), "a/b", 7, {4, 6}, "x", kNow, nullptr), TIDEMARK_E_INVALID,
               "storage name");
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  expect_error(accept({4, 6}), TIDEMARK_E_RETRYABLE, "told to fail");
  EXPECT_TRUE(fake_.objects.empty());
}

}  // namespace
}  // namespace tidemark::store
