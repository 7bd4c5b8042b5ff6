#include "agreement.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

class AgreementTest : public ::testing::Test {
 protected:
  static Stored stored(const std::string& key) {
    Stored one;
    one.key = key;
    one.storage = "main";
    one.partition = 7;
    one.first = one.last = 5;
    return one;
  }
  static Comparison unread(const std::string& key, tidemark_status status) {
    Comparison found;
    found.unread.push_back({{"a", "b", {5, 5}}, key, Error{kExitData, "the reason", status}});
    return found;
  }
  // What is said from now on.
  std::string said() { return ::testing::internal::GetCapturedStdout(); }
  void SetUp() override { ::testing::internal::CaptureStdout(); }

  Output output_{false};
  Findings findings_{output_};
  Agreement agreement_{findings_};
};

TEST_F(AgreementTest, WhatCouldNotBeReadIsAProblemUnlessItsOwnCheckSaysSo) {
  for (const char* key : {"a", "b"}) {
    agreement_.checked(stored("a"), true);
    agreement_.compared(stored("b"), unread(key, TIDEMARK_E_PERMANENT));
    EXPECT_TRUE(agreement_.is_in_doubt(stored("b")));
    agreement_.checked(stored("b"), true);
    agreement_.end("main/7", false);
  }
  EXPECT_EQ(findings_.problems(), 2u);
  agreement_.checked(stored("a"), false);
  agreement_.compared(stored("b"), unread("a", TIDEMARK_E_CORRUPT));
  agreement_.checked(stored("b"), true);
  agreement_.compared(stored("c"), unread("c", TIDEMARK_E_NOT_FOUND));
  agreement_.checked(stored("c"), false);
  EXPECT_FALSE(agreement_.is_in_doubt(stored("b")));
  EXPECT_EQ(findings_.problems(), 2u);
  agreement_.checked(stored("d"), true);
  EXPECT_EQ(findings_.problems(), 2u) << "of c, not of d";
  (void)output_.finish();
  const std::string text = said();
  EXPECT_NE(
      text.find("unreadable  b: it cannot be compared with a, which has the same entries: the reason\n"),
      std::string::npos)
      << text;
}

TEST_F(AgreementTest, WhatNobodyHereDecryptsIsAWarning) {
  for (const bool has_identity : {false, true}) {
    for (const char* key : {"a", "b"}) agreement_.compared(stored("b"), unread(key, TIDEMARK_E_SEALED));
    EXPECT_FALSE(agreement_.is_in_doubt(stored("b")));
    agreement_.checked(stored("b"), true);
    agreement_.end("main/7", has_identity);
    agreement_.end("main/8", has_identity);
  }
  EXPECT_EQ(findings_.problems(), 0u);
  (void)output_.finish();
  const std::string text = said();
  EXPECT_NE(text.find("main/7: 1 archive overlaps another"), std::string::npos) << text;
  EXPECT_NE(text.find("--deep --identity FILE compares them"), std::string::npos) << text;
  EXPECT_NE(text.find("the identity given does not decrypt them"), std::string::npos) << text;
  EXPECT_EQ(text.find("main/8"), std::string::npos) << text;
}

TEST_F(AgreementTest, WhatDiffersIsInDoubt) {
  Comparison found;
  found.differences.push_back({{"a", "b", {5, 5}}, 5});
  agreement_.compared(stored("b"), found);
  agreement_.checked(stored("b"), true);
  EXPECT_TRUE(agreement_.is_in_doubt(stored("b")));
  EXPECT_FALSE(agreement_.is_in_doubt(stored("c")));
  EXPECT_EQ(findings_.problems(), 1u);
  (void)said();
}

}  // namespace
}  // namespace tidemark::cli
