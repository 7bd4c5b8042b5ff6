#include "format/epoch_record.h"

#include <gtest/gtest.h>

#include <string>

#include "format/footer.h"
#include "format/record.h"

namespace tidemark {
namespace {

EpochRecord some_record(Claim how) {
  EpochRecord record = {5, {0xab, 0xcd}, {0x12}, 8, how, "node-1.example", {}};
  if (how == Claim::kTakeover) record.reason = "the primary burnt";
  return record;
}

TEST(EpochRecord, IsTheTextOfTheDesign) {
  EXPECT_EQ(epoch_record_text(some_record(Claim::kTakeover)),
            "made_us=5\nowner=abcd0000000000000000000000000000\nclaim="
            "12000000000000000000000000000000\nparent=8\nhow=takeover\n"
            "host=node-1.example\nreason=the primary burnt\n");
  EXPECT_EQ(epoch_record_text(some_record(Claim::kRestart)),
            "made_us=5\nowner=abcd0000000000000000000000000000\nclaim="
            "12000000000000000000000000000000\nparent=8\nhow=restart\n"
            "host=node-1.example\n");
}

TEST(EpochRecord, ParsesWhatItFormats) {
  for (const Claim how : {Claim::kFirst, Claim::kRestart, Claim::kTakeover}) {
    std::string problem;
    const auto parsed = parse_epoch_record_text(epoch_record_text(some_record(how)), 9, &problem);
    ASSERT_TRUE(parsed) << problem;
    EXPECT_EQ(*parsed, some_record(how));
  }
}

TEST(EpochRecord, TheLongestIsARecord) {
  EpochRecord record = some_record(Claim::kTakeover);
  record.made_us = INT64_MAX;
  record.parent = UINT64_MAX - 1;
  record.host.assign(kHostNameMax, 'h');
  record.reason.assign(kReasonMax, 'r');
  const std::string text = epoch_record_text(record);
  EXPECT_LE(text.size() + kFooterSize, kRecordMax);
  std::string problem;
  EXPECT_TRUE(parse_epoch_record_text(text, UINT64_MAX, &problem)) << problem;
}

TEST(EpochRecord, SaysWhatIsWrong) {
  const std::string owner = "owner=abcd0000000000000000000000000000\n";
  const std::string claim = "claim=12000000000000000000000000000000\n";
  const std::string head = "made_us=5\n" + owner + claim;
  const auto problem_of = [](const std::string& text) {
    std::string problem;
    EXPECT_FALSE(parse_epoch_record_text(text, 9, &problem)) << text;
    return problem;
  };
  EXPECT_EQ(problem_of(""), "it has no line made_us=");
  EXPECT_EQ(problem_of("made_us=05\n"), "made_us is not a time");
  EXPECT_EQ(problem_of("made_us=5\n"), "it has no line owner=");
  EXPECT_EQ(problem_of("made_us=5\nowner=ABCD0000000000000000000000000000\n"),
            "owner is not 32 lower-case hex digits");
  EXPECT_EQ(problem_of("made_us=5\nowner=ab\n"), "owner is not 32 lower-case hex digits");
  EXPECT_EQ(problem_of("made_us=5\n" + owner), "it has no line claim=");
  EXPECT_EQ(problem_of("made_us=5\n" + owner + "claim=12\n"), "claim is not 32 lower-case hex digits");
  EXPECT_EQ(problem_of(head), "it has no line parent=");
  EXPECT_EQ(problem_of(head + "parent=x\n"), "parent is not a decimal number");
  EXPECT_EQ(problem_of(head + "parent=9\n"), "parent is not below its own number");
  EXPECT_EQ(problem_of(head + "parent=0\n"), "it has no line how=");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=luck\n"), "how is not first, restart or takeover");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=first\n"), "it has no line host=");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=first\nhost=\n"), "host is not a line of 1 to 255 bytes");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=first\nhost=a\x1b[0m\n"),
            "host is not a line of 1 to 255 bytes");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=first\nhost=" + std::string(256, 'h') + "\n"),
            "host is not a line of 1 to 255 bytes");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=first\nhost=a\nreason=x\n"), "it has more text than it should");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=takeover\nhost=a\n"), "it has no line reason=");
  EXPECT_EQ(problem_of(head + "parent=0\nhow=takeover\nhost=a\nreason=\n"), "the reason is empty");
}

}  // namespace
}  // namespace tidemark
