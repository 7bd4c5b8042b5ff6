// The sink's directory goes away while the sink holds it: nothing is said of it until it is back.
#include "file/root.h"

#include <fcntl.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "../mounts.h"
#include "base/line.h"
#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

namespace fs = std::filesystem;

class SinkRoot : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<FileSink> open(const std::string& path) {
    auto sink = open_sink<FileSink>("file://" + path + "?staging=" + GetParam());
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }
  // Each call of the sink that somebody could rely on.
  void expect_away(FileSink& sink, const std::vector<std::string>& parts) {
    const Call call(nullptr, nullptr);
    const Visitor ignore([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
    std::string got;
    const auto head = sink.head("a/old", call);
    const std::vector<std::pair<const char*, Status>> answers = {
        {"put", put(sink, "a/new", "x", TIDEMARK_PUT_IF_ABSENT)},
        {"put into a new directory", put(sink, "b/new", "x", TIDEMARK_PUT_IF_ABSENT)},
        {"put of what is there", put(sink, "a/old", "x", TIDEMARK_PUT_IF_ABSENT)},
        {"put of a large one", put(sink, "a/old", std::string(100'000, 'x'), TIDEMARK_PUT_IF_ABSENT)},
        {"replace", put(sink, "a/old", "y")},
        {"head", head ? Status() : head.error()},
        {"get of what is not there", get(sink, "a/none", &got)},
        {"list", sink.list("", "", ignore, call)},
        {"remove", sink.remove("a/old", call)},
    };
    for (const auto& [what, answer] : answers) {
      ASSERT_EQ(status_of(answer), TIDEMARK_E_RETRYABLE) << what;
      for (const std::string& part : parts) {
        EXPECT_NE(answer.error().message.find(part), std::string::npos)
            << what << ": " << answer.error().message;
      }
      EXPECT_LT(answer.error().message.size(), TIDEMARK_MESSAGE_MAX);
    }
  }
  void expect_works(FileSink& sink) {
    EXPECT_TRUE(put(sink, "a/new", "x", TIDEMARK_PUT_IF_ABSENT));
    EXPECT_TRUE(put(sink, "a/new", "y")) << "replaced by way of the staging area";
    EXPECT_TRUE(put(sink, "c/new", "x", TIDEMARK_PUT_IF_ABSENT));
    EXPECT_EQ(list(sink), (std::vector<std::string>{"a/new", "a/old", "c/new"}));
    EXPECT_TRUE(sink.head("a/old", Call(nullptr, nullptr)));
    EXPECT_TRUE(sink.remove("c/new", Call(nullptr, nullptr)));
  }
  static std::vector<std::string> files(const std::string& root) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) found.push_back(entry.path().string().substr(root.size() + 1));
    }
    return found;
  }

  TempDir dir_;
  test::Mounts mounts_;
};

TEST_P(SinkRoot, MovedAwayAndReplaced) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::rename(dir_ / "root", dir_ / "root.old");
  expect_away(*sink, {dir_ / "root cannot be found", "the sink's directory is " + (dir_ / "root.old")});
  fs::create_directory(dir_ / "root");
  expect_away(*sink, {dir_ / "root leads to another directory", dir_ / "root.old"});
  EXPECT_TRUE(fs::is_empty(dir_ / "root"));
  // The one put that found out may be visible there; it did not count.
  for (const std::string& file : files(dir_ / "root.old"))
    EXPECT_TRUE(file == "a/old" || file == "a/new") << file;
  EXPECT_EQ(read_file(dir_ / "root.old/a/old"), "old");

  fs::remove(dir_ / "root");
  fs::rename(dir_ / "root.old", dir_ / "root");
  expect_works(*sink);
}

// A replacement takes something away, so it does not even begin.
TEST_P(SinkRoot, NothingIsReplacedThatWasMovedAway) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::rename(dir_ / "root", dir_ / "root.old");
  EXPECT_EQ(status_of(put(*sink, "a/old", "y")), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(read_file(dir_ / "root.old/a/old"), "old");
}

// Once a second is looked before anything gets a name.
TEST_P(SinkRoot, NothingBecomesVisibleWhereNobodyLookedForASecond) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::rename(dir_ / "root", dir_ / "root.old");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(status_of(put(*sink, "a/new", "x", TIDEMARK_PUT_IF_ABSENT)), TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(files(dir_ / "root.old"), std::vector<std::string>{"a/old"});
}

// Not even one that has everything: only a person knows which of the two is the archive.
TEST_P(SinkRoot, ACopyIsNotAdopted) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::copy(dir_ / "root", dir_ / "copy", fs::copy_options::recursive);
  fs::rename(dir_ / "root", dir_ / "root.old");
  fs::rename(dir_ / "copy", dir_ / "root");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(put(*sink, "a/new", "x")), TIDEMARK_E_RETRYABLE);
  auto again = open(dir_ / "root");
  expect_works(*again);
  EXPECT_EQ(status_of(put(*sink, "a/new", "x")), TIDEMARK_E_RETRYABLE);
}

TEST_P(SinkRoot, RemovedAndMadeAnew) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::remove_all(dir_ / "root");
  expect_away(*sink, {dir_ / "root cannot be found (No such file", "(deleted)"});
  fs::create_directory(dir_ /
                       "root");  // a file system may give it the same number as soon as the old one is let go
  expect_away(*sink, {dir_ / "root leads to another directory", "(deleted)"});
  EXPECT_TRUE(fs::is_empty(dir_ / "root"));
}

TEST_P(SinkRoot, ALinkThatIsTurned) {
  fs::create_directory(dir_ / "one");
  fs::create_directory(dir_ / "two");
  fs::create_directory_symlink(dir_ / "one", dir_ / "root");
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::remove(dir_ / "root");
  fs::create_directory_symlink(dir_ / "two", dir_ / "root");
  expect_away(*sink, {dir_ / "root leads to another directory", dir_ / "one"});
  fs::remove(dir_ / "root");
  fs::create_directory_symlink(dir_ / "one", dir_ / "root");
  expect_works(*sink);
}

TEST_P(SinkRoot, UnmountedLazilyAndMountedAgain) {
  if (!mounts_.tmpfs(dir_ / "disk", "size=4m")) GTEST_SKIP() << "may not mount";
  ASSERT_TRUE(mounts_.bind(dir_ / "disk", dir_ / "kept"));
  auto sink = open(dir_ / "disk/root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  ASSERT_TRUE(mounts_.detach(dir_ / "disk"));
  expect_away(*sink, {dir_ / "disk/root cannot be found", "/root of a file system that was unmounted"});
  fs::create_directory(dir_ / "disk/root");
  expect_away(*sink, {dir_ / "disk/root leads to another directory"});
  EXPECT_EQ(files(dir_ / "kept/root"), std::vector<std::string>{"a/old"});
  ASSERT_TRUE(mounts_.bind(dir_ / "kept", dir_ / "disk"));
  expect_works(*sink);
}

TEST_P(SinkRoot, SomethingMountedOverIt) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  if (!mounts_.tmpfs(dir_ / "root", "size=1m")) GTEST_SKIP() << "may not mount";
  expect_away(*sink, {dir_ / "root leads to another directory"});
  EXPECT_TRUE(fs::is_empty(dir_ / "root"));
  ASSERT_TRUE(mounts_.detach(dir_ / "root"));
  expect_works(*sink);
}

TEST_P(SinkRoot, RemountedReadOnly) {
  if (!mounts_.tmpfs(dir_ / "disk", "size=4m")) GTEST_SKIP() << "may not mount";
  auto sink = open(dir_ / "disk/root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  ASSERT_TRUE(mounts_.remount(dir_ / "disk", MS_RDONLY));
  for (const char* key : {"a/new", "b/new"}) {
    const Status done = put(*sink, key, "x", TIDEMARK_PUT_IF_ABSENT);
    ASSERT_EQ(status_of(done), TIDEMARK_E_RETRYABLE);
    EXPECT_NE(done.error().message.find("Read-only file system"), std::string::npos) << done.error().message;
  }
  EXPECT_EQ(list(*sink), std::vector<std::string>{"a/old"}) << "reading continues";
  ASSERT_TRUE(mounts_.remount(dir_ / "disk", 0));
  expect_works(*sink);
}

// A body takes its time, and the directory is moved in the middle.
TEST_P(SinkRoot, MovedDuringAPut) {
  auto sink = open(dir_ / "root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  TestSource source{std::string(1000, 'x')};
  source.on_read = [&](uint64_t) {
    if (fs::exists(dir_ / "root")) fs::rename(dir_ / "root", dir_ / "root.old");
  };
  const Call call(nullptr, nullptr);
  EXPECT_EQ(status_of(sink->put("a/new", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(status_of(sink->put("a/newer", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(fs::exists(dir_ / "root.old/a/newer")) << "it is known to be away";
  fs::rename(dir_ / "root.old", dir_ / "root");
  source.on_read = {};
  EXPECT_TRUE(sink->put("a/newer", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call));
  // The first is visible if nobody looked between its body and its name; then it is whole.
  const Status again = sink->put("a/new", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call);
  EXPECT_TRUE(again || again.error().status == TIDEMARK_E_EXISTS) << again.error().message;
  EXPECT_EQ(read_file(dir_ / "root/a/new"), std::string(1000, 'x'));
}

// Of a put that began before it went away and ends after it came back, the staging file lies on a mount that
// is gone: worth a retry, not a broken archive.
TEST_P(SinkRoot, AwayAndBackDuringAPut) {
  if (!mounts_.tmpfs(dir_ / "disk", "size=4m")) GTEST_SKIP() << "may not mount";
  ASSERT_TRUE(mounts_.bind(dir_ / "disk", dir_ / "kept"));
  auto sink = open(dir_ / "disk/root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  TestSource source{std::string(1000, 'x')};
  bool done = false;
  source.on_read = [&](uint64_t) {
    if (std::exchange(done, true)) return;
    ASSERT_TRUE(mounts_.detach(dir_ / "disk"));
    EXPECT_EQ(status_of(put(*sink, "b/other", "x")), TIDEMARK_E_RETRYABLE);
    ASSERT_TRUE(mounts_.bind(dir_ / "kept", dir_ / "disk"));
    EXPECT_TRUE(put(*sink, "b/other", "x"));
  };
  const Call call(nullptr, nullptr);
  const tidemark_status status =
      status_of(sink->put("a/new", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call));
  EXPECT_TRUE(status == TIDEMARK_OK || status == TIDEMARK_E_RETRYABLE) << status;
  const tidemark_status again =
      status_of(sink->put("a/new", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call));
  EXPECT_EQ(again, status == TIDEMARK_OK ? TIDEMARK_E_EXISTS : TIDEMARK_OK);
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"a/new", "a/old", "b/other"}));
}

TEST_P(SinkRoot, OpenedToBeRead) {
  fs::create_directory(dir_ / "root");
  write_file(dir_ / "root/old", "old");
  const Result<Url> url = parse_url("file://" + (dir_ / "root"));
  OpenRequest request = {HostLog(nullptr), *url, nullptr, 0};
  request.read_only = true;
  auto sink = FileSink::open(request, Call(nullptr, nullptr));
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_EQ(list(**sink), std::vector<std::string>{"old"});
  fs::rename(dir_ / "root", dir_ / "root.old");
  fs::create_directory(dir_ / "root");
  std::string got;
  EXPECT_EQ(status_of(get(**sink, "none", &got)), TIDEMARK_E_RETRYABLE) << "not: vanished";
  const Visitor ignore([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  EXPECT_EQ(status_of((*sink)->list("", "", ignore, Call(nullptr, nullptr))), TIDEMARK_E_RETRYABLE);
}

// Both names fit, and the reason and the remedy with them.
TEST_P(SinkRoot, LongPaths) {
  const std::string deep =
      dir_ / (std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(200, 'c'));
  auto sink = open(deep + "/root");
  ASSERT_TRUE(put(*sink, "a/old", "old"));
  fs::rename(deep + "/root", deep + "/moved");
  expect_away(*sink,
              {"cannot be found (No such file or directory)", "/root", "/moved", "give the sink again"});
}

INSTANTIATE_TEST_SUITE_P(, SinkRoot, ::testing::Values("unnamed", "named"),
                         [](const auto& with) { return std::string(with.param); });

}  // namespace
}  // namespace tidemark::sinks::file
