// Any bytes as one clean line: UTF-8 without a character that ends a line or controls a terminal. What a
// host, a URL or a store wrote ends up in logs and error messages, and none of them may forge a line there.
//
// A control character becomes a blank, a byte that is not UTF-8 becomes \xNN. Any thread; pure.
#ifndef TIDEMARK_COMMON_BASE_LINE_H
#define TIDEMARK_COMMON_BASE_LINE_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tidemark {

// The size of the UTF-8 character at the front (RFC 3629: shortest form, no surrogates), 0 if there is none.
inline size_t utf8_size(std::string_view text) noexcept {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
  return size;
}

// Without what stands at its ends and is one of `blanks`.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n") noexcept {
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

inline bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A character of C0, DEL or one of C1.
inline bool is_control(std::string_view character) noexcept {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

// What the front of a text becomes in a clean line.
struct LinePiece {
  size_t taken;  // bytes of the text
  size_t size;   // of what they become
  char text[4];
};

inline LinePiece first_line_piece(std::string_view text) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  LinePiece piece = {1, 1, {' '}};
  const size_t size = utf8_size(text);
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (size == 0) {
    piece.size = 4;
    const char escaped[] = {'\\', 'x', kHex[byte(0) >> 4], kHex[byte(0) & 15]};
    std::memcpy(piece.text, escaped, sizeof escaped);
    return piece;
  }
  piece.taken = size;
  bool is_unclean = is_control(text.substr(0, size));
  // Separators of lines and paragraphs, and what turns the direction of writing: U+2028..202E, U+2066..2069.
  if (size == 3 && byte(0) == 0xE2) {
    is_unclean = (byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                 (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
  }
  if (is_unclean) return piece;
  piece.size = size;
  std::memcpy(piece.text, text.data(), size);
  return piece;
}

inline bool is_clean_line(std::string_view text) noexcept {
  while (!text.empty()) {
    const LinePiece piece = first_line_piece(text);
    if (piece.size != piece.taken || std::memcmp(piece.text, text.data(), piece.size) != 0) return false;
    text.remove_prefix(piece.taken);
  }
  return true;
}

inline std::string clean_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const LinePiece piece = first_line_piece(text);
    out.append(piece.text, piece.size);
    text.remove_prefix(piece.taken);
  }
  return out;
}

enum class Cut : uint8_t { kMiddle, kEnd };

// The text as a clean line of at most capacity - 1 bytes, and a NUL. What does not fit is taken out of the
// middle, so that both who and why, which stand at the ends of a message, are always there; or off the end.
// No allocation.
inline void copy_line(std::string_view text, char* out, size_t capacity, Cut cut = Cut::kMiddle) noexcept {
  constexpr std::string_view kDots = "...";
  const size_t room = capacity - 1;
  size_t clean_size = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const LinePiece piece = first_line_piece(rest);
    clean_size += piece.size;
    rest.remove_prefix(piece.taken);
  }
  const bool takes_out = clean_size > room && cut == Cut::kMiddle && room > kDots.size();
  const size_t head_room = takes_out ? (room - kDots.size()) * 2 / 5 : room;
  size_t size = 0;
  const auto copy_up_to = [&](size_t end) {
    while (!text.empty()) {
      const LinePiece piece = first_line_piece(text);
      if (size + piece.size > end) return;
      std::memcpy(out + size, piece.text, piece.size);
      size += piece.size;
      clean_size -= piece.size;
      text.remove_prefix(piece.taken);
    }
  };
  copy_up_to(head_room);
  if (takes_out) {
    std::memcpy(out + size, kDots.data(), kDots.size());
    size += kDots.size();
    while (clean_size > room - size) {
      const LinePiece piece = first_line_piece(text);
      clean_size -= piece.size;
      text.remove_prefix(piece.taken);
    }
    copy_up_to(room);
  }
  out[size] = '\0';
}

// Shortened to at most `most` bytes (but no fewer than the dots take) by cutting whole characters from the
// middle.
inline std::string shorten_middle(std::string_view text, size_t most) {
  constexpr std::string_view kDots = "...";
  if (text.size() <= most) return std::string(text);
  const auto is_inside = [text](size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  const size_t kept = most > kDots.size() ? most - kDots.size() : 0;
  size_t head = kept / 2;
  size_t tail = text.size() - (kept - head);
  for (int i = 0; i < 3 && head > 0 && is_inside(head); ++i) --head;
  for (int i = 0; i < 3 && is_inside(tail); ++i) ++tail;
  return std::string(text.substr(0, head)).append(kDots).append(text.substr(tail));
}

// Text of a stranger in a message: in double quotes, long ones shortened in the middle.
inline std::string quote(std::string_view text) {
  constexpr size_t kShown = 123;
  return '"' + shorten_middle(text, kShown) + '"';
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_LINE_H
