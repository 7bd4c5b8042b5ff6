#include "lsn.h"

#include <charconv>

namespace tidemark::cli {

std::string lsn_key_text(uint64_t lsn) {
  std::string text(kLsnTextSize, '0');
  for (size_t i = kLsnTextSize; i-- > 0; lsn /= 36)
    text[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  return text;
}

std::optional<uint64_t> parse_lsn_key(std::string_view text) {
  if (text.size() != kLsnTextSize) return std::nullopt;
  uint64_t lsn = 0;
  for (const char c : text) {
    unsigned digit = 36;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'z') digit = static_cast<unsigned>(c - 'a') + 10;
    if (digit >= 36 || __builtin_mul_overflow(lsn, uint64_t{36}, &lsn) ||
        __builtin_add_overflow(lsn, uint64_t{digit}, &lsn)) {
      return std::nullopt;
    }
  }
  if (lsn == 0) return std::nullopt;
  return lsn;
}

std::string both(uint64_t lsn) { return std::to_string(lsn) + " @" + lsn_key_text(lsn); }

std::string range_text(uint64_t first, uint64_t last) {
  return "LSN " + both(first) + (last == first ? std::string() : " to " + both(last));
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_lsn(std::string_view text) {
  if (!text.empty() && text[0] == '@') return parse_lsn_key(text.substr(1));
  const auto value = parse_decimal(text);
  return value && *value > 0 ? value : std::nullopt;
}

}  // namespace tidemark::cli
