#include "core/archive_name.h"

#include <charconv>

namespace tidemark::core {
namespace {

constexpr std::string_view kArchiveSuffix = ".tar";
constexpr std::string_view kGapSuffix = ".gap";

// The value of a base-36 digit, or 36.
constexpr unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  return 36;
}

void append_decimal(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_lsn(std::string& out, Lsn lsn) {
  const auto text = lsn_text(lsn);
  out.append(text.data(), text.size());
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::array<char, kLsnTextSize> lsn_text(Lsn lsn) {
  std::array<char, kLsnTextSize> text;
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

const char* storage_name_problem(std::string_view name) {
  if (name.empty()) return "the storage name is empty";
  if (name.size() > kStorageNameMax) return "the storage name is longer than 128 bytes";
  if (name[0] == '.') return "the storage name begins with '.'";
  for (const char c : name) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                         c == '.' || c == '_' || c == '-';
    if (!allowed) return "the storage name has a character other than A-Z, a-z, 0-9, '.', '_' and '-'";
  }
  return nullptr;
}

std::string partition_prefix(std::string_view storage, uint64_t partition) {
  std::string prefix;
  prefix.reserve(storage.size() + 22);
  prefix.append(storage);
  prefix += '/';
  append_decimal(prefix, partition);
  prefix += '/';
  return prefix;
}

std::string object_key(std::string_view storage, uint64_t partition, Range range, ObjectKind kind) {
  std::string key;
  key.reserve(storage.size() + 22 + 2 * kLsnTextSize + 5);
  key.append(storage);
  key += '/';
  append_decimal(key, partition);
  key += '/';
  append_lsn(key, range.last);
  if (kind == ObjectKind::kGap || range.first != range.last) {
    key += '-';
    append_lsn(key, range.first);
  }
  key += kind == ObjectKind::kGap ? kGapSuffix : kArchiveSuffix;
  return key;
}

std::optional<ParsedName> parse_object_name(std::string_view name) {
  constexpr size_t kSingleSize = kLsnTextSize + kArchiveSuffix.size();
  constexpr size_t kRangeSize = kSingleSize + 1 + kLsnTextSize;
  if (name.size() != kSingleSize && name.size() != kRangeSize) return std::nullopt;
  const auto last = parse_lsn_text(name.substr(0, kLsnTextSize));
  if (!last) return std::nullopt;
  const std::string_view suffix = name.substr(name.size() - kArchiveSuffix.size());
  if (name.size() == kSingleSize) {
    if (suffix != kArchiveSuffix) return std::nullopt;
    return ParsedName{{*last, *last}, ObjectKind::kArchive};
  }
  if (name[kLsnTextSize] != '-') return std::nullopt;
  const auto first = parse_lsn_text(name.substr(kLsnTextSize + 1, kLsnTextSize));
  if (!first || *first > *last) return std::nullopt;
  if (suffix == kGapSuffix) return ParsedName{{*first, *last}, ObjectKind::kGap};
  // A single entry has the short name only.
  if (suffix != kArchiveSuffix || *first == *last) return std::nullopt;
  return ParsedName{{*first, *last}, ObjectKind::kArchive};
}

std::optional<ParsedKey> parse_object_key(std::string_view key) {
  const size_t storage_end = key.find('/');
  if (storage_end == std::string_view::npos) return std::nullopt;
  const size_t partition_end = key.find('/', storage_end + 1);
  if (partition_end == std::string_view::npos) return std::nullopt;
  const std::string_view storage = key.substr(0, storage_end);
  if (storage_name_problem(storage) != nullptr) return std::nullopt;
  const auto partition = parse_decimal(key.substr(storage_end + 1, partition_end - storage_end - 1));
  if (!partition) return std::nullopt;
  const auto name = parse_object_name(key.substr(partition_end + 1));
  if (!name) return std::nullopt;
  return ParsedKey{storage, *partition, *name};
}

}  // namespace tidemark::core
