// Base64 (RFC 4648) as age writes it: without padding, and read only in the one form that is written. Pure;
// any thread.
#ifndef TIDEMARK_CODEC_BASE64_H
#define TIDEMARK_CODEC_BASE64_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::codec {

inline constexpr size_t base64_size(size_t bytes) { return (bytes * 4 + 2) / 3; }

void append_base64(std::span<const uint8_t> bytes, std::string* out);
bool is_base64(std::string_view text);
// All of `bytes`, or false.
bool parse_base64(std::string_view text, std::span<uint8_t> bytes);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_BASE64_H
