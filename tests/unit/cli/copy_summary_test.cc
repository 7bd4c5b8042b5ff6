// How a run of copy is put into words.
#include "copy_summary.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

std::string summary_of(const CopySummary& summary, bool reread = false) {
  return summary.text(Output(false), false, reread);
}

CopySummary with_present(std::initializer_list<CopyCompared> ways, uint64_t records = 0) {
  CopySummary summary;
  summary.present.archives = ways.size();
  summary.present.records = records;
  for (const CopyCompared way : ways) summary.compared.add(way);
  return summary;
}

TEST(CopySummaryTest, SaysHowEachWasCompared) {
  constexpr auto kFooters = CopyCompared::kFooters, kTag = CopyCompared::kTag,
                 kBodies = CopyCompared::kBodies;
  EXPECT_EQ(summary_of({}), "copied 0 archives and 0 records, 0 bytes; 0 were there before; 0 problems");
  const auto expect = [](const CopySummary& summary, const std::string& part, bool reread = false) {
    EXPECT_NE(summary_of(summary, reread).find(" there before" + part + ";"), std::string::npos)
        << summary_of(summary, reread);
  };
  expect(with_present({CopyCompared::kNothing}), "");
  expect(with_present({}, 2), "");
  expect(with_present({kFooters, kFooters}), " (by size and footer; --reread reads both)");
  expect(with_present({kFooters}, 1), " (by size and footer; --reread reads both)");
  expect(with_present({kTag}), " (by the tag of what is encrypted; --reread reads both)");
  expect(with_present({kTag}),
         " (by the tag of what is encrypted; an --identity that fits decrypts and reads it)", true);
  expect(with_present({kBodies}), " (read whole)", true);
  expect(with_present({kFooters, kTag, kBodies}),
         " (1 by size and footer, 1 by the tag of what is encrypted, 1 read whole; --reread reads both)");
  CopySummary by_size = with_present({});
  by_size.present.archives = by_size.compared.by_size = 3;
  expect(by_size, " (by name and size alone)");
}

TEST(CopySummaryTest, SaysWhatWasLeftAsItIs) {
  CopySummary summary;
  summary.extra = 2;
  summary.in_the_clear = 1;
  summary.foreign = 3;
  summary.problems = 1;
  EXPECT_NE(summary_of(summary).find(
                "; 2 are at the destination only; 1 archive is at the destination in the clear, and "
                "left so: nothing is put beside what is there; 3 foreign objects were left out; 1 "
                "problem"),
            std::string::npos)
      << summary_of(summary);
  summary.extra = summary.present.records = 1;
  EXPECT_NE(summary_of(summary).find("; 1 was there before; 1 is at the destination only;"),
            std::string::npos)
      << summary_of(summary);
  const std::string json = summary.json(true).dump();
  EXPECT_NE(json.find("\"in_the_clear\":1"), std::string::npos) << json;
  EXPECT_NE(json.find("\"copied\":false"), std::string::npos) << json;
}

}  // namespace
}  // namespace tidemark::cli
