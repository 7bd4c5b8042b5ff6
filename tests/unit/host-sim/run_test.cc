// The whole engine against a plugin that can be told to misbehave: run, verify.
#include "run.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include <thread>

#include "format/lsn.h"
#include "test_dir.h"
#include "verify.h"

namespace tidemark::host {
namespace {

class EngineTest : public ::testing::Test {
 protected:
  RunOptions run_options(const std::string& fault = "") {
    RunOptions options;
    options.common.data = dir_ / "data";
    options.common.plugin = FAKE_PLUGIN;
    if (!fault.empty()) options.common.plugin_options = {{"fault", fault, false}};
    options.common.json_file = dir_ / "run.json";
    options.sink = "file://" + (dir_ / "one");
    options.entries = 50;
    options.timeout_s = 20;
    return options;
  }
  int run_with(const RunOptions& options) {
    ::testing::internal::CaptureStderr();
    const int code = run(options, signals_);
    errors_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  int verify_with(std::vector<std::string> sinks, const std::string& fault = "") {
    VerifyOptions options;
    options.common = run_options(fault).common;
    options.common.json_file = dir_ / "verify.json";
    for (const std::string& sink : sinks) options.sinks.push_back("file://" + (dir_ / sink));
    options.jobs = 2;
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = verify(options, signals_);
    errors_ = ::testing::internal::GetCapturedStderr();
    output_ = ::testing::internal::GetCapturedStdout();
    return code;
  }
  nlohmann::json json(const char* name) { return nlohmann::json::parse(get_file(dir_ / name)); }
  std::string archived(const char* sink, int partition, uint64_t lsn) {
    return dir_ / (std::string(sink) + "/main/" + std::to_string(partition) + "/" + lsn_text(lsn));
  }

  TestDir dir_;
  Signals signals_;
  std::string errors_, output_;
};

TEST_F(EngineTest, RunsPrunesVerifiesAndHasNothingLeftToDo) {
  RunOptions options = run_options();
  options.metrics_file = dir_ / "metrics";
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(get_file(dir_ / "metrics"), "fake_up 1\n");
  EXPECT_EQ(json("run.json")["entries"], 50);
  EXPECT_EQ(json("run.json")["bytes"], 50 * 4096);
  EXPECT_EQ(json("run.json")["outcome"], "done");
  EXPECT_FALSE(std::filesystem::exists(dir_ / ("data/main/0/wal/" + lsn_text(1))));
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
  EXPECT_EQ(output_, "verified 50 entries in 50 archives: 0 missing, 0 different\n");
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(json("run.json")["entries"], 0);
  options.entries = 53;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(json("run.json")["entries"], 3);
}

TEST_F(EngineTest, CommitsRealFilesOnce) {
  for (const char* name : {"a", "b/c", "b/d", "e"}) put_file(dir_ / "files" + std::string("/") + name, name);
  RunOptions options = run_options();
  options.from = dir_ / "files";
  options.limit = 3;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(json("run.json")["committed"], 3);
  options.limit = UINT64_MAX;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(json("run.json")["committed"], 1);
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_EQ(json("run.json")["committed"], 0);
  EXPECT_EQ(get_file(archived("one", 3, 1) + "/e"), "e") << "dealt on from where the first run was";
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
}

TEST_F(EngineTest, CommitFirstMeasuresArchivingOnlyAndKeepsOnRequest) {
  RunOptions options = run_options();
  options.commit_first = options.keep_acked = options.no_fsync = true;
  options.max_backlog = 1;  // does not bound a commit phase
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_TRUE(std::filesystem::exists(dir_ / ("data/main/0/wal/" + lsn_text(1))));
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
}

TEST_F(EngineTest, ABacklogOfOneStillFinishes) {
  RunOptions options = run_options();
  options.max_backlog = 1;
  options.entries = 5;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
}

TEST_F(EngineTest, PacesCommits) {
  RunOptions options = run_options();
  options.entries = 20;
  options.rate = 40;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_GT(json("run.json")["seconds"].get<double>(), 19 / 40.0 - 0.001);
}

TEST_F(EngineTest, SwapsAndARepeatedCommandGoesOnWithTheNewSink) {
  RunOptions options = run_options();
  options.swap_sink = "file://" + (dir_ / "two");
  options.swap_at = 20;
  options.rate = 200;
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_NE(errors_.find("swapped the sink after"), std::string::npos) << errors_;
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_EQ(verify_with({"one", "two"}), kExitOk) << errors_;
  options.entries = 60;
  options.sink = "file://" + (dir_ / "unused");
  EXPECT_EQ(run_with(options), kExitOk) << errors_;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "unused"));
  EXPECT_EQ(verify_with({"two", "one"}), kExitOk) << errors_;
}

TEST_F(EngineTest, AFailedSwapIsSaidAndTheOldSinkGoesOn) {
  RunOptions options = run_options("swap_fails");
  options.swap_sink = "file://" + (dir_ / "two");
  options.swap_at = 20;
  options.rate = 200;
  EXPECT_EQ(run_with(options), kExitFailed);
  EXPECT_NE(errors_.find("the swap failed and the old sink continues"), std::string::npos) << errors_;
  EXPECT_NE(errors_.find("no other sink for you"), std::string::npos) << errors_;
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
}

TEST_F(EngineTest, SaysWhenItNeverSwapped) {
  RunOptions options = run_options();
  options.swap_sink = "file://" + (dir_ / "two");
  options.swap_at = 51;
  EXPECT_EQ(run_with(options), kExitOk);
  EXPECT_NE(errors_.find("the sink was not swapped"), std::string::npos) << errors_;
}

TEST_F(EngineTest, TimeoutSaysWhatIsNotAcknowledged) {
  RunOptions options = run_options("never");
  options.timeout_s = 0.5;
  EXPECT_EQ(run_with(options), kExitTimeout);
  EXPECT_NE(errors_.find("not acknowledged: main/0 LSN 1 to "), std::string::npos) << errors_;
  EXPECT_EQ(json("run.json")["outcome"], "timeout");
  EXPECT_EQ(run_with(run_options()), kExitOk) << errors_;
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
}

TEST_F(EngineTest, CtrlCStopsCleanlyAndTheSameCommandResumes) {
  RunOptions options = run_options("never");
  std::thread interrupter([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(::getpid(), SIGINT);
  });
  EXPECT_EQ(run_with(options), kExitInterrupted);
  interrupter.join();
  EXPECT_NE(errors_.find("interrupted with 50 entries not acknowledged"), std::string::npos) << errors_;
  EXPECT_EQ(run_with(run_options()), kExitOk) << errors_;
}

TEST_F(EngineTest, ABrokenPromiseFailsTheRun) {
  RunOptions beyond = run_options("ack_beyond");
  beyond.timeout_s = 0.5;
  EXPECT_EQ(run_with(beyond), kExitTimeout);
  EXPECT_NE(errors_.find("broke its promise: LSN 1000000"), std::string::npos) << errors_;
  EXPECT_EQ(run_with(run_options("ack_back")), kExitFailed);
  EXPECT_NE(errors_.find("is acknowledged after 3"), std::string::npos) << errors_;
}

TEST_F(EngineTest, ARefusedNotificationFailsTheRun) {
  EXPECT_EQ(run_with(run_options("notify_fails")), kExitFailed);
  EXPECT_NE(errors_.find("too many partitions"), std::string::npos) << errors_;
}

TEST_F(EngineTest, UnusablePluginsAreNamedAndNothingIsTouched) {
  RunOptions options = run_options();
  options.common.plugin = dir_ / "none.so";
  EXPECT_EQ(run_with(options), kExitFailed);
  EXPECT_NE(errors_.find("none.so"), std::string::npos) << errors_;
  options.common.plugin = "/lib/x86_64-linux-gnu/libm.so.6";
  if (std::filesystem::exists(options.common.plugin)) {
    EXPECT_EQ(run_with(options), kExitFailed);
    EXPECT_NE(errors_.find("does not export tidemark_archiver_entry"), std::string::npos) << errors_;
  }
  for (const auto& [spoil, complaint] : {std::pair("old_major", "does not speak version 1"),
                                         std::pair("short_table", "offers no function notify")}) {
    ::setenv("FAKE_PLUGIN_TABLE", spoil, 1);
    EXPECT_EQ(run_with(run_options()), kExitFailed);
    EXPECT_NE(errors_.find(complaint), std::string::npos) << errors_;
    ::unsetenv("FAKE_PLUGIN_TABLE");
  }
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data"));
}

TEST_F(EngineTest, WrongOptionsAndSinksAreThePluginsWords) {
  RunOptions options = run_options();
  options.common.plugin_options = {{"wrokers", "4", false}};
  EXPECT_EQ(run_with(options), kExitFailed);
  EXPECT_NE(errors_.find("INVALID: unknown option wrokers"), std::string::npos) << errors_;
  options = run_options();
  options.sink = "gopher://x?secret=1";
  EXPECT_EQ(run_with(options), kExitFailed);
  EXPECT_NE(errors_.find("cannot open the sink gopher://x: INVALID: not a file URL"), std::string::npos)
      << errors_;
  for (const char* url :
       {"gopher://u:SECRET@x/p", "gopher://u:SE/SECRET@x/p", "gopher://x/p#SECRET", "gopher:u:SECRET@x"}) {
    options = run_options();
    options.sink = url;
    EXPECT_EQ(run_with(options), kExitFailed);
    EXPECT_NE(errors_.find("cannot open the sink gopher:"), std::string::npos) << errors_;
    EXPECT_EQ(errors_.find("SECRET"), std::string::npos) << errors_;
  }
}

TEST_F(EngineTest, VerifyFindsMissingDifferentAndCorrupt) {
  EXPECT_EQ(run_with(run_options("flip")), kExitOk);
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_EQ(output_, "verified 50 entries in 50 archives: 0 missing, 4 different\n");
  EXPECT_NE(errors_.find("different main/0 LSN 2 (0000000000002) in file://"), std::string::npos) << errors_;
  std::filesystem::remove_all(archived("one", 1, 5));
  put_file(archived("one", 1, 7) + "/corrupt", "");
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_EQ(output_, "verified 50 entries in 49 archives: 1 missing, 5 different\n");
  EXPECT_NE(errors_.find("missing main/1 LSN 5"), std::string::npos) << errors_;
  EXPECT_NE(errors_.find("CORRUPT: digest mismatch"), std::string::npos) << errors_;
  EXPECT_EQ(json("verify.json")["missing"], 1);
  EXPECT_EQ(json("verify.json")["flaws"].size(), 6u);
}

TEST_F(EngineTest, VerifyBoundsItsListing) {
  RunOptions options = run_options();
  options.entries = 150;
  EXPECT_EQ(run_with(options), kExitOk);
  std::filesystem::remove_all(dir_ / "one");
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_EQ(output_, "verified 150 entries in 0 archives: 150 missing, 0 different\n");
  EXPECT_NE(errors_.find("... and 50 more"), std::string::npos) << errors_;
}

TEST_F(EngineTest, VerifyNeedsAJournalAReaderAndWholeRecords) {
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_NE(errors_.find("there is no journal"), std::string::npos) << errors_;
  EXPECT_EQ(run_with(run_options()), kExitOk);
  EXPECT_EQ(verify_with({"one"}, "no_readback"), kExitFailed);
  EXPECT_NE(errors_.find("tidemark.readback/1"), std::string::npos) << errors_;
  put_file(dir_ / "data/.tidemark/1-abcdef/0/x", "left by a killed verify");
  EXPECT_EQ(verify_with({"one"}), kExitOk) << errors_;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data/.tidemark"));
  put_file(dir_ / "data/journal", get_file(dir_ / "data/journal") + "main 3");
  EXPECT_EQ(verify_with({"one"}), kExitFailed);
  EXPECT_NE(errors_.find("is torn after byte"), std::string::npos) << errors_;
}

}  // namespace
}  // namespace tidemark::host
