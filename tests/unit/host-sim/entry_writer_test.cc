#include "entry_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "test_dir.h"

namespace tidemark::host {
namespace {

TEST(MadeUpEntry, SeedPartitionLsnAndFileDecideTheContent) {
  TestDir dir;
  std::vector<EntrySpec> specs(4, small_spec());
  specs[1].partition = 4;
  specs[2].lsn = 18;
  specs[3].shape.seed = 43;
  std::set<std::string> contents;
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::string path = dir / std::to_string(i);
    ASSERT_TRUE(write_entry(path, specs[i], Durability::kUnsafe));
    for (const char* file : {"/payload-0", "/payload-1", "/payload-2"})
      contents.insert(get_file(path + file));
  }
  EXPECT_EQ(contents.size(), 12u);
}

TEST(RealFile, KeepsNameModeAndOriginInTheManifest) {
  TestDir dir;
  const std::string origin = dir / "source dir/\xC3\xA4 100%\n.txt";
  put_file(origin, "hello");
  ::chmod(origin.c_str(), 0064);
  if (::access(origin.c_str(), R_OK) != 0)
    GTEST_SKIP() << "needs root to read a file without the owner's right";
  const auto digest = write_entry(dir / "entry", {"main", 0, 1, origin, {}}, Durability::kFsync);
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(get_file(dir / "entry/\xC3\xA4 100%\n.txt"), "hello");
  struct stat status {};
  ASSERT_EQ(::stat((dir / "entry/\xC3\xA4 100%\n.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0464u) << "the copy must stay readable for its owner";
  const auto found = manifest_origin(get_file(dir / "entry/MANIFEST"));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, origin);
}

TEST(RealFile, CalledManifestDoesNotReplaceOurs) {
  TestDir dir;
  put_file(dir / "MANIFEST", "theirs");
  ASSERT_TRUE(write_entry(dir / "entry", {"main", 0, 1, dir / "MANIFEST", {}}, Durability::kUnsafe));
  EXPECT_EQ(get_file(dir / "entry/MANIFEST.payload"), "theirs");
  EXPECT_EQ(get_file(dir / "entry/MANIFEST").rfind("tidemark-host-sim-manifest 1\n", 0), 0u);
}

TEST(RealFile, ThatIsGoneOrNoFileAnyMoreIsEnoent) {
  TestDir dir;
  std::filesystem::create_symlink("/etc/passwd", dir / "link");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  int n = 0;
  for (const char* name : {"nothing", "link", "fifo"}) {
    const auto digest = write_entry(dir / ("entry" + std::to_string(n++)), {"main", 0, 1, dir / name, {}},
                                    Durability::kUnsafe);
    ASSERT_FALSE(digest) << name;
    EXPECT_EQ(digest.error().sys_errno, ENOENT) << digest.error().message;
    EXPECT_NE(digest.error().message.find(dir / name), std::string::npos) << digest.error().message;
  }
}

}  // namespace
}  // namespace tidemark::host
