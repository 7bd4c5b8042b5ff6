#include "http/iso_time.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

constexpr int64_t kLeapDayUs = 1'709'251'198'000'000;  // date -u -d '2024-02-29 23:59:58' +%s

TEST(IsoTime, ReadsWhatServicesWrite) {
  EXPECT_EQ(parse_iso_time_us("2024-02-29T23:59:58Z"), kLeapDayUs);
  EXPECT_EQ(parse_iso_time_us("2024-02-29T23:59:58.359Z"), kLeapDayUs + 359'000);
  EXPECT_EQ(parse_iso_time_us("2024-02-29T23:59:58.123456789Z"), kLeapDayUs + 123'456);
  EXPECT_EQ(parse_iso_time_us("2024-02-29T23:59:58+00:00"), kLeapDayUs);
  EXPECT_EQ(parse_iso_time_us("2024-03-01T01:29:58+01:30"), kLeapDayUs);
  EXPECT_EQ(parse_iso_time_us("2024-02-29T18:59:58-0500"), kLeapDayUs);
  EXPECT_EQ(parse_iso_time_us("2024-02-29 23:59:58z"), kLeapDayUs);
  EXPECT_EQ(parse_iso_time_us("1970-01-01T00:00:00Z"), 0);
}

TEST(IsoTime, RefusesAnythingElse) {
  for (const char* text :
       {"", "2024", "2024-02-29", "2024-02-29T23:59:58", "2024-02-29T23:59Z", "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+01:60", " 2024-01-01T00:00:00Z",
        "20240101T000000Z"}) {
    EXPECT_EQ(parse_iso_time_us(text), std::nullopt) << text;
  }
}

TEST(IsoTime, WritesWhatItReads) {
  EXPECT_EQ(format_iso_time(kLeapDayUs + 999'999), "2024-02-29T23:59:58Z");
  EXPECT_EQ(format_iso_time(0), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace tidemark::sinks
