#include "tar/entry_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <random>

#include "base/crc32c.h"
#include "base/sha256.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::archive_of;
using test::kTinyBuffer;
using test::open_files;
using test::open_one;
using test::read_all;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

std::string member_names(const std::string& archive) {
  std::string names;
  for (size_t at = 0; at + 1024 + 512 < archive.size();) {
    names += std::string(archive.c_str() + at).substr(0, 100) + "\n";
    at += 512 + (std::stoull(archive.substr(at + 124, 11), nullptr, 8) + 511) / 512 * 512;
  }
  return names;
}

void expect_error(const Status& status, tidemark_status code, const std::string& part) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, code) << status.error().message;
  EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
}

class EntrySourceTest : public testing::Test {
 protected:
  TempDir dir_;
};

TEST_F(EntrySourceTest, MembersComeInPreOrderByByteOrder) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry + "/a/z");
  fs::create_directories(entry + "/B");
  for (const char* name : {"/a/x", "/a.b", "/a0", "/A", "/\xc3\xa9", "/a/z/1"})
    write_file(entry + name, name);
  const std::string root = "0000000000010/";
  EXPECT_EQ(member_names(archive_of(entry, 36)), root + "\n" + root + "A\n" + root + "B/\n" + root + "a/\n" +
                                                     root + "a/x\n" + root + "a/z/\n" + root + "a/z/1\n" +
                                                     root + "a.b\n" + root + "a0\n" + root + "\xc3\xa9\n");
}

TEST_F(EntrySourceTest, AFileIsTheSingleMemberAndAnEmptyDirectoryToo) {
  write_file(dir_ / "file", "content");
  const std::string of_file = archive_of(dir_ / "file");
  EXPECT_EQ(member_names(of_file), "0000000000001\n");
  EXPECT_EQ(of_file.size(), 512u + 512 + 1024 + 512);
  EXPECT_EQ(of_file.substr(512, 8), std::string("content\0", 8));
  fs::create_directory(dir_ / "empty");
  const std::string of_directory = archive_of(dir_ / "empty");
  EXPECT_EQ(member_names(of_directory), "0000000000001/\n");
  EXPECT_EQ(of_directory.size(), 512u + 1024 + 512);
}

TEST_F(EntrySourceTest, EndsWithTheEndMarkAndTheFooterOfItsBytes) {
  write_file(dir_ / "file", "content");
  EntrySource source{SourceLimits()};
  ASSERT_TRUE(open_one(source, dir_ / "file", 5));
  ASSERT_NE(source.data(), nullptr);
  const std::string bytes = *read_all(source);
  EXPECT_EQ(std::memcmp(source.data(), bytes.data(), bytes.size()), 0);
  const std::string content = bytes.substr(0, bytes.size() - 512);
  EXPECT_EQ(content.substr(content.size() - 1024).find_first_not_of('\0'), std::string::npos);
  const auto footer = parse_footer(ObjectKind::kArchive, bytes.substr(bytes.size() - 512), nullptr);
  ASSERT_TRUE(footer);
  EXPECT_EQ(footer->sha256, *sha256_of(content));
  EXPECT_EQ(footer->storage, "db");
  EXPECT_EQ(footer->partition, 7u);
  EXPECT_EQ(footer->range, (Range{5, 5}));
  EXPECT_EQ(*source.content_digest(), *sha256_of(content));
  EXPECT_EQ(*source.object_digest(), *sha256_of(bytes));
  EXPECT_EQ(*source.object_digest(), *sha256_of(bytes));
}

TEST_F(EntrySourceTest, EqualEntriesGiveEqualBytesWhateverTheirTimesAndOrder) {
  for (const char* name : {"one", "two"}) {
    fs::create_directory(dir_ / name);
    std::vector<std::string> files = {"/a", "/b", "/c"};
    if (name[0] == 't') std::reverse(files.begin(), files.end());
    for (const std::string& file : files) {
      write_file((dir_ / name) + file, file, 0640);
    }
  }
  fs::create_hard_link(dir_ / "two/a", dir_ / "second-name");
  fs::last_write_time(dir_ / "two/a", fs::file_time_type::clock::now() - std::chrono::hours(1000));
  const std::string one = archive_of(dir_ / "one");
  EXPECT_EQ(one, archive_of(dir_ / "two"));
  write_file(dir_ / "two/a", "/a", 0600);
  EXPECT_NE(one, archive_of(dir_ / "two"));
}

TEST_F(EntrySourceTest, StreamedBytesAreThoseHeldInMemory) {
  const std::string entry = test::make_large_entry(dir_);
  const std::string held = archive_of(entry, 9);
  EntrySource source({kTinyBuffer, 1 << 20});
  ASSERT_TRUE(open_one(source, entry, 9));
  EXPECT_EQ(source.data(), nullptr);
  ASSERT_EQ(source.size_bytes(), held.size());
  for (const size_t step : {size_t{1} << 20, size_t{4096}, size_t{333}}) {
    EXPECT_EQ(*read_all(source, step), held) << step;
  }
  EXPECT_EQ(*source.object_digest(), *sha256_of(held));
  EXPECT_EQ(*source.content_digest(), *sha256_of(held.substr(0, held.size() - 512)));
}

TEST_F(EntrySourceTest, AnyOffsetCanBeReadAnyTime) {
  const std::string entry = test::make_large_entry(dir_);
  const std::string whole = archive_of(entry);
  EntrySource source({kTinyBuffer, 1 << 20});
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(open_one(source, entry));
    // The digest before the bytes, as an S3 sink wants it; or in the middle; or the footer first.
    if (round % 3 == 0) {
      ASSERT_EQ(*source.object_digest(), *sha256_of(whole));
    }
    std::string buffer(80'000, '\0');
    for (int i = 0; i < 40; ++i) {
      const uint64_t offset = i == 0 && round % 3 == 1 ? whole.size() - 100 : random() % (whole.size() + 10);
      const size_t size = random() % buffer.size();
      const auto count = source.read(offset, buffer.data(), size);
      ASSERT_TRUE(count) << count.error().message;
      const std::string expected = offset < whole.size() ? whole.substr(offset, size) : "";
      ASSERT_EQ(buffer.substr(0, *count), expected) << offset << ' ' << size;
    }
    source.close();
  }
}

TEST_F(EntrySourceTest, ItsChecksumIsThatOfItsBytesHeldOrStreamed) {
  const std::string entry = test::make_large_entry(dir_);
  for (const size_t buffer_bytes : {kTinyBuffer, size_t{1} << 20}) {
    EntrySource source({buffer_bytes, 1 << 20});
    ASSERT_TRUE(open_one(source, entry));
    const auto before = source.object_crc32c();
    const auto bytes = read_all(source);
    ASSERT_TRUE(before && bytes);
    EXPECT_EQ(*before, extend_crc32c(0, bytes->data(), bytes->size()));
    const auto after = source.object_crc32c();
    ASSERT_TRUE(after);
    EXPECT_EQ(*after, *before);
  }
}

TEST_F(EntrySourceTest, SeveralEntriesAreOneArchive) {
  write_file(dir_ / "1", "one");
  fs::create_directory(dir_ / "2");
  write_file(dir_ / "2/x", std::string(100'000, 'x'));
  write_file(dir_ / "3", "three");
  const std::string paths[] = {dir_ / "1", dir_ / "2", dir_ / "3"};
  const tree::EntryPath entries[] = {{35, paths[0]}, {36, paths[1]}, {37, paths[2]}};
  EntrySource held{SourceLimits()};
  ASSERT_TRUE(held.open("db", 7, entries, {}));
  const std::string bytes = *read_all(held);
  EXPECT_EQ(member_names(bytes), "000000000000z\n0000000000010/\n0000000000010/x\n0000000000011\n");
  EXPECT_EQ(parse_footer(ObjectKind::kArchive, bytes.substr(bytes.size() - 512), nullptr)->range,
            (Range{35, 37}));
  EntrySource streamed({kTinyBuffer, 1 << 20});
  ASSERT_TRUE(streamed.open("db", 7, entries, {}));
  EXPECT_EQ(*read_all(streamed), bytes);
  // Something missing in the middle fails the whole.
  fs::remove_all(paths[1]);
  expect_error(held.open("db", 7, entries, {}), TIDEMARK_E_NOT_FOUND, paths[1]);
}

TEST_F(EntrySourceTest, RefusesWrongArguments) {
  write_file(dir_ / "f", "x");
  const std::string path = dir_ / "f";
  EntrySource source{SourceLimits()};
  const tree::EntryPath hole[] = {{1, path}, {3, path}};
  const tree::EntryPath none[] = {{0, path}};
  expect_error(source.open("db", 1, {}, {}), TIDEMARK_E_INVALID, "no entries");
  expect_error(source.open("db", 1, hole, {}), TIDEMARK_E_INVALID, "entry 3 does not follow 1");
  expect_error(source.open("db", 1, none, {}), TIDEMARK_E_INVALID, "entry 0");
  expect_error(source.open("..", 1, {hole, 1}, {}), TIDEMARK_E_INVALID, "begins with '.'");
  expect_error(open_one(source, ""), TIDEMARK_E_PERMANENT, "path of entry 1");
  expect_error(open_one(source, std::string(5000, 'x')), TIDEMARK_E_PERMANENT, "path of entry 1");
  EXPECT_EQ(source.size_bytes(), 0u);
  EXPECT_EQ(source.data(), nullptr);
  char byte;
  EXPECT_FALSE(source.read(0, &byte, 1));
  EXPECT_FALSE(source.content_digest());
  ASSERT_TRUE(source.failure());
  ASSERT_TRUE(open_one(source, path));
  EXPECT_FALSE(source.failure());
}

TEST_F(EntrySourceTest, AMissingEntryIsNotFound) {
  EntrySource source{SourceLimits()};
  expect_error(open_one(source, dir_ / "none"), TIDEMARK_E_NOT_FOUND, "none");
  write_file(dir_ / "f", "x");
  expect_error(open_one(source, dir_ / "f/below"), TIDEMARK_E_NOT_FOUND, "f/below");
  EXPECT_EQ(source.failure()->status, TIDEMARK_E_NOT_FOUND);
}

TEST_F(EntrySourceTest, WhatIsNoFileIsAnErrorAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  for (const bool large : {false, true}) {
    EntrySource source({kTinyBuffer, 1 << 20});
    const std::string entry = dir_ / (large ? "large" : "small");
    fs::create_directory(entry);
    if (large) write_file(entry + "/a", std::string(100'000, 'a'));
    ASSERT_EQ(mkfifo((entry + "/fifo").c_str(), 0644), 0);
    expect_error(open_one(source, entry), TIDEMARK_E_PERMANENT, entry + "/fifo: is a FIFO");
    expect_error(open_one(source, entry + "/fifo"), TIDEMARK_E_PERMANENT, "is a FIFO");
    fs::remove(entry + "/fifo");
    ASSERT_TRUE(open_one(source, entry));

    const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {AF_UNIX, {}};
    std::strncpy(address.sun_path, (entry + "/s").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(socket_fd);
    expect_error(open_one(source, entry), TIDEMARK_E_PERMANENT, "/s: is a socket");
    expect_error(open_one(source, entry + "/s"), TIDEMARK_E_PERMANENT, "is a socket");
    fs::remove(entry + "/s");
    if (mknod((entry + "/null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) {
      expect_error(open_one(source, entry), TIDEMARK_E_PERMANENT, "/null: is a device");
    }
    expect_error(open_one(source, "/dev/null"), TIDEMARK_E_PERMANENT, "is a device");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(EntrySourceTest, ASymlinkIsNoEntryButASymlinkInsideIsStoredAsSuch) {
  fs::create_directory(dir_ / "real");
  write_file(dir_ / "outside", "secret");
  fs::create_symlink(dir_ / "real", dir_ / "to-directory");
  fs::create_symlink(dir_ / "outside", dir_ / "to-file");
  fs::create_symlink("nowhere", dir_ / "dangling");
  EntrySource source{SourceLimits()};
  for (const char* name : {"to-directory", "to-file", "dangling"}) {
    expect_error(open_one(source, dir_ / name), TIDEMARK_E_PERMANENT, "is a symlink");
  }
  fs::create_symlink(dir_ / "outside", dir_ / "real/link");
  fs::create_directory_symlink("..", dir_ / "real/up");
  const std::string archive = archive_of(dir_ / "real");
  EXPECT_EQ(member_names(archive), "0000000000001/\n0000000000001/link\n0000000000001/up\n");
  EXPECT_EQ(archive.find("secret"), std::string::npos);
  EXPECT_EQ(archive[512 + 156], '2');
  EXPECT_STREQ(archive.c_str() + 512 + 157, (dir_ / "outside").c_str());
}

TEST_F(EntrySourceTest, PermissionBitsAreKeptAndNothingElse) {
  write_file(dir_ / "f", "x", 04751);
  const std::string archive = archive_of(dir_ / "f");
  EXPECT_EQ(archive.substr(100, 8), std::string("0004751\0", 8));
  EXPECT_EQ(archive.substr(108, 16), std::string("0000000\0"
                                                 "0000000\0",
                                                 16));
  EXPECT_EQ(archive.substr(136, 12), std::string("00000000000\0", 12));
  EXPECT_EQ(archive.substr(257, 8), std::string("ustar\0"
                                                "00",
                                                8));
  EXPECT_EQ(archive.substr(265, 64), std::string(64, '\0'));
}

TEST_F(EntrySourceTest, StopsWhenCancelled) {
  const std::string entry = test::make_large_entry(dir_);
  int finished_at = -1;
  for (int polls = 0; finished_at < 0 && polls < 1000; ++polls) {
    test::Countdown countdown = {polls};
    EntrySource source({kTinyBuffer, 1 << 20});
    const tree::EntryPath path = {1, entry};
    const Status status = source.open("db", 1, {&path, 1}, countdown.call());
    const auto bytes = status ? read_all(source, 4096) : Result<std::string>(status.error());
    if (bytes) {
      finished_at = polls;
    } else {
      ASSERT_EQ(bytes.error().status, TIDEMARK_E_CANCELLED) << bytes.error().message;
    }
  }
  EXPECT_GT(finished_at, 20);
}

TEST_F(EntrySourceTest, AnArchiveTooLargeForTheBudgetIsAnErrorThatSaysSo) {
  write_file(dir_ / "sparse", "");
  fs::resize_file(dir_ / "sparse", uint64_t{1} << 40);
  EntrySource source({kTinyBuffer, 32 << 10});
  expect_error(open_one(source, dir_ / "sparse"), TIDEMARK_E_PERMANENT, "too large for the memory budget");
}

TEST_F(EntrySourceTest, UnreadableFilesAreNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  fs::create_directory(dir_ / "e");
  write_file(dir_ / "e/closed", "x", 0);
  EntrySource source{SourceLimits()};
  expect_error(open_one(source, dir_ / "e"), TIDEMARK_E_PERMANENT, "e/closed");
}

TEST_F(EntrySourceTest, LeavesNoDescriptorOpen) {
  const auto before = open_files();
  {
    EntrySource source({kTinyBuffer, 1 << 20});
    const std::string entry = test::make_large_entry(dir_);
    ASSERT_TRUE(open_one(source, entry));
    ASSERT_TRUE(read_all(source));
    source.close();
    EXPECT_EQ(open_files(), before);
    ASSERT_TRUE(open_one(source, entry));
    char byte;
    ASSERT_TRUE(source.read(5000, &byte, 1));
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace tidemark::tar
