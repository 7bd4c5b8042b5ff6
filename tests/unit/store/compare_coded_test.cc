// What is compressed or encrypted, in whatever way, is compared by what it holds; and read by all that reads.
#include <filesystem>

#include "codec/coded_object.h"
#include "store/compare.h"
#include "store/copy.h"
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

constexpr Coding kCoded[] = {Coding::kZstd, Coding::kAge, Coding::kZstdAge};
constexpr Depth kDepths[] = {Depth::kFooter, Depth::kFull};

class CompareCodedTest : public MaintenanceTest {
 protected:
  static std::string plain_tar(Range range) {
    const std::string object = tar_of(range).object(range);
    return object.substr(0, object.size() - kFooterSize);
  }
  std::string add_coded(Coding coding, Range range, int level = 1, std::string_view tag_key = test::kTagKey) {
    const ParsedKey key{"db", 7, {range, ObjectKind::kArchive, 1, coding}};
    const std::string name = object_key("db", 7, key.name);
    fake_.objects[name] = test::coded_object(key, plain_tar(range), level, tag_key);
    return name;
  }
  ArchiveContent content_of(Range range) {
    const std::string tar = plain_tar(range);
    Sha256 sha;
    sha.update(tar.data(), tar.size());
    return {tar.size() + kFooterSize, *sha.finish()};
  }
  Result<Compared> compare(const std::string& key, Range here, const codec::Keys& keys, Depth depth) {
    return compare_archive(fake_.sink(), key, fake_.objects[key].size(), content_of(here), keys, depth,
                           &read_bytes_, nullptr);
  }

  const codec::Keys tag_ = test::keys_of("", test::kTagKey);
  const codec::Keys all_ = test::keys_of(test::kIdentity, test::kTagKey);
  const codec::Keys mixed_ = test::keys_of(test::kIdentity, test::kTagKey, true);
  uint64_t read_bytes_ = 0;
};

TEST_F(CompareCodedTest, EqualAcrossLevelsAndAttempts) {
  for (const Coding coding : kCoded) {
    for (const int level : {1, 2, 3}) {
      const std::string key = add_coded(coding, {3, 5}, level);
      for (const Depth depth : kDepths) {
        for (const codec::Keys* const keys : {&tag_, &all_}) {
          read_bytes_ = 0;
          const auto same = compare(key, {3, 5}, *keys, depth);
          EXPECT_TRUE(same) << same.error().message;
          EXPECT_EQ(read_bytes_, depth == Depth::kFull ? fake_.objects[key].size() : kFooterSize);
        }
      }
    }
  }
}

TEST_F(CompareCodedTest, OtherContentIsAConflict) {
  for (const Coding coding : kCoded) {
    const std::string key = add_coded(coding, {3, 5});
    for (const Depth depth : kDepths) {
      ArchiveContent other = content_of({3, 5});
      other.sha256[0] ^= 1;
      const auto differs = compare_archive(fake_.sink(), key, fake_.objects[key].size(), other, tag_, depth,
                                           &read_bytes_, nullptr);
      expect_error(differs, TIDEMARK_E_EXISTS, key + " holds other content");
    }
  }
}

TEST_F(CompareCodedTest, WhatIsDamagedIsNoConflict) {
  for (const Coding coding : kCoded) {
    const std::string key = add_coded(coding, {3, 5});
    fake_.objects[key][20] ^= 1;
    expect_error(compare(key, {3, 5}, tag_, Depth::kFull), TIDEMARK_E_CORRUPT,
                 key + ": the object is damaged");
    // Different as its footer says, which may be the damage: all of it is read.
    expect_error(compare(key, {3, 6}, tag_, Depth::kFooter), TIDEMARK_E_CORRUPT,
                 key + ": the object is damaged");
  }
}

TEST_F(CompareCodedTest, AnotherTagKeyIsNoConflict) {
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const std::string key = add_coded(coding, {3, 5}, 1, test::kOtherTagKey);
    for (const Depth depth : kDepths) {
      expect_error(compare(key, {3, 5}, tag_, depth), TIDEMARK_E_SEALED,
                   key + ": its tag was made with the tag key");
      // Whoever can decrypt it knows.
      EXPECT_TRUE(compare(key, {3, 5}, all_, depth));
      ArchiveContent other = content_of({3, 5});
      other.sha256[0] ^= 1;
      expect_error(compare_archive(fake_.sink(), key, fake_.objects[key].size(), other, all_, depth,
                                   &read_bytes_, nullptr),
                   TIDEMARK_E_EXISTS, key + " holds other content");
    }
  }
}

// Else its own keys would refuse what counts as archived.
TEST_F(CompareCodedTest, WhatIsRightUnderAWrongTagIsDamaged) {
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const std::string key = add_coded(coding, {3, 5});
    Footer footer = test::footer_of(fake_.objects[key]);
    footer.tag->digest[0] ^= 1;
    fake_.objects[key] = test::with_footer(fake_.objects[key], footer);
    for (const Depth depth : kDepths) {
      expect_error(compare(key, {3, 5}, all_, depth), TIDEMARK_E_CORRUPT, key + ": the object is damaged");
    }
  }
}

// Rotated recipients, or another's archive: the tag decides as if there were no identity.
TEST_F(CompareCodedTest, AnIdentityThatDoesNotFitIsAsGoodAsNone) {
  const codec::Keys unfit = test::keys_of(test::kOtherIdentity, test::kTagKey);
  const codec::Keys other_tag = test::keys_of(test::kOtherIdentity, test::kOtherTagKey);
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const std::string key = add_coded(coding, {3, 5});
    for (const Depth depth : kDepths) {
      const auto same = compare(key, {3, 5}, unfit, depth);
      ASSERT_TRUE(same) << same.error().message;
      EXPECT_EQ(*same, Compared::kTag);
      expect_error(compare(key, {3, 6}, unfit, depth), TIDEMARK_E_EXISTS, key + " holds other content");
      expect_error(compare(key, {3, 5}, other_tag, depth), TIDEMARK_E_SEALED, "not at hand");
      expect_error(compare(key, {3, 5}, other_tag, depth), TIDEMARK_E_SEALED,
                   "no identity that is given decrypts it");
    }
    fake_.objects[key][fake_.objects[key].size() - kFooterSize - 1] ^= 1;
    expect_error(compare(key, {3, 5}, unfit, Depth::kFull), TIDEMARK_E_CORRUPT,
                 key + ": the object is damaged");
  }
}

TEST_F(CompareCodedTest, EntriesOneByOne) {
  const auto plain = digest_entries(fake_.sink(), add({3, 5}), {3, 5}, all_, &read_bytes_, nullptr);
  ASSERT_TRUE(plain);
  for (const Coding coding : kCoded) {
    const std::string key = add_coded(coding, {3, 5});
    const auto digests = digest_entries(fake_.sink(), key, {3, 5}, all_, &read_bytes_, nullptr);
    ASSERT_TRUE(digests) << digests.error().message;
    EXPECT_EQ(*digests, *plain);
    if (!encrypts(coding)) continue;
    expect_error(digest_entries(fake_.sink(), key, {3, 5}, tag_, &read_bytes_, nullptr), TIDEMARK_E_SEALED,
                 key + ": it is encrypted, and no identity");
  }
}

TEST_F(CompareCodedTest, ReadByAllThatReads) {
  for (const Coding coding : kCoded) {
    const std::string key = add_coded(coding, {3, 5});
    const std::string out = dir_ / ("out" + std::string(coding_suffix(coding)));
    std::filesystem::create_directory(out);
    // Proven as it is stored without a key; decoded with one.
    EXPECT_TRUE(check(fake_.sink(), {key}, {}, nullptr));
    EXPECT_TRUE(check(fake_.sink(), {key, true, {}, mixed_}, {}, nullptr));
    EXPECT_TRUE(prove_archive(fake_.sink(), key, Depth::kFull, &read_bytes_, nullptr));
    std::vector<uint64_t> sizes;
    const auto visit = [&](const CheckedEntry& entry) {
      sizes.push_back(entry.size_bytes);
      return true;
    };
    EXPECT_TRUE(check(fake_.sink(), {key, false, {}, mixed_}, visit, nullptr));
    EXPECT_EQ(sizes, (std::vector<uint64_t>{1024, 1024, 1024}));
    EXPECT_TRUE(unpack(fake_.sink(), {key, {3, 4}, out, true, {}, false, false, mixed_}, nullptr));
    EXPECT_EQ(test::read_file(out + "/" + lsn_string(4)), "entry 4");
    EXPECT_TRUE(restore(fake_.sink(), Chain(), {"db", 7, 5, out, 100, mixed_}, nullptr));
    EXPECT_EQ(test::read_file(out + "/" + lsn_string(5)), "entry 5");
    int same = 0;
    const auto compared = [&](const ComparedEntry& entry) {
      same += entry.verdict == tar::TreeComparer::Verdict::kSame ? 1 : 0;
      return true;
    };
    EXPECT_TRUE(
        compare_tree(fake_.sink(), {key, {3, 5}, out, false, {}, nullptr, mixed_}, compared, nullptr));
    EXPECT_EQ(same, 3);
    std::string plain;
    const tidemark_writer writer = {&plain, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                      static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                             size);
                                      return TIDEMARK_OK;
                                    }};
    EXPECT_TRUE(fetch_plain(fake_.sink(), key, mixed_, writer, nullptr));
    EXPECT_EQ(plain, plain_tar({3, 5}));
    if (encrypts(coding)) {
      expect_error(check(fake_.sink(), {key, true}, {}, nullptr), TIDEMARK_E_SEALED,
                   key + ": it is encrypted, and no identity");
      expect_error(unpack(fake_.sink(), {key, {3, 4}, out, true, {}}, nullptr), TIDEMARK_E_SEALED, key);
    }
    fake_.objects.clear();
  }
}

// A tag key in the reader's hand, and a plain archive in the place of an encrypted one.
TEST_F(CompareCodedTest, WhatBearsNoTagIsReadByNobody) {
  const std::string out = dir_ / "out";
  std::filesystem::create_directory(out);
  std::string got;
  const tidemark_writer writer = {&got, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                    static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                           size);
                                    return TIDEMARK_OK;
                                  }};
  const auto see = [](const auto&) { return true; };
  for (const Coding coding : {Coding::kNone, Coding::kZstd}) {
    const std::string key = add_coded(coding, {3, 5});
    const std::string why = key + ": it is not encrypted, so it bears no tag";
    for (const codec::Keys* const keys : {&tag_, &all_}) {
      const auto refused = [&](const auto& status) { expect_error(status, TIDEMARK_E_CORRUPT, why); };
      refused(check(fake_.sink(), {key, false, {}, *keys}, {}, nullptr));
      refused(check(fake_.sink(), {key, true, {}, *keys}, {}, nullptr));
      refused(check(fake_.sink(), {key, false, {}, *keys}, see, nullptr));
      refused(unpack(fake_.sink(), {key, {3, 4}, out, true, {}, false, false, *keys}, nullptr));
      refused(restore(fake_.sink(), Chain(), {"db", 7, 5, out, 100, *keys}, nullptr));
      refused(compare_tree(fake_.sink(), {key, {3, 5}, out, false, {}, nullptr, *keys}, see, nullptr));
      refused(fetch(fake_.sink(), key, *keys, writer, nullptr));
      refused(fetch_plain(fake_.sink(), key, *keys, writer, nullptr));
    }
    EXPECT_EQ(got, "");
    EXPECT_TRUE(std::filesystem::is_empty(out));
    // The host's own entries are the proof.
    EXPECT_TRUE(compare(key, {3, 5}, all_, Depth::kFull));
    EXPECT_TRUE(digest_entries(fake_.sink(), key, {3, 5}, all_, &read_bytes_, nullptr));
    fake_.objects.clear();
  }
  // Where the encrypted one is still there too, it serves.
  add_coded(Coding::kNone, {3, 5});
  const std::string sealed = add_coded(Coding::kZstdAge, {3, 5});
  const auto restored = restore(fake_.sink(), Chain(), {"db", 7, 5, out, 100, all_}, nullptr);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->key, sealed);
  EXPECT_EQ(restored->damaged.size(), 1U);
}

TEST_F(CompareCodedTest, OneThatNeedsNoIdentityServesFirst) {
  const std::string sealed = add_coded(Coding::kAge, {3, 5});
  const std::string plain = add({2, 5});
  const auto restored = restore(fake_.sink(), Chain(), {"db", 7, 4, dir_.path().string(), 1 << 20}, nullptr);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->key, plain);
}

}  // namespace
}  // namespace tidemark::store
