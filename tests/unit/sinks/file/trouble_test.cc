// Full, read-only and forbidden file systems: the errors, and going on afterwards.
#include <sys/stat.h>

#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

class Trouble : public ::testing::TestWithParam<const char*> {
 protected:
  Result<std::unique_ptr<FileSink>> open(const std::string& name) {
    return open_sink<FileSink>("file://" + (dir_ / name) + "?staging=" + GetParam());
  }
  TempDir dir_;
};

TEST_P(Trouble, NoSpaceAndThenSome) {
  if (!dir_.mount("small", "size=4m")) GTEST_SKIP() << "may not mount";
  auto sink = open("small/root");
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
  EXPECT_EQ(status_of(open("small/root")), TIDEMARK_OK) << "there is room for the probe's one page";

  ASSERT_TRUE((*sink)->remove("a/1", Call(nullptr, nullptr)));
  EXPECT_TRUE(put(**sink, "a/2", std::string(1 << 20, 'x'), TIDEMARK_PUT_IF_ABSENT));
}

TEST_P(Trouble, OpenOnAFullFileSystem) {
  if (!dir_.mount("full", "size=64k")) GTEST_SKIP() << "may not mount";
  write_file(dir_ / "full/ballast", std::string(128 << 10, 'x'));
  const auto sink = open("full");
  EXPECT_EQ(status_of(sink), TIDEMARK_E_NO_SPACE) << sink.error().message;
}

TEST_P(Trouble, ReadOnlyFileSystem) {
  if (!dir_.mount("fixed", "size=1m", MS_RDONLY)) GTEST_SKIP() << "may not mount";
  for (const char* name : {"fixed", "fixed/root"}) {
    const auto sink = open(name);
    ASSERT_EQ(status_of(sink), TIDEMARK_E_RETRYABLE) << "it may be mounted otherwise";
    EXPECT_NE(sink.error().message.find("Read-only"), std::string::npos) << sink.error().message;
    EXPECT_NE(sink.error().message.find(dir_ / name), std::string::npos) << sink.error().message;
  }
}

TEST_P(Trouble, ForbiddenDirectory) {
  std::filesystem::create_directory(dir_ / "forbidden");
  // Root may write anywhere, so root's test takes the rights of another user.
  ASSERT_EQ(chmod((dir_ / "").c_str(), 0755), 0);
  ASSERT_EQ(chmod((dir_ / "forbidden").c_str(), 0555), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto sink = open("forbidden");
  const auto below = open("forbidden/root");
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  for (const auto* result : {&sink, &below}) {
    ASSERT_EQ(status_of(*result), TIDEMARK_E_PERMANENT);
    EXPECT_NE(result->error().message.find("Permission denied"), std::string::npos)
        << result->error().message;
    EXPECT_NE(result->error().message.find("forbidden"), std::string::npos) << result->error().message;
  }
}

TEST_P(Trouble, UnreadableDirectoryIsNoShorterListing) {
  auto sink = open("root");
  ASSERT_TRUE(sink);
  ASSERT_TRUE(put(**sink, "a/1", "x"));
  ASSERT_TRUE(put(**sink, "b/1", "x"));
  ASSERT_EQ(chmod((dir_ / "root/b").c_str(), 0), 0);
  ASSERT_EQ(chmod((dir_ / "root").c_str(), 0755), 0);
  ASSERT_EQ(chmod((dir_ / "root/a").c_str(), 0755), 0);
  ASSERT_EQ(chmod((dir_ / "").c_str(), 0755), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const Visitor ignore([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
  const Status listed = (*sink)->list("", "", ignore, Call(nullptr, nullptr));
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_EQ(chmod((dir_ / "root/b").c_str(), 0755), 0);
  EXPECT_EQ(status_of(listed), TIDEMARK_E_PERMANENT);
}

TEST_P(Trouble, PartOfTheArchiveOnAnotherFileSystem) {
  auto sink = open("root");
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

INSTANTIATE_TEST_SUITE_P(, Trouble, ::testing::Values("unnamed", "named"),
                         [](const auto& with) { return std::string(with.param); });

}  // namespace
}  // namespace tidemark::sinks::file
