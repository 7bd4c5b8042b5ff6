#include "tar/entry_digests.h"

#include <gtest/gtest.h>

#include <random>

#include "tar/raw_tar.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::archive_of;
using test::RawTar;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

constexpr size_t kTail = kEndMarkSize + kFooterSize;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The content of an object goes in, in pieces of `step`.
Status push_all(EntryDigests& digests, std::string_view object, size_t step = SIZE_MAX) {
  std::string_view content = object.substr(0, object.size() - kFooterSize);
  while (!content.empty()) {
    const std::string_view piece = content.substr(0, step);
    if (Status status = digests.push(bytes_of(piece)); !status) return status;
    content.remove_prefix(piece.size());
  }
  return {};
}

Digest sha256_of(std::string_view bytes) {
  Sha256 sha;
  sha.update(bytes.data(), bytes.size());
  return sha.finish().value();
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
    return sha256_of(std::string_view(archive).substr(0, archive.size() - kTail));
  }
  void expect_corrupt(const RawTar& tar, const char* part) {
    EntryDigests digests({1, 100});
    const Status status = push_all(digests, tar.object());
    ASSERT_FALSE(status) << part;
    EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
  }

  TempDir dir_;
};

TEST_F(EntryDigestsTest, EachEntryHasTheDigestItHasAlone) {
  for (const auto& [first, last] : {std::pair<Lsn, Lsn>{1, 5}, {2, 2}, {3, 5}}) {
    const std::string archive = batch(first, last);
    for (const size_t step : {size_t{1}, size_t{511}, size_t{513}, SIZE_MAX}) {
      EntryDigests digests({1, 5});
      ASSERT_TRUE(push_all(digests, archive, step));
      for (Lsn lsn = first; lsn <= last; ++lsn) {
        ASSERT_NE(digests.find(lsn), nullptr) << lsn;
        EXPECT_EQ(*digests.find(lsn), alone(lsn)) << lsn << " in " << first << ".." << last;
      }
      EXPECT_EQ(digests.find(last + 1), nullptr);
      EXPECT_EQ(digests.find(kNoLsn), nullptr);
    }
  }
}

TEST_F(EntryDigestsTest, AnyByteOfAnEntryChangesItsDigestAndNoOther) {
  const std::string archive = batch(1, 2);
  const size_t size_of_1 = archive_of(path(1), 1).size() - kTail;
  const Digest first = alone(1);
  const Digest second = alone(2);
  std::mt19937 random(5);
  int told = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string changed = archive;
    changed[random() % size_of_1] ^= static_cast<char>(1 << random() % 8);
    EntryDigests digests({1, 2});
    // What no longer is an archive of ours says so; else the digest does.
    if (!push_all(digests, changed)) continue;
    ++told;
    EXPECT_TRUE(digests.find(1) == nullptr || *digests.find(1) != first);
    if (digests.find(2) != nullptr) {
      EXPECT_EQ(*digests.find(2), second);
    }
  }
  EXPECT_GT(told, 1'000);
}

TEST_F(EntryDigestsTest, OnlyWhatIsWantedIsKept) {
  EntryDigests digests({2, 3});
  ASSERT_TRUE(push_all(digests, batch(1, 5)));
  EXPECT_EQ(digests.find(1), nullptr);
  EXPECT_EQ(*digests.find(2), alone(2));
  EXPECT_EQ(*digests.find(3), alone(3));
  EXPECT_EQ(digests.find(4), nullptr);
}

TEST_F(EntryDigestsTest, AnEntryIsFoundOnlyAfterItsEnd) {
  const std::string archive = batch(1, 2);
  for (const size_t cut : {size_t{1}, kEndMarkSize, kEndMarkSize + 1}) {
    EntryDigests digests({1, 2});
    const std::string_view content = std::string_view(archive).substr(0, archive.size() - kFooterSize);
    ASSERT_TRUE(digests.push(bytes_of(content.substr(0, content.size() - cut))));
    EXPECT_NE(digests.find(1), nullptr);
    EXPECT_EQ(digests.find(2) != nullptr, cut == 1) << cut;
  }
}

TEST_F(EntryDigestsTest, TheLastOfEntriesWithOneNumberCounts) {
  const std::string one = "0000000000001";
  EntryDigests twice({1, 1});
  ASSERT_TRUE(push_all(twice, RawTar().member('0', one, "first").member('0', one, "second").object()));
  EntryDigests once({1, 1});
  ASSERT_TRUE(push_all(once, RawTar().member('0', one, "second").object()));
  EXPECT_EQ(*twice.find(1), *once.find(1));
}

TEST_F(EntryDigestsTest, WhatLiesInNoEntryIsSkipped) {
  EntryDigests digests({1, 100});
  ASSERT_TRUE(push_all(digests, RawTar()
                                    .member('0', "README", "hello")
                                    .member('5', "0000000000001x/")
                                    .member('2', "0000000000002", "", "target")
                                    .member('0', "000000000000!", "x")
                                    .object()));
  for (Lsn lsn = 1; lsn <= 100; ++lsn) EXPECT_EQ(digests.find(lsn), nullptr) << lsn;
}

// What a file holds is data, whatever it looks like.
TEST_F(EntryDigestsTest, ATarInsideAFileIsItsContent) {
  const std::string inner = archive_of(path(2), 2);
  write_file(dir_ / "6", inner);
  EntryDigests digests({1, 100});
  ASSERT_TRUE(push_all(digests, archive_of(path(6), 6), 700));
  EXPECT_EQ(digests.find(2), nullptr);
  EXPECT_EQ(*digests.find(6), alone(6));
}

TEST_F(EntryDigestsTest, ASizeInPaxCounts) {
  EntryDigests digests({1, 2});
  const std::string content(1'000, 'x');
  const std::string tar = RawTar()
                              .pax("size", "1000")
                              .member_of_size('0', "0000000000001", 0, content)
                              .member('0', "0000000000002", "next")
                              .object();
  ASSERT_TRUE(push_all(digests, tar, 100));
  EXPECT_NE(digests.find(1), nullptr);
  EXPECT_NE(digests.find(2), nullptr);
}

TEST_F(EntryDigestsTest, RefusesWhatIsNoTarOfOurs) {
  const std::string one = "0000000000001";
  std::string header = RawTar().member('0', one).object().substr(0, 512);
  const auto with_size = [&](std::string_view size) {
    std::string changed = header;
    size.copy(changed.data() + 124, 12);
    return changed;
  };
  expect_corrupt(RawTar().raw(with_size("-0000000001")), "a size is no number");
  expect_corrupt(RawTar().raw(with_size("00000000009")), "a size is no number");
  expect_corrupt(RawTar().raw(with_size("\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")),
                 "a size is no number");
  expect_corrupt(RawTar().raw(with_size(std::string_view("\0\0\0", 3))), "a size is no number");
  expect_corrupt(RawTar().pax("size", "1").pax("size", "1").member('0', one), "a pax header is out of place");
  expect_corrupt(RawTar().member_of_size('x', "././@PaxHeader", 0, ""), "a pax header is out of place");
  expect_corrupt(RawTar().member_of_size('x', "././@PaxHeader", 1 << 30, ""), "a pax header is out of place");
  expect_corrupt(RawTar().pax("size", "18446744073709551615").member('0', one), "a member is too large");
  expect_corrupt(RawTar().pax("size", "18446744073709551616").member('0', one), "a pax record is malformed");
  expect_corrupt(RawTar().pax("size", "1x").member('0', one), "a pax record is malformed");
  for (const char* records : {"x", "9", "3 a", "2 ", "0 path=x\n", "99 path=x\n", "-4 a\n"}) {
    expect_corrupt(RawTar().member('x', "././@PaxHeader", records).member('0', one),
                   "a pax record is malformed");
  }
  expect_corrupt(RawTar().pax("path", "x"), "a pax header stands before its end mark");
  expect_corrupt(RawTar().raw(std::string(512, '\0')).member('0', one), "something follows its end mark");
}

// Noise ends in an error or in nothing found, and takes no memory.
TEST_F(EntryDigestsTest, SurvivesNoise) {
  std::mt19937 random(9);
  const std::string archive = batch(1, 5);
  for (int round = 0; round < 500; ++round) {
    std::string noise = round % 2 == 0 ? archive : std::string(20 * 512, '\0');
    const int changes = 1 + static_cast<int>(random() % 200);
    for (int i = 0; i < changes; ++i) noise[random() % noise.size()] = static_cast<char>(random());
    EntryDigests digests({1, 5});
    const Status status = push_all(digests, noise, 1 + random() % 3'000);
    if (!status) {
      EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
    }
  }
}

}  // namespace
}  // namespace tidemark::tar
