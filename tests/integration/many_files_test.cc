// Entries with more files than memory has room for the names of, with the options that everybody has.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <tidemark/draft/maintenance.h>

#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

class ManyFiles : public Scenario, public ::testing::WithParamInterface<int> {
 protected:
  // Half of them in one directory, the others in directories of 1,000; one in a hundred has content.
  void make_files(const std::string& root, int count) {
    std::string directory = root + "/all";
    ASSERT_EQ(mkdir(directory.c_str(), 0755), 0);
    for (int i = 0; i < count; ++i) {
      if (i >= count / 2 && i % 1000 == 0) {
        directory = root + "/" + std::to_string(i);
        ASSERT_EQ(mkdir(directory.c_str(), 0755), 0);
      }
      const std::string name = directory + "/segment-" + std::to_string(i * 7919LL % 1'000'003);
      const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
      ASSERT_GE(fd, 0) << name;
      if (i % 100 == 0) {
        EXPECT_EQ(write(fd, name.data(), name.size()), static_cast<ssize_t>(name.size()));
      }
      close(fd);
    }
  }
  // For longer than others have to wait: a million files take minutes on a slow disk.
  void wait_for_the_entry() {
    const auto is_over = [this] { return host_.acknowledged(p_) == 1 || !host_.events().empty(); };
    for (int deadlines = 0; deadlines < 15 && !host_.wait_until(is_over); ++deadlines) continue;
  }
  template <typename Api>
  const Api& extension(const char* id) {
    return *static_cast<const Api*>(api_->get_extension(archiver_, id));
  }
};

TEST_P(ManyFiles, InOneEntryByDefaultOptions) {
  make_files(host_.make_tree(p_, 1), GetParam());
  begin();
  const uint64_t before = resident_bytes();
  notify(p_, 1, 1);
  wait_for_the_entry();
  for (const SeenEvent& event : host_.events()) ADD_FAILURE() << event.message;
  ASSERT_EQ(host_.acknowledged(p_), 1U);
#ifndef TIDEMARK_TEST_SANITIZED
  EXPECT_LT(resident_bytes(), before + (64 << 20)) << "the whole budget, of which this is one worker's";
#else
  static_cast<void>(before);
#endif
  ASSERT_EQ(objects(), keys(p_, 1, 1));

  // Readers: a check of all of it, the archiver that comes upon it again, and restoring, one way and the
  // other.
  const std::string key = archive_key(p_, 1);
  ErrorOut error;
  EXPECT_EQ(extension<tidemark_draft_maintenance_api>(TIDEMARK_EXT_DRAFT_MAINTENANCE)
                .check(archiver_, str(key), nullptr, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  begin_again();
  notify(p_, 1, 1);
  wait_for_the_entry();
  ASSERT_EQ(host_.acknowledged(p_), 1U);
  EXPECT_GE(metrics()["tidemark_archives_total{result=\"verified\"}"], 1);
  expect_archived(p_, 1, 1);
  const test::TempDir unpacked;
  const std::string directory = unpacked.path().string();
  const tidemark_unpack_options options = {sizeof options, 0, 1, 1, str(directory), nullptr, nullptr};
  ASSERT_EQ(extension<tidemark_maintenance_api>(TIDEMARK_EXT_MAINTENANCE)
                .unpack(archiver_, str(key), &options, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_TRUE(test::describe_tree(unpacked / lsn_text(1)) == test::describe_tree(host_.path(p_, 1)));
}

INSTANTIATE_TEST_SUITE_P(Short, ManyFiles, ::testing::Values(45'000));
INSTANTIATE_TEST_SUITE_P(Long, ManyFiles, ::testing::Values(1'000'000));

class AttributesScenario : public Scenario {};

// Said once in a run, with the first name; and again in the next, in which somebody else may read the log.
TEST_F(AttributesScenario, WhatIsNotArchivedIsSaidOnceInARun) {
  host_.commit_range(p_, 1, 6);
  for (const Lsn lsn : {3, 4, 5}) {
    if (setxattr(host_.path(p_, lsn).c_str(), "user.origin", "x", 1, 0) != 0) {
      GTEST_SKIP() << "this file system has no extended attributes";
    }
  }
  const auto said = [this] {
    std::vector<std::string> lines;
    for (const std::string& line : host_.log_lines()) {
      if (line.find("extended attributes") != std::string::npos) lines.push_back(line);
    }
    return lines;
  };
  begin();
  notify(p_, 1, 2);
  drain();
  EXPECT_TRUE(said().empty());
  begin_again();
  notify(p_, 3, 6);
  drain();
  ASSERT_EQ(said().size(), 1U);
  EXPECT_NE(said()[0].find(host_.path(p_, 3) + " (user.origin)"), std::string::npos) << said()[0];
  EXPECT_EQ(said()[0].substr(0, 2), std::to_string(TIDEMARK_LOG_WARN) + " ");
  start();
  notify(p_, 3, 6);
  drain();
  EXPECT_EQ(said().size(), 2U);
  EXPECT_EQ(host_.acknowledged(p_), 6U) << "it is no reason not to archive";
}

}  // namespace
}  // namespace tidemark::integration
