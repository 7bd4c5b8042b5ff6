// What changes while it is archived makes no archive.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::kTinyBuffer;
using test::open_one;
using test::read_all;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

class EntryChangeTest : public testing::Test {
 protected:
  TempDir dir_;
};

TEST_F(EntryChangeTest, AFileThatChangesBetweenLayoutAndReadingIsCorrupt) {
  const std::string entry = test::make_large_entry(dir_);
  struct Change {
    const char* file;
    const char* what;
    std::function<void(const std::string&)> apply;
  };
  const std::vector<Change> changes = {
      {"/big", "big: shrank from 300000 to 1000", [](const std::string& f) { fs::resize_file(f, 1000); }},
      {"/big", "big: grew from 300000 to 300001", [](const std::string& f) { fs::resize_file(f, 300'001); }},
      {"/tail", "tail: shrank", [](const std::string& f) { fs::resize_file(f, 0); }},
      {"/empty", "empty: grew from 0 to 1", [](const std::string& f) { write_file(f, "x"); }},
      {"/tail", "tail: vanished", [](const std::string& f) { fs::remove(f); }},
      {"/tail", "tail: changed", [](const std::string& f) { write_file(f, std::string(70'000, 'u')); }},
      {"/tail", "tail: was replaced",
       [](const std::string& f) {
         write_file(f + ".new", std::string(70'000, 't'));
         fs::rename(f + ".new", f);
       }},
      {"/tail", "tail: was replaced",
       [](const std::string& f) {
         fs::remove(f);
         fs::create_symlink("big", f);
       }},
      {"/tail", "tail: was replaced",
       [](const std::string& f) {
         fs::remove(f);
         mkfifo(f.c_str(), 0644);
       }},
      {"/sub/small", "sub",
       [](const std::string& f) {
         fs::rename(fs::path(f).parent_path(), fs::path(f).parent_path().parent_path() / "../moved");
       }},
      {"/sub/small", "small: ", [](const std::string& f) { fs::resize_file(f, 2); }},
  };
  for (const Change& change : changes) {
    fs::remove_all(entry);
    test::make_large_entry(dir_);
    EntrySource source({kTinyBuffer, 1 << 20});
    ASSERT_TRUE(open_one(source, entry));
    change.apply(entry + change.file);
    const auto bytes = read_all(source);
    ASSERT_FALSE(bytes) << change.what;
    EXPECT_EQ(bytes.error().status, TIDEMARK_E_CORRUPT) << bytes.error().message;
    EXPECT_NE(bytes.error().message.find(change.what), std::string::npos) << bytes.error().message;
    EXPECT_EQ(source.failure()->message, bytes.error().message);
    // The failure stays: no footer for such an archive.
    char footer[512];
    EXPECT_FALSE(source.read(source.size_bytes() - 512, footer, sizeof footer));
    EXPECT_FALSE(source.content_digest());
    EXPECT_FALSE(source.object_digest());
  }
}

TEST_F(EntryChangeTest, AFileThatChangesWhileItIsReadIsCorrupt) {
  const std::string entry = dir_ / "f";
  for (const bool grows : {false, true}) {
    write_file(entry, std::string(2'000'000, 'x'));
    EntrySource source({kTinyBuffer, 1 << 20});
    ASSERT_TRUE(open_one(source, entry));
    std::string buffer(1'000'000, '\0');
    ASSERT_TRUE(source.read(0, buffer.data(), buffer.size()));
    fs::resize_file(entry, grows ? 2'000'001 : 1'500'000);
    const auto rest = source.read(buffer.size(), buffer.data(), buffer.size());
    const auto footer = rest ? source.read(source.size_bytes() - 1, buffer.data(), 1) : rest;
    ASSERT_FALSE(footer);
    EXPECT_EQ(footer.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_NE(footer.error().message.find(grows ? "grew" : "shrank"), std::string::npos)
        << footer.error().message;
  }
}

TEST_F(EntryChangeTest, BytesReadASecondTimeMustBeTheSame) {
  // The file is open already, so only the bytes themselves tell.
  const std::string entry = dir_ / "f";
  write_file(entry, std::string(200'000, 'x'));
  EntrySource source({kTinyBuffer, 1 << 20});
  ASSERT_TRUE(open_one(source, entry));
  std::string buffer(100'000, '\0');
  ASSERT_TRUE(source.read(0, buffer.data(), buffer.size()));
  const int fd = open(entry.c_str(), O_WRONLY);
  ASSERT_EQ(pwrite(fd, "y", 1, 70'000), 1);
  close(fd);
  EXPECT_TRUE(source.read(0, buffer.data(), 1000));  // another chunk
  const auto again = source.read(69'000, buffer.data(), 10'000);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, TIDEMARK_E_CORRUPT);
  EXPECT_NE(again.error().message.find("between two readings"), std::string::npos) << again.error().message;
}

TEST_F(EntryChangeTest, WholeChunksReadASecondTimeMustBeTheSameToo) {
  const std::string entry = dir_ / "f";
  write_file(entry, std::string(1'000'000, 'x'));
  EntrySource source({size_t{1} << 19, 1 << 20});
  ASSERT_TRUE(open_one(source, entry));
  ASSERT_TRUE(source.content_digest());
  const int fd = open(entry.c_str(), O_WRONLY);
  ASSERT_EQ(pwrite(fd, "y", 1, 600'000), 1);
  close(fd);
  std::string buffer(size_t{1} << 19, '\0');
  EXPECT_TRUE(source.read(0, buffer.data(), buffer.size()));
  const auto again = source.read(buffer.size(), buffer.data(), buffer.size());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, TIDEMARK_E_CORRUPT);
}

TEST_F(EntryChangeTest, AFileThatIsWrittenAllTheTimeIsNeverArchivedHalf) {
  const std::string entry = dir_ / "e";
  fs::create_directory(entry);
  write_file(entry + "/f", "0");
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint64_t i = 0; !done; ++i) {
      const int fd = open((entry + "/f").c_str(), O_WRONLY | O_CREAT, 0644);
      const std::string bytes(1 + i % 4096, static_cast<char>('a' + i % 26));
      ASSERT_EQ(pwrite(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
      ASSERT_EQ(ftruncate(fd, static_cast<off_t>(bytes.size())), 0);
      close(fd);
    }
  });
  EntrySource source{SourceLimits()};
  for (int i = 0; i < 3000; ++i) {
    const Status status = open_one(source, entry);
    if (!status) {
      EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT) << status.error().message;
      continue;
    }
    // Whatever succeeds is a well-formed archive of the declared size.
    const std::string bytes = *read_all(source);
    const auto size = std::stoull(bytes.substr(512 + 124, 11), nullptr, 8);
    EXPECT_EQ(bytes.size(), 1024 + (size + 511) / 512 * 512 + 1024 + 512);
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace tidemark::tar
