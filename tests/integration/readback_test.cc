// tidemark.readback/1: list, fetch and restore through the ABI.
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

class ReadbackScenario : public Scenario {
 protected:
  void archive_range(Lsn low, Lsn high) {
    host_.commit_range(p_, low, high);
    begin();
    notify(p_, low, high);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
  }
  // Replaces one byte of the object, the offset counted from its end if negative.
  void damage(Lsn lsn, int64_t offset) {
    std::string bytes = test::read_file(archive_ / archive_key(p_, lsn));
    bytes[offset < 0 ? bytes.size() + offset : offset] ^= 1;
    test::write_file(archive_ / archive_key(p_, lsn), bytes);
  }
  // Nothing, not even a temporary file.
  static void expect_empty(const test::TempDir& dir) {
    for (const auto& found : fs::recursive_directory_iterator(dir.path())) ADD_FAILURE() << found.path();
  }
  test::TempDir out_;
};

TEST_F(ReadbackScenario, ListGivesWhatThereIsInOrder) {
  archive_range(1, 40);
  const std::vector<ListedArchive> all = list(p_);
  ASSERT_EQ(all.size(), 40U);
  for (Lsn lsn = 1; lsn <= 40; ++lsn) {
    const ListedArchive& archive = all[lsn - 1];
    EXPECT_EQ(archive.first, lsn);
    EXPECT_EQ(archive.last, lsn);
    EXPECT_EQ(archive.key, archive_key(p_, lsn));
    EXPECT_EQ(archive.size_bytes, fs::file_size(archive_ / archive.key));
  }
  const std::vector<ListedArchive> tail = list(p_, 36);
  ASSERT_EQ(tail.size(), 5U);
  EXPECT_EQ(tail.front().first, 36U);
  EXPECT_TRUE(list(p_, 41).empty());
  EXPECT_TRUE(list({"orders", 8}).empty());
  EXPECT_TRUE(list({"nobody", 7}).empty());
}

TEST_F(ReadbackScenario, TheVisitorCanStopTheList) {
  archive_range(1, 5);
  int seen = 0;
  const tidemark_partition partition = {str(p_.storage), p_.id};
  const auto visit = [](void* ctx, const tidemark_archive*) -> int32_t {
    return ++*static_cast<int*>(ctx) == 2;
  };
  ErrorOut error;
  EXPECT_EQ(readback().list(archiver_, &partition, 1, visit, &seen, nullptr, &error), TIDEMARK_OK);
  EXPECT_EQ(seen, 2);
}

TEST_F(ReadbackScenario, FetchGivesTheObjectAsItIs) {
  archive_range(1, 1);
  host_.commit(p_, 2, std::string(3'000'000, 'q'));
  notify(p_, 1, 2);
  drain();  // usable while stopped, too
  for (const ListedArchive& archive : list(p_)) {
    std::string bytes;
    ErrorOut error;
    EXPECT_EQ(fetch(archive.key, &bytes, &error), TIDEMARK_OK) << error.message;
    EXPECT_EQ(bytes, test::read_file(archive_ / archive.key));
  }
}

TEST_F(ReadbackScenario, FetchOfWhatIsNotThere) {
  archive_range(1, 1);
  std::string bytes;
  ErrorOut error;
  EXPECT_EQ(fetch(archive_key(p_, 2), &bytes, &error), TIDEMARK_E_NOT_FOUND) << error.message;
  EXPECT_NE(std::string(error.message).find(archive_key(p_, 2)), std::string::npos) << error.message;
  EXPECT_EQ(fetch("../etc/passwd", &bytes, &error), TIDEMARK_E_INVALID) << error.message;
  EXPECT_EQ(fetch("", &bytes, &error), TIDEMARK_E_INVALID) << error.message;
}

TEST_F(ReadbackScenario, FetchPassesOnWhatTheWriterSays) {
  archive_range(1, 1);
  const tidemark_writer full = {
      nullptr, [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_E_NO_SPACE; }};
  ErrorOut error;
  EXPECT_EQ(readback().fetch(archiver_, str(archive_key(p_, 1)), &full, nullptr, &error),
            TIDEMARK_E_NO_SPACE);
}

TEST_F(ReadbackScenario, RestoreRefusesToOverwrite) {
  archive_range(1, 1);
  ErrorOut error;
  ASSERT_EQ(restore(p_, 1, out_.path().string(), &error), TIDEMARK_OK) << error.message;
  const std::string before = test::describe_tree(out_.path().string());
  EXPECT_EQ(restore(p_, 1, out_.path().string(), &error), TIDEMARK_E_EXISTS) << error.message;
  EXPECT_NE(std::string(error.message).find(lsn_text(1)), std::string::npos) << error.message;
  EXPECT_EQ(test::describe_tree(out_.path().string()), before);
}

TEST_F(ReadbackScenario, RestoreOfWhatWasNeverArchived) {
  archive_range(1, 1);
  ErrorOut error;
  EXPECT_EQ(restore(p_, 2, out_.path().string(), &error), TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(std::string(error.message).find("orders/7"), std::string::npos) << error.message;
  EXPECT_EQ(std::string(error.message).find("gap"), std::string::npos) << error.message;
  expect_empty(out_);
}

// Years later it is known why there is nothing.
TEST_F(ReadbackScenario, RestoreOfWhatIsKnownAsAGap) {
  archive_range(1, 1);
  host_.commit_range(p_, 5, 5);
  notify(p_, 5, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 5));
  ErrorOut error;
  EXPECT_EQ(restore(p_, 3, out_.path().string(), &error), TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(std::string(error.message).find("entries 2 to 4 are recorded as a gap"), std::string::npos)
      << error.message;
  EXPECT_EQ(list(p_).size(), 2U) << "a gap record is no archive";
}

TEST_F(ReadbackScenario, RestoreIntoADirectoryThatIsNotThere) {
  archive_range(1, 1);
  ErrorOut error;
  EXPECT_NE(restore(p_, 1, out_ / "nowhere", &error), TIDEMARK_OK);
  EXPECT_NE(std::string(error.message).find("nowhere"), std::string::npos) << error.message;
  EXPECT_EQ(restore(p_, 1, "", &error), TIDEMARK_E_INVALID);
  EXPECT_EQ(restore(p_, 0, out_.path().string(), &error), TIDEMARK_E_INVALID);
  EXPECT_EQ(restore({"..", 1}, 1, out_.path().string(), &error), TIDEMARK_E_INVALID);
  expect_empty(out_);
}

// Wherever the damage lies, it is found, and nothing is left behind.
TEST_F(ReadbackScenario, ADamagedArchiveIsCorruptAndLeavesNothing) {
  archive_range(1, 5);
  damage(1, 0);           // the header
  damage(2, 512 + 3);     // the content
  damage(3, -512 + 20);   // the digest in the footer
  damage(4, -512 - 100);  // the end mark
  fs::resize_file(archive_ / archive_key(p_, 5), 700);
  for (Lsn lsn = 1; lsn <= 5; ++lsn) {
    ErrorOut error;
    EXPECT_EQ(restore(p_, lsn, out_.path().string(), &error), TIDEMARK_E_CORRUPT)
        << lsn << ": " << error.message;
    EXPECT_NE(std::string(error.message).find(archive_key(p_, lsn)), std::string::npos) << error.message;
    std::string bytes;
    EXPECT_EQ(fetch(archive_key(p_, lsn), &bytes, &error), TIDEMARK_E_CORRUPT)
        << lsn << ": " << error.message;
    EXPECT_LT(bytes.size(), fs::file_size(archive_ / archive_key(p_, lsn))) << "the end was given out";
  }
  expect_empty(out_);
}

// An archive under the name of another entry is not taken for it.
TEST_F(ReadbackScenario, AnArchiveUnderAWrongNameIsCorrupt) {
  archive_range(1, 1);
  fs::copy_file(archive_ / archive_key(p_, 1), archive_ / archive_key(p_, 2));
  ErrorOut error;
  EXPECT_EQ(restore(p_, 2, out_.path().string(), &error), TIDEMARK_E_CORRUPT) << error.message;
  expect_empty(out_);
}

TEST_F(ReadbackScenario, ACancelledCallSaysSo) {
  archive_range(1, 1);
  const tidemark_call call = {sizeof call, 0, nullptr, [](void*) -> int32_t { return 1; }};
  const tidemark_partition partition = {str(p_.storage), p_.id};
  ErrorOut error;
  EXPECT_EQ(readback().restore(archiver_, &partition, 1, str(out_.path().string()), &call, &error),
            TIDEMARK_E_CANCELLED);
  expect_empty(out_);
}

TEST_F(ReadbackScenario, BeforeTheFirstSetSink) {
  create();
  ErrorOut error;
  EXPECT_EQ(restore(p_, 1, out_.path().string(), &error), TIDEMARK_E_INVALID);
  EXPECT_NE(std::string(error.message).find("set_sink"), std::string::npos) << error.message;
  EXPECT_EQ(api_->get_extension(archiver_, "tidemark.readback/2"), nullptr);
  EXPECT_EQ(api_->get_extension(archiver_, ""), nullptr);
}

}  // namespace
}  // namespace tidemark::integration
