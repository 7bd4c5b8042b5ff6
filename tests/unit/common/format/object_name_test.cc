#include "format/object_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/format/interesting_lsns.h"

namespace tidemark {
namespace {

TEST(StorageName, SaysWhatIsWrong) {
  EXPECT_EQ(storage_name_problem("a"), nullptr);
  EXPECT_EQ(storage_name_problem("Main-store_1.2"), nullptr);
  EXPECT_EQ(storage_name_problem(std::string(128, 'x')), nullptr);
  EXPECT_STREQ(storage_name_problem(""), "the storage name is empty");
  EXPECT_STREQ(storage_name_problem(std::string(129, 'x')), "the storage name is longer than 128 bytes");
  for (const char* name : {".", "..", ".hidden"}) {
    EXPECT_STREQ(storage_name_problem(name), "the storage name begins with '.'");
  }
  for (int c = 0; c < 256; ++c) {
    const std::string name = {'a', static_cast<char>(c)};
    const bool allowed = c < 128 && (std::isalnum(c) || c == '.' || c == '_' || c == '-');
    EXPECT_EQ(storage_name_problem(name) == nullptr, allowed) << c;
  }
}

TEST(ObjectKey, NamesAreThoseOfTheDesign) {
  EXPECT_EQ(partition_prefix("db", 7), "db/7/");
  EXPECT_EQ(partition_prefix("db", std::numeric_limits<uint64_t>::max()), "db/18446744073709551615/");
  EXPECT_EQ(object_key("db", 0, {36, 36}, ObjectKind::kArchive), "db/0/0000000000010.tar");
  EXPECT_EQ(object_key("db", 7, {1, 36}, ObjectKind::kArchive), "db/7/0000000000010-0000000000001.tar");
  EXPECT_EQ(object_key("db", 7, {4, 9}, ObjectKind::kGap), "db/7/0000000000009-0000000000004.gap");
  EXPECT_EQ(object_key("db", 7, {4, 4}, ObjectKind::kGap), "db/7/0000000000004-0000000000004.gap");
}

TEST(ObjectKey, ParsesWhatItFormats) {
  const std::vector<Lsn> lsns = test::interesting_lsns();
  for (size_t i = 0; i < lsns.size(); ++i) {
    for (const ObjectKind kind : {ObjectKind::kArchive, ObjectKind::kGap, ObjectKind::kAccepted,
                                  ObjectKind::kPruned, ObjectKind::kOrigin}) {
      // Nothing is pruned from the middle, and what was never there begins with the first.
      const bool is_beginning = kind == ObjectKind::kPruned || kind == ObjectKind::kOrigin;
      const Range range = {is_beginning ? 1 : lsns[i / 2], lsns[i]};
      const uint64_t partition = lsns[lsns.size() - 1 - i];
      const std::string key = object_key("Some.store", partition, range, kind);
      const auto parsed = parse_object_key(key);
      ASSERT_TRUE(parsed) << key;
      EXPECT_EQ(parsed->storage, "Some.store");
      EXPECT_EQ(parsed->partition, partition);
      EXPECT_EQ(parsed->name, (ParsedName{range, kind}));
      if (lsns[i] <= kFirstEpoch) continue;
      const ParsedName later = {range, kind, lsns[i], Coding::kNone};
      const std::string later_key = object_key("Some.store", partition, later);
      ASSERT_TRUE(parse_object_key(later_key)) << later_key;
      EXPECT_EQ(parse_object_key(later_key)->name, later);
    }
  }
}

TEST(ObjectKey, EpochsAndCodingsStandBeforeAndAfterTheKind) {
  const auto key = [](const ParsedName& name) { return object_key("db", 7, name); };
  using enum ObjectKind;
  EXPECT_EQ(key({{1, 1}, kArchive, 2, Coding::kNone}), "db/7/0000000000001.e2.tar");
  EXPECT_EQ(key({{1, 36}, kArchive, 40, Coding::kZstdAge}),
            "db/7/0000000000010-0000000000001.e40.tar.zst.age");
  EXPECT_EQ(key({{1, 1}, kArchive, 1, Coding::kZstd}), "db/7/0000000000001.tar.zst");
  EXPECT_EQ(key({{1, 1}, kArchive, 1, Coding::kAge}), "db/7/0000000000001.tar.age");
  EXPECT_EQ(key({{4, 4}, kGap, kEveryLsn, Coding::kNone}),
            "db/7/0000000000004-0000000000004.e18446744073709551615.gap");
  EXPECT_EQ(key({{}, kEpoch, 36, Coding::kNone}), "db/epoch/0000000000010.epoch");
  for (const Coding coding : {Coding::kNone, Coding::kZstd, Coding::kAge, Coding::kZstdAge}) {
    for (const uint64_t epoch : {uint64_t{1}, uint64_t{2}, kEveryLsn}) {
      for (const Range range : {Range{5, 5}, Range{5, 6}}) {
        const ParsedName name = {range, kArchive, epoch, coding};
        ASSERT_TRUE(parse_object_key(key(name))) << key(name);
        EXPECT_EQ(parse_object_key(key(name))->name, name);
      }
    }
  }
  const auto epoch = parse_object_key("db/epoch/0000000000010.epoch");
  ASSERT_TRUE(epoch);
  EXPECT_EQ(epoch->storage, "db");
  EXPECT_EQ(epoch->partition, 0U);
  EXPECT_EQ(epoch->name, (ParsedName{{}, kEpoch, 36, Coding::kNone}));
  EXPECT_FALSE(parse_folder("db/epoch/0000000000010.epoch"));
}

TEST(ObjectKey, AnArchiveSaysWithWhichEntryItsEpochBegan) {
  const ParsedName single = {{7, 7}, ObjectKind::kArchive, 2, Coding::kNone, 6};
  const ParsedName batch = {{37, 72}, ObjectKind::kArchive, 40, Coding::kZstdAge, 36};
  EXPECT_EQ(object_key("db", 7, single), "db/7/0000000000007.e2-0000000000006.tar");
  EXPECT_EQ(object_key("db", 7, batch), "db/7/0000000000020-0000000000011.e40-0000000000010.tar.zst.age");
  EXPECT_EQ(archive_stem("db", 7, single), "db/7/0000000000007.e2-0000000000006");
  for (const ParsedName& name : {single, batch}) {
    const auto parsed = parse_object_key(object_key("db", 7, name));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->name, name);
  }
  for (const char* bad :
       {"0000000000007.e2-0000000000007.tar", "0000000000007.e2-0000000000008.tar",
        "0000000000009-0000000000007.e2-0000000000007.tar", "0000000000007.e2-0000000000000.tar",
        "0000000000007.e1-0000000000006.tar", "0000000000007.e2-6.tar", "0000000000007.e2-.tar",
        "0000000000007.e-0000000000006.tar", "0000000000009-0000000000007.e2-0000000000006.gap",
        "0000000000007-0000000000001.e2-0000000000000.pruned"}) {
    EXPECT_FALSE(parse_object_name(bad)) << bad;
  }
}

TEST(ObjectKey, SaysWhatWasDoneToItsBytes) {
  for (const bool compressed : {false, true}) {
    for (const bool encrypted : {false, true}) {
      const Coding coding = coding_of(compressed, encrypted);
      EXPECT_EQ(compresses(coding), compressed);
      EXPECT_EQ(encrypts(coding), encrypted);
      const std::string suffix = std::string(compressed ? ".zst" : "") + (encrypted ? ".age" : "");
      EXPECT_EQ(coding_suffix(coding), suffix);
      const std::string key = "db/7/0000000000002-0000000000001.e2.tar" + suffix;
      const auto parsed = parse_object_key(key);
      ASSERT_TRUE(parsed);
      EXPECT_EQ(parsed->name.coding, coding);
      EXPECT_EQ(archive_stem(parsed->storage, parsed->partition, parsed->name),
                "db/7/0000000000002-0000000000001.e2");
    }
  }
}

// Whatever parses is what formatting makes: no two texts mean one object.
void expect_rejected_or_exact(const std::string& key, const std::string& original) {
  const auto parsed = parse_object_key(key);
  if (!parsed) return;
  EXPECT_EQ(object_key(parsed->storage, parsed->partition, parsed->name), key);
  const auto before = parse_object_key(original);
  EXPECT_FALSE(parsed->storage == before->storage && parsed->partition == before->partition &&
               parsed->name == before->name)
      << key << " means the same as " << original;
}

TEST(ObjectKey, EveryMutationIsRejectedOrAnotherObject) {
  const std::vector<std::string> keys = {
      object_key("db", 10, {36, 36}, ObjectKind::kArchive),
      object_key("a.b", 0, {1, 36}, ObjectKind::kArchive),
      object_key("db", 7, {4, 9}, ObjectKind::kGap),
      object_key("db", 7, {4, 4}, ObjectKind::kGap),
      object_key("db", 7, {4, 9}, ObjectKind::kAccepted),
      object_key("db", 7, {1, 9}, ObjectKind::kPruned),
      object_key("db", 7, {1, 9}, ObjectKind::kOrigin),
      object_key("db", 7, {1, 1}, ObjectKind::kOrigin),
      object_key("db", kEveryLsn, {kEveryLsn - 1, kEveryLsn}, ObjectKind::kArchive),
      object_key("db", 7, {{4, 9}, ObjectKind::kArchive, 23, Coding::kZstdAge}),
      object_key("db", 7, {{4, 9}, ObjectKind::kArchive, 2, Coding::kAge}),
      object_key("db", 7, {{4, 4}, ObjectKind::kArchive, 1, Coding::kZstd}),
      object_key("db", 7, {{4, 9}, ObjectKind::kGap, 10, Coding::kNone}),
      object_key("db", 0, {{}, ObjectKind::kEpoch, 40, Coding::kNone})};
  for (const std::string& key : keys) {
    for (size_t i = 0; i < key.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
        if (static_cast<char>(c) == key[i]) continue;
        std::string mutated = key;
        mutated[i] = static_cast<char>(c);
        expect_rejected_or_exact(mutated, key);
        mutated = key;
        mutated.insert(i, 1, static_cast<char>(c));
        if (mutated != key) expect_rejected_or_exact(mutated, key);
      }
      std::string shorter = key;
      shorter.erase(i, 1);
      if (shorter != key) expect_rejected_or_exact(shorter, key);
      expect_rejected_or_exact(key.substr(0, i), key);
    }
    EXPECT_FALSE(parse_object_key(key + "x"));
    EXPECT_FALSE(parse_object_key("/" + key));
  }
}

TEST(ObjectKey, RefusesLooseSpellings) {
  for (const char* key : {"",
                          "db",
                          "db/7",
                          "db/7/",
                          "db//0000000000001.tar",
                          "/7/0000000000001.tar",
                          "db/07/0000000000001.tar",
                          "db/-1/0000000000001.tar",
                          "db/+1/0000000000001.tar",
                          "db/18446744073709551616/0000000000001.tar",
                          "db/7/x/0000000000001.tar",
                          "db/7/0000000000001",
                          "db/7/0000000000001.TAR",
                          "db/7/0000000000001.gap",
                          "db/7/0000000000001-0000000000001.tar",
                          "db/7/0000000000001-0000000000002.tar",
                          "db/7/0000000000001-0000000000002.gap",
                          "db/7/0000000000002-0000000000000.gap",
                          "db/7/0000000000003-0000000000002.pruned",
                          "db/7/0000000000003.pruned",
                          "db/7/0000000000003-0000000000002.origin",
                          "db/7/0000000000003.origin",
                          "db/7/0000000000003.accepted",
                          "db/7/0000000000003-0000000000002.accepte",
                          "db/7/0000000000003-0000000000002",
                          "db/7/0000000000003-0000000000002.",
                          "db/7/0000000000000.tar",
                          "db/7/3w5e11264sgsg.tar",
                          ".db/7/0000000000001.tar",
                          "db/7/0000000000001.tar/",
                          "db/7/0000000000001.e1.tar",
                          "db/7/0000000000001.e0.tar",
                          "db/7/0000000000001.e02.tar",
                          "db/7/0000000000001.e.tar",
                          "db/7/0000000000001.e2",
                          "db/7/0000000000001.e2.e3.tar",
                          "db/7/0000000000001.tar.e2",
                          "db/7/0000000000001.e18446744073709551616.tar",
                          "db/7/0000000000001.tar.age.zst",
                          "db/7/0000000000001.tar.gz",
                          "db/7/0000000000001.tar.zst.zst",
                          "db/7/0000000000001-0000000000001.gap.zst",
                          "db/7/0000000000001.epoch",
                          "db/epoch/0000000000000.epoch",
                          "db/epoch/000000000001.epoch",
                          "db/epoch/0000000000001.tar",
                          "db/epoch/0000000000001-0000000000001.epoch",
                          "db/epoch/0000000000001.epoch/",
                          ".db/epoch/0000000000001.epoch",
                          "/epoch/0000000000001.epoch",
                          "epoch/0000000000001.epoch"}) {
    EXPECT_FALSE(parse_object_key(key)) << key;
  }
}

TEST(ObjectKey, RecordsAreNamedLikeBatches) {
  EXPECT_EQ(object_key("db", 7, {4, 9}, ObjectKind::kAccepted), "db/7/0000000000009-0000000000004.accepted");
  EXPECT_EQ(object_key("db", 7, {1, 9}, ObjectKind::kPruned), "db/7/0000000000009-0000000000001.pruned");
  EXPECT_EQ(object_key("db", 7, {1, 1}, ObjectKind::kOrigin), "db/7/0000000000001-0000000000001.origin");
}

TEST(ObjectKey, AFolderIsToldWhateverTheName) {
  for (const char* name : {"", "README", "sub/0000000000001.tar", "0000000000001.tar"}) {
    const std::string key = "db/7/" + std::string(name);
    const auto folder = parse_folder(key);
    ASSERT_TRUE(folder) << name;
    EXPECT_EQ(folder->storage, "db");
    EXPECT_EQ(folder->partition, 7u);
    EXPECT_EQ(folder->name, name);
  }
  for (const char* key : {"", "db", "db/7", "db/07/x", "db/x/y", ".db/7/x", "/7/x", "db//x"}) {
    EXPECT_FALSE(parse_folder(key)) << key;
  }
}

TEST(ObjectKey, ByteOrderIsTheOrderOfTheLastLsn) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto any_range = [&] {
      const Lsn last = std::max<Lsn>(random() >> (random() % 64), 1);
      return Range{last - (random() % std::min<Lsn>(last, 50)), last};
    };
    const Range a = any_range();
    const Range b = any_range();
    const auto kind = random() % 2 ? ObjectKind::kArchive : ObjectKind::kGap;
    const std::string key_a = object_key("s", 1, a, kind);
    const std::string key_b = object_key("s", 1, b, ObjectKind::kArchive);
    if (a.last != b.last) {
      ASSERT_EQ(key_a < key_b, a.last < b.last) << key_a << ' ' << key_b;
    }
    // A listing that starts after an LSN's text holds exactly the objects that reach it.
    ASSERT_EQ(key_a > partition_prefix("s", 1) + lsn_text(b.last), a.last >= b.last);
  }
}

}  // namespace
}  // namespace tidemark
