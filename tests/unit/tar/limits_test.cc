// What the writer archives every reader takes, up to the limits and not beyond.
#include "tar/limits.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "codec/crypto.h"
#include "format/object_name.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"
#include "tar/extract.h"
#include "tar/raw_tar.h"
#include "tar/source_tools.h"
#include "tar/unpacker.h"

namespace tidemark::tar {
namespace {

using codec::bytes_of;
using test::kRoot;
using test::kTinyBuffer;
using test::RawTar;
using test::read_all;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

constexpr Range kOne = {36, 36};

// What each reader says to an object: nothing if it takes it.
struct Verdicts {
  std::string parser, unpacker, extract;
};

Verdicts read_by_all(const std::string& object, uint64_t members_max = tree::kMembersMax) {
  Verdicts verdicts;
  const auto content = bytes_of(object).first(object.size() - kFooterSize);
  const auto text_of = [](const Status& status) { return status ? std::string() : status.error().message; };
  {
    ContentVisitor nothing;
    ContentParser parser(kOne, nothing, members_max);
    Status status = parser.push(content);
    verdicts.parser = text_of(status ? parser.finish() : status);
  }
  {
    const TempDir dir;
    auto unpacker = Unpacker::create(dir.path().string(), kOne);
    ContentParser parser(kOne, **unpacker, members_max);
    Status status = parser.push(content);
    if (status) status = parser.finish();
    if (status) status = (*unpacker)->publish();
    verdicts.unpacker = text_of(status);
  }
  {
    const TempDir dir;
    const std::string into = dir.path().string();
    test::StringStream stream(object, 100'000);
    verdicts.extract = text_of(extract_entry(stream, {"db", 7, kOne, 36, into, {members_max}}, {}));
  }
  return verdicts;
}

void expect_taken(const std::string& object, uint64_t members_max = tree::kMembersMax) {
  const Verdicts verdicts = read_by_all(object, members_max);
  EXPECT_EQ(verdicts.parser, "");
  EXPECT_EQ(verdicts.unpacker, "");
  EXPECT_EQ(verdicts.extract, "");
}

void expect_refused(const std::string& object, const std::string& why,
                    uint64_t members_max = tree::kMembersMax) {
  const Verdicts verdicts = read_by_all(object, members_max);
  EXPECT_NE(verdicts.parser.find(why), std::string::npos) << verdicts.parser;
  EXPECT_NE(verdicts.unpacker.find(why), std::string::npos) << verdicts.unpacker;
  EXPECT_NE(verdicts.extract.find(why), std::string::npos) << verdicts.extract;
}

class LimitsTest : public testing::TestWithParam<SourceLimits> {
 protected:
  // Makes directories, and in them a file or a directory whose path in the archive has so many bytes.
  void make_path(const std::string& entry, size_t path_bytes, bool is_directory) {
    fs::create_directory(entry);
    UniqueFd fd(open(entry.c_str(), O_RDONLY | O_DIRECTORY));
    size_t left = path_bytes - kRoot.size();
    while (left > 1 + 255) {
      const std::string name(left - 201 == 1 ? 199 : 200, 'd');
      ASSERT_EQ(mkdirat(fd.get(), name.c_str(), 0755), 0);
      fd.reset(openat(fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
      left -= name.size() + 1;
    }
    const std::string name(left - 1, 'x');
    if (is_directory) {
      ASSERT_EQ(mkdirat(fd.get(), name.c_str(), 0755), 0);
    } else {
      ASSERT_TRUE(UniqueFd(openat(fd.get(), name.c_str(), O_WRONLY | O_CREAT, 0644)));
    }
  }
  Result<std::string> archive(const std::string& path) {
    EntrySource source(GetParam());
    const tree::EntryPath entry = {36, path};
    if (Status status = source.open("db", 7, {&entry, 1}, {}); !status) return status.error();
    return read_all(source);
  }
  std::string files(const char* name, int count) {
    fs::create_directory(dir_ / name);
    for (int i = 0; i < count; ++i) write_file((dir_ / name) + "/" + std::to_string(i), "");
    return dir_ / name;
  }

  TempDir dir_;
};

constexpr uint64_t kFew = 40;
INSTANTIATE_TEST_SUITE_P(Sources, LimitsTest,
                         testing::Values(SourceLimits{1 << 20, 1 << 20, kFew},
                                         SourceLimits{kTinyBuffer, 1 << 20, kFew},
                                         SourceLimits{kTinyBuffer, kLayoutBytesMin, kFew}));

TEST_P(LimitsTest, PathsUpToTheLimitAndNoLonger) {
  for (const bool is_directory : {false, true}) {
    for (const size_t size : {tree::kMemberPathMax - 1, tree::kMemberPathMax, tree::kMemberPathMax + 1}) {
      const std::string entry = dir_ / "e" + std::to_string(size) + (is_directory ? "d" : "f");
      make_path(entry, size, is_directory);
      const auto bytes = archive(entry);
      if (size <= tree::kMemberPathMax) {
        ASSERT_TRUE(bytes) << bytes.error().message;
        expect_taken(*bytes);
        // Everybody's tar as well: that is what the limit is for.
        write_file(dir_ / "a.tar", *bytes);
        const std::string out = dir_ / "out";
        EXPECT_TRUE(test::run("mkdir " + out + " && tar -xf " + (dir_ / "a.tar") + " -C " + out +
                              " && rm -rf " + out));
      } else {
        ASSERT_FALSE(bytes);
        EXPECT_EQ(bytes.error().status, TIDEMARK_E_PERMANENT);
        EXPECT_NE(bytes.error().message.find(
                      "has a path longer than 4095 bytes within the archive; use shorter names"),
                  std::string::npos)
            << bytes.error().message;
      }
    }
  }
}

TEST(Limits, ReadersRefuseLongerPathsAndTargets) {
  const auto tar = [](size_t path_bytes, size_t link_bytes, bool is_directory) {
    RawTar raw;
    std::string path = kRoot;
    raw.member('5', path + "/");
    const auto add = [&raw, &path](char type, const std::string& records) {
      raw.member('x', "././@PaxHeader", records).member(type, path.substr(0, 99), {}, type == '2' ? "x" : "");
    };
    while (path_bytes - path.size() > 256) {
      path += "/" + std::string(path_bytes - path.size() - 201 == 1 ? 199 : 200, 'd');
      add('5', RawTar::record("path", path + "/"));
    }
    path += "/" + std::string(path_bytes - path.size() - 1, 'x');
    std::string records = RawTar::record("path", path + (is_directory ? "/" : ""));
    if (link_bytes > 0) records += RawTar::record("linkpath", std::string(link_bytes, 't'));
    add(is_directory ? '5' : link_bytes > 0 ? '2' : '0', records);
    return raw.object(kOne);
  };
  for (const bool is_directory : {false, true}) {
    expect_taken(tar(tree::kMemberPathMax - 1, 0, is_directory));
    expect_taken(tar(tree::kMemberPathMax, 0, is_directory));
    expect_refused(tar(tree::kMemberPathMax + 1, 0, is_directory),
                   "longer than 4095 bytes within the archive");
  }
  expect_taken(tar(1000, tree::kLinkTargetMax, false));
  expect_taken(tar(tree::kMemberPathMax, tree::kLinkTargetMax, false));
  expect_refused(tar(1000, tree::kLinkTargetMax + 1, false), "a target longer than 4095 bytes");
}

TEST_P(LimitsTest, TargetsUpToTheLimit) {
  const std::string entry = dir_ / "e";
  fs::create_directory(entry);
  for (const size_t size : {size_t{1}, tree::kLinkTargetMax - 1, tree::kLinkTargetMax}) {
    ASSERT_EQ(symlink(std::string(size, 't').c_str(), (entry + "/" + std::to_string(size)).c_str()), 0);
  }
  const auto bytes = archive(entry);
  ASSERT_TRUE(bytes) << bytes.error().message;
  expect_taken(*bytes);
}

TEST_P(LimitsTest, AnEntryMayHaveAsManyMembersAsAnArchive) {
  const auto at_limit = archive(files("at", kFew - 1));
  ASSERT_TRUE(at_limit) << at_limit.error().message;
  expect_taken(*at_limit, kFew);
  expect_refused(*at_limit, "more than 39 members", kFew - 1);
  const std::string one_more = files("over", kFew);
  const auto over = archive(one_more);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(over.error().message,
            one_more +
                ": has more than 40 members (files, directories and symlinks); that is the most "
                "an archive holds: store fewer in one entry");
}

TEST_P(LimitsTest, ABatchEndsBeforeItHasTooManyMembers) {
  const std::string first = files("1", 19), second = files("2", 18), third = files("3", 0),
                    fourth = files("4", 1);
  EntrySource source(GetParam());
  ASSERT_TRUE(source.begin("db", 7, {}));
  ASSERT_TRUE(*source.add({36, first}));
  ASSERT_TRUE(*source.add({37, second}));
  ASSERT_TRUE(*source.add({38, third}));
  const auto added = source.add({39, fourth});
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_FALSE(*added);
  source.seal();
  const auto bytes = read_all(source);
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto footer = parse_footer(ObjectKind::kArchive, bytes->substr(bytes->size() - kFooterSize), nullptr);
  ASSERT_TRUE(footer);
  EXPECT_EQ(footer->range, (Range{36, 38}));
  ContentVisitor nothing;
  ContentParser parser({36, 38}, nothing, kFew);
  const Status status = parser.push(bytes_of(*bytes).first(bytes->size() - kFooterSize));
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_TRUE(parser.finish());
}

// What a reader is given when somebody writes a great deal more than an archive holds.
TEST(Limits, ABombOfMembersIsRefusedAndMemoryIsNot) {
  const uint64_t most = 5000;
  ContentVisitor nothing;
  ContentParser parser({1, most + 10}, nothing, most);
  uint64_t taken = 0;
  Status status;
  for (Lsn lsn = 1; status && lsn <= most + 10; ++lsn) {
    const auto text = lsn_text(lsn);
    const std::string object = RawTar().member('0', {text.data(), text.size()}).object();
    status = parser.push(bytes_of(object).first(kBlockSize));
    taken += status ? 1 : 0;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(taken, most);
  EXPECT_NE(status.error().message.find("more than 5000 members"), std::string::npos)
      << status.error().message;
}

// The real limit, with one directory on disk that is lent again and again.
TEST(LongLimits, TwoMillionMembersInOneArchive) {
  const TempDir dir;
  constexpr uint64_t kPerEntry = 100'000;
  constexpr uint64_t kEntries = tree::kMembersMax / kPerEntry;
  const std::string entry = dir / "e";
  fs::create_directory(entry);
  for (uint64_t i = 1; i < kPerEntry; ++i) {
    const UniqueFd fd(open((entry + "/" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT, 0644));
    ASSERT_TRUE(fd);
  }
  const std::string file = entry + "/1";
  EntrySource source({4 << 20, 4 << 20});  // as by default
  ASSERT_TRUE(source.begin("db", 7, {}));
  for (uint64_t i = 1; i <= kEntries; ++i) {
    const auto added = source.add({i, entry}, UINT64_MAX);
    ASSERT_TRUE(added && *added) << i;
  }
  const auto one_more = source.add({kEntries + 1, file});
  ASSERT_TRUE(one_more) << one_more.error().message;
  EXPECT_FALSE(*one_more);
  source.seal();

  class Count final : public ContentVisitor {
   public:
    Status member(const ParsedMember&) override {
      ++members;
      return {};
    }
    uint64_t members = 0;
  } count;
  ContentParser parser({1, kEntries}, count);
  FooterSplitter splitter;
  std::string piece(1 << 20, '\0');
  for (uint64_t offset = 0; offset < source.size_bytes();) {
    const auto size = source.read(offset, piece.data(), piece.size());
    ASSERT_TRUE(size) << size.error().message;
    const auto pieces = splitter.push(bytes_of(piece).first(*size));
    for (const auto& content : {pieces.first, pieces.second}) {
      const Status status = parser.push(content);
      ASSERT_TRUE(status) << status.error().message;
    }
    offset += *size;
  }
  EXPECT_TRUE(parser.finish());
  EXPECT_TRUE(splitter.check({"db", 7, {{1, kEntries}}}));
  EXPECT_EQ(count.members, tree::kMembersMax);
}

}  // namespace
}  // namespace tidemark::tar
