// Headers of frames, as RFC 8878 has them and as the library writes them.
#include "codec/zstd_frame_header.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "codec/zstd_tools.h"

namespace tidemark::codec {
namespace {

// After the magic number.
Result<FrameHeader> parse(std::string bytes) {
  bytes.insert(0, "\x28\xB5\x2F\xFD");
  EXPECT_EQ(frame_header_bytes(static_cast<uint8_t>(bytes[4])), bytes.size());
  return parse_frame_header(bytes_of(bytes));
}

TEST(ZstdFrameHeader, ContentSizesTakeOneTwoFourOrEightBytes) {
  EXPECT_EQ(parse({"\x24\xFF", 2})->content_bytes, 255U);
  EXPECT_EQ(parse({"\x64\x00\x00", 3})->content_bytes, 256U);
  EXPECT_EQ(parse({"\x64\xFF\xFF", 3})->content_bytes, 65791U);
  EXPECT_EQ(parse({"\xA4\x01\x02\x03\x04", 5})->content_bytes, 0x04030201U);
  EXPECT_EQ(parse({"\xE4\x01\x02\x03\x04\x05\x06\x07\x08", 9})->content_bytes, 0x0807060504030201U);
}

TEST(ZstdFrameHeader, WindowsAreSaidOrAsLargeAsTheContent) {
  EXPECT_EQ(parse({"\x64\x00\x01", 3})->window_bytes, 512U);
  EXPECT_EQ(parse({"\x44\x00\x00\x00", 4})->window_bytes, 1024U);
  EXPECT_EQ(parse({"\x44\x58\x00\x00", 4})->window_bytes, 2U << 20);
  EXPECT_EQ(parse({"\x44\x68\x00\x00", 4})->window_bytes, 8U << 20);
  EXPECT_EQ(parse({"\x44\x69\x00\x00", 4})->window_bytes, 9U << 20);
  EXPECT_EQ(parse({"\x44\xFF\x00\x00", 4})->window_bytes, uint64_t{15} << 38);
}

TEST(ZstdFrameHeader, EveryDescriptorHasTheLengthThatTheLibrarySees) {
  for (int descriptor = 0; descriptor < 256; ++descriptor) {
    std::string frame = "\x28\xB5\x2F\xFD" + std::string(1, static_cast<char>(descriptor));
    const size_t size = frame_header_bytes(static_cast<uint8_t>(descriptor));
    EXPECT_LE(size, kMaxFrameHeaderBytes);
    if ((descriptor & 0x08) != 0) continue;  // which it refuses
    // A last block of nothing right after the header, and a checksum if there is one.
    frame.resize(size);
    frame += std::string("\x01\x00\x00", 3);
    const size_t checksum_bytes = (descriptor & 0x04) != 0 ? 4 : 0;
    frame.resize(frame.size() + checksum_bytes);
    EXPECT_EQ(ZSTD_findFrameCompressedSize(frame.data(), frame.size()), frame.size()) << descriptor;
  }
}

TEST(ZstdFrameHeader, RefusesWhatIsNotProvenOrNotKnown) {
  EXPECT_EQ(parse({"\x20\x05", 2}).error().message, "has no checksum");
  EXPECT_EQ(parse({"\x04\x58", 2}).error().message, "does not say its content size");
  EXPECT_EQ(parse({"\x2C\x05", 2}).error().message, "has bits set that no version of zstd knows");
  EXPECT_EQ(parse({"\x34\x05", 2}).error().message, "has bits set that no version of zstd knows");
  for (const auto& bytes : {std::string("\x25\x01\x05", 3), std::string("\x26\x01\x02\x05", 4),
                            std::string("\x27\x00\x00\x00\x00\x05", 6)}) {
    const auto header = parse(bytes);
    EXPECT_EQ(header.error().status, TIDEMARK_E_CORRUPT);
    EXPECT_EQ(header.error().message, "names a dictionary, and there is none");
  }
}

}  // namespace
}  // namespace tidemark::codec
