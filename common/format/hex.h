// Bytes as lower-case hex digits. Parsing accepts exactly what formatting makes. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_HEX_H
#define TIDEMARK_COMMON_FORMAT_HEX_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// Two digits for each byte, to `out`.
inline void write_hex(std::span<const uint8_t> bytes, char* out) {
  for (const uint8_t byte : bytes) {
    *out++ = "0123456789abcdef"[byte >> 4];
    *out++ = "0123456789abcdef"[byte & 15];
  }
}

inline std::string hex(std::span<const uint8_t> bytes) {
  std::string text(2 * bytes.size(), '0');
  write_hex(bytes, text.data());
  return text;
}

// The value of a digit, or 16.
inline unsigned hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return 16;
}

// All of `bytes`, or false.
inline bool parse_hex(std::string_view text, std::span<uint8_t> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const unsigned high = hex_value(text[2 * i]);
    const unsigned low = hex_value(text[2 * i + 1]);
    if (high > 15 || low > 15) return false;
    bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_HEX_H
