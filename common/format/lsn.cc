#include "format/lsn.h"

#include <charconv>

namespace tidemark {
namespace {

// The value of a base-36 digit, or 36.
constexpr unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  return 36;
}

}  // namespace

std::string lsn_text(Lsn lsn) {
  std::string text(kLsnTextSize, '0');
  for (size_t i = kLsnTextSize; i-- > 0; lsn /= 36)
    text[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  return text;
}

std::optional<Lsn> parse_lsn_text(std::string_view text) {
  if (text.size() != kLsnTextSize) return std::nullopt;
  Lsn value = 0;
  for (const char c : text) {
    const unsigned digit = digit_value(c);
    if (digit >= 36) return std::nullopt;
    if (__builtin_mul_overflow(value, uint64_t{36}, &value) || __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  if (value == kNoLsn) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tidemark
