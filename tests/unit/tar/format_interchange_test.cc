// Our archives in the hands of others: GNU tar, bsdtar and libarchive restore them whole, and so do we.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/fd.h"
#include "codec/zstd_tools.h"
#include "tar/format.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::archive_of;
using test::describe_tree;
using test::kTinyBuffer;
using test::run;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

// A path of exactly `size` bytes below `root`, of names of `name` bytes; its directories are made.
std::string make_path(const std::string& root, size_t size, size_t name, char letter) {
  std::string path = letter + std::to_string(size);  // no two share a directory
  while (path.size() < size) {
    const bool is_full = path.size() - (path.rfind('/') + 1) >= name;
    path += is_full && size - path.size() > 1 ? '/' : letter;
  }
  fs::create_directories(fs::path(root + "/" + path).parent_path());
  return root + "/" + path;
}

void restore_by_libarchive(const std::string& object, const std::string& out) {
  struct archive* const reader = archive_read_new();
  ASSERT_NE(reader, nullptr);
  archive_read_support_format_tar(reader);
  ASSERT_EQ(archive_read_open_memory(reader, object.data(), object.size()), ARCHIVE_OK);
  struct archive_entry* member = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader, &member)) == ARCHIVE_OK) {
    const char* const path = archive_entry_pathname(member);
    ASSERT_NE(path, nullptr);
    archive_entry_set_pathname(member, (out + "/" + path).c_str());
    ASSERT_EQ(archive_read_extract(reader, member, ARCHIVE_EXTRACT_PERM), ARCHIVE_OK)
        << archive_error_string(reader);
  }
  EXPECT_EQ(status, ARCHIVE_EOF) << archive_error_string(reader);
  EXPECT_EQ(archive_read_free(reader), ARCHIVE_OK);  // only now directories get their permissions
}

// What libarchive says of each member, in the order of the archive.
std::string listed_by_libarchive(const std::string& object) {
  struct archive* const reader = archive_read_new();
  archive_read_support_format_tar(reader);
  archive_read_support_filter_zstd(reader);
  EXPECT_EQ(archive_read_open_memory(reader, object.data(), object.size()), ARCHIVE_OK);
  std::string list;
  struct archive_entry* member = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader, &member)) == ARCHIVE_OK) {
    list += std::string(archive_entry_pathname(member)) + ' ' + std::to_string(archive_entry_mode(member)) +
            ' ' + std::to_string(archive_entry_size(member)) + ' ';
    if (const char* const target = archive_entry_symlink(member)) list += target;
    EXPECT_EQ(archive_entry_hardlink(member), nullptr);
    std::string bytes(static_cast<size_t>(archive_entry_size(member)), '\0');
    EXPECT_EQ(archive_read_data(reader, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    char more = 0;
    EXPECT_EQ(archive_read_data(reader, &more, 1), 0);
    list += bytes + '\n';
  }
  EXPECT_EQ(status, ARCHIVE_EOF) << archive_error_string(reader);
  EXPECT_EQ(archive_read_free(reader), ARCHIVE_OK);
  return list;
}

// The same of an entry on disk, told by stat alone.
void list_entry(const fs::path& path, const std::string& name, std::string& list) {
  struct stat info;
  ASSERT_EQ(lstat(path.c_str(), &info), 0);
  const bool is_directory = S_ISDIR(info.st_mode), is_file = S_ISREG(info.st_mode);
  list += name + (is_directory ? "/ " : " ") + std::to_string(info.st_mode) + ' ' +
          std::to_string(is_file ? info.st_size : 0) + ' ';
  if (S_ISLNK(info.st_mode)) list += fs::read_symlink(path).string();
  if (is_file) list += test::read_file(path.string());
  list += '\n';
  if (!is_directory) return;
  std::vector<std::string> names;
  for (const auto& found : fs::directory_iterator(path)) names.push_back(found.path().filename().string());
  std::sort(names.begin(), names.end());
  for (const std::string& each : names) list_entry(path / each, name + '/' + each, list);
}

class InterchangeTest : public testing::Test {
 protected:
  // Restores an entry with stock tools and compares it with what it was made of. GNU tar does without the
  // keyword hdrcharset of long names that are not ASCII, but says so unless told not to.
  void expect_restorable(const std::string& entry) {
    const std::string archive = archive_of(entry, 36);
    ASSERT_FALSE(archive.empty());
    EXPECT_EQ(archive, archive_of(entry, 36, {kTinyBuffer, 8 << 20}));
    write_file(dir_ / "a.tar", archive);
    fs::remove_all(dir_ / "out");
    fs::create_directory(dir_ / "out");
    restore_by_libarchive(archive, dir_ / "out");
    EXPECT_EQ(describe_tree(dir_ / "out/0000000000010"), describe_tree(entry)) << "libarchive";
    for (const std::string tool : {"tar --warning=no-unknown-keyword", "bsdtar"}) {
      if (!run("command -v " + tool + " >/dev/null 2>&1")) continue;
      for (const std::string locale : {"C", "C.UTF-8"}) {
        fs::remove_all(dir_ / "out");
        fs::create_directory(dir_ / "out");
        ASSERT_TRUE(
            run("cd " + (dir_ / "out") + " && LC_ALL=" + locale + " " + tool + " -xpf ../a.tar >../log 2>&1"))
            << tool << ' ' << test::read_file(dir_ / "log");
        EXPECT_EQ(test::read_file(dir_ / "log"), "") << tool << ' ' << locale;
        EXPECT_EQ(describe_tree(dir_ / "out/0000000000010"), describe_tree(entry)) << tool << ' ' << locale;
      }
    }
  }

  TempDir dir_;
};

TEST_F(InterchangeTest, OrdinaryTrees) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry + "/empty");
  fs::create_directories(entry + "/sub/sub");
  write_file(entry + "/sub/sub/zero", "");
  write_file(entry + "/sub/block", std::string(512, 'b'), 0600);
  write_file(entry + "/sub/more", std::string(513, 'm'), 0444);
  // bsdtar gives setuid bits only to root.
  write_file(entry + "/setuid", "x", geteuid() == 0 ? 06755 : 0755);
  fs::create_symlink("sub/block", entry + "/link");
  fs::create_hard_link(entry + "/sub/more", entry + "/hard");
  fs::permissions(entry + "/empty", fs::perms(01700));
  expect_restorable(entry);
  write_file(dir_ / "file", std::string(5000, 'f'), 0640);
  expect_restorable(dir_ / "file");
}

TEST_F(InterchangeTest, EachMemberOfABatchIsWhatItWasOnDisk) {
  const std::string tree = dir_ / "tree", file = dir_ / "file", nothing = dir_ / "nothing";
  fs::create_directories(tree + "/sub/empty");
  write_file(tree + "/sub/zero", "", 0400);
  write_file(tree + "/sub/block", std::string(512, 'b'), 0600);
  write_file(tree + "/" + std::string(255, 'n'), std::string(513, 'm'), 0755);
  fs::create_symlink(std::string(300, 't'), tree + "/link");
  fs::create_hard_link(tree + "/sub/block", tree + "/sub/same");
  fs::permissions(tree + "/sub/empty", fs::perms(01700));
  write_file(file, std::string(100'000, 'f'), 0640);
  write_file(nothing, "");
  const tree::EntryPath entries[] = {{35, file}, {36, tree}, {37, nothing}};
  std::string wanted;
  list_entry(file, "000000000000z", wanted);
  list_entry(tree, "0000000000010", wanted);
  list_entry(nothing, "0000000000011", wanted);

  EntrySource source{SourceLimits()};
  const Status opened = source.open("db", 7, entries, {});
  ASSERT_TRUE(opened) << opened.error().message;
  const auto plain = test::read_all(source);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(listed_by_libarchive(*plain), wanted);
  // As it is stored compressed: a header that says how, frames, the footer as it is.
  const size_t tar_size = plain->size() - kFooterSize;
  EXPECT_EQ(listed_by_libarchive(test::compressed(plain->substr(0, tar_size)) + plain->substr(tar_size)),
            wanted);
}

TEST_F(InterchangeTest, NamesOfEveryLength) {
  // 14 bytes of every member's name are the entry's.
  const std::string entry = dir_ / "e";
  for (const size_t size : {85, 86, 87, 99, 100, 101, 140, 141, 142, 150, 155, 156, 240, 241, 242, 255}) {
    fs::create_directories(entry);
    write_file(entry + "/" + std::string(size, 'n'), std::to_string(size));
    write_file(make_path(entry, size, 50, 'm'), std::to_string(size));
    fs::create_directory(make_path(entry, size, 31, 'd'));
  }
  for (const size_t size : {256, 257, 300, 1000, 2000, 3500}) {
    write_file(make_path(entry, size, 100, 'p'), std::to_string(size));
    write_file(make_path(entry, size, 250, 'q'), std::to_string(size));
  }
  expect_restorable(entry);
}

TEST_F(InterchangeTest, NamesThatAreNotAscii) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry);
  std::string umlauts;
  while (umlauts.size() < 200) umlauts += "\xc3\xbc\xe2\x82\xac";
  for (const std::string& name :
       {std::string("\xc3\xa9t\xc3\xa9"), std::string("\xf0\x9f\x8c\x8a"), std::string("\xff\xfe latin \xe9"),
        std::string("new\nline \"quoted\" \\back\\ *?"), umlauts, std::string(" ")}) {
    write_file(entry + "/" + name, name);
  }
  expect_restorable(entry);
}

TEST_F(InterchangeTest, LongNamesThatAreNoUtf8SurviveByteForByte) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry);
  write_file(entry + "/" + std::string(200, '\xe9'), "latin");
  fs::create_symlink(std::string(200, '\xfc'), entry + "/link");
  expect_restorable(entry);
}

TEST_F(InterchangeTest, SymlinksWithLongTargets) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry);
  for (const size_t size : {1, 99, 100, 101, 255, 1000, 4000}) {
    fs::create_symlink(std::string(size, 't'), entry + "/link" + std::to_string(size));
  }
  expect_restorable(entry);
}

TEST_F(InterchangeTest, DeepTreesUseFewDescriptors) {
  const std::string entry = dir_ / "e";
  fs::create_directory(entry);
  // Built and looked at from within: the whole path is longer than the system takes at once.
  ASSERT_TRUE(
      run("cd " + entry + " && for i in $(seq 200); do mkdir d && echo $i > z && cd d || exit 1; done"));
  const std::string archive = archive_of(entry, 36);
  ASSERT_FALSE(archive.empty());
  EXPECT_EQ(archive, archive_of(entry, 36, {kTinyBuffer, 8 << 20}));
  write_file(dir_ / "a.tar", archive);
  ASSERT_TRUE(run("cd " + (dir_ / "") + " && tar -xf a.tar && diff -r e 0000000000010"));
}

TEST_F(InterchangeTest, TooDeepATreeIsAnErrorThatSaysSo) {
  const std::string entry = dir_ / "e";
  fs::create_directory(entry);
  const std::string name(200, 'd');
  UniqueFd fd(open(entry.c_str(), O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < 21; ++i) {
    ASSERT_EQ(mkdirat(fd.get(), name.c_str(), 0755), 0);
    fd.reset(openat(fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
  }
  EntrySource source{SourceLimits()};
  const tree::EntryPath path = {1, entry};
  const Status status = source.open("db", 1, {&path, 1}, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(status.error().message.find("longer than 4095 bytes"), std::string::npos);
}

// As many bytes of a large archive as a reader needs to know what is in it.
std::string beginning_of(const std::string& entry, size_t size, uint64_t& whole) {
  EntrySource source{SourceLimits()};
  const tree::EntryPath path = {36, entry};
  const Status status = source.open("db", 1, {&path, 1}, {});
  EXPECT_TRUE(status);
  whole = source.size_bytes();
  std::string bytes(size, '\0');
  const auto count = source.read(0, bytes.data(), bytes.size());
  EXPECT_TRUE(count && *count == size);
  return bytes;
}

TEST_F(InterchangeTest, FilesOfEightGibibytesAndMoreSayTheirSizeInPax) {
  for (const uint64_t size :
       {(uint64_t{8} << 30) - 1, uint64_t{8} << 30, uint64_t{9} << 30, uint64_t{1} << 40}) {
    const std::string entry = dir_ / "sparse";
    write_file(entry, "");
    fs::resize_file(entry, size);
    uint64_t whole = 0;
    const std::string bytes = beginning_of(entry, 8192, whole);
    const uint64_t headers = size >= uint64_t{8} << 30 ? 3 * 512 : 512;
    EXPECT_EQ(whole, headers + (size + 511) / 512 * 512 + 1024 + 512);
    write_file(dir_ / "head", bytes);
    run("cd " + (dir_ / "") + " && tar -tvf head > list 2>/dev/null");  // it ends too early: tar says so
    EXPECT_NE(test::read_file(dir_ / "list").find(" " + std::to_string(size) + " "), std::string::npos)
        << test::read_file(dir_ / "list");
  }
}

TEST(Format, HeadersAreNeverLongerThanTheLimit) {
  const std::string name(tree::kMemberNameMax, '\xff');
  EXPECT_LE(header_size({name, name, UINT64_MAX, 07777, MemberType::kSymlink}), kHeaderMax);
  EXPECT_EQ(header_size({"x", {}, (uint64_t{1} << 33) - 1, 0644, MemberType::kFile}), kBlockSize);
  // A record's length counts its own digits, also where they make it longer.
  for (size_t size = 101; size <= 1100; ++size) {
    const std::string path(size, 'p');
    const Member member = {path, {}, 0, 0644, MemberType::kFile};
    std::string header(header_size(member), '?');
    write_header(member, reinterpret_cast<uint8_t*>(header.data()));
    const std::string record = header.substr(512, std::stoul(header.substr(512, 8)));
    ASSERT_EQ(record.substr(record.find(' ')), " path=" + path + "\n");
    ASSERT_EQ(
        header.substr(512 + record.size(), header.size() - 1024 - record.size()).find_first_not_of('\0'),
        std::string::npos);
  }
}

}  // namespace
}  // namespace tidemark::tar
