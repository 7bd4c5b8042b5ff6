// What a put sends of a coded archive: the same bytes however often and in whatever pieces they are read,
// that decode to what they were made of.
#include "codec/coded_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "age_fixture.h"
#include "base/crc32c.h"
#include "base/sha256.h"
#include "codec/decode.h"
#include "format/object_name.h"
#include "instrumented.h"
#include "zstd_tools.h"

namespace tidemark::codec {
namespace {

constexpr Coding kCodings[] = {Coding::kZstd, Coding::kAge, Coding::kZstdAge};
constexpr std::string_view kTagKeys = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
constexpr size_t kSmallBuffer = 64 << 10;
constexpr size_t kLargeBuffer = 8 << 20;

class TextTar final : public PlainTar {
 public:
  explicit TextTar(std::string bytes) : text(std::move(bytes)) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    if (offset >= fails_at) return fail(TIDEMARK_E_CORRUPT, "the entry has changed");
    if (offset >= text.size()) return size_t{0};
    lowest = std::min(lowest, offset);
    return text.copy(reinterpret_cast<char*>(out), std::min<size_t>(size, 100'000), offset);
  }
  uint64_t size_bytes() const override { return text.size(); }
  Result<Digest> digest() override { return sha256_of(text); }

  std::string text;
  uint64_t fails_at = UINT64_MAX;
  uint64_t lowest = UINT64_MAX;  // of what was read
};

class CodedSourceTest : public testing::Test {
 protected:
  CodedSourceTest() {
    keys_.identities = test::identities(test::kIdentity);
    keys_.tag_keys = *parse_tag_keys(kTagKeys, "keys");
    footer_.storage = "db";
    footer_.partition = 7;
    footer_.range = {4, 9};
    footer_.epoch = 3;
    footer_.made_us = 5;
  }
  Encoding encoding(Coding coding, int level = 1) const {
    Encoding encoding;
    encoding.coding = coding;
    encoding.level = level;
    if (encrypts(coding)) encoding.recipients = test::recipients(test::kIdentity);
    return encoding;
  }
  static std::string all_of(CodedSource& source) {
    std::string all(source.size_bytes(), '\0');
    for (size_t at = 0; at < all.size();) {
      const auto count = source.read(at, all.data() + at, all.size() - at);
      if (!count || *count == 0) {
        ADD_FAILURE() << (count ? "it ends too early" : count.error().message);
        break;
      }
      at += *count;
    }
    return all;
  }
  void expect_right(CodedSource& source, Coding coding, const std::string& plain) {
    const std::string object = all_of(source);
    EXPECT_EQ(*sha256_of(object), *source.object_digest());
    EXPECT_EQ(extend_crc32c(0, bytes_of(object).data(), object.size()), *source.object_crc32c());
    const std::string_view stored = std::string_view(object).substr(0, object.size() - kFooterSize);
    const auto footer =
        parse_footer(ObjectKind::kArchive, std::string_view(object).substr(stored.size()), nullptr);
    ASSERT_TRUE(footer);
    const ParsedKey key{"db", 7, {{4, 9}, ObjectKind::kArchive, 3, coding}};
    EXPECT_TRUE(is_footer_of(*footer, key));
    EXPECT_EQ(footer->sha256, *sha256_of(stored));
    EXPECT_EQ(footer->made_us, 5);
    if (footer->content) {
      EXPECT_EQ(*footer->content, (PlainContent{*sha256_of(plain), plain.size()}));
    }
    if (footer->tag) {
      EXPECT_EQ(*Tagger().compare(keys_.tag_keys, *footer->tag, "db/7/0000000000009-0000000000004.e3",
                                  *sha256_of(plain)),
                TagVerdict::kSame);
    }
    std::string decoded;
    const Give give = [&](std::span<const uint8_t> bytes) -> Status {
      decoded.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    };
    const auto decoder = make_decoder(coding, keys_, plain.size());
    ASSERT_TRUE(decoder);
    Status status = (*decoder)->push(bytes_of(stored), give);
    if (status) status = (*decoder)->finish(give);
    EXPECT_TRUE(status) << status.error().message;
    EXPECT_TRUE(decoded == plain);
  }

  Keys keys_;
  Footer footer_;
  const Call call_{nullptr};
};

TEST_F(CodedSourceTest, WhatIsStoredDecodesToWhatItWasMadeOf) {
  for (const Coding coding : kCodings) {
    const Encoding how = encoding(coding);
    for (const size_t buffer : {kSmallBuffer, kLargeBuffer}) {
      CodedSource source(how, keys_.tag_keys, buffer);
      for (const size_t size : {size_t{1536}, size_t{65'536}, size_t{4 << 20}, size_t{5'000'192}}) {
        for (const auto kind : {tidemark::test::Kind::kText, tidemark::test::Kind::kRandom}) {
          if (test::kIsInstrumented && size > 65'536 && kind == test::Kind::kRandom) continue;  // takes long
          TextTar tar(tidemark::test::make_bytes(kind, size));
          const Status opened = source.open(tar, footer_, call_);
          ASSERT_TRUE(opened) << opened.error().message;
          EXPECT_EQ(source.data() != nullptr, source.size_bytes() <= buffer);
          expect_right(source, coding, tar.text);
        }
      }
    }
  }
}

TEST_F(CodedSourceTest, ReadAgainInPiecesItIsTheSame) {
  std::mt19937 random(3);
  for (const Coding coding : kCodings) {
    const Encoding how = encoding(coding, 3);
    CodedSource source(how, keys_.tag_keys, kSmallBuffer);
    TextTar tar(tidemark::test::make_bytes(tidemark::test::Kind::kMixed, 9'000'448));
    ASSERT_TRUE(source.open(tar, footer_, call_));
    ASSERT_EQ(source.data(), nullptr);
    const std::string once = all_of(source);
    for (int i = 0; i < 60; ++i) {
      const size_t offset = random() % once.size();
      std::string piece(1 + random() % 300'000, '\0');
      const auto count = source.read(offset, piece.data(), piece.size());
      ASSERT_TRUE(count && *count > 0);
      EXPECT_TRUE(std::string_view(piece).substr(0, *count) == std::string_view(once).substr(offset, *count));
    }
    char byte = 0;
    EXPECT_EQ(*source.read(once.size(), &byte, 1), 0U);
  }
}

// Each attempt of age has fresh keys, and no attempt seals two texts with one.
TEST_F(CodedSourceTest, WhatIsHeldIsNotEncodedAgain) {
  for (const Coding coding : kCodings) {
    const Encoding how = encoding(coding);
    CodedSource source(how, keys_.tag_keys, kLargeBuffer);
    TextTar tar(tidemark::test::make_bytes(tidemark::test::Kind::kRandom, 9 << 20));
    ASSERT_TRUE(source.open(tar, footer_, call_));
    ASSERT_EQ(source.data(), nullptr);
    tar.lowest = UINT64_MAX;
    expect_right(source, coding, tar.text);
    // The frame in which it ends, or a chunk.
    EXPECT_GE(tar.lowest, compresses(coding) ? ZstdCompressor::kFrameBytes : 7 << 20);
    EXPECT_LT(tar.lowest, uint64_t{8 << 20});
    tar.lowest = UINT64_MAX;
    std::string beginning(7 << 20, '\0');
    EXPECT_EQ(*source.read(0, beginning.data(), beginning.size()), beginning.size());
    EXPECT_EQ(tar.lowest, UINT64_MAX);
    // Across the end of what is held a read gives all that was asked for.
    std::string across(1 << 20, '\0');
    EXPECT_EQ(*source.read(7 << 20, across.data(), across.size()), across.size());
  }
}

TEST_F(CodedSourceTest, EachOpeningIsSealedAnew) {
  const Encoding how = encoding(Coding::kAge);
  CodedSource source(how, keys_.tag_keys, kLargeBuffer);
  TextTar tar(std::string(2048, 'x'));
  ASSERT_TRUE(source.open(tar, footer_, call_));
  const std::string first = all_of(source);
  ASSERT_TRUE(source.open(tar, footer_, call_));
  const std::string second = all_of(source);
  EXPECT_NE(first, second);
  const auto footer_of = [](const std::string& object) {
    return *parse_footer(ObjectKind::kArchive, std::string_view(object).substr(object.size() - kFooterSize),
                         nullptr);
  };
  EXPECT_EQ(footer_of(first).tag, footer_of(second).tag);
}

TEST_F(CodedSourceTest, WhatChangesMeanwhileIsAnError) {
  for (const Coding coding : kCodings) {
    const Encoding how = encoding(coding);
    CodedSource source(how, keys_.tag_keys, kSmallBuffer);
    TextTar tar(tidemark::test::make_bytes(tidemark::test::Kind::kRandom, 5'000'192));
    tar.fails_at = 3'000'000;
    EXPECT_EQ(source.open(tar, footer_, call_).error().status, TIDEMARK_E_CORRUPT);
    tar.fails_at = UINT64_MAX;
    ASSERT_TRUE(source.open(tar, footer_, call_));
    for (char& c : tar.text) c = static_cast<char>(c ^ 1);
    std::string out(6 << 20, '\0');
    Status failed;
    for (size_t at = 0; failed && at < source.size_bytes();) {
      const auto count = source.read(at, out.data(), out.size());
      if (!count) failed = count.error();
      if (count) at += *count;
    }
    ASSERT_FALSE(failed);
    EXPECT_TRUE(source.failure());
    // And stays one.
    EXPECT_FALSE(source.read(0, out.data(), 1));
    source.close();
    EXPECT_EQ(source.read(0, out.data(), 1).error().message, source.failure()->message);
  }
}

TEST_F(CodedSourceTest, IsCancelled) {
  const Encoding how = encoding(Coding::kZstd);
  CodedSource source(how, keys_.tag_keys, kSmallBuffer);
  TextTar tar(tidemark::test::make_bytes(tidemark::test::Kind::kRandom, 5'000'192));
  const tidemark_call stopped = {sizeof stopped, 0, nullptr, [](void*) { return 1; }};
  EXPECT_EQ(source.open(tar, footer_, Call(&stopped)).error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(source.data(), nullptr);
}

}  // namespace
}  // namespace tidemark::codec
