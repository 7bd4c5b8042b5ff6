#include "info_facts.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidemark::cli {
namespace {

Stored of_size(int64_t time_us, uint64_t size_bytes, const std::string& coding = "") {
  Stored stored;
  stored.kind = TIDEMARK_STORED_ARCHIVE;
  stored.modified_us = time_us;
  stored.size_bytes = size_bytes;
  stored.coding = coding;
  return stored;
}

TEST(Growth, ByDayAndByCoding) {
  Growth growth;
  growth.add(of_size(0, 10));
  growth.add(of_size(Growth::kDayUs - 1, 5, ".zst"));
  growth.add(of_size(Growth::kDayUs, 3));
  growth.add(of_size(-1, 1));
  ASSERT_EQ(growth.days().size(), 3u);
  EXPECT_EQ(growth.days().at(-1).size_bytes, 1u);
  EXPECT_EQ(growth.days().at(0).size_bytes, 15u);
  EXPECT_EQ(growth.days().at(0).archives, 2u);
  EXPECT_EQ(growth.days().at(1).archives, 1u);
  EXPECT_EQ(growth.codings().at("").size_bytes, 14u);
  EXPECT_EQ(growth.codings().at(".zst").archives, 1u);
  EXPECT_EQ(growth.earlier().archives, 0u);
}

TEST(Growth, TheLastAndTheFirstTimeThereIsAreDaysToo) {
  Growth growth;
  growth.add(of_size(INT64_MAX, 1));
  growth.add(of_size(INT64_MIN, 2));
  EXPECT_EQ(growth.days().begin()->second.size_bytes, 2u);
  EXPECT_EQ(growth.days().rbegin()->second.size_bytes, 1u);
}

TEST(Growth, OfMoreDaysTheOldestAreOneAmountInWhateverOrderTheyCome) {
  const auto most = static_cast<int64_t>(Growth::kMostDays);
  Growth ascending, descending;
  for (int64_t day = 0; day < most + 10; ++day) {
    ascending.add(of_size(day * Growth::kDayUs, 1));
    Growth part;
    part.add(of_size((most + 9 - day) * Growth::kDayUs, 1));
    descending.add(part);
  }
  for (const Growth* growth : {&ascending, &descending}) {
    EXPECT_EQ(growth->days().size(), Growth::kMostDays);
    EXPECT_EQ(growth->days().begin()->first, 10);
    EXPECT_EQ(growth->earlier().archives, 10u);
    EXPECT_EQ(growth->earlier().size_bytes, 10u);
    EXPECT_EQ(growth->codings().at("").archives, Growth::kMostDays + 10);
  }
}

TEST(Growth, TheSampleOfWhatIsCompressedIsTheSameInWhateverOrderItComes) {
  constexpr size_t kArchives = 3 * Growth::kMostSampled;
  Growth ascending, descending;
  const auto compressed = [](size_t n) {
    Stored stored = of_size(0, n, ".zst");
    stored.key = "main/1/" + std::to_string(n);
    return stored;
  };
  for (size_t n = 0; n < kArchives; ++n) {
    ascending.add(compressed(n));
    ascending.add(of_size(0, 1));
    Growth part;
    part.add(compressed(kArchives - 1 - n));
    descending.add(part);
  }
  EXPECT_EQ(ascending.sampled().size(), Growth::kMostSampled);
  const auto is_same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.key == b.second.key && a.second.size_bytes == b.second.size_bytes;
  };
  EXPECT_TRUE(std::equal(ascending.sampled().begin(), ascending.sampled().end(), descending.sampled().begin(),
                         descending.sampled().end(), is_same));
  size_t of_the_first_half = 0;
  for (const auto& [hash, one] : ascending.sampled())
    of_the_first_half += one.size_bytes < kArchives / 2 ? 1 : 0;
  EXPECT_GT(of_the_first_half, Growth::kMostSampled / 4) << "it comes from everywhere";
  EXPECT_LT(of_the_first_half, Growth::kMostSampled * 3 / 4);
}

}  // namespace
}  // namespace tidemark::cli
