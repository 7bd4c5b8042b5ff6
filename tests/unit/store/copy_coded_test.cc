// Copying what is compressed or encrypted, and encoding anew: from each coding to each other one.
#include <map>
#include <tuple>

#include "codec/coded_object.h"
#include "instrumented.h"
#include "store/copy.h"
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

constexpr Coding kAll[] = {Coding::kNone, Coding::kZstd, Coding::kAge, Coding::kZstdAge};
constexpr int64_t kMadeUs = 1'600'000'000'123'456;

class CopyCodedTest : public MaintenanceTest {
 protected:
  static std::string name_of(Range range, Coding coding, uint64_t epoch = 1) {
    return object_key("db", 7, {range, ObjectKind::kArchive, epoch, coding});
  }
  static std::string plain_of(Range range) {
    const std::string object = tar_of(range).object(range);
    return object.substr(0, object.size() - kFooterSize);
  }
  // That is hard to compress, or easy.
  static std::string large_tar(size_t size_bytes, bool is_easy = false) {
    std::string body(size_bytes, 'x');
    uint64_t state = 1;
    for (size_t i = 0; !is_easy && i < body.size(); ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      body[i] = static_cast<char>(state >> 56);
    }
    test::RawTar tar;
    tar.member('0', lsn_string(9), body);
    const std::string object = tar.object({9, 9});
    return object.substr(0, object.size() - kFooterSize);
  }
  static std::string object_of(const std::string& tar, Range range, Coding coding, uint64_t epoch = 1,
                               std::string_view tag_key = test::kTagKey) {
    const ParsedKey key{"db", 7, {range, ObjectKind::kArchive, epoch, coding}};
    const std::string object = test::coded_object(key, tar, 1, tag_key);
    Footer footer = test::footer_of(object);
    footer.made_us = kMadeUs;
    return test::with_footer(object, footer);
  }
  std::string put(test::FakeSink& sink, const std::string& tar, Range range, Coding coding,
                  uint64_t epoch = 1, std::string_view tag_key = test::kTagKey) {
    const std::string key = name_of(range, coding, epoch);
    sink.objects[key] = object_of(tar, range, coding, epoch, tag_key);
    return key;
  }
  static codec::Encoding encoding_of(Coding coding) {
    codec::Encoding encoding;
    encoding.coding = coding;
    if (encrypts(coding)) encoding.recipients = test::recipients(test::kIdentity);
    return encoding;
  }
  Result<Copied> copy(const std::string& key, Coding wanted, const codec::Keys& keys,
                      uint64_t buffer_bytes = 8 * kMiB, bool keeps_compression = false) {
    const codec::Encoding encoding = encoding_of(wanted);
    read_bytes_ = 0;
    const Copying what = {key,
                          fake_.objects[key].size(),
                          buffer_bytes,
                          false,
                          [this](uint64_t bytes) { read_bytes_ = bytes; },
                          {},
                          Encoding{encoding, keeps_compression},
                          keys,
                          keys};
    return copy_as(what);
  }
  Result<Copied> copy_as(const Copying& what) {
    TM_ASSIGN(const CopyResult result, copy_object(fake_.sink(), to_.sink(), what, &failed_, nullptr));
    compared_ = result.compared;
    return result.copied;
  }
  Status compare(const std::string& key, const std::string& to_key, const codec::Keys& keys,
                 bool whole = false) {
    const Copying what = {key, fake_.objects[key].size(), kMiB, whole, {}, to_key, {}, keys, keys};
    TM_ASSIGN(compared_, compare_copies(fake_.sink(), to_.sink(), what, &failed_, nullptr));
    return {};
  }
  // The tar of what lies at the destination, by what reads archives there.
  std::string tar_there(const std::string& key) {
    std::string tar;
    const tidemark_writer out = {&tar, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                   static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                          size);
                                   return TIDEMARK_OK;
                                 }};
    const Status fetched = fetch_plain(to_.sink(), key, all_, out, nullptr);
    EXPECT_TRUE(fetched) << fetched.error().message;
    return tar;
  }
  void expect_failed(const Result<Copied>& result, CopySide side, tidemark_status code,
                     const std::string& part) {
    expect_error(result, code, part);
    EXPECT_EQ(failed_, side);
  }

  test::FakeSink to_;
  CopySide failed_ = CopySide::kNone;
  Compared compared_ = Compared::kNothing;
  uint64_t read_bytes_ = 0;
  const codec::Keys none_{};
  const codec::Keys tag_ = test::keys_of("", test::kTagKey, true);
  const codec::Keys identity_ = test::keys_of(test::kIdentity, "");
  const codec::Keys all_ = test::keys_of(test::kIdentity, test::kTagKey, true);
};

TEST_F(CopyCodedTest, FromEachCodingToEach) {
  const std::string tar = plain_of({3, 5});
  for (const uint64_t epoch : {1, 6}) {
    for (const Coding from : kAll) {
      for (const Coding wanted : kAll) {
        to_.objects.clear();
        const std::string key = put(fake_, tar, {3, 5}, from, epoch);
        const std::string there = name_of({3, 5}, wanted, epoch);
        const auto copied = copy(key, wanted, all_);
        ASSERT_TRUE(copied) << copied.error().message;
        const bool stays = from == Coding::kNone && wanted == Coding::kNone;
        EXPECT_EQ(*copied, stays ? Copied::kCopied : Copied::kEncoded) << key << there;
        EXPECT_EQ(read_bytes_, fake_.objects[key].size());
        ASSERT_EQ(to_.objects.size(), 1u);
        EXPECT_EQ(tar_there(there), tar);
        const Footer footer = test::footer_of(to_.objects[there]);
        EXPECT_EQ(footer.made_us, kMadeUs);
        EXPECT_EQ(std::tuple(footer.range.first, footer.range.last, footer.epoch), std::tuple(3u, 5u, epoch));
        // An answer that was lost, or a run that was killed: it is recognized.
        const std::string before = to_.objects[there];
        const auto again = copy(key, wanted, all_);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(*again, Copied::kThere);
        EXPECT_EQ(compared_, Compared::kBodies) << "all_ decrypts it";
        EXPECT_EQ(to_.objects, (std::map<std::string, std::string>{{there, before}}));
        for (const bool whole : {false, true}) {
          const Status same = compare(key, there, all_, whole);
          EXPECT_TRUE(same) << same.error().message;
        }
        EXPECT_TRUE(to_.proved.contains(there));
      }
    }
  }
}

TEST_F(CopyCodedTest, WhatIsCompressedMayStayAsItIs) {
  const std::string tar = plain_of({3, 3});
  const std::string zst = put(fake_, tar, {3, 3}, Coding::kZstd);
  EXPECT_EQ(*copy(zst, Coding::kZstd, none_, kMiB, true), Copied::kCopied);
  EXPECT_EQ(to_.objects[zst], fake_.objects[zst]);
  to_.objects.clear();
  const std::string plain = put(fake_, tar, {3, 3}, Coding::kNone);
  EXPECT_EQ(*copy(plain, Coding::kZstd, none_, kMiB, true), Copied::kCopied);
  EXPECT_EQ(*copy(plain, Coding::kZstdAge, tag_, kMiB, true), Copied::kEncoded);
  EXPECT_EQ(tar_there(name_of({3, 3}, Coding::kAge)), tar);
  const std::string both = put(fake_, tar, {3, 3}, Coding::kZstdAge);
  EXPECT_EQ(*copy(both, Coding::kZstd, all_, kMiB, true), Copied::kEncoded);
  EXPECT_EQ(tar_there(zst), tar);
}

// Of records nothing is encoded.
TEST_F(CopyCodedTest, RecordsAreCopiedAsTheyAre) {
  for (const std::string& key : {add({7, 8}, ObjectKind::kGap), add({1, 2}, ObjectKind::kPruned)}) {
    EXPECT_EQ(*copy(key, Coding::kZstdAge, tag_), Copied::kCopied);
    EXPECT_EQ(to_.objects[key], fake_.objects[key]);
  }
}

// With less memory than the tar takes, or than what becomes of it; asked for in no order.
TEST_F(CopyCodedTest, OneThatDoesNotFitIsReadAgain) {
  for (const bool is_easy : {false, true}) {
    const std::string tar = large_tar(9 * kMiB, is_easy);
    for (const Coding from : kAll) {
      if (test::kIsInstrumented && from != Coding::kZstd) continue;
      for (const Coding wanted : {Coding::kNone, Coding::kZstd, Coding::kZstdAge}) {
        if (from == wanted) continue;
        fake_.objects.clear();
        to_.objects.clear();
        to_.read_back_and_forth = true;
        fake_.chunk_bytes = 300'000;
        const std::string key = put(fake_, tar, {9, 9}, from);
        const std::string there = name_of({9, 9}, wanted);
        fake_.gets = 0;
        const auto copied = copy(key, wanted, all_, is_easy ? 16 * kMiB : 4 * kMiB);
        ASSERT_TRUE(copied) << copied.error().message;
        EXPECT_GE(fake_.gets, 2) << "it did not fit";
        to_.read_back_and_forth = false;
        EXPECT_TRUE(tar_there(there) == tar);
      }
    }
  }
}

TEST_F(CopyCodedTest, DigestsAreThereBeforeTheFirstByteIfTheDestinationAsks) {
  to_.set_capabilities(TIDEMARK_CAPABILITY_WANTS_SHA256 | TIDEMARK_CAPABILITY_WANTS_CRC32C);
  const std::string large = put(fake_, large_tar(9 * kMiB), {9, 9}, Coding::kNone);
  const std::string small = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kZstdAge);
  for (const Coding wanted : {Coding::kZstd, Coding::kAge}) {
    ASSERT_TRUE(copy(large, wanted, all_, 2 * kMiB));  // the fake checks them
    ASSERT_TRUE(copy(small, wanted, all_, 2 * kMiB));
  }
}

TEST_F(CopyCodedTest, NothingOfADamagedOneBecomesVisible) {
  for (const Coding from : kAll) {
    for (const bool is_large : {false, true}) {
      const Range range = is_large ? Range{9, 9} : Range{3, 5};
      const std::string key = put(fake_, is_large ? large_tar(5 * kMiB) : plain_of(range), range, from);
      const std::string whole = fake_.objects[key];
      std::vector<std::string> damaged = {whole.substr(0, whole.size() - 512), whole + std::string(512, '\0'),
                                          std::string(600, 'x')};
      for (const size_t at : {whole.size() / 2, whole.size() - 513}) {
        damaged.push_back(whole);
        damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 1);
      }
      for (const std::string& bytes : damaged) {
        fake_.objects[key] = bytes;
        expect_failed(copy(key, Coding::kZstdAge, all_, 2 * kMiB), CopySide::kSource, TIDEMARK_E_CORRUPT,
                      key);
        EXPECT_EQ(to_.objects.size(), 0u);
      }
      fake_.objects.erase(key);
    }
  }
}

// The stored bytes are right by their footer, and somebody else wrote them.
TEST_F(CopyCodedTest, AForgedOneIsNotPassedOn) {
  const std::string key = put(fake_, plain_of({3, 5}), {3, 5}, Coding::kAge);
  Footer footer = test::footer_of(fake_.objects[key]);
  footer.tag->digest[0] ^= 1;
  fake_.objects[key] = test::with_footer(fake_.objects[key], footer);
  expect_failed(copy(key, Coding::kZstdAge, all_), CopySide::kSource, TIDEMARK_E_CORRUPT, "tag");
  EXPECT_EQ(to_.objects.size(), 0u);
  // As it is stored too, by who gives all keys; whatever fits the buffer.
  const uint64_t size_bytes = fake_.objects[key].size();
  for (const uint64_t buffer_bytes : {size_bytes, size_bytes - 1}) {
    const Copying what = {key, size_bytes, buffer_bytes, false, {}, {}, {}, all_, none_};
    expect_failed(copy_as(what), CopySide::kSource, TIDEMARK_E_CORRUPT, "its tag is not of what it holds");
    EXPECT_EQ(to_.objects.size(), 0u);
  }
  to_.objects[key] = fake_.objects[key];
  const Status same = compare(key, key, all_, true);
  expect_error(same, TIDEMARK_E_CORRUPT, key + ": its tag is not of what it holds");
  EXPECT_EQ(failed_, CopySide::kSource);
}

TEST_F(CopyCodedTest, ReadASecondTimeItIsTheSame) {
  for (const Coding from : kAll) {
    const std::string key = put(fake_, large_tar(9 * kMiB), {9, 9}, from);
    fake_.gets = 0;
    fake_.on_get = [&] {
      if (fake_.gets == 3) fake_.objects[key][4 * kMiB] ^= 1;  // all was proven
    };
    auto copied = copy(key, Coding::kAge, all_, 2 * kMiB);
    expect_failed(copied, CopySide::kSource, TIDEMARK_E_CORRUPT, "a second time");
    EXPECT_EQ(to_.objects.size(), 0u);
    fake_.on_get = {};
    fake_.objects.erase(key);
  }
}

TEST_F(CopyCodedTest, KeysThatAreNotThere) {
  const std::string key = put(fake_, plain_of({3, 5}), {3, 5}, Coding::kZstdAge);
  expect_failed(copy(key, Coding::kZstd, tag_), CopySide::kSource, TIDEMARK_E_SEALED, "no identity");
  const codec::Keys other = test::keys_of(test::kIdentity, test::kOtherTagKey);
  expect_failed(copy(key, Coding::kZstd, other), CopySide::kSource, TIDEMARK_E_SEALED, "tag key");
  EXPECT_EQ(to_.objects.size(), 0u);
  // Both keys, the new one before the old one.
  codec::Keys both = test::keys_of(test::kIdentity, test::kOtherTagKey);
  both.tag_keys.push_back(test::keys_of("", test::kTagKey).tag_keys.front());
  ASSERT_TRUE(copy(key, Coding::kZstdAge, both));
  EXPECT_NE(test::footer_of(to_.objects[key]).tag, test::footer_of(fake_.objects[key]).tag);
  // By the tag alone nobody can tell; by what is decrypted it is the same.
  expect_error(compare(key, key, tag_), TIDEMARK_E_SEALED, "cannot be told");
  EXPECT_TRUE(compare(key, key, all_));
  EXPECT_TRUE(compare(key, key, identity_));
}

// What was put a moment ago by this run, whose answer was lost, or by another one: its recipients are others.
TEST_F(CopyCodedTest, WhatIsThereForOthersIsRecognizedByItsTag) {
  const codec::Keys unfit = test::keys_of(test::kOtherIdentity, test::kTagKey, true);
  for (const Coding from : kAll) {
    const std::string key = put(fake_, plain_of({3, 5}), {3, 5}, from);
    for (const Coding wanted : {Coding::kAge, Coding::kZstdAge}) {
      const std::string there = put(to_, plain_of({3, 5}), {3, 5}, wanted);
      const codec::Encoding encoding = encoding_of(wanted);
      const uint64_t size_bytes = fake_.objects[key].size();
      const auto again = copy_as({key, size_bytes, kMiB, false, {}, {}, Encoding{encoding}, all_, unfit});
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(std::pair(*again, compared_), std::pair(Copied::kThere, Compared::kTag)) << key << there;
      // Read whole with an identity that fits neither side: the tags decide, as without one.
      if (encrypts(from)) {
        EXPECT_TRUE(compare(key, there, unfit, true)) << key << there;
        EXPECT_EQ(compared_, Compared::kTag);
      }
      to_.objects.clear();
    }
    fake_.objects.clear();
  }
}

// It is clear, so it needs no key to be looked at; its footer is right by the tag.
TEST_F(CopyCodedTest, AClearOneBesideATagIsDecodedToo) {
  const std::string sealed = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kZstdAge);
  test::RawTar other_tar;
  other_tar.member('0', lsn_string(3), "another 3");
  const std::string other = other_tar.object({3, 3});
  const std::string there = put(to_, other.substr(0, other.size() - kFooterSize), {3, 3}, Coding::kZstd);
  Footer forged = test::footer_of(to_.objects[there]);
  forged.content = test::footer_of(object_of(plain_of({3, 3}), {3, 3}, Coding::kZstd)).content;
  to_.objects[there] = test::with_footer(to_.objects[there], forged);
  EXPECT_TRUE(compare(sealed, there, tag_));
  EXPECT_EQ(compared_, Compared::kTag);
  expect_error(compare(sealed, there, tag_, true), TIDEMARK_E_CORRUPT,
               there + ": what it holds is not what its footer says");
  EXPECT_EQ(failed_, CopySide::kDestination);
}

// By the name of its tag key, which is as much as can be said without an identity.
TEST_F(CopyCodedTest, WhatNoneOfTheTagKeysHasMadeIsNotCopied) {
  const codec::Keys other = test::keys_of("", test::kOtherTagKey);
  for (const Coding coding : {Coding::kAge, Coding::kZstdAge}) {
    const std::string key = put(fake_, large_tar(5 * kMiB), {9, 9}, coding);
    for (const uint64_t buffer_bytes : {kMiB, 8 * kMiB}) {
      expect_failed(copy_as({key, fake_.objects[key].size(), buffer_bytes, false, {}, {}, {}, other, none_}),
                    CopySide::kSource, TIDEMARK_E_SEALED, key + ": its tag was made with the tag key");
      EXPECT_EQ(to_.objects.size(), 0u);
    }
    to_.objects[key] = fake_.objects[key];
    for (const bool whole : {false, true}) {
      const Status compared = compare(key, key, other, whole);
      expect_error(compared, TIDEMARK_E_SEALED, key + ": its tag was made with the tag key");
      EXPECT_EQ(failed_, CopySide::kSource);
    }
    to_.objects.clear();
    fake_.objects.clear();
  }
}

// Else what somebody else has put there would get our tag.
TEST_F(CopyCodedTest, WhatBearsNoTagIsNotCopied) {
  const codec::Keys strict = test::keys_of(test::kIdentity, test::kTagKey);
  for (const Coding from : {Coding::kNone, Coding::kZstd}) {
    const std::string key = put(fake_, plain_of({3, 5}), {3, 5}, from);
    for (const Coding wanted : kAll) {
      expect_failed(copy(key, wanted, strict), CopySide::kSource, TIDEMARK_E_CORRUPT,
                    key + ": it is not encrypted, so it bears no tag");
    }
    EXPECT_EQ(to_.objects.size(), 0u);
    put(to_, plain_of({3, 5}), {3, 5}, from);
    expect_error(compare(key, key, strict), TIDEMARK_E_CORRUPT, key + ": it is not encrypted");
    EXPECT_EQ(failed_, CopySide::kSource);
    // At the destination it is compared with what is proven.
    const std::string sealed = put(fake_, plain_of({3, 5}), {3, 5}, Coding::kAge);
    EXPECT_TRUE(compare(sealed, key, strict));
    fake_.objects.clear();
    to_.objects.clear();
  }
}

TEST_F(CopyCodedTest, AnotherCodingIsComparedByWhatItHolds) {
  test::RawTar other_tar;
  other_tar.member('0', lsn_string(3), "another 3");
  const std::string other_object = other_tar.object({3, 3});
  const std::string other = other_object.substr(0, other_object.size() - kFooterSize);
  for (const Coding from : kAll) {
    const std::string key = put(fake_, plain_of({3, 3}), {3, 3}, from);
    for (const Coding to : kAll) {
      const std::string there = put(to_, plain_of({3, 3}), {3, 3}, to);
      for (const bool whole : {false, true}) {
        const bool is_sealed = encrypts(from) || encrypts(to);
        const Compared bodies = whole ? Compared::kBodies : Compared::kFooters;
        EXPECT_TRUE(compare(key, there, tag_, whole)) << key << there;
        EXPECT_EQ(compared_, is_sealed ? Compared::kTag : bodies) << key << there;
        EXPECT_TRUE(compare(key, there, all_, whole)) << key << there;
        EXPECT_EQ(compared_, is_sealed && !whole ? Compared::kTag : bodies) << key << there;
        // Without any key: where both have a digest, or a tag.
        const Status blind = compare(key, there, none_, whole);
        if (encrypts(from) == encrypts(to)) {
          EXPECT_TRUE(blind) << key << there;
        } else {
          EXPECT_FALSE(blind) << key << there;
          EXPECT_EQ(blind.error().status, TIDEMARK_E_SEALED) << blind.error().message;
        }
      }
      put(to_, other, {3, 3}, to);
      for (const codec::Keys* const keys : {&tag_, &all_}) {
        for (const bool whole : {false, true}) {
          expect_error(compare(key, there, *keys, whole), TIDEMARK_E_EXISTS, there);
          EXPECT_EQ(failed_, CopySide::kDestination);
        }
      }
      // Its footer says the same, and it is not: found if all is read.
      to_.objects[there] = object_of(plain_of({3, 3}), {3, 3}, to);
      to_.objects[there][30] ^= 1;
      EXPECT_TRUE(compare(key, there, tag_));
      expect_error(compare(key, there, tag_, true), TIDEMARK_E_CORRUPT, there);
      EXPECT_EQ(failed_, CopySide::kDestination);
      to_.objects.clear();
    }
  }
}

// A plain copy does not need it either, and leaves the two alone.
TEST_F(CopyCodedTest, OnlyTheSameEntriesAreCompared) {
  const std::string key = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kZstd);
  for (const std::string& other :
       {name_of({4, 4}, Coding::kNone), name_of({3, 3}, Coding::kNone, 2), std::string("db/7/notes.txt")}) {
    expect_error(compare(key, other, none_), TIDEMARK_E_INVALID, other);
  }
}

TEST_F(CopyCodedTest, WhatStandsThereUnderTheNewNameStays) {
  const std::string key = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kNone);
  const std::string there = name_of({3, 3}, Coding::kZstd);
  const std::string other = object_of(large_tar(100), {3, 3}, Coding::kZstd);
  for (const std::string& bytes : {other, std::string("x"), std::string()}) {
    to_.objects[there] = bytes;
    const auto copied = copy(key, Coding::kZstd, none_);
    EXPECT_FALSE(copied);
    EXPECT_EQ(failed_, CopySide::kDestination);
    EXPECT_EQ(to_.objects[there], bytes);
  }
}

TEST_F(CopyCodedTest, ErrorsNameTheirSide) {
  const std::string key = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kZstd);
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  expect_failed(copy(key, Coding::kNone, none_), CopySide::kSource, TIDEMARK_E_RETRYABLE, "fail");
  fake_.fail_get = TIDEMARK_OK;
  to_.fail_changes_after = 0;
  expect_failed(copy(key, Coding::kNone, none_), CopySide::kDestination, TIDEMARK_E_CANCELLED, "killed");
}

TEST_F(CopyCodedTest, ASizeThatTheListingSaysWrong) {
  const std::string key = put(fake_, plain_of({3, 3}), {3, 3}, Coding::kZstd);
  const codec::Encoding encoding = encoding_of(Coding::kNone);
  const Copying what = {key, fake_.objects[key].size() + 1, kMiB, false, {}, {}, Encoding{encoding}};
  expect_failed(copy_as(what), CopySide::kSource, TIDEMARK_E_CORRUPT, "the sink lists");
}

}  // namespace
}  // namespace tidemark::store
