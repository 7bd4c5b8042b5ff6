#include "tar/extract.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <functional>

#include "base/fd.h"
#include "base/remove_tree.h"
#include "tar/raw_tar.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::archive_of;
using test::describe_tree;
using test::kRoot;
using test::open_files;
using test::RawTar;
using test::read_file;
using test::StringStream;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

class ExtractTest : public testing::Test {
 protected:
  ExtractTest() {
    fs::create_directory(out_);
    fs::create_directory(dir_ / "victim");
    write_file(dir_ / "victim/file", "precious");
  }

  Extraction wanted() const { return {"db", 7, {36, 36}, 36, out_, {}}; }
  Status extract(const std::string& object, size_t piece = 4096) { return extract(object, wanted(), piece); }
  Status extract(const std::string& object, const Extraction& what, size_t piece = 4096) {
    StringStream bytes(object, piece);
    return extract_entry(bytes, what, {});
  }
  size_t names_in_out() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(out_), fs::directory_iterator()));
  }
  // Refused with a message that holds `part`, and nothing left behind, inside or outside.
  void expect_refused(const std::string& object, const std::string& part,
                      tidemark_status code = TIDEMARK_E_CORRUPT) {
    const std::string before = describe_tree(dir_ / "victim");
    const Status status = extract(object);
    ASSERT_FALSE(status) << part;
    EXPECT_EQ(status.error().status, code) << status.error().message;
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
    EXPECT_EQ(names_in_out(), 0u) << part;
    EXPECT_EQ(describe_tree(dir_ / "victim"), before);
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator()), 2);
  }

  TempDir dir_;
  const std::string out_ = dir_ / "out";
};

TEST_F(ExtractTest, RestoresWhatTheSourceMadeInAnyLocale) {
  const std::string entry = dir_ / "e";
  fs::create_directories(entry + "/empty");
  fs::create_directories(entry + "/sub/sub");
  write_file(entry + "/sub/sub/zero", "");
  write_file(entry + "/sub/big", std::string(3'000'000, 'b'), 0600);
  write_file(entry + "/sub-x", "x", 0444);
  write_file(entry + "/setuid", "x", 06755);
  write_file(entry + "/\xff\xe9 latin", "latin");
  write_file(entry + "/" + std::string(120, '\xe9'), "long latin");
  write_file(entry + "/" + std::string(240, 'n'), "long");
  std::string umlauts;
  while (umlauts.size() < 240) umlauts += "\xc3\xbc";
  write_file(entry + "/" + umlauts, "umlauts");
  fs::create_symlink("/etc/passwd", entry + "/link");
  fs::create_symlink(std::string(300, '\xfc'), entry + "/long-link");
  fs::permissions(entry + "/empty", fs::perms(01500));
  fs::permissions(entry, fs::perms(0555));
  const std::string object = archive_of(entry, 36);
  for (const size_t piece : {size_t{1} << 20, size_t{511}, object.size()}) {
    // Names are bytes, whatever the host has set.
    ASSERT_NE(setlocale(LC_ALL, piece == 511 ? "C.UTF-8" : "C"), nullptr);
    const Status status = extract(object, piece);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(describe_tree(out_ + "/" + kRoot), describe_tree(entry));
    EXPECT_EQ(names_in_out(), 1u);
    fs::permissions(out_ + "/" + kRoot, fs::perms(0755));
    fs::remove_all(out_ + "/" + kRoot);
  }
  fs::permissions(entry, fs::perms(0755));
}

TEST_F(ExtractTest, RestoresAFileAndAnEmptyDirectory) {
  write_file(dir_ / "f", std::string(5000, 'f'), 04640);
  ASSERT_TRUE(extract(archive_of(dir_ / "f", 36)));
  EXPECT_EQ(describe_tree(out_ + "/" + kRoot), describe_tree(dir_ / "f"));
  fs::remove(out_ + "/" + kRoot);
  fs::create_directory(dir_ / "d");
  ASSERT_TRUE(extract(archive_of(dir_ / "d", 36)));
  EXPECT_EQ(describe_tree(out_ + "/" + kRoot), describe_tree(dir_ / "d"));
}

TEST_F(ExtractTest, RestoresOneEntryOfABatch) {
  write_file(dir_ / "35", "thirty-five");
  fs::create_directory(dir_ / "36");
  write_file(dir_ / "36/x", "thirty-six");
  write_file(dir_ / "37", std::string(100'000, '7'));
  const std::string paths[] = {dir_ / "35", dir_ / "36", dir_ / "37"};
  const tree::EntryPath entries[] = {{35, paths[0]}, {36, paths[1]}, {37, paths[2]}};
  EntrySource source{SourceLimits()};
  ASSERT_TRUE(source.open("db", 7, entries, {}));
  const std::string object = *test::read_all(source);
  for (Lsn lsn = 35; lsn <= 37; ++lsn) {
    Extraction one = wanted();
    one.range = {35, 37};
    one.lsn = lsn;
    const Status status = extract(object, one);
    ASSERT_TRUE(status) << status.error().message;
    const auto text = lsn_text(lsn);
    EXPECT_EQ(describe_tree(out_ + "/" + std::string(text.data(), text.size())),
              describe_tree(paths[lsn - 35]));
  }
  EXPECT_EQ(names_in_out(), 3u);
}

TEST_F(ExtractTest, RestoresDeepTreesWithFewDescriptors) {
  RawTar tar;
  std::string path = kRoot + "/";
  tar.member('5', path);
  for (int i = 0; i < 200; ++i) {
    path += "d/";
    tar.pax("path", path).member('5', "x/");
  }
  const Status status = extract(tar.object());
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(remove_tree(AT_FDCWD, (out_ + "/" + kRoot).c_str()), 0);
}

TEST_F(ExtractTest, RefusesPathsThatLeadOut) {
  const auto root = [] { return RawTar().member('5', kRoot + "/"); };
  expect_refused(RawTar().member('0', "/etc/tidemark", "x").object(), "outside of the entries");
  expect_refused(RawTar().member('0', "../victim/file", "x").object(), "outside of the entries");
  expect_refused(RawTar().member('0', "0000000000011", "x").object(), "outside of the entries");
  expect_refused(RawTar().member('0', "file", "x").object(), "outside of the entries");
  expect_refused(root().member('0', kRoot + "/../../victim/file", "x").object(), "'.' or '..'");
  expect_refused(root().member('0', kRoot + "/..", "x").object(), "'.' or '..'");
  expect_refused(root().member('5', kRoot + "/../").object(), "'.' or '..'");
  expect_refused(root().member('0', kRoot + "/./x", "x").object(), "'.' or '..'");
  expect_refused(root().member('0', kRoot + "//x", "x").object(), "empty name");
  expect_refused(root().member('5', kRoot + "//").object(), "empty name");
  expect_refused(root().member('2', kRoot + "/x/", "", "y").object(), "only a directory's name");
  expect_refused(root().pax("path", kRoot + "/../x").member('0', kRoot + "/ok", "x").object(), "'.' or '..'");
  expect_refused(root().member('0', "./" + kRoot + "/x", "x").object(), "outside of the entries");
}

TEST_F(ExtractTest, NeverWritesThroughASymlink) {
  const std::string victim = dir_ / "victim";
  const auto root = [] { return RawTar().member('5', kRoot + "/"); };
  expect_refused(root().member('2', kRoot + "/a", "", victim).member('0', kRoot + "/a/file", "evil").object(),
                 "lies in no directory");
  expect_refused(root().member('2', kRoot + "/a", "", victim).member('5', kRoot + "/a/").object(), "twice");
  expect_refused(
      root().member('2', kRoot + "/a", "", victim + "/file").member('0', kRoot + "/a", "evil").object(),
      "twice");
  expect_refused(root().member('2', kRoot + "/a", "", victim).member('5', kRoot + "/a/b/").object(),
                 "lies in no directory");
  expect_refused(RawTar().member('2', kRoot, "", victim).member('0', kRoot + "/file", "evil").object(),
                 "an entry is a file or a directory");
  expect_refused(root().member('5', kRoot + "/a/").member('2', kRoot + "/a", "", victim).object(), "twice");
}

TEST_F(ExtractTest, RefusesWhatIsNoFileDirectoryOrSymlink) {
  const auto root = [] { return RawTar().member('5', kRoot + "/"); };
  for (const char type : {'3', '4', '6'}) {
    expect_refused(root().member(type, kRoot + "/x").object(),
                   "neither a file nor a directory nor a symlink");
  }
  expect_refused(root().member('1', kRoot + "/x", "", dir_ / "victim/file").object(),
                 "neither a file nor a directory nor a symlink");
  expect_refused(root().member('0', kRoot + "/a", "x").member('1', kRoot + "/b", "", kRoot + "/a").object(),
                 "neither a file nor a directory nor a symlink");
  expect_refused(root().member('2', kRoot + "/x", "", "").object(), "x");
}

TEST_F(ExtractTest, RefusesMembersTwiceOrOutOfOrder) {
  const auto root = [] { return RawTar().member('5', kRoot + "/"); };
  expect_refused(root().member('5', kRoot + "/").object(), "is there twice");
  expect_refused(root().member('0', kRoot + "/a", "1").member('0', kRoot + "/a", "2").object(),
                 "is there twice");
  expect_refused(root().member('0', kRoot + "/b", "1").member('0', kRoot + "/a", "2").object(),
                 "out of order");
  expect_refused(root()
                     .member('5', kRoot + "/a/")
                     .member('0', kRoot + "/a.b", "1")
                     .member('0', kRoot + "/a/x", "2")
                     .object(),
                 "out of order");
  expect_refused(root().member('0', kRoot + "/no/x", "1").object(), "lies in no directory");
  expect_refused(root().member('0', kRoot + "/f", "1").member('0', kRoot + "/f/x", "1").object(),
                 "lies in no directory");
  expect_refused(RawTar().member('0', kRoot + "/x", "1").object(), "out of order");
  expect_refused(RawTar().member('0', kRoot, "1").member('0', kRoot + "/x", "1").object(),
                 "lies in no directory");
  expect_refused(RawTar().object(), "entry 36 is not in it");
}

TEST_F(ExtractTest, RefusesLyingSizes) {
  const auto root = [] { return RawTar().member('5', kRoot + "/"); };
  // The rest of the content is taken for the file's bytes, or for padding or headers.
  expect_refused(root().member_of_size('0', kRoot + "/x", 100'000, "short").object(), "fewer bytes than");
  expect_refused(root().member_of_size('0', kRoot + "/x", 077777777777, "short").object(),
                 "fewer bytes than");
  expect_refused(root().pax("size", "99999999999999").member('0', kRoot + "/x", "short").object(),
                 "fewer bytes than");
  expect_refused(root().member_of_size('0', kRoot + "/x", 0, std::string(512, 'x')).object(),
                 "a header's checksum is wrong");
  expect_refused(root()
                     .pax("GNU.sparse.major", "0")
                     .pax("GNU.sparse.map", "0,1,1099511627776,1")
                     .member('0', kRoot + "/x", "xy")
                     .object(),
                 "");
  expect_refused(
      root().raw("").pax("GNU.sparse.size", "1099511627776").member('0', kRoot + "/x", "xy").object(), "");
}

TEST_F(ExtractTest, RefusesMoreMembersAndLongerPathsThanTheLimits) {
  RawTar tar;
  tar.member('5', kRoot + "/");
  for (int i = 100; i < 150; ++i) tar.member('0', kRoot + "/" + std::to_string(i), "x");
  Extraction few = wanted();
  few.limits.members = 50;
  const Status status = extract(tar.object(), few);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("more than 50 members"), std::string::npos) << status.error().message;
  EXPECT_EQ(names_in_out(), 0u);
  few.limits.members = 51;
  EXPECT_TRUE(extract(tar.object(), few));
  fs::remove_all(out_ + "/" + kRoot);
  expect_refused(RawTar()
                     .member('5', kRoot + "/")
                     .pax("path", kRoot + "/" + std::string(4090, 'p'))
                     .member('0', "x", "x")
                     .object(),
                 "longer than 4095 bytes");
}

TEST_F(ExtractTest, ChecksTheFooterBeforeAnythingBecomesVisible) {
  const RawTar good = RawTar().member('0', kRoot, "content");
  expect_refused(good.object({36, 36}, "other"), "footer is of another archive: other/7/");
  expect_refused(good.object({36, 36}, "db", 8), "footer is of another archive: db/8/");
  expect_refused(good.object({36, 37}), "footer is of another archive");
  std::string object = good.object();
  expect_refused(object.substr(0, object.size() - 1), "no valid footer");
  expect_refused(object.substr(0, object.size() - 512), "no valid footer");
  expect_refused(object + "x", "no valid footer");
  expect_refused("", "");
  expect_refused(std::string(512, '\0'), "");
  expect_refused(std::string(100, 'x'), "");
  for (size_t at = 0; at < object.size() - 300; at += 37) {
    std::string damaged = object;
    damaged[at] ^= 0x10;
    expect_refused(damaged, "");
  }
  EXPECT_TRUE(extract(object));
}

TEST_F(ExtractTest, NeverReplacesWhatIsThere) {
  const std::string object = RawTar().member('0', kRoot, "content").object();
  const std::vector<std::function<void(const std::string&)>> occupants = {
      [](const std::string& path) { write_file(path, "mine"); },
      [](const std::string& path) { fs::create_directory(path); },
      [](const std::string& path) { fs::create_symlink("nowhere", path); }};
  for (const auto& occupy : occupants) {
    const std::string path = out_ + "/" + kRoot;
    occupy(path);
    const std::string before = describe_tree(out_);
    const Status status = extract(object);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().status, TIDEMARK_E_EXISTS);
    EXPECT_NE(status.error().message.find(path), std::string::npos);
    EXPECT_EQ(describe_tree(out_), before);
    fs::remove(path);
  }
}

// Somebody else restores the same entry in the meantime.
class OccupyingStream final : public ByteStream {
 public:
  OccupyingStream(std::string bytes, std::string path)
      : inner_(std::move(bytes), 1000), path_(std::move(path)) {}
  Result<std::span<const uint8_t>> next() override {
    if (!fs::exists(path_)) fs::create_directory(path_);
    return inner_.next();
  }

 private:
  StringStream inner_;
  std::string path_;
};

TEST_F(ExtractTest, WhoeverIsFirstWins) {
  OccupyingStream bytes(RawTar().member('5', kRoot + "/").member('0', kRoot + "/x", "content").object(),
                        out_ + "/" + kRoot);
  const Status status = extract_entry(bytes, wanted(), {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_EXISTS);
  EXPECT_TRUE(fs::is_empty(out_ + "/" + kRoot));
  EXPECT_EQ(names_in_out(), 1u);
}

TEST_F(ExtractTest, LeavesNothingWhenTheBytesStopComing) {
  RawTar tar;
  tar.member('5', kRoot + "/", "", "", 0).member('5', kRoot + "/closed/", "", "", 0);
  for (int i = 0; i < 10; ++i)
    tar.member('0', kRoot + "/closed/" + std::to_string(i), std::string(1000, 'x'));
  const std::string object = tar.object();
  for (size_t at = 0; at < object.size(); at += 512) {
    StringStream bytes(object, 512);
    bytes.fail_at(at);
    const Status status = extract_entry(bytes, wanted(), {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_EQ(status.error().message, "the line went dead");
    EXPECT_EQ(names_in_out(), 0u);
  }
}

TEST_F(ExtractTest, StopsWhenCancelled) {
  const std::string object = RawTar().member('0', kRoot, std::string(100'000, 'x')).object();
  test::Countdown countdown = {10};
  StringStream bytes(object, 512);
  const Status status = extract_entry(bytes, wanted(), countdown.call());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(names_in_out(), 0u);
}

TEST_F(ExtractTest, NeedsItsDirectory) {
  Extraction nowhere = wanted();
  nowhere.directory = "/nonexistent/directory";
  const std::string object = RawTar().member('0', kRoot, "x").object();
  const Status missing = extract(object, nowhere);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(missing.error().message.find("/nonexistent/directory"), std::string::npos);
  const std::string file = dir_ / "victim/file";
  nowhere.directory = file;
  EXPECT_FALSE(extract(object, nowhere));
}

TEST_F(ExtractTest, LeavesNoDescriptorOpen) {
  const auto before = open_files();
  ASSERT_TRUE(extract(RawTar().member('5', kRoot + "/").member('0', kRoot + "/x", "content").object()));
  EXPECT_FALSE(extract(RawTar().member('5', kRoot + "/").member('0', kRoot + "/x", "content").object()));
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace tidemark::tar
