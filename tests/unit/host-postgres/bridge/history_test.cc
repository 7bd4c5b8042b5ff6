// What a history says, and which ones a server descends from.
#include "bridge/history.h"

#include <gtest/gtest.h>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

TEST(History, Ancestors) {
  const auto ancestors =
      parse_history("1\t0/3000078\tno recovery target specified\n\n# x\n2\t1/A0\tbefore 2026\n");
  ASSERT_TRUE(ancestors);
  ASSERT_EQ(ancestors->size(), 2U);
  EXPECT_EQ((*ancestors)[1].parent, 2U);
  EXPECT_EQ((*ancestors)[1].position, 0x1000000A0U);
  EXPECT_EQ((*ancestors)[1].reason, "before 2026");
  EXPECT_TRUE(parse_history("1\t0/3000078"));
  for (const char* text :
       {"", "\n", "1", "x\t0/1\ty", "0\t0/1\ty", "1\t01\ty", "1\t0/\ty", "1\t/1\ty", "1\t0/1G\ty"})
    EXPECT_FALSE(parse_history(text)) << text;
}

TEST(History, Positions) {
  EXPECT_EQ(parse_position("0/2000028"), 0x2000028U);
  EXPECT_EQ(position_text(0x1000000A0U), "1/A0");
  EXPECT_FALSE(parse_position("123456789/0"));
  EXPECT_FALSE(parse_position("2000028"));
}

TEST(History, OfAServer) {
  const PgWal wal;
  EXPECT_EQ(*own_timeline(wal.wal(), kCluster), 0U);
  PgWal other;
  other.segment(5);
  EXPECT_EQ(*own_timeline(other.wal(), kCluster), 1U);
  EXPECT_TRUE(own_histories(other.wal(), 1)->empty());
  other.segment(6, 'x', 5);
  other.write("00000007.history", "1\t0/1\tof another server\n");
  EXPECT_EQ(*own_timeline(other.wal(), kCluster), 5U);
  EXPECT_EQ(*own_histories(other.wal(), 5), std::vector<uint32_t>{5});
  other.write("00000005.history", "1\t0/100\tx\n2\t0/200\ty\n4\t0/300\tz\n");
  EXPECT_EQ(*own_histories(other.wal(), 5), (std::vector<uint32_t>{2, 4, 5}));
  other.write("00000005.history", "nonsense");
  EXPECT_NE(own_histories(other.wal(), 5).error().message.find("00000005.history"), std::string::npos);
  EXPECT_FALSE(own_timeline(other.wal() + "/nowhere", kCluster));
}

TEST(History, OfManyTimelinesTheNewest) {
  PgWal wal;
  std::string text;
  for (uint32_t i = 1; i < 200; ++i) text += std::to_string(i) + "\t0/100\tx\n";
  wal.write("000000C8.history", text);
  const auto timelines = own_histories(wal.wal(), 200);
  ASSERT_TRUE(timelines);
  EXPECT_EQ(timelines->size(), kHistoriesMax);
  EXPECT_EQ(timelines->back(), 200U);
}

}  // namespace
}  // namespace tidemark::postgres
