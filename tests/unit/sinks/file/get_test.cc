// What is read, and what is not an object.
#include <sys/stat.h>

#include "file/file_sink_fixture.h"

namespace tidemark::sinks::file {
namespace {

class FileGet : public FileSinkTest {};

TEST_P(FileGet, OnlyRegularFilesAreObjects) {
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
    EXPECT_NE(done.error().message.find("not a regular file"), std::string::npos) << done.error().message;
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

TEST_P(FileGet, FileThatShrinksWhileItIsRead) {
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

INSTANTIATE_FOR_BOTH_STAGINGS(FileGet);

}  // namespace
}  // namespace tidemark::sinks::file
