// The benchmark against a plugin that can be told to misbehave.
#include "bench.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bench_figures.h"
#include "format/lsn.h"
#include "test_dir.h"

namespace tidemark::host {
namespace {

class BenchTest : public ::testing::Test {
 protected:
  BenchTest() {
    ::setenv("TMPDIR", dir_.path().c_str(), 1);
    options_.common.plugin = FAKE_PLUGIN;
    options_.common.json_file = dir_ / "bench.json";
    options_.sink = "file://" + (dir_ / "archive");
    options_.entries = 50;
    options_.timeout_s = 20;
  }
  ~BenchTest() override { ::unsetenv("TMPDIR"); }

  int run_bench() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = bench(options_, signals_);
    errors_ = ::testing::internal::GetCapturedStderr();
    output_ = ::testing::internal::GetCapturedStdout();
    return code;
  }
  nlohmann::json json() { return nlohmann::json::parse(get_file(dir_ / "bench.json")); }
  bool left_temporary_files() {
    for (const auto& one : std::filesystem::directory_iterator(dir_.path())) {
      if (one.path().filename().string().find("host-sim-bench") == 0) return true;
    }
    return false;
  }

  TestDir dir_;
  Signals signals_;
  BenchOptions options_;
  std::string errors_, output_;
};

TEST_F(BenchTest, ArchivesEverythingSaysHowFastAndCleansUp) {
  options_.metrics_file = dir_ / "metrics";
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  EXPECT_NE(output_.find("archived     50 entries of 4 partitions in "), std::string::npos) << output_;
  for (const char* line : {"\nthroughput ", "\nlatency      p50 ", "\ncpu ", "\npeak memory "}) {
    EXPECT_NE(output_.find(line), std::string::npos) << line << output_;
  }
  EXPECT_EQ(output_.find("profile"), std::string::npos) << output_;
  EXPECT_EQ(json()["entries"], 50);
  EXPECT_EQ(json()["bytes"], 50 * 4096);
  EXPECT_EQ(json()["outcome"], "done");
  EXPECT_GT(json()["entries_per_second"].get<double>(), 0);
  EXPECT_GE(json()["commit_to_ack_max_ms"].get<double>(), json()["commit_to_ack_p50_ms"].get<double>());
  EXPECT_GT(json()["peak_rss_bytes"].get<uint64_t>(), 0u);
  EXPECT_TRUE(std::filesystem::exists(dir_ / ("archive/bench-4-50x2x2048-1/3/" + lsn_text(12))));
  EXPECT_EQ(get_file(dir_ / "metrics"), "fake_up 1\n");
  EXPECT_FALSE(left_temporary_files());
}

TEST_F(BenchTest, SaysThatThePluginHasNoStages) {
  options_.profile = true;
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  EXPECT_NE(output_.find("does not time its stages"), std::string::npos) << output_;
  EXPECT_EQ(json()["stages"].size(), 0u);
}

TEST_F(BenchTest, KeepsAndUsesAgainTheEntriesOfADirectory) {
  options_.common.data = dir_ / "data";
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  const std::string entry = dir_ / ("data/bench-4-50x2x2048-1/0/wal/" + lsn_text(1));
  const auto made = std::filesystem::last_write_time(entry);
  options_.sink = "file://" + (dir_ / "second");
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  EXPECT_EQ(json()["entries"], 50);
  EXPECT_EQ(std::filesystem::last_write_time(entry), made);
  EXPECT_TRUE(std::filesystem::exists(dir_ / ("second/bench-4-50x2x2048-1/0/" + lsn_text(1))));
  options_.entries = 10;
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  EXPECT_EQ(json()["entries"], 10) << "others are of another benchmark";
}

TEST_F(BenchTest, PacedEntriesAreCommittedWhileItArchives) {
  options_.entries = 20;
  options_.rate = 40;
  EXPECT_EQ(run_bench(), kExitOk) << errors_;
  EXPECT_GT(json()["seconds"].get<double>(), 19 / 40.0 - 0.001);
  EXPECT_EQ(json()["entries"], 20);
}

TEST_F(BenchTest, GivesUpAfterTheTimeout) {
  options_.common.plugin_options = {{"fault", "never", false}};
  options_.timeout_s = 0.3;
  EXPECT_EQ(run_bench(), kExitTimeout);
  EXPECT_EQ(json()["outcome"], "timeout");
  EXPECT_NE(errors_.find("50 entries not acknowledged"), std::string::npos) << errors_;
  EXPECT_FALSE(left_temporary_files());
}

TEST_F(BenchTest, FailuresAreSaid) {
  options_.common.plugin_options = {{"fault", "notify_fails", false}};
  EXPECT_EQ(run_bench(), kExitFailed);
  EXPECT_NE(errors_.find("cannot notify partition 0"), std::string::npos) << errors_;
  options_.common.plugin_options = {{"fault", "ack_beyond", false}};
  options_.timeout_s = 2;
  EXPECT_NE(run_bench(), kExitOk);
  EXPECT_NE(errors_.find("broke its promise"), std::string::npos) << errors_;
  options_.common.plugin_options = {{"no_such_option", "1", false}};
  EXPECT_EQ(run_bench(), kExitFailed);
  EXPECT_NE(errors_.find("unknown option"), std::string::npos) << errors_;
  options_.common.plugin = "/nonexistent.so";
  EXPECT_EQ(run_bench(), kExitFailed);
  EXPECT_NE(errors_.find("/nonexistent.so"), std::string::npos) << errors_;
  EXPECT_FALSE(left_temporary_files());
}

TEST(BenchFigures, TheProfileIsATable) {
  LatencyHistogram latency;
  BenchFigures figures;
  figures.latency = &latency;
  figures.seconds = 2;
  figures.metrics = parse_metrics(
      "tidemark_workers 4\ntidemark_stage_seconds_count{stage=\"read\"} 10\n"
      "tidemark_stage_seconds_sum{stage=\"read\"} 2\n");
  const std::string text = figures_text(figures, true);
  EXPECT_NE(text.find("share of the time of 4 workers\n\nstage "), std::string::npos) << text;
  EXPECT_NE(text.find("2.000 s   25.0 %"), std::string::npos) << text;
  EXPECT_EQ(nlohmann::json::parse(figures_json(figures))["stages"][0]["share"], 0.25);
}

}  // namespace
}  // namespace tidemark::host
