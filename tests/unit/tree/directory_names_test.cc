#include "tree/directory_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/fd.h"
#include "temp_dir.h"

namespace tidemark::tree {
namespace {

using test::TempDir;

class DirectoryNamesTest : public testing::Test {
 protected:
  DirectoryNamesTest() : names_(budget_) { EXPECT_TRUE(names_.reserve()); }

  // Makes files of random names in a directory; which, in order.
  std::set<std::string> fill(const std::string& directory, int count, unsigned seed) {
    std::mt19937 random(seed);
    std::set<std::string> made;
    mkdir(directory.c_str(), 0755);
    while (made.size() < static_cast<size_t>(count)) {
      std::string name = std::to_string(random());
      name.append(random() % 40, static_cast<char>('a' + random() % 26));
      if (random() % 30 == 0) name.append(200, '\xfe');
      if (made.insert(name).second) test::write_file(directory + "/" + name, "");
    }
    return made;
  }
  static UniqueFd open_directory(const std::string& path) {
    return UniqueFd(open(path.c_str(), O_RDONLY | O_DIRECTORY));
  }
  std::vector<std::string> rest(int fd, std::string last = {}) {
    std::vector<std::string> found;
    for (;;) {
      DirectoryNames::Name name;
      EXPECT_EQ(names_.next(fd, last, &name), 0);
      if (name.text == nullptr) return found;
      EXPECT_EQ(name.type, DT_REG);
      EXPECT_LE(budget_.used, budget_.limit);
      last.assign(name.text, name.size);
      found.push_back(last);
    }
  }

  TempDir dir_;
  ByteBudget budget_{DirectoryNames::kMostBytesMin};
  DirectoryNames names_;
};

TEST_F(DirectoryNamesTest, AllNamesInOrderThoughFewAreHeld) {
  const auto made = fill(dir_ / "d", 1500, 1);
  names_.set_most_bytes(budget_.limit);
  const UniqueFd fd = open_directory(dir_ / "d");
  ASSERT_EQ(names_.push(fd.get(), {}), 0);
  EXPECT_TRUE(std::ranges::equal(rest(fd.get()), made));
  names_.pop();
  EXPECT_EQ(budget_.used, 0U);
}

TEST_F(DirectoryNamesTest, FromAnyNameOn) {
  const auto made = fill(dir_ / "d", 1000, 2);
  names_.set_most_bytes(budget_.limit);
  for (auto from = made.begin(); from != made.end(); std::advance(from, 100)) {
    const UniqueFd fd = open_directory(dir_ / "d");
    ASSERT_EQ(names_.push(fd.get(), *from), 0);
    const auto names = rest(fd.get());
    EXPECT_TRUE(std::equal(names.begin(), names.end(), from, made.end()));
    names_.clear();
  }
}

TEST_F(DirectoryNamesTest, DirectoriesAboveAreReadAgainWhenThoseBelowTookTheirRoom) {
  std::vector<std::set<std::string>> made;
  std::vector<UniqueFd> fds;
  std::vector<std::string> last;
  names_.set_most_bytes(budget_.limit);
  for (int level = 0; level < 6; ++level) {
    const std::string path = dir_ / std::to_string(level);
    made.push_back(fill(path, 400, static_cast<unsigned>(level)));
    fds.push_back(open_directory(path));
    ASSERT_EQ(names_.push(fds.back().get(), {}), 0);
    // Some are used before the next is gone into.
    for (int i = 0; i <= 20 * level; ++i) {
      DirectoryNames::Name name;
      ASSERT_EQ(names_.next(fds.back().get(), i == 0 ? std::string() : last.back(), &name), 0);
      if (i > 0) last.pop_back();
      last.emplace_back(name.text, name.size);
      made.back().erase(made.back().begin());
    }
  }
  for (size_t level = 6; level-- > 0;) {
    EXPECT_TRUE(std::ranges::equal(rest(fds[level].get(), last[level]), made[level])) << level;
    names_.pop();
  }
  EXPECT_EQ(budget_.used, 0U);
}

TEST_F(DirectoryNamesTest, WithoutALimitOfItsOwnTheBudgetIsOne) {
  fill(dir_ / "d", 1000, 3);
  const UniqueFd fd = open_directory(dir_ / "d");
  EXPECT_EQ(names_.push(fd.get(), {}), DirectoryNames::kFull);
  EXPECT_TRUE(budget_.refused);
  names_.clear();
  ByteBudget large{1 << 20};
  DirectoryNames all(large);
  ASSERT_TRUE(all.reserve());
  const UniqueFd again = open_directory(dir_ / "d");
  EXPECT_EQ(all.push(again.get(), {}), 0);
}

TEST_F(DirectoryNamesTest, WhatIsNoDirectoryIsAnErrno) {
  test::write_file(dir_ / "f", "");
  const UniqueFd fd(open((dir_ / "f").c_str(), O_RDONLY));
  EXPECT_EQ(names_.push(fd.get(), {}), ENOTDIR);
}

}  // namespace
}  // namespace tidemark::tree
