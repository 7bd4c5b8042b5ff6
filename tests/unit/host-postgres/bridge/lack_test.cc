// What a sink lacks of the time at another one.
#include "bridge/lack.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace tidemark::postgres {
namespace {

using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;

Lack lack_of(const Ranges& archives, uint64_t through, int* listings = nullptr) {
  const auto found = find_lack(
      [&](uint64_t from, const VisitRange& visit) {
        if (listings != nullptr) ++*listings;
        for (const auto& [first, last] : archives) {
          if (last >= from && !visit(first, last)) break;
        }
        return Status();
      },
      through);
  return found.value_or(Lack{~0ULL, ~0ULL, false});
}

bool is(const Lack& lack, uint64_t first, uint64_t last, bool is_settled) {
  return lack.first == first && lack.last == last && lack.is_settled == is_settled;
}

TEST(Lack, WhatWasArchivedElsewhere) {
  EXPECT_TRUE(is(lack_of({{1, 5}}, 10), 6, 10, false));
  EXPECT_TRUE(is(lack_of({{1, 5}, {13, 13}}, 10), 6, 12, true));  // 11 and 12 were under way
  EXPECT_TRUE(is(lack_of({{1, 5}, {6, 10}}, 10), 0, 0, false));   // who knows what is under way
  EXPECT_TRUE(is(lack_of({{1, 5}, {6, 10}, {13, 13}}, 10), 11, 12, true));
  EXPECT_TRUE(is(lack_of({{1, 5}, {6, 10}, {11, 11}}, 10), 0, 0, true));
  EXPECT_TRUE(is(lack_of({{1, 5}, {6, 12}}, 10), 0, 0, true));  // a batch
}

TEST(Lack, ANewSinkBeginsLater) {
  EXPECT_TRUE(is(lack_of({}, 10), 0, 0, true));
  EXPECT_TRUE(is(lack_of({{11, 11}}, 10), 0, 0, true));
}

TEST(Lack, OfAnEarlierHoleNothingIsSaid) { EXPECT_TRUE(is(lack_of({{1, 5}, {8, 9}}, 20), 10, 20, false)); }

TEST(Lack, FarBackInFewListings) {
  int listings = 0;
  EXPECT_TRUE(is(lack_of({{5, 5}}, 1'000'000, &listings), 6, 1'000'000, false));
  EXPECT_LT(listings, 8);
  EXPECT_TRUE(is(lack_of({{1, 1}}, ~0ULL), 2, ~0ULL, false));
}

TEST(Lack, AnErrorIsNoAnswer) {
  const auto found =
      find_lack([](uint64_t, const VisitRange&) { return fail(TIDEMARK_E_RETRYABLE, "down"); }, 5);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "down");
}

}  // namespace
}  // namespace tidemark::postgres
