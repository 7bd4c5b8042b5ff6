#include "latency.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tidemark::host {
namespace {

TEST(Latency, PercentilesAreWithinABucket) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.percentile_us(0.5), 0u);
  for (uint64_t us = 1; us <= 100000; ++us) histogram.add(us, 1);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_us(0.5)), 50000, 3500);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_us(0.99)), 99000, 7000);
  LatencyHistogram extreme;
  extreme.add(UINT64_MAX, 1);
  EXPECT_EQ(extreme.percentile_us(0.5), UINT64_MAX);
}

}  // namespace
}  // namespace tidemark::host
