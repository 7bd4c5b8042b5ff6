#include "format/record.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(RecordText, ParsesWhatItFormats) {
  const Record accepted = {ObjectKind::kAccepted, 5, "disk 3 died"};
  EXPECT_EQ(record_text(accepted), "made_us=5\nreason=disk 3 died\n");
  EXPECT_EQ(record_text({ObjectKind::kPruned, 7, {}}), "made_us=7\n");
  std::string problem;
  const auto parsed = parse_record_text(record_text(accepted), ObjectKind::kAccepted, &problem);
  ASSERT_TRUE(parsed) << problem;
  EXPECT_EQ(parsed->kind, ObjectKind::kAccepted);
  EXPECT_EQ(parsed->made_us, 5);
  EXPECT_EQ(parsed->reason, "disk 3 died");
}

TEST(RecordText, SaysWhatIsWrong) {
  for (const auto& [text, kind, what] :
       {std::tuple("", ObjectKind::kPruned, "it has no line made_us="),
        std::tuple("made_us=0\n", ObjectKind::kPruned, "made_us is not a time"),
        std::tuple("made_us=05\n", ObjectKind::kOrigin, "made_us is not a time"),
        std::tuple("made_us=5x\n", ObjectKind::kOrigin, "made_us is not a time"),
        std::tuple("made_us=5\n", ObjectKind::kAccepted, "it has no line reason="),
        std::tuple("made_us=5\nreason=\n", ObjectKind::kAccepted, "the reason is empty"),
        std::tuple("made_us=5\nreason=x\n", ObjectKind::kPruned, "it has more text than it should")}) {
    std::string problem;
    EXPECT_FALSE(parse_record_text(text, kind, &problem)) << text;
    EXPECT_EQ(problem, what) << text;
  }
}

TEST(Reason, IsOneLineOfText) {
  EXPECT_EQ(reason_problem("disk 3 died, see ticket 12"), nullptr);
  EXPECT_EQ(reason_problem("\xC3\x9C\xE2\x82\xAC\xF0\x9F\x94\xA5"), nullptr);
  EXPECT_EQ(reason_problem(std::string(256, 'x')), nullptr);
  EXPECT_STREQ(reason_problem(""), "the reason is empty");
  EXPECT_STREQ(reason_problem(std::string(257, 'x')), "the reason is longer than 256 bytes");
  for (const std::string bad : {"a\nb", "a\rb", "\x1b[31m", "a\x7f", "\xC2\x85"}) {
    EXPECT_STREQ(reason_problem(bad), "the reason has a control character; it is one line");
  }
  EXPECT_STREQ(reason_problem(std::string("a\0b", 3)), "the reason has a control character; it is one line");
  for (const char* bad : {"\xFF", "\xC3", "a\xE2\x82", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_STREQ(reason_problem(bad), "the reason is not UTF-8") << bad;
  }
}

}  // namespace
}  // namespace tidemark
