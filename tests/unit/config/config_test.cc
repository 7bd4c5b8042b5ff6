#include "config/config.h"

#include <gtest/gtest.h>

namespace tidemark::config {
namespace {

Result<Config> parse(std::vector<Option> options) { return parse_config(options); }

void expect_invalid(const std::vector<Option>& options, const std::vector<std::string>& words) {
  const Result<Config> config = parse_config(options);
  ASSERT_FALSE(config) << words.front();
  EXPECT_EQ(config.error().status, TIDEMARK_E_INVALID);
  for (const std::string& word : words) {
    EXPECT_NE(config.error().message.find(word), std::string::npos)
        << "'" << config.error().message << "' does not say '" << word << "'";
  }
}

tidemark_option option(std::string_view key, std::string_view value, uint32_t flags = 0) {
  return {abi_str(key), abi_str(value), flags, 0};
}

TEST(ParseConfig, RepeatsNoKeyInPlaceOfItsFile) {
  const std::string tag(64, 'a');
  for (const std::string& value :
       {std::string("AGE-SECRET-KEY-1aaaa/"), std::string("x/AGE-SECRET-KEY-1aaaa/b"), tag + "\n",
        "# made by\n" + tag, "file:" + tag, " " + tag.substr(1), tag + "ab"}) {
    const Result<Config> config = parse({{"encrypt_tag_key_file", value}});
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message,
              "option encrypt_tag_key_file is '(secret)': an absolute path is needed");
  }
  EXPECT_EQ(parse({{"SECRET", "x"}}).error().message.find("SECRET"), std::string::npos);
}

TEST(ParseConfig, DefaultsAreTheDocumentedOnes) {
  const Result<Config> config = parse({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->workers, 8U);
  EXPECT_EQ(config->retry_min_ms, 5'000U);
  EXPECT_EQ(config->retry_max_ms, 300'000U);
  EXPECT_EQ(config->partition_idle_ms, 600'000U);
  EXPECT_EQ(config->sink_dir, "");
  EXPECT_EQ(config->log_level, TIDEMARK_LOG_INFO);
  EXPECT_EQ(config->memory_budget_bytes, 64U << 20U);
  EXPECT_FALSE(config->read_only);
  EXPECT_EQ(config->read_epoch, 0u);
  EXPECT_EQ(config->verify_existing, VerifyExisting::kFull);
  EXPECT_EQ(config->verify_max_bytes_per_second, 64U << 20U);
}

TEST(ParseConfig, ThatThereIsNoLineageFileMayBeSaid) {
  EXPECT_FALSE(parse({})->lineage_is_off);
  EXPECT_TRUE(parse({{"lineage_file", "none"}})->lineage_is_off);
  EXPECT_EQ(parse({{"lineage_file", "none"}})->lineage_file, "");
  EXPECT_FALSE(parse({{"lineage_file", "/a"}})->lineage_is_off);
  expect_invalid({{"lineage_file", "lineage"}}, {"lineage_file", "absolute path", "none"});
}

TEST(ParseConfig, HowMuchOfAnArchiveThatIsThereIsRead) {
  EXPECT_EQ(parse({{"verify_existing", "footer"}})->verify_existing, VerifyExisting::kFooter);
  EXPECT_EQ(parse({{"verify_existing", "full"}})->verify_existing, VerifyExisting::kFull);
  for (const char* value : {"", "Full", "body", "full ", "1"})
    expect_invalid({{"verify_existing", value}}, {"verify_existing", "footer or full"});
}

struct NumberCase {
  const char* key;
  uint64_t min;
  uint64_t max;
  uint64_t (*get)(const Config&);
  std::vector<Option> beside;  // what makes the bounds themselves legal
};

class NumberOption : public ::testing::TestWithParam<NumberCase> {
 protected:
  std::vector<Option> with(const std::string& value) const {
    std::vector<Option> options = GetParam().beside;
    options.push_back({GetParam().key, value});
    return options;
  }
};

TEST_P(NumberOption, TakesItsBounds) {
  for (const uint64_t value : {GetParam().min, GetParam().max}) {
    const Result<Config> config = parse(with(std::to_string(value)));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(GetParam().get(*config), value);
  }
}

TEST_P(NumberOption, RefusesWhatIsBeyond) {
  const std::string allowed = "a whole number from " + std::to_string(GetParam().min) + " to " +
                              std::to_string(GetParam().max) + " is needed";
  for (const std::string& value :
       {std::to_string(GetParam().min - 1), std::to_string(GetParam().max + 1),
        std::string("18446744073709551616"), std::string("-1"), std::string("+5"), std::string(" 5"),
        std::string("5 "), std::string("5s"), std::string("0x10"), std::string("5.0"), std::string("1e3"),
        std::string()}) {
    expect_invalid(with(value), {std::string("option ") + GetParam().key + " is '" + value + "'", allowed});
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, NumberOption,
    ::testing::Values(
        NumberCase{"workers", 1, 256, [](const Config& c) -> uint64_t { return c.workers; }, {}},
        NumberCase{"verify_max_bytes_per_second",
                   0,
                   1ULL << 40U,
                   [](const Config& c) -> uint64_t { return c.verify_max_bytes_per_second; },
                   {}},
        NumberCase{"retry_min_ms",
                   1,
                   3'600'000,
                   [](const Config& c) -> uint64_t { return c.retry_min_ms; },
                   {{"retry_max_ms", "86400000"}}},
        NumberCase{"retry_max_ms",
                   1,
                   86'400'000,
                   [](const Config& c) -> uint64_t { return c.retry_max_ms; },
                   {{"retry_min_ms", "1"}}},
        NumberCase{"partition_idle_ms",
                   1,
                   86'400'000,
                   [](const Config& c) -> uint64_t { return c.partition_idle_ms; },
                   {}},
        NumberCase{"memory_budget_bytes",
                   1U << 20U,
                   1ULL << 44U,
                   [](const Config& c) -> uint64_t { return c.memory_budget_bytes; },
                   {}}),
    [](const auto& test) { return std::string(test.param.key); });

TEST(ParseConfig, UnknownOptionsAreNamed) {
  expect_invalid(
      {{"wokers", "4"}},
      {"unknown option 'wokers'",
       "workers, batch_entries, batch_bytes, partition_inflight, "
       "max_bytes_per_second, verify_existing, verify_max_bytes_per_second, "
       "retry_min_ms, retry_max_ms, "
       "partition_idle_ms, lineage_file, epoch_watch_ms, on_superseded, compress, encrypt_recipients_file, "
       "encrypt_tag_key_file, identity_file, accept_untagged, sink_dir, log_level, "
       "memory_budget_bytes, read_epoch, read_only, metrics_engine, metrics_file, metrics_interval_ms, "
       "metrics_listen, metrics_listen_any"});
  // What looks like no name of an option may be a secret in the place of one.
  expect_invalid({{"SECRET", "4"}}, {"unknown option '(not shown)'", "workers"});
  expect_invalid({{std::string(1000, 'k'), "4"}}, {"unknown option '(not shown)'"});
}

TEST(ParseConfig, WhatIsDoneToTheBytes) {
  EXPECT_EQ(parse({})->compress_level, 0);
  const std::pair<const char*, int> levels[] = {
      {"none", 0}, {"zstd", 1}, {"zstd:1", 1}, {"zstd:2", 2}, {"zstd:3", 3}};
  for (const auto& [word, level] : levels) EXPECT_EQ(parse({{"compress", word}})->compress_level, level);
  for (const char* word : {"", "gzip", "zstd:0", "zstd:4", "zstd:", "ZSTD"})
    expect_invalid({{"compress", word}}, {"option compress is '", "use none, zstd"});
  expect_invalid({{"encrypt_recipients_file", "/r"}}, {"encrypt_recipients_file needs encrypt_tag_key_file"});
  const auto both = parse({{"encrypt_recipients_file", "/r"}, {"encrypt_tag_key_file", "/t"}});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->encrypt_recipients_file, "/r");
  const auto reader = parse({{"encrypt_tag_key_file", "/t"}, {"identity_file", "/i"}});
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->accept_untagged);
  EXPECT_TRUE(parse({{"encrypt_tag_key_file", "/t"}, {"accept_untagged", "true"}})->accept_untagged);
  expect_invalid({{"accept_untagged", "1"}}, {"accept_untagged", "use true or false"});
  for (const std::string option : {"encrypt_recipients_file", "encrypt_tag_key_file", "identity_file"}) {
    expect_invalid({{option, "relative"}}, {option, "an absolute path is needed"});
    expect_invalid({{option, "AGE-SECRET-KEY-1QQ"}}, {option, "'(secret)': an absolute path is needed"});
  }
}

TEST(ParseConfig, SecretsAreNotRepeated) {
  const Result<Config> config = parse({{"workers", "hunter2", true}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message.find("hunter2"), std::string::npos) << config.error().message;
  const Result<Config> level = parse({{"log_level", "hunter2", true}});
  ASSERT_FALSE(level);
  EXPECT_EQ(level.error().message.find("hunter2"), std::string::npos) << level.error().message;
  const Result<Config> dir = parse({{"sink_dir", "hunter2", true}});
  ASSERT_FALSE(dir);
  EXPECT_EQ(dir.error().message.find("hunter2"), std::string::npos) << dir.error().message;
}

TEST(ParseConfig, RetryMaxIsNotBelowRetryMin) {
  expect_invalid({{"retry_min_ms", "10"}, {"retry_max_ms", "9"}}, {"retry_max_ms is 9", "retry_min_ms, 10"});
  // Of two, the one that was not given makes way.
  EXPECT_EQ(parse({{"retry_max_ms", "1000"}})->retry_min_ms, 1000U);
  EXPECT_EQ(parse({{"retry_max_ms", "1000"}})->retry_max_ms, 1000U);
  EXPECT_EQ(parse({{"retry_min_ms", "300001"}})->retry_max_ms, 300'001U);
  EXPECT_EQ(parse({{"retry_max_ms", "6000"}})->retry_min_ms, 5000U);
  EXPECT_TRUE(parse({{"retry_min_ms", "10"}, {"retry_max_ms", "10"}}));
}

TEST(ParseConfig, LogLevels) {
  const std::pair<const char*, int32_t> levels[] = {{"debug", TIDEMARK_LOG_DEBUG},
                                                    {"info", TIDEMARK_LOG_INFO},
                                                    {"warn", TIDEMARK_LOG_WARN},
                                                    {"error", TIDEMARK_LOG_ERROR},
                                                    {"off", Config::kLogOff}};
  for (const auto& [text, level] : levels) {
    const Result<Config> config = parse({{"log_level", text}});
    ASSERT_TRUE(config) << text;
    EXPECT_EQ(config->log_level, level);
  }
  for (const char* bad : {"", "INFO", "warning", "3"}) {
    expect_invalid({{"log_level", bad}}, {"option log_level", "debug, info, warn, error or off"});
  }
}

TEST(ParseConfig, ReadOnlyIsTrueOrFalse) {
  EXPECT_TRUE(parse({{"read_only", "true"}})->read_only);
  EXPECT_EQ(parse({{"read_epoch", "18446744073709551615"}})->read_epoch, UINT64_MAX);
  expect_invalid({{"read_epoch", "newest"}}, {"option read_epoch"});
  EXPECT_FALSE(parse({{"read_only", "false"}})->read_only);
  for (const char* bad : {"", "1", "True", "yes"})
    expect_invalid({{"read_only", bad}}, {"option read_only", "use true or false"});
}

TEST(ParseConfig, TheSinkDirIsAbsolute) {
  const Result<Config> config = parse({{"sink_dir", "/usr/lib/tidemark"}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->sink_dir, "/usr/lib/tidemark");
  for (const char* bad : {"", "lib", "./lib"})
    expect_invalid({{"sink_dir", bad}}, {"option sink_dir", "absolute"});
}

// ---- read_options -------------------------------------------------------------------------------

void expect_unreadable(const tidemark_option* options, uint32_t count, std::string_view culprit) {
  const auto read = read_options(options, count);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(read.error().message.find(culprit), std::string::npos) << read.error().message;
}

TEST(ReadOptions, CopiesWhatItGets) {
  const tidemark_option options[] = {option("key", "value"), option("token", "x", TIDEMARK_OPTION_SECRET),
                                     option("empty", "")};
  const auto read = read_options(options, 3);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].key, "key");
  EXPECT_EQ((*read)[0].value, "value");
  EXPECT_FALSE((*read)[0].secret);
  EXPECT_TRUE((*read)[1].secret);
  EXPECT_EQ((*read)[2].value, "");
}

TEST(ReadOptions, NoneMayBeNull) {
  EXPECT_TRUE(read_options(nullptr, 0));
  expect_unreadable(nullptr, 1, "options is NULL");
}

TEST(ReadOptions, BadListsAreRefused) {
  const tidemark_option twice[] = {option("a", "1"), option("b", "2"), option("a", "3")};
  expect_unreadable(twice, 3, "'a' is given twice");
  const tidemark_option no_key[] = {option("a", "1"), option("", "2")};
  expect_unreadable(no_key, 2, "options[1] has an empty key");
  const tidemark_option null_key[] = {{{nullptr, 3}, {nullptr, 0}, 0, 0}};
  expect_unreadable(null_key, 1, "options[0] has a NULL string");
  const tidemark_option null_value[] = {{{"k", 1}, {nullptr, 3}, 0, 0}};
  expect_unreadable(null_value, 1, "options[0] has a NULL string");
}

TEST(ReadOptions, AtMostSixtyFour) {
  std::vector<std::string> keys;
  for (uint32_t i = 0; i <= TIDEMARK_OPTIONS_MAX; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<tidemark_option> options;
  for (const std::string& key : keys) options.push_back(option(key, "v"));
  EXPECT_TRUE(read_options(options.data(), TIDEMARK_OPTIONS_MAX));
  expect_unreadable(options.data(), TIDEMARK_OPTIONS_MAX + 1, "option_count is 65");
  // The count alone decides: the list is not touched.
  expect_unreadable(options.data(), UINT32_MAX, "option_count is 4294967295");
}

TEST(ParseConfig, WhereMetricsGo) {
  const auto off = parse({});
  EXPECT_FALSE(off->publishing.is_wanted());
  EXPECT_EQ(off->publishing.interval_ms, 15'000U);
  const auto both = parse(
      {{"metrics_file", "/var/m.prom"}, {"metrics_listen", "[::1]:9187"}, {"metrics_interval_ms", "100"}});
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->publishing.is_wanted());
  EXPECT_EQ(both->publishing.file, "/var/m.prom");
  EXPECT_EQ(both->publishing.listen->text(), "[::1]:9187");
  EXPECT_EQ(both->publishing.interval_ms, 100U);
  EXPECT_TRUE(parse({{"metrics_listen", "unix:/run/m"}})->publishing.is_wanted());
  expect_invalid({{"metrics_file", "m.prom"}}, {"metrics_file", "m.prom", "absolute path"});
  expect_invalid({{"metrics_interval_ms", "99"}}, {"metrics_interval_ms", "100 to 3600000"});
  expect_invalid({{"metrics_listen", "localhost:9187"}},
                 {"metrics_listen", "localhost:9187", "127.0.0.1:9187"});
  expect_invalid({{"metrics_listen_any", "yes"}}, {"metrics_listen_any", "true or false"});
}

TEST(ParseConfig, WhoseMetricsTheyAre) {
  EXPECT_EQ(parse({})->metrics_engine, "");
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "ü";
  for (const std::string& name : {std::string("a"), std::string("15/main \"A\" \\"), longest}) {
    const auto named = parse({{"metrics_engine", name}});
    ASSERT_TRUE(named) << name;
    EXPECT_EQ(named->metrics_engine, name);
    EXPECT_FALSE(named->publishing.is_wanted()) << "a name is no place";
  }
  // Also a C1 control, what turns the direction of writing, a half character and a byte that is none.
  for (const std::string& name :
       {std::string(), longest + "a", std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"),
        std::string("\xc2\x85"), std::string("\xe2\x80\xae"), std::string("a\xc3"), std::string("\xff")})
    expect_invalid({{"metrics_engine", name}},
                   {"option metrics_engine is '", "1 to 64 printable characters"});
}

TEST(ParseConfig, OtherMachinesReadMetricsOnlyIfThatIsSaid) {
  expect_invalid({{"metrics_listen", "0.0.0.0:9187"}},
                 {"metrics_listen", "0.0.0.0:9187", "metrics_listen_any=true"});
  expect_invalid({{"metrics_listen", "[::]:9187"}, {"metrics_listen_any", "false"}},
                 {"metrics_listen_any=true"});
  EXPECT_TRUE(parse({{"metrics_listen", "0.0.0.0:9187"}, {"metrics_listen_any", "true"}}));
  EXPECT_TRUE(parse({{"metrics_listen_any", "true"}, {"metrics_listen", "[::]:9187"}}));
}

}  // namespace
}  // namespace tidemark::config
