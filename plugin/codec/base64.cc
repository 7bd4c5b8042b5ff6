#include "codec/base64.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kBaseDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The value of a digit, or 64.
uint32_t value_of(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<uint32_t>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

// Gives each byte to `take`; false if the text is not canonical.
template <typename Take>
bool decode(std::string_view text, Take&& take) {
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const uint32_t value = value_of(c);
    if (value == 64) return false;
    bits = (bits << 6 | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    take(static_cast<uint8_t>(bits >> count));
  }
  // One digit alone is less than a byte; what is left of the last digit must be zero.
  return count < 6 && (bits & ((1U << count) - 1)) == 0;
}

}  // namespace

void append_base64(std::span<const uint8_t> bytes, std::string* out) {
  uint32_t bits = 0;
  unsigned count = 0;
  for (const uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xffff;
    for (count += 8; count >= 6; count -= 6) *out += kBaseDigits[bits >> (count - 6) & 63];
  }
  if (count > 0) *out += kBaseDigits[bits << (6 - count) & 63];
}

bool is_base64(std::string_view text) {
  return decode(text, [](uint8_t) {});
}

bool parse_base64(std::string_view text, std::span<uint8_t> bytes) {
  if (text.size() != base64_size(bytes.size())) return false;
  size_t size = 0;
  return decode(text, [&](uint8_t byte) { bytes[size++] = byte; });
}

}  // namespace tidemark::codec
