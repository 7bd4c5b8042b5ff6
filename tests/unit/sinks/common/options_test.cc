#include "common/options.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

constexpr tidemark_sink_option kTable[] = {{"name", "", "a text"},       {"password", "", "a secret"},
                                           {"mode", "auto", "a choice"}, {"count", "5", "a number"},
                                           {"delay_ms", "0", "a time"},  {"part_bytes", "", "a size"},
                                           {"rate", "0", "a rate"},      {"verify", "false", "yes or no"}};

class Options : public ::testing::Test {
 protected:
  std::vector<OptionSpec> specs() {
    return {text_option("name", &name_),
            secret_option("password", &password_),
            choice_option("mode", &mode_, {"auto", "fast"}),
            integer_option("count", &count_, 1, 10),
            duration_option("delay_ms", &delay_ms_, 0, 10'000),
            size_option("part_bytes", &part_bytes_, 0, 1 << 30),
            rate_option("rate", &rate_),
            bool_option("verify", &verify_)};
  }
  Status parse(const Query& query, const Query& list = {}, uint32_t flags = 0, PassOn* pass_on = nullptr) {
    std::vector<tidemark_option> raw;
    for (const auto& [key, value] : list) {
      const uint32_t secret = key == "password" ? password_flags_ : 0U;
      raw.push_back({abi_str(key), abi_str(value), flags | secret, 0});
    }
    return parse_options(kTable, specs(), query, raw.data(), static_cast<uint32_t>(raw.size()), pass_on);
  }
  // The message of an INVALID result.
  std::string refusal(const Query& query, const Query& list = {}, uint32_t flags = 0) {
    const Status result = parse(query, list, flags);
    if (result) return "accepted";
    EXPECT_EQ(result.error().status, TIDEMARK_E_INVALID);
    return result.error().message;
  }
  static bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

  uint32_t password_flags_ = TIDEMARK_OPTION_SECRET;
  std::string name_ = "default", password_, mode_ = "auto";
  uint64_t count_ = 5, delay_ms_ = 0, part_bytes_ = 0;
  double rate_ = 0;
  bool verify_ = false;
};

TEST_F(Options, WhatPeopleAreToldIsWhatHolds) {
  count_ = 7;
  name_ = "kept";
  ASSERT_TRUE(parse({}));
  EXPECT_EQ(count_, 5u) << "the table's fallback";
  EXPECT_EQ(name_, "kept") << "the table has none";

  std::vector<tidemark_sink_option> table(std::begin(kTable), std::end(kTable));
  const auto refused = [&] { return parse_options(table, specs(), {}, nullptr, 0).error().message; };
  table.push_back({"more", "", "told only"});
  EXPECT_EQ(refused(), "option \"more\" stands in the table of options, but the sink does not take it");
  table.back().name = "of.*";
  EXPECT_TRUE(parse_options(table, specs(), {}, nullptr, 0)) << "stands for names that somebody else takes";
  table[3].fallback = "11";
  EXPECT_TRUE(
      has(refused(), "option \"count\" has a fallback that is not right; it is a whole number, 1 to 10"));
  table.erase(table.begin() + 3);
  EXPECT_EQ(refused(), "the sink takes an option that its table of options does not have");
}

TEST_F(Options, FromBothPlaces) {
  ASSERT_TRUE(parse({{"mode", "fast"}, {"count", "10"}, {"rate", "0.25"}},
                    {{"delay_ms", "2s"}, {"part_bytes", "8MiB"}, {"verify", "true"}, {"password", "x"}}));
  EXPECT_EQ(name_, "default");
  EXPECT_EQ(mode_, "fast");
  EXPECT_EQ(count_, 10u);
  EXPECT_EQ(rate_, 0.25);
  EXPECT_EQ(delay_ms_, 2000u);
  EXPECT_EQ(part_bytes_, 8u << 20);
  EXPECT_TRUE(verify_);
  EXPECT_EQ(password_, "x");
}

TEST_F(Options, Units) {
  for (const auto& [text, ms] :
       std::vector<std::pair<std::string, uint64_t>>{{"7", 7}, {"7ms", 7}, {"7s", 7000}}) {
    ASSERT_TRUE(parse({{"delay_ms", text}})) << text;
    EXPECT_EQ(delay_ms_, ms);
  }
  for (const auto& [text, bytes] :
       std::vector<std::pair<std::string, uint64_t>>{{"7", 7}, {"7KiB", 7 << 10}, {"1GiB", 1 << 30}}) {
    ASSERT_TRUE(parse({{"part_bytes", text}})) << text;
    EXPECT_EQ(part_bytes_, bytes);
  }
}

TEST_F(Options, UnknownOnesAreNamedWithTheKnown) {
  const std::string message = refusal({{"cuont", "1"}});
  EXPECT_TRUE(has(message, "\"cuont\"")) << message;
  EXPECT_TRUE(has(message, "name, password, mode, count, delay_ms")) << message;
}

TEST_F(Options, MalformedOnesAreNamedWithTheRemedy) {
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {"count", "", "1 to 10"},
      {"count", "0", "1 to 10"},
      {"count", "11", "1 to 10"},
      {"count", "-1", "1 to 10"},
      {"count", "5x", "whole number"},
      {"count", " 5", "whole number"},
      {"count", "99999999999999999999", "1 to 10"},
      {"delay_ms", "2d", "ms, s, min or h"},
      {"delay_ms", "11s", "0 to 10000 ms"},
      {"delay_ms", "1.5s", "whole number"},
      {"delay_ms", "9999999999999999h", "0 to 10000"},
      {"part_bytes", "8MB", "MiB"},
      {"rate", "1.01", "from 0 to 1"},
      {"rate", "nan", "from 0 to 1"},
      {"rate", "-0.1", "from 0"},
      {"rate", "0.5x", "from 0 to 1"},
      {"rate", "0,5", "from 0 to 1"},
      {"verify", "yes", "true or false"},
      {"mode", "slow", "one of auto, fast"}};
  for (const auto& [key, value, remedy] : cases) {
    const std::string message = refusal({{key, value}});
    EXPECT_TRUE(has(message, key)) << message;
    EXPECT_TRUE(has(message, value)) << message;
    EXPECT_TRUE(has(message, remedy)) << message;
  }
  EXPECT_TRUE(has(refusal({{"name", std::string("a\0b", 3)}}), "name"));
}

TEST_F(Options, GivenTwice) {
  EXPECT_TRUE(has(refusal({{"count", "1"}, {"count", "1"}}), "\"count\" is given twice"));
  EXPECT_TRUE(has(refusal({{"count", "1"}}, {{"count", "2"}}), "\"count\" is given twice"));
  EXPECT_TRUE(has(refusal({}, {{"count", "1"}, {"count", "2"}}), "\"count\" is given twice"));
}

TEST_F(Options, SecretsAreNeverShown) {
  const std::string in_url = refusal({{"password", "hunter2"}});
  EXPECT_FALSE(has(in_url, "hunter2")) << in_url;
  EXPECT_TRUE(has(in_url, "option list")) << in_url;
  EXPECT_EQ(password_, "");
  const std::string flagged = refusal({}, {{"count", "hunter2"}}, TIDEMARK_OPTION_SECRET);
  EXPECT_FALSE(has(flagged, "hunter2")) << flagged;
  EXPECT_TRUE(has(flagged, "count")) << flagged;
  const std::string malformed = refusal({}, {{"password", std::string("hunter2\0", 8)}});
  EXPECT_FALSE(has(malformed, "hunter2")) << malformed;
}

// Whoever does not know that it is one may show it: in a list of processes, in a log.
TEST_F(Options, SecretsArePassedAsSuch) {
  password_flags_ = 0;
  const std::string bare = refusal({}, {{"password", "hunter2"}});
  EXPECT_FALSE(has(bare, "hunter2")) << bare;
  EXPECT_TRUE(has(bare, "\"password\" is a secret but was not passed as one")) << bare;
  EXPECT_EQ(password_, "");
}

TEST_F(Options, PassedOnByPrefix) {
  PassOn pass_on = {"of.", {}};
  ASSERT_TRUE(
      parse({{"of.count", "77"}}, {{"of.password", "x"}, {"count", "3"}}, TIDEMARK_OPTION_SECRET, &pass_on));
  ASSERT_EQ(pass_on.options.size(), 2u);
  EXPECT_EQ(pass_on.options[0].key, "count");
  EXPECT_EQ(pass_on.options[0].value, "77");
  EXPECT_EQ(pass_on.options[1].key, "password");
  EXPECT_EQ(pass_on.options[1].flags, TIDEMARK_OPTION_SECRET);
  EXPECT_EQ(count_, 3u);
  EXPECT_FALSE(parse({{"of.", "77"}}, {}, 0, &pass_on));
}

TEST_F(Options, BadLists) {
  EXPECT_EQ(parse_options(kTable, specs(), {}, nullptr, 1).error().status, TIDEMARK_E_INVALID);
  const tidemark_option broken = {{nullptr, 3}, {nullptr, 0}, 0, 0};
  EXPECT_EQ(parse_options(kTable, specs(), {}, &broken, 1).error().status, TIDEMARK_E_INVALID);
  EXPECT_EQ(parse_options(kTable, specs(), {}, &broken, TIDEMARK_OPTIONS_MAX + 1).error().status,
            TIDEMARK_E_INVALID);
}

TEST_F(Options, ASecretInPlaceOfANameIsNotRepeated) {
  for (const char* name : {"SECRET", "SECRET ", "wJal/SECRET"}) {
    EXPECT_FALSE(has(refusal({{name, "x"}}), "SECRET"));
    EXPECT_FALSE(has(refusal({}, {{name, "x"}}), "SECRET"));
    EXPECT_TRUE(has(refusal({}, {{name, "x"}}), "known: name, password"));
  }
  EXPECT_TRUE(has(refusal({}, {{"colour", "x"}}), "\"colour\""));
}

TEST_F(Options, WhatWasPassedAsASecretIsLeftOutOfErrors) {
  const std::string proxy = "http://u:SECRET@127.0.0.1:1";
  const tidemark_option list[] = {{abi_str("profile"), abi_str("SECRET"), TIDEMARK_OPTION_SECRET, 0},
                                  {abi_str("proxy"), abi_str(proxy), TIDEMARK_OPTION_SECRET, 0},
                                  {abi_str("region"), abi_str("eu"), 0, 0}};
  const auto shown = [&](tidemark_status status, const std::string& message) {
    return without_secret_values(fail(status, message), list, 3).message;
  };
  EXPECT_EQ(shown(TIDEMARK_E_NOT_FOUND, "no profile \"SECRET\" in \"eu\""),
            "no profile (not shown) in \"eu\"");
  EXPECT_EQ(shown(TIDEMARK_E_INVALID, "proxy " + proxy + " is wrong"), "proxy (not shown) is wrong");
  EXPECT_EQ(shown(TIDEMARK_E_RETRYABLE, "cannot reach \"SECRET\""), "cannot reach \"SECRET\"");
}

}  // namespace
}  // namespace tidemark::sinks
