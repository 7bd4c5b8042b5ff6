#include "codec/zstd_frame_header.h"

#include <cassert>

namespace tidemark::codec {
namespace {

// What the byte after the magic number says.
struct Descriptor {
  explicit Descriptor(uint8_t byte)
      : content_size_flag(byte >> 6),
        is_single_segment((byte & 0x20) != 0),
        has_unused_bit((byte & 0x10) != 0),
        has_reserved_bit((byte & 0x08) != 0),
        has_checksum((byte & 0x04) != 0),
        dictionary_flag(byte & 0x03) {}

  size_t window_field_bytes() const { return is_single_segment ? 0 : 1; }
  size_t dictionary_field_bytes() const {
    return dictionary_flag == 0 ? 0 : size_t{1} << (dictionary_flag - 1);
  }
  size_t content_size_field_bytes() const {
    if (content_size_flag == 0) return is_single_segment ? 1 : 0;
    return size_t{1} << content_size_flag;
  }

  int content_size_flag;
  bool is_single_segment;
  bool has_unused_bit;
  bool has_reserved_bit;
  bool has_checksum;
  int dictionary_flag;
};

uint64_t little_endian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

uint64_t window_of(uint8_t byte) {
  const uint64_t base = uint64_t{1} << (10 + (byte >> 3));
  return base + base / 8 * (byte & 0x07);
}

}  // namespace

size_t frame_header_bytes(uint8_t descriptor) {
  const Descriptor says(descriptor);
  return kFrameStartBytes + says.window_field_bytes() + says.dictionary_field_bytes() +
         says.content_size_field_bytes();
}

Result<FrameHeader> parse_frame_header(std::span<const uint8_t> header) {
  assert(header.size() >= kFrameStartBytes);
  const Descriptor says(header[kFrameMagic.size()]);
  assert(header.size() == frame_header_bytes(header[kFrameMagic.size()]));
  const auto refuse = [](const char* why) { return fail(TIDEMARK_E_CORRUPT, why); };
  if (says.has_reserved_bit || says.has_unused_bit)
    return refuse("has bits set that no version of zstd knows");
  if (says.dictionary_flag != 0) return refuse("names a dictionary, and there is none");
  if (says.content_size_field_bytes() == 0) return refuse("does not say its content size");
  if (!says.has_checksum) return refuse("has no checksum");
  FrameHeader result;
  const auto size_field = header.last(says.content_size_field_bytes());
  result.content_bytes = little_endian(size_field);
  if (size_field.size() == 2) result.content_bytes += 256;  // 0 to 255 take one byte
  result.window_bytes = says.is_single_segment ? result.content_bytes : window_of(header[kFrameStartBytes]);
  return result;
}

}  // namespace tidemark::codec
