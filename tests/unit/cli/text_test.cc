#include "text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "console.h"

namespace tidemark::cli {
namespace {

TEST(Lsn, BothForms) {
  EXPECT_EQ(parse_lsn("12"), 12u);
  EXPECT_EQ(parse_lsn("@000000000000c"), 12u);
  EXPECT_EQ(parse_lsn("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_lsn("@3w5e11264sgsf"), UINT64_MAX);
  EXPECT_EQ(both(12), "12 @000000000000c");
  EXPECT_EQ(range_text(1, 36), "LSN 1 @0000000000001 to 36 @0000000000010");
  for (const char* text :
       {"", "0", "01", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "@", "@1", "@0000000000000",
        "@000000000000C", "@3w5e11264sgsg", "@zzzzzzzzzzzzz", "000000000000c"}) {
    EXPECT_FALSE(parse_lsn(text)) << text;
  }
}

TEST(Time, Iso8601AndEpoch) {
  ::setenv("TZ", "UTC-2", 1);  // two hours ahead
  ::tzset();
  EXPECT_EQ(parse_time("1970-01-02T00:00:01Z"), 86'401'000'000);
  EXPECT_EQ(parse_time("1970-01-02T00:00:01.25Z"), 86'401'250'000);
  EXPECT_EQ(parse_time("1970-01-02T00:00:01+01:00"), 82'801'000'000);
  EXPECT_EQ(parse_time("1970-01-02 02:00:01"), 86'401'000'000);
  EXPECT_EQ(parse_time("1970-01-02T02:00"), 86'400'000'000);
  EXPECT_EQ(parse_time("1970-01-02"), 79'200'000'000);
  EXPECT_EQ(parse_time("@1.5"), 1'500'000);
  EXPECT_EQ(utc_text(86'401'250'000), "1970-01-02T00:00:01.250000Z");
  EXPECT_EQ(local_text(86'401'250'000), "1970-01-02 02:00:01");
  for (const char* text :
       {"", "@", "@-1", "@1x", "1970", "1970-13-01", "1970-02-30", "1970-01-02T", "1970-01-02T25:00",
        "1970-01-02T00:00:01X", "1970-01-02T00:00:01.Z", "yesterday", "1970-1-2"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  ::unsetenv("TZ");
  ::tzset();
}

TEST(Span, UnitsAndBounds) {
  EXPECT_EQ(parse_span("90s"), 90'000'000);
  EXPECT_EQ(parse_span("30d"), int64_t{30} * 86'400 * 1'000'000);
  EXPECT_EQ(parse_span("4w"), parse_span("28d"));
  for (const char* text : {"", "d", "30", "0d", "-1d", "1.5h", "1y", "99999999999999d"})
    EXPECT_FALSE(parse_span(text)) << text;
}

TEST(Text, SizesOfPeople) {
  EXPECT_EQ(parse_size("1"), 1U);
  EXPECT_EQ(parse_size("500K"), 500U << 10);
  EXPECT_EQ(parse_size("3G"), uint64_t{3} << 30);
  EXPECT_EQ(parse_size("16777215T"), uint64_t{16'777'215} << 40);
  for (const char* text :
       {"", "0", "0K", "K", "-1", "1.5G", "1k", "1GB", "16777216T", "18446744073709551616"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Text, ForPeople) {
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((uint64_t{1} << 20) - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "16.0 EiB");
  EXPECT_EQ(printable("a\x1b[31m\xc3\xa4\xff\xc2\x9b"), "a\\x1b[31m\xc3\xa4\\xff\\xc2\\x9b");
  EXPECT_EQ(printable("\xe0\x80\x9b[31m"), "\\xe0\\x80\\x9b[31m");  // not the shortest form of a control
  EXPECT_EQ(printable("a\xe2\x80\xae\xed\xa0\x80"), "a\\xe2\\x80\\xae\\xed\\xa0\\x80");
  EXPECT_EQ(progress_text(3, 512, 1024, 0.1), "3 archives  50 %  512 B of 1.0 KiB");
  EXPECT_EQ(progress_text(3, 512, 1024, 2), "3 archives  50 %  512 B of 1.0 KiB  256 B/s  2 s left");
  EXPECT_EQ(progress_text(1, 512, 0, 2), "1 archive  512 B  256 B/s");
}

TEST(MostLike, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"ls", "info", "verify", "restore"};
  EXPECT_EQ(most_like("restor", words), "restore");
  EXPECT_EQ(most_like("verfiy", words), "verify");
  EXPECT_EQ(most_like("l", words), "ls");
  EXPECT_EQ(most_like("INFO", words), "");
  EXPECT_EQ(most_like("", words), "");
  EXPECT_EQ(most_like("archive", words), "");
  EXPECT_EQ(most_like(std::string(5000, 'x'), words), "");
}

TEST(Text, MessagesNameTheirPartition) {
  EXPECT_EQ(named("main/7", "it is full"), "main/7: it is full");
  EXPECT_EQ(named("main/7", "main/7 is full"), "main/7 is full");
  EXPECT_EQ(named("main/7", "main/71 is full"), "main/7: main/71 is full");
  EXPECT_EQ(named("main/7", "of main/7"), "of main/7");
  EXPECT_EQ(named("", "7 are full"), "7 are full");
}

}  // namespace
}  // namespace tidemark::cli
