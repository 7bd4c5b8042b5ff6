#include "http/credential_walk.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace tidemark::sinks {
namespace {

struct Keys {
  std::string name;
  int64_t expires_us = 0;
};
struct Context {
  std::function<int64_t()> now_us = [] { return int64_t{1000}; };
  std::vector<FileStamp>* files;
  std::vector<std::string>* asked;
  Result<SourceAnswer<Keys>> second = SourceAnswer<Keys>{};
};
using KeySource = CredentialSource<Keys, Context>;
constexpr std::array<KeySource, 2> kSources = {{{"first",
                                                 [](const Context& context) -> Result<SourceAnswer<Keys>> {
                                                   context.asked->emplace_back("first");
                                                   return SourceAnswer<Keys>{std::nullopt, "not set", false};
                                                 }},
                                                {"second", [](const Context& context) {
                                                   context.asked->emplace_back("second");
                                                   return context.second;
                                                 }}}};

class CredentialWalkTest : public testing::Test {
 protected:
  Result<Fetched<Keys>> walk(Result<SourceAnswer<Keys>> second) {
    const Context context = {.files = &files_, .asked = &asked_, .second = std::move(second)};
    return walk_sources(std::span<const KeySource>(kSources), context, [](const Keys& keys) {
      return keys.name == "bad" ? Status(fail(TIDEMARK_E_PERMANENT, "a blank at its end")) : Status();
    });
  }
  void expect_failure(const Result<Fetched<Keys>>& found, tidemark_status status,
                      const std::string& message) {
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().status, status);
    EXPECT_EQ(found.error().message, message);
  }

  std::vector<FileStamp> files_;
  std::vector<std::string> asked_;
};

TEST_F(CredentialWalkTest, TheFirstThatAppliesDecides) {
  const auto found = walk(SourceAnswer<Keys>{Keys{"k", 2000}, "a file", false});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.name, "k");
  EXPECT_EQ(found->from, "a file");
  EXPECT_EQ(asked_, (std::vector<std::string>{"first", "second"}));
}

TEST_F(CredentialWalkTest, NoneAppliesAndEachSaysWhy) {
  expect_failure(walk(SourceAnswer<Keys>{std::nullopt, "not there", false}), TIDEMARK_E_PERMANENT,
                 "no credentials found: first: not set; second: not there");
}

TEST_F(CredentialWalkTest, AFailureSaysNothingOfAnObject) {
  for (const auto& [said, told] : {std::pair(TIDEMARK_E_NOT_FOUND, TIDEMARK_E_PERMANENT),
                                   {TIDEMARK_E_EXISTS, TIDEMARK_E_PERMANENT},
                                   {TIDEMARK_E_NO_SPACE, TIDEMARK_E_PERMANENT},
                                   {TIDEMARK_E_RETRYABLE, TIDEMARK_E_RETRYABLE},
                                   {TIDEMARK_E_THROTTLED, TIDEMARK_E_THROTTLED},
                                   {TIDEMARK_E_CANCELLED, TIDEMARK_E_CANCELLED}}) {
    expect_failure(walk(fail(said, "why")), told, "credentials, second: why");
  }
}

TEST_F(CredentialWalkTest, WhatCannotBeUsedIsNotGiven) {
  expect_failure(walk(SourceAnswer<Keys>{Keys{"bad", 0}, "a file", false}), TIDEMARK_E_PERMANENT,
                 "credentials, second, a file: a blank at its end");
  expect_failure(walk(SourceAnswer<Keys>{Keys{"k", 1000}, "a file", false}), TIDEMARK_E_RETRYABLE,
                 "credentials, second: those of a file expired at 1970-01-01T00:00:00Z");
  const auto outlives = walk(SourceAnswer<Keys>{Keys{"k", 1000}, "a service", true});
  ASSERT_TRUE(outlives);
  EXPECT_TRUE(outlives->outlive_expiry);
}

TEST(RandomShare, IsAShare) {
  for (int i = 0; i < 100; ++i) {
    const double share = random_share();
    EXPECT_GE(share, 0);
    EXPECT_LT(share, 1);
  }
}

}  // namespace
}  // namespace tidemark::sinks
