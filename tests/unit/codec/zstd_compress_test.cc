// Frames of zstd, written: the same bytes however they are read, and checked where they are read again.
#include "codec/zstd_compress.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <zstd.h>

#include <random>

#include "codec/zstd_tools.h"
#include "instrumented.h"

namespace tidemark::codec {
namespace {

using test::compressed;
using test::decompressed;
using test::kFrameBytes;
using test::Kind;
using test::kIsInstrumented;
using test::kKinds;
using test::make_bytes;
using test::PlainBytes;
using test::read_from;

constexpr size_t kCompressedSizes[] = {
    0, 1, 512, 65535, 65536, 65537, kFrameBytes - 1, kFrameBytes, kFrameBytes + 1, 9 << 20};

size_t frames_of(size_t size) { return std::max<size_t>(1, (size + kFrameBytes - 1) / kFrameBytes); }

// The first bytes of each frame, found by the library.
std::vector<std::string> split(std::string_view frames) {
  std::vector<std::string> found;
  while (!frames.empty()) {
    const size_t size = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(size) != 0) {
      ADD_FAILURE() << ZSTD_getErrorName(size);
      break;
    }
    found.emplace_back(frames.substr(0, size));
    frames.remove_prefix(size);
  }
  return found;
}

TEST(ZstdCompress, GivesFramesOfFourMebibytesWithSizeChecksumAndSmallWindow) {
  for (const size_t size : kCompressedSizes) {
    const std::string plain = make_bytes(Kind::kMixed, size);
    for (int level = ZstdCompressor::kMinLevel; level <= ZstdCompressor::kMaxLevel; ++level) {
      if (kIsInstrumented && level > ZstdCompressor::kMinLevel && size > kFrameBytes) continue;  // takes long
      std::string stored = compressed(plain, level, false);
      const auto frames = split(stored);
      ASSERT_EQ(frames.size(), frames_of(size)) << size;
      for (size_t i = 0; i < frames.size(); ++i) {
        const auto descriptor = static_cast<uint8_t>(frames[i][4]);
        const auto header = parse_frame_header(bytes_of(frames[i]).first(frame_header_bytes(descriptor)));
        ASSERT_TRUE(header) << header.error().message;  // checksum and size are there
        EXPECT_EQ(header->content_bytes, std::min(kFrameBytes, size - i * kFrameBytes));
        EXPECT_LE(header->window_bytes, size_t{1} << 21);
      }
      EXPECT_EQ(compressed(plain, level, true), stored + test::kSkippable);
      // By the library's own one call.
      std::string back(size, '\0');
      EXPECT_EQ(ZSTD_decompress(back.data(), size, stored.data(), stored.size()), size);
      EXPECT_EQ(back, plain);
    }
  }
}

TEST(ZstdCompress, HowItIsReadChangesNothing) {
  std::mt19937 random(11);
  ZstdCompressor compressor;
  for (const size_t size : kCompressedSizes) {
    for (const Kind kind : kKinds) {
      if (kIsInstrumented && size > kFrameBytes && kind != Kind::kMixed) continue;  // takes long
      const std::string plain = make_bytes(kind, size);
      const int level = 1 + static_cast<int>(random() % 3);
      const std::string expected = compressed(plain, level);
      for (const size_t step : {size_t{3'000'000}, size_t{50'000}, size_t{700}}) {
        if (step == 700 && size > 100'000 && (kIsInstrumented || kind == Kind::kRandom))
          continue;  // takes long
        PlainBytes reader(plain, 1 + random() % 200'000);
        compressor.begin(reader, size, level, true);
        EXPECT_EQ(compressor.size_bytes(), std::nullopt);
        const auto first = read_from(compressor, 0, step, &random);
        ASSERT_TRUE(first) << first.error().message;
        ASSERT_TRUE(*first == expected) << size << ' ' << level << ' ' << step;
        EXPECT_EQ(compressor.size_bytes(), expected.size());
        const auto second = read_from(compressor, 0, step, &random);
        ASSERT_TRUE(second) << second.error().message;
        ASSERT_TRUE(*second == expected) << size << ' ' << level << ' ' << step;
      }
    }
  }
}

// The promise that all relies on, for each level: piece sizes, contexts used before and what they were used
// for.
TEST(ZstdCompress, IsTheSameForAllPieceSizesAndContexts) {
  std::mt19937 random(5);
  for (int level = ZstdCompressor::kMinLevel; level <= ZstdCompressor::kMaxLevel; ++level) {
    ZstdCompressor used;
    for (int round = 0; round < test::rounds(20); ++round) {
      const size_t size = round % 5 == 0 ? 128 * 1024 * (1 + random() % 40) : random() % (5 << 20);
      const std::string plain = make_bytes(kKinds[random() % std::size(kKinds)], size, round);
      const std::string expected = compressed(plain, level);
      PlainBytes reader(plain, 1 + random() % 300'000);
      used.begin(reader, size, level, true);
      const auto bytes = read_from(used, 0, 1 << (8 + random() % 16), &random);
      ASSERT_TRUE(bytes) << bytes.error().message;
      ASSERT_TRUE(*bytes == expected) << level << ' ' << size << ' ' << round;
    }
  }
}

TEST(ZstdCompress, IsReadAgainFromAnyOffset) {
  std::mt19937 random(3);
  const std::string plain = make_bytes(Kind::kMixed, 9 << 20);
  const std::string expected = compressed(plain, 1);
  PlainBytes reader(plain);
  ZstdCompressor compressor;
  compressor.begin(reader, plain.size(), 1, true);
  ASSERT_TRUE(read_from(compressor, 0, 1 << 20));
  for (int round = 0; round < 40; ++round) {
    const uint64_t begin = random() % expected.size();
    const uint64_t end = begin + random() % (expected.size() - begin) + 1;
    const auto bytes = read_from(compressor, begin, 100'000, &random, end);
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_TRUE(*bytes == expected.substr(begin, end - begin)) << begin << ' ' << end;
  }
  for (uint64_t offset = expected.size() - 10; offset <= expected.size(); ++offset) {
    const auto bytes = read_from(compressor, offset, 3);
    ASSERT_TRUE(bytes) << bytes.error().message;
    EXPECT_EQ(*bytes, expected.substr(offset)) << offset;
  }
}

TEST(ZstdCompress, IsReadAgainBeforeItsEndWasReached) {
  std::mt19937 random(7);
  const std::string plain = make_bytes(Kind::kMixed, 6 << 20);
  const std::string expected = compressed(plain, 3);
  PlainBytes reader(plain);
  ZstdCompressor compressor;
  compressor.begin(reader, plain.size(), 3, true);
  uint64_t reached = 0;
  while (reached < expected.size()) {
    const uint64_t begin = random() % (reached + 1);
    const uint64_t end = reached + 1 + random() % 400'000;
    const auto bytes = read_from(compressor, begin, 300'000, &random, end);
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_TRUE(*bytes == expected.substr(begin, end - begin)) << begin << ' ' << end;
    reached = begin + bytes->size();
  }
}

TEST(ZstdCompress, ReadsNoMoreOfTheTarAgainThanTheFrameThatIsWanted) {
  const std::string plain = make_bytes(Kind::kRandom, 9 << 20);
  PlainBytes reader(plain);
  ZstdCompressor compressor;
  compressor.begin(reader, plain.size(), 1, false);
  const auto first = read_from(compressor, 0, 10'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(reader.given_bytes, plain.size());
  reader.given_bytes = 0;
  std::vector<uint8_t> piece(1000);
  // Of random bytes the offsets are about those of the tar. Further on in a frame it does not begin again.
  for (const auto& [offset, most] : {std::pair(5'000'000U, 1'100'000U), std::pair(5'500'000U, 1'600'000U),
                                     std::pair(5'501'000U, 1'600'000U), std::pair(100U, 1'900'000U)}) {
    ASSERT_TRUE(compressor.read(offset, piece.data(), piece.size()));
    EXPECT_LE(reader.given_bytes, most) << offset;
    EXPECT_EQ(std::memcmp(piece.data(), first->data() + offset, piece.size()), 0);
  }
}

TEST(ZstdCompress, OtherBytesTheSecondTimeAreNamedAndWorthARetry) {
  const std::string plain = make_bytes(Kind::kText, 9 << 20);
  for (const size_t changed :
       {size_t{0}, kFrameBytes - 1, kFrameBytes, kFrameBytes + 70'000, plain.size() - 1}) {
    PlainBytes reader(plain);
    ZstdCompressor compressor;
    compressor.begin(reader, plain.size(), 1, true);
    const auto first = read_from(compressor, 0, 1 << 20);
    ASSERT_TRUE(first);
    reader.bytes[changed] = static_cast<char>(reader.bytes[changed] ^ 0x40);
    const auto second = read_from(compressor, 0, 1 << 20);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_NE(
        second.error().message.find("frame " + std::to_string(changed / kFrameBytes + 1) + ", at byte "),
        std::string::npos)
        << second.error().message;
    EXPECT_NE(second.error().message.find("compressed differently the second time"), std::string::npos);
    // Once they are back it reads on.
    reader.bytes = plain;
    const auto third = read_from(compressor, 0, 1 << 20);
    ASSERT_TRUE(third) << third.error().message;
    EXPECT_TRUE(*third == *first);
  }
}

TEST(ZstdCompress, OtherBytesAreSeenWhereAFrameIsShorterOrLongerTheSecondTime) {
  for (const auto& [before, after] :
       {std::pair(Kind::kText, Kind::kRandom), std::pair(Kind::kText, Kind::kZeros)}) {
    PlainBytes reader(make_bytes(before, 5 << 20));
    ZstdCompressor compressor;
    compressor.begin(reader, reader.bytes.size(), 2, true);
    ASSERT_TRUE(read_from(compressor, 0, 100'000));
    reader.bytes = make_bytes(after, reader.bytes.size());
    const auto second = read_from(compressor, 0, 100'000);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().status, TIDEMARK_E_RETRYABLE) << second.error().message;
  }
}

TEST(ZstdCompress, OtherBytesAreSeenInAFrameThatWasReadInPart) {
  PlainBytes reader(make_bytes(Kind::kRandom, 3 << 20));
  ZstdCompressor compressor;
  compressor.begin(reader, reader.bytes.size(), 1, true);
  ASSERT_TRUE(read_from(compressor, 0, 100'000, nullptr, 1'000'000));
  reader.bytes[500'000] ^= 1;
  const auto again = read_from(compressor, 0, 100'000);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().status, TIDEMARK_E_RETRYABLE) << again.error().message;
}

TEST(ZstdCompress, AnErrorOfTheReaderIsPassedOnAndCanBeTriedAgain) {
  const std::string plain = make_bytes(Kind::kText, 5 << 20);
  const std::string expected = compressed(plain);
  for (const uint64_t at : {uint64_t{0}, uint64_t{1'000'000}, uint64_t{kFrameBytes}, uint64_t{5'000'000}}) {
    PlainBytes reader(plain);
    reader.fails_at = at;
    ZstdCompressor compressor;
    compressor.begin(reader, plain.size(), 1, true);
    const auto first = read_from(compressor, 0, 10'000);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().status, TIDEMARK_E_NOT_FOUND);
    EXPECT_EQ(first.error().message, "the entry is gone");
    reader.fails_at.reset();
    const auto again = read_from(compressor, 0, 10'000);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(*again == expected);
  }
}

TEST(ZstdCompress, ATarThatIsShorterThanItWasSaidToBeIsRefused) {
  PlainBytes reader(make_bytes(Kind::kText, 5'000'000));
  ZstdCompressor compressor;
  compressor.begin(reader, 5'000'001, 1, true);
  const auto bytes = read_from(compressor, 0, 100'000);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().status, TIDEMARK_E_CORRUPT);
  EXPECT_EQ(bytes.error().message, "what is to be compressed ends after 5000000 bytes instead of 5000001");
}

TEST(ZstdCompress, IsUsedAgainAfterAPutThatWasNotFinished) {
  ZstdCompressor compressor;
  for (int round = 0; round < 6; ++round) {
    const std::string plain = make_bytes(Kind::kText, 5 << 20, round);
    PlainBytes reader(plain);
    compressor.begin(reader, plain.size(), 1 + round % 3, true);
    ASSERT_TRUE(read_from(compressor, 0, 100'000, nullptr, 1 + 200'000 * round));
  }
  const std::string plain = make_bytes(Kind::kMixed, 70'000);
  PlainBytes reader(plain);
  compressor.begin(reader, plain.size(), 2, true);
  const auto bytes = read_from(compressor, 0, 100'000);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, compressed(plain, 2));
  compressor.end();
  EXPECT_EQ(compressor.size_bytes(), std::nullopt);
}

TEST(ZstdCompress, SaysHowMuchMemoryItTakes) {
  size_t before = 0;
  for (int level = ZstdCompressor::kMinLevel; level <= ZstdCompressor::kMaxLevel; ++level) {
    const auto bytes = ZstdCompressor::memory_bytes(level);
    ASSERT_TRUE(bytes) << bytes.error().message;
    EXPECT_GE(*bytes, before);
    EXPECT_LE(*bytes, 4U << 20);
    before = *bytes;
  }
  EXPECT_EQ(ZstdCompressor::table_bytes(0), 64U << 10);  // kept from an earlier one
  EXPECT_EQ(ZstdCompressor::table_bytes(uint64_t{1} << 40), 4U << 20);
}

#if !defined(TIDEMARK_TEST_SANITIZED)  // whose memory is not glibc's
TEST(ZstdCompress, TakesNoMoreMemoryThanItSays) {
  const auto allocated = [] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  std::vector<uint8_t> piece(100'000);
  for (int level = ZstdCompressor::kMinLevel; level <= ZstdCompressor::kMaxLevel; ++level) {
    const size_t said = ZstdCompressor::memory_bytes(level).value();
    const size_t before = allocated();
    ZstdCompressor compressor;
    for (const size_t size :
         {size_t{9} << 20, size_t{100'000}, size_t{1}, size_t{2} << 20, size_t{9} << 20}) {
      PlainBytes reader("");
      reader.bytes = make_bytes(Kind::kMixed, size);
      const size_t of_test = reader.bytes.capacity();
      compressor.begin(reader, size, level, true);
      for (uint64_t at = 0;;) {
        const auto count = compressor.read(at, piece.data(), piece.size());
        ASSERT_TRUE(count) << count.error().message;
        if (*count == 0) break;
        at += *count;
        EXPECT_LE(allocated() - before, said + ZstdCompressor::table_bytes(size) + of_test + 4096);
      }
      if (size > kFrameBytes) {  // and not much less
        EXPECT_GE(allocated() - before, said + of_test - 4096);
      }
    }
  }
}
#endif

}  // namespace
}  // namespace tidemark::codec
