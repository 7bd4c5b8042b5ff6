// Small parts: LSN text, percent encoding, digests, journal lines, the dealer, percentiles, progress.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <set>

#include "console.h"
#include "dealer.h"
#include "digest.h"
#include "entry_writer.h"
#include "format/lsn.h"
#include "fs.h"
#include "journal.h"
#include "latency.h"
#include "test_dir.h"

namespace tidemark::host {
namespace {

TEST(PercentEncoding, RoundTripsEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string encoded = percent_encode(all);
  EXPECT_EQ(encoded.find_first_of(" \n\t"), std::string::npos);
  const auto decoded = percent_decode(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, all);
  for (const char* bad : {"%", "%4", "a%4x", "%zz"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

EntrySpec small_spec() { return {"main", 3, 17, {}, {3, 5000, 42}}; }

TEST(EntryDigest, OfTheWriterIsThatOfTheTree) {
  TestDir dir;
  const auto digest = write_entry(dir / "entry", small_spec(), Durability::kUnsafe);
  ASSERT_TRUE(digest) << digest.error().message;
  const auto again = digest_tree(dir / "entry");
  ASSERT_TRUE(again);
  EXPECT_EQ(digest_text(*digest), digest_text(*again));
  EXPECT_EQ(std::filesystem::file_size(dir / "entry/payload-2"), 5000u);
}

TEST(EntryDigest, SeesContentNameModeLinkAndMemberChanges) {
  TestDir dir;
  const auto fresh = [&] {
    std::filesystem::remove_all(dir / "entry");
    auto digest = write_entry(dir / "entry", small_spec(), Durability::kUnsafe);
    EXPECT_TRUE(digest);
    return digest_text(*digest);
  };
  const std::string original = fresh();
  EXPECT_EQ(fresh(), original) << "made-up content is the same every time";
  std::vector<std::function<void()>> changes = {
      [&] { put_file(dir / "entry/payload-1", "other"); },
      [&] { std::filesystem::rename(dir / "entry/payload-1", dir / "entry/payload-9"); },
      [&] { ::chmod((dir / "entry/payload-1").c_str(), 0600); },
      [&] { ::chmod((dir / "entry").c_str(), 0700); },
      [&] { std::filesystem::create_directory(dir / "entry/extra"); },
      [&] { std::filesystem::create_symlink("payload-0", dir / "entry/link"); },
      [&] { std::filesystem::remove(dir / "entry/MANIFEST"); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    fresh();
    changes[i]();
    const auto digest = digest_tree(dir / "entry");
    ASSERT_TRUE(digest);
    EXPECT_NE(digest_text(*digest), original) << "change " << i;
  }
  fresh();
  ASSERT_EQ(::mkfifo((dir / "entry/fifo").c_str(), 0600), 0);
  EXPECT_FALSE(digest_tree(dir / "entry"));
}

TEST(EntryDigest, SeedPartitionLsnAndFileDecideTheContent) {
  TestDir dir;
  std::vector<EntrySpec> specs(4, small_spec());
  specs[1].partition = 4;
  specs[2].lsn = 18;
  specs[3].shape.seed = 43;
  std::set<std::string> contents;
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::string path = dir / std::to_string(i);
    ASSERT_TRUE(write_entry(path, specs[i], Durability::kUnsafe));
    for (const char* file : {"/payload-0", "/payload-1", "/payload-2"})
      contents.insert(get_file(path + file));
  }
  EXPECT_EQ(contents.size(), 12u);
}

TEST(RealFile, KeepsNameModeAndOriginInTheManifest) {
  TestDir dir;
  const std::string origin = dir / "source dir/\xC3\xA4 100%\n.txt";
  put_file(origin, "hello");
  ::chmod(origin.c_str(), 0064);
  if (::access(origin.c_str(), R_OK) != 0)
    GTEST_SKIP() << "needs root to read a file without the owner's right";
  const auto digest = write_entry(dir / "entry", {"main", 0, 1, origin, {}}, Durability::kFsync);
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(get_file(dir / "entry/\xC3\xA4 100%\n.txt"), "hello");
  struct stat status {};
  ASSERT_EQ(::stat((dir / "entry/\xC3\xA4 100%\n.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0464u) << "the copy must stay readable for its owner";
  const auto found = manifest_origin(get_file(dir / "entry/MANIFEST"));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, origin);
}

TEST(RealFile, CalledManifestDoesNotReplaceOurs) {
  TestDir dir;
  put_file(dir / "MANIFEST", "theirs");
  ASSERT_TRUE(write_entry(dir / "entry", {"main", 0, 1, dir / "MANIFEST", {}}, Durability::kUnsafe));
  EXPECT_EQ(get_file(dir / "entry/MANIFEST.payload"), "theirs");
  EXPECT_EQ(get_file(dir / "entry/MANIFEST").rfind("tidemark-host-sim-manifest 1\n", 0), 0u);
}

TEST(RealFile, ThatIsGoneOrNoFileAnyMoreIsEnoent) {
  TestDir dir;
  std::filesystem::create_symlink("/etc/passwd", dir / "link");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  int n = 0;
  for (const char* name : {"nothing", "link", "fifo"}) {
    const auto digest = write_entry(dir / ("entry" + std::to_string(n++)), {"main", 0, 1, dir / name, {}},
                                    Durability::kUnsafe);
    ASSERT_FALSE(digest) << name;
    EXPECT_EQ(digest.error().sys_errno, ENOENT) << digest.error().message;
    EXPECT_NE(digest.error().message.find(dir / name), std::string::npos) << digest.error().message;
  }
}

TEST(JournalRecordText, RoundTripsAndRefusesAnythingElse) {
  const JournalRecord record{"main", 3, 17, *sha256("x"), "/a b/%"};
  const std::string line = format_record(record);
  ASSERT_EQ(line.back(), '\n');
  const auto parsed = parse_record(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(format_record(*parsed), line);
  const std::string hex = digest_text(record.digest);
  const std::string lsn = lsn_text(17);
  for (const std::string& bad :
       {std::string(), "main 3 " + lsn + " " + hex, "main 3 " + lsn + " " + hex + " - -",
        "main x " + lsn + " " + hex + " -", "main 3 17 " + hex + " -",
        "main 3 " + lsn_text(0) + " " + hex + " -", " 3 " + lsn + " " + hex + " -",
        "main 3 " + lsn + " " + hex.substr(1) + " -", "main 3 " + lsn + " " + hex + " ",
        "main 3 " + lsn + " " + hex + " %4", std::string(90, '\0')}) {
    EXPECT_FALSE(parse_record(bad)) << bad;
  }
}

std::vector<std::string> deal_all(Dealer& dealer, uint32_t threads) {
  std::vector<std::string> dealt;
  for (uint32_t t = 0; t < threads; ++t) {
    while (auto request = dealer.next(t)) {
      EXPECT_EQ(request->partition % threads, t);
      dealt.push_back(std::to_string(request->partition) + request->origin);
    }
  }
  std::sort(dealt.begin(), dealt.end());
  return dealt;
}

TEST(Dealer, BringsEveryPartitionToItsShare) {
  for (uint32_t threads : {1u, 2u, 3u}) {
    Dealer fresh(7, {0, 0, 0}, threads);  // shares 3, 2, 2
    EXPECT_EQ(fresh.total(), 7u);
    EXPECT_EQ(deal_all(fresh, threads), (std::vector<std::string>{"0", "0", "0", "1", "1", "2", "2"}));
    Dealer resumed(7, {3, 0, 1}, threads);
    EXPECT_EQ(resumed.total(), 3u);
    EXPECT_EQ(deal_all(resumed, threads), (std::vector<std::string>{"1", "1", "2"}));
    Dealer done(7, {9, 2, 2}, threads);
    EXPECT_EQ(done.total(), 0u);
    EXPECT_TRUE(deal_all(done, threads).empty());
  }
}

TEST(Dealer, DealsFilesInTurnFromWhereItWas) {
  for (uint32_t threads : {1u, 3u}) {
    Dealer dealer(std::vector<std::string>{"/a", "/b", "/c", "/d"}, 3, 2, threads);
    EXPECT_EQ(deal_all(dealer, threads), (std::vector<std::string>{"0/b", "1/c", "2/a", "2/d"}));
  }
  Dealer empty(std::vector<std::string>{}, 3, 0, 1);
  EXPECT_FALSE(empty.next(0));
}

TEST(FileList, IsInPathOrderWithoutLinksAndLimited) {
  TestDir dir;
  for (const char* name : {"b", "a/z", "a.txt", "a/y/x"}) put_file(dir / name, "12");
  std::filesystem::create_symlink("b", dir / "link");
  std::filesystem::create_directory_symlink("a", dir / "linked");
  const auto list = list_files(dir.path(), UINT64_MAX);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->paths, (std::vector<std::string>{dir / "a.txt", dir / "a/y/x", dir / "a/z", dir / "b"}));
  EXPECT_EQ(list->mean_bytes, 2u);
  EXPECT_EQ(list_files(dir.path(), 2)->paths.size(), 2u);
}

TEST(Latency, PercentilesAreWithinABucket) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.percentile_us(0.5), 0u);
  for (uint64_t us = 1; us <= 100000; ++us) histogram.add(us, 1);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_us(0.5)), 50000, 3500);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_us(0.99)), 99000, 7000);
  LatencyHistogram extreme;
  extreme.add(UINT64_MAX, 1);
  EXPECT_EQ(extreme.percentile_us(0.5), UINT64_MAX);
}

TEST(MakeDirs, MakesAllOfAPathAndEndsWhereNothingCanBeMade) {
  const TestDir dir;
  ASSERT_TRUE(make_dirs(dir.path() + "/a/b/c", Durability::kFsync));
  ASSERT_TRUE(make_dirs(dir.path() + "/a/b/c", Durability::kFsync));
  EXPECT_TRUE(list_names(dir.path() + "/a/b")->size() == 1);
  EXPECT_FALSE(make_dirs("/proc/none/of/this", Durability::kFsync));
}

TEST(Progress, ShowsRateLagAndTimeLeftAndFits) {
  const ProgressState state{50, 200, 7, true};
  EXPECT_EQ(progress_text(state, 10, 0), "25 %  50/200  10/s  lag 7  15 s left");
  EXPECT_EQ(progress_text(state, -1, 0), "25 %  50/200  lag 7");
  for (unsigned columns : {5u, 20u, 60u, 80u, 200u})
    EXPECT_LE(progress_text(state, 10, columns).size(), columns);
  EXPECT_EQ(progress_text(state, 10, 80).front(), '[');
  EXPECT_EQ(progress_text({0, 0, 0, false}, -1, 0), "100 %  0/0");
}

}  // namespace
}  // namespace tidemark::host
