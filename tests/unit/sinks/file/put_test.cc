// What a put leaves, also where directories vanish or a file system is full.
#include <algorithm>

#include "file/file_sink_fixture.h"

namespace tidemark::sinks::file {
namespace {

class FilePut : public FileSinkTest {};

TEST_P(FilePut, LeavesNothingOfItsOwnBehind) {
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

TEST_P(FilePut, TooLongAPart) {
  auto sink = open();
  const Status done = put(*sink, "a/" + std::string(256, 'k'), "x");
  ASSERT_EQ(status_of(done), TIDEMARK_E_PERMANENT);
  EXPECT_NE(done.error().message.find("256 bytes"), std::string::npos) << done.error().message;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "root/a"));
  EXPECT_TRUE(put(*sink, "a/" + std::string(255, 'k'), "x"));
}

TEST_P(FilePut, AKeyBelowAnObject) {
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

TEST_P(FilePut, DirectoriesThatVanishBetweenPuts) {
  auto sink = open();
  ASSERT_TRUE(put(*sink, "a/b/1", "x"));
  std::filesystem::remove_all(dir_ / "root/a");
  EXPECT_TRUE(put(*sink, "a/b/2", "x", TIDEMARK_PUT_IF_ABSENT));
  EXPECT_EQ(list(*sink), std::vector<std::string>{"a/b/2"});
}

TEST_P(FilePut, DirectoriesThatVanishDuringAPut) {
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

TEST_P(FilePut, RootThatVanishes) {
  auto sink = open();
  std::filesystem::remove_all(dir_ / "root");
  const Status done = put(*sink, "a", "x");
  EXPECT_EQ(status_of(done), TIDEMARK_E_RETRYABLE) << "the sink's failure, not the object's";
  EXPECT_NE(done.error().message.find(dir_ / "root"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("(deleted)"), std::string::npos) << done.error().message;
}

TEST_P(FilePut, NoSpaceAndThenSome) {
  if (!dir_.mount("small", "size=4m")) GTEST_SKIP() << "may not mount";
  auto sink = try_open("small/root");
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE(put(**sink, "a/1", std::string(2 << 20, 'x'), TIDEMARK_PUT_IF_ABSENT));
  // Large ones fail when space is reserved, small ones while they are written.
  for (const size_t size : {size_t{8} << 20, size_t{3} << 20}) {
    const Status done = put(**sink, "a/2", std::string(size, 'x'), TIDEMARK_PUT_IF_ABSENT);
    ASSERT_EQ(status_of(done), TIDEMARK_E_NO_SPACE);
    EXPECT_NE(done.error().message.find("small/root/a/2"), std::string::npos) << done.error().message;
  }
  int filled = 0;
  Status done;
  while ((done = put(**sink, "a/fill" + std::to_string(filled), std::string(500'000, 'x')))) ++filled;
  EXPECT_EQ(status_of(done), TIDEMARK_E_NO_SPACE);
  EXPECT_EQ(list(**sink).size(), static_cast<size_t>(filled) + 1) << "something half-written is visible";
  EXPECT_EQ(status_of(try_open("small/root")), TIDEMARK_OK) << "there is room for the probe's one page";

  ASSERT_TRUE((*sink)->remove("a/1", Call(nullptr, nullptr)));
  EXPECT_TRUE(put(**sink, "a/2", std::string(1 << 20, 'x'), TIDEMARK_PUT_IF_ABSENT));
}

std::string large_body() {
  std::string bytes(6 << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 1000);
  return bytes;
}

TEST_P(FilePut, LargeBodiesAreWhatTheirSourceGave) {
  auto sink = open();
  const Call call(nullptr, nullptr);
  for (const size_t piece_size : {SIZE_MAX, size_t{100'001}}) {
    TestSource source{large_body(), piece_size};
    const std::string key = "a" + std::to_string(piece_size);
    ASSERT_TRUE(sink->put(key, Source(source.get(), call), 0, call));
    EXPECT_TRUE(read_file(dir_ / ("root/" + key)) == source.bytes);
  }
}

// One put begins while another reads, so that both ways of writing a body are taken.
TEST_P(FilePut, LargeBodiesSideBySide) {
  auto sink = open();
  const Call call(nullptr, nullptr);
  TestSource inner{large_body()}, outer{large_body()};
  std::reverse(inner.bytes.begin(), inner.bytes.end());
  outer.on_read = [&](uint64_t offset) {
    if (offset == 0) {
      ASSERT_TRUE(sink->put("inner", Source(inner.get(), call), 0, call));
    }
  };
  ASSERT_TRUE(sink->put("outer", Source(outer.get(), call), 0, call));
  EXPECT_TRUE(read_file(dir_ / "root/inner") == inner.bytes);
  EXPECT_TRUE(read_file(dir_ / "root/outer") == outer.bytes);
}

TEST_P(FilePut, LargeBodyThatIsShorterThanItsSourceSaid) {
  auto sink = open();
  const Call call(nullptr, nullptr);
  TestSource source{large_body()};
  source.get();
  source.bytes.resize(source.bytes.size() / 2);
  EXPECT_EQ(status_of(sink->put("a", Source(&source.raw, call), 0, call)), TIDEMARK_E_CORRUPT);
  EXPECT_TRUE(list(*sink).empty());
}

TEST_P(FilePut, PartOfTheArchiveOnAnotherFileSystem) {
  auto sink = try_open("root");
  ASSERT_TRUE(sink);
  ASSERT_TRUE(put(**sink, "disk/1", "x"));
  if (!dir_.mount("root/disk", "size=1m")) GTEST_SKIP() << "may not mount";
  const Status done = put(**sink, "disk/2", "x", TIDEMARK_PUT_IF_ABSENT);
  if (std::string_view(GetParam()) == "unnamed") {
    EXPECT_TRUE(done);
    EXPECT_EQ(list(**sink), std::vector<std::string>{"disk/2"});
  } else {
    ASSERT_EQ(status_of(done), TIDEMARK_E_PERMANENT);
    EXPECT_NE(done.error().message.find("staging=unnamed"), std::string::npos) << done.error().message;
  }
}

INSTANTIATE_FOR_BOTH_STAGINGS(FilePut);

}  // namespace
}  // namespace tidemark::sinks::file
