#include "checkpoint_age.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;
constexpr int64_t kNowUs = 1'000 * kDayUs;

Checked object(uint64_t lsn, int64_t age_us, int32_t kind = TIDEMARK_STORED_ARCHIVE) {
  return {kind, lsn, lsn, 100, 1, kNowUs - age_us};
}

TEST(CheckpointAge, OfArchivesByTheirLastCheck) {
  Checkpoint known;
  known["main/7"] = {object(1, 40 * kDayUs), object(2, kDayUs), object(3, 1, TIDEMARK_STORED_GAP)};
  known["main/8"] = {object(1, 8 * kDayUs), object(2, kNowUs)};  // the last is not right
  known["maine/1"] = {object(1, 3 * kDayUs)};
  const CheckpointAge all = age_of(known, {}, kNowUs);
  EXPECT_EQ(all.ages.archives, (std::array<uint64_t, 4>{1, 1, 1, 1}));
  EXPECT_EQ(all.ages.oldest_us, kNowUs - 40 * kDayUs);
  EXPECT_EQ(all.newest_us, kNowUs - kDayUs);
  EXPECT_EQ(all.not_right, 1u);
  EXPECT_EQ(age_of(known, {"main", {}}, kNowUs).ages.sum(), 3u);
  const CheckpointAge one = age_of(known, {"main", 7}, kNowUs);
  EXPECT_EQ(one.ages.sum(), 2u);
  EXPECT_EQ(one.not_right, 0u);
}

TEST(CheckpointAge, OfNothing) {
  const CheckpointAge none = age_of({}, {}, kNowUs);
  EXPECT_EQ(none.newest_us, 0);
  EXPECT_EQ(none.ages.sum(), 0u);
}

}  // namespace
}  // namespace tidemark::cli
