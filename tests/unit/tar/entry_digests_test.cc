#include "tar/entry_digests.h"

#include <gtest/gtest.h>

#include <map>

#include "base/sha256.h"
#include "codec/crypto.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using codec::bytes_of;
using test::archive_of;
using test::kTailBytes;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

using Digests = std::map<Lsn, Digest>;

// The content of an object goes in, in pieces of `step`.
Result<Digests> digest(std::string_view object, Range range, Range wanted, size_t step = SIZE_MAX) {
  Digests found;
  const EntryDigests::Take keep = [&](Lsn lsn, uint64_t, const Digest& digest) -> Status {
    EXPECT_TRUE(found.emplace(lsn, digest).second);
    return {};
  };
  EntryDigests digests(wanted, keep);
  ContentParser parser(range, digests);
  std::string_view content = object.substr(0, object.size() - kFooterSize);
  while (!content.empty()) {
    const std::string_view piece = content.substr(0, step);
    if (Status status = parser.push(bytes_of(piece)); !status) return tl::unexpected(status.error());
    content.remove_prefix(piece.size());
  }
  if (Status status = parser.finish(); !status) return tl::unexpected(status.error());
  return found;
}

class EntryDigestsTest : public testing::Test {
 protected:
  EntryDigestsTest() {
    fs::create_directories(dir_ / "1/sub");
    write_file(dir_ / "1/a", "content of a");
    write_file(dir_ / "1/sub/b", std::string(1'000, 'b'));
    fs::create_symlink("a", dir_ / "1/link");
    write_file(dir_ / "2", "an entry that is a file");
    fs::create_directory(dir_ / "3");
    // Names that only pax can say, the first of them in the entry's first member but one.
    fs::create_directories(dir_ / "4" + "/" + std::string(120, 'n'));
    write_file(dir_ / "4" + "/" + std::string(120, 'n') + "/" + std::string(150, 'm'), "deep");
    write_file(dir_ / "5", "");
  }
  std::string path(Lsn lsn) const { return dir_ / std::to_string(lsn); }
  std::string batch(Lsn first, Lsn last, size_t buffer_bytes = 1 << 20) const {
    EntrySource source({buffer_bytes, 1 << 20});
    EXPECT_TRUE(source.begin("db", 7, {}));
    std::vector<std::string> paths;
    for (Lsn lsn = first; lsn <= last; ++lsn) paths.push_back(path(lsn));
    for (Lsn lsn = first; lsn <= last; ++lsn) {
      EXPECT_TRUE(source.add({lsn, paths[lsn - first]}).value_or(false));
    }
    source.seal();
    return test::read_all(source).value_or("");
  }
  // Of the members of the entry, as they are in any archive.
  Digest alone(Lsn lsn) const {
    const std::string archive = archive_of(path(lsn), lsn);
    return *sha256_of(std::string_view(archive).substr(0, archive.size() - kTailBytes));
  }
  TempDir dir_;
};

TEST_F(EntryDigestsTest, EachEntryHasTheDigestItHasAlone) {
  for (const Range range : {Range{1, 5}, {2, 2}, {3, 5}}) {
    const std::string archive = batch(range.first, range.last);
    for (const size_t step : {size_t{1}, size_t{511}, size_t{513}, SIZE_MAX}) {
      const auto found = digest(archive, range, range, step);
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->size(), range.last - range.first + 1);
      for (const auto& [lsn, digest] : *found)
        EXPECT_EQ(digest, alone(lsn)) << lsn << " from " << range.first;
    }
  }
}

TEST_F(EntryDigestsTest, AnyByteOfAFileChangesItsDigestAndNoOther) {
  const std::string archive = batch(1, 2);
  const size_t at = archive.find("content of a");
  ASSERT_NE(at, std::string::npos);
  for (size_t i = 0; i < 12; ++i) {
    std::string changed = archive;
    changed[at + i] ^= 1;
    const auto found = digest(changed, {1, 2}, {1, 2});
    ASSERT_TRUE(found);
    EXPECT_NE(found->at(1), alone(1));
    EXPECT_EQ(found->at(2), alone(2));
  }
}

TEST_F(EntryDigestsTest, OnlyWhatIsWantedIsTaken) {
  const auto found = digest(batch(1, 5), {1, 5}, {2, 3});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (Digests{{2, alone(2)}, {3, alone(3)}}));
}

TEST_F(EntryDigestsTest, WhoTakesThemMayEndTheReading) {
  int taken = 0;
  const EntryDigests::Take take = [&](Lsn lsn, uint64_t size_bytes, const Digest&) -> Status {
    EXPECT_EQ(size_bytes, archive_of(path(lsn), lsn).size() - kTailBytes);
    return ++taken == 2 ? Status(fail(TIDEMARK_E_CANCELLED, "enough")) : Status();
  };
  EntryDigests digests({1, 5}, take);
  ContentParser parser({1, 5}, digests);
  const std::string archive = batch(1, 5);
  const Status status = parser.push(bytes_of(archive).first(archive.size() - kFooterSize));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(taken, 2);
}

// What a file holds is data, whatever it looks like.
TEST_F(EntryDigestsTest, ATarInsideAFileIsItsContent) {
  write_file(dir_ / "6", archive_of(path(2), 2));
  const auto found = digest(archive_of(path(6), 6), {6, 6}, {1, 100}, 700);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (Digests{{6, alone(6)}}));
}

}  // namespace
}  // namespace tidemark::tar
