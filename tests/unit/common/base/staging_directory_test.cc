#include "base/staging_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "common/temp_dir.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;

class StagingDirectoryTest : public test::CommonTempDir {
 protected:
  StagingDirectoryTest() : parent_(open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  std::unique_ptr<StagingDirectory> make() {
    auto made = StagingDirectory::create(parent_.get(), dir_, ErrnoOf::kEntry);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::vector<std::string> dead(int64_t unlocked_age_s = 0) {
    std::vector<std::string> names;
    EXPECT_EQ(for_each_dead_staging(parent_.get(), unlocked_age_s,
                                    [&](const DeadStaging& found) { names.push_back(found.name); }),
              0);
    std::sort(names.begin(), names.end());
    return names;
  }

  const UniqueFd parent_;
};

TEST_F(StagingDirectoryTest, IsThereUntilItGoes) {
  auto first = make();
  auto second = make();
  EXPECT_NE(first->name(), second->name());
  EXPECT_TRUE(fs::is_directory(dir_ + "/.tidemark/" + first->name()));
  EXPECT_TRUE(first->is_there());
  first.reset();
  EXPECT_TRUE(fs::is_directory(dir_ + "/.tidemark/" + second->name())) << "another's";
  second.reset();
  EXPECT_FALSE(fs::exists(dir_ + "/.tidemark"));
}

TEST_F(StagingDirectoryTest, OnlyTheDeadAreFound) {
  EXPECT_TRUE(dead().empty()) << "nothing was ever here";
  const auto living = make();
  fs::create_directories(dir_ + "/.tidemark/1-left");
  std::ofstream(dir_ + "/.tidemark/1-left/file") << "x";
  std::ofstream(dir_ + "/.tidemark/not-a-directory") << "x";
  fs::create_directory_symlink(dir_, dir_ + "/.tidemark/link");
  EXPECT_EQ(dead(), (std::vector<std::string>{"1-left"}));
  EXPECT_EQ(dead(3600), (std::vector<std::string>{"1-left"}))
      << "it can be locked, so its age is of no interest";
}

TEST_F(StagingDirectoryTest, WhatIsNotEmptyStays) {
  {
    const auto staging = make();
    std::ofstream(dir_ + "/.tidemark/" + staging->name() + "/file") << "x";
  }
  EXPECT_EQ(dead().size(), 1u) << "and is met again as left by a dead process";
}

TEST_F(StagingDirectoryTest, AnotherDirectoryUnderItsNameIsNotItsOwn) {
  auto staging = make();
  const std::string path = dir_ + "/.tidemark/" + staging->name();
  fs::rename(path, dir_ + "/moved");
  EXPECT_FALSE(staging->is_there());
  fs::create_directory(path);
  EXPECT_FALSE(staging->is_there());
  staging.reset();
  EXPECT_TRUE(fs::is_directory(path));
}

TEST_F(StagingDirectoryTest, ErrorsAreOfWhoseFilesTheyAre) {
  std::ofstream(dir_ + "/.tidemark") << "a file";
  for (const auto& [whose, status] :
       {std::pair(ErrnoOf::kEntry, TIDEMARK_E_NOT_FOUND), std::pair(ErrnoOf::kSink, TIDEMARK_E_PERMANENT)}) {
    const auto made = StagingDirectory::create(parent_.get(), dir_, whose);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().status, status) << made.error().message;
    EXPECT_NE(made.error().message.find(dir_ + "/.tidemark"), std::string::npos);
  }
  EXPECT_EQ(for_each_dead_staging(parent_.get(), 0, [](const DeadStaging&) {}), ENOTDIR);
}

}  // namespace
}  // namespace tidemark
