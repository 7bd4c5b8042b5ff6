// Each call to the kernel fails once while entries are restored: what has its name is whole, and what was not
// restored can be restored again.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "format/object_name.h"
#include "kernel_faults.h"
#include "tar/content_parser.h"
#include "tar/extract.h"
#include "tar/raw_tar.h"
#include "tar/source_tools.h"
#include "tar/unpacker.h"

namespace tidemark::tar {
namespace {

namespace fs = std::filesystem;
using test::describe_tree;
using test::open_files;
using test::StringStream;
using test::TempDir;
using test::with_each_call_failing;
using test::write_file;

std::string name_of(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

// Entries 1 and 2, with few members or with more than are fsynced one by one.
class RestoreFaults : public testing::TestWithParam<int> {
 protected:
  RestoreFaults() {
    std::vector<tree::EntryPath> entries;
    for (const Lsn lsn : {1, 2}) {
      paths_.push_back(dir_ / ("entry" + std::to_string(lsn)));
      fs::create_directories(paths_.back() + "/a/b");
      for (int i = 0; i < GetParam(); ++i) write_file(paths_.back() + "/a/b/" + std::to_string(i), "content");
      fs::create_symlink("nowhere", paths_.back() + "/link");
      fs::permissions(paths_.back() + "/a", fs::perms(0555));
    }
    entries = {{1, paths_[0]}, {2, paths_[1]}};
    EntrySource source{SourceLimits()};
    EXPECT_TRUE(source.open("db", 7, entries, {}));
    object_ = *test::read_all(source);
    fs::create_directory(out_);
  }

  // Whatever happened: each name is that of a whole entry. Then all is gone.
  void expect_whole_or_absent(const std::string& which) {
    for (const Lsn lsn : {1, 2}) {
      const std::string path = out_ + "/" + name_of(lsn);
      const bool is_there = fs::exists(fs::symlink_status(path));
      EXPECT_TRUE(!is_there || describe_tree(path) == describe_tree(paths_[lsn - 1])) << which;
    }
  }
  bool has_both() const { return fs::exists(out_ + "/" + name_of(1)) && fs::exists(out_ + "/" + name_of(2)); }
  size_t names() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(out_), fs::directory_iterator()));
  }
  void clear() {
    fs::remove_all(out_);
    fs::create_directory(out_);
  }
  static void expect_errno(const Status& status, const std::string& which) {
    EXPECT_NE(status.error().message.find(std::strerror(EIO)), std::string::npos)
        << which << status.error().message;
    EXPECT_EQ(status.error().status, TIDEMARK_E_RETRYABLE) << which << status.error().message;
  }

  Status unpack(bool is_private) {
    TM_ASSIGN(const auto unpacker,
              is_private ? Unpacker::create_private(out_, {1, 2}) : Unpacker::create(out_, {1, 2}));
    if (syncs_later_) unpacker->sync_later();
    ContentParser parser({1, 2}, *unpacker);
    TM_TRY(parser.push({reinterpret_cast<const uint8_t*>(object_.data()), object_.size() - kFooterSize}));
    TM_TRY(parser.finish());
    TM_TRY(unpacker->make_durable());
    return unpacker->publish();
  }
  Status extract() {
    for (const Lsn lsn : {1, 2}) {
      StringStream bytes(object_, 4096);
      const Status status = extract_entry(bytes, {"db", 7, {1, 2}, lsn, out_, {}}, {});
      if (!status) return status;
    }
    return {};
  }
  void expect_sound(const std::function<Status()>& restore, bool leaves_nothing) {
    ASSERT_TRUE(restore());
    ASSERT_TRUE(has_both());
    clear();
    const auto files = open_files();
    int errors = 0;
    with_each_call_failing(EIO, [&](const std::string& which) {
      const Status status = restore();
      test::end_faults();
      EXPECT_EQ(open_files(), files) << which;
      // A private directory is looked at only if all went well.
      if (status || !leaves_nothing) expect_whole_or_absent(which);
      if (status) {
        EXPECT_TRUE(has_both()) << which;
      } else {
        ++errors;
        expect_errno(status, which + ": ");
        // Only the removal itself, or what it needs, may leave something.
        const bool cleaned = which.starts_with("unlinkat") || which.starts_with("fchmodat") || names() == 0;
        EXPECT_TRUE(cleaned || !leaves_nothing) << which;
      }
      clear();
      ASSERT_TRUE(restore()) << which;
      expect_whole_or_absent(which);
      EXPECT_TRUE(has_both()) << which;
      clear();
    });
    EXPECT_GT(errors, 20);
  }

  bool syncs_later_ = false;
  TempDir dir_;
  const std::string out_ = dir_ / "out";
  std::vector<std::string> paths_;
  std::string object_;
};

INSTANTIATE_TEST_SUITE_P(Members, RestoreFaults, testing::Values(3, 20));

TEST_P(RestoreFaults, OneEntryAfterAnother) {
  expect_sound([this] { return extract(); }, false);
}

TEST_P(RestoreFaults, StagedAndPublished) {
  expect_sound([this] { return unpack(false); }, false);
}

TEST_P(RestoreFaults, InAPrivateDirectory) {
  expect_sound([this] { return unpack(true); }, true);
}

// One sync is the caller's; so no call that would fail is made.
TEST_P(RestoreFaults, SyncedLater) {
  syncs_later_ = true;
  expect_sound([this] { return unpack(true); }, true);
  const UniqueFd fd(::open(out_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool can_sync_at_once = tree::can_sync_at_once(fd.get());
  test::fail_call("fsync", 1, EIO);
  test::fail_call("syncfs", 1, EIO);
  const Status status = unpack(true);
  test::end_faults();
  EXPECT_EQ(static_cast<bool>(status), can_sync_at_once);
}

TEST_P(RestoreFaults, AFileSystemThatReplacesWhatIsThereIsNotUsed) {
  for (const bool is_staged : {false, true}) {
    test::fail_call("renameat2", 1, EINVAL);
    const Status status = is_staged ? unpack(false) : extract();
    test::end_faults();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().status, TIDEMARK_E_UNSUPPORTED);
    EXPECT_NE(status.error().message.find("cannot rename without replacing"), std::string::npos);
    EXPECT_EQ(names(), 0u);
  }
}

}  // namespace
}  // namespace tidemark::tar
