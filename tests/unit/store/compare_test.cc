// Archives that are there already: each kind of damage, another history, and what a footer alone can tell.
#include "store/compare.h"

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class CompareTest : public MaintenanceTest {
 protected:
  CompareTest() {
    key_ = add({1, 3});
    good_ = fake_.objects[key_];
    here_ = content_of(good_);
  }
  static ArchiveContent content_of(const std::string& object) {
    Sha256 sha256;
    sha256.update(object.data(), object.size() - kFooterSize);
    return {object.size(), sha256.finish().value()};
  }
  Result<Compared> compare(Depth depth) {
    return compare_archive(fake_.sink(), key_, fake_.objects[key_].size(), here_, codec::no_keys(), depth,
                           &read_bytes_, nullptr);
  }
  void expect_in(std::initializer_list<Depth> depths, tidemark_status status, const std::string& part) {
    for (const Depth depth : depths) {
      const auto result = compare(depth);
      ASSERT_FALSE(result) << part;
      EXPECT_EQ(result.error().status, status) << result.error().message;
      EXPECT_NE(result.error().message.find(key_), std::string::npos) << result.error().message;
      EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
    }
  }

  static constexpr std::initializer_list<Depth> kBoth = {Depth::kFooter, Depth::kFull};
  std::string key_;
  std::string good_;
  ArchiveContent here_;
  uint64_t read_bytes_ = 0;
};

TEST_F(CompareTest, TheSameIsTheSame) {
  EXPECT_TRUE(compare(Depth::kFooter));
  EXPECT_EQ(read_bytes_, kFooterSize);
  read_bytes_ = 0;
  fake_.chunk_bytes = 1;
  EXPECT_TRUE(compare(Depth::kFull));
  EXPECT_EQ(read_bytes_, good_.size());
}

// Whichever byte is flipped: of the content only reading tells, of the footer its last block does.
TEST_F(CompareTest, EveryFlippedByteIsDamage) {
  const size_t footer_at = good_.size() - kFooterSize;
  fake_.chunk_bytes = 1 << 20;
  for (size_t at = 0; at < good_.size(); ++at) {
    fake_.objects[key_] = good_;
    fake_.objects[key_][at] ^= 0x10;
    const auto full = compare(Depth::kFull);
    ASSERT_FALSE(full) << at;
    ASSERT_EQ(full.error().status, TIDEMARK_E_CORRUPT) << at << ": " << full.error().message;
    const auto footer = compare(Depth::kFooter);
    ASSERT_EQ(footer.has_value(), at < footer_at) << at;
  }
}

TEST_F(CompareTest, ASizeOfItsOwnIsDamage) {
  fake_.objects[key_] = good_.substr(0, 512) + good_.substr(good_.size() - 512);
  expect_in(kBoth, TIDEMARK_E_CORRUPT, "is damaged: it has 1024 bytes");
  std::string grown = good_;
  fake_.objects[key_] = grown.insert(512, 512, '\0');
  expect_in(kBoth, TIDEMARK_E_CORRUPT, "is damaged");
  EXPECT_LE(read_bytes_, 4 * kFooterSize) << "the size says it all";
}

TEST_F(CompareTest, WhatHasNoFooterIsDamage) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{511}, size_t{512}, good_.size() - 1}) {
    fake_.objects[key_] = good_.substr(0, size);
    expect_in(kBoth, TIDEMARK_E_CORRUPT, "the object has no valid footer");
  }
  fake_.objects[key_] = good_ + '\0';
  expect_in(kBoth, TIDEMARK_E_CORRUPT, "the object has no valid footer");
}

TEST_F(CompareTest, AnotherArchiveUnderThisName) {
  fake_.objects[key_] = tar_of({4, 6}).object({4, 6});
  ASSERT_EQ(fake_.objects[key_].size(), good_.size());
  expect_in(kBoth, TIDEMARK_E_CORRUPT, "the footer is of another archive");
}

TEST_F(CompareTest, TheBodyOfAnotherUnderTheRightFooter) {
  const std::string other = tar_of({4, 6}).object({4, 6});
  fake_.objects[key_] = other.substr(0, other.size() - 512) + good_.substr(good_.size() - 512);
  expect_in({Depth::kFull}, TIDEMARK_E_CORRUPT, "the object is damaged");
}

TEST_F(CompareTest, AnotherHistoryIsNoDamage) {
  test::RawTar tar = tar_of({1, 2});
  fake_.objects[key_] = tar.member('0', lsn_string(3), "entry x").object({1, 3});
  ASSERT_EQ(fake_.objects[key_].size(), good_.size());
  expect_in(kBoth, TIDEMARK_E_EXISTS, "holds other content");
  fake_.objects[key_] = tar.raw(std::string(512, 'x')).object({1, 3});
  expect_in(kBoth, TIDEMARK_E_EXISTS, "holds other content");
}

// With nothing to compare it with, it has at least to be what it says.
TEST_F(CompareTest, AnArchiveProvesItself) {
  EXPECT_TRUE(prove_archive(fake_.sink(), key_, Depth::kFull, &read_bytes_, nullptr));
  EXPECT_EQ(read_bytes_, good_.size());
  fake_.objects[key_][700] ^= 1;
  EXPECT_TRUE(prove_archive(fake_.sink(), key_, Depth::kFooter, &read_bytes_, nullptr));
  expect_error(prove_archive(fake_.sink(), key_, Depth::kFull, &read_bytes_, nullptr), TIDEMARK_E_CORRUPT,
               "the object is damaged");
  fake_.objects[key_].clear();
  expect_error(prove_archive(fake_.sink(), key_, Depth::kFooter, &read_bytes_, nullptr), TIDEMARK_E_CORRUPT,
               "no valid footer");
}

TEST_F(CompareTest, ASinkThatFailsSaysNothingOfTheObject) {
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  expect_in(kBoth, TIDEMARK_E_RETRYABLE, "told to fail");
  fake_.fail_get = TIDEMARK_OK;
  fake_.objects.erase(key_);
  for (const Depth depth : kBoth) {
    EXPECT_EQ(compare_archive(fake_.sink(), key_, good_.size(), here_, codec::no_keys(), depth, &read_bytes_,
                              nullptr)
                  .error()
                  .status,
              TIDEMARK_E_NOT_FOUND);
  }
}

TEST_F(CompareTest, ReadingEndsWhenItIsCancelled) {
  bool cancelled = false;
  tidemark_call call = {sizeof call, 0, &cancelled,
                        [](void* ctx) -> int32_t { return *static_cast<bool*>(ctx); }};
  fake_.on_get = [&] { cancelled = true; };
  const auto status = compare_archive(fake_.sink(), key_, good_.size(), here_, codec::no_keys(), Depth::kFull,
                                      &read_bytes_, &call);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(read_bytes_, 0U);
}

TEST_F(CompareTest, EntriesAreWorthNothingInADamagedArchive) {
  const auto digests = digest_entries(fake_.sink(), key_, {2, 3}, codec::no_keys(), &read_bytes_, nullptr);
  ASSERT_TRUE(digests);
  EXPECT_EQ(read_bytes_, good_.size());
  EXPECT_EQ(digests->size(), 2U);
  fake_.objects[key_][513] ^= 1;
  const auto again = digest_entries(fake_.sink(), key_, {2, 3}, codec::no_keys(), &read_bytes_, nullptr);
  expect_error(again ? Status() : tl::unexpected(again.error()), TIDEMARK_E_CORRUPT, "the object is damaged");
}

}  // namespace
}  // namespace tidemark::store
