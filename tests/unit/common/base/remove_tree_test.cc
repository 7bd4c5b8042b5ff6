#include "base/remove_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/fd.h"
#include "temp_dir.h"

namespace tidemark {
namespace {

using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

TEST(RemoveTree, RemovesWhatIsThereAndFollowsNothing) {
  TempDir dir;
  fs::create_directories(dir / "tree/a/b/c");
  fs::create_directory(dir / "kept");
  write_file(dir / "kept/file", "x");
  fs::create_directory_symlink(dir / "kept", dir / "tree/a/link");
  for (int i = 0; i < 2000; ++i) write_file(dir / ("tree/a/b/" + std::to_string(i)), "");
  fs::permissions(dir / "tree/a/b", fs::perms(0));
  const UniqueFd fd(open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(remove_tree(fd.get(), "tree"), 0);
  EXPECT_FALSE(fs::exists(dir / "tree"));
  EXPECT_TRUE(fs::exists(dir / "kept/file"));
  EXPECT_EQ(remove_tree(fd.get(), "tree"), 0);
}

}  // namespace
}  // namespace tidemark
