#include "journal.h"

#include <gtest/gtest.h>

#include <string>

#include "digest.h"
#include "format/lsn.h"

namespace tidemark::host {
namespace {

TEST(JournalRecordText, RoundTripsAndRefusesAnythingElse) {
  const JournalRecord record{"main", 3, 17, *sha256("x"), "/a b/%"};
  const std::string line = format_record(record);
  ASSERT_EQ(line.back(), '\n');
  const auto parsed = parse_record(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(format_record(*parsed), line);
  const std::string hex = digest_text(record.digest);
  const std::string lsn = lsn_text(17);
  for (const std::string& bad :
       {std::string(), "main 3 " + lsn + " " + hex, "main 3 " + lsn + " " + hex + " - -",
        "main x " + lsn + " " + hex + " -", "main 3 17 " + hex + " -",
        "main 3 " + lsn_text(0) + " " + hex + " -", " 3 " + lsn + " " + hex + " -",
        "main 3 " + lsn + " " + hex.substr(1) + " -", "main 3 " + lsn + " " + hex + " ",
        "main 3 " + lsn + " " + hex + " %4", std::string(90, '\0')}) {
    EXPECT_FALSE(parse_record(bad)) << bad;
  }
}

}  // namespace
}  // namespace tidemark::host
