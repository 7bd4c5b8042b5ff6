// What the file sink does beyond what any sink must: its url, its directory, what stands in it.
#include "file/file_sink.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

class FileSinkTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string url(const std::string& name = "root") const {
    return "file://" + (dir_ / name) + "?staging=" + GetParam();
  }
  std::unique_ptr<FileSink> open(const std::string& name = "root") {
    Result<std::unique_ptr<FileSink>> sink = open_sink<FileSink>(url(name));
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }
  TempDir dir_;
};

TEST(FileUrl, BadOnes) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"file://host/a", "host"},
      {"file:a", "absolute"},
      {"file://", "absolute"},
      {"file:///", "root directory"},
      {"file:////./", "root"},
      {"file:///tmp/../x", ".."},
      {"http:///a", "http"},
      {"file:///tmp/x?staging=x", "auto, unnamed, named"},
      {"file:///tmp/x?colour=1", "staging"}};
  for (const auto& [url, part] : cases) {
    const auto sink = open_sink<FileSink>(url);
    ASSERT_EQ(status_of(sink), TIDEMARK_E_INVALID) << url;
    EXPECT_NE(sink.error().message.find(part), std::string::npos) << sink.error().message;
  }
}

TEST_P(FileSinkTest, CreatesItsDirectoryWithAllLevels) {
  auto sink = open("a%20b/c//./d%25/");
  ASSERT_TRUE(put(*sink, "x/y", "text"));
  EXPECT_EQ(read_file(dir_ / "a b/c/d%/x/y"), "text");
}

TEST_P(FileSinkTest, LeavesNothingOfItsOwnBehind) {
  {
    auto sink = open();
    ASSERT_TRUE(put(*sink, "a", "1"));
    ASSERT_TRUE(put(*sink, "a", "2"));
    EXPECT_EQ(status_of(put(*sink, "a", "3", TIDEMARK_PUT_IF_ABSENT)), TIDEMARK_E_EXISTS);
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "root"))
    names.push_back(entry.path().filename());
  EXPECT_EQ(names, std::vector<std::string>{"a"});
  EXPECT_EQ(read_file(dir_ / "root/a"), "2");
}

TEST_P(FileSinkTest, ADirectoryThatIsNone) {
  write_file(dir_ / "file", "x");
  const auto sink = open_sink<FileSink>(url("file"));
  EXPECT_EQ(status_of(sink), TIDEMARK_E_PERMANENT);
  EXPECT_NE(sink.error().message.find(dir_ / "file"), std::string::npos) << sink.error().message;
  EXPECT_EQ(status_of(open_sink<FileSink>(url("file/below"))), TIDEMARK_E_PERMANENT);
}

TEST_P(FileSinkTest, TooLongAPart) {
  auto sink = open();
  const Status done = put(*sink, "a/" + std::string(256, 'k'), "x");
  ASSERT_EQ(status_of(done), TIDEMARK_E_PERMANENT);
  EXPECT_NE(done.error().message.find("256 bytes"), std::string::npos) << done.error().message;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "root/a"));
  EXPECT_TRUE(put(*sink, "a/" + std::string(255, 'k'), "x"));
}

TEST_P(FileSinkTest, AKeyBelowAnObject) {
  auto sink = open();
  ASSERT_TRUE(put(*sink, "a", "x"));
  const Status done = put(*sink, "a/b", "x");
  EXPECT_EQ(status_of(done), TIDEMARK_E_PERMANENT);
  EXPECT_NE(done.error().message.find("root/a"), std::string::npos) << done.error().message;
  ASSERT_TRUE(put(*sink, "c/d", "x"));
  EXPECT_EQ(status_of(put(*sink, "c", "x")), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status_of(put(*sink, "c", "x", TIDEMARK_PUT_IF_ABSENT)), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"a", "c/d"}));
}

TEST_P(FileSinkTest, OnlyRegularFilesAreObjects) {
  TempDir outside;
  write_file(outside / "target", "outside");
  auto sink = open();
  ASSERT_TRUE(put(*sink, "d/object", "x"));
  std::filesystem::create_symlink(outside / "target", dir_ / "root/d/link");
  std::filesystem::create_symlink(outside / "", dir_ / "root/d/linked");
  ASSERT_EQ(mkfifo((dir_ / "root/d/fifo").c_str(), 0600), 0);
  write_file(dir_ / "root/d/.hidden", "x");
  EXPECT_EQ(list(*sink), std::vector<std::string>{"d/object"});
  std::string got;
  EXPECT_EQ(status_of(get(*sink, "d/fifo", &got)), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(status_of(get(*sink, "d/link", &got)), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status_of(get(*sink, "d/linked/target", &got)), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(got, "");
  EXPECT_EQ(status_of(sink->head("d/link", Call(nullptr, nullptr))), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status_of(sink->head("d/fifo", Call(nullptr, nullptr))), TIDEMARK_E_NOT_FOUND);
  for (const char* key : {"d/link", "d/fifo"}) {
    const Status done = put(*sink, key, "y", TIDEMARK_PUT_IF_ABSENT);
    EXPECT_EQ(status_of(done), TIDEMARK_E_PERMANENT);
    EXPECT_NE(done.error().message.find("no regular file"), std::string::npos) << done.error().message;
    EXPECT_TRUE(sink->remove(key, Call(nullptr, nullptr)));
    EXPECT_TRUE(std::filesystem::is_symlink(dir_ / ("root/" + std::string(key))) ||
                std::filesystem::is_fifo(dir_ / ("root/" + std::string(key))));
  }
  EXPECT_EQ(status_of(put(*sink, "d/linked/new", "y")), TIDEMARK_E_PERMANENT);
  EXPECT_FALSE(std::filesystem::exists(outside / "new"));
  // Replacing replaces the link, not what it points to.
  EXPECT_TRUE(put(*sink, "d/link", "y"));
  EXPECT_EQ(read_file(outside / "target"), "outside");
  EXPECT_EQ(read_file(dir_ / "root/d/link"), "y");
}

TEST_P(FileSinkTest, DirectoriesThatVanishBetweenPuts) {
  auto sink = open();
  ASSERT_TRUE(put(*sink, "a/b/1", "x"));
  std::filesystem::remove_all(dir_ / "root/a");
  EXPECT_TRUE(put(*sink, "a/b/2", "x", TIDEMARK_PUT_IF_ABSENT));
  EXPECT_EQ(list(*sink), std::vector<std::string>{"a/b/2"});
}

TEST_P(FileSinkTest, DirectoriesThatVanishDuringAPut) {
  auto sink = open();
  int vanished = 0;
  TestSource source{std::string(1000, 'x')};
  source.on_read = [&](uint64_t offset) {
    if (offset == 0 && vanished++ == 0) std::filesystem::remove_all(dir_ / "root/a");
  };
  const Call call(nullptr, nullptr);
  EXPECT_TRUE(sink->put("a/b/1", Source(source.get(), call), 0, call));
  EXPECT_EQ(vanished, 2);
  EXPECT_EQ(read_file(dir_ / "root/a/b/1"), source.bytes);
}

TEST_P(FileSinkTest, RootThatVanishes) {
  auto sink = open();
  std::filesystem::remove_all(dir_ / "root");
  const Status done = put(*sink, "a", "x");
  EXPECT_EQ(status_of(done), TIDEMARK_E_RETRYABLE) << "the sink's failure, not the object's";
  EXPECT_NE(done.error().message.find(dir_ / "root"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("(deleted)"), std::string::npos) << done.error().message;
}

TEST_P(FileSinkTest, DirectoryThatVanishesWhileListed) {
  auto sink = open();
  for (const char* key : {"a/1", "b/1", "b/2", "c/1"}) ASSERT_TRUE(put(*sink, key, "x"));
  struct Context {
    std::string root;
    std::vector<std::string> keys;
  } context = {dir_ / "root", {}};
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object*) -> int32_t {
        auto* self = static_cast<Context*>(ctx);
        if (self->keys.empty()) std::filesystem::remove_all(self->root + "/b");
        self->keys.emplace_back(view(key));
        return 0;
      },
      &context);
  EXPECT_TRUE(sink->list("", "", visit, Call(nullptr, nullptr)));
  EXPECT_EQ(context.keys, (std::vector<std::string>{"a/1", "c/1"}));
}

TEST_P(FileSinkTest, FileThatShrinksWhileItIsRead) {
  auto sink = open();
  ASSERT_TRUE(put(*sink, "a", std::string(2 << 20, 'x')));
  const std::string path = dir_ / "root/a";
  const tidemark_writer raw = {const_cast<std::string*>(&path),
                               [](void* ctx, const void*, size_t) -> tidemark_status {
                                 std::filesystem::resize_file(*static_cast<std::string*>(ctx), 10);
                                 return TIDEMARK_OK;
                               }};
  EXPECT_EQ(status_of(sink->get("a", {0, UINT64_MAX}, Writer(&raw), Call(nullptr, nullptr))),
            TIDEMARK_E_CORRUPT);
}

INSTANTIATE_TEST_SUITE_P(, FileSinkTest, ::testing::Values("unnamed", "named"),
                         [](const auto& with) { return std::string(with.param); });

}  // namespace
}  // namespace tidemark::sinks::file
