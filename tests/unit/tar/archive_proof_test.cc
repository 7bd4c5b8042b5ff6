// Coded archives that are right, and those that are not: what they hold, how much comes out, and whose they
// are.
#include "tar/archive_proof.h"

#include <gtest/gtest.h>

#include "codec/coded_object.h"
#include "format/lsn.h"
#include "raw_tar.h"

namespace tidemark::tar {
namespace {

constexpr Coding kCoded[] = {Coding::kZstd, Coding::kAge, Coding::kZstdAge};

class ArchiveProofTest : public testing::Test {
 protected:
  static ParsedKey key_of(Coding coding) { return {"db", 7, {{3, 4}, ObjectKind::kArchive, 1, coding}}; }
  static std::string tar_of(size_t size) {
    test::RawTar tar;
    for (const Lsn lsn : {3, 4}) {
      const auto name = lsn_text(lsn);
      tar.member('0', {name.data(), name.size()}, std::string(size, static_cast<char>('a' + lsn)));
    }
    const std::string object = tar.object({3, 4});
    return object.substr(0, object.size() - kFooterSize);
  }

  // Pushed in pieces; how many bytes of files came out is in given_.
  Result<Footer> prove(const ParsedKey& key, const std::string& object, const codec::Keys& keys,
                       bool visits = true, ArchiveProof::AskFooter ask = {}) {
    class Counter final : public ContentVisitor {
     public:
      explicit Counter(uint64_t& given) : given_(given) {}
      Status file_bytes(std::span<const uint8_t> bytes) override {
        given_ += bytes.size();
        return {};
      }

     private:
      uint64_t& given_;
    };
    given_ = 0;
    Counter counter(given_);
    ArchiveProof proof(key, keys, visits ? &counter : nullptr, std::move(ask));
    for (size_t at = 0; at < object.size(); at += 10'000) {
      const std::string_view piece = std::string_view(object).substr(at, 10'000);
      TM_TRY(proof.push({reinterpret_cast<const uint8_t*>(piece.data()), piece.size()}));
    }
    auto footer = proof.finish();
    if (footer && visits) plain_bytes_ = proof.plain_bytes();
    return footer;
  }
  void expect_corrupt(const ParsedKey& key, const std::string& object, const std::string& part) {
    expect_corrupt(key, object, keys_, part);
  }
  void expect_corrupt(const ParsedKey& key, const std::string& object, const codec::Keys& keys,
                      const std::string& part) {
    const auto footer = prove(key, object, keys);
    ASSERT_FALSE(footer) << part;
    EXPECT_EQ(footer.error().status, TIDEMARK_E_CORRUPT) << footer.error().message;
    EXPECT_NE(footer.error().message.find(part), std::string::npos) << part << ": " << footer.error().message;
  }

  const codec::Keys keys_ = test::keys_of(test::kIdentity, test::kTagKey, true);
  uint64_t given_ = 0;
  uint64_t plain_bytes_ = 0;
};

TEST_F(ArchiveProofTest, WhatIsCodedIsDecoded) {
  for (const Coding coding : kCoded) {
    const std::string tar = tar_of(700'000);
    const std::string object = test::coded_object(key_of(coding), tar);
    const auto footer = prove(key_of(coding), object, keys_);
    ASSERT_TRUE(footer) << footer.error().message;
    EXPECT_EQ(given_, 1'400'000U);
    EXPECT_EQ(plain_bytes_, tar.size());
    // As it is stored without any key.
    EXPECT_TRUE(prove(key_of(coding), object, codec::no_keys(), false));
    EXPECT_EQ(given_, 0U);
  }
}

TEST_F(ArchiveProofTest, EveryCutAndChangeIsDamage) {
  const std::string tar = tar_of(10);
  for (const Coding coding : kCoded) {
    const std::string good = test::coded_object(key_of(coding), tar);
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      const auto changed = prove(key_of(coding), bad, keys_);
      // Of the padding of the footer a zero byte is damage too; and what no identity decrypts any more is
      // damaged, not somebody else's.
      ASSERT_FALSE(changed) << at;
      EXPECT_EQ(changed.error().status, TIDEMARK_E_CORRUPT) << at << ": " << changed.error().message;
      const auto cut = prove(key_of(coding), good.substr(0, at), keys_);
      ASSERT_FALSE(cut) << at;
      EXPECT_EQ(cut.error().status, TIDEMARK_E_CORRUPT) << at << ": " << cut.error().message;
    }
  }
}

// By somebody who makes digest and footer fit.
TEST_F(ArchiveProofTest, AFooterThatPromisesOtherContent) {
  const ParsedKey key = key_of(Coding::kZstd);
  const std::string object = test::coded_object(key, tar_of(1000));
  Footer footer = test::footer_of(object);
  footer.content->size_bytes += 1;
  expect_corrupt(key, test::with_footer(object, footer), "and 4097 are expected");
  footer.content->size_bytes -= 513;
  expect_corrupt(key, test::with_footer(object, footer), "");
  footer = test::footer_of(object);
  footer.content->sha256[0] ^= 1;
  expect_corrupt(key, test::with_footer(object, footer), "what it holds is not what its footer says");
}

TEST_F(ArchiveProofTest, ABombCostsNothing) {
  const ParsedKey key = key_of(Coding::kZstd);
  const std::string bomb = test::coded_object(key, tar_of(16 << 20));
  EXPECT_LT(bomb.size(), 100'000U);
  Footer footer = test::footer_of(bomb);
  footer.content->size_bytes = 4096;
  expect_corrupt(key, test::with_footer(bomb, footer), "");
  EXPECT_EQ(given_, 0U);
}

TEST_F(ArchiveProofTest, OfALargeOneTheFooterIsAskedForFirst) {
  const ParsedKey key = key_of(Coding::kZstd);
  std::string tar = tar_of(0);
  test::RawTar large;
  for (const Lsn lsn : {3, 4}) {
    const auto name = lsn_text(lsn);
    large.member('0', {name.data(), name.size()}, test::random_text(400'000, static_cast<unsigned>(lsn)));
  }
  tar = large.object({3, 4});
  tar.resize(tar.size() - kFooterSize);
  const std::string object = test::coded_object(key, tar);
  int asked = 0;
  const auto ask = [&]() -> Result<Footer> {
    ++asked;
    return test::footer_of(object);
  };
  EXPECT_TRUE(prove(key, object, keys_, true, ask));
  EXPECT_EQ(asked, 1);
  const auto fails = []() -> Result<Footer> { return fail(TIDEMARK_E_THROTTLED, "slow down"); };
  EXPECT_EQ(prove(key, object, keys_, true, fails).error().status, TIDEMARK_E_THROTTLED);
  // A footer that is another's when it is asked for is still not believed.
  const auto lies = [&]() -> Result<Footer> {
    Footer footer = test::footer_of(object);
    footer.content->size_bytes *= 2;
    return footer;
  };
  EXPECT_EQ(prove(key, object, keys_, true, lies).error().status, TIDEMARK_E_CORRUPT);
  const std::string small = test::coded_object(key, tar_of(10));
  EXPECT_TRUE(prove(key, small, keys_, true, fails));
}

TEST_F(ArchiveProofTest, FramesThatHoldNoArchive) {
  for (const Coding coding : kCoded) {
    const std::string object = test::coded_object(key_of(coding), std::string(2048, 'x'));
    expect_corrupt(key_of(coding), object, "");
  }
}

TEST_F(ArchiveProofTest, WhoWroteIt) {
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const ParsedKey key = key_of(coding);
    const std::string tar = tar_of(100);
    // Of somebody who has the recipient only: the tag is drawn by chance under our key's name.
    const std::string good = test::coded_object(key, tar);
    Footer footer = test::footer_of(good);
    footer.tag->digest[5] ^= 1;
    const std::string forged = test::with_footer(good, footer);
    expect_corrupt(key, forged, "whoever wrote it does not have the tag key");
    // Without a tag key nobody looks.
    EXPECT_TRUE(prove(key, forged, test::keys_of(test::kIdentity, "")));
    // Copied from another name.
    ParsedKey other = key;
    other.name.range = {3, 4};
    other.partition = 8;
    footer = test::footer_of(good);
    footer.partition = 8;
    expect_corrupt(other, test::with_footer(good, footer), "whoever wrote it does not have the tag key");
    const auto rotated = prove(key, test::coded_object(key, tar, 1, test::kOtherTagKey), keys_);
    ASSERT_FALSE(rotated);
    EXPECT_EQ(rotated.error().status, TIDEMARK_E_SEALED);
    EXPECT_NE(rotated.error().message.find("its tag was made with the tag key"), std::string::npos);
    const auto sealed = prove(key, good, test::keys_of(test::kOtherIdentity, ""));
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().status, TIDEMARK_E_SEALED) << sealed.error().message;
    EXPECT_EQ(given_, 0U);
    // Undamaged as far as its digest says, which somebody may have made fit.
    std::string other_header = good;
    const size_t wrapped = other_header.find('\n', other_header.find("-> X25519 ")) + 5;
    other_header[wrapped] = other_header[wrapped] == 'A' ? 'B' : 'A';
    const auto changed = prove(key, test::with_footer(other_header, test::footer_of(good)), keys_);
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().status, TIDEMARK_E_SEALED);
    EXPECT_NE(changed.error().message.find("it is for others, or somebody changed its header"),
              std::string::npos)
        << changed.error().message;
  }
}

// Whoever can write to the store can put a plain archive, or a compressed one, in the place of an encrypted
// one.
TEST_F(ArchiveProofTest, WhatBearsNoTag) {
  const codec::Keys tag_only = test::keys_of("", test::kTagKey);
  const codec::Keys strict = test::keys_of(test::kIdentity, test::kTagKey);
  for (const Coding coding : {Coding::kNone, Coding::kZstd}) {
    const ParsedKey key = key_of(coding);
    const std::string tar = tar_of(100'000);
    const std::string object = test::coded_object(key, tar);
    expect_corrupt(key, object, strict, "it bears no tag");
    EXPECT_EQ(given_, 0U);
    EXPECT_FALSE(prove(key, object, tag_only));
    // Nor where only what is stored is proven.
    EXPECT_FALSE(prove(key, object, strict, false));
    EXPECT_FALSE(prove(key, object, tag_only, false));
    // Its own damage says more.
    std::string damaged = object;
    damaged[30] = static_cast<char>(damaged[30] ^ 1);
    expect_corrupt(key, damaged, strict, "the object is damaged");
    EXPECT_TRUE(prove(key, object, keys_));
    EXPECT_EQ(given_, 200'000U);
    EXPECT_TRUE(prove(key, object, keys_, false));
    EXPECT_TRUE(prove(key, object, test::keys_of(test::kIdentity, "")));
  }
  // That plain ones are taken does not mean that a tag may be anybody's.
  const ParsedKey key = key_of(Coding::kAge);
  const std::string good = test::coded_object(key, tar_of(100));
  Footer footer = test::footer_of(good);
  footer.tag->digest[5] ^= 1;
  EXPECT_TRUE(prove(key, good, keys_));
  EXPECT_FALSE(prove(key, test::with_footer(good, footer), keys_));
}

}  // namespace
}  // namespace tidemark::tar
