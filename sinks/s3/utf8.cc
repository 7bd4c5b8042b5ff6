#include "s3/utf8.h"

namespace tidemark::sinks::s3 {
namespace {

struct Lead {
  size_t size_bytes;  // of the character; 0: no character begins like that
  unsigned char second_min = 0x80, second_max = 0xBF;
};

// The table of RFC 3629, 4: no longer forms than needed, no surrogates, nothing above U+10FFFF.
Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1};
  if (first >= 0xC2 && first <= 0xDF) return {2};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {3};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return {4};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

}  // namespace

Utf8Beginning utf8_beginning(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    if (lead.size_bytes == 0) return {at, false};
    for (size_t i = 1; i < lead.size_bytes; ++i) {
      if (at + i == text.size()) return {at, true};
      const auto c = static_cast<unsigned char>(text[at + i]);
      if (c < (i == 1 ? lead.second_min : 0x80) || c > (i == 1 ? lead.second_max : 0xBF)) return {at, false};
    }
    at += lead.size_bytes;
  }
  return {at, true};
}

}  // namespace tidemark::sinks::s3
