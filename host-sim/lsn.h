// The text of a log sequence number: base 36, lower case, 13 digits, zero-padded. Byte order is LSN order.
#ifndef TIDEMARK_HOST_SIM_LSN_H
#define TIDEMARK_HOST_SIM_LSN_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::host {

inline constexpr size_t kLsnTextSize = 13;

inline std::string lsn_text(uint64_t lsn) {
  std::string text(kLsnTextSize, '0');
  for (size_t i = kLsnTextSize; i-- > 0; lsn /= 36)
    text[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  return text;
}

// Exactly what lsn_text makes; anything else is no LSN.
inline std::optional<uint64_t> parse_lsn(std::string_view text) {
  if (text.size() != kLsnTextSize) return std::nullopt;
  uint64_t lsn = 0;
  for (char c : text) {
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    if (__builtin_mul_overflow(lsn, uint64_t{36}, &lsn) ||
        __builtin_add_overflow(lsn, uint64_t{digit}, &lsn)) {
      return std::nullopt;
    }
  }
  return lsn;
}

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_LSN_H
