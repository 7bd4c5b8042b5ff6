// The header of a frame of zstd, RFC 8878, 3.1.1.1. The library reads it too, but what it says of it changes
// its form from release to release, so that only those who link it statically may ask.
//
// Pure.
#ifndef TIDEMARK_CODEC_ZSTD_FRAME_HEADER_H
#define TIDEMARK_CODEC_ZSTD_FRAME_HEADER_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace tidemark::codec {

inline constexpr std::array<uint8_t, 4> kFrameMagic = {0x28, 0xB5, 0x2F, 0xFD};
inline constexpr size_t kFrameStartBytes = 5;       // the magic number, and what says how long the header is
inline constexpr size_t kMaxFrameHeaderBytes = 18;  // with the magic number

struct FrameHeader {
  uint64_t window_bytes = 0;
  uint64_t content_bytes = 0;
};

// Of the first kFrameStartBytes of a frame: of how many bytes its header is.
size_t frame_header_bytes(uint8_t descriptor);

// Of a whole header. CORRUPT, with a message that continues "frame 3 ": it lacks its content size or its
// checksum, names a dictionary, or has bits set that must not be.
Result<FrameHeader> parse_frame_header(std::span<const uint8_t> header);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_ZSTD_FRAME_HEADER_H
