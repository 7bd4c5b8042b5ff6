#include "codec/bech32.h"

#include <algorithm>
#include <cassert>

namespace tidemark::codec {
namespace {

constexpr std::string_view kBechDigits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr size_t kChecksumDigits = 6;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// The checksum of BIP-173: what is left of a polynomial over digits of 5 bits.
class Checksum {
 public:
  explicit Checksum(std::string_view kind) {
    for (const char c : kind) add(static_cast<uint8_t>(lower(c)) >> 5);
    add(0);
    for (const char c : kind) add(static_cast<uint8_t>(lower(c)) & 31);
  }

  void add(uint32_t digit) {
    constexpr uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const uint32_t top = rest_ >> 25;
    rest_ = (rest_ & 0x1ffffff) << 5 ^ digit;
    for (unsigned i = 0; i < 5; ++i) {
      if ((top >> i & 1) != 0) rest_ ^= kGenerator[i];
    }
  }

  bool is_right() const { return rest_ == 1; }

  // What makes it right, the first digit in the highest bits.
  uint32_t digits() {
    for (size_t i = 0; i < kChecksumDigits; ++i) add(0);
    return rest_ ^ 1;
  }

 private:
  uint32_t rest_ = 1;
};

}  // namespace

std::string_view bech32_kind(std::string_view text) {
  const size_t separator = text.rfind('1');
  return separator == std::string_view::npos ? std::string_view() : text.substr(0, separator);
}

std::string encode_bech32(std::string_view kind, std::span<const uint8_t> bytes) {
  assert(std::none_of(kind.begin(), kind.end(), is_upper));
  std::string text(kind);
  text.reserve(kind.size() + 1 + (bytes.size() * 8 + 4) / 5 + kChecksumDigits);
  text += '1';
  Checksum checksum(kind);
  const auto put = [&](uint32_t digit) {
    text += kBechDigits[digit];
    checksum.add(digit);
  };
  uint32_t bits = 0;
  unsigned count = 0;
  for (const uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) put(bits >> (count - 5) & 31);
  }
  if (count > 0) put(bits << (5 - count) & 31);
  const uint32_t last = checksum.digits();
  for (size_t i = 0; i < kChecksumDigits; ++i)
    text += kBechDigits[last >> 5 * (kChecksumDigits - 1 - i) & 31];
  return text;
}

const char* decode_bech32(std::string_view text, std::string_view kind, std::span<uint8_t> bytes) {
  if (std::any_of(text.begin(), text.end(), is_lower) && std::any_of(text.begin(), text.end(), is_upper)) {
    return "mixes upper and lower case";
  }
  if (kind.empty() || bech32_kind(text) != kind) return "is of another kind";
  const std::string_view digits = text.substr(kind.size() + 1);
  if (digits.size() < kChecksumDigits) return "is cut off";
  Checksum checksum(kind);
  const size_t value_digits = digits.size() - kChecksumDigits;
  uint32_t bits = 0;
  unsigned count = 0;
  size_t size = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const size_t digit = kBechDigits.find(lower(digits[i]));
    if (digit == std::string_view::npos) return "has a character that no such text has";
    checksum.add(static_cast<uint32_t>(digit));
    if (i >= value_digits) continue;
    bits = (bits << 5 | static_cast<uint32_t>(digit)) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    if (size < bytes.size()) bytes[size] = static_cast<uint8_t>(bits >> count);
    ++size;
  }
  if (!checksum.is_right()) return "is mistyped or cut off: its checksum is wrong";
  if (size != bytes.size() || count >= 5 || (bits & ((1U << count) - 1)) != 0) return "has a wrong length";
  return nullptr;
}

}  // namespace tidemark::codec
