// Frames of zstd, read: ours and those of other writers, and nothing else.
#include "codec/zstd_decompress.h"

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
using test::Known;
using test::kSkippable;
using test::make_bytes;

// One frame as the library's parameters say, with checksum and content size unless they say otherwise.
std::string frame_of(std::string_view plain, std::vector<std::pair<ZSTD_cParameter, int>> parameters = {},
                     std::string_view dictionary = {}) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  for (const auto& [parameter, value] : parameters) {
    EXPECT_EQ(ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)), 0U);
  }
  ZSTD_CCtx_loadDictionary(context, dictionary.data(), dictionary.size());
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  const size_t size = ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size());
  ZSTD_freeCCtx(context);
  EXPECT_EQ(ZSTD_isError(size), 0U) << ZSTD_getErrorName(size);
  frame.resize(size);
  return frame;
}

// A frame of raw bytes made by hand: what its header says and what it holds need not agree.
std::string raw_frame(std::string_view header, std::string_view plain) {
  std::string frame = "\x28\xB5\x2F\xFD" + std::string(header);
  while (true) {
    const std::string_view piece = plain.substr(0, 128 << 10);
    plain.remove_prefix(piece.size());
    const auto block = static_cast<uint32_t>(piece.size() << 3 | (plain.empty() ? 1 : 0));
    for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>(block >> shift);
    frame += piece;
    if (plain.empty()) return frame + "\x01\x02\x03\x04";
  }
}

std::string refusal(std::string_view stored, Known known = {}) {
  const auto plain = decompressed(stored, known);
  if (plain) return "accepted";
  EXPECT_EQ(plain.error().status, TIDEMARK_E_CORRUPT);
  return plain.error().message;
}

TEST(ZstdDecompress, GivesBackWhatWasCompressed) {
  std::mt19937 random(2);
  ZstdDecompressor decompressor;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{512}, size_t{65535}, size_t{65536}, size_t{65537},
                            kFrameBytes - 1, kFrameBytes, kFrameBytes + 1, size_t{9} << 20}) {
    for (const Kind kind : kKinds) {
      if (kIsInstrumented && size > kFrameBytes && kind != Kind::kMixed) continue;  // takes long
      const std::string plain = make_bytes(kind, size);
      const bool with_header = random() % 2 == 0;
      const std::string stored = compressed(plain, 1 + static_cast<int>(random() % 3), with_header);
      for (const size_t step : {size_t{1} << 30, size_t{70'000}, size_t{300}, size_t{1}}) {
        if (stored.size() / step > (kIsInstrumented ? 5'000 : 200'000)) continue;
        for (const auto known : {std::optional<uint64_t>(size), std::optional<uint64_t>()}) {
          const auto back = decompressed(decompressor, stored, {known, with_header}, step, &random);
          ASSERT_TRUE(back) << back.error().message;
          ASSERT_TRUE(*back == plain) << size << ' ' << step;
        }
      }
    }
  }
}

TEST(ZstdDecompress, ReadsFramesOfOtherWriters) {
  const std::string plain = make_bytes(Kind::kMixed, 10 << 20);
  for (const int window_log : {10, 17, 20, 23}) {
    const std::string stored =
        frame_of(plain, {{ZSTD_c_windowLog, window_log}, {ZSTD_c_compressionLevel, 5}});
    const auto back = decompressed(stored, {plain.size(), false});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == plain) << window_log;
  }
  // Of any sizes, also nothing.
  const std::string mixed = frame_of("one") + frame_of("") + frame_of(plain) + frame_of("two");
  const auto back = decompressed(mixed + kSkippable, {plain.size() + 6});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(*back == "one" + plain + "two");
}

TEST(ZstdDecompress, EveryCutIsFoundAndNamed) {
  const std::string plain = make_bytes(Kind::kText, 3000);
  const std::string frame = frame_of(plain);
  const std::string stored = frame + frame_of("more") + kSkippable;
  const size_t second = frame.size();
  for (size_t size = 0; size < stored.size(); ++size) {
    for (const auto known : {std::optional<uint64_t>(plain.size() + 4), std::optional<uint64_t>()}) {
      const std::string why = refusal(stored.substr(0, size), {known});
      const std::string where = size == 0        ? "there is no frame of zstd"
                                : size < second  ? "frame 1, at byte 0, is cut off"
                                : size == second ? "after frame 1 the header of the skippable"
                                : size < stored.size() - 8
                                    ? "frame 2, at byte " + std::to_string(second) + ", is cut off"
                                : size == stored.size() - 8 ? "after frame 2 the header of the skippable"
                                                            : "frame 3, at byte ";
      EXPECT_EQ(why.find(where), 0U) << size << ": " << why;
    }
  }
  // Without a header of the footer a cut between frames shows only in the size.
  EXPECT_EQ(refusal(frame, {plain.size() + 4, false}), "the frames hold 3000 bytes, and 3004 are expected");
}

// The checksum proves what comes out, not how it was said: bits that fill up the last byte of a table, or an
// offset to another place where the same bytes stand, are harmless. All else is found.
TEST(ZstdDecompress, EveryChangedByteIsFoundOrHarmless) {
  constexpr size_t kHeadersBytes = 4 + 1 + 2 + 3;  // magic number, descriptor, content size; of the block
  const size_t after_blocks = 4 + kSkippable.size();
  ZstdDecompressor decompressor;
  for (const Kind kind : {Kind::kZeros, Kind::kText, Kind::kRandom}) {
    const std::string plain = make_bytes(kind, 1500);
    const std::string stored = compressed(plain, 3);
    size_t harmless = 0;
    for (size_t at = 0; at < stored.size(); ++at) {
      for (int bits = 1; bits < 256; ++bits) {
        std::string changed = stored;
        changed[at] = static_cast<char>(changed[at] ^ bits);
        const auto known = bits % 2 == 0 ? std::optional<uint64_t>(plain.size()) : std::nullopt;
        const auto back = decompressed(decompressor, changed, {known});
        if (!back) {
          EXPECT_EQ(back.error().status, TIDEMARK_E_CORRUPT);
          continue;
        }
        ++harmless;
        EXPECT_TRUE(*back == plain) << at << ' ' << bits;
        EXPECT_TRUE(at >= kHeadersBytes && at < stored.size() - after_blocks) << at << ' ' << bits;
      }
    }
    // Random bytes are stored as they are.
    EXPECT_LE(harmless, kind == Kind::kRandom ? 0 : stored.size() * 255 / 100);
  }
}

TEST(ZstdDecompress, NothingMayStandBetweenFramesOrAfterThem) {
  const std::string frame = frame_of("some text");
  const std::string end = kSkippable;
  EXPECT_EQ(refusal(frame + "x" + frame + end), "frame 2, at byte 22, does not begin as one of zstd");
  EXPECT_EQ(refusal(frame + std::string(5, '\0') + end),
            "frame 2, at byte 22, does not begin as one of zstd");
  EXPECT_EQ(refusal(frame + end + "x"), "bytes follow the header of the skippable frame, at byte 30");
  EXPECT_EQ(refusal(frame + end + end), "bytes follow the header of the skippable frame, at byte 30");
  EXPECT_EQ(refusal(frame + end + frame), "bytes follow the header of the skippable frame, at byte 30");
  EXPECT_EQ(refusal(end), "a skippable frame at the beginning does not belong there");
  EXPECT_EQ(refusal(end + frame + end), "a skippable frame at the beginning does not belong there");
  EXPECT_EQ(refusal(frame + end, {9, false}), "a skippable frame after frame 1 does not belong there");
  EXPECT_EQ(refusal(frame), "after frame 1 the header of the skippable frame is missing");
  for (const auto& [byte, value] :
       {std::pair(0, '\x50'), std::pair(4, '\x08'), std::pair(5, '\x03'), std::pair(7, '\x01')}) {
    std::string other = end;
    other[byte] = value;
    EXPECT_EQ(refusal(frame + other), "the skippable frame after frame 1 is not that of the footer");
  }
}

TEST(ZstdDecompress, FramesHaveToSayAndProveWhatTheyHold) {
  const std::string frame = frame_of("text");
  const std::string second = frame + frame;
  const std::string at = ", at byte " + std::to_string(frame.size()) + ", ";
  EXPECT_EQ(refusal(frame + frame_of("text", {{ZSTD_c_checksumFlag, 0}})),
            "frame 2" + at + "has no checksum");
  EXPECT_EQ(refusal(frame + frame_of("text", {{ZSTD_c_contentSizeFlag, 0}})),
            "frame 2" + at + "does not say its content size");
  EXPECT_EQ(refusal(raw_frame(std::string("\x25\x01\x04", 3), "text")),
            "frame 1, at byte 0, names a dictionary, and there is none");
  for (const char bit : {'\x08', '\x10'}) {
    EXPECT_EQ(refusal(raw_frame(std::string(1, static_cast<char>('\x24' | bit)) + "\x04", "text")),
              "frame 1, at byte 0, has bits set that no version of zstd knows");
  }
  EXPECT_EQ(refusal(raw_frame("\x24\x04", "text")), "frame 1, at byte 0, does not match its checksum");
  EXPECT_EQ(refusal("\x27" + frame.substr(1)), "frame 1, at byte 0, is of a version of zstd before 0.8");
  EXPECT_EQ(refusal("\x22" + frame.substr(1)), "frame 1, at byte 0, is of a version of zstd before 0.8");
  std::string damaged = frame;
  damaged[6] = '\x06';  // a kind of block that is reserved
  EXPECT_EQ(refusal(damaged).find("frame 1, at byte 0, is damaged: "), 0U) << refusal(damaged);
}

TEST(ZstdDecompress, AFrameWithADictionaryThatItDoesNotNameIsRefused) {
  const std::string text = make_bytes(Kind::kText, 1000);
  const std::string why = refusal(frame_of(text, {}, make_bytes(Kind::kText, 500)), {1000, false});
  EXPECT_EQ(why.find("frame 1, at byte 0, is damaged: "), 0U) << why;
}

TEST(ZstdDecompress, AFrameThatHoldsMoreOrLessThanItSaysIsRefused) {
  const std::string says = "frame 1, at byte 0, does not hold as many bytes as its header says";
  const std::string damaged = "frame 1, at byte 0, is damaged: ";
  const std::string plain = make_bytes(Kind::kText, 4'000'000);
  const auto frame = [&](uint32_t size) {  // a window of 128 KiB, and a content size of four bytes
    std::string header = "\x84\x38";
    for (int shift = 0; shift < 32; shift += 8) header += static_cast<char>(size >> shift);
    return raw_frame(header, plain);
  };
  ZstdDecompressor decompressor;
  for (const uint32_t size :
       {0, 10, 200'000, 300'000, 1'000'000, 3'800'000, 3'999'999, 4'000'001, 5'000'000}) {
    size_t given = 0;
    decompressor.begin(std::nullopt, false);
    const Status status =
        decompressor.push(bytes_of(frame(size)), [&](std::span<const uint8_t> bytes) -> Status {
          given += bytes.size();
          return {};
        });
    ASSERT_FALSE(status) << size;
    EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_LE(given, size);
    // The library sees a difference only where the last block comes, if it has room for it.
    const std::string& why = status.error().message;
    EXPECT_TRUE(why == says || (size > 3'900'000 && why.find(damaged) == 0)) << size << ": " << why;
  }
  EXPECT_EQ(refusal(frame(4'000'000)), "frame 1, at byte 0, does not match its checksum");
}

TEST(ZstdDecompress, MoreThanExpectedIsRefusedBeforeItIsDecompressed) {
  const std::string frame = frame_of("text");
  EXPECT_EQ(refusal(frame + frame + kSkippable, {7}),
            "frame 2, at byte 17, holds 4 bytes by its header, and at most 3 may come");
  EXPECT_EQ(refusal(frame + kSkippable, {0}),
            "frame 1, at byte 0, holds 4 bytes by its header, and at most 0 may come");
  EXPECT_EQ(refusal(frame + kSkippable, {5}), "the frames hold 4 bytes, and 5 are expected");
  // Where no size is known there is a limit all the same.
  const std::string huge = raw_frame(std::string("\xC4\x38\x00\x00\x00\x00\x00\x00\x00\x40", 10), "text");
  EXPECT_EQ(refusal(frame + huge, {std::nullopt, false}),
            "frame 2, at byte 17, holds 4611686018427387904 bytes by its header, and at most "
            "4611686018427387900 may come");
  EXPECT_EQ(refusal(huge, {std::nullopt, false}).find("frame 1, at byte 0, is damaged: "), 0U);
}

TEST(ZstdDecompress, ALargeWindowIsRefused) {
  const std::string plain = make_bytes(Kind::kText, 10 << 20);
  EXPECT_EQ(refusal(frame_of(std::string(20 << 20, 'x'), {{ZSTD_c_windowLog, 24}}), {20 << 20, false}),
            "frame 1, at byte 0, needs a window of 16777216 bytes, and at most 8388608 are allowed");
  // One that is as large as the content, which is larger than allowed.
  EXPECT_EQ(refusal(frame_of(plain, {{ZSTD_c_windowLog, 24}}), {plain.size(), false}),
            "frame 1, at byte 0, needs a window of 10485760 bytes, and at most 8388608 are allowed");
  // The next that a header can say.
  EXPECT_EQ(refusal(raw_frame("\x44\x69\x10\x10", "x")),
            "frame 1, at byte 0, needs a window of 9437184 bytes, and at most 8388608 are allowed");
}

#if !defined(TIDEMARK_TEST_SANITIZED)  // whose memory is not glibc's
size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The most that is taken while all of it is pushed, over what was there before.
size_t peak_bytes(std::string_view stored, std::optional<uint64_t> known, std::string* why) {
  ZstdDecompressor decompressor;
  const size_t before = allocated();
  size_t most = before;
  const Give give = [&](std::span<const uint8_t>) -> Status {
    most = std::max(most, allocated());
    return {};
  };
  decompressor.begin(known, false);
  Status status;
  for (size_t at = 0; at < stored.size() && status; at += 4096) {
    status = decompressor.push(bytes_of(stored.substr(at, 4096)), give);
    most = std::max(most, allocated());
  }
  *why = status ? "" : status.error().message;
  return most - before;
}

TEST(ZstdDecompress, ABombCostsNothing) {
  const std::string gibibyte = [] {
    std::string frames;
    const std::string frame = frame_of(std::string(256 << 20, '\0'));
    for (int i = 0; i < 4; ++i) frames += frame;
    return frames;
  }();
  std::string why;
  EXPECT_LE(peak_bytes(gibibyte, 10'240, &why), 64U << 10);
  EXPECT_EQ(why, "frame 1, at byte 0, holds 268435456 bytes by its header, and at most 10240 may come");
  EXPECT_LE(peak_bytes(gibibyte, uint64_t{1} << 30, &why), ZstdDecompressor::kMemoryBytes);
  EXPECT_EQ(why, "");
  // One that lies about its size ends with the block that exceeds it.
  std::string liar = gibibyte;
  liar[6] = liar[7] = liar[8] = liar[9] = '\0';
  EXPECT_LE(peak_bytes(liar, 10'240, &why), 4U << 20);
  EXPECT_NE(why.find("does not hold as many bytes as its header says"), std::string::npos) << why;
}

TEST(ZstdDecompress, TakesNoMoreMemoryThanItSays) {
  std::string why;
  for (const int window_log : {17, 23}) {
    const std::string plain = make_bytes(Kind::kMixed, 20 << 20);
    EXPECT_LE(peak_bytes(frame_of(plain, {{ZSTD_c_windowLog, window_log}}), plain.size(), &why),
              ZstdDecompressor::kMemoryBytes);
    EXPECT_EQ(why, "");
  }
  const std::string whole = make_bytes(Kind::kMixed, 8 << 20);  // a window of just this size
  EXPECT_LE(peak_bytes(frame_of(whole, {{ZSTD_c_windowLog, 23}}), whole.size(), &why),
            ZstdDecompressor::kMemoryBytes);
  EXPECT_EQ(why, "");
}
#endif

TEST(ZstdDecompress, AnErrorOfWhoGetsTheBytesIsPassedOn) {
  ZstdDecompressor decompressor;
  decompressor.begin(std::nullopt, true);
  const std::string stored = compressed(make_bytes(Kind::kText, 100'000));
  const Status status = decompressor.push(
      bytes_of(stored), [](std::span<const uint8_t>) -> Status { return fail(TIDEMARK_E_NO_SPACE, "full"); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "full");
}

TEST(ZstdDecompress, IsUsedAgainAfterAnError) {
  ZstdDecompressor decompressor;
  const std::string plain = make_bytes(Kind::kText, 300'000);
  const std::string stored = compressed(plain);
  for (size_t cut = 0; cut < stored.size(); cut += stored.size() / 7) {
    EXPECT_FALSE(decompressed(decompressor, stored.substr(0, cut), {plain.size()}));
    const auto back = decompressed(decompressor, stored, {plain.size()});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == plain);
  }
}

}  // namespace
}  // namespace tidemark::codec
