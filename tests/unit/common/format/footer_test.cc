#include "format/footer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tidemark {
namespace {

constexpr Lsn kMaxLsn = std::numeric_limits<Lsn>::max();

Digest some_digest() {
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<uint8_t>(i * 11 + 3);
  return digest;
}

std::string_view text(const FooterBlock& block) { return {block.data(), block.size()}; }

FooterBlock reformat(const Footer& footer) {
  return format_footer(footer.sha256, footer.storage, footer.partition, footer.range, footer.made_us);
}

std::string problem_of(std::string_view block) {
  std::string problem;
  EXPECT_FALSE(parse_footer(block, &problem));
  EXPECT_FALSE(parse_footer(block, nullptr));
  return problem;
}

std::string padded(std::string text) {
  text.resize(kFooterSize, '\0');
  return text;
}

TEST(Footer, IsTheTextOfTheDesign) {
  const FooterBlock block = format_footer(some_digest(), "db", 7, {12, 15}, 1'700'000'000'000'000);
  const std::string before_time =
      "TIDEMARK1 sha256=030e19242f3a45505b66717c87929da8b3bec9d4dfeaf5000b16212c37424d58 storage=db "
      "partition=7 first=12 last=15";
  EXPECT_EQ(std::string(block.data()), before_time + " made_us=1700000000000000");
  EXPECT_EQ(std::string(format_footer(some_digest(), "db", 7, {12, 15}, 0).data()), before_time);
  EXPECT_EQ(text(block).substr(std::string(block.data()).size()).find_first_not_of('\0'),
            std::string_view::npos);
  EXPECT_EQ(hex(some_digest()), "030e19242f3a45505b66717c87929da8b3bec9d4dfeaf5000b16212c37424d58");
  EXPECT_EQ(std::string(format_gap_record("db", 7, {12, 15}).data()),
            "TIDEMARK1-GAP storage=db partition=7 first=12 last=15");
}

TEST(Footer, ParsesWhatItFormats) {
  const std::string longest(128, 'n');
  for (const Range range : {Range{1, 1}, Range{1, kMaxLsn}, Range{kMaxLsn, kMaxLsn}}) {
    for (const uint64_t partition : {uint64_t{0}, uint64_t{10}, std::numeric_limits<uint64_t>::max()}) {
      constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();
      for (const int64_t made_us : {int64_t{0}, int64_t{1}, kLatest}) {
        const auto again =
            parse_footer(text(format_footer(some_digest(), longest, partition, range, made_us)), nullptr);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->made_us, made_us);
      }
      const auto footer =
          parse_footer(text(format_footer(some_digest(), longest, partition, range, kLatest)), nullptr);
      ASSERT_TRUE(footer);
      EXPECT_EQ(footer->sha256, some_digest());
      EXPECT_EQ(footer->storage, longest);
      EXPECT_EQ(footer->partition, partition);
      EXPECT_EQ(footer->range, range);
      const auto gap = parse_gap_record(text(format_gap_record(longest, partition, range)), nullptr);
      ASSERT_TRUE(gap);
      EXPECT_EQ(gap->storage, longest);
      EXPECT_EQ(gap->partition, partition);
      EXPECT_EQ(gap->range, range);
    }
  }
}

TEST(Footer, OneKindIsNotTheOther) {
  EXPECT_FALSE(parse_gap_record(text(format_footer(some_digest(), "db", 7, {1, 2}, 5)), nullptr));
  EXPECT_FALSE(parse_footer(text(format_gap_record("db", 7, {1, 2})), nullptr));
  constexpr ObjectKind kKinds[] = {ObjectKind::kAccepted, ObjectKind::kPruned, ObjectKind::kOrigin};
  for (const ObjectKind kind : kKinds) {
    const std::string block(text(format_record_footer(kind, some_digest(), "db", 7, {1, 2})));
    for (const ObjectKind other : kKinds) {
      EXPECT_EQ(parse_record_footer(other, block, nullptr).has_value(), other == kind);
    }
    EXPECT_FALSE(parse_footer(block, nullptr));
    EXPECT_FALSE(parse_gap_record(block, nullptr));
  }
}

TEST(Footer, EveryMutationOfAByteIsRejectedOrAnotherIdentity) {
  const FooterBlock original = format_footer(some_digest(), "d0", 10, {12, 105}, 1'234);
  const FooterBlock gap = format_gap_record("d0", 10, {12, 105});
  for (size_t i = 0; i < kFooterSize; ++i) {
    for (int c = 0; c < 256; ++c) {
      FooterBlock block = original;
      block[i] = static_cast<char>(c);
      if (const auto footer = parse_footer(text(block), nullptr)) {
        EXPECT_EQ(reformat(*footer), block) << i;
      }
      block = gap;
      block[i] = static_cast<char>(c);
      if (const auto record = parse_gap_record(text(block), nullptr)) {
        EXPECT_EQ(format_gap_record(record->storage, record->partition, record->range), block) << i;
      }
    }
  }
}

TEST(Footer, SaysWhatIsWrong) {
  const FooterBlock good = format_footer(some_digest(), "db", 7, {12, 15}, 9);
  const std::string head = "TIDEMARK1 sha256=" + hex(some_digest());
  EXPECT_EQ(problem_of(""), "it is not 512 bytes long");
  EXPECT_EQ(problem_of(text(good).substr(1)), "it is not 512 bytes long");
  EXPECT_EQ(problem_of(padded("")), "it does not begin with its mark");
  EXPECT_EQ(problem_of(padded("TIDEMARK2 sha256=")), "it does not begin with its mark");
  EXPECT_EQ(problem_of(padded("TIDEMARK1 sha256=00 storage=db")), "no sha256=<64 lower-case hex digits>");
  EXPECT_EQ(problem_of(padded("TIDEMARK1 sha256=" + std::string(64, 'A'))),
            "no sha256=<64 lower-case hex digits>");
  EXPECT_EQ(problem_of(padded(head)), "no storage= where it should be");
  EXPECT_EQ(problem_of(padded(head + " storage= partition=7 first=1 last=1")), "the storage name is empty");
  EXPECT_EQ(problem_of(padded(head + " storage=../x partition=7 first=1 last=1")),
            "the storage name begins with '.'");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=07 first=1 last=1")),
            "no partition=<decimal number>");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=18446744073709551616 first=1 last=1")),
            "no partition=<decimal number>");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=7 first=x last=1")), "no first=<decimal number>");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=7 first=1 last=")), "no last=<decimal number>");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=7 first=0 last=1")),
            "first and last are not a range");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=7 first=2 last=1")),
            "first and last are not a range");
  EXPECT_EQ(problem_of(padded(head + " storage=db partition=7 first=1 last=1 x")),
            "more text after the last number");
  const std::string body = head + " storage=db partition=7 first=1 last=1";
  EXPECT_TRUE(parse_footer(padded(body), nullptr));
  for (const char* time : {"0", "-1", "01", "x", "", "9223372036854775808"})
    EXPECT_EQ(problem_of(padded(body + " made_us=" + time)), "made_us= is not a time") << time;
  EXPECT_EQ(problem_of(padded(body + " made_us=1 x")), "more text after the last number");
}

}  // namespace
}  // namespace tidemark
