// Leftovers: what a crash leaves, what is swept, what is left alone.
#include "file/staging.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

tidemark_sink_host logging_host(std::string* log) {
  tidemark_sink_host host = {};
  host.struct_size = sizeof host;
  host.ctx = log;
  host.log = [](void* ctx, int32_t, tidemark_str message) {
    static_cast<std::string*>(ctx)->append(view(message)).append("\n");
  };
  return host;
}

class Staging : public ::testing::Test {
 protected:
  std::string root() const { return dir_ / "root"; }
  std::string staging() const { return root() + "/.tidemark"; }
  std::unique_ptr<FileSink> open(const char* kind = "named") {
    Result<std::unique_ptr<FileSink>> sink = open_sink<FileSink>("file://" + root() + "?staging=" + kind);
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }
  int staged_files() const {
    int count = 0;
    if (!std::filesystem::exists(staging())) return 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(staging()))
      count += entry.is_regular_file();
    return count;
  }
  // A process that is killed in the middle of a put.
  void crash(const char* kind) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto sink = open(kind);
      TestSource source{std::string(100'000, 'x'), 10'000};
      source.on_read = [](uint64_t offset) {
        if (offset >= 50'000) kill(getpid(), SIGKILL);
      };
      const Call call(nullptr, nullptr);
      (void)sink->put("a/b", Source(source.get(), call), 0, call);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  TempDir dir_;
};

TEST_F(Staging, ACrashLeavesNothingThatANextOpenDoesNotRemove) {
  crash("named");
  EXPECT_EQ(staged_files(), 1);
  auto sink = open("unnamed");
  EXPECT_EQ(staged_files(), 0);
  EXPECT_FALSE(std::filesystem::exists(staging()));
  EXPECT_EQ(list(*sink), std::vector<std::string>());
}

TEST_F(Staging, ACrashWithUnnamedFilesLeavesNothingAtAll) {
  crash("unnamed");
  EXPECT_FALSE(std::filesystem::exists(staging()));
  EXPECT_TRUE(std::filesystem::is_empty(root() + "/a"));
}

TEST_F(Staging, ALiveOneIsLeftAlone) {
  auto first = open();
  TestSource source{std::string(100'000, 'x'), 10'000};
  source.on_read = [&](uint64_t offset) {
    if (offset != 50'000) return;
    EXPECT_EQ(staged_files(), 1);
    auto second = open();
    EXPECT_EQ(staged_files(), 1);
  };
  const Call call(nullptr, nullptr);
  ASSERT_TRUE(first->put("a/b", Source(source.get(), call), 0, call));
  EXPECT_EQ(read_file(root() + "/a/b"), source.bytes);
  EXPECT_EQ(staged_files(), 0);
}

TEST_F(Staging, OneWhoseAreaVanishedMakesAnother) {
  for (const char* kind : {"named", "unnamed"}) {
    auto sink = open(kind);
    ASSERT_TRUE(put(*sink, "a", "1"));
    ASSERT_TRUE(put(*sink, "a", "2"));
    std::filesystem::remove_all(staging());
    EXPECT_TRUE(put(*sink, "b", "1")) << kind;
    EXPECT_TRUE(put(*sink, "a", "3")) << kind;
    EXPECT_EQ(read_file(root() + "/a"), "3");
  }
}

TEST_F(Staging, ManyOpenAtOnce) {
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        auto sink = open_sink<FileSink>("file://" + root() + "?staging=named");
        if (!sink || !put(**sink, "k" + std::to_string(t), "x")) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(std::filesystem::exists(staging()));
}

TEST_F(Staging, WhatIsNotOursStays) {
  auto sink = open();
  TempDir outside;
  write_file(outside / "precious", "x");
  std::filesystem::create_symlink(outside / "", staging() + "/link");
  write_file(staging() + "/stray", "x");
  std::filesystem::create_directories(staging() + "/dead/sub");
  write_file(staging() + "/dead/file", "x");
  sink.reset();
  EXPECT_NO_THROW(open());
  EXPECT_TRUE(std::filesystem::exists(outside / "precious"));
  EXPECT_TRUE(std::filesystem::exists(staging() + "/stray"));
  EXPECT_TRUE(std::filesystem::exists(staging() + "/dead/sub"));
  EXPECT_FALSE(std::filesystem::exists(staging() + "/dead/file"));
}

TEST_F(Staging, SweepingIsToldToTheHost) {
  crash("named");
  std::string log;
  const tidemark_sink_host host = logging_host(&log);
  const UniqueFd fd(::open(root().c_str(), O_RDONLY | O_DIRECTORY));
  sweep_leftovers(fd.get(), root(), HostLog(&host));
  EXPECT_NE(log.find("removed 1 unfinished files"), std::string::npos) << log;
}

TEST_F(Staging, WhoOnlyReadsLeavesThemAndSaysWhatIsThere) {
  crash("named");
  std::string log;
  tidemark_sink_host host = logging_host(&log);
  host.flags = TIDEMARK_OPEN_READ_ONLY;
  const Result<Url> url = parse_url("file://" + root());
  ASSERT_TRUE(url);
  OpenRequest request = {HostLog(&host), *url, nullptr, 0};
  request.read_only = true;
  ASSERT_TRUE(FileSink::open(request, Call(nullptr, nullptr)));
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(staging())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_NE(log.find("unfinished file of a dead instance: " + entry.path().string() + "\n"),
              std::string::npos)
        << log;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(Staging, WhoOnlyReadsCreatesNoDirectory) {
  const Result<Url> url = parse_url("file://" + root() + "/not/there");
  ASSERT_TRUE(url);
  OpenRequest request = {HostLog(nullptr), *url, nullptr, 0};
  request.read_only = true;
  const auto sink = FileSink::open(request, Call(nullptr, nullptr));
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().status, TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(sink.error().message.find("is it mounted?"), std::string::npos) << sink.error().message;
  EXPECT_FALSE(std::filesystem::exists(root() + "/not"));
}

}  // namespace
}  // namespace tidemark::sinks::file
