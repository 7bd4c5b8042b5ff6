// The command line: every bad value is refused with the name of its option.
#include "options.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <sstream>

#include "test_dir.h"

namespace tidemark::host {
namespace {

Command parse(const std::string& line) {
  std::istringstream words("host-sim " + line);
  std::vector<std::string> arguments{std::istream_iterator<std::string>(words), {}};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return parse_command_line(static_cast<int>(arguments.size()), argv.data());
}

void expect_refused(const std::string& line, const std::string& complaint) {
  ::testing::internal::CaptureStderr();
  const Command command = parse(line);
  const std::string errors = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(std::holds_alternative<int>(command)) << line;
  EXPECT_EQ(std::get<int>(command), kExitUsage) << line;
  EXPECT_NE(errors.find(complaint), std::string::npos) << line << "\n" << errors;
  EXPECT_EQ(errors.find("SECRET"), std::string::npos) << errors;
}

TEST(Options, DefaultsAndUnits) {
  const Command command =
      parse("run --data d --sink file:///a --file-size 64KiB --rate 250/s --option workers=8");
  ASSERT_TRUE(std::holds_alternative<RunOptions>(command));
  const auto& run = std::get<RunOptions>(command);
  EXPECT_EQ(run.entries, 1000u);
  EXPECT_EQ(run.partitions, 4u);
  EXPECT_EQ(run.shape.files, 2u);
  EXPECT_EQ(run.shape.file_size_bytes, 65536u);
  EXPECT_EQ(run.rate, 250);
  EXPECT_EQ(run.storage, "main");
  EXPECT_EQ(run.common.data, std::filesystem::current_path().string() + "/d");
  ASSERT_EQ(run.common.plugin_options.size(), 3u);
  EXPECT_EQ(run.common.plugin_options[0].key, "workers");
  EXPECT_EQ(run.common.plugin_options[1].key, "log_level");
  EXPECT_EQ(run.common.plugin_options[2].key, "lineage_file");
  EXPECT_EQ(run.common.plugin_options[2].value, run.common.data + "/lineage");
}

TEST(Options, TheLineageFileIsTheDirectorysUnlessToldOtherwise) {
  const auto plugin_options = [](const std::string& line) {
    const Command command = parse("run --data d --sink file:///a " + line);
    return std::get<RunOptions>(command).common.plugin_options;
  };
  const auto other = plugin_options("--option lineage_file=/some/where");
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(other[0].value, "/some/where");
  for (const Setting& one : plugin_options("--no-lineage")) EXPECT_NE(one.key, "lineage_file");
}

TEST(Options, BenchNeedsNoDirectory) {
  const Command command = parse("bench --sink faulty:/// --rate 20/s --file-size 1MiB --profile");
  ASSERT_TRUE(std::holds_alternative<BenchOptions>(command));
  const auto& bench = std::get<BenchOptions>(command);
  EXPECT_EQ(bench.common.data, "");
  EXPECT_EQ(bench.entries, 4000u);
  EXPECT_EQ(bench.partitions, 4u);
  EXPECT_EQ(bench.shape.file_size_bytes, 1u << 20u);
  EXPECT_EQ(bench.rate, 20);
  EXPECT_TRUE(bench.profile);
  const Command kept = parse("bench --sink faulty:/// --data d/");
  ASSERT_TRUE(std::holds_alternative<BenchOptions>(kept));
  EXPECT_EQ(std::get<BenchOptions>(kept).common.data, std::filesystem::current_path().string() + "/d");
}

TEST(Options, RecoveryNeedsADirectoryAndAnArchive) {
  const Command command = parse("recover --data new/ --sink s3://bucket/a --jobs 3");
  ASSERT_TRUE(std::holds_alternative<RecoverOptions>(command));
  const auto& recover = std::get<RecoverOptions>(command);
  EXPECT_EQ(recover.common.data, std::filesystem::current_path().string() + "/new");
  EXPECT_EQ(recover.sink, "s3://bucket/a");
  EXPECT_EQ(recover.jobs, 3u);
  EXPECT_GE(std::get<RecoverOptions>(parse("recover --data new --sink file:///a")).jobs, 8u);
  expect_refused("recover --data new", "--sink");
  expect_refused("recover --sink file:///a", "--data");
  expect_refused("recover --data new --sink file:///a --jobs 0", "--jobs");
  expect_refused("run --data d --sink file:///a --storage recovering", "of the engine itself");
}

TEST(Options, AnEarlierStateNeedsNoSink) {
  const TestDir dir;
  const std::string source = std::filesystem::canonical(dir.path()).string();
  const Command command = parse("run --data d --clone-of " + source + "/ --restore-to 7");
  ASSERT_TRUE(std::holds_alternative<RunOptions>(command));
  const auto& run = std::get<RunOptions>(command);
  EXPECT_EQ(run.earlier.clone_of, source);
  EXPECT_EQ(run.earlier.restore_to, 7u);
  EXPECT_EQ(run.sink, "");
  EXPECT_TRUE(std::get<RunOptions>(parse("run --data d --restore-to 0")).earlier.is_wanted());
  EXPECT_FALSE(std::get<RunOptions>(parse("run --data d --sink file:///a")).earlier.is_wanted());
  expect_refused("run --data d --clone-of /no/such/place", "--clone-of");
  expect_refused("run --data d --restore-to -1", "--restore-to");
  expect_refused("run --data " + source + " --clone-of " + source, "not two directories apart");
  expect_refused("run --data " + source + "/x --clone-of " + source, "not two directories apart");
  expect_refused("run --data / --clone-of " + source, "not two directories apart");
  for (const char* own : {"lineage", "history", "unfinished"})
    expect_refused("run --data d --sink file:///a --storage " + std::string(own), "of the engine itself");
}

TEST(Options, RefusesWhatCannotBeMeant) {
  const std::string run = "run --data d --sink file:///a ";
  expect_refused("", "subcommand");
  expect_refused("run --sink file:///a", "--data");
  expect_refused("run --data d", "--sink");
  expect_refused(run + "--entries -1", "--entries");
  expect_refused(run + "--entries many", "--entries");
  expect_refused(run + "--files -1", "--files");
  expect_refused(run + "--file-size 2furlongs", "--file-size");
  expect_refused(run + "--partitions 0", "--partitions");
  expect_refused(run + "--partitions 1000001", "--partitions");
  expect_refused(run + "--rate 0", "--rate");
  expect_refused(run + "--rate fast", "--rate");
  expect_refused(run + "--rate 5/min", "--rate");
  expect_refused(run + "--storage ../x", "--storage");
  expect_refused(run + "--storage journal", "--storage");
  expect_refused(run + "--swap-sink file:///b", "--swap-at");
  expect_refused(run + "--swap-at 5", "--swap-sink");
  expect_refused(run + "--swap-sink file:///b --swap-at 0", "--swap-at");
  expect_refused(run + "--crash-at 0", "--crash-at");
  expect_refused(run + "--timeout 0", "--timeout");
  expect_refused(run + "--max-backlog 0", "--max-backlog");
  expect_refused(run + "--option workers", "--option");
  expect_refused(run + "--sink-secret key=TM_SIM_NO_SUCH_VARIABLE",
                 "key=...: the environment has no such variable");
  expect_refused(run + "--sink-secret SECRET", "--sink-secret: it wants KEY=VAR: it has no '='");
  expect_refused(run + "--sink-secret =SECRET", "nothing stands before its '='");
  expect_refused(run + "--sink-secret SECRET=TM_SIM_NO_SUCH_VARIABLE", "(not shown)=...: the environment");
  expect_refused(run + "--swap-sink file:///b --swap-at 1 --swap-sink-secret SECRET",
                 "--swap-sink-secret: it wants KEY=VAR");
  expect_refused(run + "--option SECRET", "--option: it wants KEY=VALUE");
  expect_refused(run + "--from /nonexistent", "--from");
  expect_refused(run + "--limit 5", "--from");
  expect_refused(run + "--from / --entries 5", "--from");
  expect_refused(run + "--log-level loud", "--log-level");
  expect_refused(run + "--wrokers SECRET", "--wrokers");
  expect_refused("verify --data d", "--sink");
  expect_refused("bench", "--sink");
  expect_refused("bench --sink faulty:/// --data d --rate 5", "--rate");
  expect_refused("bench --sink faulty:/// --partitions 0", "--partitions");
  expect_refused("verify --data d --sink file:///a --jobs 0", "--jobs");
}

TEST(Options, RefusesToCommitItsOwnLog) {
  TestDir dir;
  expect_refused("run --sink file:///a --from " + dir.path() + " --data " + (dir / "data"),
                 "lies inside --from");
}

TEST(Options, SecretsComeFromTheEnvironment) {
  ::setenv("TM_SIM_TEST_SECRET", "hush", 1);
  const Command command =
      parse("verify --data d --sink s3://a --sink s3://b --sink-secret key=TM_SIM_TEST_SECRET");
  ASSERT_TRUE(std::holds_alternative<VerifyOptions>(command));
  const auto& verify = std::get<VerifyOptions>(command);
  EXPECT_EQ(verify.sinks.size(), 2u);
  ASSERT_EQ(verify.common.sink_options.size(), 1u);
  EXPECT_EQ(verify.common.sink_options[0].value, "hush");
  EXPECT_TRUE(verify.common.sink_options[0].secret);
}

}  // namespace
}  // namespace tidemark::host
