// What was restored, compared with its archive: each kind of difference, and what cannot be read.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

namespace fs = std::filesystem;
using Verdict = tar::TreeComparer::Verdict;

class CompareTreeTest : public MaintenanceTest {
 protected:
  void SetUp() override {
    entry_ = dir_ / "entry";
    out_ = dir_ / "out";
    fs::create_directories(entry_ + "/sub/deep");
    fs::create_directories(entry_ + "/empty");
    fs::create_directories(out_);
    test::write_file(entry_ + "/sub/deep/file", std::string(700'000, 'x'));
    test::write_file(entry_ + "/sub/none", "");
    test::write_file(entry_ + "/tool", "x", 04755);
    fs::create_symlink("sub/none", entry_ + "/link");
    fake_.objects[key_] = test::archive_of(entry_, 3);
    fake_.chunk_bytes = 10'000;
    restore();
  }
  void restore() {
    fs::remove_all(out_ + "/" + lsn_string(3));
    ASSERT_TRUE(unpack(fake_.sink(), {key_, {3, 3}, out_, true, {}}, nullptr));
  }
  std::string at(const std::string& path) const { return out_ + "/" + lsn_string(3) + path; }

  struct Seen {
    Verdict verdict;
    std::string why;
  };
  Result<Seen> compare(bool with_setid = false, bool by_digest = false) {
    Seen seen{};
    int times = 0;
    Status status = compare_tree(
        fake_.sink(), {key_, {1, 9}, out_, with_setid, {}, by_digest ? &source_ : nullptr},
        [&](const ComparedEntry& entry) {
          EXPECT_EQ(entry.lsn, 3u);
          seen = {entry.verdict, std::string(entry.why)};
          return ++times == 1;
        },
        nullptr);
    if (!status) return status.error();
    EXPECT_EQ(times, 1);
    return seen;
  }
  void expect(Verdict verdict, const std::string& why, bool with_setid = false) {
    for (const bool by_digest : {false, true}) {
      const auto seen = compare(with_setid, by_digest);
      ASSERT_TRUE(seen) << seen.error().message;
      EXPECT_EQ(seen->verdict, verdict) << seen->why;
      EXPECT_NE(seen->why.find(why), std::string::npos) << seen->why;
    }
  }

  const std::string key_ = "db/7/0000000000003.tar";
  std::string entry_, out_;
  tar::EntrySource source_{{256 << 10, 1 << 20}};
};

TEST_F(CompareTreeTest, TheSameIsTheSame) {
  expect(Verdict::kSame, "");
  expect(Verdict::kDifferent, "/tool: has mode 0755, 4755 in the archive", true);
  ASSERT_EQ(chmod(at("/tool").c_str(), 04755), 0);
  expect(Verdict::kSame, "");
  expect(Verdict::kSame, "", true);
}

TEST_F(CompareTreeTest, EveryKindOfDifferenceIsNamed) {
  const auto overwrite = [&](const std::string& path, off_t offset) {
    const UniqueFd fd(open(at(path).c_str(), O_WRONLY));
    ASSERT_EQ(pwrite(fd.get(), "y", 1, offset), 1);
  };
  const struct {
    std::string why;
    std::function<void()> change;
  } changes[] = {
      {"/sub/deep/file: has other content", [&] { overwrite("/sub/deep/file", 699'999); }},
      {"/sub/deep/file: has other content", [&] { overwrite("/sub/deep/file", 0); }},
      {"/sub/none: has 1 bytes, 0 in the archive", [&] { overwrite("/sub/none", 0); }},
      {"/sub/deep/file: has 10 bytes, 700000 in", [&] { fs::resize_file(at("/sub/deep/file"), 10); }},
      {"/tool: has mode 0700, 4755 in", [&] { chmod(at("/tool").c_str(), 0700); }},
      {"/sub: has mode 0700, 0755 in", [&] { chmod(at("/sub").c_str(), 0700); }},
      {"/link: leads elsewhere",
       [&] { fs::remove(at("/link")), fs::create_symlink("sub/nona", at("/link")); }},
      {"/link: is a file, in the archive a symlink",
       [&] { fs::remove(at("/link")), test::write_file(at("/link"), "sub/none"); }},
      {"/tool: is a symlink, in the archive a file",
       [&] { fs::remove(at("/tool")), fs::create_symlink(entry_ + "/tool", at("/tool")); }},
      {"/tool: is something else", [&] { fs::remove(at("/tool")), mkfifo(at("/tool").c_str(), 0755); }},
      {"/empty: is a symlink",
       [&] { fs::remove(at("/empty")), fs::create_directory_symlink(entry_ + "/empty", at("/empty")); }},
      {"/sub/none: is not there", [&] { fs::remove(at("/sub/none")); }},
      {"/sub: has 3 names, 2 in the archive", [&] { test::write_file(at("/sub/zzz"), "more"); }},
      {"/empty: has 1 names, 0 in the archive", [&] { test::write_file(at("/empty/.hidden"), "more"); }},
      {"0000000000003: is not there", [&] { fs::remove_all(at("")); }},
      {"0000000000003: is a file, in", [&] { fs::remove_all(at("")), test::write_file(at(""), "x"); }},
  };
  for (const auto& [why, change] : changes) {
    change();
    expect(Verdict::kDifferent, why);
    restore();
    expect(Verdict::kSame, "");
  }
}

// Root may read everything, so this is done as somebody else.
TEST_F(CompareTreeTest, WhatMayNotBeReadIsNotTakenForDifferent) {
  const uid_t before = geteuid();
  for (const std::string& path : {std::string("/empty"), std::string("/sub/deep/file")}) {
    ASSERT_EQ(chmod((entry_ + path).c_str(), 0), 0);
    if (before == 0) fake_.objects[key_] = test::archive_of(entry_, 3);
    ASSERT_EQ(chmod(at(path).c_str(), 0), 0);
    if (before == 0) {
      ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
      ASSERT_EQ(seteuid(65534), 0);
      expect(Verdict::kUnreadable, path + ": Permission denied");
      ASSERT_EQ(seteuid(before), 0);
      expect(Verdict::kSame, "");
    }
    ASSERT_EQ(chmod((entry_ + path).c_str(), 0755), 0);
    if (before == 0) fake_.objects[key_] = test::archive_of(entry_, 3);
    restore();
  }
}

TEST_F(CompareTreeTest, AnArchiveThatCannotBeReliedOnSaysNothing) {
  fake_.objects[key_][600'000] ^= 1;
  const auto damaged = compare();
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().status, TIDEMARK_E_CORRUPT);
  fake_.objects.clear();
  EXPECT_EQ(compare().error().status, TIDEMARK_E_NOT_FOUND);
  fs::remove_all(out_);
  const std::string batch = add({3, 6});
  const auto visit = [](const ComparedEntry&) { return true; };
  expect_error(compare_tree(fake_.sink(), {batch, {3, 6}, out_, false, {}}, visit, nullptr),
               TIDEMARK_E_NOT_FOUND, out_);
  fs::create_directories(out_);
  expect_error(compare_tree(fake_.sink(), {batch, {7, 9}, out_, false, {}}, visit, nullptr),
               TIDEMARK_E_INVALID, "holds none of the entries 7 to 9");
}

TEST_F(CompareTreeTest, OfABatchOnlyWhatIsAskedFor) {
  const std::string batch = add({4, 7});
  ASSERT_TRUE(unpack(fake_.sink(), {batch, {5, 6}, out_, true, {}}, nullptr));
  test::write_file(out_ + "/" + lsn_string(6), "entry x");
  std::vector<std::pair<Lsn, Verdict>> seen;
  const auto visit = [&](const ComparedEntry& entry) {
    seen.emplace_back(entry.lsn, entry.verdict);
    return true;
  };
  ASSERT_TRUE(compare_tree(fake_.sink(), {batch, {5, 6}, out_, false, {}}, visit, nullptr));
  EXPECT_EQ(seen, (std::vector<std::pair<Lsn, Verdict>>{{5, Verdict::kSame}, {6, Verdict::kDifferent}}));
}

class CompareByDigestTest : public CompareTreeTest {
 protected:
  // Of a batch of files, the verdicts by LSN.
  std::string compare_batch(const std::string& key, Range wanted) {
    std::string seen;
    const auto visit = [&](const ComparedEntry& entry) {
      seen += std::to_string(entry.lsn) + (entry.verdict == Verdict::kSame ? "= " : "! ");
      return true;
    };
    fake_.gets = 0;
    EXPECT_TRUE(compare_tree(fake_.sink(), {key, wanted, out_, false, {}, &source_}, visit, nullptr));
    return seen;
  }
  // A batch as an archiver makes it, and its entries in the directory.
  std::string add_batch(Range range) {
    const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
    std::vector<std::string> paths;
    for (Lsn lsn = range.first; lsn <= range.last; ++lsn) {
      paths.push_back(out_ + "/" + lsn_string(lsn));
      test::write_file(paths.back(), "entry " + std::to_string(lsn));
    }
    std::vector<tree::EntryPath> entries;
    for (size_t i = 0; i < paths.size(); ++i) entries.push_back({range.first + i, paths[i]});
    tar::EntrySource source{tar::SourceLimits()};
    EXPECT_TRUE(source.open("db", 7, entries, Call()));
    fake_.objects[key] = *test::read_all(source);
    return key;
  }
  void damage(const std::string& key) { fake_.objects[key][fake_.objects[key].size() - 513] ^= 1; }
};

// What lies before the footer is damaged, so whoever read it would say so.
TEST_F(CompareByDigestTest, OneWhoseFooterProvesWhatIsThereIsNotRead) {
  fs::remove(entry_ + "/tool");  // its setuid bit was left out
  fake_.objects[key_] = test::archive_of(entry_, 3);
  restore();
  damage(key_);
  uint64_t compared_bytes = 0;
  const TreeComparison what = {key_,    {1, 9}, out_, false, [&](uint64_t bytes) { compared_bytes = bytes; },
                               &source_};
  fake_.gets = 0;
  EXPECT_TRUE(compare_tree(
      fake_.sink(), what,
      [](const ComparedEntry& entry) {
        EXPECT_EQ(entry.verdict, Verdict::kSame);
        return true;
      },
      nullptr));
  EXPECT_EQ(fake_.gets, 1);
  EXPECT_EQ(compared_bytes, fake_.objects[key_].size());
  test::write_file(at("/sub/none"), "x");
  EXPECT_EQ(compare(false, true).error().status, TIDEMARK_E_CORRUPT) << "now it has to be read";
}

TEST_F(CompareByDigestTest, OfABatchAllHasToBeThere) {
  const std::string batch = add_batch({4, 7});
  EXPECT_EQ(compare_batch(batch, {1, 9}), "4= 5= 6= 7= ");
  EXPECT_EQ(fake_.gets, 1);
  EXPECT_EQ(compare_batch(batch, {5, 6}), "5= 6= ");
  test::write_file(out_ + "/" + lsn_string(6), "entry x");
  EXPECT_EQ(compare_batch(batch, {4, 7}), "4= 5= 6! 7= ");
  fs::remove(out_ + "/" + lsn_string(6));
  EXPECT_EQ(compare_batch(batch, {4, 7}), "4= 5= 6! 7= ");
  EXPECT_EQ(fake_.gets, 1) << "that one is missing is known without a footer";
}

TEST_F(CompareByDigestTest, TwoEntriesThatChangedPlacesAreNotTheSame) {
  const std::string batch = add_batch({4, 5});
  fs::rename(out_ + "/" + lsn_string(4), out_ + "/aside");
  fs::rename(out_ + "/" + lsn_string(5), out_ + "/" + lsn_string(4));
  fs::rename(out_ + "/aside", out_ + "/" + lsn_string(5));
  EXPECT_EQ(compare_batch(batch, {4, 5}), "4! 5! ");
}

TEST_F(CompareByDigestTest, LargerThanWhatIsHeldInMemory) {
  test::write_file(entry_ + "/zz", std::string(3'000'000, 'z'));
  fs::remove(entry_ + "/tool");
  fake_.objects[key_] = test::archive_of(entry_, 3);
  fake_.chunk_bytes = 1'000'000;
  restore();
  const std::string whole = fake_.objects[key_];
  damage(key_);
  EXPECT_EQ(compare(false, true)->verdict, Verdict::kSame);
  fake_.objects[key_] = whole;
  test::write_file(at("/zz"), std::string(2'999'999, 'z') + "y");
  EXPECT_EQ(compare(false, true)->why, at("/zz") + ": has other content than in the archive");
}

TEST_F(CompareByDigestTest, ASinkThatDoesNotAnswerIsNoDifference) {
  fake_.objects[key_].resize(700'000);
  EXPECT_EQ(compare(false, true).error().status, TIDEMARK_E_CORRUPT);
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  EXPECT_EQ(compare(false, true).error().status, TIDEMARK_E_RETRYABLE);
  fake_.fail_get = TIDEMARK_OK;
  fake_.objects.clear();
  EXPECT_EQ(compare(false, true).error().status, TIDEMARK_E_NOT_FOUND);
}

}  // namespace
}  // namespace tidemark::store
