#include "format/footer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tidemark {
namespace {

Digest some_digest() {
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<uint8_t>(i * 11 + 3);
  return digest;
}
ContentTag some_tag() { return {{1, 2, 10, 255}, some_digest()}; }

std::string_view text(const FooterBlock& block) { return {block.data(), block.size()}; }

Footer footer_of(Range range, int64_t made_us = 0) {
  return {.sha256 = some_digest(), .storage = "db", .partition = 7, .range = range, .made_us = made_us};
}
Footer record_of(ObjectKind kind, Range range) {
  Footer footer = footer_of(range);
  footer.kind = kind;
  if (kind == ObjectKind::kGap) footer.sha256 = {};
  return footer;
}
Footer epoch_of(uint64_t epoch) {
  return {.kind = ObjectKind::kEpoch, .sha256 = some_digest(), .storage = "db", .epoch = epoch};
}
std::optional<Footer> parse_archive(std::string_view block) {
  return parse_footer(ObjectKind::kArchive, block, nullptr);
}

std::string problem_of(std::string_view block) {
  std::string problem;
  EXPECT_FALSE(parse_footer(ObjectKind::kArchive, block, &problem));
  EXPECT_FALSE(parse_archive(block));
  return problem;
}

std::string padded(std::string text) {
  text.resize(kFooterSize, '\0');
  return text;
}

std::string shown(const Footer& footer) { return std::string(format_footer(footer).data()); }

TEST(Footer, IsTheTextOfTheDesign) {
  const FooterBlock block = format_footer(footer_of({12, 15}, 1'700'000'000'000'000));
  const std::string digest = "030e19242f3a45505b66717c87929da8b3bec9d4dfeaf5000b16212c37424d58";
  const std::string identity = " storage=db partition=7 first=12 last=15";
  const std::string before_time = "TIDEMARK1 sha256=" + digest + identity;
  EXPECT_EQ(std::string(block.data()), before_time + " made_us=1700000000000000");
  EXPECT_EQ(shown(footer_of({12, 15})), before_time);
  EXPECT_EQ(text(block).substr(std::string(block.data()).size()).find_first_not_of('\0'),
            std::string_view::npos);
  EXPECT_EQ(hex(some_digest()), digest);
  EXPECT_EQ(shown(record_of(ObjectKind::kGap, {12, 15})), "TIDEMARK1-GAP" + identity);
  Footer coded = footer_of({12, 15}, 9);
  coded.epoch = 3;
  coded.content = {some_digest(), 2048};
  EXPECT_EQ(shown(coded), before_time + " epoch=3 content=" + digest + " size=2048 made_us=9");
  coded.begun = 4;
  EXPECT_EQ(shown(coded), before_time + " epoch=3 begun=4 content=" + digest + " size=2048 made_us=9");
  coded.begun = kNoLsn;
  coded.content.reset();
  coded.tag = some_tag();
  EXPECT_EQ(shown(coded), before_time + " epoch=3 tag_key=01020aff tag=" + digest + " made_us=9");
  Footer gap = record_of(ObjectKind::kGap, {12, 15});
  gap.epoch = 2;
  EXPECT_EQ(shown(gap), "TIDEMARK1-GAP" + identity + " epoch=2");
  EXPECT_EQ(shown(epoch_of(1)), "TIDEMARK1-EPOCH sha256=" + digest + " storage=db epoch=1");
}

TEST(Footer, OfABeginningBeginsWithTheFirst) {
  for (const ObjectKind kind : {ObjectKind::kPruned, ObjectKind::kOrigin}) {
    std::string problem;
    EXPECT_TRUE(parse_footer(kind, text(format_footer(record_of(kind, {1, 9}))), &problem));
    EXPECT_FALSE(parse_footer(kind, text(format_footer(record_of(kind, {2, 9}))), &problem));
    EXPECT_EQ(problem, "first is not 1");
  }
}

TEST(Footer, ParsesWhatItFormatsUpToTheLongest) {
  constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();
  Footer footer = footer_of({});
  footer.storage.assign(128, 'n');
  for (const Range range : {Range{1, 1}, Range{1, kEveryLsn}, Range{kEveryLsn, kEveryLsn}}) {
    for (const uint64_t number : {uint64_t{2}, uint64_t{10}, std::numeric_limits<uint64_t>::max()}) {
      for (const int64_t made_us : {int64_t{0}, int64_t{1}, kLatest}) {
        footer.range = range;
        footer.partition = footer.epoch = number;
        footer.made_us = made_us;
        footer.begun = range.first - 1;
        footer.content.reset();
        footer.tag.reset();
        EXPECT_EQ(parse_archive(text(format_footer(footer))), footer);
        footer.tag = some_tag();
        EXPECT_EQ(parse_archive(text(format_footer(footer))), footer);
        footer.tag.reset();
        footer.content = {some_digest(), number};
        EXPECT_EQ(parse_archive(text(format_footer(footer))), footer);
      }
    }
  }
}

TEST(Footer, OneKindIsNotTheOther) {
  constexpr ObjectKind kKinds[] = {ObjectKind::kArchive, ObjectKind::kGap,    ObjectKind::kAccepted,
                                   ObjectKind::kPruned,  ObjectKind::kOrigin, ObjectKind::kEpoch};
  for (const ObjectKind kind : kKinds) {
    const Footer footer = kind == ObjectKind::kEpoch ? epoch_of(7) : record_of(kind, {1, 2});
    const FooterBlock block = format_footer(footer);
    for (const ObjectKind other : kKinds)
      EXPECT_EQ(parse_footer(other, text(block), nullptr).has_value(), other == kind);
    EXPECT_EQ(parse_footer(kind, text(block), nullptr), footer);
  }
}

TEST(Footer, EveryMutationOfAByteIsRejectedOrAnotherIdentity) {
  Footer coded = footer_of({12, 105}, 1'234);
  coded.content = {some_digest(), 10};
  Footer sealed = footer_of({12, 105}, 1'234);
  sealed.epoch = 12;
  sealed.tag = some_tag();
  for (const Footer& footer :
       {footer_of({12, 105}, 1'234), coded, sealed, record_of(ObjectKind::kGap, {12, 105}), epoch_of(10)}) {
    const FooterBlock original = format_footer(footer);
    for (size_t i = 0; i < kFooterSize; ++i) {
      for (int c = 0; c < 256; ++c) {
        FooterBlock block = original;
        block[i] = static_cast<char>(c);
        if (const auto parsed = parse_footer(footer.kind, text(block), nullptr)) {
          EXPECT_EQ(format_footer(*parsed), block) << i;
        }
      }
    }
  }
}

TEST(Footer, BelongsToOneName) {
  const auto is_of = [](const Footer& footer, const char* key) {
    return is_footer_of(footer, *parse_object_key(key));
  };
  Footer footer = footer_of({1, 1}, 5);
  EXPECT_TRUE(is_of(footer, "db/7/0000000000001.tar"));
  for (const char* other :
       {"db/7/0000000000002.tar", "db/8/0000000000001.tar", "d/7/0000000000001.tar",
        "db/7/0000000000001.e2.tar", "db/7/0000000000001.tar.zst", "db/7/0000000000001.tar.age",
        "db/7/0000000000001-0000000000001.gap", "db/epoch/0000000000001.epoch"}) {
    EXPECT_FALSE(is_of(footer, other)) << other;
  }
  EXPECT_EQ(key_of(footer), "db/7/0000000000001.tar");
  footer.epoch = 2;
  footer.content = {some_digest(), 3};
  EXPECT_TRUE(is_of(footer, "db/7/0000000000001.e2.tar.zst"));
  EXPECT_FALSE(is_of(footer, "db/7/0000000000001.e2.tar"));
  EXPECT_FALSE(is_of(footer, "db/7/0000000000001.e2.tar.zst.age"));
  EXPECT_EQ(key_of(footer), "db/7/0000000000001.e2.tar.zst");
  footer.content.reset();
  footer.tag = some_tag();
  EXPECT_TRUE(is_of(footer, "db/7/0000000000001.e2.tar.age"));
  EXPECT_TRUE(is_of(footer, "db/7/0000000000001.e2.tar.zst.age"));
  EXPECT_TRUE(is_of(epoch_of(36), "db/epoch/0000000000010.epoch"));
  EXPECT_FALSE(is_of(epoch_of(36), "db/epoch/0000000000011.epoch"));
}

TEST(Footer, SaysWhatIsWrong) {
  const FooterBlock good = format_footer(footer_of({12, 15}, 9));
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
  EXPECT_TRUE(parse_archive(padded(body)));
  for (const char* time : {"0", "-1", "01", "x", "", "9223372036854775808"})
    EXPECT_EQ(problem_of(padded(body + " made_us=" + time)), "made_us= is not a time") << time;
  EXPECT_EQ(problem_of(padded(body + " made_us=1 x")), "more text after the last number");
  for (const char* epoch : {"0", "1", "02", "x", ""})
    EXPECT_EQ(problem_of(padded(body + " epoch=" + epoch)), "epoch= is not a number above 1") << epoch;
  const std::string digest = hex(some_digest());
  EXPECT_EQ(problem_of(padded(body + " content=00")), "content= is not 64 lower-case hex digits");
  EXPECT_EQ(problem_of(padded(body + " content=" + digest)), "no size=<decimal number> after content=");
  EXPECT_EQ(problem_of(padded(body + " tag_key=00")), "tag_key= is not 8 lower-case hex digits");
  EXPECT_EQ(problem_of(padded(body + " tag_key=0123456A tag=" + digest)),
            "tag_key= is not 8 lower-case hex digits");
  for (const std::string& tag : {std::string(), std::string(" tag=00"), " content=" + digest})
    EXPECT_EQ(problem_of(padded(body + " tag_key=01234567" + tag)),
              "no tag=<64 lower-case hex digits> after tag_key=");
  EXPECT_EQ(problem_of(padded(body + " tag=" + digest)), "more text after the last number");
  EXPECT_EQ(problem_of(padded(body + " content=" + digest + " size=1 tag_key=01234567 tag=" + digest)),
            "more text after the last number");
  EXPECT_EQ(problem_of(padded(body + " made_us=1 epoch=2")), "more text after the last number");
}

}  // namespace
}  // namespace tidemark
