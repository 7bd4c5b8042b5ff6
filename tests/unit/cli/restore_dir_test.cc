#include "restore_dir.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "format/lsn.h"

namespace tidemark::cli {
namespace {

namespace fs = std::filesystem;

class RestoreDirTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/restore-dir-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/a/b";
  }
  void TearDown() override { fs::remove_all(directory_); }
  RestoreDir look(bool into_existing = false) {
    auto dir = RestoreDir::look(path_, "main/7", into_existing);
    EXPECT_TRUE(dir) << dir.error().message;
    return std::move(*dir);
  }

  std::string directory_, path_;
};

TEST_F(RestoreDirTest, EntriesMoveToTheirNames) {
  auto dir = look();
  EXPECT_FALSE(fs::exists(path_)) << "looking changes nothing";
  EXPECT_GT(dir.free_bytes(), 0u);
  ASSERT_TRUE(dir.prepare());
  const std::string place = *dir.make_place(0);
  fs::create_directory(place + "/" + lsn_text(3));
  std::ofstream(place + "/" + lsn_text(4)) << "x";
  ASSERT_TRUE(dir.publish({{place, {3, 4}}}));
  EXPECT_TRUE(fs::is_directory(path_ + "/" + lsn_text(3)));
  EXPECT_TRUE(fs::is_regular_file(path_ + "/" + lsn_text(4)));
  const std::string second = *dir.make_place(1);
  std::ofstream(second + "/" + lsn_text(4)) << "y";
  EXPECT_FALSE(dir.publish({{second, {4, 4}}})) << "nothing is replaced";
  ASSERT_TRUE(dir.clean_up());
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), {}), 2);
}

// Root may move anything, so this is done as somebody else.
TEST_F(RestoreDirTest, AnEntryThatItsOwnerMayNotWriteMovesAsWell) {
  const uid_t before = ::geteuid();
  if (before == 0) {
    ASSERT_EQ(::chown(directory_.c_str(), 65534, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(::seteuid(65534), 0);
  }
  auto dir = look();
  ASSERT_TRUE(dir.prepare());
  const std::string place = *dir.make_place(0), name = "/" + lsn_text(3);
  fs::create_directory(place + name);
  std::ofstream(place + name + "/file") << "x";
  fs::permissions(place + name, fs::perms(0555));
  const auto published = dir.publish({{place, {3, 3}}});
  ASSERT_EQ(::seteuid(before), 0);
  EXPECT_TRUE(published) << published.error().message;
  EXPECT_EQ(fs::status(path_ + name).permissions(), fs::perms(0555));
  EXPECT_TRUE(fs::exists(path_ + name + "/file"));
}

TEST_F(RestoreDirTest, KnowsWhatIsMissing) {
  fs::create_directories(path_);
  for (const uint64_t lsn : {2, 3, 7, 9}) fs::create_directory(path_ + "/" + lsn_text(lsn));
  fs::create_directory(path_ + "/other");
  const auto dir = look(true);
  EXPECT_EQ(dir.present(), 4u);
  EXPECT_EQ(dir.present_of({1, 10}), (std::vector<Range>{{2, 3}, {7, 7}, {9, 9}}));
  EXPECT_EQ(dir.present_of({3, 7}), (std::vector<Range>{{3, 3}, {7, 7}}));
  EXPECT_EQ(dir.present_of({2, 3}), (std::vector<Range>{{2, 3}}));
  EXPECT_TRUE(dir.present_of({20, 30}).empty());
  EXPECT_EQ(dir.missing_of({1, 10}), (std::vector<Range>{{1, 1}, {4, 6}, {8, 8}, {10, 10}}));
  EXPECT_EQ(dir.missing_of({3, 7}), (std::vector<Range>{{4, 6}}));
  EXPECT_TRUE(dir.missing_of({2, 3}).empty());
  EXPECT_EQ(dir.missing_of({20, 30}), (std::vector<Range>{{20, 30}}));
}

TEST_F(RestoreDirTest, OneRunAtATimeAndNothingIsLeft) {
  auto dir = look();
  ASSERT_TRUE(dir.prepare());
  const auto place = dir.make_place(0);
  ASSERT_TRUE(place);
  {
    auto other = look();
    const auto refused = other.prepare();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().exit_code, kExitUsage);
    EXPECT_NE(refused.error().message.find("is under way; this one has changed nothing"), std::string::npos);
    EXPECT_TRUE(other.clean_up());
    EXPECT_TRUE(fs::is_directory(*place)) << "who was refused touches nothing";
  }
  { const RestoreDir gone = std::move(dir); }  // as if it was killed
  auto next = look();
  ASSERT_TRUE(next.prepare());
  EXPECT_TRUE(next.make_place(0)) << "the place of the killed run is free again";
}

TEST_F(RestoreDirTest, SomebodyElsesDirectoryIsRefused) {
  fs::create_directories(path_ + "/lost+found");
  { const auto empty = look(); }
  std::ofstream(path_ + "/notes.txt") << "x";
  const auto refused = RestoreDir::look(path_, "main/7", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit_code, kExitUsage);
  EXPECT_NE(refused.error().message.find("'notes.txt'"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("--into-existing"), std::string::npos) << refused.error().message;
  {
    auto dir = look(true);
    ASSERT_TRUE(dir.prepare());
    ASSERT_TRUE(dir.clean_up());
  }
  EXPECT_TRUE(fs::exists(path_ + "/notes.txt"));
  // Once it remembers that entries of this partition are in it, what lies beside them does not matter.
  const auto again = RestoreDir::look(path_, "main/7", false);
  EXPECT_TRUE(again) << again.error().message;
}

// Runs as nobody, if it was root.
class AsNobody {
 public:
  explicit AsNobody(const std::string& owned) : before_(::geteuid()) {
    if (before_ != 0) return;
    EXPECT_EQ(::chown(owned.c_str(), 65534, static_cast<gid_t>(-1)), 0);
    EXPECT_EQ(::seteuid(65534), 0);
  }
  ~AsNobody() { EXPECT_EQ(::seteuid(before_), 0); }

 private:
  const uid_t before_;
};

TEST_F(RestoreDirTest, WhatAKilledRunLeftGoesWhateverItsModes) {
  const AsNobody nobody(directory_);
  const std::string place = path_ + "/.tidemark-restore/0/", moving = path_ + "/.tidemark-moving-x-1";
  for (const std::string& left : {place + "a", place + "b", place + "c", moving}) {
    fs::create_directories(left + "/sub");
    std::ofstream(left + "/sub/file") << "x";
  }
  for (const std::string& left : {place + "a/sub", place + "a"}) fs::permissions(left, fs::perms(0555));
  for (const std::string& left : {place + "b/sub", place + "b"}) fs::permissions(left, fs::perms(0500));
  for (const std::string& left : {place + "c/sub", place + "c", moving}) fs::permissions(left, fs::perms(0));
  auto dir = look();
  const auto prepared = dir.prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  const auto again = dir.make_place(0);
  ASSERT_TRUE(again);
  fs::create_directories(*again + "/d/sub");
  fs::permissions(*again + "/d", fs::perms(0));
  ASSERT_TRUE(dir.clean_up());
  EXPECT_TRUE(fs::is_empty(path_));
}

TEST_F(RestoreDirTest, WhatAnotherUserLeftIsNamedWithItsOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has another user's directories";
  fs::create_directories(path_ + "/.tidemark-restore/0/a");
  fs::permissions(directory_, fs::perms(0755));
  const AsNobody nobody(path_);
  auto dir = look();
  const auto refused = dir.prepare();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit_code, kExitLocal);
  for (const char* part :
       {"/.tidemark-restore belongs to user 0 (root), this is user 65534", "run it as that user"})
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
}

// Two looked before either began.
TEST_F(RestoreDirTest, WhatAnotherRunBroughtMeanwhileIsThere) {
  auto late = look();
  EXPECT_EQ(late.present(), 0u);
  {
    auto first = look();
    ASSERT_TRUE(first.prepare());
    const std::string place = *first.make_place(0);
    std::ofstream(place + "/" + lsn_text(4)) << "x";
    ASSERT_TRUE(first.publish({{place, {4, 4}}}));
    ASSERT_TRUE(first.clean_up());
  }
  ASSERT_TRUE(late.prepare());
  EXPECT_EQ(late.present(), 1u);
  EXPECT_EQ(late.missing_of({3, 5}), (std::vector<Range>{{3, 3}, {5, 5}}));
}

}  // namespace
}  // namespace tidemark::cli
