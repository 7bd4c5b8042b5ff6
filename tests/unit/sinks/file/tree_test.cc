#include "file/tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "file/directories.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

class TreeWindows : public ::testing::TestWithParam<size_t> {
 protected:
  std::vector<std::string> listed(std::string_view prefix, std::string_view after) {
    const UniqueFd fd(::open((dir_ / ".").c_str(), O_RDONLY | O_DIRECTORY));
    const Directories directories(fd.get(), dir_ / "");
    const Call call(nullptr, nullptr);
    FileTree tree(directories, call, GetParam());
    std::vector<std::string> keys;
    const Visitor visit(
        [](void* ctx, tidemark_str key, const tidemark_object*) -> int32_t {
          static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(key));
          return 0;
        },
        &keys);
    const Status ok = list_tree(tree, prefix, after, visit, call);
    EXPECT_TRUE(ok);
    return keys;
  }

  TempDir dir_;
};

// Whatever fits into memory at once, a listing is the same.
TEST_P(TreeWindows, GiveEveryNameOnceInOrder) {
  std::mt19937 random(5);
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) {
    const std::string folder = "d" + std::string(1, "-./0a"[random() % 5]) + std::to_string(random() % 4);
    if (folder[1] == '/' || folder[1] == '.') continue;
    keys.push_back(folder + "/" + std::to_string(random() % 500));
    keys.push_back("f" + std::to_string(random() % 500));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) {
    const std::filesystem::path path = dir_ / key;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }
  ASSERT_GT(keys.size(), 60u);
  EXPECT_EQ(listed("", ""), keys);
  for (size_t i = 0; i < keys.size(); i += 7) {
    const std::vector<std::string> rest(keys.begin() + static_cast<ptrdiff_t>(i) + 1, keys.end());
    EXPECT_EQ(listed("", keys[i]), rest) << keys[i];
  }
  std::vector<std::string> files;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(files),
               [](const std::string& key) { return key[0] == 'f'; });
  EXPECT_EQ(listed("f", ""), files);
}

INSTANTIATE_TEST_SUITE_P(OfNames, TreeWindows, ::testing::Values(1, 2, 3, 10, FileTree::kWindowNames));

}  // namespace
}  // namespace tidemark::sinks::file
