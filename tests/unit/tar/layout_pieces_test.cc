// Entries with more members than memory has room for: the same bytes as if it had, whatever is read when.
#include "tar/layout_pieces.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <random>

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

constexpr SourceLimits kInPieces = {kTinyBuffer, kLayoutBytesMin};  // some hundred members at a time
constexpr SourceLimits kWhole = {kTinyBuffer, 64 << 20};

class LayoutPiecesTest : public testing::Test {
 protected:
  std::string make(const char* name) {
    const std::string entry = dir_ / name;
    fs::create_directory(entry);
    return entry;
  }
  // Names of many lengths in no order, some files with content.
  std::string wide(const char* name, int files) {
    const std::string entry = make(name);
    std::mt19937 random(5);
    for (int i = 0; i < files; ++i) {
      const std::string file = std::to_string(random()) + std::string(i % 97 == 0 ? 200 : i % 7, 'n');
      write_file(entry + "/" + file,
                 std::string(i % 50 == 0 ? 3000 : i % 3, static_cast<char>('a' + i % 26)));
    }
    return entry;
  }
  // Directories in directories, each with some of everything.
  void grow(const std::string& at, int depth, int directories, int files) {
    for (int i = 0; i < files; ++i)
      write_file(at + "/f" + std::to_string(i * 7919 % 1000), at.substr(at.size() - 3));
    fs::create_symlink(std::string(150, 't'), at + "/link");
    if (depth == 0) return;
    for (int i = 0; i < directories; ++i) {
      const std::string below = at + "/d" + std::to_string(i);
      fs::create_directory(below);
      grow(below, depth - 1, directories, files);
    }
  }
  std::string tree(const char* name) {
    const std::string entry = make(name);
    grow(entry, 3, 4, 9);
    return entry;
  }
  static void expect_same(const std::string& entry) {
    const std::string whole = archive_of(entry, 36, kWhole);
    ASSERT_FALSE(whole.empty());
    EXPECT_TRUE(archive_of(entry, 36, kInPieces) == whole);
  }

  TempDir dir_;
};

TEST_F(LayoutPiecesTest, AWideDirectory) { expect_same(wide("wide", 1500)); }

TEST_F(LayoutPiecesTest, ATree) { expect_same(tree("tree")); }

TEST_F(LayoutPiecesTest, WideDirectoriesInsideOfEachOther) {
  const std::string entry = make("nested");
  std::string at = entry;
  for (int level = 0; level < 5; ++level) {
    for (int i = 0; i < 250; ++i) write_file(at + "/" + std::to_string(i * 7919 % 1000), "");
    at += "/4567";  // among them
    fs::create_directory(at);
  }
  expect_same(entry);
}

TEST_F(LayoutPiecesTest, ManyDirectoriesAlone) {
  const std::string entry = make("directories");
  for (int i = 0; i < 900; ++i) fs::create_directory(entry + "/" + std::to_string(i));
  expect_same(entry);
}

TEST_F(LayoutPiecesTest, NamesAsLongAsTheyMayBe) {
  const std::string entry = make("long");
  for (int i = 0; i < 300; ++i) {
    std::string name(255, 'x');
    name.replace(static_cast<size_t>(i) % 250, 3, std::to_string(100 + i));
    write_file(entry + "/" + name, "");
  }
  expect_same(entry);
}

// More of them than there is room for bookmarks, so every second goes, more than once; and from any one on
// all can be read again.
TEST_F(LayoutPiecesTest, SoManyThatBookmarksGiveWay) {
  const std::string entry = make("many");
  for (int i = 0; i < 4000; ++i) write_file(entry + "/" + std::to_string(i) + std::string(245, 'n'), "");
  const std::string whole = archive_of(entry, 36, kWhole);
  EntrySource source(kInPieces);
  ASSERT_TRUE(open_one(source, entry, 36));
  EXPECT_TRUE(*read_all(source) == whole);
  std::string piece(3000, '\0');
  for (const size_t offset : {whole.size() / 2, size_t{0}, whole.size() - 9000, whole.size() / 3}) {
    ASSERT_EQ(source.read(offset, piece.data(), piece.size()).value_or(0), piece.size());
    EXPECT_TRUE(piece == whole.substr(offset, piece.size())) << offset;
  }
}

TEST_F(LayoutPiecesTest, ALargeFileAmongMany) {
  const std::string entry = wide("mixed", 900);
  write_file(entry + "/5", std::string(700'000, 'L'));
  expect_same(entry);
}

TEST_F(LayoutPiecesTest, AnyOffsetCanBeReadAnyTime) {
  for (const std::string& entry : {wide("wide", 1200), tree("tree")}) {
    const std::string whole = archive_of(entry, 1, kWhole);
    EntrySource source(kInPieces);
    std::mt19937_64 random(11);
    for (int round = 0; round < 6; ++round) {
      ASSERT_TRUE(open_one(source, entry));
      ASSERT_EQ(source.size_bytes(), whole.size());
      if (round % 3 == 0) {
        ASSERT_TRUE(source.object_digest());
      }
      std::string buffer(200'000, '\0');
      for (int i = 0; i < 60; ++i) {
        const uint64_t offset = i == 0 && round % 3 == 1 ? whole.size() - 100 : random() % whole.size();
        const size_t size = random() % (i % 2 == 0 ? 1000 : buffer.size());
        const auto count = source.read(offset, buffer.data(), size);
        ASSERT_TRUE(count) << count.error().message;
        ASSERT_TRUE(buffer.compare(0, *count, whole, offset, size) == 0) << offset << ' ' << size;
      }
      source.close();
    }
  }
}

// As a store takes parts: each is read once to know its digest, then again, several side by side.
TEST_F(LayoutPiecesTest, PartsAreReadTwiceAndSideBySide) {
  const std::string entry = wide("parts", 1500);
  const std::string whole = archive_of(entry, 1, kWhole);
  EntrySource source(kInPieces);
  ASSERT_TRUE(open_one(source, entry));
  constexpr size_t kPart = 300'000, kStep = 100'000;
  std::string bytes(whole.size(), '\0');
  for (size_t part = 0; part < whole.size(); part += 2 * kPart) {
    const size_t end = std::min(part + 2 * kPart, whole.size());
    for (size_t at = part; at < end; at += kStep) {
      ASSERT_TRUE(source.read(at, bytes.data() + at, std::min(kStep, end - at)));
    }
    for (size_t at = part; at < part + kPart; at += kStep) {
      for (const size_t of : {at, at + kPart}) {
        if (of >= whole.size()) continue;
        std::string again(kStep, '\0');
        const auto count = source.read(of, again.data(), again.size());
        ASSERT_TRUE(count) << count.error().message;
        ASSERT_TRUE(again.compare(0, *count, whole, of, kStep) == 0);
      }
    }
  }
  EXPECT_TRUE(bytes == whole);
}

TEST_F(LayoutPiecesTest, SeveralEntriesAreOneArchive) {
  const std::string paths[] = {wide("1", 700), tree("2"), dir_ / "3", wide("4", 300)};
  write_file(paths[2], "a file");
  std::vector<tree::EntryPath> entries;
  for (const std::string& path : paths) entries.push_back({entries.size() + 7, path});
  EntrySource whole(kWhole);
  EntrySource pieces(kInPieces);
  ASSERT_TRUE(whole.open("db", 7, entries, {}));
  ASSERT_TRUE(pieces.open("db", 7, entries, {}));
  EXPECT_TRUE(*read_all(pieces) == *read_all(whole));
}

TEST_F(LayoutPiecesTest, WhatIsTooMuchOrFailsLeavesThoseBeforeIt) {
  const std::string first = wide("1", 700), second = wide("2", 200), third = wide("3", 600);
  const tree::EntryPath two[] = {{1, first}, {2, second}};
  EntrySource whole(kWhole);
  ASSERT_TRUE(whole.open("db", 7, two, {}));
  const std::string expected = *read_all(whole);
  ASSERT_EQ(mkfifo((dir_ / "pipe").c_str(), 0644), 0);
  fs::rename(dir_ / "pipe", third + "/zz-pipe");
  EntrySource source(kInPieces);
  for (const bool fails : {true, false}) {
    ASSERT_TRUE(source.begin("db", 7, {}));
    ASSERT_TRUE(*source.add({1, first}));
    ASSERT_TRUE(*source.add({2, second}, 1 << 30));
    const auto added = source.add({3, third}, fails ? 1 << 30 : expected.size() + 300'000);
    ASSERT_EQ(added.has_value(), !fails);
    if (!fails) {
      EXPECT_FALSE(*added);
    }
    source.seal();
    const auto bytes = read_all(source);
    ASSERT_TRUE(bytes) << bytes.error().message;
    EXPECT_TRUE(*bytes == expected);
  }
}

// The second entry is the one that no longer fits whole: the first is then laid out again.
TEST_F(LayoutPiecesTest, AnEntryThatChangesBeforeItIsLaidOutAnewMakesNoArchive) {
  const std::string first = wide("1", 150), second = wide("2", 900);
  EntrySource source(kInPieces);
  ASSERT_TRUE(source.begin("db", 7, {}));
  ASSERT_TRUE(*source.add({1, first}));
  fs::rename(first, dir_ / "moved");
  ASSERT_FALSE(source.add({2, second}));
  source.seal();
  EXPECT_FALSE(read_all(source));
  ASSERT_TRUE(source.failure());
  EXPECT_NE(source.failure()->message.find(first), std::string::npos);
  fs::rename(dir_ / "moved", first);
  ASSERT_TRUE(open_one(source, second));
  EXPECT_TRUE(read_all(source));
}

TEST_F(LayoutPiecesTest, WhatChangesBetweenMeasuringAndReadingMakesNoArchive) {
  const std::vector<std::pair<const char*, std::function<void(const std::string&)>>> changes = {
      {"a name more", [](const std::string& e) { write_file(e + "/500-more", ""); }},
      {"a name less", [](const std::string& e) { fs::remove(e + "/500"); }},
      {"a name less at the end", [](const std::string& e) { fs::remove(e + "/99"); }},
      {"content", [](const std::string& e) { write_file(e + "/500", "y"); }},
      {"a longer file", [](const std::string& e) { write_file(e + "/sub/77", std::string(2000, 'y')); }},
      {"a mode", [](const std::string& e) { fs::permissions(e + "/100", fs::perms::owner_read); }},
      {"the mode of a directory",
       [](const std::string& e) { fs::permissions(e + "/sub", fs::perms::owner_all); }},
      {"another file in its place",
       [](const std::string& e) {
         write_file(e + "-new", "x");
         fs::rename(e + "-new", e + "/500");
       }},
      {"a symlink in its place",
       [](const std::string& e) {
         fs::remove(e + "/500");
         fs::create_symlink("501", e + "/500");
       }},
      {"all of it", [](const std::string& e) { fs::remove_all(e); }},
      {"a directory more", [](const std::string& e) { fs::create_directory(e + "/zzz"); }},
  };
  for (const auto& [what, change] : changes) {
    for (const size_t read_before : {size_t{0}, size_t{100'000}}) {
      const std::string entry = make("e");
      fs::create_directory(entry + "/sub");
      for (int i = 0; i < 600; ++i) write_file(entry + "/" + std::to_string(i), "x");
      for (int i = 0; i < 100; ++i) write_file(entry + "/sub/" + std::to_string(i), "x");
      EntrySource source(kInPieces);
      ASSERT_TRUE(open_one(source, entry));
      std::string buffer(read_before + 1, '\0');
      ASSERT_TRUE(read_before == 0 || source.read(0, buffer.data(), read_before));
      change(entry);
      const auto bytes = read_all(source);
      ASSERT_FALSE(bytes) << what;
      EXPECT_EQ(bytes.error().status, TIDEMARK_E_CORRUPT) << what << ": " << bytes.error().message;
      EXPECT_NE(bytes.error().message.find(entry), std::string::npos) << bytes.error().message;
      source.close();
      fs::remove_all(entry);
    }
  }
}

TEST_F(LayoutPiecesTest, WhatChangesAfterItWasReadMakesNoArchive) {
  const std::string entry = make("e");
  for (int i = 100; i < 1100; ++i) write_file(entry + "/" + std::to_string(i), "x");
  EntrySource source(kInPieces);
  ASSERT_TRUE(open_one(source, entry));
  std::string buffer(source.size_bytes() - 2000, '\0');
  ASSERT_TRUE(source.read(0, buffer.data(), buffer.size()));
  write_file(entry + "/0", "");
  char last;
  const auto end = source.read(source.size_bytes() - 1, &last, 1);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().status, TIDEMARK_E_CORRUPT) << end.error().message;
}

TEST_F(LayoutPiecesTest, StopsWhenCancelled) {
  const std::string entry = wide("e", 400);
  const auto attempt = [&entry](int polls) {
    test::Countdown countdown = {polls};
    EntrySource source(kInPieces);
    const tree::EntryPath path = {1, entry};
    const Status status = source.open("db", 1, {&path, 1}, countdown.call());
    return status ? read_all(source, 4096) : Result<std::string>(status.error());
  };
  int polls = 0;
  for (;; polls += 97) {
    ASSERT_LT(polls, 100'000);
    const auto bytes = attempt(polls);
    if (bytes) break;
    ASSERT_EQ(bytes.error().status, TIDEMARK_E_CANCELLED) << bytes.error().message;
  }
  EXPECT_GT(polls, 800);
}

TEST_F(LayoutPiecesTest, TooDeepForTheBudgetIsAnErrorThatSaysSo) {
  const std::string entry = make("deep");
  UniqueFd fd(open(entry.c_str(), O_RDONLY | O_DIRECTORY));
  for (int level = 0; level < 600; ++level) {
    ASSERT_EQ(mkdirat(fd.get(), "d", 0755), 0);
    fd.reset(openat(fd.get(), "d", O_RDONLY | O_DIRECTORY));
  }
  EntrySource source(kInPieces);
  const Status status = open_one(source, entry);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(status.error().message.find("memory_budget_bytes"), std::string::npos) << status.error().message;
  EntrySource larger({kTinyBuffer, 1 << 20});
  ASSERT_TRUE(open_one(larger, entry));
  EXPECT_TRUE(read_all(larger));
}

TEST_F(LayoutPiecesTest, LeavesNoDescriptorOpen) {
  const std::string entry = tree("tree");
  const auto before = open_files();
  {
    EntrySource source(kInPieces);
    ASSERT_TRUE(open_one(source, entry));
    EXPECT_EQ(open_files(), before);
    ASSERT_TRUE(read_all(source));
    source.close();
    EXPECT_EQ(open_files(), before);
    ASSERT_TRUE(open_one(source, entry));
    char byte;
    ASSERT_TRUE(source.read(500'000, &byte, 1));
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace tidemark::tar
